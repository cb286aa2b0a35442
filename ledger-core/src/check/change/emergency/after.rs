//! After: what had to follow an emergency.

use std::collections::BTreeSet;

use super::super::approval::{Decided, counted};
use super::super::gates::{Support, support};
use super::super::people::none_of;
use super::{
    BACKFILL_WITHIN, BY_PARTY, Emergencies, GATES, LATE, NEVER, NO_REVIEW, PIR_WITHIN,
    RATIFY_WITHIN, RECORD_WITHIN, RUNNING, SKIPPED, STANDS, UNAUTHORISED, UNDO_WITHIN, UNRESOLVED,
};
use crate::check::{Item, Kind, Other, span};
use crate::fact::deployment::Deployment;
use crate::fact::entitled::Held;
use crate::schema::approve::ApprovalDecision;
use crate::schema::deploy::DeploymentOutcome;
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

/// Duties that let somebody ratify: over releases, or over emergencies.
const DUTIES: [&str; 2] = ["AP", "EM"];

impl<'c> Emergencies<'c> {
    /// Whether another person with authority said yes to exactly this, in time.
    pub(super) fn ratified(&self, deployment: &Deployment<'c>, item: &mut Item) {
        let words = deployment.words();
        let rows = self.decisions(deployment);
        item.cite(rows.iter().map(|row| row.at.index));
        if let Some(no) = rows.iter().find(|row| row.decision == ApprovalDecision::Rejected) {
            return self.undone(deployment, no, item);
        }
        let due = self.after_end(deployment);
        let mut found = None;
        for row in rows.iter().filter(|row| row.decision == ApprovalDecision::Ratified) {
            match self.ratifier(deployment, row, item) {
                None => return self.in_time(deployment, row, due, item),
                Some(why) => found = Some((why, row.at.index)),
            }
        }
        match found {
            Some(((kind, why), entry)) => {
                let sentence = format!("{words}; {why} (entry {entry})");
                item.raise(kind, sentence, deployment.entries().chain([entry]));
            }
            None if self.context.now <= due => {
                let sentence = format!("{words}; it is to be ratified until {due}");
                item.raise(&RUNNING, sentence, deployment.entries());
                item.open_until(due);
            }
            None => {
                let sentence = format!("{words}; nobody ratified what was deployed, due was {due}");
                item.raise(&NEVER, sentence, deployment.entries());
                item.open_until(due);
            }
        }
    }

