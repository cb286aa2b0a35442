//! What appenders leave is taken in once, whatever happens on the way.

use ledger_core::custody::{self, Untold, Vault};
use ledger_core::seal::{Disclosure, Scope};
use ledger_core::store::Store as _;
use ledger_core::store::faulty::{Cause, Fault, Outcome};
use ledger_core::vault::inbox::{self, Item};
use ledger_core::vault::key::VaultSecret;

use crate::case::{Case, pseudonym, secret};
use crate::world::{World, seed};

fn begun() -> (Case, World, Vec<String>) {
    let (mut case, mut world, mut ledger) = Case::new();
    case.history(&mut world, &mut ledger);
    let mut whole = case.fork();
    let done = whole.absorb().unwrap();
    assert!(done.disclosures > 20 && done.attachments == 1, "{done:?}");
    assert_eq!((done.orphaned, done.unopened, done.waiting, done.known), (0, 0, 0, 0));
    let everything = whole.everything();
    assert!(everything.iter().any(|line| line.contains("by Ada Lovelace")), "{everything:#?}");
    (case, world, everything)
}

#[test]
fn everything_disclosed_is_found_again() {
    let (mut case, _, _) = begun();
    case.absorb().unwrap();
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    let checked = vault.check(&ledger, &mut |_, _| {}).unwrap();
    assert_eq!(checked.entries, ledger.size());
    assert!(checked.derived > 10 && checked.faults.is_empty(), "{checked:?}");
    assert_eq!(checked.untold, []);
    assert!(inbox::waiting(&case.disk).unwrap().is_empty());
    let ada = pseudonym(&case.disk, "github", "ada-l").unwrap();
    let person = vault.person(ada).unwrap().unwrap();
    assert_eq!(person.known[0].name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(vault.open_person(ada).unwrap().len(), 7);
    // nothing lies there in the clear
    for name in crate::case::ADA {
        assert!(!crate::case::holds(&case.databases.bytes(), name.as_bytes()), "{name}");
        assert_eq!(crate::case::found(&case.home_disk, name.as_bytes()), [""; 0]);
    }
}

#[test]
fn a_second_time_changes_nothing() {
    let (case, _, everything) = begun();
    let mut again = case.fork();
    again.absorb().unwrap();
    // the files of the inbox as they were, as if their removal had been lost
    for name in inbox::waiting(&case.disk).unwrap() {
        let name = format!("{}/{name}", inbox::FOLDER);
        let bytes = ledger_core::store::read_all(&case.disk, &name).unwrap().unwrap();
        again.disk.write(&name, 0, &bytes).unwrap();
    }
    let done = again.absorb().unwrap();
    assert_eq!((done.disclosures, done.attachments), (0, 0), "{done:?}");
    assert!(done.known > 20);
    assert_eq!(again.everything(), everything);
}

#[test]
fn the_owner_may_die_at_every_step() {
    let (case, _, everything) = begun();
    let faults = |at, outcome| Some(Fault { at, cause: Cause::Io, outcome, lasting: true });
    let mut stopped = 0;
    for outcome in [Outcome::Lost, Outcome::Half, Outcome::Done] {
        for step in 0.. {
            let mut one = case.fork();
            one.files.plan(faults(step, outcome));
            let died = one.absorb().is_err();
            one.files.plan(None);
            one.absorb().unwrap();
            assert_eq!(one.everything(), everything, "files, {outcome:?}, step {step}");
            stopped += 1;
            if !died {
                break;
            }
        }
        for step in 0.. {
            let mut one = case.fork();
            one.store.plan(faults(step, outcome));
            let died = one.absorb().is_err();
            one.store.plan(None);
            one.absorb().unwrap();
            assert_eq!(one.everything(), everything, "ledger, {outcome:?}, step {step}");
            if !died {
                break;
            }
        }
    }
    for done in [false, true] {
        for step in 0.. {
            let mut one = case.fork();
            one.databases.plan(Some((step, done)));
            let died = one.absorb().is_err();
            one.databases.plan(None);
            one.absorb().unwrap();
            assert_eq!(one.everything(), everything, "database, {done}, step {step}");
            if !died {
                break;
            }
        }
    }
    assert!(stopped > 30, "{stopped}");
}

#[test]
fn a_damaged_item_is_set_aside_and_the_rest_goes_on() {
    let (mut case, _, everything) = begun();
    let names = inbox::waiting(&case.disk).unwrap();
    let bad = format!("{}/{}", inbox::FOLDER, names[3]);
    let length = case.disk.len(&bad).unwrap().unwrap();
    case.disk.write(&bad, length - 9, b"x").unwrap();
    let other = VaultSecret::generate(&[9; 32]).public();
    let hash = case.ledger().unwrap().origin().genesis().0;
    let item = disclosure(hash, "nowhere");
    let (name, bytes) = inbox::seal_group(other, hash, 2, &[item], &[1; 32]).unwrap();
    inbox::deliver(&case.disk, &name, &bytes).unwrap();
    let done = case.absorb().unwrap();
    let codes: Vec<_> = done.set_aside.iter().map(|refused| refused.code).collect();
    assert_eq!(codes, ["inbox-recipient", "inbox-sealed"]);
    assert_eq!(case.home_disk.list("set-aside").unwrap().len(), 4);
    assert!(inbox::waiting(&case.disk).unwrap().is_empty());
    let rest = case.everything();
    assert!(rest.len() + 8 > everything.len() && rest.len() < everything.len());
    let mut ledger = case.ledger().unwrap();
    let checked = case.vault(&mut ledger).unwrap().check(&ledger, &mut |_, _| {}).unwrap();
    assert!(matches!(checked.untold[..], [(Untold::Undisclosed, 1..)]), "{checked:?}");
}

fn disclosure(hash: [u8; 32], stream: &str) -> Item {
    let value = br#"{"id":"mallory","issuer":"github"}"#;
    let scope = Scope::Ledger(hash);
    Item::Disclosure(Disclosure::seal(scope, stream, 0, "/actor/id", [1; 32], value).unwrap())
}

/// A group that was never written, one that is being written, and one that lies.
#[test]
fn what_no_entry_says_is_dropped() {
    let (mut case, _, everything) = begun();
    let ledger = case.ledger().unwrap();
    let (hash, size) = (ledger.origin().genesis().0, ledger.size());
    let text = ledger
        .entry(size - 1, |entry| {
            let sealed = entry.event.root.pointer("/actor/id").unwrap();
            ledger_core::seal::from_json(sealed.raw()).unwrap()
        })
        .unwrap();
    let lie = Disclosure { commitment: text, salt: [0; 32], value: b"\"x\"".to_vec() };
    for (first, item) in [
        (3, disclosure(hash, "nowhere")),
        (size, disclosure(hash, "coming")),
        (size - 1, Item::Disclosure(lie)),
    ] {
        let (name, bytes) =
            inbox::seal_group(secret().public(), hash, first, &[item], &seed("o", first)).unwrap();
        inbox::deliver(&case.disk, &name, &bytes).unwrap();
    }
    let done = case.absorb().unwrap();
    assert_eq!((done.orphaned, done.waiting, done.unopened), (1, 1, 1), "{done:?}");
    assert_eq!(case.everything(), everything);
    assert_eq!(inbox::waiting(&case.disk).unwrap().len(), 1);
}

/// A file of many chunks is read twice, chunk by chunk; damage at its end lets nothing in.
#[test]
fn a_long_file_is_taken_in_whole_or_not_at_all() {
    let (mut case, mut world, mut ledger) = Case::new();
    let events: Vec<_> = (0..5_000).map(|_| world.deployment()).collect();
    for receipt in world.append(&mut ledger, events).unwrap() {
        receipt.unwrap();
    }
    let names = inbox::waiting(&case.disk).unwrap();
    let long = format!("{}/{}", inbox::FOLDER, names.last().unwrap());
    let length = case.disk.len(&long).unwrap().unwrap();
    assert!(length > 1 << 20, "{length}");
    let mut cut = case.fork();
    cut.disk.write(&long, length - 1, b"x").unwrap();
    let done = cut.absorb().unwrap();
    assert_eq!((done.set_aside.len(), done.disclosures < 100), (1, true), "{done:?}");
    let done = case.absorb().unwrap();
    assert!(done.disclosures >= 5_000, "{done:?}");
}

/// The log is read in blocks; one of them ends between two groups of a single entry.
#[test]
fn a_group_that_begins_where_a_block_ends_is_taken_in() {
    let (mut case, mut world, mut ledger) = Case::new();
    let mut append = |count: usize| {
        let events: Vec<_> = (0..count).map(|_| world.deployment()).collect();
        let said = world.append(&mut ledger, events).unwrap();
        assert!(said.iter().all(Result::is_ok));
    };
    append(3_000);
    (0..1_800).for_each(|_| append(1));
    let end = case.disk.len("entries/00000000000000000000.jsonl").unwrap().unwrap();
    assert!(end > 1 << 22, "the log is longer than a block of 4 MiB: {end}");
    let done = case.absorb().unwrap();
    assert_eq!((done.orphaned, done.waiting), (0, 0), "{done:?}");
    assert!(done.disclosures >= 4_800, "{done:?}");
}

/// Small files are opened some at a time; damage in the last of one lot and the first of the next,
/// and a long file among them, keep nothing else out.
#[test]
fn each_small_file_stands_for_itself() {
    let (mut case, mut world, mut ledger) = Case::new();
    let mut append = |count: usize| {
        let events: Vec<_> = (0..count).map(|_| world.deployment()).collect();
        let said = world.append(&mut ledger, events).unwrap();
        assert!(said.iter().all(Result::is_ok));
    };
    (0..300).for_each(|_| append(1));
    append(400);
    (0..300).for_each(|_| append(1));
    let names = inbox::waiting(&case.disk).unwrap();
    let damaged = [254, 255, 256, 257, names.len() - 1].map(|at| names[at].clone());
    for name in &damaged {
        let file = format!("{}/{name}", inbox::FOLDER);
        case.disk.write(&file, 200, b"~").unwrap();
    }
    let mut lengths = names.iter().map(|name| case.disk.len(&format!("{}/{name}", inbox::FOLDER)));
    assert!(lengths.any(|length| length.unwrap().unwrap() > 64 << 10), "one file is long");
    let done = case.absorb().unwrap();
    let aside: Vec<_> = done.set_aside.iter().map(|refused| &refused.name).collect();
    assert_eq!(aside, damaged.iter().collect::<Vec<_>>());
    assert_eq!((done.orphaned, done.waiting), (0, 0), "{done:?}");
    assert_eq!(done.files, names.len() as u64 - 5);
    assert!(done.disclosures >= 995, "{done:?}");
    assert!(inbox::waiting(&case.disk).unwrap().is_empty());
}

#[test]
fn one_owner_at_a_time() {
    let (mut case, _, _) = begun();
    case.absorb().unwrap();
    let mut ledger = case.ledger().unwrap();
    let held = case.vault(&mut ledger).unwrap();
    let second = Vault::open(case.home(), &mut ledger, &secret(), [0; 32]).unwrap_err();
    assert_eq!(second.code(), "busy");
    drop(held);
    case.vault(&mut ledger).unwrap();
}

#[test]
fn another_key_ledger_or_half_a_copy_is_refused() {
    let (mut case, _, _) = begun();
    let mut ledger = case.ledger().unwrap();
    let missing = Vault::open(case.home(), &mut ledger, &secret(), [0; 32]).unwrap_err();
    assert_eq!(missing.code(), "vault-missing");
    case.absorb().unwrap();
    let other = VaultSecret::generate(&[4; 32]);
    let code = |case: &Case, secret: &VaultSecret| {
        let mut ledger = case.ledger().unwrap();
        Vault::open(case.home(), &mut ledger, secret, [0; 32]).unwrap_err().code()
    };
    assert_eq!(code(&case, &other), "vault-key-other");
    let half = case.fork();
    half.home_disk.remove(custody::MARK).unwrap();
    assert_eq!(code(&half, &secret()), "vault-unmarked");
    let mut half = case.fork();
    half.databases = ledger_core::store::records::memory::Memory::default();
    assert_eq!(code(&half, &secret()), "database-missing");
    // an older copy of the database under a newer mark
    let mut old = case.fork();
    let databases = old.databases.snapshot();
    let mut ledger = old.ledger().unwrap();
    let mut world = World {
        roots: Vec::new(),
        pipeline: crate::world::key("pipeline"),
        approver: crate::world::key("approver"),
        checkpoint: crate::world::key("checkpoint"),
        ledger_hash: ledger.origin().genesis().0,
        counter: 5_000,
    };
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    old.absorb().unwrap();
    old.databases = databases;
    assert_eq!(code(&old, &secret()), "vault-behind");
    let damaged = case.fork();
    let name = &damaged.home_disk.list("texts").unwrap()[0];
    damaged.home_disk.remove(&format!("texts/{name}")).unwrap();
    let mut ledger = damaged.ledger().unwrap();
    let vault = Vault::open(damaged.home(), &mut ledger, &secret(), [0; 32]).unwrap();
    assert_eq!(vault.open_entry(0).unwrap_err().code(), "vault-short");
}
