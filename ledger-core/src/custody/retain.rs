//! Retain: what reached the end of its time, and how it goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::encoding;
use crate::error::Result;
use crate::hash::Sha256;
use crate::index::Kind;
use crate::json::Value;
use crate::ledger::Ledger;
use crate::retention::{Class, DAY, Holds, Rule, Rules};
use crate::time::Timestamp;
use crate::vault::cipher::DataKey;
use crate::vault::persons::Pseudonym;
use crate::vault::record::At;
use crate::vault::texts;

use super::Vault;
use super::absorb::known;
use super::destroy::Changes;
use super::erase::Erasure;
use super::read::Keys;

/// What of a class is past its maximum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The class.
    pub class: Class,
    /// The rule's id, what its days count from, and where it is written.
    pub rule: String,
    /// What its days count from.
    pub trigger: String,
    /// Where the rule is written.
    pub citation: String,
    /// Days that it may be kept; none when it has no maximum, so that nothing is due.
    pub maximum_days: Option<u64>,
    /// How many items go.
    pub count: u64,
    /// How many would go, but for holds; and the holds.
    pub held: u64,
    /// The names of those holds.
    pub holds: BTreeSet<String>,
    /// The oldest and the newest of those that go.
    pub span: Option<(Timestamp, Timestamp)>,
    /// SHA-256 over the sorted names of those that go, one a line: commitments, digests, pseudonyms.
    pub list_digest: Sha256,
    items: BTreeSet<Vec<u8>>,
}

/// What was destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Texts.
    pub texts: u64,
    /// Attachments.
    pub attachments: u64,
}

impl Vault {
    /// What is due by the rules at a time, class by class; changes nothing.
    ///
    /// Identities are listed but go only by `person.erased`: each needs a ground and approvers.
    pub fn due(&self, ledger: &Ledger, rules: &Rules, now: Timestamp) -> Result<Vec<Due>> {
        let holds = Holds::of(ledger, now)?;
        let mut all = Vec::new();
        for class in Class::ALL {
            let rule = rules.rule(class);
            let days = rule.maximum_days.map(|days| days.saturating_mul(DAY));
            let mut due = Collector {
                class,
                holds: &holds,
                now,
                cutoff: days.map(|days| now.micros().saturating_sub(days)),
                items: BTreeSet::new(),
                span: None,
                held: 0,
                by: BTreeSet::new(),
            };
            match class {
                Class::Text => self.due_texts(&mut due)?,
                Class::Original => self.due_originals(&mut due)?,
                Class::Identity => self.due_persons(ledger, &mut due)?,
            }
            all.push(due.close(rule));
        }
        Ok(all)
    }

    /// Destroys what is due of one class; identities are left alone.
    pub fn execute(&mut self, ledger: &Ledger, due: &Due) -> Result<Executed> {
        let mut done = Executed::default();
        let mut changes = Changes::default();
        match due.class {
            Class::Identity => return Ok(done),
            Class::Text => {
                done.texts = self.drop_texts(&mut changes, &mut |frame, _| {
                    due.items.contains(frame.head.commitment.0.as_slice())
                })?;
            }
            Class::Original => {
                for (digest, mut record) in self.attachments()? {
                    if due.items.contains(digest.0.as_slice()) {
                        (record.key, record.copy) = (None, None);
                        changes.put(self, At::Attached(digest), &record)?;
                        done.attachments += 1;
                    }
                }
            }
        }
        if done != Executed::default() {
            self.rewrite(changes)?;
            self.tidy(&**ledger.store())?;
        }
        Ok(done)
    }

    fn due_originals(&self, due: &mut Collector<'_>) -> Result<()> {
        for (digest, record) in self.attachments()? {
            if record.key.is_some() || record.copy.is_some() {
                due.offer(digest.0.to_vec(), record.time, &[]);
            }
        }
        Ok(())
    }

