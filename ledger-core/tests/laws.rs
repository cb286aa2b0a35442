//! Each law of the log, broken on purpose: refused at the door, and found when planted in the file.
//!
//! *Planted* means that an operator of the folder wrote the line behind the door's back, with the
//! right chain value and a head that covers it: only the laws can find it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "common/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use ledger_core::encoding::base64url;
use ledger_core::entry::Signature;
use ledger_core::error::{Error, Result};
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::key::{KeyId, Signer, SigningKey};
use ledger_core::ledger::{Ledger, Submission};
use ledger_core::producer::{Position, sign};
use ledger_core::segment;
use ledger_core::store::dir::Dir;
use ledger_core::store::memory::Memory;
use ledger_core::store::{Lock, Store, read_all};
use ledger_core::vault::persons::Pseudonym;
use ledger_core::verify::Verdict;
use world::{Producer, World, key, plant, plant_line, seed, signatures, time, value, verified};

fn start() -> (Memory, World, Ledger) {
    let store = Memory::new();
    let (world, ledger) = World::create(Arc::new(store.clone())).unwrap();
    (store, world, ledger)
}

/// Code of the refusal of one event.
fn refused(world: &mut World, ledger: &mut Ledger, event: Submission) -> &'static str {
    let size = ledger.size();
    let code = world.offer(ledger, event).map_or_else(|error| error.code(), |_| "accepted");
    assert_eq!(ledger.size(), size, "a refused event is not there");
    code
}

/// Codes and entries of the faults that `verify` finds.
fn faults(store: &dyn Store, ledger: &Ledger) -> Vec<(&'static str, Option<u64>)> {
    let report = verified(store, ledger.origin(), &[]).unwrap();
    let wanted = if report.faults.is_empty() { Verdict::Holds } else { Verdict::DoesNotHold };
    assert_eq!(report.verdict, wanted, "{:?}", report.reason);
    report.faults.iter().map(|fault| (fault.code, fault.index)).collect()
}

/// A canonical event that no producer would make: the draft with the envelope of a one-shot stream,
/// and then `change`.
fn crafted(world: &mut World, draft: &Value, signers: &[&SigningKey], change: impl FnOnce(&mut BTreeMap<String, Value>)) -> Vec<u8> {
    let Value::Object(members) = draft else { panic!("an object") };
    let mut event = members.clone();
    let step = world.next();
    let id = |key: &&SigningKey| Value::text(key.public().id().to_string());
    let random: [u8; 16] = *seed("stream", step).first_chunk().unwrap();
    event.insert("schema".into(), Value::text("ledger/v1"));
    event.insert("time_quality".into(), Value::text("exact"));
    event.insert("signers".into(), Value::List(signers.iter().map(id).collect()));
    event.insert("stream".into(), Value::text(format!("{}/test/{}", signers[0].public().id(), base64url(&random))));
    event.insert("seq".into(), Value::count(0));
    event.insert("final".into(), Value::Bool(true));
    event.insert("ledger".into(), Value::text(ledger_core::encoding::base64(&world.ledger_hash)));
    change(&mut event);
    Value::Object(event).to_canonical().into_bytes()
}

/// Signs bytes as they are and delivers them.
fn submission(event: Vec<u8>, signers: &[&SigningKey]) -> Submission {
    let signatures = signatures(&event, signers).iter().map(|signature| signature.bytes).collect();
    Submission { event, signatures, disclosures: Vec::new() }
}

/// What an honest writer would have put beside this event.
fn of(event: &Submission, signers: &[&SigningKey]) -> Vec<Signature> {
    let pair = |(key, bytes): (&&SigningKey, &[u8; 64])| Signature { key: key.public().id(), bytes: *bytes };
    signers.iter().zip(&event.signatures).map(pair).collect()
}

fn approval(world: &mut World, approver: &str) -> Value {
    let step = world.next();
    value(&format!(
        r#"{{"type":"approval.decided","occurred_at":"{}","subject":{{"change":"c-1"}},
            "actor":{{"kind":"human","id":{approver}}},
            "data":{{"approval":"a-{step}","approver":{approver},"decision":"granted",
            "for":{{"environment":"production"}},"method":"key","role":"owner"}}}}"#,
        time(step)
    ))
}

const HOLDER: &str = r#"{"issuer":"hr","id":"17"}"#;

#[test]
fn an_event_of_another_ledger_is_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let draft = world.finished("succeeded");
    let pipeline = key("pipeline");
    let there = Position::one_shot("test", [1; 16]);
    let foreign = sign(&draft, Some([9; 32]), &there, &[&pipeline], seed("salts", 1)).unwrap();
    assert_eq!(refused(&mut world, &mut ledger, foreign.clone()), "ledger-other");
    let at = plant(&store, &foreign.event, &[], &of(&foreign, &[&pipeline]));
    assert_eq!(faults(&store, &ledger), [("ledger-other", Some(at))]);
}

#[test]
fn signatures_stripped_added_reordered_or_doubled_are_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let [pipeline, approver] = [key("pipeline"), key("approver")];
    let draft = world.finished("succeeded");
    let good = world.sign(&draft, &[&pipeline, &approver]);
    let [one, two] = [good.signatures[0], good.signatures[1]];
    for (wrong, code) in [
        (vec![one], "signature-count"),
        (vec![], "signature-count"),
        (vec![one, two, one], "signature-count"),
        (vec![one, two, two], "signature-count"),
        (vec![two, one], "signature"),
        (vec![one, one], "signature"),
    ] {
        let changed = Submission { signatures: wrong.clone(), ..good.clone() };
        assert_eq!(refused(&mut world, &mut ledger, changed), code, "{}", wrong.len());
    }
    let all = of(&good, &[&pipeline, &approver]);
    let swapped = |key: usize, bytes: usize| Signature { key: all[key].key, bytes: all[bytes].bytes };
    let other = signatures(&good.event, &[&key("checkpoint")])[0];
    for (wrong, code) in [
        (vec![all[0]], "entry-signers"),
        (vec![], "entry-signers"),
        (vec![all[0], all[1], other], "entry-signers"),
        (vec![all[0], all[1], all[1]], "entry-signers"),
        (vec![all[0], all[0]], "entry-signers"),
        (vec![all[1], all[0]], "entry-signers"),
        (vec![swapped(0, 1), swapped(1, 0)], "signature"),
        (vec![swapped(0, 0), swapped(1, 0)], "signature"),
    ] {
        let copy = store.snapshot();
        let at = plant(&copy, &good.event, &[], &wrong);
        let found = faults(&copy, &ledger);
        assert_eq!(found.first(), Some(&(code, Some(at))), "{found:?}");
        assert!(found.len() <= 2, "{found:?}");
    }
    assert!(world.offer(&mut ledger, good).is_ok());
    assert_eq!(faults(&store, &ledger), []);
}

