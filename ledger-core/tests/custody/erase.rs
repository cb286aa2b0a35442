//! A person is forgotten: the bytes are gone, every proof holds, and dying half way changes nothing.

use ledger_core::custody::{self, Vault, erased_by};
use ledger_core::ledger::Ledger;
use ledger_core::retention::{Class, Holds};
use ledger_core::store::Store as _;
use ledger_core::store::faulty::{Cause, Fault, Outcome};
use ledger_core::store::memory::Memory;
use ledger_core::store::records::memory::Memory as Databases;
use ledger_core::vault::persons::Pseudonym;
use ledger_core::verify::Verdict;

use crate::case::{
    ADA, Case, blob, found, free, hold, holds, later, linked, pseudonym, rules, secret,
};
use crate::world::{World, key, seed, time, verified};

fn begun() -> (Case, World, Pseudonym, ledger_core::vault::attachment::Sealed) {
    let (mut case, mut world, mut ledger) = Case::new();
    let sealed = case.history(&mut world, &mut ledger);
    let ada = pseudonym(&case.disk, "github", "ada-l").unwrap();
    (case, world, ada, sealed)
}

/// Nothing of the person is left in any byte, in the clear or for whoever has the owner's secret.
fn is_gone(case: &mut Case, ada: Pseudonym, sealed: &ledger_core::vault::attachment::Sealed) {
    for name in ADA {
        let name = name.as_bytes();
        assert_eq!(found(&case.disk, name), [""; 0]);
        assert_eq!(found(&case.home_disk, name), [""; 0]);
        assert!(!holds(&case.databases.bytes(), name));
    }
    let everything = case.everything();
    for name in ADA {
        let left: Vec<_> =
            everything.iter().filter(|line| holds(line.as_bytes(), name.as_bytes())).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // what is not about the person is still there
    for text in ["nobody is named, in Canada", "Slower ledger", "Bob King", "E-50001"] {
        assert!(everything.iter().any(|line| line.contains(text)), "{text}: {everything:#?}");
    }
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    assert_eq!(vault.person(ada).unwrap(), None);
    assert!(vault.open_person(ada).unwrap().is_empty());
    // a copy without the names stands for the original, and the ciphertext is gone
    let copy = vault.attachment(&ledger, sealed.digest).unwrap().unwrap();
    let copy = String::from_utf8(copy).unwrap();
    assert!(copy.contains("bob-k") && copy.matches(&ada.to_string()).count() == 3, "{copy}");
    assert_eq!(case.disk.len(&blob(sealed.digest)).unwrap(), None);
    assert_eq!(pseudonym(&case.disk, "github", "ada-l"), None);
    let entry = erased_by(&ledger).unwrap()[&ada];
    assert_eq!(vault.erased(ada).unwrap().unwrap().entry, entry);
    let checked = vault.check(&ledger, &mut |_, _| {}).unwrap();
    assert!(checked.faults.is_empty(), "{checked:?}");
    assert!(checked.untold.iter().all(|(why, _)| why.word() == "erased"), "{checked:?}");
    let report = verified(&case.disk, ledger.origin(), &[]).unwrap();
    assert_eq!(report.verdict, Verdict::Holds, "{report:?}");
}

#[test]
fn law_9_an_erased_person_is_gone_and_every_proof_holds() {
    let (mut case, mut world, ada, sealed) = begun();
    case.absorb().unwrap();
    assert!(case.everything().iter().any(|line| line.contains("Ada Lovelace")));
    let done = case.erase(&mut world, ada).unwrap();
    assert_eq!((done.orders, done.attachments), (1, 1), "{done:?}");
    is_gone(&mut case, ada, &sealed);
    // a second time is refused with the entry, and nobody else is touched
    let again = case.erase(&mut world, ada).unwrap_err();
    assert_eq!(again.code(), "person-erased");
    let nobody = case.erase(&mut world, Pseudonym([7; 16])).unwrap_err();
    assert_eq!(nobody.code(), "person-unknown");
}

/// Killed after the order stands in the log, at every step: the next start finishes.
#[test]
fn an_erasure_that_stopped_is_finished() {
    let (mut case, mut world, ada, sealed) = begun();
    case.absorb().unwrap();
    {
        // the order alone, as if the process died right after its receipt
        let mut ledger = case.ledger().unwrap();
        let vault = case.vault(&mut ledger).unwrap();
        let request = custody::Request { person: ada, basis: "gdpr-17-1-b", refusals: &[] };
        let plan = vault.plan(&ledger, &free(), &request, later()).unwrap();
        let who = crate::case::officer();
        let by =
            custody::Erasure { actor: &who, approvers: std::slice::from_ref(&who), now: later() };
        let event = world.sign(&custody::draft(&plan, &by)[0], &[&key("officer")]);
        world.offer(&mut ledger, event).unwrap();
    }
    let mut steps = 0;
    let plan = |at, outcome| Some(Fault { at, cause: Cause::Io, outcome, lasting: true });
    for outcome in [Outcome::Lost, Outcome::Half, Outcome::Done] {
        for which in 0..2 {
            for step in 0.. {
                let mut one = case.fork();
                let faulty = if which == 0 { one.files.clone() } else { one.store.clone() };
                faulty.plan(plan(step, outcome));
                let died = one.ledger().and_then(|mut ledger| one.vault(&mut ledger)).is_err();
                faulty.plan(None);
                steps += 1;
                is_gone(&mut one, ada, &sealed);
                if !died {
                    break;
                }
            }
        }
    }
    for done in [false, true] {
        for step in 0.. {
            let mut one = case.fork();
            one.databases.plan(Some((step, done)));
            let died = one.ledger().and_then(|mut ledger| one.vault(&mut ledger)).is_err();
            one.databases.plan(None);
            is_gone(&mut one, ada, &sealed);
            if !died {
                break;
            }
        }
    }
    assert!(steps > 60, "{steps}");
}

#[test]
fn a_restored_backup_does_not_remember() {
    let (mut case, mut world, ada, sealed) = begun();
    case.absorb().unwrap();
    let (files, databases) = (Memory::new(), Databases::default());
    let there = |files: &Memory, databases: &Databases| custody::Home {
        files: std::sync::Arc::new(files.clone()),
        databases: Box::new(databases.clone()),
    };
    {
        let mut ledger = case.ledger().unwrap();
        let vault = case.vault(&mut ledger).unwrap();
        custody::backup(&vault, &ledger, &there(&files, &databases)).unwrap();
        let taken = custody::backup(&vault, &ledger, &there(&files, &databases)).unwrap_err();
        assert_eq!(taken.code(), "backup-taken");
    }
    case.erase(&mut world, ada).unwrap();
    // the vault is lost, the persons with it
    case.home_disk = Memory::new();
    case.files = std::sync::Arc::new(ledger_core::store::faulty::Faulty::new(std::sync::Arc::new(
        case.home_disk.clone(),
    )));
    case.databases = Databases::default();
    for name in case.disk.list("vault").unwrap() {
        case.disk.remove(&format!("vault/{name}")).unwrap();
    }
    let mut ledger = case.ledger().unwrap();
    let missing = Vault::open(case.home(), &mut ledger, &secret(), [0; 32]).unwrap_err();
    assert_eq!(missing.code(), "vault-missing");
    let report = verified(&case.disk, ledger.origin(), &[]).unwrap();
    assert_eq!(report.verdict, Verdict::Holds, "a lost vault changes no verdict");
    let from = there(&files, &databases);
    let vault =
        custody::restore(from, case.home(), &mut ledger, &secret(), seed("restore", 0)).unwrap();
    assert_eq!(vault.person(ada).unwrap(), None);
    drop(vault);
    for name in ADA {
        let left: Vec<_> = case
            .everything()
            .into_iter()
            .filter(|l| holds(l.as_bytes(), name.as_bytes()))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // the key and the ciphertext were destroyed before the backup came back
    assert_eq!(case.disk.len(&blob(sealed.digest)).unwrap(), None);
    assert_eq!(pseudonym(&case.disk, "github", "ada-l"), None);
    assert!(pseudonym(&case.disk, "github", "bob-k").is_some());
}

#[test]
fn linked_pseudonyms_go_together() {
    let (mut case, mut world, ada, _) = begun();
    let mut ledger = case.ledger().unwrap();
    let (one, two) =
        (r#"{"issuer":"github","id":"ada-l"}"#, r#"{"issuer":"ldap","id":"alovelace"}"#);
    let draft = linked(&mut world, "linked", &[one, two], time(0));
    let event = world.sign(&draft, &[&key("pipeline")]);
    world.offer(&mut ledger, event).unwrap();
    let other = pseudonym(&case.disk, "ldap", "alovelace").unwrap();
    drop(ledger);
    let done = case.erase(&mut world, ada).unwrap();
    assert_eq!(done.orders, 2);
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    assert!(vault.erased(other).unwrap().is_some() && vault.erased(ada).unwrap().is_some());
}

#[test]
fn a_hold_blocks_until_it_is_released() {
    let (mut case, mut world, ada, _) = begun();
    let mut ledger = case.ledger().unwrap();
    let say = |world: &mut World, ledger: &mut Ledger, action: &str, who: &str| {
        let draft = hold(world, action, "matter-7", who);
        let event = world.sign(&draft, &[&key("officer")]);
        world.offer(ledger, event).unwrap();
    };
    say(&mut world, &mut ledger, "placed", r#"{"issuer":"github","id":"bob-k"}"#);
    let persons = std::collections::BTreeSet::from([ada]);
    let covers = |ledger: &Ledger| {
        let holds = Holds::of(ledger).unwrap();
        holds.covering(Class::Text, &persons, later()).map(|hold| hold.id.clone())
    };
    assert_eq!(covers(&ledger), None, "somebody else's hold");
    say(&mut world, &mut ledger, "placed", r#"{"issuer":"github","id":"ada-l"}"#);
    assert_eq!(covers(&ledger), Some("matter-7".to_owned()));
    let refused = case.erase(&mut world, ada).unwrap_err();
    assert_eq!(refused.code(), "hold");
    assert!(refused.message().contains("`matter-7`"), "{refused}");
    assert!(case.everything().iter().any(|line| line.contains("Ada Lovelace")));
    ledger.refresh().unwrap();
    // a hold of which not all custodians are known spares nobody
    let draft = hold(&mut world, "placed", "matter-8", r#"{"issuer":"github","id":"bob-k"}"#);
    let mut event = world.sign(&draft, &[&key("officer")]);
    event.disclosures.clear();
    world.offer(&mut ledger, event).unwrap();
    say(&mut world, &mut ledger, "released", r#"{"issuer":"github","id":"ada-l"}"#);
    assert_eq!(covers(&ledger), Some("matter-8".to_owned()));
    let draft = hold(&mut world, "released", "matter-8", "");
    let event = world.sign(&draft, &[&key("officer")]);
    world.offer(&mut ledger, event).unwrap();
    case.erase(&mut world, ada).unwrap();
}

#[test]
fn a_minimum_restricts_and_a_ground_refuses() {
    let (mut case, mut world, ada, sealed) = begun();
    let strict = rules(
        r#"{"format":"release-ledger/retention@v1","rules":[
        {"id":"r-identity","class":"identity","trigger":"recorded","basis":"policy","citation":"company policy"},
        {"id":"r-text","class":"text","minimum_days":3650,"trigger":"recorded","basis":"policy","citation":"company policy"},
        {"id":"r-original","class":"original","trigger":"recorded","basis":"policy","citation":"company policy"}],
        "statutes":["us-17cfr210-2-06"],"erasure_grounds":[]}"#,
    );
    let refuse = |ground: &str| vec![(Class::Original, ground.to_owned())];
    for (ground, code) in [("we need it", "basis-unknown"), ("", "basis-empty")] {
        let refused = case.erase_with(&mut world, ada, &strict, &refuse(ground)).unwrap_err();
        assert_eq!(refused.code(), code);
    }
    let done = case.erase_with(&mut world, ada, &strict, &refuse("us-17cfr210-2-06")).unwrap();
    assert_eq!(done.attachments, 0, "refused");
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    // the texts are kept, unused; the names are gone
    let person = vault.person(ada).unwrap().unwrap();
    assert!(person.known.is_empty() && person.restricted_by.is_some());
    let left = vault.open_person(ada).unwrap();
    assert!(left.iter().any(|opened| opened.text.pointer == "/data/title"), "{left:?}");
    assert!(left.iter().all(|opened| opened.text.pointer != "/data/requester"), "{left:?}");
    let original = vault.attachment(&ledger, sealed.digest).unwrap().unwrap();
    assert!(holds(&original, b"ada-l"));
}

#[test]
fn free_text_is_no_basis() {
    let (mut case, _, ada, _) = begun();
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    for (basis, code) in [
        ("because she asked", "basis-unknown"),
        ("", "basis-empty"),
        ("gdpr-17-3-b", "basis-unknown"),
    ] {
        let request = custody::Request { person: ada, basis, refusals: &[] };
        let refused = vault.plan(&ledger, &free(), &request, later()).unwrap_err();
        assert_eq!(refused.code(), code);
    }
}

/// What arrives late for somebody who was erased is not taken in again.
#[test]
fn the_forgotten_do_not_come_back() {
    let (mut case, mut world, ada, _) = begun();
    let late = case.fork();
    case.erase(&mut world, ada).unwrap();
    for name in ledger_core::vault::inbox::waiting(&late.disk).unwrap() {
        let name = format!("vault/inbox/{name}");
        let bytes = ledger_core::store::read_all(&late.disk, &name).unwrap().unwrap();
        case.disk.write(&name, 0, &bytes).unwrap();
    }
    let done = case.absorb().unwrap();
    assert!(done.erased > 0, "{done:?}");
    let everything = case.everything();
    assert!(!everything.iter().any(|line| line.contains("ada@example.com")), "{everything:#?}");
}
