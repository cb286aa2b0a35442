//! `ledger report quarter`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::check::{Period, State};
use ledger_core::json::Value;
use ledger_core::metric::Metrics;
use ledger_core::report::{self, Report, period};

use super::past;
use crate::context::Context;
use crate::evaluated::{Asked, Evaluated, Span, answer, verdict};
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
    measured(&metrics, &args.out)?;
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

impl Quarter {
    fn report(&self, span: Period, evaluated: &Evaluated, metrics: &Metrics) -> Result<Report> {
        let word = period::word(span);
        let (previous, issued) = past::issued(evaluated, &word)?;
        let asked = report::Asked {
            entity: self.entity.clone(),
            command: self.again(evaluated),
            signed: past::signed(evaluated)?,
            previous,
            issued,
        };
        let metrics = report::metrics(metrics);
        Ok(Report::of(&evaluated.evaluation, &evaluated.facts, &asked, vec![metrics]))
    }

    /// The command that makes the same bytes again, whatever is appended meanwhile.
    fn again(&self, evaluated: &Evaluated) -> String {
        let frameworks = evaluated.evaluation.question.frameworks.join(",");
        let mut words = vec!["ledger report quarter --framework".to_owned(), frameworks];
        words.push(match (&self.span.period, self.span.from, self.span.to) {
            (None, Some(from), Some(to)) => {
                format!("--from {} --to {}", period::day(from), period::day(to))
            }
            (word, ..) => format!("--period {}", word.as_deref().unwrap_or_default()),
        });
        let calendar = self.asked.calendar.iter();
        words
            .extend(calendar.map(|file| format!("--calendar {}", quoted(&file.to_string_lossy()))));
        words.extend(self.asked.overlays.iter().map(|name| format!("--overlay {}", quoted(name))));
        let policy = self.asked.policy.iter();
        words.extend(policy.map(|file| format!("--policy {}", quoted(&file.to_string_lossy()))));
        if !self.entity.is_empty() {
            words.push(format!("--entity {}", quoted(&self.entity)));
        }
        words.push(format!("--cutoff {}", period::day(evaluated.cutoff)));
        words.push(format!("--as-of {} --out DIR", evaluated.evaluation.front.size));
        words.join(" ")
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Writes the document and its dressings; the digest of the document comes back.
fn write(report: &Report, evaluated: &Evaluated, out: &Path) -> Result<String> {
    let mut document = report.to_json().to_canonical().into_bytes();
    document.push(b'\n');
    let digest = ledger_core::hash::Sha256::of(&document).to_reference();
    files::create(&out.join("report.json"), &document, 0o644)?;
    drop(document);
    let fail = |error| Failure::new("report-page", format!("a page cannot be made: {error}"));
    let pages = report_templates::pages(report, &digest).map_err(fail)?;
    if pages.len() > 1 {
        files::make_folder(&out.join("pages"))?;
    }
    for page in &pages {
        files::create(&out.join(&page.name), page.html.as_bytes(), 0o644)?;
    }
    drop(pages);
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
    let table = |dataset: &report::Dataset| {
        files::create(&out.join(dataset.about.file()), dataset.to_csv().as_bytes(), 0o644)
    };
    report.datasets.iter().try_for_each(table)?;
    for number in 0..report.populations.len() {
        if let Some(dataset) = Report::population(&evaluated.evaluation, number) {
            table(&dataset)?;
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

fn print(report: &Report, digest: &str, folder: &Path, out: &mut Out) -> Result<()> {
    for (name, known) in [("INTEGRITY", &report.integrity), ("COMPLETENESS", &report.completeness)]
    {
        out.line(format!("{name:<13} {}", verdict(known.state)))?;
        for reason in known.reasons.iter().take(5) {
            out.line(format!("{:<13} {reason}", ""))?;
        }
        if known.reasons.len() > 5 {
            out.line(format!("{:<13} and {} more", "", known.reasons.len() - 5))?;
        }
    }
    out.line("")?;
    for sentence in &report.conclusion.sentences {
        out.line(sentence)?;
    }
    let states =
        [State::Fail, State::Indeterminate, State::Waived, State::Pass, State::NoOccurrence];
    for state in states {
        let count = report.controls.iter().filter(|control| control.state == state).count();
        out.line(format!("{count:>5}  {}", crate::evaluated::words(state)))?;
    }
    out.line("")?;
    out.line(format!("{} in {}", report.front.id, files::shown(folder)))?;
    out.line(format!("report.json {digest}"))
}
