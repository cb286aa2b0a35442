//! `ledger report quarter`

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use ledger_core::check::{Period, State};
use ledger_core::evidence::contents::{CALENDAR, overlay};
use ledger_core::json::Value;
use ledger_core::metric::Metrics;
use ledger_core::report::{self, Level, Report, period};
use rayon::prelude::*;

use super::{folder, past};
use crate::context::Context;
use crate::evaluated::{self, Asked, Evaluated, Span, answer};
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::output::Out;

/// Report what a quarter, or another period, came to
///
/// One run, one canonical `report.json`, and its dressings, in a new folder. The same entries,
/// question and version give the same bytes. Status 0: no exceptions. 1: exceptions. 2: it cannot be
/// told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger report quarter --framework sox,hipaa,gdpr --period 2026-Q3 --out q3"
)]
pub(crate) struct Quarter {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    asked: Asked,
    /// Legal entity that the report is of [default: the ledger's name]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    entity: String,
    /// For whom: `internal`, `auditor` or `regulator`; no level shows a name [default: as the overlays
    /// ask]
    #[arg(long, value_name = "LEVEL", value_parser = folder::level)]
    redact: Option<Level>,
    /// `report.json` of an earlier report of the same period that this one corrects; what is different
    /// is listed
    #[arg(long, value_name = "FILE")]
    supersedes: Option<PathBuf>,
    /// New folder for the report
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Evaluates, writes the report, and says what came of it.
pub(crate) fn run(args: &Quarter, context: &mut Context) -> Result<Answer> {
    let span = args.span.of(&args.asked.fiscal()?)?;
    files::make_folder(&args.out)?;
    let Computed { evaluated, metrics, report } = args.computed(&args.asked, span, context)?;
    let digest = write(&report, &evaluated, &metrics, &args.out)?;
    let summary = [
        ("digest", Value::text(&digest)),
        ("folder", Value::text(files::shown(&args.out))),
        ("integrity", Value::text(report.integrity.state.as_str())),
        ("completeness", Value::text(report.completeness.state.as_str())),
        ("report", Value::text(&report.front.id)),
        ("state", Value::text(evaluated.evaluation.state().as_str())),
    ];
    context.out.object(summary)?;
    print(&report, &digest, &args.out, &mut context.out)?;
    Ok(answer(&evaluated.evaluation))
}

/// A report as its own command asks for it.
#[derive(Parser, Debug)]
#[command(no_binary_name = true)]
struct Again {
    #[command(flatten)]
    quarter: Quarter,
}

/// The document that a report's own command makes of another folder; `words` are those behind `ledger report quarter`.
/// The files that it names are looked for among those that travelled, in the folder `given`.
///
/// Codes `report-command` (the words are none), `report-given` (it asks for files that are not there).
pub(crate) fn again(words: &[String], given: &Path, context: &Context) -> Result<Vec<u8>> {
    let Again { quarter } = Again::try_parse_from(words).map_err(|_| {
        Failure::new("report-command", "the command of the report is none that is known here")
    })?;
    if quarter.asked.policy.is_some() || quarter.supersedes.is_some() {
        return Err(absent());
    }
    let found = travelled(&quarter.asked, given)?;
    let span = quarter.span.of(&found.fiscal()?)?;
    Ok(folder::line(quarter.computed(&found, span, context)?.report.document().to_canonical()))
}

/// What was asked, with the files that travelled in the place of those that it names: the calendar, and the overlays
/// that are not built in, by their numbers.
fn travelled(asked: &Asked, given: &Path) -> Result<Asked> {
    let here = |name: &str| {
        let path = given.join(name);
        if path.is_file() { Ok(path) } else { Err(absent()) }
    };
    let mut found = asked.clone();
    found.calendar = asked.calendar.as_ref().map(|_| here(CALENDAR)).transpose()?;
    let own = found.overlays.iter_mut().filter(|name| {
        name.contains(['/', '.']) || evaluated::layers(std::slice::from_ref(*name)).is_err()
    });
    for (number, name) in (1..).zip(own) {
        here(&overlay(number))?.to_string_lossy().as_ref().clone_into(name);
    }
    Ok(found)
}

/// Code `report-given`.
pub(super) fn absent() -> Failure {
    Failure::new("report-given", "the report was made with files that are not in the package")
        .hint("build it with --controls and --calendar, as the report was made")
}

/// A report, and what it was computed from.
struct Computed {
    evaluated: Evaluated,
    metrics: Metrics,
    report: Report,
}

impl Quarter {
    /// Evaluates what is asked, which says the same as the command's own words, with files that may stand elsewhere.
    fn computed(&self, asked: &Asked, span: Period, context: &Context) -> Result<Computed> {
        let evaluated = asked.evaluate(span, context)?;
        let metrics = evaluated.metrics()?;
        let report = self.report(span, &evaluated, &metrics)?;
        Ok(Computed { evaluated, metrics, report })
    }

