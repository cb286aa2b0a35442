//! `ledger log`

use clap::Args;
use ledger_core::entry::Entry;
use ledger_core::index::Kind;
use ledger_core::json::{Document, Value};
use ledger_core::ledger::Ledger;
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::Pseudonym;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::Out;

/// More entries than this are not held in memory to be put in order: all lines are read instead.
const MANY: usize = 1 << 19;

/// List entries, one on each line
///
/// In the order of the log, the oldest first. Each line has the index, when it occurred, the type and
/// what it is about.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// Only events of this type, like `deployment.finished`
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only events about this, like `service:payments`
    #[arg(long, value_name = "REFERENCE:ID")]
    subject: Option<String>,
    /// Only events that name this person, by pseudonym
    #[arg(long, value_name = "PSEUDONYM")]
    person: Option<String>,
    /// Only events that occurred at this time or later: a date, or a time to the microsecond
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events that occurred before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most this many entries
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The newest first
    #[arg(long)]
    reverse: bool,
}

/// What is asked for.
struct Filter<'a> {
    kind: Option<&'a str>,
    subject: Option<(&'a str, &'a str)>,
    person: Option<Pseudonym>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Lists the entries.
pub(crate) fn run(args: &Log, context: &mut Context) -> Result<Answer> {
    let filter = Filter::read(args)?;
    let (_, ledger) = context.open()?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    let out = &mut context.out;
    let mut visit = |entry: &Entry<'_>| -> Result<bool> {
        if left > 0 && filter.fits(entry) {
            left -= 1;
            print(out, entry)?;
        }
        Ok(left > 0 && !out.closed())
    };
    match filter.indexed(&ledger)? {
        Some(mut indexes) => {
            if args.reverse {
                indexes.reverse();
            }
            each(&ledger, indexes.into_iter(), &mut visit)?;
        }
        None if args.reverse => each(&ledger, (0..ledger.size()).rev(), &mut visit)?,
        None => stream(&ledger, &mut visit)?,
    }
    Ok(Answer::Yes)
}

fn each(
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

/// All entries in their order, read in large blocks.
pub(super) fn stream(
    ledger: &Ledger,
    visit: &mut impl FnMut(&Entry<'_>) -> Result<bool>,
) -> Result<()> {
    let mut blocks = ledger.blocks()?;
    let mut document = Document::default();
    let mut index = 0_u64;
    while let Some(block) = blocks.next_block()? {
        for line in &block.lines {
            let entry = Entry::parse(&mut document, block.line(line))
                .map_err(|error| Failure::from(error).within(format!("entry {index}")))?;
            if !visit(&entry)? {
                return Ok(());
            }
            index += 1;
        }
    }
    Ok(())
}

fn print(out: &mut Out, entry: &Entry<'_>) -> Result<()> {
    let event = &entry.event;
    let subject = event.root.get("subject");
    if out.json() {
        let mut members = vec![
            ("hash", Value::text(entry.hash().to_base64())),
            ("index", Value::count(entry.index)),
            ("occurred_at", Value::text(event.occurred_at.to_string())),
            ("recorded_at", Value::text(entry.recorded_at.to_string())),
            ("type", Value::text(event.kind)),
        ];
        members.extend(subject.map(|subject| ("subject", Value::from(subject))));
        return out.value(&Value::object(members));
    }
    let about: Vec<String> = subject
        .into_iter()
        .flat_map(|subject| subject.members())
        .map(|(name, value)| format!("{name}:{}", short(value.plain().unwrap_or_default())))
        .collect();
    let line = format!(
        "{:>7}  {}  {:<20}  {}",
        entry.index,
        event.occurred_at,
        event.kind,
        about.join(" ")
    );
    out.line(line.trim_end())
}

/// Long names by their beginning and end; whole in `ledger show`.
fn short(id: &str) -> String {
    match (id.get(..12), id.len().checked_sub(4).and_then(|from| id.get(from..))) {
        (Some(first), Some(last)) if id.len() > 48 => format!("{first}…{last}"),
        _ => id.to_owned(),
    }
}

impl<'a> Filter<'a> {
    fn read(args: &'a Log) -> Result<Self> {
        let subject = args.subject.as_deref().map(|text| {
            text.split_once(':').filter(|(name, id)| !name.is_empty() && !id.is_empty()).ok_or_else(
                || {
                    Failure::new("subject", format!("`{text}` is not a subject"))
                        .within("--subject")
                        .hint("write REFERENCE:ID, like `service:payments`")
                },
            )
        });
        let person = args.person.as_deref().map(|text| {
            text.parse().map_err(|_| {
                Failure::new("pseudonym", format!("`{text}` is not a pseudonym"))
                    .within("--person")
                    .hint("a pseudonym is 26 characters; `ledger show` prints those of an entry")
            })
        });
        Ok(Self {
            kind: args.kind.as_deref(),
            subject: subject.transpose()?,
            person: person.transpose()?,
            since: args.since.as_deref().map(|text| time(text, "--since")).transpose()?,
            until: args.until.as_deref().map(|text| time(text, "--until")).transpose()?,
        })
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

/// A time as the log writes it, or a date, which is its first moment in UTC.
pub(super) fn time(text: &str, place: &str) -> Result<Timestamp> {
    let whole = Timestamp::parse(text.as_bytes());
    let whole = whole.or_else(|_| Timestamp::of_day(text));
    whole.map_err(|_| {
        Failure::new("time", format!("`{text}` is neither a date nor a time in UTC"))
            .within(place)
            .hint("write 2026-09-30, or 2026-09-30T23:59:59.000000Z")
    })
}
