//! Rust sources, read just well enough: code without comments and strings, functions, imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The folders of the workspace's members.
pub(crate) fn crates() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("members = [").unwrap();
    let (members, _) = rest.split_once(']').unwrap();
    let members: Vec<String> = members
        .split(',')
        .map(|member| member.trim().trim_matches('"').to_owned())
        .filter(|m| !m.is_empty())
        .collect();
    assert!(members.len() > 1, "{members:?}");
    members
}

/// One file.
pub(crate) struct Source {
    /// Path from the workspace's folder.
    pub(crate) name: String,
    /// As it is.
    pub(crate) text: String,
    /// The same lines with comments, strings and characters blanked out.
    pub(crate) code: String,
    path: Vec<String>,
}

/// One function.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) lines: usize,
    pub(crate) is_test: bool,
    body: String,
}

/// The sources of a member below a folder, without their inline tests.
pub(crate) fn sources(member: &str, folder: &str) -> Vec<Source> {
    let mut found = whole(member, folder);
    for source in &mut found {
        source.code = without_tests(&source.code);
    }
    found
}

/// The sources of a member below a folder, with their inline tests.
pub(crate) fn whole(member: &str, folder: &str) -> Vec<Source> {
    let base = root().join(member).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        let Ok(files) = std::fs::read_dir(&folder) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                let relative = file.strip_prefix(&base).unwrap().with_extension("");
                let path: Vec<String> =
                    relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                let path = if path == ["lib"] || path == ["main"] { Vec::new() } else { path };
                let name = file.strip_prefix(root()).unwrap().display().to_string();
                found.push(Source { name, code: bare(&text), text, path });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

impl Source {
    /// Its place in the tree of modules; the crate itself is empty.
    pub(crate) fn module(&self) -> Vec<String> {
        self.path.clone()
    }

    /// The first line with the word, from 1.
    pub(crate) fn find(&self, word: &str) -> Option<usize> {
        let boundary =
            |before: Option<char>| !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        self.code
            .lines()
            .position(|line| {
                line.match_indices(word).any(|(at, _)| boundary(line[..at].chars().last()))
            })
            .map(|at| at + 1)
    }

    /// The modules of its crate that it names; re-exports of what is below it do not count.
    pub(crate) fn uses(&self, modules: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
        let mut paths = Vec::new();
        let mut rest = String::new();
        for statement in self.code.split_inclusive(';') {
            let at = statement.rfind("use ").filter(|at| {
                let before = statement[..*at].trim_end();
                before.is_empty()
                    || before.ends_with(['}', ';', ')', ']', '{'])
                    || before.ends_with("pub")
            });
            match at {
                Some(at) => {
                    rest.push_str(&statement[..at]);
                    let list = statement[at + 4..].trim_end_matches(';');
                    expand(&[], list, &mut paths);
                }
                None => rest.push_str(statement),
            }
        }
        for word in rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.contains("::") {
                paths.push(word.split("::").map(str::to_owned).collect());
            }
        }
        paths.iter().filter_map(|path| self.resolve(path, modules)).collect()
    }

    /// The module that a path leads into; none for other crates, this module and what is inside it.
    fn resolve(&self, path: &[String], modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
        let mut base = self.path.clone();
        let mut path = path;
        match path.first()?.as_str() {
            "crate" => (base, path) = (Vec::new(), &path[1..]),
            "self" => path = &path[1..],
            "super" => {
                while path.first().is_some_and(|step| step == "super") {
                    base.pop();
                    path = &path[1..];
                }
            }
            first => {
                base.push(first.to_owned());
                let known = modules.contains(&base);
                base.pop();
                if !known {
                    return None;
                }
            }
        }
        let whole: Vec<String> = base.iter().chain(path).cloned().collect();
        let found = (0..=whole.len())
            .rev()
            .map(|n| whole[..n].to_vec())
            .find(|module| modules.contains(module))?;
        (!found.is_empty() && !found.starts_with(&self.path) || self.path.is_empty())
            .then_some(found)
    }

    /// All functions, tests among them.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            if self.code[..at].chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &self.code[at + 3..];
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // the body begins at the first brace outside of parentheses; a declaration has none
            let mut depth = 0_i32;
            let begin = rest.char_indices().find_map(|(i, c)| {
                match c {
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth -= 1,
                    '{' | ';' if depth == 0 => return Some((i, c)),
                    _ => {}
                }
                None
            });
            let Some((begin, '{')) = begin else { continue };
            let end = closing(&rest[begin..]);
            let body = &rest[begin..begin + end];
            let attributes = self.code[..at].rsplit(['}', ';']).next().unwrap_or_default();
            found.push(Function {
                line: self.code[..at].lines().count().max(1),
                lines: rest[..begin + end].lines().count(),
                is_test: attributes.contains("#[test]") && !name.is_empty(),
                body: body.to_owned(),
                name,
            });
        }
        found
    }
}

impl Function {
    /// Whether it can fail: by itself, or through one of these helpers.
    pub(crate) fn asserts(&self, helpers: &BTreeSet<String>) -> bool {
        let own = [
            "assert!",
            "assert_eq!",
            "assert_ne!",
            "panic!",
            "unwrap_err()",
            "expect_err(",
            ".expect(",
            "unreachable!",
        ];
        own.iter().any(|word| self.body.contains(word))
            || self
                .body
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '('))
                .filter_map(|word| word.split_once('('))
                .any(|(called, _)| helpers.contains(called))
            // a transcript that is run asserts on its own
            || self.body.contains("TestCases::new")
    }
}

/// The paths of a `use`, its groups taken apart.
fn expand(prefix: &[String], list: &str, paths: &mut Vec<Vec<String>>) {
    let mut depth = 0;
    let parts = list.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let (head, group) =
            part.split_once('{').map_or((part, None), |(head, group)| (head, Some(group)));
        let head = head.split(" as ").next().unwrap_or_default();
        let steps =
            head.split("::").map(str::trim).filter(|step| !step.is_empty()).map(str::to_owned);
        let path: Vec<String> = prefix.iter().cloned().chain(steps).collect();
        match group {
            Some(group) => {
                expand(&path, group.trim_end().strip_suffix('}').unwrap_or(group), paths);
            }
            None => paths.push(path),
        }
    }
}

/// How many bytes to behind the brace that closes the first one.
fn closing(code: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(at) = out.find("#[cfg(test)]") {
        let Some(brace) = out[at..].find('{') else { break };
        let end = at + brace + closing(&out[at + brace..]);
        let blank: String =
            out[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(at..end, &blank);
    }
    out
}

/// Blanks out comments, strings and characters; lines stay where they are.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_string(rest, out.chars().last()) {
            length
        } else if c == '"' {
            string(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        let (taken, after) = rest.split_at(skipped.max(c.len_utf8()));
        if skipped == 0 {
            out.push(c);
        } else {
            out.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    out
}

/// The length of a raw string that begins here.
fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let inner = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = inner.chars().take_while(|c| *c == '#').count();
    let body = inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; nothing for a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}
