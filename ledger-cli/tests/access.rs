//! Lists of who may do what, through the program: from the list of a source to what the tests find in it.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]
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

use std::path::Path;

use common::World;
use serde_json::{Value, json};

/// A ledger with one system under SOX, a connector, and an officer who erases.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "ci.pem", "relay.pem", "officer.pem"] {
        world.run(&["key", "new", key]).good();
    }
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    let register = |args: &[&str], rights: &[&str]| {
        let rights = rights.iter().flat_map(|right| ["--capability", right]).collect::<Vec<_>>();
        let begin = ["key", "register", "--key", "a.pem", "--new"];
        world.run(&[&begin[..], args, &rights].concat()).good();
    };
    register(&["ci.pem", "--service", "ci"], &["append:*", "append:system.registered"]);
    let relays = ["relay:access-csv", "relay:hr-csv", "relay:scim", "relay:github-access"];
    register(&["relay.pem", "--service", "relay"], &relays);
    let rights = ["append:person.erased", "append:person.revealed", "append:identity.linked"];
    register(&["officer.pem", "--person", "hr:17"], &rights);
    let identity = |id: &str| json!({"issuer": "hr", "id": id});
    let event = json!({
        "type": "system.registered", "occurred_at": "2026-01-01T00:00:00.000000Z", "subject": {"system": "shop"},
        "actor": {"kind": "human", "id": identity("olga")},
        "data": {
            "state": "active", "tier": "1", "owner": identity("olga"), "entitlement_owners": [identity("olga")],
            "environments": [{"name": "production", "class": "production"}], "regimes": ["sox"], "regions": ["eu"],
            "duties": [{"entitlement": "committer", "duties": ["AU"]}, {"entitlement": "pipeline", "duties": ["PC"]}],
        },
    });
    world.write("event", event.to_string());
    world.run(&["append", "--key", "ci.pem", "event"]).good();
    world
}

fn import(world: &World, args: &[&str]) -> String {
    world.run(&[&["import"], args, &["--key", "relay.pem"]].concat()).good()
}

