//! Importers through the program: what is read is counted, what is new is appended with its original.
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

mod common;

use std::io::Write as _;

use common::World;

/// A ledger with a key that relays these sources.
fn world(sources: &[&str]) -> World {
    let world = World::empty();
    for key in ["a.pem", "b.pem", "relay.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    let capabilities: Vec<String> =
        sources.iter().map(|source| format!("relay:{source}")).collect();
    let mut args = vec!["key", "register", "--key", "a.pem", "--key", "b.pem"];
    args.extend(["--new", "relay.pem", "--service", "relay"]);
    for capability in &capabilities {
        args.extend(["--capability", capability.as_str()]);
    }
    world.run(&args).good();
    world
}

fn import(world: &World, args: &[&str]) -> common::Ended {
    world.run(&[&["import"], args, &["--key", "relay.pem"]].concat())
}

/// The summary in words; the numbers tie.
fn told(ended: &common::Ended, status: i32) -> String {
    assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stdout.trim_end().to_owned();
    let numbers: Vec<u64> = line
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .take(5)
        .collect();
    assert_eq!(numbers[0], numbers[1..].iter().sum::<u64>(), "{line}");
    line
}

fn event(id: &str, more: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/ci","type":"com.example.ran","time":"2026-07-01T09:30:00Z"{more}}}"#
    )
}

