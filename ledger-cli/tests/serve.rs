//! The server through the real program: what it takes, what it refuses, and what survives.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;
#[path = "serve/machine.rs"]
mod machine;

use common::{PIPELINE, World, deployed, event, times};
use machine::{Machine, Said, ask, number};

/// A signed event, as one line of a body.
fn signed(world: &World, service: &str) -> String {
    world.write("draft.json", event(service));
    let _ = std::fs::remove_file(world.path("signed.json"));
    world.run(&["sign", "--key", PIPELINE, "--to", "signed.json", "draft.json"]).good();
    let envelope: serde_json::Value = serde_json::from_slice(&world.read("signed.json")).unwrap();
    let event = machine::from_base64(envelope["payload"].as_str().unwrap());
    let signatures = envelope["signatures"].to_string().replace("keyid", "key");
    format!(
        r#"{{"disclosures":{},"event":{},"signatures":{signatures}}}"#,
        envelope["disclosures"],
        String::from_utf8(event).unwrap(),
    )
}

fn post(machine: &Machine, path: &str, token: &str, body: &str) -> Said {
    machine.send("POST", path, &[("authorization", token), JSON], body.as_bytes())
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn nothing_is_told_without_credentials() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let document = machine.send("GET", "/openapi.json", &[], b"");
    assert_eq!(document.status, 200);
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let asked = path.replace("{index}", "0").replace("{source}", "github");
            let media = operation["requestBody"]["content"].as_object();
            let media = media.and_then(|all| all.keys().next()).map_or("text/plain", |media| media);
            let media = ("content-type", media);
            let said = machine.send(&verb.to_uppercase(), &asked, &[media], b"{}");
            let open = operation["security"].as_array().unwrap().is_empty();
            assert_eq!(said.status == 401, !open, "{verb} {path}: {}", said.body);
            let known = ["token", "webhook-signature"].contains(&said.code().as_str());
            assert!(open || known, "{}", said.body);
        }
    }
    let other = machine.send("GET", "/v1/nothing", &[], b"");
    assert_eq!(other.status, 404);
    assert_eq!(machine.send("DELETE", "/v1/events", &[], b"").status, 405);
}

#[test]
fn a_token_is_for_what_it_says_until_it_ends() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let read = machine.token(&["read"]);
    let body = signed(&world, "payments");
    let said = post(&machine, "/v1/events", &read, &body);
    assert_eq!((said.status, said.code()), (403, "token-scope".to_owned()));
    let append = machine.token(&["append"]);
    assert_eq!(post(&machine, "/v1/events", &append, &body).status, 201);
    // the state keeps no token
    let kept = world.run(&["token", "list"]).good();
    let id = kept.lines().find(|line| line.contains("append")).unwrap();
    let id = id.split_whitespace().next().unwrap().to_owned();
    let secret = append.splitn(3, '_').last().unwrap(); // which may have a `_` of its own
    assert!(secret.len() >= 40, "{secret}");
    assert!(!kept.contains(secret));
    world.run(&["token", "revoke", &id]).good();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let said = post(&machine, "/v1/events", &append, &body);
    assert_eq!((said.status, said.code()), (401, "token-revoked".to_owned()));
    world.run(&["token", "new", "--for", "x", "--scope", "all"]).bad(2);
    world.run(&["token", "new", "--for", "x", "--scope", "read", "--days", "367"]).bad(2);
}

