//! Accepted: the risk of what a test says of a deployment, accepted before it by a person who may.
//!
//! As in evaluation: by the exception's id, in force, high enough, and by another person than the one
//! who answers for it. The id has the deployment's own in it, so an acceptance lets one pass and no
//! second.

use super::planned::NAME;
use super::{Judged, Question, Rules, TESTS};
use crate::check::State;
use crate::evaluate::{accepted, exception_id};
use crate::fact::Facts;

/// The exceptions that may have been accepted; none of a deployment that nobody has named yet.
pub(super) fn ids(question: &Question, rules: &Rules) -> Vec<String> {
    let Some(deployment) = question.deployment.as_ref().filter(|id| id.as_str() != NAME) else {
        return Vec::new();
    };
    let controls = &rules.resolved.catalogue.controls;
    let asked = controls.iter().flat_map(|control| {
        let own = TESTS.iter().filter(|test| control.tests.iter().any(|id| id == *test));
        own.map(|test| exception_id(&control.id, test, deployment.as_str()))
    });
    asked.collect()
}

/// What was wrong and is accepted for every control that asks stands in nobody's way.
pub(super) fn settle(judged: &mut Judged, question: &Question, facts: &Facts) {
    let Some(item) = judged.item.as_ref().filter(|_| judged.state == State::Fail) else { return };
    if question.deployment.is_none() {
        return;
    }
    let of = |control: &String| {
        let id = exception_id(control, judged.test.id, &item.id);
        accepted(&id, item, facts, question.now)
    };
    let all: Option<Vec<u64>> = judged.controls.iter().map(of).collect();
    if let Some(entries) = all.filter(|entries| !entries.is_empty()) {
        judged.accepted = entries;
        judged.state = State::Waived;
    }
}
