//! Folder: where a report is written: its document, its pages, its tables.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::report::{self, Brief, Dataset, Level, Matter, Report, period};

use report_templates::Made;

use crate::context::Context;
use crate::evaluated::{Asked, Evaluated, Span, status, verdict};
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::output::Out;

/// What every brief asks, beside its matter.
#[derive(Args, Debug)]
pub(crate) struct Brought {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Legal entity that the report is of [default: the ledger's name]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    entity: String,
    /// For whom: `internal`, `auditor` or `regulator`; no level shows a name [default: as the overlays
    /// ask]
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    redact: Option<Level>,
    /// New folder for the report
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Brought {
    /// Makes the folder, before anything is computed.
    pub(crate) fn make_folder(&self) -> Result<()> {
        files::make_folder(&self.out)
    }

    /// Writes the brief of a matter, and says what it says. `words` are the matter on the command line.
    pub(crate) fn write(
        &self,
        words: &str,
        evaluated: &Evaluated,
        matter: &Matter<'_>,
        context: &mut Context,
    ) -> Result<Answer> {
        let mut words = words.to_owned();
        words.extend(self.redact.map(redacted));
        let asked = report::Asked {
            entity: self.entity.clone(),
            level: self.redact,
            command: again(&words, &self.asked, &self.entity, evaluated),
            ..report::Asked::default()
        };
        let brief = Brief::of(&evaluated.evaluation, &evaluated.facts, &asked, matter)?;
        let out = &self.out;
        let digest = document(brief.to_json().to_canonical(), out)?;
        pages(report_templates::brief_pages(&brief, &digest), out)?;
        #[cfg(feature = "pdf")]
        {
            let paper = report_templates::brief_pdf(&brief, &digest).map_err(unmade)?;
            files::create(&out.join("report.pdf"), &paper, 0o644)?;
        }
        let summary = report_templates::brief_markdown(&brief, &digest);
        files::create(&out.join("report.md"), summary.as_bytes(), 0o644)?;
        files::make_folder(&out.join("csv"))?;
        brief.report.datasets.iter().try_for_each(|dataset| table(dataset, out))?;
        let state = brief.state();
        context.out.object([
            ("completeness", Value::text(brief.report.completeness.state.as_str())),
            ("digest", Value::text(&digest)),
            ("folder", Value::text(files::shown(out))),
            ("integrity", Value::text(brief.report.integrity.state.as_str())),
            ("kind", Value::text(brief.kind)),
            ("report", Value::text(&brief.report.front.id)),
            ("state", Value::text(state.as_str())),
        ])?;
        verdicts(&brief.report, &mut context.out)?;
        for sentence in &brief.report.conclusion.sentences {
            context.out.line(sentence)?;
        }
        context.out.line("")?;
        named(&brief.report, &digest, out, &mut context.out)?;
        Ok(status(state))
    }
}

/// A level on the command line.
pub(super) fn level(text: &str) -> std::result::Result<Level, String> {
    Level::parse(text).ok_or_else(|| "`internal`, `auditor` or `regulator`".to_owned())
}

/// A level in the command that makes the same bytes again.
pub(super) fn redacted(level: Level) -> String {
    format!(" --redact {}", level.as_str())
}

/// The command that makes the same bytes again, whatever is appended meanwhile.
pub(super) fn again(words: &str, asked: &Asked, entity: &str, evaluated: &Evaluated) -> String {
    let frameworks = evaluated.evaluation.question.frameworks.join(",");
    let mut all = vec![format!("ledger report {words} --framework {frameworks}")];
    let file = |name: &str, path: &PathBuf| format!("--{name} {}", quoted(&path.to_string_lossy()));
    all.extend(asked.calendar.iter().map(|path| file("calendar", path)));
    all.extend(asked.overlays.iter().map(|name| format!("--overlay {}", quoted(name))));
    all.extend(asked.policy.iter().map(|path| file("policy", path)));
    if !entity.is_empty() {
        all.push(format!("--entity {}", quoted(entity)));
    }
    all.push(format!("--cutoff {}", period::day(evaluated.cutoff)));
    let front = &evaluated.evaluation.front;
    all.push(format!("--as-of {}", front.size));
    // checkpoints are no entries: one that is signed later would change what is under them
    let covered = front.verified.as_ref().map(|report| report.checkpointed.min(front.size));
    all.extend(covered.map(|size| format!("--covered {size}")));
    all.push("--out DIR".to_owned());
    all.join(" ")
}

/// The period on the command line.
pub(super) fn spelled(span: &Span) -> String {
    match (&span.period, span.from, span.to) {
        (None, Some(from), Some(to)) => {
            format!("--from {} --to {}", period::day(from), period::day(to))
        }
        (word, ..) => format!("--period {}", word.as_deref().unwrap_or_default()),
    }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Writes `report.json`; its digest comes back.
pub(super) fn document(canonical: String, out: &Path) -> Result<String> {
    let mut document = canonical.into_bytes();
    document.push(b'\n');
    files::create(&out.join("report.json"), &document, 0o644)?;
    Ok(Sha256::of(&document).to_reference())
}

/// A page that cannot be made.
pub(super) fn unmade(error: impl std::fmt::Display) -> Failure {
    Failure::new("report-page", format!("a page cannot be made: {error}"))
}

/// Writes pages as they are made, those of long tables in a folder of their own.
pub(super) fn pages(made: impl Iterator<Item = Made>, out: &Path) -> Result<()> {
    for (number, page) in made.enumerate() {
        let page = page.map_err(unmade)?;
        if number == 1 {
            files::make_folder(&out.join("pages"))?;
        }
        files::create(&out.join(&page.name), page.html.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// Writes the report on paper, which only a build with the feature `pdf` makes.
#[cfg(feature = "pdf")]
pub(super) fn paper(report: &Report, digest: &str, out: &Path) -> Result<()> {
    let paper = report_templates::pdf(report, digest).map_err(unmade)?;
    files::create(&out.join("report.pdf"), &paper, 0o644)
}

/// Writes a table.
pub(super) fn table(dataset: &Dataset, out: &Path) -> Result<()> {
    files::create(&out.join(dataset.about.file()), dataset.to_csv().as_bytes(), 0o644)
}

/// The two verdicts, with their first reasons.
pub(super) fn verdicts(report: &Report, out: &mut Out) -> Result<()> {
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
    out.line("")
}

/// Where it is, and what is signed.
pub(super) fn named(report: &Report, digest: &str, folder: &Path, out: &mut Out) -> Result<()> {
    out.line(format!("{} in {}", report.front.id, files::shown(folder)))?;
    out.line(format!("report.json {digest}"))
}
