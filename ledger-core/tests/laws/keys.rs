//! Keys that may not, may no more, or never may.

use ledger_core::entry::Entry;
use ledger_core::json::Document;

use super::*;

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
        event.insert("signers", Value::List(vec![Value::text(id.to_string())]));
        event.insert("stream", Value::text(format!("{id}/test/{}", base64url(&[3; 16]))));
    });
    let offered =
        Submission { event: by_weak.clone(), signatures: vec![forged], disclosures: Vec::new() };
    assert_eq!(refused(&mut world, &mut ledger, offered), "key-unknown");
    let first = plant(&store, &event, &[], &all);
    let second = plant(&store, &by_weak, &[], &[Signature { key: id, bytes: forged }]);
    let found = faults(&store, &ledger);
    assert!(found.contains(&("key-weak", Some(first))), "{found:?}");
    assert!(found.contains(&("key-unknown", Some(second))), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn keys_without_the_right_are_refused_and_found() {
    let (store, mut world, mut ledger) = start();
    let [narrow, scoped, stranger] = [key("narrow"), key("scoped"), key("stranger")];
    let registrations = vec![
        world.register(&narrow, r#""service":"narrow""#, r#"["append:deployment.started"]"#),
        world.register(
            &scoped,
            r#""scope":{"services":["search"]},"service":"scoped""#,
            r#"["append:*"]"#,
        ),
    ];
    world
        .append(&mut ledger, registrations)
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
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
    let registration =
        world.register(&second, r#""holder":{"issuer":"hr","id":"root-0"}"#, r#"["admin"]"#);
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
        (
            vec![key("pipeline"), key("root a"), key("root b"), key("new")],
            key("new"),
            "key-capability",
        ),
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

/// A key that signed before it was registered is early, not unknown: whoever looks later says so.
#[test]
fn a_key_that_is_registered_later_was_early() {
    let (store, mut world, mut ledger) = start();
    let [late, never] = [key("late"), key("never")];
    let mut planted = Vec::new();
    for signer in [&late, &never] {
        let draft = world.finished("succeeded");
        let event = world.sign(&draft, &[signer]);
        assert_eq!(refused(&mut world, &mut ledger, event.clone()), "key-unknown");
        planted.push(plant(&store, &event.event, &[], &of(&event, &[signer])));
    }
    let registration = world.register(&late, r#""service":"late""#, r#"["append:*"]"#);
    let roots = [key("root a"), key("root b")];
    let signers = [&roots[0], &roots[1], &late];
    let signed = of(&registration, &signers);
    plant(&store, &registration.event, &[], &signed);
    let found = faults(&store, &ledger);
    assert_eq!(found, [("key-early", Some(planted[0])), ("key-unknown", Some(planted[1]))]);
    // the law that `show` asks says the same, with all keys that are known by then
    let segment = read_all(&store, &segment::name(0)).unwrap().unwrap();
    let lines: Vec<&[u8]> = segment.split(|byte| *byte == b'\n').collect();
    let mut registry = ledger.registry().clone();
    let mut document = Document::default();
    let entry =
        Entry::parse(&mut document, lines[usize::try_from(planted[1]).unwrap() + 1]).unwrap();
    registry.judge(&entry).unwrap();
    registry.apply(&entry).unwrap();
    for (index, signer, code) in
        [(planted[0], &late, Some("key-early")), (planted[1], &never, None)]
    {
        let mut document = Document::default();
        let entry = Entry::parse(&mut document, lines[usize::try_from(index).unwrap()]).unwrap();
        let refused = ledger.registry().judge(&entry).unwrap_err();
        let early = registry.early(index, &[signer.public().id()], refused.message());
        assert_eq!(early.map(|error| error.code()), code);
    }
}

fn event_of(world: &mut World, kind: &str, subject: &str, data: &str) -> Value {
    let at = time(world.next());
    value(&format!(
        r#"{{"type":"{kind}","occurred_at":"{at}","actor":{{"kind":"human","id":{{"issuer":"hr","id":"17"}}}},
            "subject":{subject},"data":{data}}}"#
    ))
}

/// A ledger in which three keys came to their ends: `revoked`, `rotated`, `compromised`.
fn ended() -> (World, Ledger) {
    let (_store, mut world, mut ledger) = start();
    let [a, b] = [key("root a"), key("root b")];
    for name in ["revoked", "rotated", "compromised"] {
        let holder = format!(r#""service":"{name}""#);
        let event = world.register(&key(name), &holder, r#"["append:*"]"#);
        world.offer(&mut ledger, event).unwrap();
    }
    let subject = |key: &SigningKey| format!(r#"{{"key":"{}"}}"#, key.public().id());
    for (name, reason) in [("revoked", "retired"), ("compromised", "compromised")] {
        let data = format!(r#"{{"reason":"{reason}"}}"#);
        let draft = event_of(&mut world, "key.revoked", &subject(&key(name)), &data);
        let event = world.sign(&draft, &[&a, &b]);
        world.offer(&mut ledger, event).unwrap();
    }
    let successor = format!(r#"{{"successor":"{}"}}"#, key("successor").public().to_base64());
    let draft = event_of(&mut world, "key.rotated", &subject(&key("rotated")), &successor);
    let event = world.sign(&draft, &[&key("rotated"), &key("successor")]);
    world.offer(&mut ledger, event).unwrap();
    (world, ledger)
}

/// The registration of a key of small order, with a signature that a careless verifier believes.
fn weakly(world: &mut World) -> Submission {
    let [a, b] = [key("root a"), key("root b")];
    let (weak, forged) = weak();
    let weak_id = base64url(&Blake3::of(&weak).0);
    let public = ledger_core::encoding::base64(&weak);
    let data =
        format!(r#"{{"public_key":"{public}","capabilities":["append:*"],"service":"weak"}}"#);
    let subject = format!(r#"{{"key":"{weak_id}"}}"#);
    let draft = event_of(world, "key.registered", &subject, &data);
    let event = crafted(world, &draft, &[&a, &b], |event| {
        let Some(Value::List(signers)) = event.get_mut("signers") else { panic!("signers") };
        signers.push(Value::text(&weak_id));
        // what is sealed does not matter here: the key is refused before
        event.get_mut("actor").unwrap().members_mut().unwrap().remove("id");
    });
    let mut all: Vec<[u8; 64]> = signatures(&event, &[&a, &b]).iter().map(|s| s.bytes).collect();
    all.push(forged);
    Submission { event, signatures: all, disclosures: Vec::new() }
}

/// Whoever is refused learns why: no two kinds of wrong key are told the same.
#[test]
fn each_kind_of_wrong_key_has_its_own_message() {
    let (mut world, mut ledger) = ended();
    let [a, b, pipeline] = [key("root a"), key("root b"), key("pipeline")];
    let id = |key: &SigningKey| key.public().id().to_string();
    let mut told: Vec<(&str, &'static str, String)> = Vec::new();
    let mut tell = |case, error: Error| told.push((case, error.code(), error.message().to_owned()));
    for case in ["revoked", "rotated", "compromised", "unregistered", "approver"] {
        let draft = world.finished("succeeded");
        let event = world.sign(&draft, &[&key(case)]);
        tell(case, world.offer(&mut ledger, event).unwrap_err());
    }
    let mut forged = world.deployment();
    forged.signatures = vec![signatures(&forged.event, &[&key("approver")])[0].bytes];
    tell("forged", world.offer(&mut ledger, forged).unwrap_err());
    let new = key("new");
    let registration = |world: &mut World, new: &str, public: &str, capability: &str| {
        let data = format!(
            r#"{{"public_key":"{public}","capabilities":["{capability}"],"holder":{{"issuer":"hr","id":"17"}}}}"#
        );
        event_of(world, "key.registered", &format!(r#"{{"key":"{new}"}}"#), &data)
    };
    let public = new.public().to_base64();
    for (case, signers, capability) in [
        ("without its own signature", vec![&a, &b], "append:*"),
        ("a stronger one, by a pipeline", vec![&pipeline, &new], "admin"),
        ("a stronger one, by one administrator", vec![&a, &new], "admin"),
    ] {
        let draft = registration(&mut world, &id(&new), &public, capability);
        let signers: Vec<&dyn Signer> = signers.into_iter().map(|key| key as &dyn Signer).collect();
        let event = world.sign(&draft, &signers);
        tell(case, world.offer(&mut ledger, event).unwrap_err());
    }
    let known = pipeline.public().to_base64();
    let draft = registration(&mut world, &id(&pipeline), &known, "append:*");
    let event = world.sign(&draft, &[&a, &b, &pipeline]);
    tell("registered twice", world.offer(&mut ledger, event).unwrap_err());
    let approval = r#"{"approval":"a-1","approver":{"issuer":"hr","id":"17"},"decision":"granted","for":{},"method":"key","role":"owner"}"#;
    let draft = event_of(&mut world, "approval.decided", r#"{"change":"c-1"}"#, approval);
    let event = world.sign(&draft, &[&pipeline]);
    tell("an approval by a pipeline", world.offer(&mut ledger, event).unwrap_err());
    let event = weakly(&mut world);
    tell("weak", world.offer(&mut ledger, event).unwrap_err());

    let plain = |text: &String| {
        let words = text.split('`').enumerate();
        // without the ids that stand between the backticks
        let kept: Vec<&str> =
            words.filter(|(n, w)| n % 2 == 0 || w.len() != 43).map(|(_, w)| w).collect();
        kept.join("`")
    };
    let messages: std::collections::BTreeSet<String> =
        told.iter().map(|(_, code, message)| format!("{code} {}", plain(message))).collect();
    assert_eq!(messages.len(), told.len(), "two are told the same: {told:#?}");
    let codes: Vec<_> = told.iter().map(|(case, code, _)| (*case, *code)).collect();
    assert_eq!(
        codes,
        [
            ("revoked", "key-revoked"),
            ("rotated", "key-rotated"),
            ("compromised", "key-compromised"),
            ("unregistered", "key-unknown"),
            ("approver", "key-capability"),
            ("forged", "signature"),
            ("without its own signature", "key-own-signature"),
            ("a stronger one, by a pipeline", "key-capability"),
            ("a stronger one, by one administrator", "key-threshold"),
            ("registered twice", "key-twice"),
            ("an approval by a pipeline", "key-capability"),
            ("weak", "key-weak"),
        ]
    );
}
