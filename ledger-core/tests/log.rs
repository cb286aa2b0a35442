//! The log from the first event to many, over a store in memory.

#[path = "common/world.rs"]
mod world;

use std::sync::Arc;

use ledger_core::index::Kind;
use ledger_core::ledger::Ledger;
use ledger_core::store::memory::Memory;
use world::World;

#[test]
fn what_is_appended_is_there_in_order_after_opening_again() {
    let store = Arc::new(Memory::new());
    let (mut world, mut ledger) = World::create(store.clone()).unwrap();
    assert_eq!(ledger.size(), 4);
    let events: Vec<_> = (0..50).map(|_| world.deployment()).collect();
    let hashes: Vec<Vec<u8>> = events.iter().map(|event| event.event.clone()).collect();
    let receipts = world.append(&mut ledger, events.clone()).unwrap();
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt.as_ref().unwrap().index, 4 + number as u64);
    }
    let again = world.append(&mut ledger, events).unwrap();
    assert!(again.iter().all(|receipt| receipt.as_ref().unwrap().known));
    assert_eq!(ledger.size(), 54);

    let opened = Ledger::open(store).unwrap();
    assert_eq!(opened.size(), 54);
    for (number, event) in hashes.iter().enumerate() {
        let bytes = opened.entry(4 + number as u64, |entry| entry.event.bytes().to_vec()).unwrap();
        assert_eq!(&bytes, event);
    }
    let found = opened.find(Kind::Subject, "service:payments", 1000).unwrap();
    assert_eq!(found.len(), 50);
}
