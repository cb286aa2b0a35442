//! Acceptance: whether the risk of an exception is accepted, by somebody who may, and for how long.

use super::case::{Case, Changed};
use crate::check::scope::since;
use crate::check::{Context, Direction, Item, Kind, Other, Parameter, Severity, Value, span};
use crate::fact::Said;
use crate::fact::people::People;
use crate::schema::records::RiskAccepted;
use crate::schema::words::{Reference, Severity as Grade};

pub(super) const VALID: Parameter = Parameter::new(
    "acceptance_valid",
    || Value::days(365),
    Direction::Smaller,
    "longest validity of a risk acceptance",
);
pub(super) const ROLES: Parameter = Parameter::new(
    "acceptance_roles",
    || Value::Ids(vec!["compliance-officer".to_owned()]),
    Direction::Either,
    "roles that may accept a risk of severity high or critical",
);
pub(super) const EXPIRED: Kind = Kind::fails(
    "acceptance-expired",
    Severity::High,
    "the risk is accepted by nobody, no longer, or for too long",
);
pub(super) const LEVEL: Kind = Kind::fails(
    "acceptance-level",
    Severity::High,
    "whoever accepted the risk may not, or owns the exception",
);
pub(super) const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told who accepted the risk, in which role, or who closed it",
);

impl Case<'_> {
    /// Whether the risk is accepted, by somebody who may, and not for too long.
    pub(super) fn accepted(
        &self,
        context: &Context<'_>,
        people: &People<'_>,
        row: &Changed,
        closed: Option<&Changed>,
        item: &mut Item,
    ) {
        let words = format!("{} and its risk was to be accepted", self.words());
        let risks = context.facts.risk_accepted.of(Reference::Exception, self.id);
        let Some(risk) = risks.max_by_key(|risk| (risk.expires_at, risk.at.index)) else {
            item.raise(&EXPIRED, format!("{words}, and nobody did"), [row.at.index]);
            return;
        };
        item.cite([risk.at.index]);
        let entries = [row.at.index, risk.at.index];
        let until = closed.map_or(context.now, |row| row.at.occurred);
        if risk.expires_at <= until {
            let sentence =
                format!("{words}; that ended at {} (entry {})", risk.expires_at, risk.at.index);
            item.raise(&EXPIRED, sentence, entries);
        }
        let most = context.parameters.span(&VALID);
        if since(risk.at.occurred, risk.expires_at) > most {
            let sentence = format!(
                "{words} from {} until {}, which is longer than {}",
                risk.at.occurred,
                risk.expires_at,
                span(most)
            );
            item.raise(&EXPIRED, sentence, entries);
        }
        self.level(context, people, risk, &words, item);
    }

    fn level(
        &self,
        context: &Context<'_>,
        people: &People<'_>,
        risk: &Said<RiskAccepted>,
        words: &str,
        item: &mut Item,
    ) {
        let at = risk.at.occurred;
        let owners = self.rows.iter().filter_map(|row| row.owner).map(|owner| owner.pseudonym);
        let (other, said) = context.other_than(risk.approver.pseudonym, owners, at);
        item.cite(said);
        let entry = [risk.at.index];
        match other {
            Other::Yes => {}
            Other::No => {
                item.raise(&LEVEL, format!("{words}; who owns it accepted the risk"), entry);
            }
            Other::Unknown => {
                let sentence =
                    format!("{words}; it cannot be told whether by another than its owner");
                item.raise(&NOBODY, sentence, entry);
            }
        }
        if !matches!(self.grade, Grade::Sev1 | Grade::Sev2) {
            return;
        }
        let roles = context.parameters.ids(&ROLES);
        let word = risk.approver.pseudonym.map(|who| people.words(who, at)).unwrap_or_default();
        let word = word.into_iter().rev().find(|word| word.role_profile.is_some());
        let role =
            word.and_then(|word| Some((word.role_profile.as_ref()?.as_str(), word.at.index)));
        match role {
            Some((role, said)) if roles.iter().any(|known| known == role) => item.cite([said]),
            Some((role, said)) => {
                let sentence = format!("{words} by a {role}, not by a {}", roles.join(" or "));
                item.raise(&LEVEL, sentence, [risk.at.index, said]);
            }
            None => {
                let sentence = format!("{words}; nothing says in which role");
                item.raise(&NOBODY, sentence, entry);
            }
        }
    }
}
