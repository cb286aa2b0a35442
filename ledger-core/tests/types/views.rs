//! The typed views that readers of the log get.

use super::{Value, draft, edits, seed, signed, world::time};
use ledger_core::entry::{self, Entry};
use ledger_core::error::Result;
use ledger_core::hash::Blake3;
use ledger_core::json::Document;
use ledger_core::schema::access::AccessObserved;
use ledger_core::schema::approve::{ApprovalDecided, ApprovalDecision, ApprovalMethod};
use ledger_core::schema::change::ChangeRecorded;
use ledger_core::schema::deploy::{DeploymentFinished, DeploymentStarted, Strategy};
use ledger_core::schema::words::{Reference, Risk};
use ledger_core::schema::{find, typed};
use ledger_core::vault::persons::Pseudonym;

/// An entry with the event and these persons, as a reader meets it.
fn read<T>(event: &Value, persons: &[(&str, Pseudonym)], look: impl FnOnce(&Entry<'_>) -> T) -> T {
    let persons: Vec<(String, Pseudonym)> =
        persons.iter().map(|(at, who)| ((*at).to_owned(), *who)).collect();
    let signers = event.get("signers").unwrap();
    let Value::List(signers) = signers else { panic!("a list") };
    let key = ledger_core::key::KeyId::parse(signers[0].as_text().unwrap()).unwrap();
    let signatures = [entry::Signature { key, bytes: [7; 64] }];
    let event = event.to_canonical();
    let chain = Blake3::of(b"before");
    let line = entry::line(&chain, event.as_bytes(), 9, &persons, time(9), &signatures);
    let mut document = Document::default();
    look(&Entry::parse(&mut document, line.as_bytes()).unwrap())
}

fn example(name: &str) -> Value {
    signed(find(name).unwrap())
}

fn somebody(number: u64) -> Pseudonym {
    Pseudonym(*seed("somebody", number).first_chunk().unwrap())
}

#[test]
fn words_ids_persons_and_what_is_left_out() {
    let event = example("approval.decided");
    read(&event, &[("/data/approver", somebody(1))], |entry| {
        let view = ApprovalDecided::of(entry).unwrap().unwrap();
        assert_eq!(view.decision, ApprovalDecision::Granted);
        assert_eq!(view.method, ApprovalMethod::Key);
        assert_eq!(view.approval.as_str(), "a-77");
        assert_eq!(view.approver.pseudonym, Some(somebody(1)));
        assert!(view.delegate_to.is_none() && view.comment.is_some());
        assert_eq!(view.r#for.environment.as_ref().unwrap().as_str(), "production");
        assert_eq!(view.subject.get(Reference::Change).unwrap().as_str(), "PAY-42");
        assert!(view.subject.get(Reference::Access).is_none());
        // another type is no answer, not a wrong one
        assert!(DeploymentFinished::of(entry).unwrap().is_none());
    });
}

#[test]
fn a_person_who_was_not_resolved_is_nobody_in_particular() {
    read(&example("approval.decided"), &[], |entry| {
        let view = ApprovalDecided::of(entry).unwrap().unwrap();
        assert_eq!(view.approver.pseudonym, None);
    });
}

/// Persons within lists within lists get the pseudonym of exactly their pointer.
#[test]
fn persons_in_lists() {
    let persons = [("/data/authors/0", somebody(1)), ("/data/commits/0/authors/0", somebody(2))];
    read(&example("change.recorded"), &persons, |entry| {
        let view = ChangeRecorded::of(entry).unwrap().unwrap();
        assert_eq!(view.change.as_str(), "PAY-42");
        assert_eq!(view.risk, Some(Risk::Medium));
        assert_eq!(view.authors.unwrap()[0].pseudonym, Some(somebody(1)));
        let commits = view.commits.unwrap();
        assert_eq!(commits[0].authors[0].pseudonym, Some(somebody(2)));
        assert_eq!(commits[0].committer.pseudonym, None);
    });
}

#[test]
fn maps_attached_lists_and_required_references() {
    read(&example("deployment.started"), &[], |entry| {
        let view = DeploymentStarted::of(entry).unwrap().unwrap();
        assert_eq!((view.deployment.as_str(), view.service.as_str()), ("d-118", "payments"));
        assert_eq!(view.strategy, Strategy::Canary);
        assert_eq!(view.r#ref.unwrap().value.as_str(), "v2.4.1");
        let parameters = view.parameters.unwrap();
        assert_eq!(&*parameters[0].0, "ring");
        assert_eq!(parameters[0].1.as_str(), "1");
    });
    let event = example("access.observed");
    let digest = event.get("data").unwrap().get("entitlements").unwrap().get("attachment").unwrap();
    read(&event, &[], |entry| {
        let view = AccessObserved::of(entry).unwrap().unwrap();
        let attached: typed::Attached = view.entitlements;
        assert_eq!(Some(&*attached.attachment.to_reference()), digest.as_text());
        assert_eq!(attached.count, 214);
        assert!(view.complete);
    });
}

/// What an operator planted behind the door's back gives no view, and neither does a newer schema.
#[test]
fn what_does_not_hold_gives_no_view() {
    let refused = |event: &Value| {
        let outcome: Result<()> = read(event, &[], |entry| {
            ApprovalDecided::of(entry).map(|view| assert!(view.is_none()))
        });
        outcome.unwrap_err().code()
    };
    let mut event = example("approval.decided");
    edits::remove(&mut event, "/data/decision");
    assert_eq!(refused(&event), "schema-missing");
    let mut event = example("approval.decided");
    *edits::at(&mut event, "/data/decision") = Value::text("sure");
    assert_eq!(refused(&event), "schema-value");
    let mut event = example("approval.decided");
    *edits::at(&mut event, "/schema") = Value::text("ledger/v2");
    assert_eq!(refused(&event), "schema-unknown");
    assert!(draft(find("approval.decided").unwrap()).get("data").is_some());
}

#[test]
fn words_have_one_spelling() {
    for word in ApprovalDecision::WORDS {
        assert_eq!(ApprovalDecision::parse(word).unwrap().as_str(), *word);
    }
    assert!(ApprovalDecision::parse("").is_none() && ApprovalDecision::parse("Granted").is_none());
}
