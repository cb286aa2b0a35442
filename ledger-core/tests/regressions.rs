//! Faults that a reader found, each as the smallest story that showed it.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

#[path = "common/world.rs"]
mod world;

use std::sync::Arc;

use ledger_core::key::Signer;
use ledger_core::ledger::{Group, Ledger, Submission};
use ledger_core::producer::{Position, sign};
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::store::faulty::{Cause, Fault, Faulty, Outcome};
use ledger_core::store::memory::Memory;
use world::{World, key, seed, time, value};

fn chain(world: &mut World, n: usize) -> Vec<Submission> {
    let pipeline = key("pipeline");
    let mut position = Position::first("chain", *seed("chain", 1).first_chunk().unwrap());
    let mut all = Vec::new();
    for step in 0..n {
        let draft = world.finished("succeeded");
        let signed = sign(
            &draft,
            Some(world.ledger_hash),
            &position,
            &[&pipeline as &dyn Signer],
            seed("s", step as u64),
        )
        .unwrap();
        position = position.after(&signed.event);
        all.push(signed);
    }
    all
}

fn admit(ledger: &Ledger, events: Vec<Submission>) -> Vec<ledger_core::ledger::Admitted> {
    ledger.door().admit(events, [1; 32], Mode::OneByOne).into_iter().map(|a| a.unwrap()).collect()
}

#[test]
fn all_or_nothing_duplicate_gets_no_receipt() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let a = world.deployment();
    // approver may not append deployments
    let draft = world.finished("failed");
    let approver = key("approver");
    let bad = world.sign(&draft, &[&approver]);
    let group = admit(&ledger, vec![a.clone(), a, bad]);
    let out = ledger.append(&group, Group { all_or_nothing: true, ..world::group(99) }).unwrap();
    assert!(out.iter().all(Result::is_err));
}

#[test]
fn relay_cannot_register() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let relay = key("relay");
    let registration = world.register(&relay, r#""service":"connector""#, r#"["relay:github"]"#);
    world.append(&mut ledger, vec![registration]).unwrap().pop().unwrap().unwrap();
    let evil = key("evil");
    let draft = value(&format!(
        r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},"source":"github","source_id":"x","ordinal":0,"adapter":"a",
        "original":"{}","data":{{"public_key":"{}","capabilities":["admin","policy"],"holder":{{"issuer":"hr","id":"evil"}}}}}}"#,
        time(50),
        evil.public().id(),
        ledger_core::encoding::base64(&[1; 32]),
        evil.public().to_base64()
    ));
    let sub = world.sign(&draft, &[&relay, &evil]);
    let out = world.append(&mut ledger, vec![sub]).unwrap();
    assert!(out[0].is_err(), "a relay key registered an admin key");
}

#[test]
fn damaged_newest_slot_keeps_acknowledged_lines_of_one_stream() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let events = chain(&mut world, 3);
    for r in world.append(&mut ledger, events).unwrap() {
        r.unwrap();
    }
    assert_eq!(ledger.size(), 7);
    let slot = ledger.head().counter % 2;
    store.write("head", slot * 4096 + 100, b"X").unwrap();
    let mut ledger = Ledger::open(store.clone()).unwrap();
    let _mended = ledger.recover().unwrap();
    assert_eq!(ledger.size(), 7);
}

#[test]
fn stale_stream_end_of_another_process() {
    let store = Arc::new(Memory::new());
    let (mut world, mut one) = World::create(store.clone()).unwrap();
    let events = chain(&mut world, 4);
    for r in world.append(&mut one, events[..2].to_vec()).unwrap() {
        r.unwrap();
    }
    let mut two = Ledger::open(store.clone()).unwrap();
    for r in world.append(&mut two, events[2..3].to_vec()).unwrap() {
        r.unwrap();
    }
    let again = world.append(&mut one, events[2..3].to_vec()).unwrap();
    assert!(again[0].as_ref().unwrap().known);
}

#[test]
fn failed_index_step_loses_no_memory() {
    let memory = Arc::new(Memory::new());
    let faulty = Arc::new(Faulty::new(memory.clone()));
    let (mut world, mut ledger) = World::create(faulty.clone()).unwrap();
    let events: Vec<_> = (0..5).map(|_| world.deployment()).collect();
    for r in world.append(&mut ledger, events.clone()).unwrap() {
        r.unwrap();
    }
    for at in 0..40 {
        faulty.plan(Some(Fault { at, outcome: Outcome::Lost, cause: Cause::Full, lasting: false }));
        let _step = ledger.catch_up(1, 1000);
        faulty.plan(None);
        let again = world.append(&mut ledger, events.clone()).unwrap();
        let bad = again.iter().any(|r| !r.as_ref().is_ok_and(|r| r.known));
        assert!(!bad, "at {at}");
        let more = world.deployment();
        world.append(&mut ledger, vec![more]).unwrap().pop().unwrap().unwrap();
    }
}

