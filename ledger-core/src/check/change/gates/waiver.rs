//! Waiver: whether somebody who could had let it pass a gate.

use super::super::people::{deployer, none_of};
use super::Gates;
use crate::check::Other;
use crate::fact::Said;
use crate::fact::author::Party;
use crate::fact::deployment::Deployment;
use crate::fact::entitled::Held;
use crate::hash::Sha256;
use crate::schema::gate::GateWaived;
use crate::schema::words::Reference;

/// Duties that let somebody waive a gate: over tests and gates, or over releases.
const DUTIES: [&str; 2] = ["TS", "AP"];

/// What became of a gate by waivers.
pub(super) enum Waived {
    No,
    Yes(Vec<u64>),
    Wrongly(String, Vec<u64>),
    Unknown(String, Vec<u64>),
}

impl<'c> Gates<'c> {
    /// Whether a waiver of the gate stood when the deployment began.
    pub(super) fn waived(
        &self,
        deployment: &Deployment<'c>,
        artifact: Sha256,
        gate: &str,
    ) -> Waived {
        let reference = artifact.to_reference();
        let rows = self.context.facts.gate_waived.of(Reference::Artifact, &reference);
        let mut found = Waived::No;
        for row in rows.filter(|row| {
            row.gate.as_str() == gate
                && row.environment == *deployment.environment
                && row.at.occurred < deployment.at
                && row.at.index < deployment.first
        }) {
            match self.waiver(deployment, row) {
                Waived::Yes(said) => return Waived::Yes(said),
                other => found = other,
            }
        }
        found
    }

    fn waiver(&self, deployment: &Deployment<'c>, row: &Said<GateWaived>) -> Waived {
        let entry = row.at.index;
        if row.valid_from > deployment.at || row.expires_at <= deployment.at {
            let why =
                format!("(entry {entry}) held only from {} to {}", row.valid_from, row.expires_at);
            return Waived::Wrongly(why, vec![entry]);
        }
        let authored = self.authors.authored(deployment, &self.lines);
        let mut parties = authored.authors;
        parties.push(Party { who: row.requester.pseudonym, entry });
        parties.push(deployer(deployment));
        let who = row.approver.pseudonym;
        let (other, mut said) = none_of(self.context, who, &parties, deployment.at);
        said.push(entry);
        match other {
            Other::Yes => {}
            Other::No => {
                let why = format!("(entry {entry}) was given by who wrote, asked or deployed");
                return Waived::Wrongly(why, said);
            }
            Other::Unknown => {
                let why =
                    format!("(entry {entry}) it cannot be told whether another person gave it");
                return Waived::Unknown(why, said);
            }
        }
        let mut refused = None;
        for duty in DUTIES {
            match self.entitled.holds(who, duty, deployment, row.at.occurred) {
                Held::Yes(more) => {
                    said.extend(more);
                    return Waived::Yes(said);
                }
                Held::No(why, more) => refused = Some((why, more)),
                Held::Unknown(_) => {}
            }
        }
        if let Some((why, more)) = refused {
            said.extend(more);
            Waived::Wrongly(format!("(entry {entry}) was given by somebody who {why}"), said)
        } else {
            let why = format!("(entry {entry}) nothing says who may give one");
            Waived::Unknown(why, said)
        }
    }
}
