//! Front: the two verdicts before every result. Is it true, and is it all?

use crate::check::{Period, State};
use crate::fact::Facts;
use crate::schema::words::{Active, Reference};
use crate::verify;

/// One of the two verdicts.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Holds (`pass`), does not hold (`fail`), or cannot be told.
    pub state: State,
    /// Why, in sentences.
    pub reasons: Vec<String>,
}

/// What stands in front.
#[derive(Clone, Debug)]
pub struct Front {
    /// The origin of the ledger.
    pub origin: String,
    /// Entries that were read.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// Chain, signatures, tree, checkpoints, keys.
    pub integrity: Verdict,
    /// Sources, systems, streams, clocks.
    pub completeness: Verdict,
    /// What verification found, for the test of the log itself; none where nobody verified it.
    pub verified: Option<verify::Report>,
}

impl Front {
    /// From what verification found and what the facts say of their own sources.
    pub fn of(report: &verify::Report, facts: &Facts, period: Period) -> Self {
        let state = match report.verdict {
            verify::Verdict::Holds => State::Pass,
            verify::Verdict::DoesNotHold => State::Fail,
            verify::Verdict::CannotTell => State::Indeterminate,
        };
        let faults = report.faults.iter().map(|fault| {
            let place = fault.index.map_or_else(String::new, |index| format!("entry {index}: "));
            format!("{place}{}", fault.message)
        });
        let reasons = faults.chain(report.reason.clone()).collect();
        Self {
            origin: report.origin.clone(),
            size: report.size,
            root: report.root.clone(),
            integrity: Verdict { state, reasons },
            completeness: completeness(report, facts, period),
            verified: Some(report.clone()),
        }
    }
}

impl Front {
    /// Rules that cannot be told: then nobody can say that it is all.
    pub(super) fn untold(&mut self, reasons: impl IntoIterator<Item = String>) {
        for reason in reasons {
            self.completeness.state = self.completeness.state.min(State::Indeterminate);
            self.completeness.reasons.push(reason);
        }
    }
}

/// What is known to be missing makes it fail; what nobody has shown to be there cannot be told.
fn completeness(report: &verify::Report, facts: &Facts, period: Period) -> Verdict {
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    let findings = report.notices.iter().filter(|notice| notice.is_finding());
    missing.extend(findings.map(|notice| notice.message.clone()));
    if facts.system_registered.all().is_empty() {
        unknown.push("no system is registered: nobody said what counts".to_owned());
    }
    let sources = facts.source_registered.ids(Reference::Source);
    if sources.is_empty() {
        unknown.push("no source is registered: nobody said who reports".to_owned());
    }
    for source in sources {
        let rows = facts.source_registered.of(Reference::Source, source.as_str());
        let Some(row) = rows.max_by_key(|row| (row.from.unwrap_or(row.at.occurred), row.at.index))
        else {
            continue;
        };
        if row.state != Active::Active || row.to.is_some_and(|to| to <= period.from) {
            continue;
        }
        for population in row.populations.iter() {
            let reconciled = facts
                .source_reconciled
                .of(Reference::Source, source.as_str())
                .filter(|known| known.population == *population)
                .filter(|known| known.from <= period.from && known.to >= period.to)
                .max_by_key(|known| known.at.index);
            match reconciled {
                None => unknown.push(format!(
                    "source {source} was not reconciled for {population} over the whole period (registered by entry {})",
                    row.at.index
                )),
                Some(known) if known.missing > 0 => missing.push(format!(
                    "{} of {} of source {source} are missing in the ledger (entry {})",
                    known.missing, population, known.at.index
                )),
                Some(_) => {}
            }
        }
    }
    if let [first, ..] = facts.unread.all() {
        let (first, count) = (first.at.index, facts.unread.all().len());
        unknown.push(format!(
            "{count} entries cannot be read by this version, the first is entry {first}"
        ));
    }
    let state = match (missing.is_empty(), unknown.is_empty()) {
        (false, _) => State::Fail,
        (true, false) => State::Indeterminate,
        (true, true) => State::Pass,
    };
    missing.extend(unknown);
    Verdict { state, reasons: missing }
}
