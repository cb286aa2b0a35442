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

use common::{World, tsa};
use ledger_core::evidence::build::{self, views};
use ledger_core::evidence::manifest::{Claim, Manifest};
use ledger_core::evidence::{self, population, statement, zip};
use ledger_core::key::SigningKey;
use ledger_core::policy::Policy;
use ledger_core::verify::Verdict;
use rayon::prelude::*;
use serde_json::{Value, json};

const OVER: [&str; 6] = ["--from", "2026-07-01", "--to", "2026-09-30", "--cutoff", "2100-01-01"];
const ADA: [&str; 4] = ["--as", "hr:ada", "--key", "ada.pem"];
/// A layer of a company's own.
const OVERLAY: &str = "id = \"acme\"\ntitle = \"Acme\"\nversion = \"1\"\nkind = \"company\"\nvalid_from = \"2025-01-01\"\n\n\
    [[guide]]\ncontrol = \"SOX-CM-01\"\ntext = \"Ask the release desk.\"\n";
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
    assert_eq!(layers.len(), 15);
    assert!(layers.values().all(|verdict| verdict == "holds"), "{layers:?}");
    // as a folder, too; with one file more, or a link in it, it is not what was handed out
    let bytes = world.read("one.zip");
    for (name, bytes) in zip::decode(&bytes).unwrap().views() {
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
    // without most dressings it is small
    world.run(&[&BUILD[..], &ADA, &["--brief", "--to", "one.zip"]].concat()).good();
    let bytes = world.read("one.zip");
    let policy = Policy::parse(&world.read("policy")).unwrap();
    let opened = zip::decode(&bytes).unwrap();
    let members = opened.views();
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
        let beside = ["README.txt", "index.html"].contains(&name.as_str())
            || (name.starts_with("report/") && name != "report/report.json");
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

#[test]
fn a_bundle_shows_one_deployment() {
    let world = world();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    // entries: the ledger, three keys, a system, then the deployments
    world.run(&["prove", "6", "--bundle", "--to", "d.zip"]).good();
    let bytes = world.read("d.zip");
    std::fs::rename(world.path("d"), world.path("gone")).unwrap();
    let ended = world.run(&["verify", "d.zip", "--policy", "policy", "--json"]);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.status, told["entries"].as_array().unwrap().len()), (0, 1), "{told}");
    assert_eq!(told["entries"][0]["type"], "deployment.started");
    let layers = verified(&world, "d.zip").1;
    assert!(layers.len() == 8 && layers.values().all(|verdict| verdict == "holds"), "{layers:?}");
    let policy = Policy::parse(&world.read("policy")).unwrap();
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let verdict = evidence::verify_zip(&other, &policy).verdict;
        assert_eq!(verdict, Verdict::DoesNotHold, "{at}");
    }
    // without the first key, or without a proof, or with a file more
    let members = zip::decode(&bytes).unwrap();
    for name in members.views().keys() {
        let mut fewer = members.views();
        fewer.remove(name);
        assert_ne!(evidence::verify(fewer, &policy).verdict, Verdict::Holds, "without {name}");
    }
    let mut more = members.views();
    more.insert("README.txt".to_owned(), b"x");
    assert_eq!(evidence::verify(more, &policy).verdict, Verdict::DoesNotHold);
    std::fs::rename(world.path("gone"), world.path("d")).unwrap();
    assert!(
        world.run(&["prove", "6", "--bundle", "--to", "d.zip"]).bad(2).contains("there already")
    );
    assert!(world.run(&["prove", "900", "--bundle", "--to", "e.zip"]).bad(2).contains("no entry"));
    world.write("none", "{}\n");
    let wrong = ["prove", "6", "--bundle", "--disclosures", "none", "--to", "e.zip"];
    assert_ne!(world.run(&wrong).status, 0);
    assert!(!world.path("e.zip").exists());
}