#[test]
fn an_event_is_durable_once_whatever_is_sent_again() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let body = signed(&world, "payments");
    let first = post(&machine, "/v1/events", &token, &body);
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(first.body.contains("\"known\":false") && first.body.contains("\"state\":\"durable\""));
    let index = first.body.split("\"index\":").nth(1).map(number).unwrap();
    let shown = world.run(&["show", &index.to_string(), "--json"]).good();
    let hash = first.body.split("\"hash\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(shown.contains(hash), "{shown}");
    let again = post(&machine, "/v1/events", &token, &body);
    assert_eq!(again.status, 200);
    assert_eq!(again.body.replace("\"known\":true", "\"known\":false"), first.body);
    assert_eq!(world.size(), 65);
    world.run(&["verify"]).good();
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_the_command_line() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let before = world.snapshot();
    let good = signed(&world, "payments");
    let cases = [
        (good.replace("payments", "Ada Lovelace"), 422),
        (good.replace("succeeded", "won"), 422),
        (good.replace("succeeded", "failed"), 403),
        ("{}".to_owned(), 422),
        ("[]".to_owned(), 422),
        ("{\"event\":".to_owned(), 422),
        (good.replace("2026-07-01", "2036-07-01"), 422),
    ];
    for (body, status) in cases {
        world.write("case.json", &body);
        let told = world.run(&["append", "--signed", "case.json", "--json"]).bad_json();
        let said = post(&machine, "/v1/events", &token, &body);
        assert_eq!(said.status, status, "{}", said.body);
        // the command line knows a file where the server knows a body
        let told = told.lines().find(|line| line.starts_with("{\"error\"")).unwrap();
        let words =
            |text: &str| text.split("the clock of this machine says").next().map(str::to_owned);
        assert_eq!(words(&said.body.trim().replace("body", "case.json")), words(told));
    }
    assert_eq!(post(&machine, "/v1/events", &token, "").status, 422);
    let said = post(&machine, "/v1/events?eech=1", &token, &good);
    assert_eq!((said.status, said.code()), (422, "usage".to_owned()));
    let text = [("authorization", token.as_str()), ("content-type", "text/plain")];
    assert_eq!(machine.send("POST", "/v1/events", &text, good.as_bytes()).status, 415);
    assert_eq!(world.snapshot().len(), before.len());
    assert_eq!(world.size(), 64);
}

#[test]
fn of_several_all_are_kept_or_none_unless_each_stands_for_itself() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let lines: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|service| signed(&world, service).trim().to_owned())
        .collect();
    let bad = lines[1].replace("succeeded", "failed");
    let body = format!("{}\n{bad}\n{}\n", lines[0], lines[2]);
    let said = post(&machine, "/v1/events", &token, &body);
    assert_eq!((said.status, said.code()), (403, "signature".to_owned()));
    assert!(said.body.contains("line 2"), "{}", said.body);
    assert_eq!(world.size(), 64);
    let said = post(&machine, "/v1/events?each=1", &token, &body);
    assert_eq!(said.status, 200);
    assert_eq!(said.body.matches("\"receipt\"").count(), 2, "{}", said.body);
    assert_eq!(said.body.matches("\"status\":403").count(), 1);
    assert_eq!(world.size(), 66);
    let said = post(&machine, "/v1/events?dry_run=1", &token, &lines[1]);
    assert!(said.body.contains("\"accepted\":true"), "{}", said.body);
    assert_eq!(world.size(), 66);
    let said = post(&machine, "/v1/events", &token, &lines.join("\n"));
    assert_eq!(said.status, 201);
    assert_eq!(said.body.matches("\"known\":true").count(), 2);
    assert_eq!(world.size(), 67);
}

#[test]
fn a_body_has_limits() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n");
    let media = "content-type: application/json\r\n";
    let raw = |more: &str| ask(&machine.address, format!("{head}{media}{more}").as_bytes());
    assert_eq!(raw("content-length: 99999999\r\n\r\n").status, 413);
    assert_eq!(raw("transfer-encoding: chunked\r\n\r\n0\r\n\r\n").status, 411);
    assert_eq!(raw("content-length: 2\r\ncontent-encoding: br\r\n\r\n{}").status, 415);
    // what is small on the line and large in memory
    let bomb = machine::gzip(&vec![b' '; 64 << 20]);
    let packed = [("authorization", token.as_str()), JSON, ("content-encoding", "gzip")];
    let said = machine.send("POST", "/v1/events", &packed, &bomb);
    assert_eq!(said.status, 413, "{}", said.body);
    let fine = machine::gzip(signed(&world, "payments").as_bytes());
    assert_eq!(machine.send("POST", "/v1/events", &packed, &fine).status, 201);
    // a flood of header fields, and a head without end
    let many: Vec<String> = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = many.concat();
    assert_eq!(raw(&format!("{many}content-length: 2\r\n\r\n{{}}")).status, 431);
    let long = format!("x: {}\r\n", "a".repeat(1 << 20));
    assert!(matches!(raw(&long).status, 0 | 431));
    assert_eq!(world.size(), 65);
}

