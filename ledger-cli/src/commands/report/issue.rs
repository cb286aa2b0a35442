//! `ledger report issue`

use std::path::PathBuf;

use clap::Args;
use ledger_core::fact::{Facts, Read};
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::report::Made;

use super::past;
use crate::commands::speaker::{By, Said, Speaker};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;

/// Record that a report was issued, by its digest
///
/// The entry names the report, its digest, its period, the entries it stands on, and the report in
/// whose place it stands. The report itself is not changed. Its entries must be the first of this ledger,
/// and what it corrects must have been issued.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report issue q3/report.json --as hr:1042 --key ada.pem")]
pub(crate) struct Issue {
    /// The report, `report.json` as it was made
    report: PathBuf,
    #[command(flatten)]
    by: By,
}

/// Holds the report against the ledger, and records it.
pub(super) fn run(args: &Issue, context: &mut Context) -> Result<Answer> {
    let place = |failure: Failure| failure.within(files::shown(&args.report));
    let made = Made::read(&files::read(&args.report)?).map_err(|error| place(error.into()))?;
    let speaker = Speaker::begin(&args.by, context)?;
    let (size, _) = past::stands(&made, &speaker.ledger).map_err(place)?;
    let digest = made.digest.to_reference();
    let supersedes = told(&made, &issued(&speaker.ledger)?).map_err(place)?;
    let mut data = vec![
        ("catalogue_digest", Value::text(made.front("catalogue"))),
        (
            "checkpoint",
            Value::object([
                ("root", Value::text(made.text(&["front", "ledger", "root"]))),
                ("size", Value::count(size)),
            ]),
        ),
        ("digest", Value::text(&digest)),
        ("period", Value::text(made.text(&["front", "period", "word"]))),
    ];
    data.extend(supersedes.map(|id| ("supersedes", Value::text(id))));
    let said = Said {
        kind: "report.issued",
        subject: ("report", made.front("id")),
        data,
        attachments: Vec::new(),
        told: vec![
            ("report", "report", Value::text(made.front("id"))),
            ("digest", "digest", Value::text(&digest)),
        ],
    };
    speaker.say(said, context)
}

/// The reports that were issued, as their entries say.
pub(super) fn issued(ledger: &Ledger) -> Result<Facts> {
    let found = ledger.find(Kind::Type, "report.issued", usize::MAX)?;
    let mut indexes: Vec<u64> = found.iter().map(|found| found.index).collect();
    indexes.sort_unstable();
    let read = indexes.into_iter().map(|index| ledger.entry(index, Read::of));
    Ok(Facts::from_read(read.collect::<std::result::Result<Vec<_>, _>>()?))
}

/// What the report supersedes. Codes `report-issued` (it was issued already), `report-unissued` (what it
/// corrects was not), `report-superseded` (another report stands in the place of what it corrects).
fn told(made: &Made, issued: &Facts) -> Result<Option<String>> {
    let all = issued.report_issued.all();
    let id = made.front("id");
    if let Some(known) = all.iter().find(|row| row.what.report.as_str() == id) {
        let message = format!("entry {} says that `{id}` was issued", known.at.index);
        return Err(Failure::refused("report-issued", message));
    }
    let earlier = made.text(&["front", "supersedes", "report"]);
    if earlier.is_empty() {
        return Ok(None);
    }
    let digest = made.text(&["front", "supersedes", "digest"]);
    let known = all.iter().rev().find(|row| row.what.report.as_str() == earlier);
    if known.is_none_or(|row| row.digest.to_reference() != digest) {
        let message = format!("no entry says that `{earlier}` with the digest it names was issued");
        return Err(Failure::refused("report-unissued", message)
            .hint("issue the earlier report first, or make this one without naming it"));
    }
    let newer =
        all.iter().find(|row| row.supersedes.as_ref().is_some_and(|id| id.as_str() == earlier));
    if let Some(newer) = newer {
        let message = format!("entry {} put `{}` in its place", newer.at.index, newer.what.report);
        return Err(Failure::refused("report-superseded", message).hint("correct that one"));
    }
    Ok(Some(earlier.to_owned()))
}
