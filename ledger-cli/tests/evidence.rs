//! Evidence packages through the program: built, verified without a ledger, and refused when anything in
//! them is not what it was.
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

use std::collections::BTreeMap;

use common::World;
use ledger_core::evidence::build::views;
use ledger_core::evidence::manifest::Manifest;
use ledger_core::evidence::{self, statement, zip};
use ledger_core::key::SigningKey;
use ledger_core::policy::Policy;
use ledger_core::verify::Verdict;
use serde_json::{Value, json};

const OVER: [&str; 6] = ["--from", "2026-07-01", "--to", "2026-09-30", "--cutoff", "2100-01-01"];
const ADA: [&str; 4] = ["--as", "hr:ada", "--key", "ada.pem"];
const BUILD: [&str; 12] = [
    "evidence",
    "build",
    "--report",
    "q3",
    "--sample",
    "smp-1",
    "--recipient",
    "firm:7",
    "--purpose",
    "annual-audit",
    "--basis",
    "contract",
];

/// What is said by the pipeline on a day.
fn append(world: &World, kind: &str, day: &str, subject: &Value, data: &Value) {
    let event = json!({"type": kind, "occurred_at": format!("{day}T10:00:00.000000Z"), "subject": subject,
        "data": data, "actor": {"kind": "service", "id": {"issuer": "ci", "id": "runner"}}});
    world.write("event", event.to_string());
    world.run(&["append", "--key", "ci.pem", "event"]).good();
}

/// Four deployments, a report, a sample of two; with the policy of the reader.
fn world() -> World {
    let world = World::empty();
    for key in ["a.pem", "ci.pem", "ada.pem", "signer.pem"] {
        world.run(&["key", "new", key]).good();
    }
    world.run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"]).good();
    let register = |args: &[&str]| {
        world.run(&[&["key", "register", "--key", "a.pem", "--new"], args].concat()).good();
    };
    register(&[
        "ci.pem",
        "--service",
        "ci",
        "--capability",
        "append:*",
        "--capability",
        "append:system.registered",
        "--capability",
        "append:key.listed",
    ]);
    register(&["ada.pem", "--person", "hr:ada", "--capability", "append:*"]);
    register(&["signer.pem", "--service", "signer", "--capability", "checkpoint"]);
    let olga = json!({"issuer": "hr", "id": "olga"});
    let system = json!({"state": "active", "tier": "1", "owner": olga, "entitlement_owners": [olga],
        "environments": [{"name": "production", "class": "production"}], "regimes": ["sox"],
        "regions": ["eu"], "services": ["payments"]});
    append(&world, "system.registered", "2026-01-01", &json!({"system": "shop"}), &system);
    for (number, day) in
        [(1, "2026-07-10"), (2, "2026-07-11"), (3, "2026-07-12"), (4, "2026-07-13")]
    {
        let subject = json!({"deployment": format!("d-{number}"), "service": "payments", "environment": "production"});
        let data = json!({"artifact": format!("sha256:{}", "ab".repeat(32)), "change": format!("PAY-{number}"),
            "class": "normal", "initiator": olga, "strategy": "rolling"});
        append(&world, "deployment.started", day, &subject, &data);
    }
    checkpoint(&world);
    let report = [
        "report",
        "quarter",
        "--framework",
        "sox",
        "--period",
        "2026-Q3",
        "--cutoff",
        "2100-01-01",
        "--out",
        "q3",
    ];
    assert_eq!(world.run(&report).status, 1);
    world
        .run(
            &[
                &["sample", "commit", "--control", "SOX-CM-01", "--sample", "smp-1"],
                &OVER[..],
                &ADA,
            ]
            .concat(),
        )
        .good();
    let draw = [
        "sample",
        "draw",
        "smp-1",
        "--seed",
        "4a6f1c0e9b2d7735",
        "--seed-from",
        "auditor",
        "--size",
        "2",
    ];
    world.run(&[&draw[..], &OVER, &ADA].concat()).good();
    world
}

