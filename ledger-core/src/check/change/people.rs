//! People: whether somebody is none of those who took part.

use crate::check::{Context, Other};
use crate::fact::At;
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;
use crate::schema::typed::Person;
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
        let who = deployment.finished.and_then(|row| behind(&row.at, None));
        return Party { who, entry: deployment.first };
    };
    Party { who: behind(&started.at, started.initiator), entry: started.at.index }
}

/// Who did what an entry says: the one it names, else who acted; for a bot the person for whom it ran.
pub(super) fn behind(at: &At, named: Option<Person>) -> Option<Pseudonym> {
    let own = if at.automaton { at.behalf } else { at.actor };
    let Some(named) = named else { return own };
    let runs = at.automaton && named.pseudonym.is_some() && named.pseudonym == at.actor;
    if runs { at.behalf } else { named.pseudonym }
}
