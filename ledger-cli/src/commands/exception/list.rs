//! `ledger exception list`

use std::collections::BTreeSet;

use clap::Args;
use ledger_core::check::State;
use ledger_core::control::Catalogue;
use ledger_core::exception::{self, Life};
use ledger_core::fact::Facts;
use ledger_core::json::Value;
use ledger_core::schema::records::ExceptionState;
use ledger_core::schema::words::{Reference, Severity};
use ledger_core::time::{DAY, Timestamp};

use super::about::{Over, facts};
use crate::clock;
use crate::context::Context;
use crate::evaluated::period;
use crate::failure::{Answer, Failure, Result};

/// List exceptions: how bad, how old, where they stand, whose they are
///
/// With a period what its evaluation finds, joined with what entries say; without one what entries say
/// alone. Owners are pseudonyms.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception list --framework sox --from 2026-07-01 --to 2026-09-30 --stands open"
)]
pub(crate) struct List {
    /// Only those that stand so: `found` (no entry speaks of it), `raised`, `assigned`, `dispositioned`,
    /// `responded`, `remediated`, `retested`, `closed`, or `open`: all but the closed ones
    #[arg(long, value_name = "STATE", value_parser = stands)]
    stands: Option<Stands>,
    #[command(flatten)]
    over: Over,
}

/// Where an exception stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// Not closed.
    Open,
    /// No entry speaks of it.
    Found,
    /// As the newest entry says.
    At(ExceptionState),
}

fn stands(text: &str) -> std::result::Result<Stands, String> {
    match text {
        "open" => Ok(Stands::Open),
        "found" => Ok(Stands::Found),
        word => ExceptionState::parse(word)
            .map(Stands::At)
            .ok_or_else(|| "`open`, `found`, or a state of `exception.changed`".to_owned()),
    }
}

/// One line.
struct Row {
    id: String,
    control: String,
    test: String,
    item: String,
    severity: Severity,
    /// What the evaluation says; none without a period, or where it does not find it.
    result: Option<State>,
    sentence: Option<String>,
    /// From when on its age counts.
    since: Timestamp,
    stands: Stands,
    owner: Option<String>,
    due: Option<Timestamp>,
    disposition: Option<&'static str>,
    entries: Vec<u64>,
}

pub(super) fn run(args: &List, context: &mut Context) -> Result<Answer> {
    let now = clock::now()?;
    let mut rows = Vec::new();
    let said = if let (Some(from), Some(to)) = (args.over.from, args.over.to) {
        let evaluated = args.over.asked.evaluate(period(from, to)?, context)?;
        let said = facts(&evaluated.ledger, None)?;
        for found in exception::found(&evaluated.evaluation) {
            let severity = found.severity.in_events();
            let names = [found.control, found.test, &found.item];
            let mut row = Row::of(found.id, names, severity, found.at);
            row.result = Some(found.state);
            row.sentence = Some(found.sentence.to_owned());
            if let Some(life) = Life::of(&said, &row.id) {
                row.lives(&life);
            }
            rows.push(row);
        }
        said
    } else {
        if !args.over.asked.frameworks.is_empty() {
            return Err(Failure::new("period", "a framework is asked for, and no period")
                .hint("give --from and --to, or leave --framework out"));
        }
        let (_, ledger) = context.open()?;
        facts(&ledger, None)?
    };
    let catalogue = Catalogue::shipped()?;
    let asked = &args.over.asked.frameworks;
    let own = |row: &Row| catalogue.control(&row.control).map(|known| &known.framework);
    let mut others = known(&said, &rows);
    others.retain(|row| asked.is_empty() || own(row).is_some_and(|name| asked.contains(name)));
    rows.extend(others);
    rows.retain(|row| match args.stands {
        None => true,
        Some(Stands::Open) => row.stands != Stands::At(ExceptionState::Closed),
        Some(wanted) => row.stands == wanted,
    });
    print(&rows, now, context)
}

