//! `ledger report quarter`

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use ledger_core::check::{Period, State};
use ledger_core::json::Value;
use ledger_core::metric::Metrics;
use ledger_core::report::{self, Level, Report, period};

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
    let evaluated = args.asked.evaluate(span, context)?;
    let metrics = evaluated.metrics()?;
    let report = args.report(span, &evaluated, &metrics)?;
    let digest = write(&report, &evaluated, &args.out)?;
    // its items may name persons as the ledger does
    if report.front.people.level != Level::Regulator {
        measured(&metrics, &args.out)?;
    }
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
///
/// Codes `report-command` (the words are none), `report-given` (it asks for files that are not there).
pub(crate) fn again(words: &[String], context: &Context) -> Result<Vec<u8>> {
    let Again { quarter } = Again::try_parse_from(words).map_err(|_| {
        Failure::new("report-command", "the command of the report is none that is known here")
    })?;
    let asked = &quarter.asked;
    let overlay = |name: &String| evaluated::layers(std::slice::from_ref(name)).is_err();
    let given =
        [&asked.calendar, &asked.policy, &quarter.supersedes].into_iter().any(Option::is_some);
    if given || asked.overlays.iter().any(|name| name.contains(['/', '.']) || overlay(name)) {
        let message = "the report was made with files that are not in the package";
        return Err(Failure::new("report-given", message));
    }
    let span = quarter.span.of(&asked.fiscal()?)?;
    let evaluated = asked.evaluate(span, context)?;
    let metrics = evaluated.metrics()?;
    let mut document =
        quarter.report(span, &evaluated, &metrics)?.to_json().to_canonical().into_bytes();
    document.push(b'\n');
    Ok(document)
}

impl Quarter {
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

/// Writes the document and its dressings; the digest of the document comes back.
fn write(report: &Report, evaluated: &Evaluated, out: &Path) -> Result<String> {
    let digest = folder::document(report.to_canonical(), out)?;
    folder::pages(report_templates::pages(report, &digest), out)?;
    #[cfg(feature = "pdf")]
    folder::paper(report, &digest, out)?;
    let summary = report_templates::markdown(report, &digest);
    files::create(&out.join("report.md"), summary.as_bytes(), 0o644)?;
    let book = report_templates::workbook(report, &digest).map_err(|error| {
        Failure::new("report-sheet", format!("the workbook cannot be made: {error}"))
    })?;
    files::create(&out.join("report.xlsx"), &book, 0o644)?;
    drop(book);
    files::make_folder(&out.join("oscal"))?;
    for document in report_templates::oscal::oscal(report, &digest) {
        let mut bytes = document.content.to_canonical().into_bytes();
        bytes.push(b'\n');
        files::create(&out.join("oscal").join(document.name), &bytes, 0o644)?;
    }
    files::make_folder(&out.join("csv"))?;
    report.datasets.iter().try_for_each(|dataset| folder::table(dataset, out))?;
    for number in 0..report.populations.len() {
        if let Some(dataset) = report.items(&evaluated.evaluation, number) {
            folder::table(&dataset, out)?;
        }
    }
    Ok(digest)
}

/// Writes the metrics with all their items.
fn measured(metrics: &Metrics, out: &Path) -> Result<()> {
    let mut document = metrics.to_json(None).to_canonical().into_bytes();
    document.push(b'\n');
    files::create(&out.join("metrics.json"), &document, 0o644)
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