#[test]
fn two_draws_make_one_sample() {
    let world = world();
    let draw =
        ["sample", "draw", "smp-1", "--seed", "00112233445566778899", "--seed-from", "auditor"];
    world.run(&[&draw[..], &["--size", "3"], &OVER, &ADA].concat()).good();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    let more = ["--brief", "--draw", "2", "--draw", "1", "--to", "two.zip"];
    world.run(&[&BUILD[..], &ADA, &more].concat()).good();
    let (status, layers) = verified(&world, "two.zip");
    assert_eq!(status, 0, "{layers:?}");
    assert!(world.run(&["verify", "two.zip", "--policy", "policy"]).good().contains("draws 1, 2"));
    let third = ["--brief", "--draw", "1,3", "--to", "three.zip"];
    assert!(world.run(&[&BUILD[..], &ADA, &third].concat()).bad(2).contains("draw 3"));
}

#[test]
fn a_population_is_performed_once_more() {
    let world = world();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    let mut build = BUILD.to_vec();
    build.splice(4..6, ["--population"]);
    let before = world.size();
    assert!(
        world.run(&[&build[..], &ADA, &["--to", "q3"]].concat()).bad(2).contains("there already")
    );
    assert_eq!(world.size(), before);
    world.run(&[&build[..], &ADA, &["--to", "all.zip"]].concat()).good();
    assert!(!world.path("all.zip.part").exists());
    std::fs::rename(world.path("d"), world.path("gone")).unwrap();
    let ended = world.run(&["verify", "all.zip", "--policy", "policy"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    let (_, layers) = verified(&world, "all.zip");
    assert_eq!(layers.len(), 8, "{layers:?}");
    // as a folder; another number in the report, signed anew, does not come out of the entries
    let bytes = world.read("all.zip");
    let opened = zip::decode(&bytes).unwrap();
    let mut members: BTreeMap<String, Vec<u8>> =
        opened.views().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
    let unpack = |members: &BTreeMap<String, Vec<u8>>, to: &str| {
        for (name, bytes) in members {
            let path = world.path(to).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    };
    unpack(&members, "same");
    assert_eq!(verified(&world, "same").0, 0);
    let report = String::from_utf8(members["report/report.json"].clone()).unwrap();
    let other = report.replacen("2026-07-10", "2026-07-09", 1);
    assert_ne!(report, other);
    members.insert("report/report.json".to_owned(), other.into_bytes());
    let key = ledger_core::key::read_private(&world.read("ada.pem")).unwrap();
    let mut claim = Manifest::parse(&members["manifest.json"]).unwrap().statement.claim;
    claim.report = ledger_core::hash::Sha256::of(&members["report/report.json"]);
    claim.packed = None;
    let manifest = Manifest::sign(statement(&views(&members), claim), &[&key]).unwrap();
    members.insert("manifest.json".to_owned(), manifest.encode().into_bytes());
    unpack(&members, "other");
    let (status, layers) = verified(&world, "other");
    assert_eq!((status, layers["performed"].as_str()), (1, "does not hold"), "{layers:?}");
    // every file of the log changed, one by one
    for name in members.keys().filter(|name| name.starts_with("log/") || *name == "checkpoint") {
        let path = world.path("same").join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        std::fs::write(&path, bad).unwrap();
        assert_eq!(verified(&world, "same").0, 1, "{name}");
        std::fs::write(&path, good).unwrap();
    }
}

#[test]
fn a_drill_says_what_sees_what() {
    let world = world();
    assert_eq!(world.run(&["drill"]).status, 0);
    let before = world.size();
    checkpoint(&world);
    let told = world.run(&["drill", "--json", "--to", "drill.json"]);
    let value: Value = serde_json::from_str(&told.stdout).unwrap();
    for trial in value["trials"].as_array().unwrap() {
        let word = |name: &str| trial[name]["verdict"].as_str().unwrap_or("not tried");
        let sees = match trial["sight"].as_str().unwrap() {
            "folder" => word("alone") == "does not hold" || word("alone") == "not tried",
            // nobody sees it from the folder alone, and everybody with a checkpoint
            "checkpoint" => {
                let seen = trial["alone"]["codes"].to_string().contains("seen-");
                let alone = word("alone") == "cannot tell" || seen;
                word("alone") == "not tried" || (alone && word("held") == "does not hold")
            }
            _ => ["cannot tell", "not tried"].contains(&word("alone")),
        };
        assert!(sees, "{trial}");
    }
    assert_eq!((told.status, world.size()), (0, before), "{}", told.stderr);
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    world
        .run(&[&BUILD[..], &ADA, &["--brief", "--drill", "drill.json", "--to", "one.zip"]].concat())
        .good();
    assert_eq!(verified(&world, "one.zip").0, 0);
    let told = world.run(&["drill", "--package", "one.zip", "--policy", "policy", "--json"]);
    let value: Value = serde_json::from_str(&told.stdout).unwrap();
    for trial in value["package"].as_array().unwrap() {
        // nobody dated this one: there is nothing to alter
        if !trial["name"].as_str().unwrap().starts_with("anchor") {
            assert_eq!(trial["package"]["verdict"], "does not hold", "{trial}");
        }
    }
    world.write("drill.json", "{}\n");
    let args =
        [&BUILD[..], &ADA, &["--brief", "--drill", "drill.json", "--to", "two.zip"]].concat();
    assert!(world.run(&args).bad(2).contains("no table of a drill"));
}

/// Whoever may see names sees them, until they are erased; what was handed out before still holds.
#[test]
fn the_level_says_what_is_disclosed() {
    let world = world();
    let rights = ["--capability", "append:*", "--capability", "append:person.erased"];
    world.run(&["key", "new", "officer.pem"]).good();
    let register =
        ["key", "register", "--key", "a.pem", "--new", "officer.pem", "--person", "hr:17"];
    world.run(&[&register[..], &rights].concat()).good();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    world.run(&["vault", "absorb"]).good();
    let build = |level: &str, to: &str| {
        let more = ["--brief", "--disclose", "--level", level, "--to", to];
        world.run(&[&BUILD[..], &ADA, &more].concat()).good();
        assert_eq!(verified(&world, to).0, 0, "{to}");
        let bytes = world.read(to);
        let opened = zip::decode(&bytes).unwrap();
        let views = opened.views();
        let own = views.iter().filter(|(name, _)| name.starts_with("disclosures/"));
        own.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect::<String>()
    };
    assert!(build("internal", "internal.zip").contains(r#""id":"olga""#));
    assert!(!build("auditor", "auditor.zip").contains("olga"));
    assert_eq!(build("regulator", "regulator.zip"), "");
    let erase = ["person", "erase", "hr:olga", "--basis", "gdpr-17-1-b", "--actor", "hr:17"];
    let by = ["--approver", "hr:4", "--key", "officer.pem"];
    world.run(&[&erase[..], &by].concat()).good();
    assert_eq!(verified(&world, "internal.zip").0, 0, "it was handed out before");
    assert!(!build("internal", "later.zip").contains("olga"));
}

/// A revoked key: what it signed before stands, what it signs now does not, and in doubt nobody can tell.
#[test]
fn a_key_that_was_revoked_signs_no_package() {
    let world = world();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    world.run(&[&BUILD[..], &ADA, &["--brief", "--to", "before.zip"]].concat()).good();
    let ada = ledger_core::key::read_private(&world.read("ada.pem")).unwrap();
    let id = ada.public().id().to_string();
    let revoke = ["key", "revoke", &id, "--reason", "retired", "--key", "a.pem"];
    world.run(&revoke).good();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    assert_eq!(verified(&world, "before.zip").0, 0, "it stood at its checkpoint");
    let late = world.run(&[&BUILD[..], &ADA, &["--brief", "--to", "late.zip"]].concat());
    assert_ne!(late.status, 0);
    assert!(!world.path("late.zip").exists());
    // signed by the revoked key after its end, everything else as it should be
    let register = ["key", "register", "--key", "a.pem", "--new", "eve.pem", "--person", "hr:ada"];
    world.run(&["key", "new", "eve.pem"]).good();
    world.run(&[&register[..], &["--capability", "append:*"]].concat()).good();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    let eve = ["--as", "hr:ada", "--key", "eve.pem", "--brief", "--to", "eve.zip"];
    world.run(&[&BUILD[..], &eve].concat()).good();
    assert_eq!(verified(&world, "eve.zip").0, 0);
    let bytes = world.read("eve.zip");
    let opened = zip::decode(&bytes).unwrap();
    let mut members = opened.views();
    let claim = Manifest::parse(members["manifest.json"]).unwrap().statement.claim;
    let manifest = Manifest::sign(statement(&members, claim), &[&ada]).unwrap().encode();
    members.insert("manifest.json".to_owned(), manifest.as_bytes());
    let policy = Policy::parse(&world.read("policy")).unwrap();
    let outcome = evidence::verify(members, &policy);
    let signer = outcome.layers.iter().find(|layer| layer.name == "signer").unwrap();
    assert_eq!((signer.verdict, signer.faults[0].code), (Verdict::DoesNotHold, "key-ended"));
}

/// A package as small as one can be: what people read beside is one letter.
fn tiny(world: &World, file: &str) -> Vec<u8> {
    let opened = zip::decode(&world.read(file)).unwrap();
    let mut members: BTreeMap<String, Vec<u8>> =
        opened.views().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
    let claim = Manifest::parse(&members["manifest.json"]).unwrap().statement.claim;
    members.retain(|name, _| !name.starts_with("report/") || name == "report/report.json");
    for beside in ["index.html", "README.txt"] {
        members.insert(beside.to_owned(), b"x".to_vec());
    }
    let key = ledger_core::key::read_private(&world.read("ada.pem")).unwrap();
    build::zip(members, Claim { packed: None, ..claim }, &[&key]).unwrap()
}

/// Bytes flipped, one by one, and what of them still reads as a container: every single one where `LEDGER_EVERY_BYTE` is
/// set, which takes an optimised build; else those at the ends, and some hundred between.
fn flipped(bytes: &[u8], read: impl Fn(&[u8]) -> bool + Sync) -> Vec<Vec<u8>> {
    let one = |at: usize| {
        let mut other = bytes.to_vec();
        other[at] ^= 1 << (at % 8);
        read(&other).then_some(other)
    };
    let step = if std::env::var_os("LEDGER_EVERY_BYTE").is_some() { 1 } else { bytes.len() / 150 };
    let last = bytes.len() - 1;
    let spread = (0..bytes.len()).step_by(step).chain(0..40).chain(last - 60..=last);
    spread.collect::<Vec<_>>().into_par_iter().filter_map(one).collect()
}

/// Bytes of a small package flipped, of both kinds: it never holds. What is no container any more is refused at
/// once; the rest is asked all that a package is asked.
#[test]
fn no_flipped_byte_holds() {
    let world = world();
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    world.run(&[&BUILD[..], &ADA, &["--brief", "--to", "one.zip"]].concat()).good();
    let mut whole = BUILD.to_vec();
    whole.splice(4..6, ["--population"]);
    world.run(&[&whole[..], &ADA, &["--to", "all.zip"]].concat()).good();
    let policy = Policy::parse(&world.read("policy")).unwrap();
    let sample = tiny(&world, "one.zip");
    assert_eq!(evidence::verify_zip(&sample, &policy).verdict, Verdict::Holds);
    for other in flipped(&sample, |other| zip::decode(other).is_ok()) {
        assert_ne!(evidence::verify_zip(&other, &policy).verdict, Verdict::Holds);
    }
    let all = tiny(&world, "all.zip");
    let walks = |zip: &[u8]| zip::walk(&zip, population::MAX_INFLATED, &mut |_, _| Ok(())).is_ok();
    assert!(walks(&all));
    let still = flipped(&all, walks);
    for (number, other) in std::iter::once(&all).chain(&still).enumerate() {
        world.write("other.zip", other);
        assert_eq!(verified(&world, "other.zip").0 == 0, number == 0);
    }
}

/// What is done to the members of a package, and to which token among them.
type Change<'c> = &'c dyn Fn(&mut BTreeMap<String, Vec<u8>>, &str);

/// Tokens of the checkpoint travel, and are held against the roots of whoever reads.
#[test]
fn tokens_travel() {
    let world = world();
    tsa::authority(&world, "one");
    tsa::authority(&world, "two");
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    tsa::stamped(&world, "one", "a");
    let add = ["anchor", "add", "a.tsr", "--request", "a.tsq", "--tsa-roots", "one.root"];
    world.run(&[&add[..], &["--key", "ci.pem"]].concat()).good();
    world.run(&[&BUILD[..], &ADA, &["--brief", "--to", "one.zip"]].concat()).good();
    let mut whole = BUILD.to_vec();
    whole.splice(4..6, ["--population"]);
    world.run(&[&whole[..], &ADA, &["--to", "all.zip"]].concat()).good();
    for file in ["one.zip", "all.zip"] {
        let under = |roots: &[&str]| {
            let args = ["verify", file, "--policy", "policy", "--json"];
            let ended = world.run(&[&args[..], roots].concat());
            let told: Value = serde_json::from_str(&ended.stdout).unwrap();
            let layers = told["layers"].as_array().unwrap();
            let layer = layers.iter().find(|layer| layer["name"] == "anchors").unwrap();
            (ended.status, layer["looked_at"].as_str().unwrap().to_owned())
        };
        let (status, words) = under(&["--tsa-roots", "one.root"]);
        assert!(status == 0 && words.contains("existed at"), "{file}: {words}");
        let (status, words) = under(&[]);
        assert!(status == 0 && words.contains("they date nothing"), "{file}: {words}");
        assert_eq!(under(&["--tsa-roots", "two.root"]).0, 2, "{file}");
    }
    // altered and listed anew, by a key of this ledger
    let bytes = world.read("one.zip");
    let opened = zip::decode(&bytes).unwrap();
    let claim = Manifest::parse(opened.views()["manifest.json"]).unwrap().statement.claim;
    let key = ledger_core::key::read_private(&world.read("ada.pem")).unwrap();
    let policy = Policy::parse(&world.read("policy")).unwrap();
    let says = |change: Change<'_>| {
        let before = opened.views();
        let name = before
            .keys()
            .find(|name| name.starts_with("anchors/") && name.ends_with('r'))
            .unwrap()
            .clone();
        let mut members: BTreeMap<String, Vec<u8>> =
            before.into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
        change(&mut members, &name);
        let manifest = Manifest::sign(statement(&views(&members), claim.clone()), &[&key]);
        members.insert("manifest.json".to_owned(), manifest.unwrap().encode().into_bytes());
        let outcome = evidence::verify(views(&members), &policy);
        let layer = outcome.layers.into_iter().find(|layer| layer.name == "anchors").unwrap();
        layer.faults.first().map_or("", |fault| fault.code)
    };
    assert_eq!(says(&|_, _| ()), "");
    assert_eq!(
        says(&|members, name| *members.get_mut(name).unwrap().last_mut().unwrap() ^= 1),
        "anchor-digest"
    );
    assert_eq!(says(&|members, name| drop(members.remove(name))), "anchor-alone");
    assert_eq!(
        says(&|members, name| {
            for name in [name.to_owned(), name.replace(".tsr", ".tsq")] {
                let file = members.remove(&name).unwrap();
                members.insert(name.replacen("anchors/0", "anchors/1", 1), file);
            }
        }),
        "anchor-stray"
    );
    // what a drill does to it is seen; that an anchor is gone is noticed, because an entry names it
    checkpoint(&world);
    let told = world.run(&["drill", "--package", "one.zip", "--policy", "policy", "--json"]);
    let value: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told.status, 0, "{}", told.stdout);
    let codes = |list: &str, name: &str, of: &str| {
        let trials = value[list].as_array().unwrap();
        let trial = trials.iter().find(|trial| trial["name"] == name).unwrap();
        trial[of]["codes"].to_string()
    };
    assert!(codes("trials", "anchor", "alone").contains("anchor-digest"));
    assert!(codes("trials", "anchor-moved", "alone").contains("anchor-stray"));
    assert!(codes("trials", "anchor-gone", "alone").contains("anchor-missing"));
    assert!(codes("package", "anchor", "package").contains("manifest"));
}

/// The files that a report was made with travel with the whole population, and it is performed once more.
#[test]
fn a_population_has_the_files_of_its_report() {
    let world = world();
    world.write("acme.toml", OVERLAY);
    let shipped =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../controls/calendars/gregorian-quarters.toml");
    world.write("year.toml", std::fs::read_to_string(shipped).unwrap());
    let report = ["report", "quarter", "--framework", "sox", "--period", "2026-Q3", "--cutoff"];
    let rest = [
        "2100-01-01",
        "--overlay",
        "eu",
        "--overlay",
        "./acme.toml",
        "--calendar",
        "year.toml",
        "--out",
        "own",
    ];
    assert_eq!(world.run(&[&report[..], &rest].concat()).status, 1);
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    let mut build = BUILD.to_vec();
    build.splice(3..6, ["own", "--population"]);
    let made = |more: &[&str], to: &str| {
        world.run(&[&build[..], &ADA, more, &["--to", to]].concat()).good();
        let (status, layers) = verified(&world, to);
        (status, layers["performed"].clone())
    };
    assert_eq!(made(&[], "without.zip"), (2, "cannot tell".to_owned()));
    assert_eq!(made(&["--controls", "acme.toml"], "half.zip"), (2, "cannot tell".to_owned()));
    let both = ["--controls", "acme.toml", "--calendar", "year.toml"];
    assert_eq!(made(&both, "with.zip"), (0, "holds".to_owned()));
    // another overlay is not what the report was made with
    world.write("acme.toml", OVERLAY.replace("release desk", "front desk"));
    let other = [&build[..], &ADA, &both, &["--to", "other.zip"]].concat();
    assert!(world.run(&other).bad(1).contains("performed"), "it is not handed out");
}

/// A report that was made with a layer of one's own: it travels, and without it nobody can tell.
#[test]
fn overlays_of_ones_own_travel() {
    let world = world();
    world.write("acme.toml", OVERLAY);
    let report = ["report", "quarter", "--framework", "sox", "--period", "2026-Q3", "--cutoff"];
    let rest = ["2100-01-01", "--overlay", "acme.toml", "--out", "own"];
    assert_eq!(world.run(&[&report[..], &rest].concat()).status, 1);
    world.run(&["key", "list", "--record", "--key", "ci.pem"]).good();
    checkpoint(&world);
    let mut build = BUILD.to_vec();
    build[3] = "own";
    world.run(&[&build[..], &ADA, &["--brief", "--to", "without.zip"]].concat()).good();
    let (status, layers) = verified(&world, "without.zip");
    assert_eq!((status, layers["items"].as_str()), (2, "cannot tell"), "{layers:?}");
    let with = ["--brief", "--controls", "acme.toml", "--to", "with.zip"];
    world.run(&[&build[..], &ADA, &with].concat()).good();
    let (status, layers) = verified(&world, "with.zip");
    assert_eq!(status, 0, "{layers:?}");
    world.write("broken.toml", "id = ");
    let broken = ["--brief", "--controls", "broken.toml", "--to", "broken.zip"];
    let before = world.size();
    assert_eq!(world.run(&[&build[..], &ADA, &broken].concat()).status, 2);
    assert_eq!((world.size(), world.path("broken.zip").exists()), (before, false));
}
