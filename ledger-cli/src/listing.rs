//! Entries that somebody asks for: by type, subject, person or time.

use ledger_core::entry::Entry;
use ledger_core::index::Kind;
use ledger_core::json::{Document, Value};
use ledger_core::ledger::Ledger;
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::Pseudonym;

use crate::failure::{Failure, Result};

/// More entries than this are not held in memory to be put in order: all lines are read instead.
const MANY: usize = 1 << 19;

/// What is asked for, in words; what is not said leaves all in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The type.
    pub(crate) kind: Option<&'a str>,
    /// `REFERENCE:ID`
    pub(crate) subject: Option<&'a str>,
    /// A pseudonym.
    pub(crate) person: Option<&'a str>,
    /// From when, by the event's own time.
    pub(crate) since: Option<&'a str>,
    /// Before when.
    pub(crate) until: Option<&'a str>,
}

/// What is asked for, understood.
pub(crate) struct Filter<'a> {
    kind: Option<&'a str>,
    subject: Option<(&'a str, &'a str)>,
    person: Option<Pseudonym>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Filter<'a> {
    /// Reads what is asked for; `dashes` stand before the names of options in messages.
    pub(crate) fn read(asked: &Asked<'a>, dashes: &str) -> Result<Self> {
        let subject = asked.subject.map(|text| {
            text.split_once(':').filter(|(name, id)| !name.is_empty() && !id.is_empty()).ok_or_else(
                || {
                    Failure::new("subject", format!("`{text}` is not a subject"))
                        .within(format!("{dashes}subject"))
                        .hint("write REFERENCE:ID, like `service:payments`")
                },
            )
        });
        let person = asked.person.map(|text| {
            text.parse().map_err(|_| {
                Failure::new("pseudonym", format!("`{text}` is not a pseudonym"))
                    .within(format!("{dashes}person"))
                    .hint("a pseudonym is 26 characters; `ledger show` prints those of an entry")
            })
        });
        Ok(Self {
            kind: asked.kind,
            subject: subject.transpose()?,
            person: person.transpose()?,
            since: asked.since.map(|text| time(text, &format!("{dashes}since"))).transpose()?,
            until: asked.until.map(|text| time(text, &format!("{dashes}until"))).transpose()?,
        })
    }

    /// Gives the entries that fit to `visit`, from index `from` on, in the order of the log or against it,
    /// until it says no.
    pub(crate) fn each(
        &self,
        ledger: &Ledger,
        reverse: bool,
        from: u64,
        mut visit: impl FnMut(&Entry<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut fitting = |entry: &Entry<'_>| -> Result<bool> {
            if self.fits(entry) { visit(entry) } else { Ok(true) }
        };
        match self.indexed(ledger)? {
            Some(mut indexes) => {
                indexes.retain(|index| *index >= from);
                if reverse {
                    indexes.reverse();
                }
                some(ledger, indexes.into_iter(), &mut fitting)
            }
            None if reverse => some(ledger, (from..ledger.size()).rev(), &mut fitting),
            None => stream(ledger, from, &mut fitting),
        }
    }

    /// The entries that the index names for the narrowest condition; none without one it knows, and
    /// none when they are many.
    fn indexed(&self, ledger: &Ledger) -> Result<Option<Vec<u64>>> {
        let (kind, value) = if let Some(person) = self.person {
            (Kind::Person, person.to_string())
        } else if let Some((name, id)) = self.subject {
            (Kind::Subject, format!("{name}:{id}"))
        } else if let Some(kind) = self.kind {
            (Kind::Type, kind.to_owned())
        } else {
            return Ok(None);
        };
        let found = ledger.find(kind, &value, MANY)?;
        if found.len() >= MANY {
            return Ok(None);
        }
        // a newer program may have appended types that this one does not know
        let strange = self.kind.filter(|kind| ledger_core::schema::find(kind).is_none());
        if let (Some(kind), true) = (strange, found.is_empty()) {
            return Err(Failure::new(
                "schema-type",
                format!("event type `{kind}` is not known here"),
            )
            .within("--type")
            .hint("`ledger events` lists the types"));
        }
        let mut indexes: Vec<u64> = found.into_iter().map(|posting| posting.index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        Ok(Some(indexes))
    }

    /// Whether the entry is asked for: the index only gives hints.
    fn fits(&self, entry: &Entry<'_>) -> bool {
        let event = &entry.event;
        self.kind.is_none_or(|kind| event.kind == kind)
            && self
                .subject
                .is_none_or(|(name, id)| event.text_at(&format!("/subject/{name}")) == Some(id))
            && self.person.is_none_or(|person| entry.persons.iter().any(|(_, p)| *p == person))
            && self.since.is_none_or(|since| event.occurred_at >= since)
            && self.until.is_none_or(|until| event.occurred_at < until)
    }
}

/// An entry in short, for machines.
pub(crate) fn value(entry: &Entry<'_>) -> Value {
    let event = &entry.event;
    let mut members = vec![
        ("hash", Value::text(entry.hash().to_base64())),
        ("index", Value::count(entry.index)),
        ("occurred_at", Value::text(event.occurred_at.to_string())),
        ("recorded_at", Value::text(entry.recorded_at.to_string())),
        ("type", Value::text(event.kind)),
    ];
    let subject = event.root.get("subject");
    members.extend(subject.map(|subject| ("subject", Value::from(subject))));
    Value::object(members)
}

fn some(
    ledger: &Ledger,
    indexes: impl Iterator<Item = u64>,
    visit: &mut impl FnMut(&Entry<'_>) -> Result<bool>,
) -> Result<()> {
    for index in indexes {
        if !ledger.entry(index, |entry| visit(entry))?? {
            break;
        }
    }
    Ok(())
}

/// The entries from an index on in their order, read in large blocks.
pub(crate) fn stream(
    ledger: &Ledger,
    from: u64,
    visit: &mut impl FnMut(&Entry<'_>) -> Result<bool>,
) -> Result<()> {
    let mut blocks = match from {
        0 => ledger.blocks()?,
        from if from < ledger.size() => ledger.blocks_from(ledger.place(from)?)?,
        _ => return Ok(()),
    };
    let mut document = Document::default();
    let mut index = from;
    while let Some(block) = blocks.next_block()? {
        for line in &block.lines {
            let place = || format!("entry {index}");
            let entry = Entry::parse(&mut document, block.line(line))
                .map_err(|error| Failure::from(error).within(place()))?;
            // where a line begins is the index's word
            if entry.index != index {
                let message = format!("index {} stands where {index} should", entry.index);
                return Err(Failure::refused("chain-index", message).within(place()));
            }
            if !visit(&entry)? {
                return Ok(());
            }
            index += 1;
        }
    }
    Ok(())
}

/// A time as the log writes it, or a date, which is its first moment in UTC.
pub(crate) fn time(text: &str, place: &str) -> Result<Timestamp> {
    let whole = Timestamp::parse(text.as_bytes());
    let whole = whole.or_else(|_| Timestamp::of_day(text));
    whole.map_err(|_| {
        Failure::new("time", format!("`{text}` is neither a date nor a time in UTC"))
            .within(place.to_owned())
            .hint("write 2026-09-30, or 2026-09-30T23:59:59.000000Z")
    })
}