    fn due_persons(&self, ledger: &Ledger, due: &mut Collector<'_>) -> Result<()> {
        for name in self.persons()? {
            let found = ledger.find(Kind::Person, &name.to_string(), usize::MAX)?;
            let newest = found.iter().map(|posting| posting.order).max().unwrap_or(0);
            due.offer(name.0.to_vec(), newest, &[name]);
        }
        Ok(())
    }

    /// Texts only: a disclosed name belongs to the identity of its person.
    fn due_texts(&self, due: &mut Collector<'_>) -> Result<()> {
        for (number, record) in self.numbers()? {
            let bytes = self.file(number, &record)?;
            let own = DataKey::from_bytes(record.key);
            let mut keys = Keys { vault: self, own, known: BTreeMap::new() };
            for frame in texts::read(number, &bytes)? {
                if !due.is_past(frame.head.time) {
                    continue;
                }
                let text = keys.open(&frame)?;
                if text.is_none_or(|text| known(&text.disclosure.value).is_none()) {
                    let head = frame.head;
                    due.offer(head.commitment.0.to_vec(), head.time, &head.persons);
                }
            }
        }
        Ok(())
    }
}

impl Due {
    /// The event that records the execution, as a draft; `None` when nothing goes.
    pub fn draft(&self, by: &Erasure<'_>) -> Option<Value> {
        let (from, to) = self.span?;
        let approver = by.approvers.first()?.clone();
        let held = if self.held == 0 { "clear" } else { "excluded" };
        let data = Value::object([
            ("action", Value::text("deleted")),
            ("approver", approver),
            ("count", Value::count(self.count)),
            ("from", Value::text(from.to_string())),
            ("hold_check", Value::text(held)),
            ("list_digest", Value::text(self.list_digest.to_reference())),
            ("rule", Value::text(&self.rule)),
            ("to", Value::text(to.to_string())),
            ("trigger", Value::text(&self.trigger)),
        ]);
        let actor = Value::object([("id", by.actor.clone()), ("kind", Value::text("human"))]);
        Some(Value::object([
            ("actor", actor),
            ("data", data),
            ("occurred_at", Value::text(by.now.to_string())),
            ("subject", Value::object([("class", Value::text(self.class.word()))])),
            ("type", Value::text("retention.executed")),
        ]))
    }
}

struct Collector<'h> {
    class: Class,
    holds: &'h Holds,
    now: Timestamp,
    cutoff: Option<u64>,
    items: BTreeSet<Vec<u8>>,
    span: Option<(Timestamp, Timestamp)>,
    held: u64,
    by: BTreeSet<String>,
}

impl Collector<'_> {
    fn is_past(&self, time: u64) -> bool {
        self.cutoff.is_some_and(|cutoff| time <= cutoff)
    }

    fn offer(&mut self, item: Vec<u8>, time: u64, persons: &[Pseudonym]) {
        if !self.is_past(time) {
            return;
        }
        let persons: BTreeSet<Pseudonym> = persons.iter().copied().collect();
        if let Some(hold) = self.holds.covering(self.class, &persons, self.now) {
            self.held += 1;
            self.by.insert(hold.id.clone());
            return;
        }
        let Some(time) = Timestamp::from_micros(time) else { return };
        let (from, to) = self.span.unwrap_or((time, time));
        self.span = Some((from.min(time), to.max(time)));
        self.items.insert(item);
    }

    fn close(self, rule: &Rule) -> Due {
        let mut list = String::new();
        for item in &self.items {
            list.push_str(&encoding::hex(item));
            list.push('\n');
        }
        Due {
            class: self.class,
            rule: rule.id.clone(),
            trigger: rule.trigger.clone(),
            citation: rule.citation.clone(),
            maximum_days: rule.maximum_days,
            count: self.items.len() as u64,
            held: self.held,
            holds: self.by,
            span: self.span,
            list_digest: Sha256::of(list.as_bytes()),
            items: self.items,
        }
    }
}
