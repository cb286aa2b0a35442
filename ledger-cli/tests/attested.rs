//! What others signed, made here with OpenSSL: bundles of Sigstore, and digest files of CloudTrail.
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

use std::process::Command;

use common::World;
use ledger_core::encoding::{base64, hex};
use ledger_core::hash::Sha256;
use ledger_core::tree;
use serde_json::{Value, json};

fn openssl(world: &World, args: &[&str]) -> Vec<u8> {
    let done = Command::new("openssl").args(args).current_dir(world.path(".")).output().unwrap();
    assert!(done.status.success(), "{args:?} {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// The signature of a key over a text, SHA-256.
fn sign(world: &World, key: &str, message: &[u8]) -> Vec<u8> {
    world.write("message", message);
    openssl(world, &["dgst", "-sha256", "-sign", key, "message"])
}

fn der(world: &World, pem: &str) -> Vec<u8> {
    let text = String::from_utf8(world.read(pem)).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    ledger_core::encoding::from_base64_any(body.as_bytes()).unwrap()
}

/// An authority, a signer that it certified for a day, a log, and a folder of roots.
fn world() -> World {
    let world = World::empty();
    for key in ["ca.key", "leaf.key", "log.key", "other.key"] {
        let curve = if key == "ca.key" { "secp384r1" } else { "prime256v1" };
        openssl(&world, &["ecparam", "-name", curve, "-genkey", "-noout", "-out", key]);
    }
    let subject = ["-subj", "/O=example/CN=authority"];
    let ca = ["req", "-x509", "-new", "-key", "ca.key", "-sha384", "-days", "30", "-out", "ca.pem"];
    openssl(&world, &[&ca[..], &subject].concat());
    world.write(
        "ext",
        "extendedKeyUsage=codeSigning\nsubjectAltName=critical,URI:https://ci.example/workflow\n",
    );
    openssl(&world, &["req", "-new", "-key", "leaf.key", "-subj", "/", "-out", "leaf.csr"]);
    let issue =
        ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    let how = ["-sha384", "-days", "1", "-extfile", "ext", "-out", "leaf.pem"];
    openssl(&world, &[&issue[..], &how].concat());
    std::fs::create_dir(world.path("roots")).unwrap();
    openssl(&world, &["ec", "-in", "log.key", "-pubout", "-out", "roots/log.pub"]);
    std::fs::copy(world.path("ca.pem"), world.path("roots/ca.pem")).unwrap();
    world
}

fn artifact() -> String {
    "ab".repeat(32)
}

fn statement(digest: &str) -> String {
    let subject = json!([{"name": "shop", "digest": {"sha256": digest}}]);
    json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
        "subject": subject, "predicate": {}})
    .to_string()
}

/// A bundle of version 0.3 whose entry was taken in at a time.
fn bundle(world: &World, time: u64) -> Value {
    let statement = statement(&artifact());
    let kind = "application/vnd.in-toto+json";
    let message = format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len());
    let signature = base64(&sign(world, "leaf.key", message.as_bytes()));
    let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "payloadHash": {"algorithm": "sha256", "value": hex(&Sha256::of(statement.as_bytes()).0)},
        "signatures": [{"signature": signature, "verifier": base64(&world.read("leaf.pem"))}]}})
    .to_string();
    let log = Sha256::of(&der(world, "roots/log.pub")).0;
    // a log of two entries: ours is the second
    let (first, ours) = (tree::leaf_hash(b"first"), tree::leaf_hash(body.as_bytes()));
    let root = tree::node_hash(&first, &ours);
    let said = format!("log.example - 1\n2\n{}\n", base64(&root.0));
    let hint = [&log[..4], &sign(world, "log.key", said.as_bytes())].concat();
    let checkpoint = format!("{said}\n\u{2014} log.example {}\n", base64(&hint));
    let promise = format!(
        r#"{{"body":"{}","integratedTime":{time},"logID":"{}","logIndex":71}}"#,
        base64(body.as_bytes()),
        hex(&log)
    );
    let promise = base64(&sign(world, "log.key", promise.as_bytes()));
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": base64(&der(world, "leaf.pem"))},
            "tlogEntries": [{
                "logIndex": "71", "logId": {"keyId": base64(&log)}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                "integratedTime": time.to_string(), "inclusionPromise": {"signedEntryTimestamp": promise},
                "inclusionProof": {"logIndex": "1", "rootHash": base64(&root.0), "treeSize": "2",
                    "hashes": [base64(&first.0)], "checkpoint": {"envelope": checkpoint}},
                "canonicalizedBody": base64(body.as_bytes()),
            }],
        },
        "dsseEnvelope": {"payload": base64(statement.as_bytes()), "payloadType": kind, "signatures": [{"sig": signature}]},
    })
}

