//! Passed: what is asked of a verdict that is a pass.

use super::{Gates, MAX_AGE, MAX_RETRIES, OTHER_POLICY, OTHER_TIER, RETRIED, STALE, UNSET};
use crate::check::{Item, span};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::gate::GateEvaluated;

impl Gates<'_> {
    /// What is asked of a pass.
    pub(super) fn passed(
        &self,
        deployment: &Deployment<'_>,
        row: &Said<GateEvaluated>,
        tries: usize,
        policies: &[(Sha256, u64)],
        item: &mut Item,
    ) {
        let (words, gate, entry) = (deployment.words(), &row.gate, row.at.index);
        let cited = || deployment.entries().chain([entry]);
        let digest = row.policy_digest;
        if !policies.is_empty() && policies.iter().all(|(known, _)| *known != digest) {
            let sentence = |why: &str| {
                let digest = digest.to_reference();
                format!(
                    "{words}; gate {gate} (entry {entry}) was judged by policy {digest}, which {why}"
                )
            };
            let cited = cited().chain(policies.iter().map(|(_, entry)| *entry));
            if self.demands.knew(&digest, deployment) {
                item.raise(&OTHER_POLICY, sentence("was not in force"), cited);
            } else {
                item.raise(&UNSET, sentence("nobody recorded"), cited);
            }
        }
        let tries = (tries as u64).max(row.attempt);
        if tries > self.context.parameters.count(&MAX_RETRIES) {
            let sentence =
                format!("{words}; gate {gate} passed at attempt {tries} (entry {entry})");
            item.raise(&RETRIED, sentence, cited());
        }
    }
    /// Whether it was young enough, by the limit and by the policy.
    pub(super) fn young(
        &self,
        deployment: &Deployment<'_>,
        row: &Said<GateEvaluated>,
        policy: Option<u64>,
        item: &mut Item,
    ) {
        let most = self.context.parameters.span(&MAX_AGE).min(policy.unwrap_or(u64::MAX));
        // a verdict is as old as what it was judged by
        let judged = row.at.occurred.min(row.as_of);
        let age = deployment.at.micros().saturating_sub(judged.micros());
        if age > most {
            let sentence = format!(
                "{}; gate {} had passed {} before, and may have {} (entry {})",
                deployment.words(),
                row.gate,
                span(age),
                span(most),
                row.at.index
            );
            item.raise(&STALE, sentence, deployment.entries().chain([row.at.index]));
        }
    }

    /// Whether it was judged for as much as was at stake.
    pub(super) fn of_tier(
        &self,
        deployment: &Deployment<'_>,
        row: &Said<GateEvaluated>,
        item: &mut Item,
    ) {
        let Some(told) = &row.criticality else { return };
        let standing = deployment.standing(self.context.facts);
        let systems = standing.systems();
        if systems.is_empty() || systems.iter().any(|system| system.tier == *told) {
            return;
        }
        let tiers: Vec<&str> = systems.iter().map(|system| system.tier.as_str()).collect();
        let sentence = format!(
            "{}; gate {} was judged for tier {told} (entry {}), and its system is of tier {}",
            deployment.words(),
            row.gate,
            row.at.index,
            tiers.join(", ")
        );
        let cited = systems.iter().map(|system| system.at.index).chain([row.at.index]);
        item.raise(&OTHER_TIER, sentence, deployment.entries().chain(cited));
    }
}
