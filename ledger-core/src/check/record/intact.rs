//! T25 ledger-intact: the log that every other result is read from is whole, unaltered, and vouched for
//! from outside.
//!
//! The one item is the ledger. It is judged by what verification found when it read the folder again
//! and believed nothing that is derived; without that nothing can be told.

use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries, span,
};
use crate::schema::words::Reference;
use crate::verify::{Report, Setback, Verdict};

const WITNESSES: Parameter = Parameter::new(
    "witnesses",
    || Value::Count(1),
    Direction::Larger,
    "witnesses that must have cosigned a checkpoint",
);
const CLOCK: Parameter = Parameter::new(
    "clock_tolerance",
    || Value::minutes(5),
    Direction::Smaller,
    "how far recording times may run backwards",
);

const ALTERED: Kind = Kind::fails(
    "ledger-altered",
    Severity::Critical,
    "a line, a link, a signature, a root or a checkpoint does not hold",
);
const COMPROMISED: Kind = Kind::fails(
    "key-compromised",
    Severity::High,
    "a key signed in the time for which it was reported compromised",
);
const FEW: Kind = Kind::fails(
    "too-few-witnesses",
    Severity::Medium,
    "fewer witnesses cosigned the newest checkpoint than are needed",
);
const MISSED: Kind =
    Kind::fails("anchor-missed", Severity::Medium, "an anchor that was due did not come");
const BACK: Kind =
    Kind::fails("clock-back", Severity::Low, "recording times run backwards, and too far");
const UNVERIFIED: Kind =
    Kind::undecided("not-verified", Severity::High, "nobody verified the log that was read");
const UNANCHORED: Kind = Kind::undecided(
    "not-anchored",
    Severity::High,
    "nothing outside the folder was given to hold the log against, or a part could not be read",
);
const UNCOVERED: Kind = Kind::undecided(
    "not-covered",
    Severity::Medium,
    "no checkpoint, or none that witnesses cosigned, covers the newest entries",
);
const UNNAMED: Kind = Kind::undecided(
    "witnesses-unnamed",
    Severity::Medium,
    "witnesses must have cosigned, and no policy says whose word counts",
);

/// T25.
pub const TEST: Test = Test {
    id: "T25",
    name: "ledger-intact",
    version: "1",
    population: "the ledger",
    rule: "Verification of the whole log found no fault and something outside to hold it against; no \
           key in doubt signed, checkpoints cover all that was read, enough witnesses cosigned, no \
           anchor was missed, and recording times run forward.",
    parameters: &[WITNESSES, CLOCK],
    kinds: &[ALTERED, COMPROMISED, FEW, MISSED, BACK, UNVERIFIED, UNANCHORED, UNCOVERED, UNNAMED],
    run,
};

/// The id of the one item.
const LEDGER: &str = "ledger";

fn run(context: &Context<'_>) -> Census {
    let mut item = Item::new(LEDGER, context.period.from);
    let ledger = Ledger { context, size: context.facts.entries };
    item.read("entries", ledger.size);
    match context.verified {
        Some(report) => ledger.judge(report, &mut item),
        None => item.raise(
            &UNVERIFIED,
            format!("nobody verified the {} entries that were read", ledger.size),
            [ledger.last()],
        ),
    }
    ledger.anchors(&mut item);
    Census { items: vec![item], ..Census::default() }
}

/// The log as far as it was read.
struct Ledger<'c> {
    context: &'c Context<'c>,
    size: u64,
}