#[expect(clippy::disallowed_methods, reason = "a certificate is made here and now")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// What a dry run says of the check, or `unsaid`.
fn judged(world: &World, bundle: &Value, roots: &[&str]) -> String {
    world.write("bundle.json", bundle.to_string());
    let args =
        [&["import", "attestation", "bundle.json", "--dry-run", "--quarantine", "q"][..], roots];
    let said = world.run(&args.concat());
    assert!(said.status < 2, "{}", said.stderr);
    let event: Value = serde_json::from_str(said.stdout.trim()).unwrap();
    let check = &event["data"]["verification"];
    if check["result"] == "verified" {
        assert!(check["key"].is_string() && check["roots"].is_string(), "{check}");
    }
    check["result"].as_str().unwrap_or("unsaid").to_owned()
}

const ROOTS: [&str; 2] = ["--roots", "roots"];

#[test]
fn a_bundle_is_verified_under_given_roots_only() {
    let world = world();
    let good = bundle(&world, now());
    assert_eq!(judged(&world, &good, &[]), "unsaid");
    assert_eq!(judged(&world, &good, &ROOTS), "verified");
    // an authority without the log, and the other way round: it cannot be told
    std::fs::create_dir(world.path("half")).unwrap();
    std::fs::copy(world.path("ca.pem"), world.path("half/ca.pem")).unwrap();
    assert_eq!(judged(&world, &good, &["--roots", "half"]), "unsaid");
    std::fs::rename(world.path("roots/log.pub"), world.path("half/log.pub")).unwrap();
    std::fs::remove_file(world.path("half/ca.pem")).unwrap();
    assert_eq!(judged(&world, &good, &["--roots", "half"]), "unsaid");
    // an authority that did not certify the signer
    let subject = ["-subj", "/CN=authority"];
    let ca = ["req", "-x509", "-new", "-key", "other.key", "-days", "30", "-out", "half/ca.pem"];
    openssl(&world, &[&ca[..], &subject].concat());
    assert_eq!(judged(&world, &good, &["--roots", "half"]), "failed");
    // a folder with nothing in it is no answer
    std::fs::create_dir(world.path("empty")).unwrap();
    world.run(&["import", "attestation", "bundle.json", "--dry-run", "--roots", "empty"]).bad(2);
}

#[test]
fn a_bundle_in_which_anything_is_changed_has_failed() {
    let world = world();
    let good = bundle(&world, now());
    let other = bundle(&world, now());
    let entry = "/verificationMaterial/tlogEntries/0";
    let wrong = base64(&[7; 32]);
    let stranger = statement(&"cd".repeat(32));
    let changes: Vec<(String, Value)> = vec![
        ("/dsseEnvelope/payload".to_owned(), json!(base64(stranger.as_bytes()))),
        // another signature of the same key, which the log never saw
        (
            "/dsseEnvelope/signatures/0/sig".to_owned(),
            other["dsseEnvelope"]["signatures"][0]["sig"].clone(),
        ),
        (
            "/verificationMaterial/certificate/rawBytes".to_owned(),
            json!(base64(&der(&world, "ca.pem"))),
        ),
        (format!("{entry}/integratedTime"), json!("1782898200")),
        (format!("{entry}/logIndex"), json!("72")),
        (format!("{entry}/inclusionPromise/signedEntryTimestamp"), json!(base64(b"no"))),
        (format!("{entry}/inclusionProof/rootHash"), json!(wrong)),
        (format!("{entry}/inclusionProof/hashes/0"), json!(wrong)),
        (format!("{entry}/inclusionProof/treeSize"), json!("3")),
        (format!("{entry}/inclusionProof/logIndex"), json!("0")),
        (
            format!("{entry}/inclusionProof/checkpoint/envelope"),
            json!("log.example - 1\n2\nAAAA\n\n\u{2014} x AAAA\n"),
        ),
        (format!("{entry}/canonicalizedBody"), json!(base64(b"{}"))),
        ("/verificationMaterial/tlogEntries".to_owned(), json!([])),
        ("/verificationMaterial".to_owned(), json!({})),
    ];
    for (pointer, value) in changes {
        let mut changed = good.clone();
        *changed.pointer_mut(&pointer).unwrap() = value;
        let said = judged(&world, &changed, &ROOTS);
        assert!(
            said == "failed" || (said == "unsaid" && pointer.ends_with("Body")),
            "{pointer}: {said}"
        );
    }
    // the log took it in after the certificate had ended
    let late = bundle(&world, now() + 3 * 86_400);
    assert_eq!(judged(&world, &late, &ROOTS), "failed");
}