#[test]
fn a_stream_used_by_another_key_is_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let other = key("other");
    let registration = world.register(&other, r#""service":"other""#, r#"["append:*"]"#);
    world.offer(&mut ledger, registration).unwrap();
    let mut chain = Producer::new(key("pipeline"), 1);
    let first = chain.next(&mut world, false);
    world.offer(&mut ledger, first).unwrap();
    // the next place of the pipeline's stream, by another key
    let draft = world.finished("succeeded");
    let prev = chain.position.prev.unwrap().to_base64();
    let stream = format!("{}/test/{}", pipeline.public().id(), base64url(&chain.position.random));
    let event = crafted(&mut world, &draft, &[&other], |event| {
        event.insert("stream".into(), Value::text(stream));
        event.insert("seq".into(), Value::count(1));
        event.insert("prev".into(), Value::text(prev));
    });
    assert_eq!(refused(&mut world, &mut ledger, submission(event.clone(), &[&other])), "stream-owner");
    let at = plant(&store, &event, &[], &signatures(&event, &[&other]));
    assert_eq!(faults(&store, &ledger), [("stream-owner", Some(at))]);
}

#[test]
fn a_disclosure_opens_nothing_in_another_place() {
    let (_, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let signers: &[&dyn Signer] = &[&pipeline];
    let here = Position::one_shot("test", [1; 16]);
    let draft = world.finished("succeeded");
    let home = Some(world.ledger_hash);
    let original = sign(&draft, home, &here, signers, seed("salts", 1)).unwrap();
    let disclosure = original.disclosures[0].clone();
    let sealed = Value::object([("sealed", Value::text(disclosure.commitment.to_base64()))]);
    // the same commitment, carried to another place together with what opens it
    let mut carried = draft.clone();
    let actor = carried.members_mut().unwrap().get_mut("actor").unwrap();
    actor.members_mut().unwrap().insert("id".into(), sealed.clone());
    let mut places = vec![
        ("stream", sign(&carried, home, &Position::one_shot("test", [2; 16]), signers, seed("salts", 2)).unwrap()),
        ("seq", sign(&carried, home, &Position { seq: 1, prev: Some(Blake3([1; 32])), ..here.clone() }, signers, seed("salts", 2)).unwrap()),
    ];
    let mut elsewhere = draft.clone();
    let actor = elsewhere.members_mut().unwrap().get_mut("actor").unwrap();
    actor.members_mut().unwrap().remove("id");
    actor.members_mut().unwrap().insert("on_behalf_of".into(), sealed);
    places.push(("pointer", sign(&elsewhere, home, &here, signers, seed("salts", 2)).unwrap()));
    let foreign = sign(&draft, Some([9; 32]), &here, signers, seed("salts", 1)).unwrap();
    let mut from_there = sign(&carried, home, &here, signers, seed("salts", 2)).unwrap();
    // the commitment of another ledger stands here
    let text = String::from_utf8(from_there.event.clone()).unwrap();
    let text = text.replace(&disclosure.commitment.to_base64(), &foreign.disclosures[0].commitment.to_base64());
    from_there = submission(text.into_bytes(), &[&key("pipeline")]);
    for (place, mut event) in places {
        event.disclosures = vec![disclosure.clone()];
        assert_eq!(refused(&mut world, &mut ledger, event), "seal-unopened", "{place}");
    }
    from_there.disclosures = foreign.disclosures;
    assert_eq!(refused(&mut world, &mut ledger, from_there.clone()), "seal-unopened", "ledger");
    // undisclosed it is only a commitment: accepted, and nobody's
    from_there.disclosures = Vec::new();
    let receipt = world.offer(&mut ledger, from_there).unwrap();
    assert_eq!(ledger.entry(receipt.index, |entry| entry.persons.len()).unwrap(), 0);
    // one disclosure more than there are sealed values, and one whose value was changed
    let mut stray = world.deployment();
    stray.disclosures.push(disclosure);
    assert_eq!(refused(&mut world, &mut ledger, stray), "seal-stray");
    let mut changed = world.deployment();
    changed.disclosures[0].value = br#"{"id":"somebody","issuer":"ci"}"#.to_vec();
    assert_eq!(refused(&mut world, &mut ledger, changed), "seal-unopened");
}

#[test]
fn an_invented_pseudonym_where_the_signer_must_stand_is_found() {
    let (store, mut world, mut ledger) = start();
    let approver = key("approver");
    let draft = approval(&mut world, HOLDER);
    let own = world.sign(&draft, &[&approver]);
    let receipt = world.offer(&mut ledger, own).unwrap();
    let holder = ledger.entry(receipt.index, |entry| entry.person("/data/approver").unwrap()).unwrap();
    assert_eq!(faults(&store, &ledger), []);
    // somebody else's name, disclosed: refused
    let draft = approval(&mut world, r#"{"issuer":"hr","id":"18"}"#);
    let others = world.sign(&draft, &[&approver]);
    assert_eq!(refused(&mut world, &mut ledger, others), "person-self");
    let draft = approval(&mut world, HOLDER);
    let next = world.sign(&draft, &[&approver]);
    let all = of(&next, &[&approver]);
    let at = |pointer: &str, pseudonym| vec![(pointer.to_owned(), pseudonym)];
    for (persons, code) in [
        (at("/data/approver", Pseudonym([7; 16])), Some("person-self")),
        (at("/actor/id", holder), Some("person-self")),
        (vec![], Some("person-self")),
        (at("/data/approval", holder), Some("entry-pointer")),
        (at("/data/nothing", holder), Some("entry-pointer")),
        (at("/data/approver", holder), None),
    ] {
        let copy = store.snapshot();
        let index = plant(&copy, &next.event, &persons, &all);
        let wanted: Vec<_> = code.map(|code| (code, Some(index))).into_iter().collect();
        assert_eq!(faults(&copy, &ledger), wanted, "{persons:?}");
    }
}

/// A key of order 1: under a careless verifier, R = B and S = 1 sign everything for it.
fn weak() -> ([u8; 32], [u8; 64]) {
    let mut point = [0; 32];
    point[0] = 1;
    let mut forged = [0; 64];
    forged[..32].fill(0x66);
    forged[0] = 0x58;
    forged[32] = 1;
    (point, forged)
}

#[test]
fn a_key_of_small_order_is_never_registered_and_signs_nothing() {
    let (store, mut world, mut ledger) = start();
    let (point, forged) = weak();
    let id = KeyId::parse(&base64url(&Blake3::of(&point).0)).unwrap();
    let [a, b] = [key("root a"), key("root b")];
    let public = ledger_core::encoding::base64(&point);
    let draft = value(&format!(
        r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{id}"}},
            "data":{{"public_key":"{public}","capabilities":["append:*"],"service":"weak"}}}}"#,
        time(50)
    ));
    let event = crafted(&mut world, &draft, &[&a, &b], |event| {
        let Some(Value::List(signers)) = event.get_mut("signers") else { panic!("signers") };
        signers.push(Value::text(id.to_string()));
    });
    let mut all = signatures(&event, &[&a, &b]);
    all.push(Signature { key: id, bytes: forged });
    let bytes = all.iter().map(|signature| signature.bytes).collect();
    let offered = Submission { event: event.clone(), signatures: bytes, disclosures: Vec::new() };
    assert_eq!(refused(&mut world, &mut ledger, offered), "key-weak");
    // and an event by that key
    let draft = world.finished("succeeded");
    let by_weak = crafted(&mut world, &draft, &[&a], |event| {
        event.get_mut("actor").unwrap().members_mut().unwrap().remove("id");
        event.insert("signers".into(), Value::List(vec![Value::text(id.to_string())]));
        event.insert("stream".into(), Value::text(format!("{id}/test/{}", base64url(&[3; 16]))));
    });
    let offered = Submission { event: by_weak.clone(), signatures: vec![forged], disclosures: Vec::new() };
    assert_eq!(refused(&mut world, &mut ledger, offered), "key-unknown");
    let first = plant(&store, &event, &[], &all);
    let second = plant(&store, &by_weak, &[], &[Signature { key: id, bytes: forged }]);
    let found = faults(&store, &ledger);
    assert!(found.contains(&("key-weak", Some(first))), "{found:?}");
    assert!(found.contains(&("key-unknown", Some(second))), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

/// S + L: the same scalar, another spelling.
fn with_order_added(signature: [u8; 64]) -> [u8; 64] {
    let mut order = [0; 32];
    order[..16].copy_from_slice(&27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes());
    order[31] = 0x10;
    let mut changed = signature;
    let mut carry = 0;
    for (byte, more) in changed[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_ne!(changed, signature);
    changed
}

#[test]
fn a_signature_in_another_spelling_is_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let mut event = world.deployment();
    event.signatures[0] = with_order_added(event.signatures[0]);
    assert_eq!(refused(&mut world, &mut ledger, event.clone()), "signature");
    let at = plant(&store, &event.event, &[], &of(&event, &[&key("pipeline")]));
    assert_eq!(faults(&store, &ledger), [("signature", Some(at))]);
}

#[test]
fn keys_without_the_right_are_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let [narrow, scoped, stranger] = [key("narrow"), key("scoped"), key("stranger")];
    let registrations = vec![
        world.register(&narrow, r#""service":"narrow""#, r#"["append:deployment.started"]"#),
        world.register(&scoped, r#""scope":{"services":["search"]},"service":"scoped""#, r#"["append:*"]"#),
    ];
    world.append(&mut ledger, registrations).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    let kept = store.snapshot();
    for (signer, code) in [
        (&narrow, "key-capability"),
        (&key("approver"), "key-capability"),
        (&key("root a"), "key-capability"),
        (&key("checkpoint"), "key-capability"),
        (&scoped, "key-scope"),
        (&stranger, "key-unknown"),
    ] {
        let draft = world.finished("succeeded");
        let event = world.sign(&draft, &[signer]);
        assert_eq!(refused(&mut world, &mut ledger, event.clone()), code);
        let copy = kept.snapshot();
        let at = plant(&copy, &event.event, &[], &of(&event, &[signer]));
        assert_eq!(faults(&copy, &ledger), [(code, Some(at))]);
    }
    // a second signer without standing spoils it as well
    let draft = world.finished("succeeded");
    let event = world.sign(&draft, &[&key("pipeline"), &key("checkpoint")]);
    assert_eq!(refused(&mut world, &mut ledger, event), "key-capability");
    let event = world.sign(&draft, &[&key("pipeline"), &stranger]);
    assert_eq!(refused(&mut world, &mut ledger, event), "key-unknown");
}

#[test]
fn a_revoked_key_signed_before_and_signs_no_more() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let before = world.deployment();
    world.offer(&mut ledger, before.clone()).unwrap();
    let late = world.deployment();
    let draft = value(&format!(
        r#"{{"type":"key.revoked","occurred_at":"{}","subject":{{"key":"{}"}},"data":{{"reason":"retired"}}}}"#,
        time(60),
        pipeline.public().id()
    ));
    let by_one = world.sign(&draft, &[&key("root a")]);
    assert_eq!(refused(&mut world, &mut ledger, by_one), "key-threshold");
    let itself = world.sign(&draft, &[&pipeline]);
    assert_eq!(refused(&mut world, &mut ledger, itself), "key-capability");
    let revocation = world.sign(&draft, &[&key("root a"), &key("root b")]);
    world.offer(&mut ledger, revocation).unwrap();
    assert_eq!(faults(&store, &ledger), [], "what it signed before stands");
    assert!(world.offer(&mut ledger, before).unwrap().known);
    assert_eq!(refused(&mut world, &mut ledger, late.clone()), "key-revoked");
    let again = world.register(&pipeline, r#""service":"ci""#, r#"["append:*"]"#);
    assert_eq!(refused(&mut world, &mut ledger, again), "key-twice");
    let at = plant(&store, &late.event, &[], &of(&late, &[&pipeline]));
    assert_eq!(faults(&store, &ledger), [("key-revoked", Some(at))]);
}

#[test]
fn registrations_that_lack_something_are_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let [a, b] = [key("root a"), key("root b")];
    // a second key of root a's person, lawfully registered
    let second = key("root a, second");
    let registration = world.register(&second, r#""holder":{"issuer":"hr","id":"root-0"}"#, r#"["admin"]"#);
    world.offer(&mut ledger, registration).unwrap();
    let new = key("new");
    let draft = |world: &mut World, new: &SigningKey| {
        value(&format!(
            r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},
                "data":{{"public_key":"{}","capabilities":["append:*"],"service":"new"}}}}"#,
            time(world.next()),
            new.public().id(),
            new.public().to_base64()
        ))
    };
    let kept = store.snapshot();
    let cases: Vec<(Vec<SigningKey>, SigningKey, &str)> = vec![
        (vec![key("root a"), key("new")], key("new"), "key-threshold"),
        (vec![key("root a"), key("root a, second"), key("new")], key("new"), "key-threshold"),
        (vec![key("root a"), key("approver"), key("new")], key("new"), "key-threshold"),
        (vec![key("root a"), key("root b")], key("new"), "key-own-signature"),
        (vec![key("new"), key("root a"), key("root b")], key("new"), "key-unknown"),
        (vec![key("pipeline"), key("root a"), key("root b"), key("new")], key("new"), "key-capability"),
        (vec![key("root a"), key("root b"), key("pipeline")], key("pipeline"), "key-twice"),
    ];
    for (signers, registered, code) in cases {
        let draft = draft(&mut world, &registered);
        let keys: Vec<&dyn Signer> = signers.iter().map(|key| key as &dyn Signer).collect();
        let event = world.sign(&draft, &keys);
        assert_eq!(refused(&mut world, &mut ledger, event.clone()), code, "{}", signers.len());
        let copy = kept.snapshot();
        let all: Vec<&SigningKey> = signers.iter().collect();
        let at = plant(&copy, &event.event, &[], &of(&event, &all));
        let found = faults(&copy, &ledger);
        assert_eq!(found, [(code, Some(at))]);
    }
    // the second key counts for its person beside another one
    let draft = draft(&mut world, &new);
    let event = world.sign(&draft, &[&second, &b, &new]);
    assert!(world.offer(&mut ledger, event).is_ok());
    assert_eq!(faults(&store, &ledger), []);
    drop(a);
}

