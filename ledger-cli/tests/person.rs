//! Persons through the program: taken in, revealed with a record, held, erased, restored.
#![allow(clippy::panic, clippy::string_slice, reason = "a test stops at the first surprise")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

#[path = "person/bytes.rs"]
mod bytes;
mod common;
#[path = "person/kill.rs"]
mod kill;

use std::path::Path;

use common::World;

const EVENT: &str = r#"{"type":"change.recorded","occurred_at":"2026-07-01T12:30:00.000000Z",
"actor":{"kind":"human","id":{"issuer":"github","id":"ada-l","name":"Ada Lovelace","email":"ada@example.com"}},
"subject":{"change":"c-1"},"data":{"state":"open","opened_at":"2026-07-01T12:30:00.000000Z",
"requester":{"issuer":"github","id":"ada-l"},"title":"Ask Ada Lovelace"}}"#;

const USED: &str = r#"{"type":"job.run","occurred_at":"2026-07-01T12:30:00.000000Z",
"actor":{"kind":"service","id":{"issuer":"ci","id":"nightly"}},"subject":{"job":"j-1","system":"payments"},
"data":{"slot":"2026-07-01","started_at":"2026-07-01T12:30:00.000000Z","outcome":"succeeded"}}"#;

const SIGN: [&str; 6] = ["--actor", "hr:17", "--approver", "hr:2", "--key", "officer.pem"];

/// A ledger of two roots, a pipeline and an officer, in which one person occurs.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "b.pem", "ci.pem", "officer.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    let register = |new: &str, holder: [&str; 2], capabilities: &[&str]| {
        let mut args = vec!["key", "register", "--key", "a.pem", "--key", "b.pem", "--new", new];
        args.extend(holder);
        for capability in capabilities {
            args.extend(["--capability", capability]);
        }
        world.run(&args).good();
    };
    register("ci.pem", ["--service", "ci"], &["append:*"]);
    let rights = [
        "append:person.erased",
        "append:person.revealed",
        "append:hold.changed",
        "append:retention.executed",
        "append:identity.linked",
    ];
    register("officer.pem", ["--person", "hr:17"], &rights);
    world.write("event", EVENT);
    world.run(&["append", "--key", "ci.pem", "event"]).good();
    world
}

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &SIGN].concat()
}

/// Whether any file below the folder holds the text, in any case of letters.
fn found(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).any(|path| {
        if path.is_dir() {
            return found(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.to_ascii_lowercase().as_bytes())
    })
}

