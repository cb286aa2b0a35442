//! Keys that take each other's places, that end, that are in doubt, and the list of them all.

use ledger_core::trust::Judgement;

use super::*;

/// A draft of a key event about a key.
fn about(world: &mut World, kind: &str, key: &SigningKey, data: &str) -> Value {
    value(&format!(
        r#"{{"type":"{kind}","occurred_at":"{}","subject":{{"key":"{}"}},"data":{{{data}}}}}"#,
        time(world.next()),
        key.public().id()
    ))
}

fn rotation(world: &mut World, old: &SigningKey, new: &SigningKey) -> Value {
    let successor = format!(r#""successor":"{}""#, new.public().to_base64());
    about(world, "key.rotated", old, &successor)
}

/// Refused at the door, and found when it is planted.
fn both(
    store: &Memory,
    world: &mut World,
    ledger: &mut Ledger,
    draft: &Value,
    signers: &[&SigningKey],
    code: &'static str,
) {
    let keys: Vec<&dyn Signer> = signers.iter().map(|key| *key as &dyn Signer).collect();
    let event = world.sign(draft, &keys);
    assert_eq!(refused(world, ledger, event.clone()), code);
    let copy = store.snapshot();
    let at = plant(&copy, &event.event, &[], &of(&event, signers));
    assert_eq!(faults(&copy, ledger), [(code, Some(at))]);
}

#[test]
fn a_rotated_key_gives_all_it_has_to_its_successor() {
    let (store, mut world, mut ledger) = start();
    let [old, new, third] = [key("old"), key("new"), key("third")];
    let holder = r#""scope":{"services":["pay*"]},"service":"ci""#;
    let registration = world.register(&old, holder, r#"["append:deployment.*"]"#);
    world.offer(&mut ledger, registration).unwrap();
    let draft = rotation(&mut world, &old, &new);
    let [a, b] = [key("root a"), key("root b")];
    for (signers, code) in [
        (vec![&old], "key-own-signature"),
        (vec![&a, &b, &new], "key-rotation"),
        (vec![&old, &new, &a], "key-rotation"),
        (vec![&new, &old], "key-unknown"),
        (vec![&third, &new], "key-unknown"),
    ] {
        both(&store, &mut world, &mut ledger, &draft, &signers, code);
    }
    // what was registered once is never a successor
    let known = rotation(&mut world, &old, &key("approver"));
    both(&store, &mut world, &mut ledger, &known, &[&old, &key("approver")], "key-twice");
    let itself = rotation(&mut world, &old, &old);
    both(&store, &mut world, &mut ledger, &itself, &[&old], "key-twice");
    let late = world.finished("succeeded");
    let late = world.sign(&late, &[&old]);
    let rotated = world.sign(&draft, &[&old, &new]);
    let at = world.offer(&mut ledger, rotated).unwrap().index;
    assert_eq!(refused(&mut world, &mut ledger, late), "key-rotated");
    let draft = world.finished("succeeded");
    let event = world.sign(&draft, &[&new]);
    world.offer(&mut ledger, event).unwrap();
    // the scope went over too
    let mut draft = world.finished("succeeded");
    let subject = draft.members_mut().unwrap().get_mut("subject").unwrap();
    subject.members_mut().unwrap().insert("service", Value::text("search"));
    both(&store, &mut world, &mut ledger, &draft, &[&new], "key-scope");
    let again = rotation(&mut world, &old, &third);
    both(&store, &mut world, &mut ledger, &again, &[&old, &third], "key-rotated");
    let record = ledger.registry().get(&old.public().id()).unwrap().clone();
    assert_eq!(record.ended.unwrap().successor, Some(new.public().id()));
    assert_eq!(ledger.registry().get(&new.public().id()).unwrap().registered, at);
    assert_eq!(faults(&store, &ledger), []);
}

#[test]
fn a_key_for_checkpoints_is_replaced_not_rotated() {
    let (store, mut world, mut ledger) = start();
    let [old, new] = [key("checkpoint"), key("new")];
    let draft = rotation(&mut world, &old, &new);
    both(&store, &mut world, &mut ledger, &draft, &[&old, &new], "key-capability");
    assert_eq!(faults(&store, &ledger), []);
}

#[test]
fn roots_change_and_never_become_too_few() {
    let (store, mut world, mut ledger) = start();
    let [a, b, c] = [key("root a"), key("root b"), key("root c")];
    let revoke = about(&mut world, "key.revoked", &a, r#""reason":"retired""#);
    both(&store, &mut world, &mut ledger, &revoke, &[&a, &b], "key-last-admins");
    // another key of the person who stays does not help
    let second = world.register(
        &key("root b, second"),
        r#""holder":{"issuer":"hr","id":"root-1"}"#,
        r#"["admin"]"#,
    );
    world.offer(&mut ledger, second).unwrap();
    both(&store, &mut world, &mut ledger, &revoke, &[&a, &b], "key-last-admins");
    let draft = rotation(&mut world, &a, &c);
    let event = world.sign(&draft, &[&a, &c]);
    world.offer(&mut ledger, event).unwrap();
    both(&store, &mut world, &mut ledger, &revoke, &[&c, &b], "key-ended");
    let third = about(&mut world, "key.revoked", &key("root b, second"), r#""reason":"retired""#);
    let event = world.sign(&third, &[&c, &b]);
    world.offer(&mut ledger, event).unwrap();
    let by_old = about(&mut world, "key.revoked", &key("pipeline"), r#""reason":"retired""#);
    both(&store, &mut world, &mut ledger, &by_old, &[&a, &b], "key-rotated");
    assert_eq!(faults(&store, &ledger), []);
}

#[test]
fn revocations_that_say_what_cannot_be_are_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let [a, b, pipeline] = [key("root a"), key("root b"), key("pipeline")];
    let size = ledger.size();
    let doubt = |from: u64| format!(r#""reason":"compromised","suspect_from":{from}"#);
    for (subject, data, code) in [
        (key("stranger"), r#""reason":"retired""#.to_owned(), "key-revocation"),
        (key("pipeline"), doubt(size + 1), "key-suspect-from"),
        (key("pipeline"), r#""reason":"retired","suspect_from":2"#.to_owned(), "key-suspect-from"),
    ] {
        let draft = about(&mut world, "key.revoked", &subject, &data);
        both(&store, &mut world, &mut ledger, &draft, &[&a, &b], code);
    }
    let draft = about(&mut world, "key.revoked", &pipeline, r#""reason":"retired""#);
    let event = world.sign(&draft, &[&a, &b]);
    world.offer(&mut ledger, event).unwrap();
    both(&store, &mut world, &mut ledger, &draft, &[&a, &b], "key-ended");
}

#[test]
fn what_a_compromised_key_signed_is_suspect_and_stands() {
    let (store, mut world, mut ledger) = start();
    let [a, b, pipeline] = [key("root a"), key("root b"), key("pipeline")];
    let mut indexes = Vec::new();
    for _ in 0..4 {
        let event = world.deployment();
        indexes.push(world.offer(&mut ledger, event).unwrap().index);
    }
    let draft = about(&mut world, "key.revoked", &pipeline, r#""reason":"retired""#);
    let event = world.sign(&draft, &[&a, &b]);
    world.offer(&mut ledger, event).unwrap();
    // the report comes after the key had ended; the earliest doubt counts
    let mut report = 0;
    for from in [indexes[2], indexes[1], indexes[3]] {
        let data = format!(r#""reason":"compromised","suspect_from":{from}"#);
        let draft = about(&mut world, "key.revoked", &pipeline, &data);
        let event = world.sign(&draft, &[&a, &b]);
        let index = world.offer(&mut ledger, event).unwrap().index;
        report = if from == indexes[1] { index } else { report };
    }
    let seen = verified(&store, ledger.origin(), &[]).unwrap();
    assert_eq!(seen.verdict, Verdict::Holds, "{:?}", seen.faults);
    assert_eq!(seen.suspects.len(), 1);
    let suspect = &seen.suspects[0];
    assert_eq!((suspect.key, suspect.count), (pipeline.public().id(), 3));
    assert_eq!(suspect.entries, indexes[1..]);
    assert_eq!((suspect.suspicion.from, suspect.suspicion.by), (indexes[1], report));
    for (position, index) in indexes.iter().enumerate() {
        let judged = ledger.entry(*index, |entry| ledger.registry().judgement(entry)).unwrap();
        match judged {
            Judgement::Valid => assert_eq!(position, 0),
            Judgement::Suspect(key, _) => assert_eq!(key, pipeline.public().id()),
            Judgement::Refused(error) => panic!("{error}"),
        }
    }
    // reopened, the same
    let ledger = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(ledger.registry().suspects().len(), 1);
}

#[test]
fn a_compromised_key_signs_no_more_and_without_a_beginning_all_of_it_is_in_doubt() {
    let (store, mut world, mut ledger) = start();
    let [a, b, pipeline] = [key("root a"), key("root b"), key("pipeline")];
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let draft = about(&mut world, "key.revoked", &pipeline, r#""reason":"compromised""#);
    let event = world.sign(&draft, &[&a, &b]);
    world.offer(&mut ledger, event).unwrap();
    let late = world.finished("succeeded");
    both(&store, &mut world, &mut ledger, &late, &[&pipeline], "key-compromised");
    let seen = verified(&store, ledger.origin(), &[]).unwrap();
    // its registration, which it signed too, and the deployment
    assert_eq!(seen.suspects[0].entries, [1, 4]);
}

#[test]
fn a_planted_revocation_ends_nothing() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let draft = about(&mut world, "key.revoked", &pipeline, r#""reason":"compromised""#);
    let event = world.sign(&draft, &[&key("root a")]);
    let at = plant(&store, &event.event, &[], &of(&event, &[&key("root a")]));
    let event = world.deployment();
    plant(&store, &event.event, &[], &of(&event, &[&pipeline]));
    assert_eq!(faults(&store, &ledger), [("key-threshold", Some(at))]);
    assert!(world.offer(&mut ledger, event).is_err(), "the folder is not what it was");
}

#[test]
fn a_list_of_keys_cannot_lie() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let list = |world: &mut World, text: &str, size: usize| {
        let digest = ledger_core::encoding::hex(&Sha256::of(text.as_bytes()).0);
        value(&format!(
            r#"{{"type":"key.listed","occurred_at":"{}","data":{{"digest":"sha256:{digest}","keys":{{"attachment":"sha256:{digest}","count":{size}}},"size":{size}}},
                "attachments":[{{"digest":"sha256:{digest}","media_type":"application/jsonl","name":"keys.jsonl","size":{}}}]}}"#,
            time(world.next()),
            text.len(),
        ))
    };
    let text = ledger.registry().list();
    assert_eq!(text.lines().count(), 5);
    for (text, size) in [
        (text.clone(), 4),
        (text.clone(), 6),
        (text.replace("append:*", "append:deployment.*"), 5),
        (text.lines().rev().flat_map(|line| [line, "\n"]).collect(), 5),
    ] {
        let draft = list(&mut world, &text, size);
        both(&store, &mut world, &mut ledger, &draft, &[&pipeline], "key-list");
    }
    let draft = list(&mut world, &text, 5);
    let event = world.sign(&draft, &[&pipeline]);
    world.offer(&mut ledger, event).unwrap();
    // the same list after a key has ended is a lie
    let revoke = about(&mut world, "key.revoked", &key("approver"), r#""reason":"retired""#);
    let event = world.sign(&revoke, &[&key("root a"), &key("root b")]);
    world.offer(&mut ledger, event).unwrap();
    let draft = list(&mut world, &text, 5);
    both(&store, &mut world, &mut ledger, &draft, &[&pipeline], "key-list");
    assert_eq!(ledger.registry_at(5).unwrap().list(), text);
    assert_ne!(ledger.registry().list(), text);
    assert_eq!(faults(&store, &ledger), []);
}

#[test]
fn a_service_does_not_speak_for_a_person_and_says_so() {
    let (_store, mut world, mut ledger) = start();
    let draft = value(&format!(
        r#"{{"type":"approval.decided","occurred_at":"{}","actor":{{"kind":"human","id":{{"issuer":"hr","id":"17"}}}},
            "subject":{{"change":"c-1"}},"data":{{"approval":"a-1","approver":{{"issuer":"hr","id":"17"}},
            "decision":"granted","for":{{}},"method":"key","role":"owner"}}}}"#,
        time(70)
    ));
    let event = world.sign(&draft, &[&key("pipeline")]);
    let error = world.offer(&mut ledger, event).unwrap_err();
    assert_eq!(error.code(), "key-capability");
    assert!(error.message().contains("in a person's name"), "{error}");
    let stronger = key("stronger");
    let draft = value(&format!(
        r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},
            "data":{{"public_key":"{}","capabilities":["admin"],"service":"ci"}}}}"#,
        time(71),
        stronger.public().id(),
        stronger.public().to_base64()
    ));
    for (signer, part) in
        [("pipeline", "could be stronger"), ("root a", "no key registers another alone")]
    {
        let event = world.sign(&draft, &[&key(signer), &stronger]);
        let error = world.offer(&mut ledger, event).unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
}

/// The directory of keys is derived: deleted, torn, of another history or forged in its lines, the
/// registry is what the log says.
#[test]
fn the_directory_of_keys_is_never_needed() {
    const NAME: &str = "index/keys";
    let (store, mut world, mut ledger) = start();
    let registrations: Vec<_> = (0..300)
        .map(|number| {
            let new = SigningKey::from_seed(seed("many", number));
            world.register(&new, &format!(r#""service":"s{number}""#), r#"["append:*"]"#)
        })
        .collect();
    for receipt in world.append(&mut ledger, registrations).unwrap() {
        receipt.unwrap();
    }
    let expected = ledger.registry().list();
    ledger.catch_up(1, 1 << 20).unwrap();
    let opened = |store: &Memory| Ledger::open(Arc::new(store.clone())).unwrap().registry().list();
    assert_eq!(opened(&store), expected);
    let bytes = read_all(&store, NAME).unwrap().expect("it was written");
    assert_eq!(opened(&store), expected);
    let put = |bytes: &[u8]| {
        store.remove(NAME).unwrap();
        store.write(NAME, 0, bytes).unwrap();
    };
    for damaged in [&bytes[..0], &bytes[..100], &bytes[..bytes.len() - 1], b"nonsense"] {
        put(damaged);
        assert_eq!(opened(&store), expected, "{}", damaged.len());
        assert!(read_all(&store, NAME).unwrap().unwrap() == bytes, "the same bytes again");
    }
    for at in [25, 60, 100, 200, bytes.len() / 2, bytes.len() - 3] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        put(&damaged);
        assert_eq!(opened(&store), expected, "{at}");
    }
    store.remove(NAME).unwrap();
    assert_eq!(opened(&store), expected);
    // whole, but of another ledger
    let (other, mut elsewhere, mut second) = start();
    let event = elsewhere.deployment();
    elsewhere.offer(&mut second, event).unwrap();
    second.catch_up(1, 1 << 20).unwrap();
    let registry = second.registry().to_directory(5, Blake3([1; 32]));
    put(&registry.encode());
    assert_eq!(opened(&store), expected);
    drop(other);
    // keys that end after it was written, and lists of before
    let many = SigningKey::from_seed(seed("many", 7));
    let draft = about(&mut world, "key.revoked", &many, r#""reason":"retired""#);
    let event = world.sign(&draft, &[&key("root a"), &key("root b")]);
    let mut ledger = Ledger::open(Arc::new(store.clone())).unwrap();
    let at = world.offer(&mut ledger, event).unwrap().index;
    let ledger = Ledger::open(Arc::new(store.clone())).unwrap();
    assert!(!ledger.registry().get(&many.public().id()).unwrap().stands_at(at + 1));
    assert_eq!(ledger.registry_at(at).unwrap().list(), expected);
    assert_eq!(faults(&store, &ledger), []);
}