#[test]
fn an_old_verifier_still_verifies_a_newer_schema() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let weather = value(
        r#"{"type":"weather.observed","occurred_at":"2026-07-02T00:00:00.000000Z",
            "data":{"sky":["clear",{"deep":1}]},"mood":"sunny"}"#,
    );
    let event = crafted(&mut world, &weather, &[&pipeline], |event| {
        event.insert("schema".into(), Value::text("ledger/v2"));
    });
    assert_eq!(refused(&mut world, &mut ledger, submission(event.clone(), &[&pipeline])), "schema-unknown");
    plant(&store, &event, &[], &signatures(&event, &[&pipeline]));
    // a type that is known, with other fields than those this version knows
    let approver = key("approver");
    let approval = value(
        r#"{"type":"approval.decided","occurred_at":"2026-07-02T00:00:00.000000Z",
            "data":{"verdict":"yes","decider":{"sealed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}"#,
    );
    let event = crafted(&mut world, &approval, &[&approver], |event| {
        event.insert("schema".into(), Value::text("ledger/v2"));
    });
    plant(&store, &event, &[("/data/decider".to_owned(), Pseudonym([5; 16]))], &signatures(&event, &[&approver]));
    assert_eq!(faults(&store, &ledger), [], "form and link hold; what it means is not asked");
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(opened.size(), 6);
    let next = world.deployment();
    assert_eq!(world.offer(&mut opened, next).unwrap().index, 6);
    assert_eq!(faults(&store, &ledger), []);
    // the laws of form and link hold for it all the same
    let event = crafted(&mut world, &weather, &[&key("narrow")], |event| {
        event.insert("schema".into(), Value::text("ledger/v2"));
    });
    let at = plant(&store, &event, &[], &signatures(&event, &[&key("narrow")]));
    assert_eq!(faults(&store, &ledger), [("key-unknown", Some(at))]);
}

/// All files and their bytes.
fn everything(store: &dyn Store) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for dir in ["", "entries", "index", "vault", "vault/inbox", "recovered", "tree", "tile"] {
        for file in store.list(dir).unwrap() {
            let name = if dir.is_empty() { file } else { format!("{dir}/{file}") };
            let bytes = read_all(store, &name).unwrap().unwrap();
            files.insert(name, bytes);
        }
    }
    files
}

