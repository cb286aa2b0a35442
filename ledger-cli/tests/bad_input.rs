//! Bad input: each a one-line error with its place, status 2, and the ledger unchanged.

mod common;

use common::{PIPELINE, World, event};

/// Refused with status 2, at the place and with the words, and not a byte of the folder changed.
fn refuse(world: &World, name: &str, input: &[u8], wanted: &[&str]) {
    let before = world.snapshot();
    world.write("input", input);
    let said = world.append(&["input"]).bad(2);
    for words in wanted {
        assert!(said.contains(words), "{name}: `{words}` is not in: {said}");
    }
    assert!(said.contains("error: input"), "{name}: the file is not named: {said}");
    assert!(said.contains("\nledger: hint: "), "{name}: no hint: {said}");
    assert!(world.snapshot() == before, "{name}: the ledger was changed");
}

#[test]
fn events_that_are_not_what_they_should_be() {
    let world = World::new();
    let good = event("payments");
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", Vec::new(), &["input: there is no event"]),
        ("white space", b" \n\r\n".to_vec(), &["input: there is no event"]),
        ("empty value", with("succeeded", ""), &["input, /data/outcome: one of"]),
        (
            "missing time",
            with(r#""occurred_at":"2026-07-01T12:30:00.000000Z","#, ""),
            &["occurred_at"],
        ),
        ("missing field", with(r#""outcome":"succeeded""#, ""), &["`/data/outcome` is missing"]),
        (
            "missing subject",
            with(r#""service":"payments","#, ""),
            &["`/subject/service` is missing"],
        ),
        ("unknown member", with(r#"{"type""#, r#"{"colour":"red","type""#), &["colour"]),
        ("unknown field", with(r#""outcome""#, r#""colour":"red","outcome""#), &["colour"]),
        ("wrong type", with(r#""succeeded""#, "7"), &["input, /data/outcome"]),
        (
            "unknown event",
            with("deployment.finished", "deployment.pondered"),
            &["/type", "pondered"],
        ),
        ("over-long id", with("payments", &"p".repeat(201)), &["/subject/service"]),
        ("over-long event", with("runner-1", &"r".repeat(40_000)), &["input"]),
        ("prose", with("payments", "the payments"), &["/subject/service"]),
        ("empty identity", with(r#""id":"runner-1""#, r#""id":"""#), &["/actor/id"]),
    ];
    for (name, input, wanted) in cases {
        refuse(&world, name, &input, wanted);
    }
}

#[test]
fn json_that_is_not_what_it_should_be() {
    let world = World::new();
    let good = event("payments");
    let with = |from: &str, to: &str| good.replace(from, to).into_bytes();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        (
            "not UTF-8",
            [&good.as_bytes()[..40], b"\xff\xfe", &good.as_bytes()[40..]].concat(),
            &["line 1, column 41", "UTF-8"],
        ),
        ("BOM", [b"\xef\xbb\xbf", good.as_bytes()].concat(), &["byte order mark"]),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), &["input"]),
        (
            "twice",
            with(r#""outcome""#, r#""outcome":"failed","outcome""#),
            &["line 1, column", "`outcome` occurs twice"],
        ),
        ("2^53", with(r#""outcome""#, r#""n":9007199254740993,"outcome""#), &["2^53-1"]),
        ("minus zero", with(r#""outcome""#, r#""n":-0,"outcome""#), &["minus zero"]),
        ("float", with(r#""outcome""#, r#""n":1.5,"outcome""#), &["whole numbers"]),
        ("exponent", with(r#""outcome""#, r#""n":1e3,"outcome""#), &["whole numbers"]),
        ("NaN", with(r#""outcome""#, r#""n":NaN,"outcome""#), &["whole numbers"]),
        (
            "infinity",
            with(r#""outcome""#, r#""n":-Infinity,"outcome""#),
            &["input, line 1, column"],
        ),
        ("null", with(r#""succeeded""#, "null"), &["null is not a value"]),
        ("lone surrogate", with("runner-1", r"\ud83d"), &["surrogate"]),
        ("low surrogate", with("runner-1", r"\ude00"), &["surrogate"]),
        (
            "no zone",
            with("00.000000Z", "00.000000"),
            &["/occurred_at", "2026-09-30T23:59:59.000000Z"],
        ),
        ("offset", with("00.000000Z", "00.000000+02:00"), &["/occurred_at"]),
        ("leap second", with("12:30:00.0", "23:59:60.0"), &["/occurred_at"]),
        ("no such day", with("2026-07-01", "2026-02-30"), &["/occurred_at"]),
        ("far past", with("2026-07-01", "1969-12-31"), &["/occurred_at"]),
        ("far future", with("2026-07-01", "2999-07-01"), &["input, /occurred_at", "a day ahead"]),
        ("beyond time", with("2026-07-01", "12026-07-01"), &["/occurred_at"]),
        ("a list", format!("[{good}]").into_bytes(), &["an event is a JSON object"]),
        ("a number", b"17".to_vec(), &["an event is a JSON object"]),
        ("cut", good.as_bytes()[..100].to_vec(), &["input, line 1, column"]),
        ("junk after", format!("{good} x").into_bytes(), &["input, line 1"]),
        ("comment", format!("// hello\n{good}").into_bytes(), &["input, line 1, column 1"]),
        ("two on a line", format!("{good}{good}").into_bytes(), &["input, line 1"]),
        (
            "line 3",
            format!("{good}\n{good}\n{}\n", good.replace("succeeded", "won")).into_bytes(),
            &["input, line 3, /data/outcome"],
        ),
        (
            "line 2, column 5",
            format!("{good}\n{{\"a\"=1}}\n").into_bytes(),
            &["input, line 2, column 5"],
        ),
        ("empty line", format!("{good}\n\n{good}\n").into_bytes(), &["input, line 2", "empty"]),
        ("seq", with(r#"{"type""#, r#"{"seq":0,"type""#), &["`seq` is filled in"]),
        ("signers", with(r#"{"type""#, r#"{"signers":[],"type""#), &["`signers` is filled in"]),
        (
            "another ledger",
            with(r#"{"type""#, r#"{"ledger":"x","type""#),
            &["`ledger` is filled in"],
        ),
    ];
    for (name, input, wanted) in cases {
        refuse(&world, name, &input, wanted);
    }
}

#[test]
fn windows_line_ends_are_white_space() {
    let world = World::new();
    let lines = format!("{}\r\n{}\r\n", event("payments"), event("accounts"));
    assert_eq!(
        world.pipe(&["append", "--key", PIPELINE], lines.as_bytes()).good().lines().count(),
        2
    );
    assert!(!world.run(&["show", "64", "--raw"]).good().contains('\r'));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn files_that_are_not_what_they_should_be() {
    let world = World::new();
    world.write("event", event("payments"));
    world.write("empty", "");
    world.write("crlf.pem", String::from_utf8(world.read(PIPELINE)).unwrap().replace('\n', "\r\n"));
    world.write("junk.pem", "no key at all\n");
    world.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n");
    let before = world.snapshot();
    let cases: &[(&[&str], &str)] = &[
        (&["append", "--key", PIPELINE, "missing"], "there is no file `missing`"),
        (&["append", "--key", PIPELINE, "d"], "`d` is a folder"),
        (&["append", "--key", "missing", "event"], "there is no file `missing`"),
        (&["append", "--key", "d", "event"], "`d` is a folder"),
        (&["append", "--key", "empty", "event"], "empty: the key file is empty"),
        (&["append", "--key", "crlf.pem", "event"], "Windows line ends"),
        (&["append", "--key", "junk.pem", "event"], "junk.pem: this is no key file"),
        (&["append", "--key", "public.pem", "event"], "public half"),
        (&["append", "event"], "no key to sign with"),
        (&["append", "--key", PIPELINE, "--label", "A B", "event"], "`A B` is not a label"),
        (&["append", "--key", PIPELINE, "--stream", "event", "event"], "not the state of a stream"),
        (&["append", "--key", PIPELINE, "--signed", "event"], "`actor` is not a member"),
        (&["append", "--key", PIPELINE, "--ledger", "event", "event"], "event"),
        (&["append", "--key", PIPELINE, "--ledger", "d", "event"], "there is no ledger here"),
        (&["append", "--key", PIPELINE, "--state", "event", "event"], "state"),
        (&["verify", "--policy", "empty"], "empty"),
        (&["verify", "--policy", "missing"], "there is no file `missing`"),
        (&["verify", "--checkpoint", "d"], "`d` is a folder"),
        (&["verify", "--checkpoint", "empty"], "empty: "),
        (&["verify", "--checkpoint", "event"], "event: "),
        (&["append", "--key", PIPELINE, "--stream", ".", "event"], "`.` names no file"),
        (&["append", "--key", PIPELINE, "--stream", "..", "event"], "`..` names no file"),
        (&["log", "--limit", "x"], "`x` for `--limit <N>`: a whole number"),
        (&["log", "--limit", ""], "a whole number"),
        (&["show", "first"], "an index from 0, or `last`"),
        (&["verify", "--origin", "example.com"], "--origin"),
        (&["show", "18446744073709551615"], "there is no entry"),
        (&["show", "18446744073709551616"], "18446744073709551616"),
        (&["prove", "18446744073709551615"], "there is no entry"),
        (&["init", "event", "--name", "a", "--root", "x=hr:1", "--solo"], "there is no file `x`"),
        (
            &["init", "event", "--name", "a", "--root", "d/keys/root-1.pem=hr:1", "--solo"],
            "a folder is expected",
        ),
        (
            &["init", "new", "--name", "a", "--root", "d/keys/root-1.pem", "--solo"],
            "does not name a root",
        ),
        (
            &["init", "new", "--name", "a", "--root", "d/keys/root-1.pem=hr", "--solo"],
            "does not name a person",
        ),
        (&["key", "new", "no/such/folder/k.pem"], "its folder does not exist"),
        (&["key", "new", "event"], "`event` is there already"),
        (&["key", "show", "event"], "event: this is no key file"),
        (
            &[
                "key",
                "register",
                "--key",
                "d/keys/root-1.pem",
                "--new",
                PIPELINE,
                "--service",
                "x",
                "--capability",
                "fly",
            ],
            "/data/capabilities/0",
        ),
        (&["tiles", "--to", "event"], "event"),
        (&["witness", "--key", "d/keys/signer.pem", "--name", "a b"], "--name"),
    ];
    let mut bare = Vec::new();
    for (args, wanted) in cases {
        let said = world.run(args).bad(2);
        assert!(said.contains(wanted), "{args:?}: `{wanted}` is not in: {said}");
        if !said.contains("\nledger: hint: ") {
            bare.push(said);
        }
    }
    assert!(world.snapshot() == before);
    assert!(bare.is_empty(), "without a hint:\n{}", bare.join("\n"));
    assert!(!world.path("new").exists());
}

#[test]
fn variables_that_are_empty_or_unset() {
    let world = World::new();
    for name in ["LEDGER_DIR", "LEDGER_STATE"] {
        let said =
            common::Ended::from(world.command(&["log"]).env(name, "").output().unwrap()).bad(2);
        assert!(said.contains(&format!("`{name}` is set, but empty")), "{said}");
    }
    world.write("event", event("payments"));
    let mut command = world.command(&["append", "event"]);
    let said = common::Ended::from(command.env("LEDGER_KEY", "").output().unwrap()).bad(2);
    assert!(said.contains("`LEDGER_KEY` is set, but empty"), "{said}");
    let said =
        common::Ended::from(world.command(&["log"]).env_remove("LEDGER_DIR").output().unwrap());
    assert!(said.bad(2).contains("no ledger is named"));
    let said =
        common::Ended::from(world.command(&["log"]).env_remove("LEDGER_STATE").output().unwrap());
    assert!(said.bad(2).contains("no place for what is kept outside"));
}

#[test]
fn errors_for_machines() {
    let world = World::new();
    let ended = world.run(&["show", "99", "--json"]);
    assert_eq!(ended.status, 2);
    assert_eq!(
        ended.stderr,
        "{\"error\":{\"code\":\"no-entry\",\"hint\":\"the ledger has 64 entries, from 0\",\"message\":\"there is no entry 99\"}}\n"
    );
}
