//! Appending through the real program: streams, forks, conflicts, receipts, recovery.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

mod common;

use common::{PIPELINE, World, event};

#[test]
fn all_or_nothing() {
    let world = World::new();
    let before = world.snapshot();
    let lines =
        format!("{}\n{}\n", event("payments"), event("accounts").replace("succeeded", "won"));
    world.pipe(&["append", "--key", PIPELINE], lines.as_bytes()).bad(2);
    assert!(world.snapshot() == before);
}

#[test]
fn many_events_at_once() {
    let world = World::new();
    let lines: String = (0..500).map(|n| event(&format!("s{n}")) + "\n").collect();
    let said = world.pipe(&["append", "--key", PIPELINE, "-"], lines.as_bytes()).good();
    assert_eq!(said.lines().count(), 500);
    assert!(said.starts_with("entry 64  "), "{said}");
    assert_eq!(world.size(), 564);
    world.run(&["verify"]).good();
}

#[test]
fn a_stream_goes_on_from_call_to_call() {
    let world = World::new();
    world.write("event", event("payments"));
    for index in 64..67 {
        let said = world.append(&["--stream", "stream", "event"]).good();
        assert!(said.starts_with(&format!("entry {index}  ")), "{said}");
    }
    world.append(&["--stream", "stream", "--final", "event"]).good();
    let said = world.append(&["--stream", "stream", "event"]).bad(1);
    assert!(said.contains("final"), "{said}");
    for (index, seq) in [(64, 0), (66, 2), (67, 3)] {
        let shown = world.run(&["show", &index.to_string()]).good();
        assert!(shown.contains(&format!(" at {seq}\n")), "{shown}");
    }
    let said = world.run(&["verify"]).good();
    assert!(said.contains("no gap in any stream"), "{said}");
}

#[test]
fn a_stream_has_one_owner() {
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["--stream", "stream", "event"]).good();
    let other = ["append", "--key", "d/keys/root-1.pem", "--stream", "stream", "event"];
    assert!(world.run(&other).bad(2).contains("belongs to another key"));
}