#[test]
fn a_folder_of_a_newer_format_is_left_alone() {
    let (store, _, ledger) = start();
    let text = String::from_utf8(read_all(&store, "ledger.toml").unwrap().unwrap()).unwrap();
    for (newer, code) in [
        (text.replace("ledger/v1", "ledger/v2"), "ledger-newer"),
        (text.replace("ledger/v1", "ledger/v17").replace("origin", "origins"), "ledger-newer"),
        (text.replace("ledger/v1", "ledger/v0"), "ledger-newer"),
        (text.replace("ledger/v1", "ledger/vx"), "ledger-format"),
        (text.replace("ledger/v1", "ledger"), "ledger-format"),
        (format!("{text}more = 1\n"), "ledger-format"),
        (format!("\u{feff}{text}"), "ledger-format"),
        (text.replace('\n', "\r\n"), "ledger-format"),
        (String::new(), "ledger-format"),
    ] {
        let copy = store.snapshot();
        copy.remove("ledger.toml").unwrap();
        copy.write("ledger.toml", 0, newer.as_bytes()).unwrap();
        let before = everything(&copy);
        let opened = Ledger::open(Arc::new(copy.clone()));
        assert_eq!(opened.err().map(|error| error.code()), Some(code), "{newer}");
        let checked = verified(&copy, ledger.origin(), &[]);
        assert_eq!(checked.err().map(|error| error.code()), Some(code), "{newer}");
        assert_eq!(everything(&copy), before);
    }
}