#[test]
fn a_server_checkpoints_and_proves() {
    let world = World::new();
    let signer = ["--checkpoint-key", "d/keys/signer.pem"];
    let machine = Machine::start(&world, &[&signer[..], &["--public", "checkpoint"]].concat());
    let token = machine.token(&["append"]);
    let said = post(&machine, "/v1/events?proof=1", &token, &signed(&world, "payments"));
    assert_eq!(said.status, 201, "{}", said.body);
    assert!(said.body.contains("c2sp.org/tlog-proof"), "{}", said.body);
    // appended behind the server's back, and under its checkpoint soon after
    world.write("one.json", event("ledger"));
    world.append(&["one.json"]).good();
    let proof = machine.send("GET", "/v1/proof/65?wait=10", &[("authorization", &token)], b"");
    assert_eq!(proof.status, 200, "{}", proof.body);
    let note = machine.send("GET", "/v1/checkpoint", &[], b"");
    assert_eq!((note.status, note.body.lines().nth(1)), (200, Some("66")));
    let path = "/v1/consistency/64";
    assert_eq!(machine.send("GET", path, &[("authorization", &token)], b"").status, 200);
    // what is not there is waited for by nobody
    let asked = std::time::Instant::now();
    let late = machine.send("GET", "/v1/proof/99?wait=30", &[("authorization", &token)], b"");
    assert_eq!((late.status, late.code()), (404, "no-entry".to_owned()), "{}", late.body);
    assert!(asked.elapsed() < std::time::Duration::from_secs(10));
    // the signer's memory is the server's while it runs
    let other = world.run(&["serve", "--listen", "127.0.0.1:0"]).bad(2);
    assert!(other.contains("another server"), "{other}");
    drop(machine);
    world.run(&["checkpoint", "--key", "d/keys/signer.pem"]).good();
    world.run(&["verify"]).good();
}

/// Only a lock that is held says that another server runs: whatever else keeps it from being taken is told.
#[test]
fn a_lock_that_cannot_be_taken_says_why() {
    let world = World::new();
    let origin = String::from_utf8(world.read("d/ledger/ledger.toml")).unwrap();
    let line = origin.lines().find(|line| line.starts_with("origin")).unwrap();
    let genesis = line.split('"').nth(1).unwrap().rsplit('/').next().unwrap();
    let lock = world.path(&format!("d/state/{genesis}/server.lock"));
    std::fs::create_dir_all(&lock).unwrap();
    let said = world.run(&["serve", "--listen", "127.0.0.1:0"]).bad(2);
    assert!(!said.contains("another server") && said.contains("server.lock"), "{said}");
    std::fs::remove_dir(&lock).unwrap();
    drop(Machine::start(&world, &[]));
}

#[test]
fn the_hook_delivers_to_a_server() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let to = |id: &str| [&deployed(id)[..], &["--to", &machine.url]].concat().join("\n");
    let record = |id: &str, token: Option<&str>| {
        let args = to(id);
        let args: Vec<&str> = args.split('\n').collect();
        machine.hook(&world, &args, token)
    };
    let said = record("d-900", Some(&token));
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stdout.contains("entry 64"), "{}", said.stdout);
    assert_eq!(times(&world, "d-900"), 1);
    // without a token the event is safe, and the status says that the ledger refused
    let said = record("d-901", None);
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    let flushed =
        machine.hook(&world, &["flush", "--key", PIPELINE, "--to", &machine.url], Some(&token));
    assert_eq!(flushed.stdout, "delivered 1, waiting 0\n", "{}", flushed.stderr);
    assert_eq!(times(&world, "d-901"), 1);
    world.run(&["verify"]).good();
}

/// What a reader gets.
fn get(machine: &Machine, path: &str, token: &str) -> Said {
    machine.send("GET", path, &[("authorization", token)], b"")
}

