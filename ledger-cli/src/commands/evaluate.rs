//! `ledger evaluate`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::blob;
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Attachments, Calendar, Period, State};
use ledger_core::control::{Catalogue, Layer};
use ledger_core::evaluate::{Evaluation, Front, Question, evaluate};
use ledger_core::fact::Facts;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::store::{self, Store};
use ledger_core::time::Timestamp;

use crate::commands::verify;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::output::Out;

/// More exceptions than this are counted; all are in the JSON.
const SHOWN: usize = 30;
/// Microseconds of a day.
const DAY: u64 = 86_400 * 1_000_000;
/// Days after the end of a period in which evidence of it may still arrive.
const CUTOFF: u64 = 15;

/// Evaluate controls over a period
///
/// Runs each test of each control over its whole population, from the entries alone. In front stand two
/// verdicts: whether the ledger is true (INTEGRITY) and whether it is all (COMPLETENESS). The same
/// entries, catalogue and version give the same bytes. Status 0: no exceptions. 1: exceptions. 2: it
/// cannot be told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger evaluate --framework sox --from 2026-07-01 --to 2026-09-30"
)]
pub(crate) struct Evaluate {
    /// Framework; may be repeated [default: all]
    #[arg(long = "framework", value_name = "NAME", value_delimiter = ',')]
    frameworks: Vec<String>,
    /// First day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Timestamp,
    /// Last day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Timestamp,
    /// Last day on which evidence could be recorded [default: 15 days after the period]
    #[arg(long, value_name = "DAY", value_parser = day)]
    cutoff: Option<Timestamp>,
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// Only the entries before this index
    #[arg(long, value_name = "INDEX")]
    as_of: Option<u64>,
    /// Write the whole result to this file, as canonical JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn day(text: &str) -> std::result::Result<Timestamp, String> {
    Timestamp::of_day(text).map_err(|_| "a day like 2026-07-01".to_owned())
}

/// The day after.
fn after(day: Timestamp, days: u64) -> Timestamp {
    Timestamp::from_micros(day.micros() + days * DAY).unwrap_or(day)
}

/// Evaluates, and prints what came of it.
pub(crate) fn run(args: &Evaluate, context: &mut Context) -> Result<Answer> {
    let period = Period { from: args.from, to: after(args.to, 1) };
    if period.to <= period.from {
        return Err(Failure::new("period", "the period ends before it begins")
            .hint("--to is the last day of the period"));
    }
    let catalogue = Catalogue::shipped()?;
    let mut frameworks = args.frameworks.clone();
    let known: Vec<&str> = catalogue.authorities.iter().map(|a| a.framework.as_str()).collect();
    if let Some(name) = frameworks.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::new("framework", format!("`{name}` is no framework"))
            .hint(format!("one of `{}`", known.join("`, `"))));
    }
    if frameworks.is_empty() {
        frameworks = known.iter().map(|name| (*name).to_owned()).collect();
    }
    let layers = layers(&args.overlays)?;
    let (folder, ledger) = context.open()?;
    let report = verify::check(&folder, &verify::Known::default())?;
    let until = args.cutoff.map_or_else(|| after(period.to, CUTOFF), |cutoff| after(cutoff, 1));
    let facts = Facts::of(&ledger, args.as_of.unwrap_or(u64::MAX), until)?;
    // what still runs is judged by the ledger's own clock, not by a future nobody has seen
    let cutoff = facts.newest.map_or(until, |newest| newest.min(until));
    let front = Front::of(&report, &facts, period);
    let (calendar, matrix) = (Calendar::default(), Matrix::shipped()?);
    let question = Question { frameworks, period, cutoff, layers, calendar, matrix };
    let evaluation = evaluate(&facts, &Blobs(&*folder.store), question, front)?;
    drop::<Ledger>(ledger);
    if let Some(file) = &args.out {
        let mut bytes = evaluation.to_json().to_canonical().into_bytes();
        bytes.push(b'\n');
        files::create(file, &bytes, 0o644)?;
    }
    if context.out.json() {
        context.out.value(&evaluation.to_json())?;
    } else {
        print(&evaluation, &mut context.out)?;
    }
    Ok(answer(&evaluation))
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
        let bytes = store::read_all(self.0, &blob::file(*digest)).ok()??;
        (Sha256::of(&bytes) == *digest).then_some(bytes)
    }
}

fn answer(evaluation: &Evaluation) -> Answer {
    let front = &evaluation.front;
    let state = evaluation.state().min(front.integrity.state).min(front.completeness.state);
    match state {
        State::Fail => Answer::No,
        State::Indeterminate => Answer::CannotTell,
        State::Waived | State::Pass | State::NotApplicable | State::NoOccurrence => Answer::Yes,
    }
}

/// The words of a verdict.
fn verdict(state: State) -> &'static str {
    match state {
        State::Fail => "▲ does not hold",
        State::Indeterminate => "◆ cannot tell",
        _ => "● holds",
    }
}

fn words(state: State) -> &'static str {
    match state {
        State::Fail => "▲ exceptions noted",
        State::Indeterminate => "◆ cannot tell",
        State::Waived => "○ risk accepted",
        State::Pass => "● no exceptions noted",
        State::NotApplicable => "  not applicable",
        State::NoOccurrence => "  no occurrence",
    }
}

fn print(evaluation: &Evaluation, out: &mut Out) -> Result<()> {
    let front = &evaluation.front;
    for (name, known) in [("INTEGRITY", &front.integrity), ("COMPLETENESS", &front.completeness)] {
        out.line(format!("{:<13} {}", name, verdict(known.state)))?;
        for reason in known.reasons.iter().take(SHOWN) {
            out.line(format!("{:<13} {reason}", ""))?;
        }
    }
    let question = &evaluation.question;
    let last =
        Timestamp::from_micros(question.period.to.micros() - 1).unwrap_or(question.period.to);
    out.line(format!("\n{} entries, {} to {last}\n", front.size, question.period.from))?;
    let width = evaluation.outcomes.iter().map(|known| known.control.id.len()).max().unwrap_or(0);
    for known in &evaluation.outcomes {
        let items: u64 = known.counts.values().sum();
        let passed = known.counts.get(&State::Pass).copied().unwrap_or(0);
        let counts = if items == 0 { String::new() } else { format!("{passed} of {items}") };
        out.line(format!(
            "{:<width$}  {:<21} {counts:>14}  {}",
            known.control.id,
            words(known.state),
            known.control.title
        ))?;
        for reason in &known.reasons {
            out.line(format!("{:<width$}  {reason}", ""))?;
        }
    }
    let mut left = SHOWN;
    let mut more = 0_usize;
    for run in &evaluation.runs {
        for item in &run.census.items {
            for exception in &item.exceptions {
                if left == 0 {
                    more += 1;
                    continue;
                }
                if left == SHOWN {
                    out.line("")?;
                }
                left -= 1;
                let severity = exception.severity.as_str();
                out.line(format!(
                    "{:<9} {} {}: {}",
                    severity, run.test.id, exception.code, exception.sentence
                ))?;
            }
        }
    }
    if more > 0 {
        out.line(format!("and {more} more; --out FILE has them all"))?;
    }
    Ok(())
}
