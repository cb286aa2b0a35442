//! Evaluated: from what is asked on the command line to the evaluation of a ledger. `evaluate` and
//! `report` go this way alike.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Attachments, Period, State};
use ledger_core::control::{Catalogue, Fiscal, Layer};
use ledger_core::evaluate::{Evaluation, Front, Question, Slice, evaluate};
use ledger_core::fact::Facts;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::metric::{self, Definitions, Ground, Metrics};
use ledger_core::store::Store;
use ledger_core::time::{DAY, Timestamp};
use ledger_core::zone::Zone;
use ledger_core::{blob, tree};

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::{files, hashes, verified};

/// Days after the end of a period in which evidence of it may still arrive.
const CUTOFF: u64 = 15;

/// What is asked, beside the period.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asked {
    /// Framework; may be repeated [default: all]
    #[arg(long = "framework", value_name = "NAME", value_delimiter = ',')]
    pub(crate) frameworks: Vec<String>,
    /// Last day on which evidence could be recorded, in the calendar's zone [default: 15 days after the
    /// period]
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) cutoff: Option<Timestamp>,
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    pub(crate) overlays: Vec<String>,
    /// Calendar of the entity: its fiscal year, zone and days of work [default: calendar year, UTC]
    #[arg(long, value_name = "FILE")]
    pub(crate) calendar: Option<PathBuf>,
    /// Whom you trust: a C2SP `tlog-policy` of your own, which names the witnesses that T25 counts
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Only the entries before this index
    #[arg(long, value_name = "INDEX")]
    pub(crate) as_of: Option<u64>,
    /// Only checkpoints over at most so many entries count: those that were there when a report was
    /// made, to make it again
    #[arg(long, value_name = "SIZE")]
    pub(crate) covered: Option<u64>,
}

/// The period that is asked for.
#[derive(Args, Debug)]
pub(crate) struct Span {
    /// Quarter like 2026-Q3, month like 2026-07, year like 2026; of the fiscal year FY2026-Q3,
    /// FY2026-H1, FY2026-M07, FY2026
    #[arg(long, value_name = "PERIOD", value_parser = word, required_unless_present = "from", conflicts_with = "from")]
    pub(crate) period: Option<String>,
    /// First day of the period, in the calendar's zone
    #[arg(long, value_name = "DAY", value_parser = day, requires = "to")]
    pub(crate) from: Option<Timestamp>,
    /// Last day of the period, in the calendar's zone
    #[arg(long, value_name = "DAY", value_parser = day, requires = "from")]
    pub(crate) to: Option<Timestamp>,
}

impl Span {
    /// The period, by its word or by its first and last day.
    pub(crate) fn of(&self, fiscal: &Fiscal) -> Result<Period> {
        match (&self.period, self.from, self.to) {
            (Some(word), ..) => Ok(fiscal.period(word)?),
            (None, Some(from), Some(to)) => {
                period(from, to)?;
                let late = || Failure::new("period", "the period ends after the year 9999");
                fiscal.span(from, to).ok_or_else(late)
            }
            _ => Err(Failure::new("period", "no period is named")),
        }
    }
}

/// What came of it.
pub(crate) struct Evaluated {
    /// The ledger's folder.
    pub(crate) folder: Folder,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// What its entries say.
    pub(crate) facts: Facts,
    /// What the controls came to.
    pub(crate) evaluation: Evaluation,
    /// The last day on which evidence could be recorded, as it is written.
    pub(crate) cutoff: Timestamp,
}

/// A day on the command line.
pub(crate) fn day(text: &str) -> std::result::Result<Timestamp, String> {
    Timestamp::of_day(text).map_err(|_| "a day like 2026-07-01".to_owned())
}

/// A word for a period on the command line.
pub(crate) fn word(text: &str) -> std::result::Result<String, String> {
    let known = Fiscal::shipped().and_then(|fiscal| fiscal.period(text));
    known.map(|_| text.to_owned()).map_err(|_| {
        "a quarter like 2026-Q3, a month like 2026-07, a year like 2026, or FY2026-Q3 of the fiscal year"
            .to_owned()
    })
}

/// From the first to the last day of a period.
pub(crate) fn period(first: Timestamp, last: Timestamp) -> Result<Period> {
    let period = Period { from: first, to: after(last, 1) };
    if period.to <= period.from {
        return Err(Failure::new("period", "the period ends before it begins")
            .hint("--to is the last day of the period"));
    }
    Ok(period)
}

/// That many days after.
fn after(day: Timestamp, days: u64) -> Timestamp {
    Timestamp::from_micros(day.micros() + days * DAY).unwrap_or(day)
}

/// The day of a moment on the wall, as a day is written: its midnight, UTC.
pub(crate) fn day_on_wall(at: Timestamp, zone: &Zone) -> Option<Timestamp> {
    zone.day(at).checked_mul(DAY).and_then(Timestamp::from_micros)
}

