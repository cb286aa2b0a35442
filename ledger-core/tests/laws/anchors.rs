//! Anchors: what others' clocks leave of the times that entries claim.

use ledger_core::anchor::{File, Side};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::{self, KeyType, Note, VerifierKey};
use ledger_core::policy::Policy;
use ledger_core::signer::{self, ANCHORS, ARCHIVE};
use ledger_core::store::replace;
use ledger_core::verify::{Options, Report, verify};

use super::*;

/// A ledger whose checkpoint over all its entries a witness cosigned at `second` of the test's clock, then one
/// more entry; with the policy that names the witness.
fn witnessed(second: u64) -> (Memory, Ledger, Policy, u64) {
    let (store, mut world, mut ledger) = start();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let held: Arc<dyn Store> = Arc::new(store.clone());
    let signed = signer::sign(&ledger, None, &world.checkpoint).unwrap();
    signer::publish(&held, &signed).unwrap();
    let witness = ed25519_dalek::SigningKey::from_bytes(&seed("witness", 1));
    let at = time(second).seconds();
    let line = note::cosign(&signed.checkpoint, at, "w.example", &witness).unwrap();
    let size = signed.checkpoint.size();
    let name = format!("{ANCHORS}/{}", File::cosigned(size, line.id()));
    let cosigned = Note::parse(&signed.note).unwrap().with(line).unwrap().encode();
    replace(&store, &name, &cosigned).unwrap();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let log = VerifierKey::new(
        &ledger.origin().to_string(),
        KeyType::Ed25519,
        *world.checkpoint.public().verifying(),
    );
    let key = VerifierKey::new("w.example", KeyType::Cosignature, witness.verifying_key());
    let policy = format!("log {}\nwitness w {}\nquorum none\n", log.unwrap(), key.unwrap());
    (store, ledger, Policy::parse(policy.as_bytes()).unwrap(), size)
}

fn report(store: &Memory, ledger: &Ledger, policy: Option<&Policy>) -> Report {
    let options =
        Options { policy, pinned: Some(ledger.origin()), ..Options::new(seed("verify", 1)) };
    verify(store, &options).unwrap()
}

#[test]
fn an_entry_below_an_anchor_is_not_younger() {
    // long after all entries: they are below it, and the next one claims to be older than it
    let (store, ledger, policy, size) = witnessed(1_000_000);
    let seen = report(&store, &ledger, Some(&policy));
    assert_eq!(seen.verdict, Verdict::Holds, "{:?}", seen.faults);
    assert_eq!((seen.brackets.below, seen.brackets.after, seen.brackets.before), (size, 0, 1));
    let outside = &seen.brackets.listed[0];
    assert_eq!((outside.side, outside.index, outside.size), (Side::Before, size, size));
    assert_eq!(outside.anchored, time(1_000_000));
    // before all of them: no entry can be what it says
    let (store, ledger, policy, size) = witnessed(0);
    let seen = report(&store, &ledger, Some(&policy));
    assert_eq!(seen.verdict, Verdict::Holds, "times are no part of INTEGRITY: {:?}", seen.faults);
    assert!(seen.brackets.after > 0 && seen.brackets.after <= size, "{:?}", seen.brackets);
    let finding = seen.notices.iter().find(|notice| notice.is_finding()).unwrap();
    assert_eq!(finding.code, "dated-after");
    // whom nobody names dates nothing
    let seen = report(&store, &ledger, None);
    assert_eq!((seen.brackets.below, seen.dated.len()), (0, 1));
    assert!(seen.notices.iter().any(|notice| notice.code == "anchor-witness"));
}

#[test]
fn an_anchor_is_of_a_checkpoint_that_was_published() {
    let (store, ledger, policy, size) = witnessed(1_000_000);
    let name = store.list(ANCHORS).unwrap().remove(0);
    let good = read_all(&store, &format!("{ANCHORS}/{name}")).unwrap().unwrap();
    let code = |name: &str, bytes: &[u8]| {
        let folder = store.snapshot();
        replace(&folder, &format!("{ANCHORS}/{name}"), bytes).unwrap();
        let seen = report(&folder, &ledger, Some(&policy));
        seen.faults.first().map_or("", |fault| fault.code)
    };
    assert_eq!(code(&name, &good), "");
    assert_eq!(code("README", b"x"), "anchor-name");
    assert_eq!(code(&name, "x".repeat(70_000).as_bytes()), "anchor-large");
    let root = String::from_utf8(good.clone()).unwrap();
    let text = root.split_once("\n\n").unwrap().0;
    let checkpoint = Checkpoint::parse(&format!("{text}\n")).unwrap();
    let other = Checkpoint::new(checkpoint.origin(), size, Sha256::of(b"another")).unwrap();
    assert_eq!(
        code(&name, root.replace(text, other.encode().trim_end()).as_bytes()),
        "anchor-stray"
    );
    assert_eq!(code(&File::cosigned(size + 1, [1; 4]), &good), "anchor-stray");
    // the witness's own line altered
    let mut altered = good.clone();
    let at = altered.len() - 10;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(code(&name, &altered), "note-signature");
    // without the archive nobody published it
    let folder = store.snapshot();
    folder.remove(ARCHIVE).unwrap();
    let seen = report(&folder, &ledger, Some(&policy));
    assert!(seen.faults.iter().any(|fault| fault.code == "anchor-stray"), "{:?}", seen.faults);
}
