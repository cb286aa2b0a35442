//! The house rules that a compiler does not know, over all crates and pages of the workspace.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sources::{Source, crates, root, sources};

/// Longest file and function under `src`, in lines.
const FILE: usize = 500;
const FUNCTION: usize = 100;

/// Files that are longer all the same, and how long they may be. They may only get shorter.
const LONG_FILES: &[(&str, usize)] = &[];

/// What the core must not name outside its tests: it reads no clock, environment, randomness,
/// terminal or network. Callers pass in what they have read.
const IMPURE: &[&str] = &[
    "std::env",
    "env::var",
    "SystemTime",
    "Instant",
    "Utc::now",
    "Local::now",
    "std::net",
    "TcpStream",
    "std::process",
    "Command::new",
    "getrandom",
    "OsRng",
    "thread_rng",
    "rand::",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "stdin()",
    "stdout()",
    "stderr()",
    "std::io::Write",
    "indicatif",
];

/// Words that belong to the place where something was written, not to what was written.
const ELSEWHERE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp", "/wt"),
    concat!("cla", "ude"),
    concat!("anth", "ropic"),
    concat!("sub", "agent"),
    concat!("language", " model"),
    concat!("chat", "gpt"),
];

fn all(problems: &[String]) {
    assert!(problems.is_empty(), "{} problem(s):\n{}", problems.len(), problems.join("\n"));
}

/// A module may use what is inside of it, and what is inside may use the module. Beyond that no
/// two modules, on any level, use each other, however long the way round.
#[test]
fn no_import_circles() {
    let mut problems = Vec::new();
    for member in crates() {
        let sources = sources(&member, "src");
        let modules: BTreeSet<Vec<String>> = sources.iter().map(Source::module).collect();
        let uses: Vec<(Vec<String>, Vec<String>)> = sources
            .iter()
            .flat_map(|source| {
                let targets = source.uses(&modules);
                targets.into_iter().map(|target| (source.module(), target))
            })
            .collect();
        assert!(
            member != "ledger-core" || uses.len() > 300,
            "only {} imports were understood",
            uses.len()
        );
        let parents: BTreeSet<Vec<String>> = modules
            .iter()
            .flat_map(|module| (0..module.len()).map(|n| module[..n].to_vec()))
            .collect();
        for parent in parents {
            // each child of this module with all below it is one node
            let child = |path: &[String]| {
                path.starts_with(&parent).then(|| path.get(parent.len()).cloned()).flatten()
            };
            let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (from, to) in &uses {
                if let (Some(from), Some(to)) = (child(from), child(to))
                    && from != to
                {
                    graph.entry(from).or_default().insert(to);
                }
            }
            if let Some(circle) = circle(&graph) {
                problems.push(format!(
                    "{member}, in `{}`: {}",
                    parent.join("::"),
                    circle.join(" → ")
                ));
            }
        }
    }
    all(&problems);
}

/// Some circle of the graph, if there is one.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        graph: &BTreeMap<String, BTreeSet<String>>,
        at: &str,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|node| node == at) {
            let mut found = way[start..].to_vec();
            found.push(at.to_owned());
            return Some(found);
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        way.push(at.to_owned());
        let found =
            graph.get(at).into_iter().flatten().find_map(|next| walk(graph, next, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| walk(graph, node, &mut Vec::new(), &mut done))
}

#[test]
fn a_circle_is_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap(), ["b", "c", "b"]);
}

#[test]
fn dependencies_point_one_way() {
    let order = ["ledger-core", "report-templates", "ledger-cli", "benches"];
    let mut problems = Vec::new();
    for (position, member) in order.iter().enumerate() {
        let manifest = std::fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        for later in &order[position + 1..] {
            let named = manifest.lines().any(|line| {
                line.starts_with(&format!("{later}.")) || line.starts_with(&format!("{later} "))
            });
            let code = later.replace('-', "_");
            let used = sources(member, "src")
                .iter()
                .any(|source| source.code.contains(&format!("{code}::")));
            if named || used {
                problems.push(format!("`{member}` knows `{later}`"));
            }
        }
    }
    all(&problems);
}

