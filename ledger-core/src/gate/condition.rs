//! Condition: what must hold beside the tests before something is deployed.

use super::{Known, Question, Rules, selection};
use crate::check::scope::plus;
use crate::check::{self, State, entries, span};
use crate::error::Result;
use crate::fact::Facts;
use crate::fact::deployment::Deployment;
use crate::fact::line::Lines;
use crate::fact::scope::Standing;
use crate::schema::approve::ApprovalDecision;
use crate::schema::deploy::{DeploymentOutcome, LockAction};
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

/// Entries about locks of an environment that are looked at, the newest.
const LOCKS: usize = 64;
/// How long the watch over a deployment lasts.
pub(super) const WATCH: u64 = 24 * 3600 * 1_000_000;
/// Tiers in which a watch must be closed before the next deployment.
const FIRST: [&str; 3] = ["1", "critical", "tier-1"];

/// What must hold, and whether it does.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `evidence`, `lock` or `obligations`.
    pub name: &'static str,
    /// Whether it holds.
    pub state: State,
    /// Why, in one sentence.
    pub sentence: String,
    /// The entries it stands on.
    pub entries: Vec<u64>,
    /// What would make it hold.
    pub would: Option<String>,
}

/// All that the answer stands on can be read, and holds.
pub(super) fn readable(known: &Known<'_>) -> Condition {
    let mut why = Vec::new();
    let mut cited = Vec::new();
    for (index, doubt) in &known.doubts {
        why.push(format!("entry {index} is no evidence: {} ({})", doubt.why, doubt.code));
        cited.push(*index);
    }
    let unread = known.facts.unread.all().iter();
    for row in unread.filter(|row| selection::RULES.contains(&&*row.kind)) {
        why.push(format!(
            "entry {} of type {} cannot be read ({})",
            row.at.index, row.kind, row.code
        ));
        cited.push(row.at.index);
    }
    why.extend(known.beyond.clone());
    let holds = why.is_empty();
    Condition {
        name: "evidence",
        state: if holds { State::Pass } else { State::Indeterminate },
        sentence: if holds {
            "all entries could be read and hold".to_owned()
        } else {
            why.join("; ")
        },
        entries: cited,
        would: (!holds).then(|| "run `ledger verify`; use a version that can read them".to_owned()),
    }
}

/// Nobody else holds the environment.
pub(super) fn lock(facts: &Facts, environment: &Id, own: Option<&Id>, now: Timestamp) -> Condition {
    let mut rows: Vec<_> =
        facts.environment_locked.of(Reference::Environment, environment.as_str()).collect();
    rows.sort_by_key(|row| (row.at.occurred, row.at.index));
    rows.retain(|row| row.at.occurred <= now);
    let rows = rows.get(rows.len().saturating_sub(LOCKS)..).unwrap_or_default();
    let held = rows.iter().enumerate().rev().find(|(place, row)| {
        let later = rows.get(place + 1..).unwrap_or_default();
        let over = later.iter().any(|later| later.deployment == row.deployment);
        row.action == LockAction::Acquired
            && !over
            && row.expires_at.is_none_or(|until| until > now)
            && own != Some(&row.deployment)
    });
    let Some((_, row)) = held else {
        let sentence = format!("no other deployment holds {environment}");
        let cited = rows.last().map(|row| row.at.index).into_iter().collect();
        return Condition {
            name: "lock",
            state: State::Pass,
            sentence,
            entries: cited,
            would: None,
        };
    };
    let until = row.expires_at.map_or_else(String::new, |until| format!(", until {until}"));
    Condition {
        name: "lock",
        state: State::Fail,
        sentence: format!(
            "{environment} has been held for deployment {} since {}{until} (entry {})",
            row.deployment, row.at.occurred, row.at.index
        ),
        entries: vec![row.at.index],
        would: Some("the lock is released, or its time is over".to_owned()),
    }
}

/// How much is at stake: the tier of the systems.
pub(super) fn tier(standing: &Standing<'_>) -> Option<String> {
    standing.systems().iter().map(|system| system.tier.to_string()).min()
}