/// A store that can be read and nothing else.
struct ReadOnly(Memory);

fn never<T>() -> Result<T> {
    Err(Error::unavailable("read-only", "nothing can be written here"))
}

impl Store for ReadOnly {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.0.len(name)
    }
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.0.read(name, offset, buf)
    }
    fn write(&self, _: &str, _: u64, _: &[u8]) -> Result<()> {
        never()
    }
    fn sync(&self, _: &str) -> Result<()> {
        never()
    }
    fn sync_dir(&self, _: &str) -> Result<()> {
        never()
    }
    fn rename(&self, _: &str, _: &str) -> Result<()> {
        never()
    }
    fn remove(&self, _: &str) -> Result<()> {
        never()
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.0.list(dir)
    }
    fn seal(&self, _: &str) -> Result<()> {
        never()
    }
    fn lock(&self, _: &str) -> Result<Box<dyn Lock>> {
        never()
    }
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read() {
    let (store, mut world, mut ledger) = start();
    let events: Vec<_> = (0..4).map(|_| world.deployment()).collect();
    world.append(&mut ledger, events.clone()).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    for (name, indexed, slot) in [("fresh", false, false), ("indexed", true, false), ("torn", true, true)] {
        if indexed {
            ledger.catch_up(1, 100).unwrap();
        }
        let copy = store.snapshot();
        if slot {
            let older = 1 - ledger.head().counter % 2;
            copy.write("head", older * 4096 + 9, b"?").unwrap();
        }
        let mut opened = Ledger::open(Arc::new(ReadOnly(copy))).unwrap();
        assert_eq!(opened.size(), 8, "{name}");
        assert_eq!(opened.find(Kind::Subject, "service:payments", 100).unwrap().len(), 4, "{name}");
        assert_eq!(opened.line(7).unwrap(), ledger.line(7).unwrap(), "{name}");
        let report = verified(&**opened.store(), ledger.origin(), &[]).unwrap();
        assert_eq!(report.verdict, if slot { Verdict::CannotTell } else { Verdict::Holds }, "{name}");
        let more = world.deployment();
        assert_eq!(refused(&mut world, &mut opened, more), "read-only", "{name}");
        assert_eq!(opened.recover().unwrap_err().code(), "read-only", "{name}");
    }
}

#[test]
fn a_real_folder_without_permission_to_write_can_be_read() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("ledger");
    let store = Arc::new(Dir::create(&root, Duration::ZERO).unwrap());
    let (mut world, mut ledger) = World::create(store).unwrap();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let mode = |file: u32, dir: u32| {
        let mut dirs = vec![root.clone()];
        while let Some(dir_path) = dirs.pop() {
            // open first, so that its content can be listed while modes change
            for entry in fs::read_dir(&dir_path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
                }
            }
            fs::set_permissions(&dir_path, fs::Permissions::from_mode(dir)).unwrap();
        }
    };
    mode(0o444, 0o555);
    let store = Arc::new(Dir::open(&root, Duration::ZERO).unwrap());
    let before = everything(&*store);
    let mut opened = Ledger::open(store.clone()).unwrap();
    assert_eq!(opened.size(), 5);
    assert_eq!(opened.find(Kind::Type, "deployment.finished", 9).unwrap().len(), 1);
    assert_eq!(faults(&*store, &ledger), []);
    let more = world.deployment();
    assert_eq!(refused(&mut world, &mut opened, more), "read-only");
    let after: Vec<_> = everything(&*store).into_iter().filter(|(name, _)| name != "lock").collect();
    assert_eq!(after, before.into_iter().filter(|(name, _)| name != "lock").collect::<Vec<_>>());
    mode(0o644, 0o755);
}

