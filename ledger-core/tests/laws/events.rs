//! Events that are not what, where or by whom they say.

use super::*;

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
    let swapped =
        |key: usize, bytes: usize| Signature { key: all[key].key, bytes: all[bytes].bytes };
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
        event.insert("stream", Value::text(stream));
        event.insert("seq", Value::count(1));
        event.insert("prev", Value::text(prev));
    });
    assert_eq!(
        refused(&mut world, &mut ledger, submission(event.clone(), &[&other])),
        "stream-owner"
    );
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
    actor.members_mut().unwrap().insert("id", sealed.clone());
    let mut places = vec![
        (
            "stream",
            sign(&carried, home, &Position::one_shot("test", [2; 16]), signers, seed("salts", 2))
                .unwrap(),
        ),
        (
            "seq",
            sign(
                &carried,
                home,
                &Position { seq: 1, prev: Some(Blake3([1; 32])), ..here.clone() },
                signers,
                seed("salts", 2),
            )
            .unwrap(),
        ),
    ];
    let mut elsewhere = draft.clone();
    let actor = elsewhere.members_mut().unwrap().get_mut("actor").unwrap();
    actor.members_mut().unwrap().remove("id");
    actor.members_mut().unwrap().insert("on_behalf_of", sealed);
    places.push(("pointer", sign(&elsewhere, home, &here, signers, seed("salts", 2)).unwrap()));
    let foreign = sign(&draft, Some([9; 32]), &here, signers, seed("salts", 1)).unwrap();
    let mut from_there = sign(&carried, home, &here, signers, seed("salts", 2)).unwrap();
    // the commitment of another ledger stands here
    let text = String::from_utf8(from_there.event.clone()).unwrap();
    let text = text.replace(
        &disclosure.commitment.to_base64(),
        &foreign.disclosures[0].commitment.to_base64(),
    );
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
    let holder =
        ledger.entry(receipt.index, |entry| entry.person("/data/approver").unwrap()).unwrap();
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

/// S + L: the same scalar, another spelling.
fn with_order_added(signature: [u8; 64]) -> [u8; 64] {
    let mut order = [0; 32];
    order[..16]
        .copy_from_slice(&27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes());
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
fn an_old_verifier_still_verifies_a_newer_schema() {
    let (store, mut world, mut ledger) = start();
    let pipeline = key("pipeline");
    let weather = value(
        r#"{"type":"weather.observed","occurred_at":"2026-07-02T00:00:00.000000Z",
            "data":{"sky":["clear",{"deep":1}]},"mood":"sunny"}"#,
    );
    let event = crafted(&mut world, &weather, &[&pipeline], |event| {
        event.insert("schema", Value::text("ledger/v2"));
    });
    assert_eq!(
        refused(&mut world, &mut ledger, submission(event.clone(), &[&pipeline])),
        "schema-unknown"
    );
    plant(&store, &event, &[], &signatures(&event, &[&pipeline]));
    // a type that is known, with other fields than those this version knows
    let approver = key("approver");
    let approval = value(
        r#"{"type":"approval.decided","occurred_at":"2026-07-02T00:00:00.000000Z",
            "data":{"verdict":"yes","decider":{"sealed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}"#,
    );
    let event = crafted(&mut world, &approval, &[&approver], |event| {
        event.insert("schema", Value::text("ledger/v2"));
    });
    plant(
        &store,
        &event,
        &[("/data/decider".to_owned(), Pseudonym([5; 16]))],
        &signatures(&event, &[&approver]),
    );
    assert_eq!(faults(&store, &ledger), [], "form and link hold; what it means is not asked");
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(opened.size(), 6);
    let next = world.deployment();
    assert_eq!(world.offer(&mut opened, next).unwrap().index, 6);
    assert_eq!(faults(&store, &ledger), []);
    // the laws of form and link hold for it all the same
    let event = crafted(&mut world, &weather, &[&key("narrow")], |event| {
        event.insert("schema", Value::text("ledger/v2"));
    });
    let at = plant(&store, &event, &[], &signatures(&event, &[&key("narrow")]));
    assert_eq!(faults(&store, &ledger), [("key-unknown", Some(at))]);
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
        assert!(
            found.iter().all(|(_, index)| index.is_none_or(|index| index >= 4)),
            "{name}: {found:?}"
        );
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
            members.insert(name.to_owned(), Value::text(text));
        }
        members.insert("original", Value::text(Blake3([original; 32]).to_base64()));
        members.insert("ordinal", Value::count(0));
        world.sign(&draft, &[&key("relay")])
    };
    let imported = import(&mut world, 1);
    let good = vec![first.clone(), second, imported];
    world
        .append(&mut ledger, good)
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
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
        (
            "a fork",
            at(1, second_at.prev).here(&mut world, &draft),
            &pipeline,
            "stream-fork",
            "stream-fork",
        ),
        (
            "after the end",
            at(7, Some(Blake3([2; 32]))).here(&mut world, &draft),
            &pipeline,
            "stream-ended",
            "stream-ended",
        ),
        (
            "another prev",
            wrong_prev.here(&mut world, &draft),
            &pipeline,
            "stream-fork",
            "stream-prev",
        ),
        ("the record again", same_record, &relay, "known", "source-twice"),
        ("another original", other_record, &relay, "source-conflict", "source-twice"),
    ] {
        let outcome = world.offer(&mut ledger, event.clone());
        let code = outcome.map_or_else(
            |error| error.code(),
            |receipt| if receipt.known { "known" } else { "new" },
        );
        assert_eq!(code, at_door, "{name}");
        let copy = store.snapshot();
        let index = plant(&copy, &event.event, &[], &of(&event, &[signer]));
        assert_eq!(faults(&copy, &ledger), [(planted, Some(index))], "{name}");
    }
}
