//! Folder: where a report is written: its document, its pages, its tables.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::hash::Sha256Writer;
use ledger_core::json::{Lazy, Value};
use ledger_core::report::{self, Brief, Dataset, Level, Matter, Report, period};

use report_templates::Made;
#[cfg(feature = "pdf")]
use report_templates::Unprinted;

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

    /// The brief of a matter. `words` are the matter on the command line.
    pub(crate) fn brief(
        &self,
        words: &str,
        evaluated: &Evaluated,
        matter: &Matter<'_>,
    ) -> Result<Brief> {
        let mut words = words.to_owned();
        words.extend(self.redact.map(redacted));
        let asked = report::Asked {
            entity: self.entity.clone(),
            level: self.redact,
            command: again(&words, &self.asked, &self.entity, evaluated),
            ..report::Asked::default()
        };
        Ok(Brief::of(&evaluated.evaluation, &evaluated.facts, &asked, matter)?)
    }

    /// Writes the brief of a matter, and says what it says. `words` are the matter on the command line.
    pub(crate) fn write(
        &self,
        words: &str,
        evaluated: &Evaluated,
        matter: &Matter<'_>,
        context: &mut Context,
    ) -> Result<Answer> {
        let brief = self.brief(words, evaluated, matter)?;
        let out = &self.out;
        let digest = document(brief.document(), out)?;
        pages(report_templates::brief_pages(&brief, &digest), out)?;
        #[cfg(feature = "pdf")]
        paper(report_templates::brief_pdf(&brief, &digest), &out.join("report.pdf"), 0o644)?;
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

/// A canonical document as it stands in a file: a newline is its last byte.
pub(super) fn line(canonical: String) -> Vec<u8> {
    let mut bytes = canonical.into_bytes();
    bytes.push(b'\n');
    bytes
}

/// Writes `report.json`; its digest comes back.
pub(super) fn document(document: Lazy<'_>, out: &Path) -> Result<String> {
    let mut digest = Sha256Writer::default();
    write(document, &out.join("report.json"), |piece| digest.update(piece))?;
    Ok(digest.finish().to_reference())
}

/// Writes a document as it is made, with a newline as its last byte; `seen` sees what is written.
pub(super) fn write(document: Lazy<'_>, file: &Path, mut seen: impl FnMut(&[u8])) -> Result<()> {
    files::create_with(file, 0o644, |to| {
        let mut put = |piece: &str| {
            seen(piece.as_bytes());
            to.write_all(piece.as_bytes())
        };
        document.write(&mut put)?;
        put("\n")
    })
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

/// Writes what is printed, which only a build with the feature `pdf` makes.
#[cfg(feature = "pdf")]
pub(super) fn paper(
    made: std::result::Result<Vec<u8>, Unprinted>,
    file: &Path,
    mode: u32,
) -> Result<()> {
    files::create(file, &made.map_err(unmade)?, mode)
}

/// Writes a table as it is made.
pub(super) fn table(dataset: &Dataset, out: &Path) -> Result<()> {
    files::create_with(&out.join(dataset.about.file()), 0o644, |to| {
        dataset.write_csv(&mut |piece: &str| to.write_all(piece.as_bytes()))
    })
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
