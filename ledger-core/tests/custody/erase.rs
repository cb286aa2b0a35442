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
    ADA, Case, blob, change, found, free, hold, holds, later, linked, pseudonym, rules, secret,
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

/// Restoring stops at every step; begun again it ends, and never over a vault or unknown parts.
#[test]
fn a_restoring_that_stopped_is_begun_again() {
    let (mut case, _, ada, _) = begun();
    case.absorb().unwrap();
    let (files, databases) = (Memory::new(), Databases::default());
    let there = || custody::Home {
        files: std::sync::Arc::new(files.clone()),
        databases: Box::new(databases.clone()),
    };
    let everything = case.everything();
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    custody::backup(&vault, &ledger, &there()).unwrap();
    drop(vault);
    let restore = |case: &Case, ledger: &mut Ledger| {
        custody::restore(there(), case.home(), ledger, &secret(), seed("restore", 0)).map(drop)
    };
    assert_eq!(restore(&case, &mut ledger).unwrap_err().code(), "vault-exists");
    let mut stopped = 0;
    for outcome in [Outcome::Lost, Outcome::Half, Outcome::Done] {
        for step in 0.. {
            let mut one = case.fork();
            one.home_disk = Memory::new();
            one.files = std::sync::Arc::new(ledger_core::store::faulty::Faulty::new(
                std::sync::Arc::new(one.home_disk.clone()),
            ));
            one.databases = Databases::default();
            let mut ledger = one.ledger().unwrap();
            one.files.plan(Some(Fault { at: step, cause: Cause::Io, outcome, lasting: true }));
            let died = restore(&one, &mut ledger).is_err();
            one.files.plan(None);
            match restore(&one, &mut ledger) {
                Ok(()) => {}
                // it stopped after the mark: then it is a vault already
                Err(error) => assert_eq!(error.code(), "vault-exists", "{outcome:?}, step {step}"),
            }
            assert_eq!(one.everything(), everything, "{outcome:?}, step {step}");
            assert_eq!(one.home_disk.len("restoring").unwrap(), None);
            stopped += 1;
            if !died {
                break;
            }
        }
    }
    assert!(stopped > 30, "{stopped}");
    let half = case.fork();
    half.home_disk.remove(custody::MARK).unwrap();
    assert_eq!(restore(&half, &mut ledger).unwrap_err().code(), "vault-unmarked");
    let whole = case.vault(&mut ledger).unwrap();
    assert!(whole.person(ada).unwrap().is_some());
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
        let holds = Holds::of(ledger, later()).unwrap();
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

/// A hold on a system covers whom its entries name, and whoever has to do with the same change; where
/// that cannot be told, everybody.
#[test]
fn a_hold_on_a_system_covers_those_who_have_to_do_with_it() {
    let (mut case, mut world, _, _) = begun();
    let mut ledger = case.ledger().unwrap();
    let name = |id: &str| pseudonym(&case.disk, "github", id).unwrap();
    let (ada, bob) = (name("ada-l"), name("bob-k"));
    let say = |world: &mut World, ledger: &mut Ledger, draft: &ledger_core::json::Value| {
        let event = world.sign(draft, &[&key("officer")]);
        world.offer(ledger, event).unwrap();
    };
    let on = |world: &mut World, action: &str, system: &str| {
        let mut draft = hold(world, action, "matter-9", "");
        let data = draft.members_mut().unwrap().get_mut("data").unwrap();
        let systems = ledger_core::json::Value::List(vec![ledger_core::json::Value::text(system)]);
        data.members_mut().unwrap().insert("systems".to_owned(), systems);
        draft
    };
    let covers = |ledger: &Ledger, who: Pseudonym| {
        let persons = std::collections::BTreeSet::from([who]);
        let holds = Holds::of(ledger, later()).unwrap();
        holds.covering(Class::Text, &persons, later()).map(|hold| hold.id.clone())
    };
    let held = Some("matter-9".to_owned());
    // `payments` is named by an entry about access of ada, executed by bob, and by a deployment
    let draft = on(&mut world, "placed", "payments");
    say(&mut world, &mut ledger, &draft);
    assert_eq!((covers(&ledger, ada), covers(&ledger, bob)), (held.clone(), held.clone()));
    assert_eq!(covers(&ledger, Pseudonym([9; 16])), None, "somebody who never was there");
    let refused = case.erase(&mut world, ada).unwrap_err();
    assert!(refused.code() == "hold" && refused.message().contains("`matter-9`"), "{refused}");
    ledger.refresh().unwrap();
    // of a system that no entry knows nobody can say whom it spares
    let draft = on(&mut world, "placed", "nowhere");
    say(&mut world, &mut ledger, &draft);
    assert_eq!(covers(&ledger, Pseudonym([9; 16])), held);
    // one with nothing but a change of bob's: ada is spared, also by what is about that change
    let mut draft = change(&mut world, r#"{"issuer":"github","id":"bob-k"}"#, "T", "D");
    let mark = |draft: &mut ledger_core::json::Value| {
        let members = draft.members_mut().unwrap();
        members
            .get_mut("subject")
            .unwrap()
            .members_mut()
            .unwrap()
            .insert("system".to_owned(), ledger_core::json::Value::text("ledger-of-bob"));
    };
    mark(&mut draft);
    let event = world.sign(&draft, &[&key("pipeline")]);
    world.offer(&mut ledger, event).unwrap();
    let draft = on(&mut world, "placed", "ledger-of-bob");
    say(&mut world, &mut ledger, &draft);
    assert_eq!((covers(&ledger, ada), covers(&ledger, bob)), (None, held.clone()));
    // somebody of that system whom nobody resolved could be anybody
    let mut draft = change(&mut world, r#"{"issuer":"github","id":"carol"}"#, "T", "D");
    mark(&mut draft);
    let mut event = world.sign(&draft, &[&key("pipeline")]);
    event.disclosures.clear();
    world.offer(&mut ledger, event).unwrap();
    assert_eq!(covers(&ledger, ada), held);
}

/// A list says whose account a login is: it goes with the person, in that list and in other originals.
#[test]
fn a_login_that_only_a_list_tells_goes_with_the_person() {
    let (mut case, mut world, ada, _) = begun();
    let list = br#"{"account":"loves2","key":"0a","person":{"id":"ada-l","issuer":"github","name":"A. L."},"system":"shop"}
{"account":"kings1","key":"0b","person":{"id":"bob-k","issuer":"github"},"system":"shop"}
"#;
    let list = case.attach(&mut world, list, 1);
    let other = case.attach(&mut world, br#"{"login":"loves2","by":"kings1"}"#, 2);
    case.absorb().unwrap();
    case.erase(&mut world, ada).unwrap();
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    for sealed in [list, other] {
        let copy = vault.attachment(&ledger, sealed.digest).unwrap().unwrap();
        let copy = String::from_utf8(copy).unwrap();
        assert!(!copy.contains("loves2") && !copy.contains("A. L."), "{copy}");
        assert!(copy.contains("kings1") && copy.contains(&ada.to_string()), "{copy}");
    }
}

/// What cannot be searched goes whole: a packed original that is no text, one whose bytes are lost, and
/// what `absorb` had set aside.
#[test]
fn what_nobody_can_search_goes_whole() {
    let (mut case, mut world, ada, sealed) = begun();
    let names = ledger_core::vault::inbox::waiting(&case.disk).unwrap();
    let bad = format!("vault/inbox/{}", names[1]);
    let length = case.disk.len(&bad).unwrap().unwrap();
    case.disk.write(&bad, length - 9, b"x").unwrap();
    let zipped = b"\x1f\x8b\x08\x00 the name is in here, packed \xff\xfe";
    let mut others = Vec::new();
    for (number, plain) in [&zipped[..], b"neutral text", b"lost text"].into_iter().enumerate() {
        others.push(case.attach(&mut world, plain, number as u64 + 1));
    }
    case.disk.remove(&blob(others[2].digest)).unwrap();
    case.absorb().unwrap();
    assert_eq!(case.home_disk.list("set-aside").unwrap().len(), 2);
    let done = case.erase(&mut world, ada).unwrap();
    assert_eq!((done.attachments, done.unsearched, done.set_aside), (3, 2, 1), "{done:?}");
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    assert_eq!(vault.attachment(&ledger, others[0].digest).unwrap(), None);
    assert_eq!(vault.attachment(&ledger, others[2].digest).unwrap(), None);
    assert_eq!(case.disk.len(&blob(others[0].digest)).unwrap(), None, "no ciphertext either");
    assert_eq!(vault.attachment(&ledger, others[1].digest).unwrap().unwrap(), b"neutral text");
    assert!(vault.attachment(&ledger, sealed.digest).unwrap().is_some(), "a copy without names");
    let left = case.home_disk.list("set-aside").unwrap();
    assert_eq!(left, [format!("{}.reason", names[1])]);
    let said = ledger_core::store::read_all(&case.home_disk, &format!("set-aside/{}", left[0]));
    let said = String::from_utf8(said.unwrap().unwrap()).unwrap();
    assert!(said.contains("inbox-sealed") && said.contains("removed: entry"), "{said}");
    drop(vault);
    // a damaged file that comes late and is older than the erasure leaves its reason alone
    case.disk.write(&bad, 0, b"damaged").unwrap();
    let done = case.absorb().unwrap();
    assert_eq!(done.set_aside.len(), 1);
    assert_eq!(case.home_disk.list("set-aside").unwrap(), left);
}

/// Two orders, of two persons, before either is carried out: both are.
#[test]
fn two_erasures_at_once() {
    let (mut case, mut world, ada, _) = begun();
    case.absorb().unwrap();
    let bob = pseudonym(&case.disk, "github", "bob-k").unwrap();
    let mut ledger = case.ledger().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    let who = crate::case::officer();
    let by = custody::Erasure { actor: &who, approvers: std::slice::from_ref(&who), now: later() };
    for person in [ada, bob, ada] {
        let request = custody::Request { person, basis: "gdpr-17-1-b", refusals: &[] };
        match vault.plan(&ledger, &free(), &request, later()) {
            Ok(plan) => {
                let event = world.sign(&custody::draft(&plan, &by)[0], &[&key("officer")]);
                world.offer(&mut ledger, event).unwrap();
            }
            Err(error) => assert_eq!((person, error.code()), (ada, "person-erased")),
        }
    }
    // one owner at a time: the second waits for the first, and finds its order carried out
    let random = case.random();
    let busy = Vault::open(case.home(), &mut ledger, &secret(), random).unwrap_err();
    assert_eq!(busy.code(), "busy");
    drop(vault);
    let vault = case.vault(&mut ledger).unwrap();
    for person in [ada, bob] {
        assert_eq!(vault.person(person).unwrap(), None);
        assert!(vault.erased(person).unwrap().is_some());
    }
    let report = verified(&case.disk, ledger.origin(), &[]).unwrap();
    assert_eq!((report.verdict, report.erased.len()), (Verdict::Holds, 2), "{report:?}");
    assert_eq!(report.erased, erased_by(&ledger).unwrap());
    drop(vault);
    for name in ADA.iter().chain(&["Bob King", "bob-k", "E-50001"]) {
        assert_eq!(found(&case.disk, name.as_bytes()), [""; 0]);
        let left = case.everything();
        assert!(!left.iter().any(|line| holds(line.as_bytes(), name.as_bytes())), "{name}");
    }
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
    // the entry cites why: the rule of the restriction, the statute of the refusal
    let said = ledger.entry(ledger.size() - 1, |entry| {
        entry.event.root.pointer("/data/classes").unwrap().raw_text().to_owned()
    });
    let said = said.unwrap();
    assert_eq!(
        said,
        r#"[{"class":"identity","decision":"erase"},{"class":"text","decision":"restrict","ground":"r-text"},{"class":"original","decision":"refuse","ground":"us-17cfr210-2-06"}]"#
    );
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
