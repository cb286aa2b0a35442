//! Drill: everything that is known to have been done to logs, done to a copy of this one, and what saw it.
//!
//! Nobody who drills has the keys of others: what is tried is what the operator of the folder can do. What
//! they re-write so that it fits together again, nobody sees from the folder alone; with a checkpoint that
//! was kept elsewhere everybody does. Both answers stand beside each other.

mod anchors;
mod copy;
mod deeds;
mod package;

pub use package::{PackageTrial, package};

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::json::Value;
use crate::note::Note;
use crate::policy::Policy;
use crate::store::Store;
use crate::verify::{Options, Verdict, verify};
use copy::Copy;

/// What verification said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The verdict.
    pub verdict: Verdict,
    /// Codes of its faults, or of what it noticed where there are none; each once.
    pub codes: Vec<String>,
}

/// What it takes to see that something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The folder itself.
    Folder,
    /// A checkpoint that was kept elsewhere: the folder alone fits together again.
    Checkpoint,
    /// Nothing is wrong with what is promised; it is noticed.
    Notice,
}

impl Sight {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Checkpoint => "checkpoint",
            Self::Notice => "notice",
        }
    }
}

/// One attack or accident, and who saw it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its name, the same in every drill.
    pub name: &'static str,
    /// What was done, in a few words.
    pub deed: &'static str,
    /// What it takes to see it.
    pub sight: Sight,
    /// What is said of the folder alone; none where this ledger has nothing to do it to.
    pub alone: Option<Said>,
    /// What is said with a checkpoint that was kept elsewhere, if there is one.
    pub held: Option<Said>,
}

impl Trial {
    /// Whether it is seen by whom it takes; none where nothing was tried, or nobody has a checkpoint that it takes.
    pub fn caught(&self) -> Option<bool> {
        let sees = |said: &Said| said.verdict == Verdict::DoesNotHold;
        let alone = self.alone.as_ref()?;
        Some(match self.sight {
            Sight::Folder => sees(alone),
            // producers that name a newer tree than is left are witnesses in the folder itself
            Sight::Checkpoint => sees(alone) || sees(self.held.as_ref()?),
            Sight::Notice => sees(alone) || !alone.codes.is_empty(),
        })
    }

    /// The trial as machines read it.
    pub fn value(&self) -> Value {
        let mut members = vec![
            ("deed", Value::text(self.deed)),
            ("name", Value::text(self.name)),
            ("sight", Value::text(self.sight.word())),
        ];
        members.extend(self.alone.as_ref().map(|said| ("alone", said.value())));
        members.extend(self.held.as_ref().map(|said| ("held", said.value())));
        Value::object(members)
    }
}

impl Said {
    /// As machines read it.
    pub fn value(&self) -> Value {
        Value::object([
            ("codes", Value::List(self.codes.iter().map(Value::text).collect())),
            ("verdict", Value::text(word(self.verdict))),
        ])
    }
}

/// A verdict in words.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::DoesNotHold => "does not hold",
        Verdict::CannotTell => "cannot tell",
    }
}

/// What was kept outside the folder: a signed checkpoint, and whom its reader trusts.
#[derive(Debug)]
pub struct Outside<'a> {
    /// The checkpoint, as a note.
    pub note: Vec<u8>,
    /// The policy.
    pub policy: &'a Policy,
}

/// Tries everything on copies of a folder, in memory. `random` is 32 unpredictable bytes.
///
/// Codes: `drill-large` (the lines are more than 256 MiB), `drill-untrue` (the ledger does not hold
/// even before anything is done to it).
pub fn drill(
    store: &dyn Store,
    outside: Option<&Outside<'_>>,
    random: [u8; 32],
) -> Result<Vec<Trial>> {
    let covered = match outside {
        None => 0,
        Some(outside) => Checkpoint::parse(Note::parse(&outside.note)?.text())?.size(),
    };
    let copy = Copy::of(store, covered)?;
    let asked = Asked { outside, random };
    let before = asked.said(&copy.store, true);
    if before.verdict == Verdict::DoesNotHold {
        let codes = before.codes.join(", ");
        return Err(Error::refused(
            "drill-untrue",
            format!("the ledger itself does not hold: {codes}"),
        )
        .hint("run `ledger verify`"));
    }
    Ok(deeds::ALL.iter().map(|deed| tried(deed, &copy, &asked)).collect())
}

/// One deed on a copy of its own.
fn tried(deed: &deeds::Deed, copy: &Copy, asked: &Asked<'_>) -> Trial {
    let done = (deed.does)(copy);
    let trial =
        |alone, held| Trial { name: deed.name, deed: deed.words, sight: deed.sight, alone, held };
    match done {
        None => trial(None, None),
        Some(deeds::Done::Folder(store)) => {
            let held = asked.outside.map(|_| asked.said(&store, true));
            trial(Some(asked.said(&store, false)), held)
        }
        Some(deeds::Done::Seen(code)) => {
            let said = Said { verdict: Verdict::DoesNotHold, codes: vec![code.to_owned()] };
            trial(Some(said.clone()), asked.outside.map(|_| said))
        }
    }
}

struct Asked<'a> {
    outside: Option<&'a Outside<'a>>,
    random: [u8; 32],
}

impl Asked<'_> {
    /// What verification says of a folder, alone or with what was kept outside.
    fn said(&self, store: &dyn Store, held: bool) -> Said {
        let outside = self.outside.filter(|_| held);
        let older: Vec<Vec<u8>> = outside.iter().map(|outside| outside.note.clone()).collect();
        let options = Options {
            policy: outside.map(|outside| outside.policy),
            older: &older,
            ..Options::new(self.random)
        };
        match verify(store, &options) {
            Err(error) => {
                let unknown = error.kind() == crate::error::Kind::Unavailable;
                let verdict = if unknown { Verdict::CannotTell } else { Verdict::DoesNotHold };
                Said { verdict, codes: vec![error.code().to_owned()] }
            }
            Ok(report) => {
                let mut codes: Vec<String> =
                    report.faults.iter().map(|fault| fault.code.to_owned()).collect();
                if codes.is_empty() {
                    codes.extend(report.notices.iter().map(|notice| notice.code.to_owned()));
                }
                codes.sort_unstable();
                codes.dedup();
                Said { verdict: report.verdict, codes }
            }
        }
    }
}