impl Ledger<'_> {
    /// The newest entry: what is cited where the log as a whole is meant.
    fn last(&self) -> u64 {
        self.size.saturating_sub(1)
    }

    fn judge(&self, report: &Report, item: &mut Item) {
        for fault in &report.faults {
            let more = match fault.followers {
                0 => String::new(),
                count => format!(", and {count} more entries with it"),
            };
            let place = fault.index.map_or_else(String::new, |index| format!("entry {index}: "));
            let sentence = format!("{place}{} ({}){more}", fault.message, fault.code);
            item.raise(&ALTERED, sentence, [fault.index.unwrap_or(self.last())]);
        }
        if report.verdict == Verdict::CannotTell {
            let why = report.reason.as_deref().unwrap_or("it cannot be told whether the log holds");
            item.raise(&UNANCHORED, why, [self.last()]);
        }
        self.covered(report, item);
        self.witnessed(report, item);
        self.compromised(report, item);
        self.clock(report, item);
    }

    /// Whether checkpoints cover what was read.
    fn covered(&self, report: &Report, item: &mut Item) {
        let covered = report.checkpointed.min(self.size);
        if covered < self.size {
            let sentence = format!("no checkpoint that holds covers {}", self.from(covered));
            item.raise(&UNCOVERED, sentence, [covered, self.last()]);
        }
    }

    /// The entries from one on, in words.
    fn from(&self, first: u64) -> String {
        if first >= self.last() {
            format!("entry {}", self.last())
        } else {
            format!("entries {first} to {}", self.last())
        }
    }

    /// Whether enough witnesses cosigned.
    fn witnessed(&self, report: &Report, item: &mut Item) {
        let wanted = self.context.parameters.count(&WITNESSES);
        let Some(witnessed) = report.witnessed else {
            if wanted > 0 {
                let sentence =
                    format!("{wanted} witness(es) must have cosigned, and no policy names any");
                item.raise(&UNNAMED, sentence, [self.last()]);
            }
            return;
        };
        if witnessed.count < wanted {
            let sentence = format!(
                "{} of the {wanted} witnesses that are needed cosigned the newest checkpoint",
                witnessed.count
            );
            item.raise(&FEW, sentence, [self.last()]);
        } else if wanted > 0 && witnessed.size < self.size {
            let sentence = format!("no witness cosigned {}", self.from(witnessed.size));
            item.raise(&UNCOVERED, sentence, [witnessed.size, self.last()]);
        }
    }

    /// What keys signed that were reported compromised.
    fn compromised(&self, report: &Report, item: &mut Item) {
        // what was reported later is not known yet: the same entries give the same answer
        for suspect in report.suspects.iter().filter(|known| known.suspicion.by < self.size) {
            let (from, by) = (suspect.suspicion.from, suspect.suspicion.by);
            let signed: Vec<u64> =
                suspect.entries.iter().copied().filter(|index| *index < self.size).collect();
            if signed.is_empty() && suspect.checkpoints.is_empty() {
                continue;
            }
            // the report lists the first of them, and counts all
            let all = signed.len() == suspect.entries.len();
            let count = if all { suspect.count } else { signed.len() as u64 };
            let sentence = format!(
                "key {} was reported compromised by entry {by} from entry {from} on, and signed {count} entries and {} checkpoints since",
                suspect.key,
                suspect.checkpoints.len()
            );
            item.raise(&COMPROMISED, sentence, signed.into_iter().chain([by]));
        }
    }

    /// Whether recording times run forward.
    fn clock(&self, report: &Report, item: &mut Item) {
        let most = self.context.parameters.span(&CLOCK);
        let back: Vec<Setback> = report
            .setbacks
            .iter()
            .copied()
            .filter(|step| step.micros > most && step.index < self.size)
            .collect();
        let Some(worst) = back.iter().max_by_key(|step| step.micros) else { return };
        let indexes: Vec<u64> = back.iter().map(|step| step.index).collect();
        let sentence = format!(
            "{} recorded before the one in front of it, by up to {}, which is more than {}",
            match indexes.as_slice() {
                [_] => format!("{} was", entries(&indexes)),
                _ => format!("{} were each", entries(&indexes)),
            },
            span(worst.micros),
            span(most)
        );
        item.raise(&BACK, sentence, indexes);
    }

    /// Anchors that were due in the period and did not come, then or later.
    fn anchors(&self, item: &mut Item) {
        let facts = self.context.facts;
        let missed = facts.anchor_missed.all().iter();
        for row in missed.filter(|row| self.context.period.has(row.due)) {
            let mut later = facts.anchor_attached.of(Reference::Anchor, row.anchor.as_str());
            if let Some(attached) = later.find(|other| other.at.index > row.at.index) {
                item.cite([row.at.index, attached.at.index]);
                continue;
            }
            let sentence = format!(
                "anchor {} was due at {} and did not come ({}, entry {})",
                row.anchor, row.due, row.reason_code, row.at.index
            );
            item.raise(&MISSED, sentence, [row.at.index]);
        }
    }
}
