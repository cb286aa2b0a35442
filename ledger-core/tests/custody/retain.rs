//! Retention: what is past its time goes, what is held or younger stays.

use ledger_core::custody::Erasure;
use ledger_core::retention::{Class, Rules};
use ledger_core::store::Store as _;

use crate::case::{Case, blob, hold, later, officer, rules};
use crate::world::key;

const RULES: &str = include_str!("../../../controls/retention.json");

fn short(days: u64) -> Rules {
    let rule = |class: &str| {
        format!(
            r#"{{"id":"r-{class}","class":"{class}","maximum_days":{days},"trigger":"recorded","basis":"policy","citation":"company policy"}}"#
        )
    };
    let all = ["identity", "text", "original"].map(rule).join(",");
    rules(&format!(
        r#"{{"format":"release-ledger/retention@v1","rules":[{all}],"statutes":[],"erasure_grounds":[]}}"#
    ))
}

#[test]
fn the_rules_in_the_repository_are_rules() {
    let rules = Rules::parse(RULES.as_bytes()).unwrap();
    assert!(rules.all().iter().all(|rule| !rule.citation.is_empty()));
    for (wrong, what) in [
        (RULES.replacen("\"class\": \"text\"", "\"class\": \"prose\"", 1), "class-unknown"),
        (RULES.replacen("\"class\": \"text\"", "\"class\": \"identity\"", 1), "retention-rules"),
        (
            RULES.replacen("\"trigger\": \"recorded\"", "\"trigger\": \"when we like\"", 1),
            "retention-rules",
        ),
        (RULES.replacen("\"basis\": \"policy\"", "\"basis\": \"feeling\"", 1), "retention-rules"),
        (RULES.replacen("@v1", "@v2", 1), "retention-rules"),
        (String::new(), "json-empty"),
    ] {
        assert_eq!(Rules::parse(wrong.as_bytes()).unwrap_err().code(), what);
    }
}

#[test]
fn what_is_due_goes_and_what_is_held_stays() {
    let (mut case, mut world, mut ledger) = Case::new();
    let sealed = case.history(&mut world, &mut ledger);
    case.absorb().unwrap();
    let mut vault = case.vault(&mut ledger).unwrap();
    // nothing is old enough for a hundred days; all is for ten
    assert!(vault.due(&ledger, &short(100), later()).unwrap().iter().all(|due| due.count == 0));
    let all = vault.due(&ledger, &short(10), later()).unwrap();
    let of = |class: Class| all.iter().find(|due| due.class == class).unwrap();
    assert_eq!(of(Class::Original).count, 1);
    assert!(of(Class::Text).count >= 8 && of(Class::Identity).count > 3, "{all:#?}");
    let who = officer();
    let by = Erasure { actor: &who, approvers: std::slice::from_ref(&who), now: later() };
    for class in [Class::Text, Class::Original] {
        let due = of(class);
        let event = world.sign(&due.draft(&by).unwrap(), &[&key("officer")]);
        world.offer(&mut ledger, event).unwrap();
        let done = vault.execute(&ledger, due).unwrap();
        assert_eq!(done.texts + done.attachments, due.count);
    }
    assert_eq!(vault.attachment(&ledger, sealed.digest).unwrap(), None);
    assert_eq!(case.disk.len(&blob(sealed.digest)).unwrap(), None);
    let again = vault.due(&ledger, &short(10), later()).unwrap();
    assert!(again.iter().all(|due| due.class == Class::Identity || due.count == 0), "{again:#?}");
    // names are still there: they go person by person
    drop(vault);
    assert!(case.everything().iter().any(|line| line.contains("Ada Lovelace")));
}

#[test]
fn a_hold_is_looked_at_item_by_item() {
    let (mut case, mut world, mut ledger) = Case::new();
    case.history(&mut world, &mut ledger);
    let draft = hold(&mut world, "placed", "matter-7", r#"{"issuer":"github","id":"ada-l"}"#);
    let event = world.sign(&draft, &[&key("officer")]);
    world.offer(&mut ledger, event).unwrap();
    case.absorb().unwrap();
    let vault = case.vault(&mut ledger).unwrap();
    let all = vault.due(&ledger, &short(10), later()).unwrap();
    let of = |class: Class| all.iter().find(|due| due.class == class).unwrap();
    // an original may name anybody, so the hold covers it
    assert_eq!((of(Class::Original).count, of(Class::Original).held), (0, 1));
    assert!(of(Class::Text).held > 0 && of(Class::Text).count > 0, "{all:#?}");
    assert!(of(Class::Text).holds.contains("matter-7"));
}
