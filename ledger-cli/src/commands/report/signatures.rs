//! `ledger report signatures`

use std::path::PathBuf;

use clap::Args;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::custody::erased_by;
use ledger_core::fact::sought::Sought;
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::note::Note;
use ledger_core::report::{Made, Seen, Signatures as Document};
use ledger_core::{signer, store};

use super::{folder, issue, past};
use crate::commands::gate;
use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::files;

/// Make the page of signatures of a report: who signed what, and which checkpoints cover it
///
/// A document of its own beside the report, which no signature changes. It is made anew whenever somebody
/// signed, and says DRAFT while nobody did. Status 0: signed. 1: it was superseded. 2: nobody signed it.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report signatures q3/report.json --out q3-signed")]
pub(crate) struct Signatures {
    /// The report, `report.json` as it was made
    report: PathBuf,
    /// New folder for the page
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Finds what was signed over the report, and writes the page.
pub(super) fn run(args: &Signatures, context: &mut Context) -> Result<Answer> {
    let place = |failure: Failure| failure.within(files::shown(&args.report));
    let made = Made::read(&files::read(&args.report)?).map_err(|error| place(error.into()))?;
    let (folder, ledger) = context.open()?;
    let (size, _) = past::stands(&made, &ledger).map_err(place)?;
    let found = Sought::find(&ledger, Kind::Type, "attestation.signed")?;
    let mut indexes: Vec<u64> = found.iter().map(|posting| posting.index).collect();
    indexes.sort_unstable();
    let attested = ledger.entries(&indexes, |entry, doubt| {
        (ledger_core::fact::Read::of(entry), doubt.map(|doubt| doubt.why))
    })?;
    let issued = issue::issued(&ledger)?;
    let erased = erased_by(&ledger)?;
    let document = Document::of(&made, attested, &issued, &erased, covering(&folder, size)?);
    files::make_folder(&args.out)?;
    let bytes = folder::line(document.to_json().to_canonical());
    files::create(&args.out.join("signatures.json"), &bytes, 0o644)?;
    let page = report_templates::signatures(&document).map_err(folder::unmade)?;
    files::create(&args.out.join("signatures.html"), page.as_bytes(), 0o644)?;
    #[cfg(feature = "pdf")]
    folder::paper(
        report_templates::signatures_pdf(&document, &made),
        &args.out.join("signatures.pdf"),
        0o644,
    )?;
    let out = &mut context.out;
    out.object([
        ("draft", Value::Bool(document.is_draft())),
        ("folder", Value::text(files::shown(&args.out))),
        ("report", Value::text(&document.report)),
        ("signed", Value::count(document.signed.len() as u64)),
        ("superseded", Value::Bool(document.superseded.is_some())),
    ])?;
    out.line(document.sentence())?;
    for known in &document.signed {
        let doubt = known.doubt.as_ref().map(|why| format!("  ▲ no evidence: {why}"));
        let line = format!("{:<20} {}  entry {}", known.role, known.signer(), known.entry);
        out.line(format!("{line}{}", doubt.unwrap_or_default()))?;
    }
    out.line(format!("signatures.html in {}", files::shown(&args.out)))?;
    Ok(gate::answer(document.state()))
}

/// The smallest archived checkpoint over all entries of the report; where there is none, the largest.
fn covering(folder: &Folder, size: u64) -> Result<Option<Seen>> {
    let archive = store::read_all(&*folder.store, signer::ARCHIVE)?.unwrap_or_default();
    let mut best: Option<Seen> = None;
    for bytes in signer::archived(&archive).0 {
        // what does not read is a matter of verification, which has its own verdict
        let Ok(note) = Note::parse(bytes) else { continue };
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else { continue };
        let seen = Seen {
            size: checkpoint.size(),
            root: checkpoint.root().to_base64(),
            by: note.signatures().iter().map(|line| line.name().to_owned()).collect(),
        };
        let rank = |seen: &Seen| {
            if seen.size >= size { (1, u64::MAX - seen.size) } else { (0, seen.size) }
        };
        if best.as_ref().is_none_or(|known| rank(known) <= rank(&seen)) {
            best = Some(seen);
        }
    }
    Ok(best)
}
