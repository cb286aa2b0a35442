//! Board: whether a change advisory board decided, and was complete.

use super::super::people::none_of;
use super::super::risk_of;
use super::{
    BOARD, CAB_FROM_RISK, CONFLICTED, NO_QUORUM, QUORUM, QUORUM_CHAIR, QUORUM_ROLES,
    QUORUM_ROLES_HIGH_RISK, RISK, UNRESOLVED,
};
use crate::check::{Context, Item, Other};
use crate::fact::Said;
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;
use crate::schema::change::{CabDecided, CabDecision, Member, Vote};
use crate::schema::words::{Reference, Risk};

/// Whether a board that was needed decided, and every board that decided could.
pub(super) fn judge(context: &Context<'_>, deployment: &Deployment<'_>, item: &mut Item) {
    let Some(change) = deployment.change() else { return };
    let words = deployment.words();
    let risk = risk_of(context, deployment);
    let from = context.parameters.ids(&CAB_FROM_RISK);
    let least = from.iter().filter_map(|word| Risk::parse(word)).min();
    if let Some((risk, entry)) = risk {
        item.read("risk", risk);
        item.cite([entry]);
    }
    let decided = context
        .facts
        .cab_decided
        .of(Reference::Change, change.as_str())
        .rfind(|row| row.at.occurred < deployment.at && row.at.index < deployment.first);
    let allowed = decided.is_some_and(|row| {
        matches!(row.decision, CabDecision::Approved | CabDecision::Conditional)
    });
    match (least, risk, decided) {
        (Some(_), None, None) => {
            let sentence = format!("{words}; nothing says how much risk change {change} has");
            item.raise(&RISK, sentence, deployment.entries());
        }
        (Some(least), Some((risk, entry)), None) if risk >= least => {
            let sentence = format!("{words}; its risk is {risk}, and no board had decided on it");
            item.raise(&BOARD, sentence, deployment.entries().chain([entry]));
        }
        (_, _, Some(row)) if !allowed => {
            let sentence =
                format!("{words}; the board had {} it (entry {})", row.decision, row.at.index);
            item.raise(&BOARD, sentence, deployment.entries().chain([row.at.index]));
        }
        _ => {}
    }
    if let Some(row) = decided {
        item.cite([row.at.index]);
        let high = risk.is_none_or(|(risk, _)| risk >= Risk::High);
        conflicts(context, deployment, row, item);
        complete(context, deployment, row, high, item);
    }
}

/// Whether the members counted for the quorum were enough, and said yes.
fn complete(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    row: &Said<CabDecided>,
    high: bool,
    item: &mut Item,
) {
    let voting: Vec<&Member> = row.members.iter().filter(|m| m.voting && !m.recused).collect();
    let present: Vec<&Member> = voting.iter().copied().filter(|m| m.present).collect();
    let needed = context.parameters.count(&QUORUM);
    let mut why = Vec::new();
    if voting.is_empty() || (present.len() as u64) * 100 < needed * voting.len() as u64 {
        why.push(format!("{} of {} voting members were present", present.len(), voting.len()));
    }
    if context.parameters.flag(&QUORUM_CHAIR) {
        let here = row.members.iter().filter(|m| m.present);
        let same: Vec<Other> = here
            .map(|m| context.other(m.person.pseudonym, row.chair.pseudonym, row.at.occurred).0)
            .collect();
        if !same.contains(&Other::No) {
            if same.contains(&Other::Unknown) {
                let sentence = format!(
                    "{}; it cannot be told whether the chair of the board was present (entry {})",
                    deployment.words(),
                    row.at.index
                );
                item.raise(&UNRESOLVED, sentence, [row.at.index]);
            } else {
                why.push("the chair was not present".to_owned());
            }
        }
    }
    let roles = if high { &QUORUM_ROLES_HIGH_RISK } else { &QUORUM_ROLES };
    for role in context.parameters.ids(roles) {
        if present.iter().all(|member| member.role.as_str() != role) {
            why.push(format!("nobody in role {role} was present"));
        }
    }
    let votes = |vote: Vote| present.iter().filter(|member| member.vote == vote).count();
    let (yes, no) = (votes(Vote::Approve), votes(Vote::Reject));
    if row.decision != CabDecision::Rejected && row.decision != CabDecision::Deferred && yes <= no {
        why.push(format!("{yes} voted for it and {no} against"));
    }
    if !why.is_empty() {
        let sentence = format!(
            "{}; when the board decided on it (entry {}), {}",
            deployment.words(),
            row.at.index,
            why.join(", and ")
        );
        item.raise(&NO_QUORUM, sentence, deployment.entries().chain([row.at.index]));
    }
}

/// Whether somebody voted who wrote or asked for the change.
fn conflicts(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    row: &Said<CabDecided>,
    item: &mut Item,
) {
    let Some(change) = deployment.change() else { return };
    let mut parties: Vec<Party> = Vec::new();
    let mut asked = false;
    for known in context.facts.change_recorded.of(Reference::Change, change.as_str()) {
        asked |= known.requester.is_some();
        let commits = known.commits.iter().flatten().flat_map(|commit| &commit.authors);
        let named = known.authors.iter().flatten().chain(commits).chain(&known.requester);
        for person in named {
            let party = Party { who: person.pseudonym, entry: known.at.index };
            if party.who.is_none() || parties.iter().all(|old| old.who != party.who) {
                parties.push(party);
            }
        }
    }
    if !asked {
        let sentence = format!(
            "{}; nothing says who asked for change {change}, and a board voted on it (entry {})",
            deployment.words(),
            row.at.index
        );
        item.raise(&UNRESOLVED, sentence, [row.at.index]);
    }
    for member in row.members.iter() {
        let votes = matches!(member.vote, Vote::Approve | Vote::Reject);
        if !votes {
            continue;
        }
        let (other, said) = none_of(context, member.person.pseudonym, &parties, row.at.occurred);
        let sentence = |is: &str| {
            format!(
                "{}; {is} in role {} who voted on it (entry {})",
                deployment.words(),
                member.role,
                row.at.index
            )
        };
        let cited = said.into_iter().chain([row.at.index]);
        match other {
            Other::Yes => {}
            Other::No => {
                item.raise(&CONFLICTED, sentence("an author or requester is the member"), cited);
            }
            Other::Unknown => {
                let is = "it cannot be told whether an author or requester is the member";
                item.raise(&UNRESOLVED, sentence(is), cited);
            }
        }
    }
}