#[test]
fn a_damaged_head_slot_is_reported_and_loses_nothing() {
    for newest in [false, true] {
        let (store, mut world, mut ledger) = start();
        let mut chain = Producer::new(key("pipeline"), 1);
        let mut receipts = Vec::new();
        for _ in 0..3 {
            let group = vec![chain.next(&mut world, false), chain.next(&mut world, false), world.deployment()];
            let given = world.append(&mut ledger, group).unwrap();
            receipts.extend(given.into_iter().map(|receipt| receipt.map(|r| (r.index, r.hash)).unwrap()));
        }
        let slot = if newest { ledger.head().counter % 2 } else { 1 - ledger.head().counter % 2 };
        store.write("head", slot * 4096 + 60, b"0").unwrap();
        let wanted = usize::try_from(slot).unwrap();
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        assert_eq!(opened.damaged_slot(), Some(wanted));
        assert_eq!(opened.size(), if newest { 10 } else { 13 });
        let report = verified(&store, ledger.origin(), &[]).unwrap();
        assert_eq!((report.verdict, report.faults.len()), (Verdict::CannotTell, 0));
        assert!(report.notices.iter().any(|notice| notice.code == "head-slot"));
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.slot, mended.size, mended.set_aside_bytes), (true, 13, 0));
        assert_eq!(mended.kept, if newest { 3 } else { 0 });
        let report = verified(&store, ledger.origin(), &receipts).unwrap();
        assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
        assert_eq!(Ledger::open(Arc::new(store)).unwrap().damaged_slot(), None);
    }
    // without any slot nobody knows what was acknowledged
    let (store, _, ledger) = start();
    store.write("head", 60, b"0").unwrap();
    store.write("head", 4096 + 60, b"0").unwrap();
    assert_eq!(Ledger::open(Arc::new(store.clone())).unwrap_err().code(), "head-lost");
    assert_eq!(faults(&store, &ledger), [("head-lost", None)]);
}

#[test]
fn a_head_that_fits_no_lines_is_refused_again_and_again() {
    for wrong in 0..3 {
        let (store, mut world, mut ledger) = start();
        let mut stale = Ledger::open(Arc::new(store.clone())).unwrap();
        let events = vec![world.deployment(), world.deployment()];
        world.append(&mut ledger, events).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
        let mut head = ledger.head().clone();
        head.counter += 1;
        match wrong {
            0 => head.last = Blake3([1; 32]),
            1 => {
                head.size -= 1;
                head.frontier = vec![Sha256([0; 32]); head.size.count_ones() as usize];
            }
            _ => {
                head.size += 1;
                head.frontier = vec![Sha256([0; 32]); head.size.count_ones() as usize];
            }
        }
        head.write(&store).unwrap();
        let before = everything(&store);
        for attempt in 0..3 {
            let more = world.deployment();
            let outcome = world.offer(&mut stale, more);
            assert!(outcome.is_err(), "head {wrong}, attempt {attempt}: appended after a head that was refused");
        }
        let same: Vec<_> = everything(&store).into_iter().filter(|(name, _)| name.starts_with("entries") || name == "head").collect();
        assert!(same.iter().all(|(name, bytes)| before.get(name) == Some(bytes)), "head {wrong}");
        assert!(Ledger::open(Arc::new(store.clone())).is_err(), "head {wrong}");
        assert!(!faults(&store, &ledger).is_empty(), "head {wrong}");
    }
}

#[test]
fn lines_past_the_head_are_kept_if_lawful_and_set_aside_if_not() {
    let (base, mut world, mut ledger) = start();
    let mut chain = Producer::new(key("pipeline"), 1);
    let group = vec![chain.next(&mut world, false), world.deployment()];
    world.append(&mut ledger, group.clone()).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    // lawful lines, made by a copy of the ledger
    let twin = base.snapshot();
    let mut other = Ledger::open(Arc::new(twin.clone())).unwrap();
    let more = vec![chain.next(&mut world, false), chain.next(&mut world, false), world.deployment()];
    world.append(&mut other, more.clone()).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    let lines: Vec<Vec<u8>> = (6..9).map(|index| [other.line(index).unwrap(), b"\n".to_vec()].concat()).collect();
    let torn = lines[2][..lines[2].len() / 2].to_vec();
    let mut flipped = lines[1].clone();
    flipped[300] ^= 1;
    let cases: Vec<(&str, Vec<u8>, u64, usize)> = vec![
        ("all lawful", lines.concat(), 3, 0),
        ("torn", [&lines[0][..], &lines[1], &torn].concat(), 2, torn.len()),
        ("without its newline", lines[0][..lines[0].len() - 1].to_vec(), 0, lines[0].len() - 1),
        ("a bit flipped in the middle", [&lines[0][..], &flipped, &lines[2]].concat(), 1, flipped.len() + lines[2].len()),
        ("one dropped", [&lines[1][..], &lines[2]].concat(), 0, lines[1].len() + lines[2].len()),
        ("one repeated", [&lines[0][..], &lines[0]].concat(), 1, lines[0].len()),
        ("zeros", vec![0; 700], 0, 700),
        ("a newline", b"\n".to_vec(), 0, 1),
    ];
    for (name, rest, kept, aside) in cases {
        let store = base.snapshot();
        let head = world::head_of(&store);
        store.write(&segment::name(head.segment), head.offset, &rest).unwrap();
        let report = verified(&store, ledger.origin(), &[]).unwrap();
        assert_eq!(report.verdict, Verdict::Holds, "{name}: nobody was promised what lies past the head");
        assert!(report.notices.iter().any(|notice| notice.code == "past-head"), "{name}");
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        assert_eq!(opened.size(), 6, "{name}: readers never pass the head");
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.kept, mended.set_aside_bytes), (kept, aside as u64), "{name}");
        assert_eq!(faults(&store, &ledger), [], "{name}");
        let files = store.list("recovered").unwrap();
        assert_eq!(files.len(), usize::from(aside > 0), "{name}");
        if let Some(file) = files.first() {
            let bytes = read_all(&store, &format!("recovered/{file}")).unwrap().unwrap();
            assert_eq!(bytes, rest[rest.len() - aside..], "{name}");
            let digest = format!("sha256:{}", ledger_core::encoding::hex(&Sha256::of(&bytes).0));
            assert_eq!(mended.digest, digest, "{name}");
            // recorded, by any key, it is no longer open
            assert_eq!(opened.unrecorded().unwrap().len(), 1, "{name}");
            let draft = value(&format!(
                r#"{{"type":"recovery.recorded","occurred_at":"{}","data":{{"digest":"{digest}","set_aside_bytes":{aside},"size":{}}}}}"#,
                time(90), mended.size
            ));
            let record = world.sign(&draft, &[&key("approver")]);
            world.offer(&mut opened, record).unwrap();
            assert_eq!(opened.unrecorded().unwrap(), [], "{name}");
        }
        for event in more.iter().chain(&group) {
            world.offer(&mut opened, event.clone()).unwrap();
        }
        let wanted = 9 + u64::from(aside > 0);
        assert_eq!((opened.size(), faults(&store, &ledger)), (wanted, vec![]), "{name}");
    }
}

