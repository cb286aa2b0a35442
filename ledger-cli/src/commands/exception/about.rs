//! What is known of one exception: from its entries, or from the evaluation that found it.

use std::collections::BTreeSet;

use clap::Args;
use ledger_core::event::is_id;
use ledger_core::exception::{self, Life};
use ledger_core::fact::{Facts, Read};
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::person::Persons;
use ledger_core::time::Timestamp;

use crate::commands::speaker::{By, Said, Speaker};
use crate::context::Context;
use crate::evaluated::{Asked, day, period};
use crate::failure::{Answer, Failure, Result};

/// The period whose evaluation found it; not needed once an entry speaks of it.
#[derive(Args, Debug)]
pub(crate) struct Over {
    /// First day of the period whose evaluation found it, UTC; needed until an entry speaks of it
    #[arg(long, value_name = "DAY", value_parser = day, requires = "to")]
    pub(crate) from: Option<Timestamp>,
    /// Last day of that period, UTC
    #[arg(long, value_name = "DAY", value_parser = day, requires = "from")]
    pub(crate) to: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// Of which control, test and item an exception is, and how bad.
#[derive(Clone, Debug)]
pub(crate) struct About {
    id: String,
    control: String,
    test: String,
    item: String,
    /// `sev1` to `sev5`.
    pub(crate) severity: ledger_core::schema::words::Severity,
}

impl Over {
    /// No period: some entry speaks of the exception.
    pub(super) fn none() -> Self {
        let asked = Asked {
            frameworks: Vec::new(),
            cutoff: None,
            overlays: Vec::new(),
            calendar: None,
            policy: None,
            as_of: None,
            covered: None,
        };
        Self { from: None, to: None, asked }
    }
}

impl About {
    /// What the newest entry says, else what the evaluation of the period does; codes
    /// `exception-id`, `exception-none`.
    pub(crate) fn of(id: &str, over: &Over, facts: &Facts, context: &Context) -> Result<Self> {
        named(id)?;
        if let Some(life) = Life::of(facts, id) {
            let newest = life.newest();
            return Ok(Self {
                id: id.to_owned(),
                control: newest.control.to_string(),
                test: newest.test.to_string(),
                item: newest.item.to_string(),
                severity: life.grade(),
            });
        }
        let none = |message: String| Failure::new("exception-none", message);
        let (Some(from), Some(to)) = (over.from, over.to) else {
            return Err(none(format!("no entry speaks of `{id}` yet"))
                .hint("give --from and --to of the period whose evaluation found it"));
        };
        let evaluated = over.asked.evaluate(period(from, to)?, context)?;
        let found = exception::found(&evaluated.evaluation);
        let found = found.into_iter().find(|found| found.id == id).ok_or_else(|| {
            none(format!("the evaluation of this period does not find `{id}`"))
                .hint("`ledger exception list` with the same options has all that it finds")
        })?;
        Ok(Self {
            id: found.id,
            control: found.control.to_owned(),
            test: found.test.to_owned(),
            item: found.item,
            severity: found.severity.in_events(),
        })
    }

    /// Records one step.
    pub(crate) fn say(
        &self,
        state: &str,
        more: Vec<(&'static str, Value)>,
        speaker: Speaker,
        context: &mut Context,
    ) -> Result<Answer> {
        let mut data = vec![
            ("control", Value::text(&self.control)),
            ("item", Value::text(&self.item)),
            ("severity", Value::text(self.severity.as_str())),
            ("state", Value::text(state)),
            ("test", Value::text(&self.test)),
        ];
        data.extend(more);
        let said = Said {
            kind: "exception.changed",
            subject: ("exception", &self.id),
            data,
            attachments: Vec::new(),
            told: Vec::new(),
        };
        speaker.say(said, context)
    }
}

/// Somebody who takes the next step, and all that was said until now.
pub(super) fn begin(by: &By, context: &Context, id: &str) -> Result<(Speaker, Facts)> {
    named(id)?;
    let speaker = Speaker::begin(by, context)?;
    let facts = facts(&speaker.ledger, Some(id))?;
    Ok((speaker, facts))
}

/// The life of an exception that some entry speaks of; code `exception-none`.
pub(super) fn life<'f>(facts: &'f Facts, id: &str) -> Result<Life<'f>> {
    Life::of(facts, id).ok_or_else(|| {
        Failure::new("exception-none", format!("no entry speaks of `{id}` yet"))
            .hint("`ledger exception assign` gives it an owner first")
    })
}

/// What the entries about an exception say, or about all, with the accepted risks and who is whom: found
/// through the index, so the log is not read whole.
pub(crate) fn facts(ledger: &Ledger, id: Option<&str>) -> Result<Facts> {
    let mut indexes = BTreeSet::new();
    let mut find = |kind: Kind, value: &str| -> Result<()> {
        indexes.extend(ledger.find(kind, value, usize::MAX)?.iter().map(|found| found.index));
        Ok(())
    };
    match id {
        Some(id) => find(Kind::Subject, &format!("exception:{id}"))?,
        None => find(Kind::Type, "exception.changed")?,
    }
    for kind in Persons::TYPES.into_iter().chain(["risk.accepted"]) {
        find(Kind::Type, kind)?;
    }
    let mut read = Vec::with_capacity(indexes.len());
    for index in indexes {
        read.push(ledger.entry(index, Read::of)?);
    }
    Ok(Facts::from_read(read))
}

fn named(id: &str) -> Result<()> {
    if is_id(id) {
        return Ok(());
    }
    Err(Failure::new("exception-id", format!("`{id}` names no exception"))
        .hint("`ledger exception list` prints the ids: `x-` and 32 hex digits"))
}