/// Two hours of a trail, each with its log file and its digest file.
fn trail(world: &World) {
    std::fs::create_dir_all(world.path("trail")).unwrap();
    openssl(world, &["genrsa", "-out", "trail.key", "2048"]);
    std::fs::create_dir_all(world.path("keys")).unwrap();
    openssl(world, &["rsa", "-in", "trail.key", "-pubout", "-out", "keys/trail.pem"]);
    let mut before: Option<(String, String, String)> = None;
    for hour in 1..=2 {
        let log = format!(
            r#"{{"Records":[{{"eventID":"e-{hour}","eventName":"DeleteTrail","eventSource":"cloudtrail.amazonaws.com","eventTime":"2026-07-01T0{hour}:30:00Z","recipientAccountId":"111122223333","userIdentity":{{"type":"Root","arn":"arn:aws:iam::111122223333:root"}}}}]}}"#
        );
        world.write(&format!("trail/log-{hour}.json"), &log);
        let mut digest = json!({
            "awsAccountId": "111122223333", "digestStartTime": format!("2026-07-01T0{hour}:00:00Z"),
            "digestEndTime": format!("2026-07-01T0{}:00:00Z", hour + 1), "digestS3Bucket": "audit",
            "digestS3Object": format!("AWSLogs/d-{hour}.json.gz"), "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestSignature": null, "previousDigestS3Bucket": null, "previousDigestS3Object": null, "previousDigestHashValue": null,
            "logFiles": [{"s3Bucket": "audit", "s3Object": format!("AWSLogs/log-{hour}.json.gz"),
                "hashValue": hex(&Sha256::of(log.as_bytes()).0), "hashAlgorithm": "SHA-256"}],
        });
        if let Some((signature, hash, object)) = &before {
            digest["previousDigestSignature"] = json!(signature);
            digest["previousDigestHashValue"] = json!(hash);
            digest["previousDigestS3Object"] = json!(object);
            digest["previousDigestS3Bucket"] = json!("audit");
        }
        let bytes = digest.to_string();
        let hash = hex(&Sha256::of(bytes.as_bytes()).0);
        let object = digest["digestS3Object"].as_str().unwrap().to_owned();
        let last = before.as_ref().map_or("null", |(signature, ..)| signature);
        let message = format!("2026-07-01T0{}:00:00Z\naudit/{object}\n{hash}\n{last}", hour + 1);
        let signature = hex(&sign(world, "trail.key", message.as_bytes()));
        world.write(&format!("trail/d-{hour}.json"), &bytes);
        before = Some((signature, hash, object));
    }
    // the signature of the newest lies beside it
    world.write("trail/d-2.json.sig", before.unwrap().0 + "\n");
}

/// Of each digest file: what was found, and matched, missing, different.
fn found(world: &World, roots: &[&str]) -> Vec<String> {
    let args =
        [&["import", "aws-cloudtrail", "trail", "--dry-run", "--quarantine", "q"][..], roots];
    let said = world.run(&args.concat());
    assert!(said.status < 2, "{}", said.stderr);
    told(said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()))
}

fn told(events: impl Iterator<Item = Value>) -> Vec<String> {
    let all = events.filter_map(|event| {
        let data = &event["data"];
        match event["type"].as_str().unwrap() {
            "artifact.recorded" => {
                Some(data["verification"]["result"].as_str().unwrap().to_owned())
            }
            "source.reconciled" => {
                assert_eq!(event["subject"]["source"], "aws-cloudtrail");
                Some(format!("{} {} {}", data["matched"], data["missing"], data["different"]))
            }
            "external.recorded" => Some(data["reason"].as_str().unwrap().to_owned()),
            _ => None,
        }
    });
    all.collect()
}

const KEYS: [&str; 2] = ["--roots", "keys"];

