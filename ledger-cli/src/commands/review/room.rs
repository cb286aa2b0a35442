//! Room: what every command of a review works in: the facts, the limits, and the frozen lists.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Calendar, Context as Asking, Parameters, Period};
use ledger_core::control::{Catalogue, Fiscal, Resolved};
use ledger_core::event::is_id;
use ledger_core::fact::Facts;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Receipt};
use ledger_core::review::{DAYS, Desk, limits};
use ledger_core::store::Store;
use ledger_core::time::{DAY, Timestamp};

use crate::context::{Context, Folder};
use crate::evaluated::{Blobs, day, layers};
use crate::failure::{Failure, Result};
use crate::keys::Key;
use crate::seen::Sight;
use crate::{clock, delivery, files, keys};

/// Items that one event names at most: one signature is over all of them.
pub(super) const MOST: usize = 100;

/// Which limits hold, and over which time use is counted.
#[derive(Args, Clone, Debug)]
pub(super) struct Limits {
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// Calendar of the entity: its days of work [default: all but Saturday and Sunday]
    #[arg(long, value_name = "FILE")]
    calendar: Option<PathBuf>,
    /// Count use from this day on [default: 90 days back]
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<Timestamp>,
}

/// Who records what a review comes to; not the reviewers.
#[derive(Args, Clone, Debug)]
pub(super) struct Scribe {
    /// Key that signs, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<PathBuf>,
    /// Who acts
    #[arg(long, value_name = "ISSUER:ID")]
    actor: String,
}

/// The facts and all that they are judged by.
pub(super) struct Room {
    pub(super) facts: Facts,
    pub(super) now: Timestamp,
    parameters: Parameters,
    calendar: Calendar,
    matrix: Matrix,
    period: Period,
    store: Arc<dyn Store>,
}

impl Limits {
    /// Reads the ledger.
    pub(super) fn room(&self, ledger: &Ledger) -> Result<Room> {
        let now = clock::now()?;
        let back = Timestamp::from_micros(now.micros().saturating_sub(DAYS * DAY)).unwrap_or(now);
        let resolved = Resolved::at(Catalogue::shipped()?, &layers(&self.overlays)?, now)?;
        let fiscal = match &self.calendar {
            None => Fiscal::shipped()?,
            Some(file) => {
                let text = String::from_utf8(files::read(file)?).map_err(|_| {
                    Failure::new("control-file", "the calendar is not UTF-8")
                        .within(files::shown(file))
                })?;
                Fiscal::read(&files::shown(file), &text)?
            }
        };
        Ok(Room {
            facts: Facts::of(ledger, u64::MAX, now)?,
            now,
            parameters: limits(&resolved)?,
            calendar: fiscal.days().clone(),
            matrix: Matrix::shipped()?,
            period: Period { from: self.since.unwrap_or(back), to: now },
            store: ledger.store().clone(),
        })
    }
}

impl Room {
    /// The attachments.
    pub(super) fn blobs(&self) -> Blobs<'_> {
        Blobs(&*self.store)
    }

    /// What is asked over them.
    fn asking<'r>(&'r self, blobs: &'r Blobs<'r>) -> Asking<'r> {
        Asking {
            facts: &self.facts,
            period: self.period,
            now: self.now,
            regime: None,
            parameters: &self.parameters,
            calendar: &self.calendar,
            attachments: blobs,
            matrix: Some(&self.matrix),
            verified: None,
        }
    }

    /// Where a review looks things up.
    pub(super) fn desk<'r>(&'r self, blobs: &'r Blobs<'r>) -> Desk<'r> {
        Desk::of(self.asking(blobs))
    }
}

/// A restricted id on the command line; code `field-value`.
pub(super) fn id<'t>(option: &str, text: &'t str) -> Result<&'t str> {
    if is_id(text) {
        return Ok(text);
    }
    Err(Failure::new("field-value", format!("`{text}` is no restricted id"))
        .within(option)
        .hint("letters, digits and `.`, `_`, `:`, `/`, `+`, `#`, `-`"))
}

impl Scribe {
    /// The keys, loaded before anything is opened.
    pub(super) fn load(&self) -> Result<Vec<Key>> {
        keys::load_all(&self.keys)
    }

    /// The actor as an event names one.
    pub(super) fn actor(&self) -> Result<Value> {
        let id = keys::identity(&self.actor).map_err(|failure| failure.within("--actor"))?;
        Ok(Value::object([("id", id), ("kind", Value::text("human"))]))
    }
}

/// A draft about a review.
pub(super) fn draft(
    kind: &str,
    campaign: &str,
    actor: &Value,
    now: Timestamp,
    data: Vec<(&'static str, Value)>,
) -> Value {
    Value::object([
        ("actor", actor.clone()),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(now.to_string())),
        ("subject", Value::object([("campaign", Value::text(campaign))])),
        ("type", Value::text(kind)),
    ])
}

/// To whom items go, and why.
pub(super) struct Gift<'g> {
    pub(super) cause: &'static str,
    pub(super) relationship: &'g str,
    pub(super) reviewer: &'g Value,
    pub(super) stage: u64,
    /// From whom, where somebody had them.
    pub(super) from: Option<&'g Value>,
    /// Until when, where it is for a time.
    pub(super) until: Option<Timestamp>,
}

/// The drafts that give items to a reviewer: as many as it takes.
pub(super) fn assigned(
    campaign: &str,
    actor: &Value,
    now: Timestamp,
    items: &[String],
    gift: &Gift<'_>,
) -> Vec<Value> {
    let one = |items: &[String]| {
        let mut data = vec![
            ("cause", Value::text(gift.cause)),
            ("items", Value::List(items.iter().map(Value::text).collect())),
            ("relationship", Value::text(gift.relationship)),
            ("reviewer", gift.reviewer.clone()),
            ("stage", Value::count(gift.stage)),
        ];
        data.extend(gift.from.map(|from| ("from", from.clone())));
        data.extend(gift.until.map(|until| ("until", Value::text(until.to_string()))));
        draft("campaign.assigned", campaign, actor, now, data)
    };
    items.chunks(MOST).map(one).collect()
}

/// Signs and records all drafts or none, and tells where they are.
pub(super) fn record(
    (folder, ledger, sight): (&Folder, &mut Ledger, &Sight),
    drafts: &[Value],
    signers: &[&dyn Signer],
    more: Vec<(&'static str, Value)>,
    context: &mut Context,
) -> Result<()> {
    let receipts = delivery::many(ledger, sight, drafts, "review", signers)
        .map_err(|failure| folder.place(failure))?;
    told(&receipts, more, context)?;
    sight.remember(folder)?;
    delivery::tidy(folder, ledger)?;
    Ok(())
}

/// The entries, in one line for people: a review may have a thousand.
pub(super) fn told(
    receipts: &[Receipt],
    more: Vec<(&'static str, Value)>,
    context: &mut Context,
) -> Result<()> {
    let list = receipts.iter().map(|receipt| Value::count(receipt.index)).collect();
    let mut members = vec![("entries", Value::List(list))];
    members.extend(more);
    context.out.value(&Value::object(members))?;
    if let (Some(first), Some(last)) = (receipts.first(), receipts.last()) {
        let words = match receipts.len() {
            1 => format!("entry {}  durable", first.index),
            count => format!("{count} entries, {} to {}  durable", first.index, last.index),
        };
        context.out.line(words)?;
    }
    context.out.flush()
}