#[test]
fn a_record_becomes_an_event_that_cites_its_original() {
    let world = world(&["cloudevents"]);
    world.write("one.json", event("1", ""));
    let line = told(&import(&world, &["cloudevents", "one.json"]), 0);
    assert_eq!(line, "1 read: 0 recorded, 0 duplicate, 1 unmapped, 0 quarantined");
    let entry = world.run(&["show", "2", "--raw"]).good();
    let length = event("1", "").len();
    for part in [
        r#""type":"external.recorded""#,
        r#""source":"cloudevents""#,
        r#""source_id":"/ci/1/com.example.ran""#,
        r#""occurred_at":"2026-07-01T09:30:00.000000Z""#,
        r#""occurred_raw":"2026-07-01T09:30:00Z""#,
        r#""time_quality":"second""#,
        r#""private":true"#,
        &format!(r#""length":{length},"offset":0"#),
    ] {
        assert!(entry.contains(part), "{part} {entry}");
    }
    // the key of the originals travelled with the entries that cite them
    let absorbed = world.run(&["vault", "absorb", "--json"]).good();
    assert!(absorbed.contains(r#""attachments":1"#), "{absorbed}");
    world.run(&["verify"]).good();
}

#[test]
fn the_same_record_again_is_a_duplicate_and_another_under_its_id_a_conflict() {
    let world = world(&["cloudevents"]);
    let five = event("1", "").repeat(5);
    world.write("five.json", &five);
    let line = told(&import(&world, &["cloudevents", "five.json"]), 0);
    assert_eq!(line, "5 read: 0 recorded, 4 duplicate, 1 unmapped, 0 quarantined");
    let blobs = std::fs::read_dir(world.path("d/ledger/blobs")).unwrap().count();
    assert_eq!(
        told(&import(&world, &["cloudevents", "five.json"]), 0),
        "5 read: 0 recorded, 5 duplicate, 0 unmapped, 0 quarantined"
    );
    assert_eq!(std::fs::read_dir(world.path("d/ledger/blobs")).unwrap().count(), blobs);
    world.write("other.json", event("1", r#","data":2"#));
    let line = told(&import(&world, &["cloudevents", "other.json"]), 0);
    assert!(line.starts_with("1 read: 1 recorded, 0 duplicate"), "{line}");
    assert!(line.ends_with("1 of those recorded conflict with an earlier record"), "{line}");
    assert!(
        world.run(&["log", "--type", "source.conflicted"]).good().contains("source.conflicted")
    );
    let again = told(&import(&world, &["cloudevents", "other.json"]), 0);
    assert_eq!(again, "1 read: 0 recorded, 1 duplicate, 0 unmapped, 0 quarantined");
    world.run(&["verify"]).good();
}

#[test]
fn what_cannot_be_read_is_put_aside_and_the_rest_goes_on() {
    let world = world(&["cloudevents"]);
    let deep = format!("{{\"id\":{}1{}}}", "[".repeat(1000), "]".repeat(1000));
    let lines = [
        event("1", r#","n":18446744073709551617,"f":1.5e300,"c":null"#),
        event("2", r#","a":1,"a":2"#),
        deep,
        event("3", ",\"text\":\"a\u{1}\tb\""),
        "{\"id\":\"4\"".to_owned(),
        event("5", ""),
        "no record".to_owned(),
    ];
    world.write("all.jsonl", lines.join("\n"));
    let line = told(&import(&world, &["cloudevents", "all.jsonl"]), 1);
    assert_eq!(line, "7 read: 0 recorded, 0 duplicate, 3 unmapped, 4 quarantined");
    let aside = String::from_utf8(world.read("all.jsonl.quarantine.jsonl")).unwrap();
    let codes = ["json-duplicate", "json-depth", "json-truncated", "json-syntax"];
    assert_eq!(aside.lines().count(), codes.len());
    for (line, code) in aside.lines().zip(codes) {
        assert!(line.contains(code), "{line}");
    }
}

#[test]
fn gzip_arrays_and_nothing_at_all() {
    let world = world(&["cloudevents"]);
    let array = format!("[{},{}]", event("1", ""), event("2", ""));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(array.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    std::fs::create_dir(world.path("in")).unwrap();
    world.write("in/a.json.gz", &packed);
    world.write("in/b.json", "");
    let line = told(&import(&world, &["cloudevents", "in"]), 0);
    assert_eq!(line, "2 read: 0 recorded, 0 duplicate, 2 unmapped, 0 quarantined");
    world.write("cut.gz", &packed[..packed.len() - 12]);
    let line = told(&import(&world, &["cloudevents", "cut.gz"]), 1);
    assert!(line.ends_with("1 quarantined"), "{line}");
    let aside = String::from_utf8(world.read("cut.gz.quarantine.jsonl")).unwrap();
    assert!(aside.contains("gzip-truncated"), "{aside}");
}

#[test]
fn bad_input_changes_nothing() {
    let world = world(&["github"]);
    world.write("one.json", event("1", ""));
    let before = world.snapshot();
    import(&world, &["nowhere", "one.json"]).bad(2);
    import(&world, &["cloudevents", "missing.json"]).bad(2);
    world.run(&["import", "cloudevents", "one.json"]).bad(2);
    assert_eq!(world.snapshot(), before);
    // a key that relays another source
    import(&world, &["cloudevents", "one.json"]).bad(1);
    assert_eq!(world.run(&["log"]).good().lines().count(), 2);
}

#[test]
fn a_dry_run_shows_the_events_and_needs_no_ledger() {
    let world = World::empty();
    world.write("one.json", event("1", ""));
    let shown = world.run(&["import", "cloudevents", "one.json", "--dry-run"]).good();
    assert!(shown.contains(r#""native_kind":"com.example.ran""#), "{shown}");
    assert!(world.run(&["import"]).good().contains("cloudevents"));
}

/// What the law of meaning refused would be appended as another type than a dry run shows.
#[test]
fn what_a_dry_run_shows_is_what_is_appended() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/import");
    let sources: Vec<String> = std::fs::read_dir(&fixtures)
        .unwrap()
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let world = world(&names);
    for source in names {
        let folder = world.path(source);
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(fixtures.join(source)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| {
                !["events", "given", "mapping"].iter().any(|e| extension == *e)
            }) {
                std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
            }
        }
        // some of the files are no records, and none of them is told what it is about
        let shown = world.run(&["import", source, source, "--dry-run", "--quarantine", "q"]).stdout;
        let before = world.size();
        let ended = import(&world, &[source, source, "--quarantine", "q"]);
        assert!(ended.status < 2, "{source} {}", ended.stderr);
        let appended = world.run(&["log"]).good();
        let count = |text: &str, kind: &str| text.matches(kind).count();
        assert_eq!(world.size() - before, shown.lines().count(), "{source}");
        let unmapped = count(&shown, "\"type\":\"external.recorded\"");
        let new: Vec<&str> = appended.lines().skip(before).collect();
        assert_eq!(count(&new.join("\n"), "external.recorded"), unmapped, "{source} {new:?}");
    }
    world.run(&["verify"]).good();
}
