//! Obligation: what still has to be done, and until when.
//!
//! Most are what the tests say of deadlines: an exception that carries the time for it is an obligation,
//! open or overdue. Beside these stand deadlines that no test judges: watches, campaigns, waivers and
//! accepted risks that end, debts and actions.

use super::Rules;
use super::condition::WATCH;
use crate::check::scope::plus;
use crate::check::{self, Attachments, Context, Period};
use crate::error::Result;
use crate::fact::Facts;
use crate::fact::scope::Standing as Belongs;
use crate::schema::change::DebtState;
use crate::schema::incident::ActionState;
use crate::schema::review::CampaignState;
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// Tests that say of deadlines what is to be done.
const TESTS: [&str; 5] = ["T05", "T07", "T12", "T23", "T29"];
/// How long before its end a waiver is listed.
const SOON: u64 = 14 * 24 * 3600 * 1_000_000;

/// How it stands with what has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The time for it is over.
    Overdue,
    /// There is still time.
    Running,
}

/// Something that has to be done.
#[derive(Clone, Debug)]
pub struct Obligation {
    /// What kind: `T07 clock-running`, or `watch`, `campaign` …
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// Until when.
    pub due: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// What it is, in one sentence.
    pub sentence: String,
    /// What closes it.
    pub closes: &'static str,
    /// The entries it stands on.
    pub entries: Vec<u64>,
}

/// All that has to be done, the most urgent first.
///
/// Codes of limits (`parameter-*`).
pub fn obligations(
    facts: &Facts,
    attachments: &dyn Attachments,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Obligation>> {
    let mut found = Vec::new();
    let begin = Timestamp::from_micros(0).unwrap_or(now);
    for test in TESTS.iter().filter_map(|id| check::find(id)) {
        let parameters = rules.resolved.limits_of(test)?;
        let context = Context {
            facts,
            period: Period { from: begin, to: plus(now, 1) },
            now,
            regime: None,
            parameters: &parameters,
            calendar: &rules.calendar,
            attachments,
            matrix: Some(&rules.matrix),
            verified: None,
        };
        for item in (test.run)(&context).items {
            for exception in item.exceptions {
                let Some(due) = exception.due else { continue };
                found.push(Obligation {
                    kind: format!("{} {}", test.id, exception.code),
                    about: item.id.clone(),
                    due,
                    standing: standing(due, now),
                    sentence: exception.sentence,
                    closes: closes(test.id),
                    entries: exception.entries,
                });
            }
        }
    }
    found.extend(watches(facts, now));
    found.extend(campaigns(facts, now));
    found.extend(ends(facts, now));
    found.extend(promises(facts, now));
    found.sort_by(|a, b| (a.standing, a.due, &a.about).cmp(&(b.standing, b.due, &b.about)));
    Ok(found)
}

fn standing(due: Timestamp, now: Timestamp) -> Standing {
    if due < now { Standing::Overdue } else { Standing::Running }
}

fn closes(test: &str) -> &'static str {
    match test {
        "T05" => "change.closed",
        "T07" => "approval.decided (ratified), gate.evaluated, postmortem.published",
        "T12" => "postmortem.published with cause and action",
        "T29" => "exception.changed: dispositioned, remediated",
        _ => "incident.changed, breach.decided, request.changed",
    }
}

/// Watches over deployments to production of services that are watched at all.
fn watches(facts: &Facts, now: Timestamp) -> Vec<Obligation> {
    let deployments: Vec<_> = facts.deployments().collect();
    let watched = |deployment: &crate::fact::deployment::Deployment<'_>| {
        facts.watch_closed.of(Reference::Deployment, deployment.reference.as_str()).next().is_some()
    };
    let services: std::collections::BTreeSet<_> =
        deployments.iter().filter(|known| watched(known)).map(|known| known.service).collect();
    let open = deployments.iter().filter(|known| {
        services.contains(known.service)
            && known.succeeded()
            && !watched(known)
            && !matches!(known.standing(facts), Belongs::Other(_))
    });
    let one = |known: &crate::fact::deployment::Deployment<'_>| {
        let due = plus(known.ended(), WATCH);
        Obligation {
            kind: "watch".to_owned(),
            about: known.id.to_owned(),
            due,
            standing: standing(due, now),
            sentence: format!("{}; the watch over it is to be closed until {due}", known.words()),
            closes: "watch.closed",
            entries: known.entries().collect(),
        }
    };
    open.map(one).collect()
}

/// Access reviews that are open.
fn campaigns(facts: &Facts, now: Timestamp) -> Vec<Obligation> {
    let last = |id: &str| facts.campaign_closed.of(Reference::Campaign, id).next_back();
    let open = facts.campaign_opened.all().iter().filter(|row| {
        last(row.campaign.as_str()).is_none_or(|closed| closed.state == CampaignState::Reopened)
    });
    open.map(|row| Obligation {
        kind: "campaign".to_owned(),
        about: row.campaign.to_string(),
        due: row.due,
        standing: standing(row.due, now),
        sentence: format!("access review {} is to be closed until {}", row.campaign, row.due),
        closes: "campaign.closed",
        entries: vec![row.at.index],
    })
    .collect()
}

/// Waivers and accepted risks that end soon; what is over is no obligation any more.
fn ends(facts: &Facts, now: Timestamp) -> Vec<Obligation> {
    let gates = facts.gate_waived.all().iter().map(|row| {
        let about = format!("gate {} of {}", row.gate, row.artifact.to_reference());
        ("waiver", about, row.expires_at, row.at.index)
    });
    let risks = facts
        .risk_accepted
        .all()
        .iter()
        .map(|row| ("risk", format!("risk {}", row.risk), row.expires_at, row.at.index));
    let policies = facts.policy_waived.all().iter().map(|row| {
        ("policy-waiver", format!("policy {}", row.policy), row.expires_at, row.at.index)
    });
    let soon = plus(now, SOON);
    gates
        .chain(risks)
        .chain(policies)
        .filter(|(_, _, due, _)| now <= *due && *due <= soon)
        .map(|(kind, about, due, entry)| Obligation {
            kind: kind.to_owned(),
            sentence: format!("what was let pass for {about} is over at {due}"),
            about,
            due,
            standing: Standing::Running,
            closes: "the gate passed, the exception closed, or another decision",
            entries: vec![entry],
        })
        .collect()
}

/// Debts and actions that are open, by their newest word.
fn promises(facts: &Facts, now: Timestamp) -> Vec<Obligation> {
    let debts = facts.debt_changed.ids(Reference::Debt).into_iter().filter_map(|id| {
        let row = facts.debt_changed.of(Reference::Debt, id.as_str()).next_back()?;
        let open = row.state == DebtState::Open;
        open.then(|| ("debt", id.to_string(), row.due, row.at.index, "debt.changed (closed)"))
    });
    let actions = facts.action_changed.ids(Reference::Action).into_iter().filter_map(|id| {
        let row = facts.action_changed.of(Reference::Action, id.as_str()).next_back()?;
        let open = row.state == ActionState::Open;
        open.then(|| ("action", id.to_string(), row.due, row.at.index, "action.changed (done)"))
    });
    debts
        .chain(actions)
        .map(|(kind, about, due, entry, closes)| Obligation {
            kind: kind.to_owned(),
            sentence: format!("{kind} {about} is to be done until {due}"),
            about,
            due,
            standing: standing(due, now),
            closes,
            entries: vec![entry],
        })
        .collect()
}
