//! Law: which step may come next in the life of an exception. What T29 would find afterwards is refused
//! before it is signed; a limit that a layer tightens is still T29's to judge.

use super::{Life, items};
use crate::check::{self, State, Value, span};
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, Outcome};
use crate::fact::Facts;
use crate::person::Relation;
use crate::schema::records::{Disposition, ExceptionState};
use crate::schema::typed::Id;
use crate::schema::words::{Reference, Risk, Severity as Grade};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// Whether anything can still be done; code `exception-closed`.
pub fn may_change(life: &Life<'_>) -> Result<()> {
    if life.state() != ExceptionState::Closed {
        return Ok(());
    }
    let message = format!("it was closed by entry {}", life.newest().at.index);
    Err(Error::refused("exception-closed", message)
        .hint("what comes back has an exception of its own: `ledger exception list`"))
}

/// Whether somebody may say that it was tested again.
///
/// Codes `exception-closed`, `exception-unrepaired`, and those of another person (`exception-own`,
/// `exception-person`, `exception-unowned`).
pub fn may_retest(life: &Life<'_>, facts: &Facts, tester: Pseudonym, now: Timestamp) -> Result<()> {
    may_change(life)?;
    let late = life.disposition() == Some(Disposition::EvidenceLate);
    if !late && life.last(ExceptionState::Remediated).is_none() {
        return Err(Error::refused("exception-unrepaired", "nobody said that it was repaired")
            .hint("its owner says so with `ledger exception respond ID --remediated`"));
    }
    not_the_owner(life, facts, Some(tester), now, "whoever tests it again")
}

/// Whether the items of the exception's control and test that happened since the repair all pass.
///
/// Codes `retest-empty`, `retest-failed`, `retest-undecided`.
pub fn passed(life: &Life<'_>, evaluation: &Evaluation) -> Result<u64> {
    let (exception, from) = (life.newest(), life.repaired());
    let (mut count, mut failed, mut unknown) = (0, Vec::new(), Vec::new());
    let own = |known: &&Outcome| known.control.id == exception.control.as_str();
    for outcome in evaluation.outcomes.iter().filter(own) {
        let since = items(evaluation, outcome)
            .filter(|(run, item)| run.test.id == exception.test.as_str() && item.at >= from);
        for (_, item) in since {
            count += 1;
            match item.state() {
                State::Fail => failed.push(item.id.as_str()),
                State::Indeterminate => unknown.push(item.id.as_str()),
                _ => {}
            }
        }
    }
    let what = format!("{} of {}", exception.test, exception.control);
    if let Some(first) = failed.first() {
        let message = format!(
            "{what} fails for {} of {count} items since then, `{first}` first",
            failed.len()
        );
        return Err(Error::refused("retest-failed", message).hint("it is not repaired yet"));
    }
    if let Some(first) = unknown.first() {
        let message = format!(
            "{what} cannot tell about {} of {count} items since then, `{first}` first",
            unknown.len()
        );
        return Err(Error::refused("retest-undecided", message)
            .hint("evidence is missing, which is no pass"));
    }
    if count == 0 {
        return Err(Error::refused("retest-empty", format!("{what} saw no item since {from}"))
            .hint("name a period in which the control was used after the repair"));
    }
    Ok(count)
}

/// Whether somebody may close it, and the retest by which.
///
/// Codes `exception-closed`, `exception-unjudged`, `exception-unowned`, `exception-own` (whoever owns
/// it), `exception-person` (it cannot be told), `risk-none`, `retest-none`, `retest-early`.
pub fn may_close(
    id: &str,
    life: &Life<'_>,
    facts: &Facts,
    closer: Pseudonym,
    now: Timestamp,
) -> Result<Option<Id>> {
    may_change(life)?;
    let disposition = life.disposition().ok_or_else(|| {
        Error::refused("exception-unjudged", "nobody said what it turned out to be")
            .hint("say so with `ledger exception disposition`")
    })?;
    not_the_owner(life, facts, Some(closer), now, "whoever closes it")?;
    match disposition {
        Disposition::FalsePositive => return Ok(None),
        Disposition::AcceptedRisk => {
            let mut risks = facts.risk_accepted.of(Reference::Exception, id);
            if risks.any(|risk| risk.expires_at > now) {
                return Ok(None);
            }
            return Err(Error::refused("risk-none", "nobody accepts its risk any more")
                .hint("`ledger risk accept` records who does, and until when"));
        }
        Disposition::EvidenceLate | Disposition::TrueDeviation => {}
    }
    let from = life.repaired();
    let retest = life.last(ExceptionState::Retested).filter(|row| row.at.occurred >= from);
    let Some((retest, run)) = retest.and_then(|row| Some((row, row.retest.clone()?))) else {
        return Err(Error::refused("retest-none", "it was not tested again since its repair")
            .hint("another person than its owner runs `ledger exception retest`"));
    };
    not_the_owner(life, facts, retest.at.actor, now, "whoever tested it again")?;
    let (seen, least) = (retest.at.occurred.micros() - from.micros(), limit("retest_window"));
    if seen < least {
        let message = format!("it was tested again over {}, not over {}", span(seen), span(least));
        return Err(Error::refused("retest-early", message).hint(
            "let the repair stand for that long, then run `ledger exception retest` once more",
        ));
    }
    Ok(Some(run))
}