    fn report(&self, span: Period, evaluated: &Evaluated, metrics: &Metrics) -> Result<Report> {
        let zone = &evaluated.evaluation.question.calendar.zone;
        let word = period::word(period::on_wall(span, zone));
        let mut words = format!("quarter {}", folder::spelled(&self.span));
        words.extend(self.redact.map(folder::redacted));
        if self.supersedes.is_some() {
            words.push_str(" --supersedes EARLIER");
        }
        let (previous, issued) = past::issued(evaluated, &word)?;
        let asked = report::Asked {
            entity: self.entity.clone(),
            command: folder::again(&words, &self.asked, &self.entity, evaluated),
            previous,
            issued,
            level: self.redact,
        };
        let metrics = report::metrics(metrics);
        let report = Report::of(&evaluated.evaluation, &evaluated.facts, &asked, vec![metrics]);
        match &self.supersedes {
            Some(path) => Ok(report.superseding(&past::superseded(path, evaluated)?)?),
            None => Ok(report),
        }
    }
}

/// Writes the document and its dressings, two at a time; the digest of the document comes back.
fn write(report: &Report, evaluated: &Evaluated, metrics: &Metrics, out: &Path) -> Result<String> {
    let digest = folder::document(report.document(), out)?;
    let named = digest.as_str();
    let dressings: [&(dyn Fn() -> Result<()> + Sync); 6] = [
        &|| oscal(report, named, out),
        &|| workbook(report, named, out),
        &|| folder::pages(report_templates::pages(report, named), out),
        &|| tables(report, evaluated, out),
        &|| measured(report, metrics, out),
        &|| brief(report, named, out),
    ];
    // each writes files of its own; of several that fail the first in this order is told
    let done: Vec<Result<()>> = dressings.par_iter().with_max_len(1).map(|dress| dress()).collect();
    done.into_iter().collect::<Result<()>>()?;
    Ok(digest)
}

fn workbook(report: &Report, digest: &str, out: &Path) -> Result<()> {
    let book = report_templates::workbook(report, digest).map_err(|error| {
        Failure::new("report-sheet", format!("the workbook cannot be made: {error}"))
    })?;
    files::create(&out.join("report.xlsx"), &book, 0o644)
}

fn oscal(report: &Report, digest: &str, out: &Path) -> Result<()> {
    let out = out.join("oscal");
    files::make_folder(&out)?;
    for document in report_templates::oscal::oscal(report, digest) {
        folder::write(document.content, &out.join(document.name), |_| {})?;
    }
    Ok(())
}

/// Writes every table, and every population.
fn tables(report: &Report, evaluated: &Evaluated, out: &Path) -> Result<()> {
    files::make_folder(&out.join("csv"))?;
    report.datasets.iter().try_for_each(|dataset| folder::table(dataset, out))?;
    for number in 0..report.populations.len() {
        if let Some(dataset) = report.items(&evaluated.evaluation, number) {
            folder::table(&dataset, out)?;
        }
    }
    Ok(())
}

/// Writes the metrics with all their items.
fn measured(report: &Report, metrics: &Metrics, out: &Path) -> Result<()> {
    // its items may name persons as the ledger does
    if report.front.people.level == Level::Regulator {
        return Ok(());
    }
    folder::write(metrics.document(None), &out.join("metrics.json"), |_| {})
}

/// Writes what is read at a glance, and what is printed.
fn brief(report: &Report, digest: &str, out: &Path) -> Result<()> {
    #[cfg(feature = "pdf")]
    folder::paper(report_templates::pdf(report, digest), &out.join("report.pdf"), 0o644)?;
    let summary = report_templates::markdown(report, digest);
    files::create(&out.join("report.md"), summary.as_bytes(), 0o644)
}

fn print(report: &Report, digest: &str, at: &Path, out: &mut Out) -> Result<()> {
    folder::verdicts(report, out)?;
    for sentence in &report.conclusion.sentences {
        out.line(sentence)?;
    }
    let states =
        [State::Fail, State::Indeterminate, State::Waived, State::Pass, State::NoOccurrence];
    for state in states {
        let count = report.controls.iter().filter(|control| control.state == state).count();
        out.line(format!("{count:>5}  {}", evaluated::words(state)))?;
    }
    out.line("")?;
    folder::named(report, digest, at, out)
}