#[test]
fn readers_get_what_the_commands_print() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["read"]);
    let raw = get(&machine, "/v1/entries/7", &token);
    assert_eq!(raw.body, world.run(&["show", "7", "--raw"]).good());
    let several = get(&machine, "/v1/entries?from=5&limit=3", &token);
    assert_eq!(several.body.lines().nth(2), raw.body.lines().next());
    assert_eq!(several.body.lines().count(), 3);
    assert_eq!(get(&machine, "/v1/entries?from=99", &token).body, "");
    assert_eq!(get(&machine, "/v1/entries/64", &token).status, 404);

    let listed = world.run(&["log", "--type", "deployment.finished", "--json"]).good();
    let said = get(&machine, "/v1/query?type=deployment.finished", &token);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.len() > 2 && said.body.contains(&lines.join(",")), "{}", said.body);
    // page by page it is the same
    let (mut from, mut all) = (0, Vec::new());
    loop {
        let path = format!("/v1/query?type=deployment.finished&limit=2&from={from}");
        let page: serde_json::Value =
            serde_json::from_str(&get(&machine, &path, &token).body).unwrap();
        all.extend(page["entries"].as_array().unwrap().iter().map(ToString::to_string));
        match page["next"].as_u64() {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(all, lines);
    // from an index on, with and without a condition that the index of the ledger knows
    let listed = world.run(&["log", "--json"]).good();
    let all: Vec<&str> = listed.lines().collect();
    for (from, limit) in [(0, 3), (5, 3), (5, 1000), (63, 9), (64, 9), (900, 9)] {
        let path = format!("/v1/query?from={from}&limit={limit}");
        let page: serde_json::Value =
            serde_json::from_str(&get(&machine, &path, &token).body).unwrap();
        let found = page["entries"].as_array().unwrap();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let wanted: Vec<&str> = all.iter().skip(from).take(limit).copied().collect();
        assert_eq!(found, wanted, "{path}");
        let next = (from + limit < all.len()).then_some((from + limit) as u64);
        assert_eq!(page["next"].as_u64(), next, "{path}");
    }
    let reverse = get(&machine, "/v1/query?type=deployment.finished&reverse=1&limit=1", &token);
    assert!(reverse.body.contains(lines.last().unwrap()), "{}", reverse.body);

    let facts = world.run(&["facts", "change", "change-108", "--json"]).good();
    assert_eq!(get(&machine, "/v1/dossier/change/change-108", &token).body, facts);
    let due = get(&machine, "/v1/obligations", &token);
    assert!(due.status == 200 && due.body.contains("\"obligations\":["), "{}", due.body);
    for path in [
        "/v1/query?type=nonsense.done",
        "/v1/query?limit=0",
        "/v1/query?limit=1001",
        "/v1/query?subject=payments",
        "/v1/query?person=Ada",
        "/v1/query?since=yesterday",
        "/v1/query?type=",
        "/v1/entries?from=-1",
        "/v1/entries/007",
        "/v1/dossier/person/hr:1042",
        "/v1/dossier/planet/mars",
        "/v1/dossier/artifact/sha256:00",
    ] {
        let said = get(&machine, path, &token);
        assert_eq!(said.status, 422, "{path}: {}", said.body);
    }
}

#[test]
fn a_gate_is_asked_and_its_answer_is_recorded_first() {
    let world = World::new();
    let question = format!(
        r#"{{"artifact":"sha256:{}","change":"change-108","environment":"production","service":"payments"}}"#,
        "cd".repeat(32)
    );
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["gate"]);
    // without a key nothing is recorded, and so nothing is answered
    let said = post(&machine, "/v1/gate", &token, &question);
    assert_eq!((said.status, said.code()), (403, "gate-key".to_owned()));
    drop(machine);
    let machine = Machine::start(&world, &["--gate-key", PIPELINE]);
    let said = post(&machine, "/v1/gate", &token, &question);
    // the demonstration's pipeline may not speak for a gate: still no answer
    assert_eq!(said.status, 403, "{}", said.body);
    assert_eq!(world.size(), 64);
    for body in ["", "[]", "{}", r#"{"service":1}"#, r#"{"servise":"payments"}"#] {
        let said = post(&machine, "/v1/gate", &token, body);
        assert_eq!(said.status, 422, "{body}: {}", said.body);
    }
}

#[test]
fn the_log_is_served_as_tiles() {
    let world = World::new();
    let signer =
        ["--checkpoint-key", "d/keys/signer.pem", "--public", "tiles", "--public", "checkpoint"];
    let machine = Machine::start(&world, &signer);
    world.run(&["tiles", "--to", "tiles"]).good();
    let bytes = |path: &str| machine.send("GET", path, &[], b"");
    let tile = bytes("/tile/0/000.p/64");
    assert_eq!(tile.status, 200);
    assert!(tile.head.contains("immutable"), "{}", tile.head);
    assert_eq!(tile.bytes, world.read("tiles/tile/0/000.p/64"));
    assert_eq!(bytes("/tile/entries/000.p/64").bytes, world.read("tiles/tile/entries/000.p/64"));
    let packed = machine.send("GET", "/tile/entries/000.p/64", &[("accept-encoding", "gzip")], b"");
    assert!(packed.head.contains("content-encoding: gzip"), "{}", packed.head);
    assert!(packed.bytes.len() < tile.bytes.len() * 20);
    // a smaller width is the same hashes, cut
    assert_eq!(bytes("/tile/0/000.p/5").bytes, tile.bytes[..160]);
    for (path, status) in
        [("/tile/0/000", 404), ("/tile/0/001.p/1", 404), ("/tile/0/0", 422), ("/tile/9/000", 404)]
    {
        let said = bytes(path);
        assert!(said.status == status || said.status == 422, "{path}: {}", said.status);
    }
    assert_eq!(bytes("/checkpoint").body, bytes("/v1/checkpoint").body);
}
