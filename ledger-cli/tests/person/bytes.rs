//! After an erasure every byte is searched: of the ledger, the vault, the state, spools, what was set
//! aside, and packed originals.

use std::io::Write as _;

use super::{SIGN, World, found, with, world};

/// All spellings of the person, as producers and sources write them.
const NAMES: [&str; 6] =
    ["Lovelace", "ada@example.com", "ada%40example.com", "ada-l", "alovelace", "E-47110"];

const JOINED: &str = r#"{"type":"person.changed","occurred_at":"2026-07-01T12:30:00.000000Z",
"actor":{"kind":"service","id":{"issuer":"ci","id":"importer"}},"subject":{"person":"p-1"},
"data":{"event":"joined","person":{"issuer":"github","id":"ada-l"},"effective_at":"2026-07-01T12:30:00.000000Z",
"kind":"employee","employee_ref":"E-47110"}}"#;

const ACCESS: &str = r#"{"type":"access.changed","occurred_at":"2026-07-01T12:30:00.000000Z",
"actor":{"kind":"service","id":{"issuer":"ci","id":"importer"}},"subject":{"system":"payments"},
"data":{"object":"account","principal":{"issuer":"github","id":"ada-l"},"account":"alovelace","action":"granted",
"executor":{"issuer":"github","id":"bob-k"},"effective_at":"2026-07-01T12:30:00.000000Z"}}"#;

const NOTE: &str = r#"{"type":"change.recorded","occurred_at":"2026-07-01T12:30:00.000000Z",
"actor":{"kind":"service","id":{"issuer":"ci","id":"importer"}},"subject":{"change":"c-2"},
"data":{"state":"open","opened_at":"2026-07-01T12:30:00.000000Z","requester":{"issuer":"github","id":"bob-k"},
"title":"ask ada-l","description":"nobody is named in Canada"}}"#;

/// A record of another system that names the person in every way.
const RECORD: &str = r#"{"specversion":"1.0","id":"1","source":"/hr","type":"com.example.joined",
"time":"2026-07-01T09:30:00Z","data":{"name":"Ada Lovelace","mail":"Ada@Example.com","login":"alovelace",
"no":"E-47110","link":"https://hr.example/?by=ada%40example.com","user":"ada-l"}}"#;

fn record(world: &World) -> super::common::Ended {
    world.run(&[
        "record",
        "deployment.finished",
        "--deployment",
        "d-9",
        "--service",
        "payments",
        "--environment",
        "production",
        "--outcome",
        "succeeded",
        "--actor",
        "github:ada-l",
        "--key",
        "ci.pem",
    ])
}

#[test]
fn every_byte_is_searched_after_an_erasure() {
    let world = world();
    world.run(&["key", "new", "relay.pem"]).good();
    let keys = ["--key", "a.pem", "--key", "b.pem", "--service", "relay"];
    let register = ["key", "register", "--new", "relay.pem", "--capability", "relay:cloudevents"];
    world.run(&[&register[..], &keys].concat()).good();
    for (name, event) in [("joined", JOINED), ("access", ACCESS), ("note", NOTE)] {
        world.write(name, event);
        world.run(&["append", "--key", "ci.pem", name]).good();
    }
    // a packed file of originals, which is unpacked before it is encrypted
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(RECORD.as_bytes()).unwrap();
    world.write("hr.json.gz", packed.finish().unwrap());
    world.run(&["import", "cloudevents", "hr.json.gz", "--key", "relay.pem"]).good();
    // one event waits in a spool while the ledger is away
    assert!(record(&world).status == 0, "the workspace knows the ledger");
    std::fs::rename(world.path("d/ledger"), world.path("d/away")).unwrap();
    assert_eq!(record(&world).status, 0, "it is safe in the spool");
    std::fs::rename(world.path("d/away"), world.path("d/ledger")).unwrap();
    for name in NAMES {
        assert!(!found(&world.path(".ledger"), name), "a spool shows nobody: {name}");
    }
    // a damaged delivery is set aside
    let inbox = world.path("d/ledger/vault/inbox");
    let mut files: Vec<_> = std::fs::read_dir(&inbox).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let damaged = files.iter().find(|file| file.extension().is_some()).unwrap();
    let mut bytes = std::fs::read(damaged).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    std::fs::write(damaged, bytes).unwrap();
    let said = world.run(&["vault", "absorb"]);
    assert!(said.status == 0 && said.stderr.contains("was set aside"), "{}", said.stderr);

    let erase = with(&["person", "erase", "github:ada-l", "--basis", "gdpr-17-1-b"]);
    let refused = world.run(&erase);
    assert!(refused.status == 2 && refused.stderr.contains("ledger flush"), "{}", refused.stderr);
    world.run(&["flush", "--key", "ci.pem"]).good();
    let done = world.run(&[&erase[..], &["--json"]].concat());
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(done.stdout.contains(r#""set_aside":1"#) && done.stderr.contains("set aside"));
    assert!(done.stdout.contains(r#""attachments":1"#), "{}", done.stdout);

    for folder in ["d", ".ledger"] {
        for name in NAMES {
            assert!(!found(&world.path(folder), name), "{name} in {folder}");
        }
    }
    // nor is it there for whoever has the vault's key: what is left names others
    let aside = world.path("d/ledger/vault/set-aside");
    for file in std::fs::read_dir(aside).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".reason"), "{name}");
    }
    let bob = world.run(&[&["person", "export", "github:bob-k"][..], &SIGN].concat());
    assert!(bob.status == 0 && bob.stdout.contains("bob-k"), "{}", bob.stderr);
    assert!(!bob.stdout.contains("ask ada-l"), "a text that names her went, too: {}", bob.stdout);
    assert!(bob.stdout.contains("nobody is named in Canada"), "{}", bob.stdout);
    assert!(world.run(&["verify"]).good().contains("INTEGRITY     holds"));
}
