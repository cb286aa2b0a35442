//! What to look for when somebody must be forgotten, and what to put in its place.

use std::fmt::Write as _;

use crate::vault::persons::Pseudonym;

/// Shorter words and numbers are no names: they stand in too many texts.
const WORD: usize = 3;
const NUMBER: usize = 4;

/// The names of one person, in the spellings in which they may stand.
pub(super) struct Needles {
    person: String,
    words: Vec<Vec<u8>>,
}

impl Needles {
    pub(super) fn new(person: Pseudonym) -> Self {
        Self { person: person.to_string(), words: Vec::new() }
    }

    /// Adds a name; one that is too short to mean anybody is left out.
    pub(super) fn add(&mut self, name: &str) {
        let name = name.trim();
        let number = name.bytes().all(|byte| byte.is_ascii_digit());
        if name.chars().count() < if number { NUMBER } else { WORD } {
            return;
        }
        for spelled in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            for word in
                [escaped(&spelled), in_address(&spelled, "%20"), in_address(&spelled, "+"), spelled]
            {
                let word = word.to_ascii_lowercase().into_bytes();
                if !self.words.contains(&word) {
                    self.words.push(word);
                }
            }
        }
        // the longest first: an address before the login in it
        self.words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    }

    pub(super) fn found_in(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase().into_bytes();
        self.words.iter().any(|word| find(&lower, word, 0).is_some())
    }

    /// The text with the pseudonym in the place of every name; none when there is none in it.
    pub(super) fn replace(&self, text: &str) -> Option<String> {
        let mut text = text.to_owned();
        let mut changed = false;
        for word in &self.words {
            let mut at = 0;
            while let Some(found) = find(text.to_ascii_lowercase().as_bytes(), word, at) {
                text.replace_range(found..found + word.len(), &self.person);
                at = found + self.person.len();
                changed = true;
            }
        }
        changed.then_some(text)
    }
}

/// The first place from `from` on where `word` stands by itself, not within a longer word.
fn find(text: &[u8], word: &[u8], from: usize) -> Option<usize> {
    let finder = memchr::memmem::Finder::new(word);
    let mut start = from;
    loop {
        let at = start + finder.find(text.get(start..)?)?;
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at + word.len());
        if [before, after].into_iter().flatten().all(|byte| !is_inside(*byte)) {
            return Some(at);
        }
        start = at + 1;
    }
}

/// Whether a byte belongs to a word.
fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// As JSON writers spell it that keep to ASCII.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => drop(write!(out, "\\u{unit:04x}")),
        }
    }
    out
}

/// As addresses of the web spell it.
fn in_address(text: &str, space: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str(space),
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(names: &[&str]) -> Needles {
        let mut needles = Needles::new(Pseudonym([0; 16]));
        for name in names {
            needles.add(name);
        }
        needles
    }

    #[test]
    fn whole_names_in_any_spelling() {
        let needles = needles(&["ada", "Ada Lovelace", "ada@example.com", "4711", "José"]);
        for text in [
            "ask ADA.",
            "by ada lovelace",
            "<Ada@Example.com>",
            "no 4711!",
            "JOSÉ",
            r"jos\u00e9",
            "?by=ada%40example.com&x",
            "name=Ada+Lovelace",
            "/Ada%20Lovelace/",
            "jos%C3%A9",
        ] {
            assert!(needles.found_in(text), "{text}");
            let changed = needles.replace(text).unwrap();
            assert!(!needles.found_in(&changed) && changed.contains("aaaaaaaaaa"), "{changed}");
        }
        for text in ["Canada", "adamant", "14711", "josét", ""] {
            assert!(!needles.found_in(text), "{text}");
            assert_eq!(needles.replace(text), None);
        }
    }

    #[test]
    fn what_means_nobody_is_not_looked_for() {
        assert!(!needles(&["7", "al", "123", " "]).found_in("7 al 123  "));
    }

    #[test]
    fn a_number_of_times() {
        let changed = needles(&["ada"]).replace("ada, ada and ada").unwrap();
        assert_eq!(changed.matches("aaaaaaaaaaaaaaaaaaaaaaaaaa").count(), 3);
    }
}
