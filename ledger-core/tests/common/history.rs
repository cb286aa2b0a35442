//! Two beginnings that the tests of failing stores and of a disk without power share.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use std::sync::Arc;

use ledger_core::checkpoint::Origin;
use ledger_core::ledger::{Ledger, Submission};
use ledger_core::segment::MAX_SEGMENT;
use ledger_core::store::Store;

use crate::world::{Producer, World, key, value};

/// A small ledger in a store, and the signed events that will be delivered to it.
pub(crate) struct Script {
    pub(crate) groups: Vec<Vec<Submission>>,
    pub(crate) origin: Origin,
}

/// Six entries: the keys and the first two events of a stream. Then groups, one of which registers
/// a key and uses it at once, and one that ends the stream.
pub(crate) fn short(store: Arc<dyn Store>) -> Script {
    let (mut world, mut ledger) = World::create(store).unwrap();
    let mut chain = Producer::new(key("pipeline"), 1);
    let first = vec![chain.next(&mut world, false), chain.next(&mut world, false)];
    all_in(&mut world, &mut ledger, first);
    let new = key("new");
    let registration = world.register(&new, r#""service":"new""#, r#"["append:deployment.*"]"#);
    let draft = world.finished("failed");
    let by_new = world.sign(&draft, &[&new]);
    let groups = vec![
        vec![world.deployment(), chain.next(&mut world, false)],
        vec![registration, by_new, chain.next(&mut world, false)],
        vec![chain.next(&mut world, false), chain.next(&mut world, false)],
        vec![world.deployment(), chain.next(&mut world, true)],
    ];
    Script { groups, origin: ledger.origin().clone() }
}

/// A ledger whose first segment is almost full, made of the largest events there are, and one
/// group that goes into both segments.
pub(crate) fn almost_full(store: Arc<dyn Store>) -> Script {
    let (mut world, mut ledger) = World::create(store).unwrap();
    let parameters: Vec<String> =
        (0..145).map(|at| format!("\"p{at:04}\":\"{}\"", "x".repeat(200))).collect();
    let draft = value(&format!(
        r#"{{"type":"deployment.started","occurred_at":"2026-07-02T00:00:00.000000Z",
            "actor":{{"kind":"service"}},
            "subject":{{"deployment":"d","environment":"production","service":"payments"}},
            "data":{{"initiator":{{"issuer":"hr","id":"17"}},"parameters":{{{}}},"strategy":"rolling"}}}}"#,
        parameters.join(",")
    ));
    loop {
        let room = MAX_SEGMENT - ledger.head().offset;
        if room < 31_500 {
            break;
        }
        let count = (room / 31_500).clamp(1, 300);
        let events = (0..count).map(|_| world.sign(&draft, &[&key("pipeline")])).collect();
        all_in(&mut world, &mut ledger, events);
    }
    ledger.catch_up(1, 10_000).unwrap();
    assert_eq!(ledger.head().segment, 0);
    let group = (0..34).map(|_| world.deployment()).collect();
    Script { groups: vec![group], origin: ledger.origin().clone() }
}

fn all_in(world: &mut World, ledger: &mut Ledger, events: Vec<Submission>) {
    for receipt in world.append(ledger, events).unwrap() {
        receipt.unwrap();
    }
}
