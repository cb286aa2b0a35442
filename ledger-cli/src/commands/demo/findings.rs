//! Findings: what an evaluation says is wrong, and whether that is what was planted.

use std::collections::BTreeSet;

use super::{planted, quarter};
use crate::failure::{Failure, Result};
use crate::import::json::{self, Json};

/// Something that is wrong: the test, the code of the exception, the item.
pub(super) type Finding = (String, String, String);

/// What an evaluation came to, as `ledger evaluate --out` wrote it.
pub(super) struct Findings {
    /// All exceptions, each once: a test is run once for each regime and set of limits.
    pub(super) all: BTreeSet<Finding>,
    /// The sentence of each.
    pub(super) sentences: Vec<(Finding, String)>,
    /// How many controls came to what.
    pub(super) states: Vec<(String, usize)>,
}

fn word(value: &Json<'_>, name: &str) -> String {
    value.get(name).text().unwrap_or_default().to_owned()
}

impl Findings {
    pub(super) fn of(bytes: &[u8]) -> Result<Self> {
        let document = json::read(bytes)
            .map_err(|reason| Failure::refused("demo", reason.message).within("evaluation.json"))?;
        let mut found = Self { all: BTreeSet::new(), sentences: Vec::new(), states: Vec::new() };
        for run in document.get("runs").items() {
            for item in run.get("items").items() {
                for exception in item.get("exceptions").items() {
                    let one = (word(run, "test"), word(exception, "code"), word(item, "id"));
                    if found.all.insert(one.clone()) {
                        found.sentences.push((one, word(exception, "sentence")));
                    }
                }
            }
        }
        for control in document.get("controls").items() {
            let state = word(control, "state");
            match found.states.iter_mut().find(|(known, _)| *known == state) {
                Some((_, count)) => *count += 1,
                None => found.states.push((state, 1)),
            }
        }
        Ok(found)
    }
}

/// One thing that must be found.
pub(super) struct Planted {
    pub(super) told: &'static str,
    pub(super) test: &'static str,
    pub(super) code: &'static str,
    /// The item; with a `*` at its end only its beginning.
    pub(super) item: String,
}

impl Planted {
    /// Whether that is it.
    pub(super) fn is(&self, (test, code, item): &Finding) -> bool {
        let fits = match self.item.strip_suffix('*') {
            Some(beginning) => item.starts_with(beginning),
            None => *item == self.item,
        };
        self.test == test && self.code == code && fits
    }
}

/// All that must be found in a quarter of so many releases.
pub(super) fn expected(count: u64) -> Vec<Planted> {
    let mut all = Vec::new();
    for release in quarter::of_quarter(count) {
        let wrong = planted::RELEASES.iter().find(|wrong| release.fault == Some(wrong.fault));
        for (test, code) in wrong.map_or(&[][..], |wrong| wrong.found) {
            let told = wrong.map_or("", |wrong| wrong.told);
            all.push(Planted { told, test, code, item: release.deployment() });
        }
    }
    for other in planted::OTHERS {
        let one = |(test, code): &(&'static str, &'static str)| Planted {
            told: other.told,
            test,
            code,
            item: other.item.to_owned(),
        };
        all.extend(other.found.iter().map(one));
    }
    all
}

impl Findings {
    /// What was found and not planted; of rows that only say how an item begins, all after the first.
    pub(super) fn strange<'f>(
        &'f self,
        planted: &'f [Planted],
    ) -> impl Iterator<Item = &'f (Finding, String)> {
        let mut left: Vec<&Planted> = planted.iter().collect();
        self.sentences.iter().filter(move |(finding, _)| {
            let place = left.iter().position(|row| row.is(finding));
            place.is_none_or(|place| {
                left.remove(place);
                false
            })
        })
    }

    /// Whether all that was planted was found, and nothing else.
    pub(super) fn all_matched(&self, planted: &[Planted]) -> bool {
        let seen = |row: &Planted| self.all.iter().any(|finding| row.is(finding));
        planted.iter().all(seen) && self.strange(planted).next().is_none()
    }
}
