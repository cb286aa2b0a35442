//! Reports through the program: one document, the same bytes again, and nothing written over.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::World;
use serde_json::{Value, json};

fn world() -> World {
    let world = World::empty();
    world.run(&["key", "new", "a.pem"]).good();
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    world
}

const QUARTER: [&str; 8] =
    ["report", "quarter", "--framework", "sox", "--period", "2026-Q3", "--cutoff", "2100-01-01"];

#[test]
fn a_report_comes_again() {
    let world = world();
    let before = world.snapshot();
    let told = world.run(&[&QUARTER[..], &["--out", "one", "--json"]].concat());
    // no restore was proven in the year, and completeness cannot be told
    assert_eq!(told.status, 1, "{}", told.stderr);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        (&told["integrity"], &told["completeness"]),
        (&"pass".into(), &"indeterminate".into())
    );
    let document: Value = serde_json::from_slice(&world.read("one/report.json")).unwrap();
    assert_eq!(document["format"], "ledger/report/v1");
    assert_eq!(document["front"]["id"], told["report"]);
    let again = document["front"]["command"].as_str().unwrap().replace(" DIR", " two");
    let words: Vec<&str> = again.split(' ').skip(1).collect();
    world.run(&words);
    for file in ["report.json", "report.html", "report.md", "csv/P03.csv", "csv/R01-T01.csv"] {
        assert_eq!(
            world.read(&format!("one/{file}")),
            world.read(&format!("two/{file}")),
            "{file}"
        );
    }
    assert_eq!(world.snapshot(), before, "reporting changes nothing");
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let world = world();
    let before = world.snapshot();
    std::fs::create_dir(world.path("taken")).unwrap();
    world.write("taken/file", "x");
    for (args, code) in [
        (&["report", "quarter", "--period", "2026-Q5", "--out", "x"][..], "quarter"),
        (&["report", "quarter", "--out", "x"][..], "required"),
        (
            &["report", "quarter", "--period", "2026", "--framework", "iso", "--out", "x"][..],
            "framework",
        ),
        (&["report", "quarter", "--period", "2026", "--out", "taken"][..], "not empty"),
    ] {
        let ended = world.run(args);
        assert_eq!(ended.status, 2, "{args:?}");
        assert!(ended.stderr.contains(code), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(world.snapshot(), before);
}

#[test]
fn briefs_come_again() {
    let world = World::new();
    let before = world.snapshot();
    for words in [
        &["change", "change-105"][..],
        &["conflicts", "--period", "2026-Q2"],
        &["exceptions", "--period", "2026-Q2", "--framework", "sox"],
        &["freeze", "--from", "2026-04-01", "--to", "2026-04-30"],
    ] {
        let kind = words[0];
        let (one, two) = (format!("{kind}-1"), format!("{kind}-2"));
        let told = world.run(&[&["report"][..], words, &["--out", &one, "--json"]].concat());
        assert!(told.status == 1 || told.status == 2, "{kind}: {}", told.stderr);
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!(told["kind"], kind);
        let document: Value =
            serde_json::from_slice(&world.read(&format!("{one}/report.json"))).unwrap();
        assert_eq!(document["format"], "ledger/brief/v1");
        let again =
            document["front"]["command"].as_str().unwrap().replace(" DIR", &format!(" {two}"));
        let words: Vec<&str> = again.split(' ').skip(1).collect();
        world.run(&words);
        for file in ["report.json", "report.html", "report.md"] {
            let read = |folder: &str| world.read(&format!("{folder}/{file}"));
            assert_eq!(read(&one), read(&two), "{kind}: {file}");
        }
        for table in document["datasets"].as_array().unwrap() {
            let file = format!("{one}/{}", table["file"].as_str().unwrap());
            assert!(world.path(&file).exists(), "{file}");
            let sum = |name: &str| -> u64 {
                let all = table[name].as_object().unwrap().values();
                all.map(|count| count.as_u64().unwrap()).sum()
            };
            let rows = table["rows"].as_array().unwrap().len() as u64;
            assert_eq!(table["total"], rows + sum("excluded"), "{file}");
            assert!(sum("counts") == 0 || sum("counts") == rows, "{file}: counts that do not tie");
        }
    }
    let wrong: [&[&str]; 5] = [
        &["change", "nothing"],
        &["change", ""],
        &["release", "nothing"],
        &["train", "nothing"],
        &["freeze", "--period", "2026-Q5"],
    ];
    for words in wrong {
        let ended = world.run(&[&["report"][..], words, &["--out", "x"]].concat());
        assert_eq!(ended.status, 2, "{words:?}: {}", ended.stderr);
        assert!(!world.path("x").exists(), "{words:?}");
    }
    assert_eq!(world.snapshot(), before, "reporting changes nothing");
}

/// The days of a brief are those on the wall of the entity; what was recorded until today counts, wherever
/// today is, and the command makes the same bytes again.
#[test]
fn a_brief_has_the_days_of_the_calendar() {
    let world = world();
    world.run(&["key", "new", "ci.pem"]).good();
    let register = ["key", "register", "--key", "a.pem", "--new", "ci.pem", "--service", "ci"];
    world.run(&[&register[..], &["--capability", "append:*"]].concat()).good();
    let runner = json!({"issuer": "ci", "id": "runner"});
    let event = json!({
        "type": "deployment.started", "occurred_at": "2026-07-10T20:00:00.000000Z",
        "subject": {"deployment": "d-1", "service": "payments", "environment": "production"},
        "data": {"change": "PAY-1", "initiator": runner, "strategy": "rolling"},
        "actor": {"kind": "service", "id": runner},
    });
    world.write("event", event.to_string());
    world.run(&["append", "--key", "ci.pem", "event"]).good();
    let tail = "year_starts = \"01-01\"\nweekend = []\nholidays = []\n";
    // half a day east and west of UTC: in one of them today is another day than there
    for (name, rule, day, from) in [
        ("east", "EAST-13", "2026-07-11", "2026-07-10T11:00:00.000000Z"),
        ("west", "WEST11", "2026-07-10", "2026-07-10T11:00:00.000000Z"),
        ("utc", "UTC0", "2026-07-10", "2026-07-10T00:00:00.000000Z"),
    ] {
        let file = format!("{name}.toml");
        let head = format!("id = \"{name}\"\ntimezone = \"{name}\"\nrule = \"{rule}\"\n");
        world.write(&file, format!("{head}{tail}"));
        let words = ["report", "change", "PAY-1", "--framework", "sox", "--calendar", &file];
        let told = world.run(&[&words[..], &["--out", name]].concat());
        assert!(told.status < 3 && !told.stdout.is_empty(), "{name}: {}", told.stderr);
        let document: Value =
            serde_json::from_slice(&world.read(&format!("{name}/report.json"))).unwrap();
        let period = &document["front"]["period"];
        let told = (period["first"].as_str(), period["last"].as_str(), period["from"].as_str());
        assert_eq!(told, (Some(day), Some(day), Some(from)), "{name}: {period}");
        // the entry was recorded today, and today is over when it is over there
        assert!(document.to_string().contains("d-1"), "{name}");
        let two = format!("{name}-2");
        let command = document["front"]["command"].as_str().unwrap();
        let again = command.replace(" DIR", &format!(" {two}"));
        world.run(&again.split(' ').skip(1).collect::<Vec<_>>());
        let read = |folder: &str| world.read(&format!("{folder}/report.json"));
        assert_eq!(read(name), read(&two), "{name}: {command}");
    }
    // and so for a quarter, whose cut-off is fifteen days after its last day there
    let words = ["report", "quarter", "--framework", "sox", "--period", "2026-Q3"];
    world.run(&[&words[..], &["--calendar", "west.toml", "--out", "q"]].concat());
    let document: Value = serde_json::from_slice(&world.read("q/report.json")).unwrap();
    let command = document["front"]["command"].as_str().unwrap();
    assert!(command.contains("--cutoff 2026-10-15 "), "{command}");
    world.run(&command.replace(" DIR", " q2").split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(world.read("q/report.json"), world.read("q2/report.json"));
}

const ADA: [&str; 4] = ["--as", "hr:ada", "--key", "ada.pem"];

/// A ledger with a person who issues and signs.
fn signing() -> World {
    let world = world();
    world.run(&["key", "new", "ada.pem"]).good();
    let rights = ["append:*", "sign_off", "append:person.revealed", "append:person.erased"];
    let mut args =
        vec!["key", "register", "--key", "a.pem", "--new", "ada.pem", "--person", "hr:ada"];
    args.extend(rights.iter().flat_map(|right| ["--capability", right]));
    world.run(&args).good();
    world
}

#[test]
fn a_report_is_issued_corrected_and_signed() {
    let world = signing();
    let run = |args: &[&str], more: &[&str]| world.run(&[args, more].concat());
    run(&QUARTER, &["--out", "one"]);
    let issue = |file: &str| world.run(&[&["report", "issue", file][..], &ADA].concat());
    let page = |file: &str, out: &str| world.run(&["report", "signatures", file, "--out", out]);
    let draft = page("one/report.json", "signed-0");
    assert_eq!(draft.status, 2, "{}", draft.stderr);
    assert!(draft.stdout.contains("DRAFT"), "{}", draft.stdout);
    let size = world.size();
    let same = run(
        &QUARTER,
        &["--supersedes", "one/report.json", "--as-of", &size.to_string(), "--out", "same"],
    );
    assert!(same.bad(2).contains("nothing else"));
    // what a correction corrects must have been issued
    run(&QUARTER, &["--redact", "regulator", "--supersedes", "one/report.json", "--out", "early"]);
    assert!(issue("early/report.json").bad(1).contains("no entry says"));
    assert_eq!(world.size(), size);
    issue("one/report.json").good();
    assert!(issue("one/report.json").bad(1).contains("was issued"));
    assert_eq!(world.size(), size + 1);
    let entry = world.run(&["show", "last", "--raw"]).good();
    assert!(
        entry.contains(r#""type":"report.issued""#) && !entry.contains("supersedes"),
        "{entry}"
    );
    let told = run(&QUARTER, &["--supersedes", "one/report.json", "--out", "two"]);
    assert_eq!(told.status, 1, "{}", told.stderr);
    let changes = String::from_utf8(world.read("two/csv/H02.csv")).unwrap();
    assert!(changes.contains("ledger,size,"), "{changes}");
    issue("two/report.json").good();
    let entry = world.run(&["show", "last", "--raw"]).good();
    assert!(entry.contains(r#""supersedes":"report-2026-Q3-"#), "{entry}");
    let before = world.read("two/report.json");
    let sign = |file: &str| run(&["sign-off", file, "--role", "control_owner", "--yes"], &ADA);
    assert!(sign("one/report.json").bad(1).contains("another report in its place"));
    sign("two/report.json").good();
    let said = page("two/report.json", "signed-2").good();
    assert!(said.contains("1 statement is signed"), "{said}");
    let html = String::from_utf8(world.read("signed-2/signatures.html")).unwrap();
    assert!(html.contains("control_owner") && !html.contains("DRAFT"), "{html}");
    let old = page("one/report.json", "signed-1");
    assert!(old.status == 1 && old.stdout.contains("SUPERSEDED"), "{}", old.stdout);
    assert_eq!(world.read("two/report.json"), before, "no signature changes a report");
    world.run(&["verify"]).good();
}

#[test]
fn a_report_of_another_ledger_is_not_issued() {
    let (world, other) = (signing(), signing());
    world.run(&[&QUARTER[..], &["--out", "one"]].concat());
    other.write("report.json", world.read("one/report.json"));
    let before = other.snapshot();
    let ended = other.run(&[&["report", "issue", "report.json"][..], &ADA].concat());
    assert!(ended.bad(1).contains("not of this one"));
    let text = String::from_utf8(world.read("one/report.json")).unwrap();
    let size = world.size();
    world.write(
        "more.json",
        text.replace(&format!("\"size\":{size}}}"), &format!("\"size\":{}}}", size + 9)),
    );
    world.write("root.json", text.replace("\"root\":\"", "\"root\":\"A"));
    for file in ["more.json", "root.json"] {
        world.run(&[&["report", "issue", file][..], &ADA].concat()).bad(1);
    }
    assert_eq!(other.snapshot(), before);
    assert_eq!(world.size(), size);
}

#[test]
fn names_stand_in_an_annex_and_each_is_on_record() {
    let world = signing();
    let at = r#""occurred_at":"2026-07-01T12:30:00.000000Z""#;
    world.write("event", format!(
        r#"{{"type":"person.changed",{at},"actor":{{"kind":"human","id":{{"issuer":"hr","id":"ada"}}}},"subject":{{"person":"p-1"}},"data":{{"event":"joined","person":{{"issuer":"hr","id":"42","name":"Grace Hopper"}},"kind":"employee","effective_at":"2026-07-01T00:00:00.000000Z"}}}}"#
    ));
    world.run(&["append", "--key", "ada.pem", "event"]).good();
    for level in ["internal", "auditor", "regulator"] {
        world.run(&[&QUARTER[..], &["--redact", level, "--out", level]].concat());
    }
    let names = |level: &str, more: &[&str]| {
        let report = format!("{level}/report.json");
        let args =
            ["report", "names", &report, "--basis", "audit", "--out", "annex", "--actor", "hr:ada"];
        let by = ["--approver", "hr:1", "--key", "ada.pem"];
        world.run(&[&args[..], &by, more].concat())
    };
    let size = world.size();
    assert!(names("auditor", &[]).bad(1).contains("no annex of names"));
    assert!(names("regulator", &[]).bad(1).contains("no annex of names"));
    assert_eq!(world.size(), size);
    world.run(&["vault", "absorb"]).good();
    let said = names("internal", &[]).good();
    assert!(said.contains("persons named, each on record"), "{said}");
    let annex = String::from_utf8(world.read("annex/names.html")).unwrap();
    assert!(annex.contains("Grace Hopper") && annex.contains("CONFIDENTIAL"));
    assert!(world.size() > size);
    let text = |name: &str| String::from_utf8(world.read(name)).unwrap();
    let row = text("internal/csv/P07.csv").lines().nth(1).unwrap().to_owned();
    let who = row.split(',').find(|cell| cell.len() == 26).unwrap().to_owned();
    assert!(text("auditor/report.json").contains(&who) && annex.contains(&who));
    assert!(!text("regulator/report.json").contains(&who));
    assert!(!text("internal/report.json").contains("Grace"));
}

#[test]
fn an_overlay_asks_for_pseudonyms_and_for_a_works_agreement() {
    let world = signing();
    let made = |args: &[&str], out: &str| {
        world.run(&[&QUARTER[..], args, &["--out", out]].concat());
        let document: Value =
            serde_json::from_slice(&world.read(&format!("{out}/report.json"))).unwrap();
        document["front"]["people"].clone()
    };
    assert_eq!(made(&[], "plain")["level"], "internal");
    assert_eq!(made(&["--overlay", "eu"], "eu")["level"], "auditor");
    let german = made(&["--overlay", "eu", "--overlay", "de", "--redact", "internal"], "de");
    assert_eq!(german["works_agreement_needed"], true);
    assert_eq!(german["statistics_least"], 5);
    let names = |more: &[&str]| {
        let args = ["report", "names", "de/report.json", "--basis", "audit", "--out", "annex"];
        let by = ["--actor", "hr:ada", "--approver", "hr:1", "--key", "ada.pem"];
        world.run(&[&args[..], &by, more].concat())
    };
    assert!(names(&[]).bad(1).contains("works agreement"));
    names(&["--works-agreement", " "]).bad(2);
    world.run(&["vault", "absorb"]).good();
    names(&["--works-agreement", "BV 2026-4"]).good();
}

/// A checkpoint that is signed after a report was made is none of its entries: the command that the
/// report names makes the same bytes.
#[test]
fn a_later_checkpoint_changes_no_report() {
    let world = signing();
    world.run(&["key", "new", "signer.pem"]).good();
    let register =
        ["key", "register", "--key", "a.pem", "--new", "signer.pem", "--service", "signer"];
    world.run(&[&register[..], &["--capability", "checkpoint"]].concat()).good();
    let size = world.size().to_string();
    world.run(&[&QUARTER[..], &["--as-of", &size, "--out", "one"]].concat());
    world.run(&["checkpoint", "--key", "signer.pem"]).good();
    let one = String::from_utf8(world.read("one/report.json")).unwrap();
    assert!(one.contains(&format!("--as-of {size} --covered 0 --out DIR")), "{one}");
    world.run(&[&QUARTER[..], &["--as-of", &size, "--covered", "0", "--out", "two"]].concat());
    assert_eq!(one, String::from_utf8(world.read("two/report.json")).unwrap());
    let page = world.run(&["report", "signatures", "one/report.json", "--out", "signed"]);
    assert_eq!(page.status, 2);
    let html = String::from_utf8(world.read("signed/signatures.html")).unwrap();
    assert!(html.contains("a signed checkpoint over"), "{html}");
}