/// What is to be accepted, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance {
    /// Who accepts.
    pub approver: Pseudonym,
    /// Who answers for it; none if nobody knows the person.
    pub person: Option<Pseudonym>,
    /// How much is accepted.
    pub level: Risk,
    /// How bad the exception is.
    pub grade: Grade,
    /// Until when.
    pub until: Timestamp,
}

/// Whether a risk may be accepted so: as an evaluation counts it.
///
/// Codes `risk-level`, `risk-long`, `risk-own` (whoever answers for it or owns the exception),
/// `risk-person` (it cannot be told), `exception-closed`.
pub fn may_accept(
    wanted: &Acceptance,
    life: Option<&Life<'_>>,
    facts: &Facts,
    now: Timestamp,
) -> Result<()> {
    if let Some(life) = life {
        may_change(life)?;
    }
    let least = match wanted.grade {
        Grade::Sev1 => Risk::Critical,
        Grade::Sev2 => Risk::High,
        Grade::Sev3 => Risk::Medium,
        Grade::Sev4 | Grade::Sev5 => Risk::Low,
    };
    if wanted.level < least {
        let message = format!(
            "a risk of level {} does not cover an exception of {}",
            wanted.level.as_str(),
            wanted.grade.as_str()
        );
        return Err(Error::refused("risk-level", message)
            .hint(format!("accept level {} or higher, or do not accept", least.as_str())));
    }
    let (long, most) =
        (wanted.until.micros().saturating_sub(now.micros()), limit("acceptance_valid"));
    if long > most {
        let message = format!("a risk is accepted for {} at most", span(most));
        return Err(Error::refused("risk-long", message).hint("accept it again when that is over"));
    }
    let owners = life.into_iter().flat_map(Life::rows).filter_map(|row| row.owner);
    let others = owners.map(|owner| owner.pseudonym).chain([wanted.person]);
    for other in others {
        match relation(facts, Some(wanted.approver), other, now) {
            Relation::Different => {}
            Relation::Same => {
                return Err(Error::refused(
                    "risk-own",
                    "whoever answers for it does not accept its risk",
                )
                .hint("somebody else with the authority accepts it"));
            }
            Relation::CannotTell => {
                return Err(Error::refused(
                    "risk-person",
                    "it cannot be told whether who accepts is another than who answers for it",
                )
                .hint("record both with `person.changed`, or link their accounts"));
            }
        }
    }
    Ok(())
}

/// Whether somebody is another person than the owner of the exception.
fn not_the_owner(
    life: &Life<'_>,
    facts: &Facts,
    who: Option<Pseudonym>,
    now: Timestamp,
    word: &str,
) -> Result<()> {
    let owner = life.owner().ok_or_else(|| {
        Error::refused("exception-unowned", "it has no owner")
            .hint("give it one with `ledger exception assign`")
    })?;
    match relation(facts, who, owner.pseudonym, now) {
        Relation::Different => Ok(()),
        Relation::Same => Err(Error::refused("exception-own", format!("{word} is its owner"))
            .hint("another person has to do it")),
        Relation::CannotTell => Err(Error::refused(
            "exception-person",
            format!("it cannot be told whether {word} is another than its owner"),
        )
        .hint("record both with `person.changed`, or link their accounts")),
    }
}

/// Whether two are different persons (law 8); nobody is told apart from somebody unknown.
fn relation(facts: &Facts, a: Option<Pseudonym>, b: Option<Pseudonym>, at: Timestamp) -> Relation {
    match a.zip(b) {
        Some((a, b)) if a == b => Relation::Same,
        Some((a, b)) => facts.persons.relation(a, b, at).value,
        None => Relation::CannotTell,
    }
}

/// A span of T29 as the catalogue has it: layers only tighten it.
fn limit(name: &str) -> u64 {
    let known = check::find("T29").into_iter().flat_map(|test| test.parameters);
    let value = known.filter(|limit| limit.name == name).map(|limit| (limit.default)()).next();
    match value {
        Some(Value::Span(micros)) => micros,
        _ => 0,
    }
}