#[test]
fn the_core_is_pure() {
    let mut problems = Vec::new();
    for source in sources("ledger-core", "src") {
        for word in IMPURE {
            problems
                .extend(source.find(word).map(|line| format!("{}:{line}: `{word}`", source.name)));
        }
    }
    all(&problems);
}

#[test]
fn only_stores_touch_files() {
    let mut problems = Vec::new();
    for source in sources("ledger-core", "src") {
        if source.name.starts_with("ledger-core/src/store/") {
            continue;
        }
        for word in ["std::fs", "fs::", "File::open", "File::create", "OpenOptions"] {
            problems
                .extend(source.find(word).map(|line| format!("{}:{line}: `{word}`", source.name)));
        }
    }
    all(&problems);
}

#[test]
fn files_and_functions_are_short() {
    let mut problems = Vec::new();
    for source in crates().iter().flat_map(|member| sources(member, "src")) {
        let length = source.text.lines().count();
        let exception =
            LONG_FILES.iter().find(|(name, _)| *name == source.name).map(|(_, lines)| *lines);
        match exception {
            Some(_) if length <= FILE => {
                problems.push(format!("{} is short now: take it off the list", source.name));
            }
            Some(limit) if length > limit => {
                problems.push(format!("{} has grown to {length} lines", source.name));
            }
            None if length > FILE => problems.push(format!("{} has {length} lines", source.name)),
            _ => {}
        }
        for function in source.functions() {
            if function.lines > FUNCTION {
                problems.push(format!(
                    "{}:{}: `{}` has {} lines",
                    source.name, function.line, function.name, function.lines
                ));
            }
        }
    }
    all(&problems);
}

/// A test without an assertion cannot fail, and says nothing.
#[test]
fn every_test_asserts() {
    let mut problems = Vec::new();
    for member in crates() {
        let mut files = sources::whole(&member, "src");
        files.extend(sources::whole(&member, "tests"));
        let functions: Vec<(String, sources::Function)> = files
            .iter()
            .flat_map(|source| {
                source.functions().into_iter().map(|function| (source.name.clone(), function))
            })
            .collect();
        // helpers assert too, directly or by calling one that does
        let mut asserting: BTreeSet<String> = BTreeSet::new();
        loop {
            let more: BTreeSet<String> = functions
                .iter()
                .filter(|(_, function)| {
                    !asserting.contains(&function.name) && function.asserts(&asserting)
                })
                .map(|(_, function)| function.name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            asserting.extend(more);
        }
        let tests = functions.iter().filter(|(_, function)| function.is_test);
        assert!(
            member != "ledger-core" || tests.clone().count() > 100,
            "only {} tests were found",
            tests.count()
        );
        for (file, function) in tests {
            if !function.asserts(&asserting) {
                problems
                    .push(format!("{file}:{}: `{}` asserts nothing", function.line, function.name));
            }
        }
    }
    all(&problems);
}

#[test]
fn nothing_speaks_of_where_it_was_written() {
    let mut problems = Vec::new();
    let skipped = ["target", ".git", "Cargo.lock", "corpus", "artifacts"];
    let mut folders: Vec<PathBuf> = vec![root()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if skipped.contains(&name.as_str()) {
                continue;
            }
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            let bytes = std::fs::read(&file).unwrap();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            for word in ELSEWHERE.iter().filter(|word| text.contains(*word)) {
                problems.push(format!("{}: `{word}`", shown(&file)));
            }
        }
    }
    all(&problems);
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let (dependencies, _) = rest.split_once("\n[").unwrap();
    let mut problems = Vec::new();
    let mut reason = false;
    for line in dependencies.lines() {
        match line {
            "" => reason = false,
            comment if comment.starts_with("# ") => reason = true,
            // one sentence may stand before several that serve the same need
            dependency if !reason => {
                problems.push(format!("Cargo.toml: `{dependency}` has no sentence before it"));
            }
            _ => {}
        }
    }
    all(&problems);
}

#[test]
fn spec_pages_name_what_is_there() {
    all(&pages::problems(&root()));
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
