//! People: whether somebody is none of those who took part.

use crate::check::{Context, Other};
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Whether somebody is another person than all of these, and the entries that say so: those of the
/// one they are, or may be, and of what links them.
pub(super) fn none_of(
    context: &Context<'_>,
    who: Option<Pseudonym>,
    parties: &[Party],
    at: Timestamp,
) -> (Other, Vec<u64>) {
    let mut unknown = Vec::new();
    let mut entries = Vec::new();
    for party in parties {
        let (other, mut said) = context.other(who, party.who, at);
        match other {
            Other::Yes => entries.append(&mut said),
            Other::No => {
                said.push(party.entry);
                return (Other::No, said);
            }
            Other::Unknown => {
                said.push(party.entry);
                unknown.append(&mut said);
            }
        }
    }
    if unknown.is_empty() { (Other::Yes, entries) } else { (Other::Unknown, unknown) }
}

/// Who set the deployment running: for a bot the person whom its entry names.
pub(super) fn deployer(deployment: &Deployment<'_>) -> Party {
    let Some(started) = deployment.started else {
        let at = deployment.finished.map(|row| row.at);
        let who = at.and_then(|at| if at.automaton { at.behalf } else { at.actor });
        return Party { who, entry: deployment.first };
    };
    let initiator = started.initiator.pseudonym;
    let runs = started.at.automaton && initiator.is_some() && initiator == started.at.actor;
    let who = if runs { started.at.behalf } else { initiator };
    Party { who, entry: started.at.index }
}