/// Those that entries speak of and the evaluation does not find.
fn known(said: &Facts, rows: &[Row]) -> Vec<Row> {
    let there: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let ids = said.exception_changed.ids(Reference::Exception);
    let ids = ids.into_iter().filter(|id| !there.contains(id.as_str()));
    let lives = ids.filter_map(|id| Some((id, Life::of(said, id.as_str())?)));
    let row = |(id, life): (&ledger_core::schema::typed::Id, Life<'_>)| {
        let newest = life.newest();
        let names = [newest.control.as_str(), newest.test.as_str(), newest.item.as_str()];
        let mut row = Row::of(id.to_string(), names, life.grade(), life.raised());
        row.lives(&life);
        row
    };
    lives.map(row).collect()
}

impl Row {
    /// One of a control, a test and an item, of which no entry speaks yet.
    fn of(id: String, names: [&str; 3], severity: Severity, since: Timestamp) -> Self {
        let [control, test, item] = names.map(str::to_owned);
        Self {
            id,
            control,
            test,
            item,
            severity,
            result: None,
            sentence: None,
            since,
            stands: Stands::Found,
            owner: None,
            due: None,
            disposition: None,
            entries: Vec::new(),
        }
    }

    /// Takes in what entries say.
    fn lives(&mut self, life: &Life<'_>) {
        self.severity = self.severity.min(life.grade());
        self.since = life.raised();
        self.stands = Stands::At(life.state());
        self.owner = life.owner().map(|owner| match owner.pseudonym {
            Some(name) => name.to_string(),
            None => "unknown".to_owned(),
        });
        self.due = life.due();
        self.disposition =
            life.disposition().map(ledger_core::schema::records::Disposition::as_str);
        self.entries = life.rows().iter().map(|row| row.at.index).collect();
    }

    fn state(&self) -> &'static str {
        match self.stands {
            Stands::At(state) => state.as_str(),
            Stands::Found | Stands::Open => "found",
        }
    }

    fn age(&self, now: Timestamp) -> u64 {
        now.micros().saturating_sub(self.since.micros()) / DAY
    }

    fn value(&self, now: Timestamp) -> Value {
        let mut members = vec![
            ("age_days", Value::count(self.age(now))),
            ("control", Value::text(&self.control)),
            (
                "entries",
                Value::List(self.entries.iter().map(|index| Value::count(*index)).collect()),
            ),
            ("exception", Value::text(&self.id)),
            ("item", Value::text(&self.item)),
            ("severity", Value::text(self.severity.as_str())),
            ("since", Value::text(self.since.to_string())),
            ("state", Value::text(self.state())),
            ("test", Value::text(&self.test)),
        ];
        members.extend(self.result.map(|state| ("result", Value::text(state.as_str()))));
        members.extend(self.sentence.as_ref().map(|text| ("sentence", Value::text(text))));
        members.extend(self.owner.as_ref().map(|owner| ("owner", Value::text(owner))));
        members.extend(self.due.map(|due| ("due", Value::text(due.to_string()))));
        members.extend(self.disposition.map(|word| ("disposition", Value::text(word))));
        Value::object(members)
    }
}

fn print(rows: &[Row], now: Timestamp, context: &mut Context) -> Result<Answer> {
    let out = &mut context.out;
    out.object([("exceptions", Value::List(rows.iter().map(|row| row.value(now)).collect()))])?;
    for row in rows {
        let owner = row.owner.as_ref().map_or_else(String::new, |who| format!("  owner {who}"));
        let due = row.due.map_or_else(String::new, |due| {
            format!("  due {due}{}", if due < now { ", which is past" } else { "" })
        });
        out.line(format!(
            "{}  {:<4}  {:<13}  {:>4} days  {} {} {}{owner}{due}",
            row.id,
            row.severity.as_str(),
            row.state(),
            row.age(now),
            row.control,
            row.test,
            row.item
        ))?;
        if let Some(sentence) = &row.sentence {
            out.line(format!("    {sentence}"))?;
        }
    }
    out.line(format!("{} exceptions", rows.len()))?;
    Ok(Answer::Yes)
}