#[test]
fn lines_past_the_head_that_break_a_law_are_not_adopted() {
    let (base, mut world, mut ledger) = start();
    let stranger = key("stranger");
    let draft = world.finished("succeeded");
    let by_stranger = world.sign(&draft, &[&stranger]);
    let mut bad_signature = world.deployment();
    bad_signature.signatures[0][40] ^= 1;
    let foreign = sign(&draft, Some([9; 32]), &Position::one_shot("test", [1; 16]), &[&key("pipeline")], seed("salts", 1)).unwrap();
    let mut chain = Producer::new(key("pipeline"), 1);
    let first = chain.next(&mut world, false);
    world.offer(&mut ledger, first).unwrap();
    let fork = Producer { key: key("pipeline"), position: Producer::new(key("pipeline"), 1).position };
    let fork = fork.here(&mut world, &draft);
    for (name, event, signer) in [
        ("unknown key", by_stranger, &stranger),
        ("bad signature", bad_signature, &key("pipeline")),
        ("another ledger", foreign, &key("pipeline")),
        ("fork", fork, &key("pipeline")),
    ] {
        let store = base.snapshot();
        let head = world::head_of(&store);
        let line = ledger_core::entry::line(&head.last, &event.event, head.size, &[], &time(80).to_string(), &of(&event, &[signer]));
        store.write(&segment::name(head.segment), head.offset, format!("{line}\n").as_bytes()).unwrap();
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.kept, mended.set_aside_bytes), (0, line.len() as u64 + 1), "{name}");
        assert_eq!(faults(&store, &ledger), [], "{name}");
    }
}

/// A ledger with an index of two runs and some entries past it.
fn indexed() -> (Memory, World, Ledger, Vec<Submission>) {
    let (store, mut world, mut ledger) = start();
    let mut chain = Producer::new(key("pipeline"), 1);
    let mut all = Vec::new();
    for round in 0..3 {
        let group = vec![chain.next(&mut world, false), chain.next(&mut world, false), world.deployment()];
        all.extend(group.clone());
        world.append(&mut ledger, group).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
        if round < 2 {
            ledger.catch_up(1, 1).unwrap();
        }
    }
    (store, world, ledger, all)
}

#[test]
fn a_deleted_index_is_made_again_and_answers_the_same() {
    let (store, mut world, ledger, all) = indexed();
    let answers = |ledger: &Ledger| {
        let kinds = [(Kind::Type, "deployment.finished"), (Kind::Type, "key.registered"), (Kind::Subject, "service:payments"), (Kind::Time, "")];
        kinds.map(|(kind, value)| ledger.find(kind, value, 1000).unwrap())
    };
    let wanted = answers(&ledger);
    assert_eq!(wanted.each_ref().map(Vec::len), [9, 3, 9, 13]);
    let index = store.list("index").unwrap();
    assert!(!index.is_empty());
    let keep = everything(&store);
    for file in index {
        store.remove(&format!("index/{file}")).unwrap();
    }
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(answers(&opened), wanted);
    opened.catch_up(1, 1000).unwrap();
    assert_eq!(answers(&opened), wanted);
    for receipt in world.append(&mut opened, all).unwrap() {
        assert!(receipt.unwrap().known);
    }
    let evidence = |files: BTreeMap<String, Vec<u8>>| files.into_iter().filter(|(name, _)| !name.starts_with("index/")).collect::<Vec<_>>();
    assert_eq!(evidence(everything(&store)), evidence(keep), "nothing but the index was written");
}

#[test]
fn a_damaged_index_never_makes_a_wrong_ledger() {
    let (store, mut world, ledger, all) = indexed();
    let mut refusals = 0;
    let files = store.list("index").unwrap();
    let mut dice = world::Dice(11);
    for file in files.iter().filter(|file| file.ends_with(".run")) {
        let name = format!("index/{file}");
        let good = read_all(&store, &name).unwrap().unwrap();
        for number in 0..40 {
            let copy = store.snapshot();
            let at = usize::try_from(dice.below(good.len() as u64)).unwrap();
            let mut bad = good.clone();
            if number % 4 == 0 { bad.truncate(at) } else { bad[at] ^= 1 << dice.below(8) }
            copy.remove(&name).unwrap();
            copy.write(&name, 0, &bad).unwrap();
            let Ok(mut opened) = Ledger::open(Arc::new(copy.clone())) else {
                refusals += 1;
                continue;
            };
            match world.append(&mut opened, all.clone()) {
                Ok(receipts) => {
                    for receipt in receipts {
                        match receipt {
                            Ok(receipt) => assert!(receipt.known, "byte {at} of {file}"),
                            Err(_) => refusals += 1,
                        }
                    }
                }
                Err(_) => refusals += 1,
            }
            let report = verified(&copy, ledger.origin(), &[]).unwrap();
            assert_eq!((report.verdict, report.size), (Verdict::Holds, 13), "byte {at} of {file}: {:?}", report.faults);
        }
    }
    println!("seed 11: {refusals} refusals");
}

