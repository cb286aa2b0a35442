//! The pages that people follow: every console block in them is typed into a shell, in order, and what
//! is printed must be what the page says.
//!
//! In a block `$ ` begins a command and `> ` continues it; `? N` is its status if that is not 0; the
//! rest is its output, in which `[..]` stands for any characters and a line `...` for any lines.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One command of a page, and what the page says it prints.
#[derive(Debug, Default)]
struct Step {
    line: usize,
    command: String,
    status: i32,
    output: Vec<String>,
}

#[test]
fn readme() {
    follow("README.md");
}

#[test]
fn operations() {
    follow("docs/operations.md");
}

#[test]
fn tutorial_of_the_platform_engineer() {
    follow("docs/tutorials/platform-engineer.md");
}

#[test]
fn tutorial_of_the_pipeline_gate() {
    follow("docs/tutorials/pipeline-gate.md");
}

#[test]
fn tutorial_of_the_compliance_officer() {
    follow("docs/tutorials/compliance-officer.md");
}

#[test]
fn tutorial_of_the_auditor() {
    follow("docs/tutorials/auditor.md");
}

#[test]
fn tutorial_of_the_reviewer() {
    follow("docs/tutorials/reviewer.md");
}

#[test]
fn tutorial_of_the_privacy_officer() {
    follow("docs/tutorials/privacy-officer.md");
}

#[test]
fn every_tutorial_is_followed() {
    let source = include_str!("pages.rs");
    let found = std::fs::read_dir(root().join("docs/tutorials")).unwrap();
    let names = found.map(|page| page.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name != "company.sh").collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(source.contains(&format!("follow(\"docs/tutorials/{name}\")")), "{name} is not");
    }
}

/// A page that says something else is found.
#[test]
fn a_wrong_page_is_found() {
    let page = "```console\n$ echo one && false\n? 1\none\n```\n";
    assert_eq!(problem(page), None);
    assert!(problem(&page.replace("? 1\n", "")).unwrap().contains("status 1"));
    assert!(problem(&page.replace("\none\n", "\ntwo\n")).unwrap().contains("one"));
    assert!(matches(&["a [..] c".to_owned(), "...".to_owned()], &["a b c", "d", "e"]));
    assert!(!matches(&["a [..] c".to_owned()], &["a b d"]));
    assert!(!matches(&["a".to_owned()], &["a", "b"]));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn follow(page: &str) {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    assert!(text.contains("```console\n$ "), "{page} has no console block");
    if let Some(problem) = problem(&text) {
        panic!("{page}:{problem}");
    }
}

/// What differs first, with the line of the page.
fn problem(text: &str) -> Option<String> {
    // what a clone has beside what the page makes
    let dir = tempfile::tempdir().unwrap();
    for name in ["docs", "fixtures"] {
        std::os::unix::fs::symlink(root().join(name), dir.path().join(name)).unwrap();
    }
    let mut before = String::new();
    for step in steps(text) {
        let (status, output) = run(dir.path(), &before, &step.command);
        let lines: Vec<&str> = output.lines().collect();
        if status != step.status || !matches(&step.output, &lines) {
            let mut told = format!("{}: $ {}\nstatus {status}\n", step.line, step.command);
            write!(told, "--- printed\n{output}--- page\n{}", step.output.join("\n")).unwrap();
            return Some(told);
        }
        // what is set stays set for the rest of the page
        if step.command.starts_with("export ") {
            writeln!(before, "{}", step.command).unwrap();
        }
    }
    None
}

fn run(dir: &Path, before: &str, command: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_ledger")).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before}{{ {command}\n}} 2>&1")).current_dir(dir);
    shell.env_clear().env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()));
    let ended = shell.env("HOME", dir).stdin(Stdio::null()).output().unwrap();
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    (ended.status.code().unwrap_or(-1), output)
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let command = command.to_owned();
            steps.push(Step { line: number + 1, command, ..Step::default() });
        } else if let Some(step) = steps.last_mut().filter(|_| inside) {
            if let Some(more) = line.strip_prefix("> ").filter(|_| step.output.is_empty()) {
                step.command = format!("{}\n{more}", step.command);
            } else if let Some(status) = line.strip_prefix("? ").filter(|_| step.output.is_empty())
            {
                step.status = status.parse().unwrap();
            } else if !line.is_empty() || !step.output.is_empty() {
                step.output.push(line.to_owned());
            }
        }
    }
    for step in &mut steps {
        while step.output.last().is_some_and(String::is_empty) {
            step.output.pop();
        }
    }
    steps
}

/// Whether lines are what a page says of them.
fn matches(page: &[String], lines: &[&str]) -> bool {
    match page.split_first() {
        None => lines.iter().all(|line| line.is_empty()),
        Some((first, rest)) if first == "..." => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, more)| line_matches(first, line) && matches(rest, more)),
    }
}

fn line_matches(page: &str, line: &str) -> bool {
    match page.split_once("[..]") {
        None => page.trim_end() == line.trim_end(),
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|tail| {
            let ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.into_iter().any(|at| line_matches(rest, &tail[at..]))
        }),
    }
}

/// Each row of the threat model names an attack of the drill or a test, and all that it names is there.
#[test]
fn the_threat_model_names_what_is_tried() {
    let page = std::fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let deeds = std::fs::read_to_string(root().join("ledger-core/src/drill/deeds.rs")).unwrap();
    let mut tests = String::new();
    for folder in ["ledger-core/tests", "ledger-core/src", "ledger-cli/tests", "ledger-cli/src"] {
        gather(&root().join(folder), &mut tests);
    }
    let (mut rows, mut named, mut missing) = (0, 0, Vec::new());
    for row in
        page.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 3)
    {
        let tried = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        rows += 1;
        for (name, known) in quoted(tried, '`')
            .map(|name| (name, tests.contains(&format!("fn {name}("))))
            .chain(quoted(tried, '*').map(|name| (name, deeds.contains(&format!("\"{name}\"")))))
        {
            named += 1;
            if !known {
                missing.push(name.to_owned());
            }
        }
    }
    assert!(rows > 40 && named > 50, "{rows} rows name {named}");
    assert!(missing.is_empty(), "neither attacks nor tests: {missing:?}");
}

fn quoted(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

fn gather(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