/// What runs now and what was tried since left nothing that is overdue; in the first tier, nothing
/// that still runs.
pub(super) fn obligations(
    facts: &Facts,
    own: &Deployment<'_>,
    question: &Question,
    rules: &Rules,
) -> Result<Condition> {
    let standing = own.standing(facts);
    if !matches!(standing, Standing::Production(_)) {
        let sentence = "it does not go to production".to_owned();
        let state = State::NotApplicable;
        return Ok(Condition {
            name: "obligations",
            state,
            sentence,
            entries: Vec::new(),
            would: None,
        });
    }
    let first = tier(&standing).is_some_and(|tier| FIRST.contains(&tier.as_str()));
    let ratify = check::find("T07").map(|test| {
        let limits = rules.resolved.limits_of(test)?;
        let known = test.parameters.iter().find(|known| known.name == "ratify_within");
        Ok(known.map_or(0, |known| limits.span(known)))
    });
    let ratify = ratify.transpose()?.unwrap_or(0);
    let lines = Lines::of(facts);
    let before = lines.before(own);
    let from = before.iter().rposition(Deployment::succeeded).unwrap_or(0);
    let mut open = Open { first, now: question.now, why: Vec::new(), cited: Vec::new() };
    for deployment in before.get(from..).unwrap_or_default() {
        open.ratification(facts, deployment, ratify);
        if deployment.succeeded() {
            open.watch(facts, deployment);
        }
    }
    let holds = open.why.is_empty();
    Ok(Condition {
        name: "obligations",
        state: if holds { State::Pass } else { State::Fail },
        sentence: if holds {
            "what ran there before left nothing to be done first".to_owned()
        } else {
            open.why.join("; ")
        },
        entries: open.cited,
        would: (!holds).then(|| {
            "`ledger ratify`, `ledger record watch.closed`: do what is to be done".to_owned()
        }),
    })
}

struct Open {
    first: bool,
    now: Timestamp,
    why: Vec<String>,
    cited: Vec<u64>,
}

impl Open {
    /// An emergency that nobody ratified in time, or that was refused and still stands.
    fn ratification(&mut self, facts: &Facts, deployment: &Deployment<'_>, within: u64) {
        if deployment.class().map(|(class, _)| class) != Some(Class::Emergency) {
            return;
        }
        let due = plus(deployment.ended(), within);
        let change = deployment.change().map(Id::as_str);
        let rows =
            change.into_iter().flat_map(|id| facts.approval_decided.of(Reference::Change, id));
        let decided = rows.filter(|row| {
            row.r#for.artifact == deployment.artifact()
                && row.r#for.environment.as_ref() == Some(deployment.environment)
                && row.at.occurred >= deployment.at
        });
        let refused = decided.clone().find(|row| row.decision == ApprovalDecision::Rejected);
        let ratified = decided.clone().any(|row| row.decision == ApprovalDecision::Ratified);
        let indexes: Vec<u64> = deployment.entries().collect();
        let id = &deployment.id;
        if let Some(row) = refused {
            let undone = facts
                .rollback_executed
                .of(Reference::Deployment, deployment.reference.as_str())
                .any(|back| {
                    back.reverts == *deployment.reference
                        && back.outcome == DeploymentOutcome::Succeeded
                });
            if !undone {
                self.why.push(format!(
                    "emergency {id} was refused (entry {}) and still stands ({})",
                    row.at.index,
                    entries(&indexes)
                ));
                self.cited.extend(indexes.into_iter().chain([row.at.index]));
            }
        } else if !ratified && due < self.now {
            self.why.push(format!(
                "emergency {id} was to be ratified until {due} ({})",
                entries(&indexes)
            ));
            self.cited.extend(indexes);
        }
    }

    /// A watch that is still open: in the first tier, where every deployment is watched.
    fn watch(&mut self, facts: &Facts, deployment: &Deployment<'_>) {
        if !self.first {
            return;
        }
        let id = deployment.reference.as_str();
        if facts.watch_closed.of(Reference::Deployment, id).next().is_some() {
            return;
        }
        let due = plus(deployment.ended(), WATCH);
        let how = if due < self.now {
            format!("was to be closed {} ago", span(self.now.micros() - due.micros()))
        } else {
            format!("is to be closed until {due}")
        };
        let indexes: Vec<u64> = deployment.entries().collect();
        self.why.push(format!("the watch over {} {how} ({})", deployment.id, entries(&indexes)));
        self.cited.extend(indexes);
    }
}
