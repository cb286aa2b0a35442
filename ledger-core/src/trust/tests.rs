//! Keys as text and as a table.
#![allow(clippy::indexing_slicing, reason = "tests")]

use super::directory::{Directory, Facts};
use super::*;
use crate::key::SigningKey;
use crate::vault::persons::Pseudonym;

fn record(number: u8) -> (KeyId, Record) {
    let key = SigningKey::from_seed([number; 32]);
    let holder = match number % 2 {
        0 => Holder::Person(Pseudonym([number; 16])),
        _ => Holder::Service(format!("service-{number}")),
    };
    let can = match number % 3 {
        0 => vec![Capability::Admin],
        1 => vec![Capability::Append("deployment.*".to_owned())],
        _ => vec![Capability::Checkpoint],
    };
    let scope = Scope {
        services: (0..number % 3).map(|n| format!("s{n}*")).collect(),
        environments: (0..number % 2).map(|n| format!("e{n}")).collect(),
    };
    let mut record = Record::new(key.public(), holder, can, scope, u64::from(number));
    if number % 4 == 1 {
        let successor = (number % 8 == 1).then_some(KeyId([number; 32]));
        record.ended = Some(Ending { index: 300, reason: Reason::Superseded, successor });
    }
    if number.is_multiple_of(5) {
        record.suspect = Some(Suspicion { from: 9, by: 301 });
    }
    (key.public().id(), record)
}

#[test]
fn a_line_is_read_as_it_was_written() {
    for number in 0..60 {
        let (id, record) = record(number);
        let line = list::line(&id, &record);
        let (again, read) = list::parse(line.as_bytes()).unwrap();
        assert_eq!(again, id);
        assert_eq!(list::line(&again, &read), line);
        assert_eq!(read.public(), record.public());
        let damaged = line.replacen("registered", "registres", 1);
        assert!(list::parse(damaged.as_bytes()).is_err());
        let spaced = line.replacen(':', ": ", 1);
        assert!(list::parse(spaced.as_bytes()).is_err());
        let other = line.replacen(&id.to_string(), &KeyId([7; 32]).to_string(), 1);
        assert_eq!(list::parse(other.as_bytes()).unwrap_err().code(), "key-list-line");
    }
}

#[test]
fn a_registry_is_the_same_from_its_directory() {
    let mut registry = Registry { threshold: 2, solo: false, ..Registry::default() };
    registry.ledger = Some([4; 32]);
    for number in 0..=255 {
        let (id, record) = record(number);
        registry.put(id, record);
    }
    let facts = Facts { covered: 400, last: Blake3([5; 32]), ..Facts::default() };
    let bytes = registry.to_directory(facts.covered, facts.last).encode();
    let directory = Directory::parse(bytes.clone()).unwrap();
    assert_eq!((directory.facts().covered, directory.facts().last), (400, facts.last));
    let mut again = Registry::from_directory(directory);
    assert_eq!(again.list(), registry.list());
    assert_eq!(again.to_directory(facts.covered, facts.last).encode(), bytes);
    let sorted = |mut keys: Vec<KeyId>| {
        keys.sort_unstable();
        keys
    };
    assert_eq!(sorted(again.special.clone()), sorted(registry.special.clone()));
    assert_eq!(again.checkpoint_keys(200).len(), registry.checkpoint_keys(200).len());
    assert!(again.get(&KeyId([0; 32])).is_none() && again.get(&KeyId([255; 32])).is_none());
    // a key that changes stays in its place
    let (id, mut record) = record(100);
    record.suspect = Some(Suspicion { from: 1, by: 2 });
    again.put(id, record);
    assert_eq!(again.len(), 256);
    let changed = again.list();
    let before = registry.list();
    let differing = changed.lines().zip(before.lines()).filter(|(one, other)| one != other).count();
    assert_eq!(differing, 1);
}

#[test]
fn many_keys_are_settled_and_found() {
    let mut registry = Registry::default();
    let ids: Vec<KeyId> = (0..MANY * 2 + 10)
        .map(|number| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let holder = Holder::Service("s".to_owned());
            let can = vec![Capability::Append("*".to_owned())];
            let record = Record::of_bytes(bytes, holder, can, Scope::default(), number as u64);
            let id = KeyId(*blake3::hash(&bytes).as_bytes());
            registry.put(id, record);
            id
        })
        .collect();
    assert!(registry.base.len() >= MANY && registry.keys.len() < MANY);
    assert_eq!(registry.len(), ids.len());
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(registry.get(id).map(|record| record.registered), Some(number as u64));
    }
    let order: Vec<KeyId> = registry.keys().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, ids);
}