#[test]
fn a_damaged_index_sets_no_acknowledged_line_aside() {
    let (store, _, ledger, _) = indexed();
    let slot = ledger.head().counter % 2;
    let mut dice = world::Dice(12);
    for file in store.list("index").unwrap().iter().filter(|file| file.ends_with(".run")) {
        let name = format!("index/{file}");
        let length = store.len(&name).unwrap().unwrap();
        for _ in 0..40 {
            let copy = store.snapshot();
            let at = dice.below(length);
            let mut byte = [0];
            copy.read(&name, at, &mut byte).unwrap();
            copy.write(&name, at, &[byte[0] ^ (1 << dice.below(8))]).unwrap();
            copy.write("head", slot * 4096 + 60, b"0").unwrap();
            let recovered = Ledger::open(Arc::new(copy.clone())).and_then(|mut opened| opened.recover());
            if let Ok(Some(mended)) = recovered {
                assert_eq!((mended.size, mended.set_aside_bytes), (13, 0), "byte {at} of {file}");
            }
        }
    }
}

#[test]
fn an_index_of_another_history_is_not_believed() {
    let (store, mut world, _, all) = indexed();
    let (other, mut world2, mut ledger2) = start();
    world2.counter = 5000;
    let events: Vec<_> = (0..9).map(|_| world2.deployment()).collect();
    world2.append(&mut ledger2, events).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    ledger2.catch_up(1, 1000).unwrap();
    for file in store.list("index").unwrap() {
        store.remove(&format!("index/{file}")).unwrap();
    }
    for file in other.list("index").unwrap() {
        let name = format!("index/{file}");
        store.write(&name, 0, &read_all(&other, &name).unwrap().unwrap()).unwrap();
    }
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(opened.find(Kind::Type, "deployment.finished", 100).unwrap().len(), 9);
    for receipt in world.append(&mut opened, all).unwrap() {
        assert!(receipt.unwrap().known);
    }
}

#[test]
fn a_line_that_is_no_entry_is_found_whatever_it_is() {
    let (store, mut world, mut ledger) = start();
    let event = world.deployment();
    let receipt = world.offer(&mut ledger, event).unwrap();
    let good = String::from_utf8(ledger.line(receipt.index).unwrap()).unwrap();
    let next = good.replace("\"index\":4,", "\"index\":5,");
    for (name, line) in [
        ("empty", String::new()),
        ("another index and chain", next),
        ("a space", format!("{good} ")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("carriage return", format!("{good}\r")),
        ("a member more", good.replacen('{', "{\"a\":1,", 1)),
        ("a member twice", good.replacen("\"index\":4,", "\"index\":4,\"index\":4,", 1)),
        ("a float", good.replacen("\"index\":4,", "\"index\":4.0,", 1)),
        ("deep", "[".repeat(200)),
        ("long", format!("\"{}\"", "a".repeat(70_000))),
        ("null", "null".to_owned()),
    ] {
        let copy = store.snapshot();
        plant_line(&copy, line.as_bytes());
        let found = faults(&copy, &ledger);
        assert!(!found.is_empty() && found.len() <= 2, "{name}: {found:?}");
        assert!(found.iter().all(|(_, index)| index.is_none_or(|index| index >= 4)), "{name}: {found:?}");
        assert!(Ledger::open(Arc::new(copy)).is_err(), "{name}");
    }
}

#[test]
fn events_that_do_not_go_together_are_found() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let relay = key("relay");
    let registration = world.register(&relay, r#""service":"connector""#, r#"["relay:github"]"#);
    world.offer(&mut ledger, registration).unwrap();
    let mut chain = Producer::new(key("pipeline"), 1);
    let first = chain.next(&mut world, false);
    let second_at = chain.position.clone();
    let second = chain.next(&mut world, true);
    let import = |world: &mut World, original: u8| {
        let mut draft = world.finished("succeeded");
        let members = draft.members_mut().unwrap();
        for (name, text) in [("source", "github"), ("source_id", "run-1"), ("adapter", "a")] {
            members.insert(name.into(), Value::text(text));
        }
        members.insert("original".into(), Value::text(Blake3([original; 32]).to_base64()));
        members.insert("ordinal".into(), Value::count(0));
        world.sign(&draft, &[&key("relay")])
    };
    let imported = import(&mut world, 1);
    let good = vec![first.clone(), second, imported];
    world.append(&mut ledger, good).unwrap().into_iter().for_each(|receipt| assert!(receipt.is_ok()));
    assert_eq!(faults(&store, &ledger), []);
    let draft = world.finished("failed");
    let at = |seq: u64, prev: Option<Blake3>| Producer {
        key: key("pipeline"),
        position: Position { seq, prev, is_final: false, ..second_at.clone() },
    };
    let mut gap = Producer::new(key("pipeline"), 2);
    let zero = gap.next(&mut world, false);
    world.offer(&mut ledger, zero).unwrap();
    let wrong_prev = Producer {
        key: key("pipeline"),
        position: Position { prev: Some(Blake3([3; 32])), ..gap.position.clone() },
    };
    let (same_record, other_record) = (import(&mut world, 1), import(&mut world, 2));
    for (name, event, signer, at_door, planted) in [
        ("the same event again", first, &pipeline, "known", "stream-fork"),
        ("a fork", at(1, second_at.prev).here(&mut world, &draft), &pipeline, "stream-fork", "stream-fork"),
        ("after the end", at(7, Some(Blake3([2; 32]))).here(&mut world, &draft), &pipeline, "stream-ended", "stream-ended"),
        ("another prev", wrong_prev.here(&mut world, &draft), &pipeline, "stream-fork", "stream-prev"),
        ("the record again", same_record, &relay, "known", "source-twice"),
        ("another original", other_record, &relay, "source-conflict", "source-twice"),
    ] {
        let outcome = world.offer(&mut ledger, event.clone());
        let code = outcome.map_or_else(|error| error.code(), |receipt| if receipt.known { "known" } else { "new" });
        assert_eq!(code, at_door, "{name}");
        let copy = store.snapshot();
        let index = plant(&copy, &event.event, &[], &of(&event, &[signer]));
        assert_eq!(faults(&copy, &ledger), [(planted, Some(index))], "{name}");
    }
}
