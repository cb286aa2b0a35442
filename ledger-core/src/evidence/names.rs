//! Names of members: nothing that a system could take for another place, or for another name.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The most bytes of a member's name.
pub const MAX_NAME: usize = 200;

/// Refuses names that are not those of a package's members: `zip-name` (not parts of `[A-Za-z0-9._-]`
/// joined by `/`, or one that begins with a dot, or one that is a folder and a file at once), `zip-case`
/// (two that differ in case only).
pub fn check_names<'n>(names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for name in names {
        let refuse = |code, message: &str| Err(Error::malformed(code, message).at(name.to_owned()));
        let part = |part: &str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(letter)
        };
        if name.len() > MAX_NAME || !name.split('/').all(part) {
            return refuse("zip-name", "this is no name of a member");
        }
        let lower = name.to_ascii_lowercase();
        for (end, _) in lower.match_indices('/') {
            let folder = lower.get(..end).unwrap_or_default().to_owned();
            if known.insert(folder, false) == Some(true) {
                return refuse("zip-name", "a part of the name is a member");
            }
        }
        match known.insert(lower, true) {
            None => {}
            Some(false) => return refuse("zip-name", "the name is that of a folder too"),
            Some(true) => return refuse("zip-case", "two names differ in case only"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let code = |names: &[&str]| {
            check_names(names.iter().copied()).err().map_or("", |error| error.code())
        };
        for name in [
            "", "/a", "a/", "a//b", "../a", "a/..", "a/./b", ".git", "a\\b", "c:a", "a b",
            "\u{e9}", "a\0",
        ] {
            assert_eq!(code(&[name]), "zip-name", "{name}");
        }
        assert_eq!(code(&["a".repeat(201).as_str()]), "zip-name");
        assert_eq!(code(&["A", "a"]), "zip-case");
        assert_eq!(code(&["a/B", "a/b"]), "zip-case");
        assert_eq!(code(&["a", "a/b"]), "zip-name");
        assert_eq!(code(&["A/b", "a"]), "zip-name");
        assert_eq!(code(&["A/b", "a/c", "b..c"]), "");
    }
}
