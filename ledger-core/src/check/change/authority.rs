//! T03 approver-authorised: who approved it was allowed to, and those needed were there.
//!
//! An approver held, at the time of the approval, a role that carries the duty to approve (`AP`), or
//! somebody who did had delegated it. What such a role was, counts by the time at which it took effect
//! and ended, whenever that was recorded.

mod board;

use super::approval::{Decided, counted, ended};
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, entries,
};
use crate::fact::deployment::Deployment;
use crate::fact::entitled::{Entitled, Held};
use crate::schema::approve::ApprovalDecision;
use crate::schema::typed::Pattern;
use crate::schema::words::Reference;

/// The duty to approve a release or a change.
pub(super) const APPROVES: &str = "AP";

const CLASSES: Parameter = Parameter::new(
    "classes",
    || Value::Ids(vec!["normal".to_owned()]),
    Direction::Either,
    "classes of change whose approvals are tested",
);
const REQUIRED_ROLES: Parameter = Parameter::new(
    "required_roles",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "roles that must be among the approvers; a gate policy may ask for more by class and risk",
);
const CAB_FROM_RISK: Parameter = Parameter::new(
    "cab_from_risk",
    || Value::Ids(vec!["high".to_owned()]),
    Direction::Either,
    "least risk of a change that needs a decision of the change advisory board",
);
const QUORUM: Parameter = Parameter::new(
    "quorum",
    || Value::Percent(50),
    Direction::Larger,
    "share of the voting members who must be present",
);
const QUORUM_CHAIR: Parameter = Parameter::new(
    "quorum_chair",
    || Value::Flag(true),
    Direction::Larger,
    "the chair must be present",
);
const QUORUM_ROLES: Parameter = Parameter::new(
    "quorum_roles",
    || Value::Ids(["operations", "security"].map(str::to_owned).to_vec()),
    Direction::Larger,
    "roles that must be among the members present",
);
const QUORUM_ROLES_HIGH_RISK: Parameter = Parameter::new(
    "quorum_roles_high_risk",
    || Value::Ids(["operations", "security", "business-owner"].map(str::to_owned).to_vec()),
    Direction::Larger,
    "the same for changes of high or critical risk",
);
const DELEGATION_DEPTH: Parameter = Parameter::new(
    "delegation_depth",
    || Value::Count(1),
    Direction::Smaller,
    "how often an approval may be delegated on",
);

const UNAUTHORISED: Kind = Kind::fails(
    "approver-unauthorised",
    Severity::High,
    "who approved it held no role that may, at that time",
);
const ROLE: Kind =
    Kind::fails("role-missing", Severity::High, "nobody in a role that is needed approved it");
const BOARD: Kind = Kind::fails(
    "board-missing",
    Severity::High,
    "no board decided on it, though its risk needs that",
);
const NO_QUORUM: Kind = Kind::fails(
    "quorum-not-met",
    Severity::Medium,
    "the board that decided was not complete enough",
);
const DELEGATION: Kind = Kind::fails(
    "delegation-invalid",
    Severity::Medium,
    "who approved it acted for somebody who could not let them",
);
const CONFLICTED: Kind = Kind::fails(
    "conflicted-vote",
    Severity::High,
    "an author or requester of the change voted on it",
);
const NOTHING: Kind = Kind::undecided(
    "no-approval",
    Severity::High,
    "no approval stands whose authority could be judged",
);
const UNRESOLVED: Kind = Kind::undecided(
    "authority-unknown",
    Severity::Medium,
    "it cannot be told whether who approved it was allowed to",
);
const RISK: Kind = Kind::undecided(
    "risk-unknown",
    Severity::Medium,
    "nothing says the risk of the change, so it cannot be told whether a board was needed",
);

/// T03.
pub const TEST: Test = Test {
    id: "T03",
    name: "approver-authorised",
    version: "1",
    population: "deployments to production",
    rule: "When they approved it, all approvers held a role that may approve, or a valid delegation of \
           one; the roles that are needed are among them; and a board, where one is needed, had its \
           quorum and no vote of an author or requester.",
    parameters: &[
        CLASSES,
        REQUIRED_ROLES,
        CAB_FROM_RISK,
        QUORUM,
        QUORUM_CHAIR,
        QUORUM_ROLES,
        QUORUM_ROLES_HIGH_RISK,
        DELEGATION_DEPTH,
    ],
    kinds: &[
        UNAUTHORISED,
        ROLE,
        BOARD,
        NO_QUORUM,
        DELEGATION,
        CONFLICTED,
        NOTHING,
        UNRESOLVED,
        RISK,
        UNREAD,
        UNDECLARED,
    ],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let classes = super::classes(context, &CLASSES);
    let entitled = Entitled::of(context.facts);
    for (deployment, mut item) in super::deployments(context, &classes, &mut census) {
        let approvals = counted(context, &deployment);
        item.cite(approvals.iter().map(|row| row.at.index));
        if approvals.is_empty() {
            let sentence = format!("{}; no approval of it stood when it began", deployment.words());
            item.raise(&NOTHING, sentence, deployment.entries());
        }
        for row in &approvals {
            allowed(context, &entitled, &deployment, row, &mut item);
        }
        roles(context, &deployment, &approvals, &mut item);
        board::judge(context, &deployment, &mut item);
        census.items.push(item);
    }
    census
}

