//! Spec pages, the modules that they describe, and their vectors.

use std::path::Path;

/// What is wrong with the pages of `ledger-core/spec`.
pub(crate) fn problems(root: &Path) -> Vec<String> {
    let folder = root.join("ledger-core/spec");
    let order = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    let mut problems = Vec::new();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    for name in &names {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let mut wrong = |what: String| problems.push(format!("ledger-core/spec/{name}: {what}"));
        if !order.contains(&format!("({name})")) {
            wrong("is not in the reading order of README.md".to_owned());
        }
        let last = text.lines().last().unwrap_or_default();
        let Some((module, vectors)) =
            last.strip_prefix("Module: ").and_then(|rest| rest.split_once(" · Vectors: "))
        else {
            wrong("the last line is not `Module: … · Vectors: …`".to_owned());
            continue;
        };
        match std::fs::read_to_string(root.join(module)) {
            Ok(source) if !source.contains(&format!("spec/{name}")) => {
                wrong(format!("`{module}` does not name this page"));
            }
            Ok(_) => {}
            Err(_) => wrong(format!("there is no `{module}`")),
        }
        match count(&root.join(vectors)) {
            (0, 0, 0) => wrong(format!("there are no vectors in `{vectors}`")),
            (accepted, refused, _) if accepted > refused => {
                wrong(format!("`{vectors}`: {accepted} accepted, only {refused} refused"));
            }
            _ => {}
        }
        if !text.contains("```") {
            wrong("has no example".to_owned());
        }
    }
    problems
}

/// How many vectors are accepted and refused, and how many show what is written and never read.
fn count(folder: &Path) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            // a book: its history satisfies the test, and its stories mostly do not
            let text = std::fs::read_to_string(&path).unwrap();
            if !text.contains("\"stories\"") {
                counts.2 += 1;
                continue;
            }
            counts.0 += 1 + text.matches("\"raises\": []").count();
            counts.1 += text.matches("\"raises\": [\"").count();
        } else if path.extension().is_some_and(|extension| extension == "vector") {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.starts_with(b"expect: accept\n") {
                counts.0 += 1;
            } else {
                assert!(bytes.starts_with(b"expect: refuse "), "{}", path.display());
                counts.1 += 1;
            }
        }
    }
    counts
}
