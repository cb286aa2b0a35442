//! Erase: what is decided about a person, before anything is done about it.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::index::Kind;
use crate::json::Value;
use crate::ledger::Ledger;
use crate::person;
use crate::retention::{Class, Decision, Holds, Rules, decide};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

use super::{Vault, erased_by};

pub use super::destroy::Destroyed as Outcome;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Whom to forget.
    pub person: Pseudonym,
    /// On which ground, from the closed list.
    pub basis: &'a str,
    /// Classes that are refused, each with its ground.
    pub refusals: &'a [(Class, String)],
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The person's pseudonyms: the one that was named, and those linked to it.
    pub persons: BTreeSet<Pseudonym>,
    /// The ground.
    pub basis: String,
    /// Each class and what is done about it.
    pub decisions: Vec<(Class, Decision)>,
}

/// Who erases and who agreed, each as plain identities `{issuer, id}`.
#[derive(Clone, Debug)]
pub struct Erasure<'a> {
    /// Who acts.
    pub actor: &'a Value,
    /// Who approved, at least one.
    pub approvers: &'a [Value],
    /// When, by the caller's clock.
    pub now: Timestamp,
}

impl Vault {
    /// Decides, and changes nothing.
    ///
    /// Codes: `basis-unknown`, `basis-empty`, `person-unknown`, `person-erased` (already, with the
    /// entry), `hold` (with its name and entry).
    pub fn plan(
        &self,
        ledger: &Ledger,
        rules: &Rules,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Plan> {
        rules.erasure(request.basis)?;
        let name = request.person;
        if let Some(entry) = erased_by(ledger)?.get(&name) {
            let message = format!("person `{name}` was erased by entry {entry}");
            return Err(Error::refused("person-erased", message));
        }
        let newest = newest(ledger, name)?;
        if newest.is_none() && self.person(name)?.is_none() {
            return Err(Error::refused("person-unknown", format!("nobody here is `{name}`"))
                .hint("a pseudonym has 26 characters; `ledger show` prints those of an entry"));
        }
        let persons = person::Persons::of(ledger)?.linked(name, now).value;
        let holds = Holds::of(ledger, now)?;
        let mut last = newest;
        for linked in &persons {
            last = last.max(self::newest(ledger, *linked)?);
        }
        let mut decisions = Vec::new();
        for class in Class::ALL {
            if let Some(hold) = holds.covering(class, &persons, now) {
                let message = format!("hold `{}` (entry {}) covers it", hold.id, hold.entry);
                return Err(Error::refused("hold", message).hint(
                    "nothing is erased under a hold; release it first, or answer that it is held",
                ));
            }
            let refusal = request.refusals.iter().find(|(refused, _)| *refused == class);
            let refusal = refusal.map(|(_, ground)| ground.as_str());
            decisions.push((class, decide(rules, class, refusal, last, now)?));
        }
        Ok(Plan { persons, basis: request.basis.to_owned(), decisions })
    }
}

/// The events that order what was decided, one for each pseudonym, as drafts.
pub fn draft(plan: &Plan, erasure: &Erasure<'_>) -> Vec<Value> {
    let classes = plan.decisions.iter().map(|(class, decision)| {
        let mut members =
            vec![("class", Value::text(class.word())), ("decision", Value::text(decision.word()))];
        members.extend(decision.ground().map(|ground| ("ground", Value::text(ground))));
        Value::object(members)
    });
    let classes: Vec<Value> = classes.collect();
    let draft = |name: &Pseudonym| {
        let data = Value::object([
            ("approvers", Value::List(erasure.approvers.to_vec())),
            ("basis", Value::text(&plan.basis)),
            ("classes", Value::List(classes.clone())),
            ("pseudonym", Value::text(name.to_string())),
        ]);
        let actor = Value::object([("id", erasure.actor.clone()), ("kind", Value::text("human"))]);
        Value::object([
            ("actor", actor),
            ("data", data),
            ("occurred_at", Value::text(erasure.now.to_string())),
            ("type", Value::text("person.erased")),
        ])
    };
    plan.persons.iter().map(draft).collect()
}

/// When the newest entry that names a person occurred.
fn newest(ledger: &Ledger, name: Pseudonym) -> Result<Option<Timestamp>> {
    let found = ledger.find(Kind::Person, &name.to_string(), usize::MAX)?;
    Ok(found.iter().map(|posting| posting.order).max().and_then(Timestamp::from_micros))
}