#[test]
fn failed_refresh_leaves_no_hole() {
    let memory = Arc::new(Memory::new());
    let faulty = Arc::new(Faulty::new(memory.clone()));
    let (mut world, mut one) = World::create(faulty.clone()).unwrap();
    let mut two = Ledger::open(memory.clone()).unwrap();
    for at in 0..20 {
        let event = world.deployment();
        world.append(&mut two, vec![event.clone()]).unwrap().pop().unwrap().unwrap();
        faulty.plan(Some(Fault { at, outcome: Outcome::Lost, cause: Cause::Io, lasting: false }));
        let _r = one.refresh();
        faulty.plan(None);
        let again = world.append(&mut one, vec![event]).unwrap();
        assert!(again[0].as_ref().unwrap().known, "at {at}");
    }
}

#[test]
fn foreign_index_is_not_believed() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let events: Vec<_> = (0..5).map(|_| world.deployment()).collect();
    for r in world.append(&mut ledger, events.clone()).unwrap() {
        r.unwrap();
    }
    // another history of the same length with an index
    let other = Arc::new(Memory::new());
    let (mut world2, mut ledger2) = World::create(other.clone()).unwrap();
    world2.counter = 500;
    let events2: Vec<_> = (0..5).map(|_| world2.deployment()).collect();
    for r in world2.append(&mut ledger2, events2).unwrap() {
        r.unwrap();
    }
    ledger2.catch_up(1, 10).unwrap();
    for file in other.list("index").unwrap() {
        let name = format!("index/{file}");
        let bytes = ledger_core::store::read_all(&*other, &name).unwrap().unwrap();
        store.write(&name, 0, &bytes).unwrap();
    }
    let mut opened = Ledger::open(store.clone()).unwrap();
    let found = opened.find(ledger_core::index::Kind::Subject, "service:payments", 100).unwrap();
    assert_eq!(found.len(), 5);
    let again = world.append(&mut opened, events).unwrap();
    assert!(again.iter().all(|r| r.as_ref().unwrap().known));
}

#[test]
fn failed_sync_while_mending_poisons() {
    let memory = Arc::new(Memory::new());
    let faulty = Arc::new(Faulty::new(memory.clone()));
    let (mut world, mut ledger) = World::create(faulty.clone()).unwrap();
    let mut silent = Vec::new();
    for at in 0..60 {
        // a torn line past the head
        let head = ledger.head().clone();
        memory.write(&ledger_core::segment::name(head.segment), head.offset, b"{torn").unwrap();
        let event = world.deployment();
        let group = admit(&ledger, vec![event]);
        faulty.plan(Some(Fault { at, outcome: Outcome::Lost, cause: Cause::Io, lasting: false }));
        let out = ledger.append(&group, world::group(1000 + at));
        faulty.plan(None);
        if let Err(e) = &out {
            let marked = memory.len("poison").unwrap().is_some();
            if e.is_sync() && !marked {
                silent.push((at, e.to_string()));
            }
            ledger = Ledger::open(faulty.clone()).unwrap();
            ledger.recover().unwrap();
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn tampered_tail_is_refused_on_open() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let events: Vec<_> = (0..3).map(|_| world.deployment()).collect();
    for r in world.append(&mut ledger, events).unwrap() {
        r.unwrap();
    }
    let file = ledger_core::segment::name(0);
    let bytes = ledger_core::store::read_all(&*store, &file).unwrap().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let at = text.rfind("\"chain\":\"").unwrap() + 12;
    let c = if text.as_bytes()[at] == b'A' { b"B" } else { b"A" };
    store.write(&file, at as u64, c).unwrap();
    let opened = Ledger::open(store.clone());
    assert!(opened.is_err(), "open and append accept a line whose hash is not the head's");
}

#[test]
fn service_key_cannot_approve_for_a_person() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    let svc = key("svc");
    let reg = world.register(&svc, r#""service":"bot""#, r#"["approve"]"#);
    let out = world.append(&mut ledger, vec![reg]).unwrap();
    if out[0].is_err() {
        return;
    }
    let draft = value(&format!(
        r#"{{"type":"approval.decided","occurred_at":"{}","subject":{{"change":"c-1"}},"actor":{{"kind":"human","id":{{"issuer":"hr","id":"17"}}}},
        "data":{{"approval":"a-1","approver":{{"issuer":"hr","id":"17"}},"decision":"granted","for":{{"environment":"production"}},"method":"key","role":"owner"}}}}"#,
        time(60)
    ));
    let sub = world.sign(&draft, &[&svc]);
    let out = world.append(&mut ledger, vec![sub]).unwrap();
    assert!(out[0].is_err(), "a service approved in the name of a person");
}
