//! Keys: who signs in the company, and what each key may do.

use super::company::{PEOPLE, ROOTS, SYSTEMS, number, role};

/// What a person's key may do.
const PERSON: [&str; 8] = [
    "append:*",
    "append:hold.changed",
    "append:retention.executed",
    "append:system.registered",
    "append:source.registered",
    "approve",
    "review",
    "sign_off",
];

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// The keys of all who sign, and whose they are; `key` gives the path of a key's file.
pub(super) fn lines(ledger: &str, key: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut new = |file: &str| lines.push(vec!["key".into(), "new".into(), key(file)]);
    for root in ROOTS {
        new(&format!("root-{root}"));
    }
    let people: Vec<usize> = (1..=PEOPLE)
        .filter(|person| role(*person).is_none_or(|(role, _)| role != "committer"))
        .collect();
    for person in &people {
        new(&format!("p{person}"));
    }
    for name in SYSTEMS.iter().flat_map(|system| system.services).chain([
        "scheduler",
        "connector",
        "second",
        "signer",
        "witness",
    ]) {
        new(name);
    }
    let mut init = vec!["init".to_owned(), ledger.to_owned()];
    init.extend(words("--name example.com/company"));
    for root in ROOTS {
        init.extend([
            "--root".into(),
            format!("{}=hr:{}", key(&format!("root-{root}")), number(root)),
        ]);
    }
    lines.push(init);
    let register = |file: &str, holder: [String; 2], rights: &[&str]| {
        let mut words = words("key register");
        for root in ROOTS {
            words.extend(["--key".into(), key(&format!("root-{root}"))]);
        }
        words.extend(["--new".into(), key(file)]);
        words.extend(holder);
        words.extend(
            rights.iter().flat_map(|right| ["--capability".to_owned(), (*right).to_owned()]),
        );
        words
    };
    let service = |name: &str| ["--service".to_owned(), name.to_owned()];
    for person in &people {
        let holder = ["--person".to_owned(), format!("hr:{}", number(*person))];
        lines.push(register(&format!("p{person}"), holder, &PERSON));
    }
    for name in SYSTEMS.iter().flat_map(|system| system.services) {
        let rights = ["append:*", "gate:unit-tests", "gate:security-scan", "gate:privacy-check"];
        lines.push(register(name, service(name), &rights));
    }
    lines.push(register("scheduler", service("scheduler"), &["append:*"]));
    let relays = [
        "relay:hr-csv",
        "relay:access-csv",
        "relay:runtime",
        "relay:github",
        "relay:aws-cloudtrail",
    ];
    lines.push(register("connector", service("connector"), &relays));
    let second = ["--person".to_owned(), "corp:svc-release".to_owned()];
    lines.push(register("second", second, &["approve"]));
    lines.push(register("signer", service("signer"), &["checkpoint"]));
    lines
}