#[test]
fn a_fork_is_refused_and_kept_once() {
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["--stream", "stream", "event"]).good();
    let older = world.read("stream");
    world.append(&["--stream", "stream", "event"]).good();
    for (service, entry) in [("accounts", "entry 66"), ("reports", "entry 66")] {
        world.write("stream", &older);
        world.write("event", event(service));
        let said = world.append(&["--stream", "stream", "event"]).bad(1);
        assert!(said.contains("stream.forked") && said.contains(entry), "{said}");
        assert_eq!(world.size(), 67);
    }
    let forked = world.run(&["show", "66", "--raw"]).good();
    assert!(forked.contains(r#""first_index":65,"seq":1"#), "{forked}");
    let digest = forked.split(r#""conflicting":"sha256:"#).nth(1).unwrap().get(..64).unwrap();
    let kept = String::from_utf8(world.read(&format!("d/ledger/blobs/{digest}"))).unwrap();
    assert!(kept.contains("accounts") && kept.contains(r#""signatures":["#), "{kept}");
    assert!(!kept.contains("runner-1"), "what is sealed is not in the blob: {kept}");
    world.run(&["verify"]).good();
}

/// A producer that was killed before it knew whether its events arrived delivers the same bytes.
#[test]
fn a_stream_that_was_interrupted_makes_no_second_copy() {
    use ledger_core::{encoding::hex, hash::Sha256, json};
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["--stream", "stream", "event"]).good();
    // the file as it stood between its first write and the receipt
    let line = world.run(&["show", "64", "--json"]).good();
    let (signed, signatures) = (
        between(&line, r#""event":"#, r#","index""#),
        between(&line, r#""signatures":"#, r#"},"hash""#),
    );
    let name: Vec<&str> = between(signed, r#""stream":""#, r#"","subject""#).split('/').collect();
    let draft = json::read(event("payments").as_bytes()).unwrap().to_canonical() + "\n";
    let input = hex(&Sha256::of(draft.as_bytes()).0);
    let (owner, random) = (name[0], name[2]);
    let interrupted = format!(
        "{{\"format\":\"release-ledger/stream@v1\",\"input\":\"{input}\",\"label\":\"cli\",\"owner\":\"{owner}\",\"random\":\"{random}\",\"seq\":0}}\n{{\"event\":{signed},\"signatures\":{signatures}}}\n"
    );
    // the same call again is the same event
    world.write("stream", &interrupted);
    let said = world.append(&["--stream", "stream", "event"]).good();
    assert!(said.starts_with("entry 64  ") && said.contains("was there before"), "{said}");
    assert_eq!(world.size(), 65);
    // another call delivers the old one first
    world.write("stream", &interrupted);
    world.write("event", event("accounts"));
    assert!(world.append(&["--stream", "stream", "event"]).good().starts_with("entry 65  "));
    assert!(world.run(&["verify"]).good().contains("no gap in any stream"));
}

/// What was certainly not appended leaves the stream where it was.
#[test]
fn a_stream_that_was_refused_has_no_gap() {
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["--stream", "stream", "event"]).good();
    let copy = world.snapshot();
    let poison = world.path("d/ledger/poison");
    std::fs::write(&poison, "test\n").unwrap();
    world.append(&["--stream", "stream", "event"]).bad(2);
    std::fs::remove_file(&poison).unwrap();
    assert!(world.snapshot() == copy);
    let said = world.append(&["--stream", "stream", "event"]).good();
    assert!(said.starts_with("entry 65  "), "{said}");
    assert!(world.run(&["verify"]).good().contains("no gap in any stream"));
}

const IMPORT: &str =
    r#""source":"github","source_id":"4711","ordinal":0,"adapter":"test/1","original":"#;

fn imported(original: char) -> String {
    let hash = format!("\"{}=\"", original.to_string().repeat(43));
    event("payments").replacen('{', &format!("{{{IMPORT}{hash},"), 1)
}

#[test]
fn imports_are_known_by_their_source() {
    let world = World::new();
    let roots = ["--key", "d/keys/root-1.pem", "--key", "d/keys/root-2.pem"];
    world.run(&["key", "new", "relay.pem"]).good();
    let what = ["--new", "relay.pem", "--service", "importer", "--capability", "relay:github"];
    world.run(&[&["key", "register"], &roots[..], &what].concat()).good();
    let append = |original| {
        world.write("event", imported(original));
        world.run(&["append", "--key", "relay.pem", "event"])
    };
    assert!(append('A').good().starts_with("entry 65  "));
    assert!(append('A').good().contains("was there before"));
    let said = append('E').bad(1);
    assert!(said.contains("source.conflicted`, entry 66"), "{said}");
    assert!(append('E').bad(1).contains("known already: `source.conflicted`, entry 66"));
    assert!(append('I').bad(1).contains("source.conflicted`, entry 67"));
    let kept = world.run(&["show", "66", "--raw"]).good();
    assert!(kept.contains(r#""data":{"first_index":65,"source_id":"4711"}"#), "{kept}");
    world.run(&["verify"]).good();
}

#[test]
fn signed_events_are_taken_as_they_are() {
    let world = World::new();
    world.write("event", event("payments"));
    world.append(&["--stream", "stream", "event"]).good();
    world.append(&["--stream", "stream", "event"]).good();
    // what a fork keeps is a signed event: deliver it to a copy of the ledger from before it
    world.write("junk", r#"{"event":{},"signatures":[]}"#);
    world.run(&["append", "--signed", "junk"]).bad(2);
    let line = world.run(&["show", "64", "--json"]).good();
    let event = between(&line, r#""event":"#, r#","index""#);
    let signatures = between(&line, r#""signatures":"#, r#"},"hash""#);
    world.write("signed", format!(r#"{{"event":{event},"signatures":{signatures}}}"#));
    let said = world.run(&["append", "--signed", "signed"]).good();
    assert!(said.starts_with("entry 64  ") && said.contains("was there before"), "{said}");
    let changed = event.replace("succeeded", "failed");
    world.write("signed", format!(r#"{{"event":{changed},"signatures":{signatures}}}"#));
    let said = world.run(&["append", "--signed", "signed"]).bad(1);
    assert!(said.contains("a signature is not by the key"), "{said}");
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap().1;
    rest.rsplit_once(to).unwrap().0
}

#[test]
fn a_ledger_that_went_back_is_refused() {
    let world = World::new();
    world.write("event", event("payments"));
    let before = world.snapshot();
    world.append(&["event"]).good();
    world.restore(&before);
    let said = world.append(&["event"]).bad(1);
    assert!(said.contains("no longer holds entry 64"), "{said}");
    let ended = world.run(&["verify"]);
    assert_eq!(ended.status, 1);
    assert!(ended.stdout.contains("receipt"), "{}", ended.stdout);
}

#[test]
fn another_ledger_at_the_same_path_is_refused() {
    let world = World::new();
    let other = ["init", "other", "--name", "other", "--root", "d/keys/root-1.pem=hr:1", "--solo"];
    world.run(&other).good();
    std::fs::rename(world.path("d/ledger"), world.path("gone")).unwrap();
    std::fs::rename(world.path("other"), world.path("d/ledger")).unwrap();
    assert!(world.run(&["log"]).bad(1).contains("another ledger stands here"));
    let ended = world.run(&["verify"]);
    assert_eq!(ended.status, 1);
    assert!(ended.stdout.contains("[anchor, pin]"), "{}", ended.stdout);
}

#[test]
fn recovery_is_recorded_by_the_next_append() {
    use std::io::Write as _;
    let world = World::new();
    world.write("event", event("payments"));
    let segment = world.path("d/ledger/entries/00000000000000000000.jsonl");
    let mut file = std::fs::File::options().append(true).open(segment).unwrap();
    file.write_all(b"{\"torn").unwrap();
    let said = world.run(&["recover"]).good();
    assert!(said.contains("set aside  6 bytes"), "{said}");
    assert_eq!(world.run(&["recover"]).good(), "nothing to mend\n");
    assert!(world.append(&["event"]).good().starts_with("entry 65  "));
    assert!(world.run(&["show", "64", "--raw"]).good().contains(r#""set_aside_bytes":6"#));
    // nothing was set aside, and yet it is recorded
    std::fs::write(world.path("d/ledger/poison"), "test\n").unwrap();
    world.append(&["event"]).bad(2);
    assert!(world.run(&["recover"]).good().contains("mark       of a failed sync, lifted"));
    assert!(world.append(&["event"]).good().starts_with("entry 67  "));
    assert_eq!(world.size(), 68);
    world.run(&["verify"]).good();
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let world = World::new();
    let mut command = world.command(&["log"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn two_programs_append_at_once() {
    let world = World::new();
    world.write("event", event("payments"));
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = world.command(&["append", "--key", PIPELINE, "event"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut indexes: Vec<String> = children
        .into_iter()
        .map(|child| {
            let said = common::Ended::from(child.wait_with_output().unwrap()).good();
            said.split_whitespace().nth(1).unwrap().to_owned()
        })
        .collect();
    indexes.sort();
    assert_eq!(indexes, ["64", "65", "66", "67", "68", "69", "70", "71"]);
    world.run(&["verify"]).good();
}

/// What the state remembers of the demonstration's ledger.
fn remembered(world: &World, name: &str) -> std::path::PathBuf {
    let state = world.path("d/state");
    let folders = std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    folders.filter(|path| path.join("pin").exists()).last().unwrap().join(name)
}

#[test]
fn an_event_names_the_newest_checkpoint_its_producer_saw() {
    let world = World::new();
    world.write("event", event("payments"));
    let signer = ["checkpoint", "--key", "d/keys/signer.pem"];
    let own = r#""seen":{"root":"+oJXQDevrNgiu8LURL1MRC7lyUExEgfoJnmKPceKmLk=","size":64}"#;
    world.append(&["event"]).good();
    assert!(world.run(&["show", "64", "--raw"]).good().contains(own));
    world.run(&signer).good();
    world.append(&["--stream", "stream", "event"]).good();
    assert!(world.run(&["show", "65", "--raw"]).good().contains(r#""size":65}"#));
    let note = world.read("d/ledger/checkpoint");
    assert!(std::fs::read(remembered(&world, "checkpoint")).unwrap() == note);
    world.write("event", event("payments").replacen('{', &format!("{{{own},"), 1));
    world.append(&["event"]).good();
    assert!(world.run(&["show", "66", "--raw"]).good().contains(own));
    // what recovery, forks and registrations record names it too
    world.run(&["key", "new", "k.pem"]).good();
    let roots = ["key", "register", "--key", "d/keys/root-1.pem", "--key", "d/keys/root-2.pem"];
    let what = ["--new", "k.pem", "--service", "web", "--capability", "append:*"];
    world.run(&[&roots[..], &what].concat()).good();
    assert!(world.run(&["show", "67", "--raw"]).good().contains(r#""size":65}"#));
    world.run(&["verify"]).good();
}

#[test]
fn an_event_of_a_ledger_without_checkpoint_names_none() {
    let world = World::new();
    world.write("event", event("payments"));
    for name in ["checkpoint", "checkpoints.log"] {
        std::fs::remove_file(world.path("d/ledger").join(name)).unwrap();
    }
    world.append(&["event"]).good();
    assert!(!world.run(&["show", "64", "--raw"]).good().contains("seen"));
    assert!(!remembered(&world, "checkpoint").exists());
    // nor of one that nobody known signed, and it says so
    world.write("d/ledger/checkpoint", "junk\n");
    let ended = world.append(&["event"]);
    assert!(ended.stderr.contains("events do not speak of the ledger's checkpoint"));
    assert!(ended.good().starts_with("entry 65  "));
    assert!(!world.run(&["show", "65", "--raw"]).good().contains("seen"));
}

#[test]
fn checkpoints_that_went_back_are_found() {
    let world = World::new();
    world.write("event", event("payments"));
    let older = ["checkpoint", "checkpoints.log"]
        .map(|name| (format!("d/ledger/{name}"), world.read(&format!("d/ledger/{name}"))));
    world.append(&["event"]).good();
    world.run(&["checkpoint", "--key", "d/keys/signer.pem"]).good();
    world.append(&["event"]).good();
    // the newest is in the archive: nothing is lost, and the event names it
    world.write(&older[0].0, &older[0].1);
    let ended = world.append(&["event"]);
    assert!(ended.stderr.contains("`checkpoint` is older than `checkpoints.log`"));
    ended.good();
    assert!(world.run(&["show", "66", "--raw"]).good().contains(r#""size":65}"#));
    // it is not: the folder went back
    world.write(&older[1].0, &older[1].1);
    let before = world.snapshot();
    let said = world.append(&["event"]).bad(1);
    assert!(said.contains("no longer has the checkpoint of 65 entries"), "{said}");
    assert!(world.snapshot() == before);
    // two of one size are a fork of the signer
    let kept = String::from_utf8(older[0].1.clone()).unwrap().replace("+oJX", "+oJY");
    std::fs::write(remembered(&world, "checkpoint"), kept).unwrap();
    let said = world.append(&["event"]).bad(1);
    assert!(said.contains("two checkpoints of 64 entries differ"), "{said}");
    // a checkpoint of more entries than there are
    let more = String::from_utf8(older[0].1.clone()).unwrap().replacen("\n64\n", "\n99\n", 1);
    std::fs::write(remembered(&world, "checkpoint"), &more).unwrap();
    let said = world.append(&["event"]).bad(1);
    assert!(said.contains("a checkpoint of 99 entries was seen"), "{said}");
    std::fs::write(remembered(&world, "checkpoint"), "junk").unwrap();
    assert!(world.append(&["event"]).bad(2).contains("not what was written"));
    assert!(world.snapshot() == before);
}