/// The people of the house, and a list with somebody who left on the tenth.
fn listed() -> World {
    let world = world();
    let people = "person,event,effective_at,kind\nnr-4711,joined,2026-01-01,employee\nnr-4712,joined,2026-01-01,employee\nnr-4711,left,2026-07-10,employee\n";
    world.write("hr.csv", people);
    assert!(import(&world, &["hr-csv", "hr.csv"]).starts_with("3 read: 3 recorded"));
    world.write("map.json", r#"{"account":"Login","entitlement":"Role","person":"Employee","privileged":"Root","purpose":"Why"}"#);
    world.write("list.csv", "Login,Role,Employee,Root,Why\nlovelace,committer,nr-4711,no,\nlovelace,pipeline,nr-4711,no,\nbabbage,committer,nr-4712,no,for Babbage\n");
    let given =
        ["mapping=map.json", "system=shop", "complete=yes", "taken_at=2026-07-20T06:00:00Z"];
    let given: Vec<&str> = given.iter().flat_map(|one| ["--given", one]).collect();
    let said = import(&world, &[&["access-csv", "list.csv"][..], &given].concat());
    assert!(said.starts_with("1 read: 1 recorded"), "{said}");
    world
}

fn evaluated(world: &World) -> Value {
    let quarter = ["--from", "2026-07-01", "--to", "2026-09-30", "--cutoff", "2100-01-01"];
    let ended = world.run(&[&["evaluate", "--framework", "sox", "--json"][..], &quarter].concat());
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The item of a test whose id begins so.
fn item<'v>(result: &'v Value, test: &str, id: &str) -> &'v Value {
    let runs = result["runs"].as_array().unwrap();
    let run = runs.iter().find(|run| run["test"] == test).unwrap();
    let items = run["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["id"].as_str().unwrap().starts_with(id));
    found.unwrap_or_else(|| panic!("{test} has no {id}: {run}"))
}

fn codes(item: &Value) -> Vec<&str> {
    let all = item["exceptions"].as_array().into_iter().flatten();
    all.map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn an_imported_list_is_judged() {
    let world = listed();
    let result = evaluated(&world);
    // who left is still on the list, ten days later
    let runs = result["runs"].as_array().unwrap();
    let left = runs.iter().find(|run| run["test"] == "T14").unwrap();
    let left = &left["items"][0];
    assert_eq!(codes(left), ["access-still-active"], "{left}");
    // one person holds two duties that are kept apart
    let standing = item(&result, "T17", "shop@2026-07-20");
    assert_eq!(standing["values"]["rows"], json!(3).to_string(), "{standing}");
    assert!(codes(standing).contains(&"conflicting-duties"), "{standing}");
    // an account of somebody who left belongs to nobody
    let runs = result["runs"].as_array().unwrap();
    let accounts = runs.iter().find(|run| run["test"] == "T20").unwrap();
    assert_eq!(accounts["items"].as_array().unwrap().len(), 2, "{accounts}");
    let all: Vec<&str> = accounts["items"].as_array().unwrap().iter().flat_map(codes).collect();
    assert!(all.contains(&"orphan-account"), "{accounts}");
}

/// Whether a file below the folder holds the text, in any case of letters.
fn found(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).any(|path| {
        if path.is_dir() {
            return found(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn the_list_in_the_log_names_nobody_and_outlives_an_erasure() {
    let world = listed();
    for name in ["lovelace", "babbage", "4711", "4712"] {
        assert!(!found(&world.path("d/ledger"), name), "{name}");
    }
    let before = evaluated(&world);
    // the originals of both files, and the list with its names, open for the vault's owner
    let absorbed = world.run(&["vault", "absorb", "--json"]).good();
    assert!(absorbed.contains(r#""attachments":3"#), "{absorbed}");
    assert!(world.run(&["vault", "check"]).good().contains("holds"));
    let sign = ["--actor", "hr:17", "--approver", "hr:2", "--key", "officer.pem"];
    let erase = ["person", "erase", "hr:nr-4711", "--basis", "gdpr-17-1-b"];
    let said = world.run(&[&erase[..], &sign].concat()).good();
    assert!(said.contains("by entry"), "{said}");
    // the pseudonym stays in the list, so the tests find what they found
    let after = evaluated(&world);
    for (test, id) in [("T17", "shop@"), ("T20", "shop/")] {
        assert_eq!(codes(item(&before, test, id)), codes(item(&after, test, id)));
    }
    assert!(world.run(&["verify"]).good().contains("1 person(s)"));
}

#[test]
fn a_person_known_from_a_list_is_the_same_in_later_events() {
    let world = world();
    world.write("page.json", r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{"id":"u-1","userName":"mona","active":true}]}"#);
    let given = ["--given", "system=shop", "--given", "taken_at=2026-07-20T06:00:00Z"];
    assert!(
        import(&world, &[&["scim", "page.json"], &given[..]].concat())
            .starts_with("1 read: 1 recorded")
    );
    // one user by itself is a change of that account; without whoever did it, it is kept as it is
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-1","userName":"mona","active":false,"meta":{"version":"7","lastModified":"2026-07-21T06:00:00Z"}}"#;
    world.write("user.json", user);
    let one = ["scim", "user.json", "--given", "system=shop"];
    let by = [&one[..], &["--given", "by=hr/nr-1"]].concat();
    assert!(import(&world, &by).starts_with("1 read: 1 recorded"));
    let changed = world.run(&["log", "--type", "access.changed", "--json"]).good();
    assert_eq!(changed.lines().count(), 1, "{changed}");
    let blobs = std::fs::read_dir(world.path("d/ledger/blobs")).unwrap();
    let texts = blobs.filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
    let list = texts.into_iter().find(|text| text.contains(r#""account""#)).unwrap();
    let row: Value = serde_json::from_str(list.trim()).unwrap();
    let size = world.size() - 1;
    let entry = world.run(&["show", &size.to_string(), "--raw"]).good();
    let who = row["person"].as_str().unwrap();
    assert!(entry.contains(&format!(r#""/data/principal":"{who}""#)), "{who} {entry}");
}
