//! Each law of the log, broken on purpose: refused at the door, and found when planted in the file.
//!
//! *Planted* means that an operator of the folder wrote the line behind the door's back, with the
//! right chain value and a head that covers it: only the laws can find it.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "laws/anchors.rs"]
mod anchors;
#[path = "laws/checkpoints.rs"]
mod checkpoints;
#[path = "laws/events.rs"]
mod events;
#[path = "laws/folder.rs"]
mod folder;
#[path = "laws/forks.rs"]
mod forks;
#[path = "laws/index.rs"]
mod index;
#[path = "laws/keys.rs"]
mod keys;
#[path = "laws/rotation.rs"]
mod rotation;
#[path = "laws/trees.rs"]
mod trees;
#[path = "common/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger_core::encoding::base64url;
use ledger_core::entry::Signature;
use ledger_core::error::{Error, Result};
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::index::{Index, Kind};
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
fn crafted(
    world: &mut World,
    draft: &Value,
    signers: &[&SigningKey],
    change: impl FnOnce(&mut ledger_core::json::Object),
) -> Vec<u8> {
    let Value::Object(members) = draft else { panic!("an object") };
    let mut event = members.clone();
    let step = world.next();
    let id = |key: &&SigningKey| Value::text(key.public().id().to_string());
    let random: [u8; 16] = *seed("stream", step).first_chunk().unwrap();
    event.insert("schema", Value::text("ledger/v1"));
    event.insert("time_quality", Value::text("exact"));
    event.insert("signers", Value::List(signers.iter().map(id).collect()));
    event.insert(
        "stream",
        Value::text(format!("{}/test/{}", signers[0].public().id(), base64url(&random))),
    );
    event.insert("seq", Value::count(0));
    event.insert("final", Value::Bool(true));
    event.insert("ledger", Value::text(ledger_core::encoding::base64(&world.ledger_hash)));
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
    let pair = |(key, bytes): (&&SigningKey, &[u8; 64])| Signature {
        key: key.public().id(),
        bytes: *bytes,
    };
    signers.iter().zip(&event.signatures).map(pair).collect()
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
