//! The plain draft of every example, appended to a real ledger by keys that may.

use std::sync::Arc;

use ledger_core::schema::Need;
use ledger_core::store::memory::Memory;

use super::world::{World, verified};
use super::{Signer, TYPES, draft, key, position, seed, sign};

/// Types that are about keys themselves: `laws/keys.rs` and `laws/rotation.rs` append them.
const KEYS: [&str; 5] =
    ["key.listed", "key.registered", "key.revoked", "key.rotated", "ledger.created"];
/// Types that need evidence in the log: `laws/forks.rs` appends them.
const PROVEN: [&str; 1] = ["stream.forked"];

#[test]
fn every_draft_is_sealed_signed_and_appended() {
    let store = Memory::new();
    let (mut world, mut ledger) = World::create(Arc::new(store.clone())).unwrap();
    // the person whom the examples name as self, with every power that a person's key can have
    let exact = TYPES.iter().filter(|known| known.need == Need::Exact);
    let exact: Vec<String> = exact.map(|known| format!(r#""append:{}""#, known.name)).collect();
    assert_eq!(exact.len(), 7, "{exact:?}");
    let capabilities =
        format!(r#"["append:*","approve","review","sign_off","gate:release",{}]"#, exact.join(","));
    let holder = r#""holder":{"issuer":"hr","id":"1042"}"#;
    let registration = world.register(&key("vectors"), holder, &capabilities);
    world.offer(&mut ledger, registration).unwrap();

    let mut appended = 0;
    let others = [&KEYS[..], &PROVEN].concat();
    for known in TYPES.iter().filter(|known| !others.contains(&known.name)) {
        let [first, second, person] = [key("root a"), key("root b"), key("vectors")];
        let signers: Vec<&dyn Signer> =
            if known.need == Need::Policy { vec![&first, &second] } else { vec![&person] };
        let salts = seed(known.name, 3);
        let event =
            sign(&draft(known), Some(world.ledger_hash), &position(known).0, &signers, salts)
                .unwrap();
        if let Err(error) = world.offer(&mut ledger, event) {
            panic!("{}: {error}", known.name);
        }
        appended += 1;
    }
    assert_eq!(appended, TYPES.len() - others.len());
    let report = verified(&store, ledger.origin(), &[]).unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}