#[test]
fn digest_files_are_held_against_their_key_each_other_and_the_log_files() {
    let world = World::empty();
    trail(&world);
    assert_eq!(found(&world, &[]), ["not-verified", "not-verified"]);
    assert_eq!(found(&world, &KEYS), ["verified", "2 0 0", "verified", "3 0 0"]);
    let changed = |name: &str, change: &dyn Fn(&str) -> Option<String>, expected: &[&str]| {
        let before = String::from_utf8(world.read(name)).unwrap();
        match change(&before) {
            Some(after) => world.write(name, after),
            None => std::fs::remove_file(world.path(name)).unwrap(),
        }
        assert_eq!(found(&world, &KEYS), expected, "{name}");
        world.write(name, before);
    };
    let gone = |_: &str| None;
    // a log file that is gone, or was changed
    changed("trail/log-1.json", &gone, &["verified", "1 1 0", "verified", "3 0 0"]);
    changed(
        "trail/log-2.json",
        &|text| Some(text.replace("e-2", "e-9")),
        &["verified", "2 0 0", "verified", "2 0 1"],
    );
    // a digest file that was changed says nothing, and the one after it knows
    changed(
        "trail/d-1.json",
        &|text| Some(text.replace("T02:", "T03:")),
        &["failed", "0 0 2", "verified", "2 0 1"],
    );
    // one that is gone leaves a hole in the chain
    changed("trail/d-1.json", &gone, &["verified", "2 1 0"]);
    // without a signature, or with another one, the newest is not genuine
    changed("trail/d-2.json.sig", &gone, &["verified", "2 0 0", "unsigned", "0 3 0"]);
    changed(
        "trail/d-2.json.sig",
        &|text| Some(text.replace(['0', '1'], "2")),
        &["verified", "2 0 0", "failed", "0 0 3"],
    );
    // another key
    openssl(&world, &["genrsa", "-out", "other.key", "2048"]);
    openssl(&world, &["rsa", "-in", "other.key", "-pubout", "-out", "keys/trail.pem"]);
    assert_eq!(found(&world, &KEYS), ["failed", "0 0 2", "failed", "0 0 3"]);
}

/// What signs a digest file comes with the next one, or beside it: until then it waits.
#[test]
fn a_folder_that_is_followed_holds_digest_files_until_they_can_be_judged() {
    let world = World::empty();
    for key in ["a.pem", "relay.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let init = ["init", "d/ledger", "--name", "test/led", "--solo", "--root", "a.pem=hr:1"];
    world.run(&init).good();
    let register =
        ["key", "register", "--key", "a.pem", "--new", "relay.pem", "--service", "relay"];
    let may = ["--capability", "relay:aws-cloudtrail", "--capability", "append:*"];
    world.run(&[&register[..], &may].concat()).good();
    trail(&world);
    std::fs::create_dir(world.path("in")).unwrap();
    let put = |name: &str| world.write(&format!("in/{name}"), world.read(&format!("trail/{name}")));
    ["log-1.json", "d-1.json"].into_iter().for_each(put);
    let before = world.size();
    let args = ["import", "aws-cloudtrail", "in", "--watch", "--every", "1", "--idle", "4"];
    let args = [&args[..], &["--roots", "keys", "--key", "relay.pem"]].concat();
    let watch = world.command(&args).stdout(std::process::Stdio::piped()).spawn().unwrap();
    while world.size() == before {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    ["log-2.json", "d-2.json", "d-2.json.sig"].into_iter().for_each(put);
    let said = watch.wait_with_output().unwrap();
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.starts_with("4 read: 4 recorded"), "{said}");
    let lines =
        String::from_utf8(world.read("d/ledger/entries/00000000000000000000.jsonl")).unwrap();
    let events = lines.lines().skip(before).map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["event"].clone()
    });
    assert_eq!(told(events), ["verified", "2 0 0", "verified", "3 0 0"]);
    // as in one go
    assert_eq!(found(&world, &KEYS), ["verified", "2 0 0", "verified", "3 0 0"]);
    // nothing that signs the newest ever came: it is taken as it is when nothing more comes
    std::fs::create_dir(world.path("late")).unwrap();
    for name in ["log-2.json", "d-2.json"] {
        world.write(&format!("late/{name}"), world.read(&format!("trail/{name}")));
    }
    let args = ["import", "aws-cloudtrail", "late", "--watch", "--every", "1", "--idle", "1"];
    let args = [&args[..], &["--roots", "keys", "--key", "relay.pem"]].concat();
    let said = world.run(&args).good();
    assert!(said.starts_with("2 read: 0 recorded, 2 duplicate"), "{said}");
}
