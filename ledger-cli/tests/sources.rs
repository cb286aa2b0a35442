//! What sources do to an importer: each of it is survived, and nothing is lost.
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

/// A ledger whose relay key may speak for these sources.
fn world(sources: &[&str]) -> World {
    let world = World::empty();
    for key in ["a.pem", "b.pem", "relay.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    let relays = sources.iter().map(|source| format!("relay:{source}"));
    let relays: Vec<String> = relays.chain(["append:*".to_owned()]).collect();
    let mut args = vec!["key", "register", "--key", "a.pem", "--key", "b.pem"];
    args.extend(["--new", "relay.pem", "--service", "relay"]);
    for relay in &relays {
        args.extend(["--capability", relay.as_str()]);
    }
    world.run(&args).good();
    world
}

/// The numbers of the summary: read, recorded, duplicate, unmapped, quarantined; they tie.
fn import(world: &World, args: &[&str]) -> [u64; 5] {
    let ended = world.run(&[&["import"], args, &["--key", "relay.pem"]].concat());
    assert!(ended.status < 2, "{}{}", ended.stdout, ended.stderr);
    let numbers = ended.stdout.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<u64> = numbers.filter_map(|digits| digits.parse().ok()).take(5).collect();
    assert_eq!(numbers[0], numbers[1..].iter().sum::<u64>(), "{}", ended.stdout);
    assert_eq!(ended.status == 1, numbers[4] > 0, "{}", ended.stdout);
    numbers.try_into().unwrap()
}

fn aside(world: &World, name: &str) -> String {
    String::from_utf8(world.read(&format!("{name}.quarantine.jsonl"))).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn trail(id: &str, more: &str) -> String {
    format!(
        r#"{{"eventID":"{id}","eventName":"DeleteTrail","eventSource":"cloudtrail.amazonaws.com","eventTime":"2026-07-01T09:30:00Z","recipientAccountId":"1","userIdentity":{{"type":"Root","arn":"arn:aws:iam::1:root"}}{more}}}"#
    )
}

#[test]
fn documents_however_they_are_packed_and_strung_together() {
    let world = world(&["aws-cloudtrail"]);
    let two = format!("{}{}", trail("a", ""), trail("b", ""));
    world.write("two.json", &two);
    world.write(
        "records.json.gz",
        gzip(format!("{{\"Records\":[{two}]}}").replace("}{", "},{").as_bytes()),
    );
    world.write("lines.jsonl", format!("\u{feff}{}\r\n\n{}\n", trail("c", ""), trail("d", "")));
    world.write("nothing.json", "");
    assert_eq!(import(&world, &["aws-cloudtrail", "two.json"]), [2, 2, 0, 0, 0]);
    assert_eq!(import(&world, &["aws-cloudtrail", "records.json.gz"]), [2, 0, 2, 0, 0]);
    assert_eq!(import(&world, &["aws-cloudtrail", "lines.jsonl"]), [2, 2, 0, 0, 0]);
    assert_eq!(import(&world, &["aws-cloudtrail", "nothing.json"]), [0, 0, 0, 0, 0]);
    let packed = gzip(format!("{}\n{}\n", trail("e", ""), trail("f", "").repeat(50)).as_bytes());
    world.write("cut.json.gz", &packed[..packed.len() - 10]);
    let [read, recorded, .., quarantined] = import(&world, &["aws-cloudtrail", "cut.json.gz"]);
    assert!(read > 1 && recorded > 0 && quarantined == 1);
    assert!(aside(&world, "cut.json.gz").contains("gzip-truncated"));
    world.run(&["verify"]).good();
}

#[test]
fn values_that_others_cannot_hold_are_kept() {
    let world = world(&["aws-cloudtrail"]);
    let more = r#","n":18446744073709551617,"m":-1e400,"c":"\u0000\u001b[2J","é":"x"#;
    let lines = [
        trail("a", &format!("{more}\u{1}\"")),
        trail("b", r#","x":1,"x":2"#),
        format!("{}{}", "[".repeat(1000), "]".repeat(1000)),
        trail("c", &format!(r#","deep":{}1{}"#, "{\"a\":".repeat(1000), "}".repeat(1000))),
        trail("d", ""),
    ];
    world.write("odd.jsonl", lines.join("\n"));
    let [read, recorded, _, _, quarantined] = import(&world, &["aws-cloudtrail", "odd.jsonl"]);
    assert_eq!(recorded, 2);
    assert!(read >= 5 && quarantined == read - 2);
    let aside = aside(&world, "odd.jsonl");
    assert!(aside.contains("json-duplicate") && aside.contains("json-depth"), "{aside}");
    world.run(&["verify"]).good();
}

#[test]
fn bombs_end_where_a_record_may_end() {
    let world = world(&["aws-cloudtrail", "junit"]);
    // 200 MB of one string, and of one document, in some kilobytes
    let mut bomb = br#"{"eventID":""#.to_vec();
    bomb.resize(200 << 20, b'a');
    world.write("text.json.gz", gzip(&bomb));
    let mut bomb = b"<testsuite>".to_vec();
    bomb.resize(200 << 20, b' ');
    world.write("report.xml.gz", gzip(&bomb));
    assert_eq!(import(&world, &["aws-cloudtrail", "text.json.gz"])[4], 1);
    assert!(aside(&world, "text.json.gz").contains("record-large"));
    assert_eq!(import(&world, &["junit", "report.xml.gz"])[4], 1);
    assert!(aside(&world, "report.xml.gz").contains("record-large"));
    // an archive is no list of records, whatever it holds
    world.write("many.zip", [&b"PK\x03\x04\x14\0\n{\"a\":1}\n"[..], &[b'\n'; 4096]].concat());
    assert_eq!(import(&world, &["aws-cloudtrail", "many.zip"]), [1, 0, 0, 0, 1]);
    // a billion laughs, and a file of the machine
    let laughs =
        r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><testsuite name="&b;"/>"#;
    world.write("laughs.xml", laughs);
    let outside =
        r#"<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>"#;
    world.write("outside.xml", outside);
    for name in ["laughs.xml", "outside.xml"] {
        assert_eq!(import(&world, &["junit", name]), [1, 0, 0, 0, 1]);
        assert!(aside(&world, name).contains("xml-entity"));
    }
}

#[test]
fn a_report_in_latin_letters_is_read() {
    let world = world(&["junit"]);
    let mut report =
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><testsuite name=\"caf".to_vec();
    report
        .extend(b"\xe9\" timestamp=\"2026-07-01T09:30:00\"><testcase name=\"\xfc\"/></testsuite>");
    world.write("latin.xml", &report);
    let artifact = format!("artifact=sha256:{}", "d2".repeat(32));
    let given = ["--given", &artifact, "--given", "run=1", "--given", "level=unit"];
    assert_eq!(import(&world, &[&["junit", "latin.xml"], &given[..]].concat()), [1, 1, 0, 0, 0]);
    let entry = world.run(&["show", "2", "--raw"]).good();
    // it told no zone
    assert!(entry.contains(r#""time_quality":"zone_assumed""#), "{entry}");
}

#[test]
fn seconds_of_every_size_are_one_time() {
    let world = world(&["github"]);
    let line = |id: u8, at: &str| {
        format!(
            r#"{{"_document_id":"{id}","@timestamp":{at},"action":"protected_branch.destroy","actor":"mona","actor_id":7,"org":"o","repo":"o/r"}}"#
        )
    };
    let times = ["1782898200", "1782898200000", "1782898200000000", "1782898200000000000"];
    let lines: Vec<String> = (0..).zip(times).map(|(id, at)| line(id, at)).collect();
    world.write("audit.jsonl", lines.join("\n"));
    assert_eq!(import(&world, &["github", "audit.jsonl"]), [4, 4, 0, 0, 0]);
    for index in ["2", "3", "4", "5"] {
        let entry = world.run(&["show", index, "--raw"]).good();
        assert!(entry.contains(r#""occurred_at":"2026-07-01T09:30:00.000000Z""#), "{entry}");
    }
}

#[test]
fn the_same_delivery_five_times_and_an_id_for_two_contents() {
    let world = world(&["aws-cloudtrail"]);
    for number in 0..5 {
        world.write("one.json", trail("a", ""));
        let expected = if number == 0 { [1, 1, 0, 0, 0] } else { [1, 0, 1, 0, 0] };
        assert_eq!(import(&world, &["aws-cloudtrail", "one.json"]), expected, "{number}");
    }
    // in one file, and in one batch: the conflict names the entry of the record before it
    let lines = [trail("a", ""), trail("x", ""), trail("x", r#","y":1"#), trail("a", r#","y":2"#)];
    world.write("more.jsonl", lines.join("\n"));
    assert_eq!(import(&world, &["aws-cloudtrail", "more.jsonl"]), [4, 3, 1, 0, 0]);
    let conflicts = world.run(&["log", "--type", "source.conflicted"]).good();
    assert_eq!(conflicts.lines().count(), 2, "{conflicts}");
    let (first, second) =
        (world.run(&["show", "4", "--raw"]).good(), world.run(&["show", "5", "--raw"]).good());
    assert!(first.contains(r#""first_index":3,"source_id":"1/x""#), "{first}");
    assert!(second.contains(r#""first_index":2,"source_id":"1/a""#), "{second}");
    world.run(&["verify"]).good();
}

#[test]
fn what_a_source_does_not_say_is_missing() {
    let world = world(&["aws-cloudtrail", "github"]);
    let line = trail("a", "").replace(r#""type":"Root","arn":"arn:aws:iam::1:root""#, "");
    world.write("one.json", line);
    assert_eq!(import(&world, &["aws-cloudtrail", "one.json"])[1], 1);
    let entry = world.run(&["show", "2", "--raw"]).good();
    for name in ["\"changer\"", "\"before\"", "unsaid", "e3b0c442"] {
        assert!(!entry.contains(name), "{name} {entry}");
    }
    let deployment = r#"{"deployment":{"id":7,"sha":"","environment":"prod","created_at":"2026-07-01T09:30:00Z","creator":{"id":1,"login":"m","type":"User"}},"action":"created","repository":{"full_name":"o/r"}}"#;
    world.write(
        "d.http",
        format!("POST / HTTP/1.1\r\nX-GitHub-Event: deployment\r\n\r\n{deployment}"),
    );
    assert_eq!(import(&world, &["github", "d.http"])[1], 1);
    let entry = world.run(&["show", "3", "--raw"]).good();
    assert!(entry.contains("deployment.started"), "{entry}");
    for name in ["\"artifact\"", "\"change\"", "\"ref\""] {
        assert!(!entry.contains(name), "{name} {entry}");
    }
}

#[test]
fn tables_with_formulas_and_line_ends_and_numbers_of_persons() {
    let world = world(&["access-csv", "hr-csv"]);
    world.write("map.json", r#"{"account":"Login","entitlement":"Role"}"#);
    world.write("list.csv", "Login,Role\nmona,\"=cmd|' /C calc'!A0\"\nolga,\"a\nb\"\n");
    let given =
        ["--given", "mapping=map.json", "--given", "system=shop", "--given", "complete=yes"];
    assert_eq!(
        import(&world, &[&["access-csv", "list.csv"], &given[..]].concat()),
        [1, 1, 0, 0, 0]
    );
    let entry = world.run(&["show", "2", "--raw"]).good();
    assert!(entry.contains(r#""rows":2"#) && entry.contains("access-rows.jsonl"), "{entry}");
    assert!(!entry.contains("mona") && !entry.contains("calc"), "{entry}");
    // the original and the list of names open for the vault's owner
    let absorbed = world.run(&["vault", "absorb", "--json"]).good();
    assert!(absorbed.contains(r#""attachments":2"#), "{absorbed}");
    world.write("hr.csv", "person,event,effective_at,kind\nnr-4711,left,2026-07-01,employee\nnr-1,odd,2026-07-01,employee\n");
    assert_eq!(import(&world, &["hr-csv", "hr.csv"]), [2, 1, 0, 0, 1]);
    assert_eq!(import(&world, &["hr-csv", "hr.csv"]), [2, 0, 1, 0, 1]);
    let entry = world.run(&["show", "3", "--raw"]).good();
    assert!(entry.contains("person.changed") && !entry.contains("4711"), "{entry}");
    world.run(&["verify"]).good();
}

#[test]
fn an_extract_is_compared_both_ways_and_recorded() {
    let world = world(&["aws-cloudtrail"]);
    let lines = [trail("a", ""), trail("b", ""), trail("c", ""), trail("c", ",\"y\":1")];
    world.write("log.jsonl", lines.join("\n"));
    assert_eq!(import(&world, &["aws-cloudtrail", "log.jsonl"])[1], 4);
    let reconcile = |file: &str, form: &[&str]| {
        let window =
            ["--from", "2026-07-01", "--to", "2026-07-02", "--query", "all", "--prefix", "1/"];
        let who = ["--population", "records", "--extractor", "hr/4711", "--key", "relay.pem"];
        world.run(&[&["reconcile", "aws-cloudtrail", file], &window[..], &who, form].concat())
    };
    world.write("ids.csv", "id,when\nb,1\nc,2\nd,3\n");
    let ended = reconcile("ids.csv", &["--json"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let counts =
        r#"{"different":1,"extra":1,"index":6,"matched":1,"missing":1,"source_count":3,"tool":{"#;
    assert!(ended.stdout.starts_with(counts), "{}", ended.stdout);
    let entry = world.run(&["show", "6", "--raw"]).good();
    assert!(entry.contains("source.reconciled") && entry.contains("differences.jsonl"), "{entry}");
    // only one side is no reason to pass
    world.write("ids.json", r#"["a","b"]"#);
    assert_eq!(reconcile("ids.json", &[]).status, 1);
    for (name, bytes) in
        [("empty.csv", "id\n"), ("empty.json", "[]"), ("cut.json", "[{\"id\":\"a\"")]
    {
        world.write(name, bytes);
        let before = world.snapshot();
        reconcile(name, &[]).bad(2);
        assert_eq!(world.snapshot(), before);
    }
    world.run(&["verify"]).good();
}

#[test]
fn a_folder_is_followed_and_each_file_is_imported_once() {
    let world = world(&["aws-cloudtrail"]);
    std::fs::create_dir(world.path("in")).unwrap();
    let watch = || {
        let args = ["import", "aws-cloudtrail", "in", "--watch", "--every", "1", "--idle", "1"];
        world.run(&[&args[..], &["--key", "relay.pem"]].concat())
    };
    world.write("in/a.json", trail("a", ""));
    assert!(watch().good().starts_with("1 read: 1 recorded"));
    // nothing is new; then another file, and one that grew
    assert!(watch().good().starts_with("0 read"));
    world.write("in/b.json", trail("b", ""));
    world.write("in/a.json", format!("{}\n{}", trail("a", ""), trail("c", "")));
    assert!(watch().good().starts_with("3 read: 2 recorded, 1 duplicate"));
    // killed between the ledger and its memory: the same again is a duplicate
    std::fs::remove_file(world.path("in/.ledger-imported")).unwrap();
    assert!(watch().good().starts_with("3 read: 0 recorded, 3 duplicate"));
    world.run(&["import", "aws-cloudtrail", "--watch", "--key", "relay.pem"]).bad(2);
    world.run(&["verify"]).good();
}