    /// What was decided on exactly this after it began.
    fn decisions(&self, deployment: &Deployment<'c>) -> Vec<&'c Decided> {
        let Some(change) = deployment.change() else { return Vec::new() };
        let artifact = deployment.artifact();
        let rows = self.context.facts.approval_decided.of(Reference::Change, change.as_str());
        let exact = |row: &&Decided| {
            artifact.is_some()
                && row.r#for.artifact == artifact
                && row.r#for.environment.as_ref().is_some_and(|e| e == deployment.environment)
                && row.at.occurred >= deployment.at
        };
        rows.filter(exact).collect()
    }

    fn after_end(&self, deployment: &Deployment<'_>) -> Timestamp {
        let within = self.context.parameters.span(&RATIFY_WITHIN);
        let due = deployment.ended().micros().saturating_add(within);
        Timestamp::from_micros(due).unwrap_or(deployment.ended())
    }

    /// Why a ratification does not count.
    fn ratifier(
        &self,
        deployment: &Deployment<'c>,
        row: &Decided,
        item: &mut Item,
    ) -> Option<(&'static Kind, String)> {
        let who = row.approver.pseudonym;
        let (other, said) = none_of(self.context, who, &self.parties(deployment), row.at.occurred);
        item.cite(said);
        match other {
            Other::Yes => {}
            Other::No => {
                let why = "who wrote, deployed or declared it also ratified it".to_owned();
                return Some((&BY_PARTY, why));
            }
            Other::Unknown => {
                let why = "it cannot be told whether another person ratified it".to_owned();
                return Some((&UNRESOLVED, why));
            }
        }
        let mut refused = None;
        for duty in DUTIES {
            match self.entitled.holds(who, duty, deployment, row.at.occurred) {
                Held::Yes(said) => {
                    item.cite(said);
                    return None;
                }
                Held::No(why, said) => {
                    item.cite(said);
                    refused = refused.or(Some(why));
                }
                Held::Unknown(_) => {}
            }
        }
        Some(match refused {
            Some(why) => (&UNAUTHORISED, format!("who ratified it {why}")),
            None => (&UNRESOLVED, "no registered system says who may ratify it".to_owned()),
        })
    }

    /// A ratification that was recorded long after it says it was given counts from its recording.
    fn in_time(&self, deployment: &Deployment<'_>, row: &Decided, due: Timestamp, item: &mut Item) {
        let late = row.at.lag() > self.context.parameters.span(&RECORD_WITHIN);
        let at = if late { row.at.recorded } else { row.at.occurred };
        item.read("ratified", at);
        if at > due {
            let took = span(at.micros().saturating_sub(deployment.ended().micros()));
            let sentence = format!(
                "{}; it was ratified {took} after its end, at {at} (entry {})",
                deployment.words(),
                row.at.index
            );
            item.raise(&LATE, sentence, deployment.entries().chain([row.at.index]));
        }
    }

    /// Whether what was refused was put back, or went the normal way after all.
    fn undone(&self, deployment: &Deployment<'c>, no: &Decided, item: &mut Item) {
        let days = self.context.parameters.count(&UNDO_WITHIN);
        let due = self.context.calendar.after(no.at.occurred, days);
        let facts = self.context.facts;
        let back = facts
            .rollback_executed
            .of(Reference::Deployment, deployment.reference.as_str())
            .find(|row| {
                row.reverts == *deployment.reference
                    && row.outcome == DeploymentOutcome::Succeeded
                    && row.at.occurred <= due
            });
        if let Some(back) = back {
            return item.cite([back.at.index]);
        }
        let normal = self.lines.after(deployment).iter().find(|next| {
            let class = next.class().map_or(Class::Normal, |(class, _)| class);
            class == Class::Normal
                && next.at <= due
                && next.succeeded()
                && !counted(self.context, next).is_empty()
        });
        if let Some(normal) = normal {
            return item.cite(normal.entries());
        }
        let words = deployment.words();
        let cited = deployment.entries().chain([no.at.index]);
        let said = format!("it was refused at {} (entry {})", no.at.occurred, no.at.index);
        if self.context.now <= due {
            let sentence = format!("{words}; {said}, and is to be undone until {due}");
            item.raise(&RUNNING, sentence, cited);
            item.open_until(due);
        } else {
            let sentence = format!("{words}; {said} and was not undone, due was {due}");
            item.raise(&STANDS, sentence, cited);
            item.open_until(due);
        }
    }

    /// Whether the gates that it skipped were passed afterwards.
    pub(super) fn backfilled(&self, deployment: &Deployment<'c>, item: &mut Item) {
        let words = deployment.words();
        let facts = self.context.facts;
        let asked = self.demands.on(deployment);
        for (why, entry) in &asked.untold {
            let sentence =
                format!("{words}; of the policy of gates in force (entry {entry}) {why}");
            item.raise(&GATES, sentence, deployment.entries().chain([*entry]));
        }
        let mut gates: BTreeSet<String> =
            asked.gates.into_iter().map(|demand| demand.gate).collect();
        let broken =
            facts.break_glass_used.of(Reference::Deployment, deployment.reference.as_str());
        gates.extend(broken.flat_map(|row| row.what.bypassed.iter().flatten()).map(Id::to_string));
        let (Some(artifact), false) = (deployment.artifact(), gates.is_empty()) else {
            let sentence = format!("{words}; nobody said which gates it must pass");
            return item.raise(&GATES, sentence, deployment.entries());
        };
        let days = self.context.parameters.count(&BACKFILL_WITHIN);
        let due = self.context.calendar.after(deployment.ended(), days);
        let reference = artifact.to_reference();
        for gate in gates {
            let passed = facts.gate_evaluated.of(Reference::Artifact, &reference).find(|row| {
                row.gate.as_str() == gate
                    && row.environment == *deployment.environment
                    && row.at.occurred <= due
                    && matches!(support(self.context, row, artifact), Support::Passed(_))
            });
            if let Some(row) = passed {
                item.cite([row.at.index]);
            } else if self.context.now <= due {
                let sentence = format!("{words}; gate {gate} is to be passed until {due}");
                item.raise(&RUNNING, sentence, deployment.entries());
                item.open_until(due);
            } else {
                let sentence = format!("{words}; gate {gate} was not passed, due was {due}");
                item.raise(&SKIPPED, sentence, deployment.entries());
                item.open_until(due);
            }
        }
    }

    /// Whether its incident, or itself, was reviewed.
    pub(super) fn reviewed(&self, deployment: &Deployment<'c>, item: &mut Item) {
        let days = self.context.parameters.count(&PIR_WITHIN);
        let due = self.context.calendar.after(deployment.ended(), days);
        let table = &self.context.facts.postmortem_published;
        let own = table.of(Reference::Deployment, deployment.reference.as_str());
        let incidents = self.incidents(deployment);
        let of = incidents.iter().flat_map(|id| table.of(Reference::Incident, id.as_str()));
        let first = own
            .chain(of)
            .filter(|row| row.at.occurred >= deployment.at)
            .min_by_key(|row| (row.at.occurred, row.at.index));
        let words = deployment.words();
        match first {
            Some(row) if row.at.occurred <= due => item.cite([row.at.index]),
            Some(row) => {
                let sentence = format!(
                    "{words}; its incident was reviewed at {} (entry {}), due was {due}",
                    row.at.occurred, row.at.index
                );
                item.raise(&NO_REVIEW, sentence, deployment.entries().chain([row.at.index]));
            }
            None if self.context.now <= due => {
                let sentence = format!("{words}; its incident is to be reviewed until {due}");
                item.raise(&RUNNING, sentence, deployment.entries());
                item.open_until(due);
            }
            None => {
                let sentence = format!("{words}; its incident was not reviewed, due was {due}");
                item.raise(&NO_REVIEW, sentence, deployment.entries());
                item.open_until(due);
            }
        }
    }
}