impl Asked {
    /// The frameworks that are asked for: all where none is named.
    fn frameworks(&self) -> Result<Vec<String>> {
        let catalogue = Catalogue::shipped()?;
        let known: Vec<&str> = catalogue.authorities.iter().map(|a| a.framework.as_str()).collect();
        if let Some(name) = self.frameworks.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(Failure::new("framework", format!("`{name}` is no framework"))
                .hint(format!("one of `{}`", known.join("`, `"))));
        }
        if self.frameworks.is_empty() {
            return Ok(known.iter().map(|name| (*name).to_owned()).collect());
        }
        Ok(self.frameworks.clone())
    }

    /// Whether it asks for files that a command alone does not bring.
    pub(crate) fn is_given_files(&self) -> bool {
        let unknown = |name: &String| layers(std::slice::from_ref(name)).is_err();
        self.calendar.is_some()
            || self.policy.is_some()
            || self.overlays.iter().any(|name| name.contains(['/', '.']) || unknown(name))
    }

    /// The calendar of the entity.
    pub(crate) fn fiscal(&self) -> Result<Fiscal> {
        let Some(file) = &self.calendar else { return Ok(Fiscal::shipped()?) };
        let text = String::from_utf8(files::read(file)?).map_err(|_| {
            Failure::new("control-file", format!("`{}` is not UTF-8", files::shown(file)))
        })?;
        Ok(Fiscal::read(&files::shown(file), &text)?)
    }

    /// Verifies the ledger, reads its facts, and evaluates.
    pub(crate) fn evaluate(&self, period: Period, context: &Context) -> Result<Evaluated> {
        let frameworks = self.frameworks()?;
        let layers = layers(&self.overlays)?;
        let (folder, ledger) = context.open()?;
        let policy = self.policy.as_deref().map(verified::read_policy).transpose()?;
        let known = verified::Known { policy, ..verified::Known::default() };
        let mut report = verified::check(&folder, &known)?;
        report.checkpointed = report.checkpointed.min(self.covered.unwrap_or(u64::MAX));
        let calendar = self.fiscal()?.days().clone();
        let last = self.cutoff.or_else(|| {
            let last = Timestamp::from_micros(period.to.micros().saturating_sub(1))?;
            Some(after(day_on_wall(last, &calendar.zone)?, CUTOFF))
        });
        let last = last.unwrap_or(period.to);
        // a day is written as it is on the wall, and ends when it ends there
        let until = calendar.zone.begins(last.micros() / DAY + 1);
        let until = until.unwrap_or_else(|| after(last, 1));
        let size = self.as_of.unwrap_or(u64::MAX).min(report.size);
        let facts = Facts::of(&ledger, size, until)?;
        // what still runs is judged by the ledger's own clock, not by a future nobody has seen
        let cutoff = facts.newest.map_or(until, |newest| newest.min(until));
        let mut front = Front::of(&report, &facts, period);
        if size < report.size {
            let hashes = hashes::of(&ledger, None)?;
            (front.size, front.root) = (size, tree::root(size, &hashes)?.to_base64());
        }
        let matrix = Matrix::shipped()?;
        let question = Question { frameworks, period, cutoff, layers, calendar, matrix };
        let evaluation = evaluate(&facts, &Blobs(&*folder.store), question, front)?;
        Ok(Evaluated { folder, ledger, facts, evaluation, cutoff: last })
    }
}

impl Evaluated {
    /// The first part of the period; code `period`.
    pub(crate) fn first(&self) -> Result<&Slice> {
        let none = || Failure::new("period", "the period has no part");
        self.evaluation.slices.first().ok_or_else(none)
    }

    /// The release metrics over the same period, with the limits at its beginning.
    pub(crate) fn metrics(&self) -> Result<Metrics> {
        let question = &self.evaluation.question;
        let period = question.period;
        let definitions = Definitions::shipped()?;
        Ok(metric::measure(&Ground {
            facts: &self.facts,
            attachments: &Blobs(&*self.folder.store),
            definitions: &definitions,
            resolved: &self.first()?.resolved,
            calendar: &question.calendar,
            evaluation: Some(&self.evaluation),
            period,
            now: question.cutoff,
        })?)
    }
}

/// The layers that are named: built in, or files.
pub(crate) fn layers(named: &[String]) -> Result<Vec<Layer>> {
    let shipped = Layer::shipped()?;
    let one = |name: &String| -> Result<Layer> {
        if let Some(layer) = shipped.iter().find(|layer| layer.id == *name) {
            return Ok(layer.clone());
        }
        let path = Path::new(name);
        let bytes = files::read(path).map_err(|failure| {
            let names: Vec<&str> = shipped.iter().map(|layer| layer.id.as_str()).collect();
            failure.hint(format!("an overlay is a file, or one of `{}`", names.join("`, `")))
        })?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new("control-file", format!("`{name}` is not UTF-8")))?;
        Ok(Layer::read(name, &text)?)
    };
    named.iter().map(one).collect()
}

/// Attachments of the ledger's folder.
pub(crate) struct Blobs<'a>(pub(crate) &'a dyn Store);

impl Attachments for Blobs<'_> {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        blob::get(self.0, *digest).ok().flatten()
    }
}

/// The exit status: the worst of the controls and of the two verdicts in front.
pub(crate) fn answer(evaluation: &Evaluation) -> Answer {
    let front = &evaluation.front;
    status(evaluation.state().min(front.integrity.state).min(front.completeness.state))
}

/// The exit status of a result: it is no where something is wrong, and yes where nothing is.
pub(crate) fn status(state: State) -> Answer {
    match state {
        State::Fail => Answer::No,
        State::Indeterminate => Answer::CannotTell,
        State::Waived | State::Pass | State::NotApplicable | State::NoOccurrence => Answer::Yes,
    }
}

/// The words of a verdict.
pub(crate) fn verdict(state: State) -> &'static str {
    match state {
        State::Fail => "▲ does not hold",
        State::Indeterminate => "◆ cannot tell",
        _ => "● holds",
    }
}

/// The words of a result.
pub(crate) fn words(state: State) -> &'static str {
    match state {
        State::Fail => "▲ exceptions noted",
        State::Indeterminate => "◆ cannot tell",
        State::Waived => "○ risk accepted",
        State::Pass => "● no exceptions noted",
        State::NotApplicable => "  not applicable",
        State::NoOccurrence => "  no occurrence",
    }
}