#[test]
fn law_9_a_person_is_erased_and_a_backup_does_not_remember() {
    let world = world();
    assert_eq!(world.run(&["vault", "check"]).status, 2, "there is no vault yet");
    assert!(world.run(&["vault", "absorb"]).good().contains("disclosures"));
    assert!(world.run(&["vault", "check"]).good().contains("holds"));
    let said = world.run(&with(&["person", "reveal", "github:ada-l", "--basis", "audit"])).good();
    assert!(said.contains("Ada Lovelace") && said.contains("recorded"), "{said}");
    let name = said.lines().next().unwrap().split_whitespace().last().unwrap().to_owned();
    assert!(!world.run(&["person", "show", &name]).good().contains("Ada"));
    let all = world.run(&with(&["person", "export", "github:ada-l", "--json"])).good();
    assert!(all.contains("Ask Ada Lovelace"), "{all}");
    world.run(&["vault", "backup", "backup"]).good();
    let erase = ["person", "erase", &name, "--basis", "gdpr-17-1-b"];
    let said = world.run(&with(&[&erase[..], &["--dry-run"]].concat())).good();
    assert!(said.contains("erase"), "{said}");
    let said = world.run(&with(&erase)).good();
    assert!(said.contains("erased       by entry"), "{said}");
    assert!(world.run(&["show", "3"]).good().contains("erased by entry"));
    let verdict = world.run(&["verify"]).good();
    assert!(
        verdict.contains("holds") && verdict.contains(&format!("1 person(s): {name} by entry"))
    );
    assert!(world.run(&["verify", "--json"]).good().contains(r#""erased":{"count":1,"#));
    assert_eq!(world.run(&with(&erase)).status, 1, "a second time");
    let check = world.run(&["vault", "check"]);
    assert!(check.status == 2 && check.stdout.contains("erased"), "{}", check.stdout);
    for folder in ["d", "backup"] {
        for text in ["lovelace", "ada@example.com", "ada-l"] {
            assert!(!found(&world.path(folder), text), "{text} in {folder}");
        }
    }
    // the vault is lost; the verdict is the same, and the backup does not bring the person back
    std::fs::rename(world.path("d/ledger/vault"), world.path("lost")).unwrap();
    let verdict = world.run(&["verify"]);
    assert!(verdict.stderr.contains("the persons of the vault are not here"), "{}", verdict.stderr);
    assert!(verdict.good().contains("holds"));
    assert_eq!(world.run(&["vault", "check"]).status, 2);
    assert!(world.run(&["vault", "restore", "backup"]).good().contains("stay erased"));
    let reveal = with(&["person", "reveal", &name, "--basis", "audit"]);
    let refused = world.run(&reveal);
    assert!(
        refused.status == 1 && refused.stderr.contains("erased by entry"),
        "{}",
        refused.stderr
    );
}

#[test]
fn bad_input_and_other_keys_change_nothing() {
    let world = world();
    world.run(&["vault", "absorb"]).good();
    let before = world.size();
    assert!(!world.path("nowhere").exists());
    let one = ["person", "erase", "github:ada-l", "--basis"];
    for (args, status, word) in [
        (with(&[&one[..], &["she asked"]].concat()), 2, "is no basis"),
        (with(&[&one[..], &[""]].concat()), 2, "a basis is needed"),
        (with(&[&one[..], &["gdpr-17-1-b", "--refuse", "original=no"]].concat()), 2, "is no basis"),
        (
            with(&[&one[..], &["gdpr-17-1-b", "--refuse", "log=gdpr-17-3-b"]].concat()),
            2,
            "no class",
        ),
        (with(&["person", "erase", "github:nobody", "--basis", "gdpr-17-1-b"]), 2, "nobody here"),
        (with(&["person", "erase", "nobody", "--basis", "gdpr-17-1-b"]), 2, "does not name"),
        (with(&["person", "reveal", "github:ada-l", "--basis", "curious"]), 2, "is no basis"),
        (
            vec![
                "person",
                "link",
                "github:ada-l",
                "--basis",
                "hr",
                "--actor",
                "hr:17",
                "--key",
                "officer.pem",
            ],
            2,
            "alone",
        ),
        (vec!["retention", "plan", "--rules", "event"], 2, "retention"),
        (vec!["vault", "restore", "nowhere"], 2, "vault"),
    ] {
        let ended = world.run(&args);
        assert_eq!(ended.status, status, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(word) || word == "retention", "{args:?}: {}", ended.stderr);
    }
    // a pipeline's `append:*` is not enough: the capability is spelled in full
    let acting = ["--actor", "hr:17", "--approver", "hr:2", "--key", "ci.pem"];
    for args in [
        &["person", "reveal", "github:ada-l", "--basis", "audit"][..],
        &[&one[..], &["gdpr-17-1-b"]].concat(),
    ] {
        let ended = world.run(&[args, &acting].concat());
        assert!(
            ended.status == 1 && ended.stderr.contains("lacks `append:person."),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(world.size(), before);
    let named = world.run(&with(&["person", "reveal", "github:ada-l", "--basis", "audit"])).good();
    assert!(named.contains("Ada Lovelace"));
}

/// Two owners at once, for two persons and for one: one waits for the other, and each person is erased
/// by one entry.
#[test]
fn two_erasures_at_once() {
    let world = world();
    world.write("other", EVENT.replace("ada-l", "bob-k").replace("Ada Lovelace", "Bob King"));
    world.run(&["append", "--key", "ci.pem", "other"]).good();
    world.run(&["vault", "absorb"]).good();
    let running: Vec<_> = ["github:ada-l", "github:bob-k", "github:ada-l"]
        .iter()
        .map(|who| {
            let erase = with(&["person", "erase", who, "--basis", "gdpr-17-1-b"]);
            let mut command = world.command(&erase);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let ended: Vec<common::Ended> =
        running.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
    let good = ended.iter().filter(|one| one.status == 0).count();
    let told: Vec<&str> = ended.iter().map(|one| one.stderr.as_str()).collect();
    assert_eq!(good, 2, "{told:?}");
    let late = ended.iter().find(|one| one.status != 0).unwrap();
    let known = ["was erased by entry", "nobody here is `github:ada-l`"];
    assert!(known.iter().any(|words| late.stderr.contains(words)), "{}", late.stderr);
    let orders = world.run(&["log", "--type", "person.erased"]).good();
    assert_eq!(orders.lines().count(), 2, "{orders}");
    for name in ["lovelace", "ada-l", "bob-k", "king"] {
        assert!(!found(&world.path("d"), name), "{name}");
    }
    world.run(&["verify"]).good();
}

#[test]
fn a_hold_refuses_with_its_name() {
    let world = world();
    world.run(&["vault", "absorb"]).good();
    let by = ["--by", "hr:17", "--key", "officer.pem"];
    let hold = ["person", "hold", "matter-7", "--place", "--person", "github:ada-l"];
    world.run(&[&hold[..], &by].concat()).good();
    let erase = with(&["person", "erase", "github:ada-l", "--basis", "gdpr-17-1-b"]);
    let refused = world.run(&erase);
    assert!(refused.status == 1 && refused.stderr.contains("matter-7"), "{}", refused.stderr);
    world.run(&[&["person", "hold", "matter-7", "--release"][..], &by].concat()).good();
    // a hold on a system spares whoever has nothing to do with it, once the log knows the system
    let on = |system: &str| {
        let args = ["person", "hold", "matter-8", "--place", "--system", system];
        world.run(&[&args[..], &by].concat()).good();
    };
    on("nowhere");
    let refused = world.run(&erase);
    assert!(refused.status == 1 && refused.stderr.contains("matter-8"), "{}", refused.stderr);
    world.write("used", USED);
    world.run(&["append", "--key", "ci.pem", "used"]).good();
    on("payments");
    world.run(&erase).good();
    let plan = world.run(&["retention", "plan"]).good();
    assert!(plan.contains("the log is never erased"), "{plan}");
    let run = world.run(&with(&["retention", "run"])).good();
    assert!(run.contains("past 396 days"), "{run}");
}
