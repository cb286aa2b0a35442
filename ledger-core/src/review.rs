//! Review: who may deploy, and who should: a campaign from what a system listed to what is proven gone.
//!
//! Spec page: `spec/review.md`. [`population`] freezes what was observed, [`evidence`] joins each item with
//! what is known of it, [`assign`] finds who may decide, [`ruling`] says which decisions count, [`proof`]
//! holds a later listing against them, [`standing`] is a campaign as it stands, [`form`] what travels to
//! a reviewer and back, [`schedule`] what is due, [`sheet`] what an auditor reads. Nothing here decides: a hint is shown and judged.

pub mod assign;
mod decided;
pub mod evidence;
pub mod form;
mod hint;
pub mod population;
pub mod proof;
pub mod ruling;
pub mod schedule;
pub mod sheet;
pub mod standing;
mod usage;

use crate::check::access::hierarchy::feeds;
use crate::check::access::observed::Observed;
use crate::check::{Context, Parameters, Test, find};
use crate::control::Resolved;
use crate::error::Result;
use crate::fact::people::People;

/// The tests whose limits hold for a review: T18 of the review itself, T19 of what follows, T20 of accounts.
const TESTS: [&str; 3] = ["T18", "T19", "T20"];

/// Days of use that are counted before a review opens, where nothing else is asked for.
pub const DAYS: u64 = 90;

/// The limits that hold for reviews, with what the layers have set; codes `parameter-*`.
pub fn limits(resolved: &Resolved) -> Result<Parameters> {
    let mut all = Parameters::default();
    for test in TESTS.iter().filter_map(|id| find(id)) {
        let known: &Test = test;
        let set = resolved.limits_of(known)?;
        for parameter in known.parameters {
            all.set(known.parameters, parameter.name, set.get(parameter))?;
        }
    }
    Ok(all)
}

/// What a review looks things up in: the people, and the listings of the systems, each read when it is
/// first asked for.
pub struct Desk<'c> {
    /// What it is asked over; its period is the one whose use is counted.
    pub context: Context<'c>,
    people: People<'c>,
    observed: Observed<'c>,
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("context", &self.context).finish_non_exhaustive()
    }
}

impl<'c> Desk<'c> {
    /// Over these facts.
    pub fn of(context: Context<'c>) -> Self {
        let observed = Observed::of(&context);
        Self { context, people: People::of(context.facts), observed }
    }

    /// Why the data about managers and owners are too old, if they are.
    pub fn hierarchy(&self) -> Vec<String> {
        feeds(&self.context, self.context.now).into_iter().filter_map(|feed| feed.old).collect()
    }
}