/// Whether who approved it was allowed to.
fn allowed(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    deployment: &Deployment<'_>,
    row: &Decided,
    item: &mut Item,
) {
    let at = row.at.occurred;
    let words = deployment.words();
    let who = format!("who approved it at {at} (entry {})", row.at.index);
    let (why, mut read) = match entitled.holds(row.approver.pseudonym, APPROVES, deployment, at) {
        Held::Yes(said) => return item.cite(said),
        Held::Unknown(why) => {
            let sentence = format!("{words}; {who}: {why}");
            return item.raise(&UNRESOLVED, sentence, [row.at.index]);
        }
        Held::No(why, said) => (why, said),
    };
    read.push(row.at.index);
    let depth = context.parameters.count(&DELEGATION_DEPTH).min(8);
    match delegated(context, entitled, deployment, row, depth) {
        Acts::Allowed(said) => item.cite(said),
        Acts::Alone => item.raise(&UNAUTHORISED, format!("{words}; {who} {why}"), read),
        Acts::Wrongly(why, said) => {
            let sentence = format!("{words}; {who} acted for another, whose delegation {why}");
            item.raise(&DELEGATION, sentence, read.into_iter().chain(said));
        }
        Acts::Unknown(why, said) => {
            let sentence = format!("{words}; {who} acted for another: {why}");
            item.raise(&UNRESOLVED, sentence, read.into_iter().chain(said));
        }
    }
}

/// Whether somebody acts for another.
enum Acts {
    Alone,
    Allowed(Vec<u64>),
    Wrongly(String, Vec<u64>),
    Unknown(String, Vec<u64>),
}

/// For whom the person of a decision acts, by delegations of the same change.
fn delegated(
    context: &Context<'_>,
    entitled: &Entitled<'_>,
    deployment: &Deployment<'_>,
    row: &Decided,
    depth: u64,
) -> Acts {
    let Some(change) = deployment.change() else { return Acts::Alone };
    let at = row.at.occurred;
    let mut found = Acts::Alone;
    for given in context.facts.approval_decided.of(Reference::Change, change.as_str()) {
        let Some(to) = given.delegate_to else { continue };
        if given.decision != ApprovalDecision::Delegated || given.at.occurred > at {
            continue;
        }
        let (other, _) = context.other(to.pseudonym, row.approver.pseudonym, at);
        if other != Other::No {
            continue;
        }
        let mut said = vec![given.at.index];
        let scope = given.scope.as_ref();
        let environments = scope.and_then(|scope| scope.environments.as_ref());
        let services = scope.and_then(|scope| scope.services.as_ref());
        let why = if depth == 0 {
            Some("is one too many".to_owned())
        } else if let Some((why, by)) = ended(context, given, at) {
            said.extend(by);
            Some(why)
        } else if !covers(environments, deployment.environment.as_str())
            || !covers(services, deployment.service.as_str())
        {
            Some("is for something else".to_owned())
        } else {
            None
        };
        if let Some(why) = why {
            found = Acts::Wrongly(format!("({}) {why}", entries(&said)), said);
            continue;
        }
        match entitled.holds(given.approver.pseudonym, APPROVES, deployment, at) {
            Held::Yes(more) => {
                said.extend(more);
                return Acts::Allowed(said);
            }
            Held::Unknown(why) => found = Acts::Unknown(why, said),
            Held::No(why, _) => match delegated(context, entitled, deployment, given, depth - 1) {
                Acts::Allowed(more) => {
                    said.extend(more);
                    return Acts::Allowed(said);
                }
                Acts::Alone => {
                    let why = format!("({}) is of somebody who {why}", entries(&said));
                    found = Acts::Wrongly(why, said);
                }
                other => found = other,
            },
        }
    }
    found
}

fn covers(patterns: Option<&Vec<Pattern>>, name: &str) -> bool {
    patterns.is_none_or(|patterns| {
        patterns.iter().any(|pattern| match pattern.as_str().strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => pattern.as_str() == name,
        })
    })
}

/// Whether the roles that are needed are among the approvals.
fn roles(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    approvals: &[&Decided],
    item: &mut Item,
) {
    if approvals.is_empty() {
        return;
    }
    for role in context.parameters.ids(&REQUIRED_ROLES) {
        if approvals.iter().all(|row| row.role.as_str() != role) {
            let sentence = format!("{}; nobody approved it in role {role}", deployment.words());
            let cited = approvals.iter().map(|row| row.at.index);
            item.raise(&ROLE, sentence, deployment.entries().chain(cited));
        }
    }
}
