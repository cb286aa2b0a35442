//! Beside: scans that must have passed, and how many tests ran.

use std::collections::HashMap;

use super::{FEWER, Gates, MAX_AGE, SCAN, SCANS, TEST_DROP};
use crate::check::{Item, span};
use crate::fact::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::words::{CheckOutcome, Reference};

impl Gates<'_> {
    /// Scans that must have passed.
    pub(super) fn scans(&self, deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
        let most = self.context.parameters.span(&MAX_AGE);
        for kind in self.context.parameters.ids(&SCANS) {
            let reference = artifact.to_reference();
            let last = self
                .context
                .facts
                .scan_completed
                .of(Reference::Artifact, &reference)
                .rfind(|row| row.kind.as_str() == kind && row.at.occurred < deployment.at);
            let why = match last {
                None => format!("no {kind} scan of it had run"),
                Some(row) => {
                    item.cite([row.at.index]);
                    let age = deployment.at.micros().saturating_sub(row.at.occurred.micros());
                    if row.outcome != CheckOutcome::Passed {
                        format!(
                            "its last {kind} scan says {} (entry {})",
                            row.outcome, row.at.index
                        )
                    } else if age > most {
                        format!(
                            "its last {kind} scan was {} before (entry {})",
                            span(age),
                            row.at.index
                        )
                    } else {
                        continue;
                    }
                }
            };
            let cited = deployment.entries().chain(last.map(|row| row.at.index));
            item.raise(&SCAN, format!("{}; {why}", deployment.words()), cited);
        }
    }

    /// Whether many fewer tests ran than for what ran before.
    pub(super) fn fewer(&self, deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
        let Some(previous) = self.lines.previous(deployment) else { return };
        let Some(before) = previous.artifact().filter(|before| *before != artifact) else { return };
        let (was, is) = (self.tests(before), self.tests(artifact));
        let most = self.context.parameters.count(&TEST_DROP);
        if was > is && (was - is) * 100 > most * was {
            let sentence = format!(
                "{}; {is} tests ran over it, and {was} over what ran before, deployed by {}",
                deployment.words(),
                previous.id
            );
            item.raise(&FEWER, sentence, deployment.entries().chain(previous.entries()));
        }
    }

    /// How many tests the last run of each suite had.
    fn tests(&self, artifact: Sha256) -> u64 {
        let reference = artifact.to_reference();
        let rows = self.context.facts.test_completed.of(Reference::Artifact, &reference);
        let last: HashMap<&str, u64> =
            rows.map(|row| (row.suite.as_str(), row.counts.total)).collect();
        last.values().sum()
    }
}