fn checkpoint(world: &World) -> String {
    let note = world.run(&["checkpoint", "--key", "signer.pem"]).good();
    let origin = note.lines().next().unwrap().to_owned();
    let shown = world.run(&["key", "show", "signer.pem", "--name", &origin]).good();
    let key = shown.split_whitespace().find(|word| word.starts_with(&origin)).unwrap();
    world.write("policy", format!("log {key}\nquorum none\n"));
    origin
}

fn built(world: &World, to: &str) {
    world.run(&[&BUILD[..], &ADA, &["--to", to]].concat()).good();
}

/// Status and layers of a package.
fn verified(world: &World, file: &str) -> (i32, BTreeMap<String, String>) {
    let ended = world.run(&["verify", file, "--policy", "policy", "--json"]);
    let told: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    let layer = |layer: &Value| {
        let text = |name: &str| layer[name].as_str().unwrap().to_owned();
        (text("name"), text("verdict"))
    };
    (ended.status, told["layers"].as_array().unwrap().iter().map(layer).collect())
}

#[test]
fn a_package_is_verified_without_its_ledger() {
    let world = world();
    let args = [&BUILD[..], &ADA, &["--to", "one.zip"]].concat();
    let before = world.size();
    assert!(world.run(&args).bad(2).contains("under no checkpoint yet"));
    assert_eq!(world.size(), before);
    checkpoint(&world);
    // nobody listed the keys after the draw: a revocation could have been left out
    built(&world, "early.zip");
    let (status, layers) = verified(&world, "early.zip");
    let open: Vec<&str> =
        layers.iter().filter(|(_, v)| *v != "holds").map(|(name, _)| name.as_str()).collect();
    assert_eq!((status, open), (2, vec!["keys"]));
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    built(&world, "one.zip");
    built(&world, "two.zip");
    assert_eq!(world.read("one.zip"), world.read("two.zip"), "the same bytes again");
    std::fs::rename(world.path("d"), world.path("gone")).unwrap();
    let (status, layers) = verified(&world, "one.zip");
    assert_eq!(status, 0, "{layers:?}");
    assert_eq!(layers.len(), 14);
    assert!(layers.values().all(|verdict| verdict == "holds"), "{layers:?}");
    // as a folder, too; with one file more, or a link in it, it is not what was handed out
    let bytes = world.read("one.zip");
    for (name, bytes) in zip::decode(&bytes).unwrap() {
        let path = world.path("unpacked").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(verified(&world, "unpacked").0, 0);
    world.write("unpacked/report/more", "x");
    assert_eq!(verified(&world, "unpacked").1["manifest"], "does not hold");
    std::fs::remove_file(world.path("unpacked/report/more")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.path("unpacked/report/more")).unwrap();
    let (status, layers) = verified(&world, "unpacked");
    assert_eq!((status, layers["package"].as_str()), (1, "does not hold"));
    // another's policy, and one that lists a key twice
    let policy = String::from_utf8(world.read("policy")).unwrap();
    let log = policy.lines().next().unwrap();
    world.write("policy", format!("{log}\n{policy}"));
    assert!(world.run(&["verify", "one.zip", "--policy", "policy"]).bad(2).contains("twice"));
    world.run(&["key", "new", "other.pem"]).good();
    let origin = log.split(['+', ' ']).nth(1).unwrap();
    let shown = world.run(&["key", "show", "other.pem", "--name", origin]).good();
    let key = shown.split_whitespace().find(|word| word.starts_with(origin)).unwrap();
    world.write("policy", format!("log {key}\nquorum none\n"));
    let (status, layers) = verified(&world, "one.zip");
    assert_eq!((status, layers["checkpoint"].as_str()), (1, "does not hold"));
}

#[test]
fn what_cannot_be_built_changes_nothing() {
    let world = world();
    checkpoint(&world);
    world.write("there", "x");
    let before = world.size();
    let other = [
        "evidence",
        "build",
        "--report",
        "q3",
        "--recipient",
        "firm:7",
        "--purpose",
        "p",
        "--basis",
        "b",
    ];
    let with = |more: &[&str]| world.run(&[&other[..], &ADA, more].concat());
    assert!(with(&["--sample", "smp-1", "--to", "there"]).bad(2).contains("there already"));
    assert!(with(&["--sample", "smp-2", "--to", "x.zip"]).bad(2).contains("no entry committed"));
    assert!(with(&["--sample", "smp-1", "--draw", "2", "--to", "x.zip"]).bad(2).contains("draw 2"));
    let purpose = [
        &other[..5],
        &["--purpose", "", "--basis", "b", "--sample", "smp-1", "--to", "x.zip"],
        &ADA,
    ]
    .concat();
    assert_eq!(world.run(&purpose).status, 2);
    // a file of the report that is not the one it names
    let file = "q3/csv/R01-T01.csv";
    let table = world.read(file);
    world.write(file, [&table[..], b"x\r\n"].concat());
    assert!(
        with(&["--sample", "smp-1", "--to", "x.zip"])
            .bad(1)
            .contains("not the one that the report names")
    );
    world.write(file, table);
    std::fs::remove_file(world.path("q3/report.json")).unwrap();
    assert!(with(&["--sample", "smp-1", "--to", "x.zip"]).bad(2).contains("report.json"));
    assert!(!world.path("x.zip").exists());
    assert_eq!(world.size(), before);
}

/// A key of the ledger cannot make it say more than its entries do: everything is listed and signed anew.
#[test]
fn no_change_holds() {
    let world = world();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    // without the dressings it is small
    for more in ["pages", "oscal"] {
        std::fs::remove_dir_all(world.path("q3").join(more)).unwrap();
    }
    for more in ["report.html", "report.xlsx", "report.md", "metrics.json"] {
        std::fs::remove_file(world.path("q3").join(more)).unwrap();
    }
    built(&world, "one.zip");
    let bytes = world.read("one.zip");
    let policy = Policy::parse(&world.read("policy")).unwrap();
    let members = zip::decode(&bytes).unwrap();
    assert_eq!(evidence::verify(members.clone(), &policy).verdict, Verdict::Holds);
    let claim = Manifest::parse(members["manifest.json"]).unwrap().statement.claim;
    let key = ledger_core::key::read_private(&world.read("ada.pem")).unwrap();
    let stranger = SigningKey::from_seed([9; 32]);
    let signed = |members: &BTreeMap<String, Vec<u8>>, key: &SigningKey| {
        let mut members = members.clone();
        let manifest = Manifest::sign(statement(&views(&members), claim.clone()), &[key]).unwrap();
        members.insert("manifest.json".to_owned(), manifest.encode().into_bytes());
        evidence::verify(views(&members), &policy).verdict
    };
    let owned: BTreeMap<String, Vec<u8>> =
        members.iter().map(|(name, bytes)| (name.clone(), bytes.to_vec())).collect();
    assert_eq!(signed(&owned, &key), Verdict::Holds);
    assert_eq!(signed(&owned, &stranger), Verdict::DoesNotHold);
    for (name, bytes) in &owned {
        // what people read beside is listed, and says nothing by itself
        let beside = ["README.txt", "index.html"].contains(&name.as_str());
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = owned.clone();
            other.get_mut(name).unwrap()[at] ^= 1;
            let outcome = evidence::verify(views(&other), &policy).verdict;
            assert_eq!(outcome, Verdict::DoesNotHold, "{name} at {at}");
            if !beside && name != "manifest.json" {
                assert_eq!(
                    signed(&other, &key),
                    Verdict::DoesNotHold,
                    "{name} at {at}, signed anew"
                );
            }
        }
        if !beside && !name.starts_with("report/csv") && name != "manifest.json" {
            let mut other = owned.clone();
            other.remove(name);
            assert_eq!(signed(&other, &key), Verdict::DoesNotHold, "without {name}, signed anew");
        }
    }
}
