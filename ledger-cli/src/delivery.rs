//! The one way from a draft into the log: complete, seal, sign, deliver, and say what became of it.
//!
//! `ledger append` and the hook share it, and every command that records something of its own.

mod conflict;
pub(crate) mod group;
pub(crate) mod recovery;

use ledger_core::checkpoint::Origin;
use ledger_core::error::Error;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Admitted, Group, Ledger, Receipt, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::vault::inbox::Item;

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;
use crate::seen::Sight;
use crate::{clock, random};

/// Fewer events than this are checked on the calling thread: starting others would take longer.
const FEW: usize = 64;
/// The index is brought up when it is this many entries behind: each process reads those again.
const BEHIND: usize = 256;
/// One process in so many brings the index up, the others only when it is four times as far behind:
/// of many that end at once, all but one would wait for the index's lock and find it done.
const TURN: u64 = 64;
/// Runs of the index with fewer entries than this are merged after an append.
const MERGE_BELOW: u64 = 65_536;

/// Completes, seals and signs one draft.
pub(crate) fn sign(
    origin: &Origin,
    draft: &Value,
    position: &Position,
    signers: &[&dyn Signer],
) -> Result<Submission> {
    let genesis = Some(origin.genesis().0);
    producer::sign(draft, genesis, position, signers, random::bytes()?)
        .map_err(|error| of_draft(&error))
}

/// What is wrong with a draft, and where its types are listed.
pub(crate) fn of_draft(error: &Error) -> Failure {
    let failure = Failure::of_input(error);
    if failure.code() == "schema-type" {
        return failure.hint("`ledger events` lists the types");
    }
    failure
}

/// What [`each`] would say to each event now; nothing is written.
pub(crate) fn rehearse(
    ledger: &mut Ledger,
    events: Vec<Submission>,
) -> Result<Vec<std::result::Result<(), Failure>>> {
    let checked = ledger.door().admit(events, random::bytes()?, Mode::OneByOne);
    let mut outcomes = Vec::with_capacity(checked.len());
    for event in checked {
        outcomes.push(match event {
            Err(error) => Err(Refusal { error, door: true }.failure()),
            Ok(event) => {
                let group =
                    Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: true };
                let said = ledger.rehearse(std::slice::from_ref(&event), group)?;
                let said = said.into_iter().next().unwrap_or(Ok(()));
                said.map_err(|error| Failure::by_law(&error))
            }
        });
    }
    Ok(outcomes)
}

/// Signs and appends one event as a stream of its own.
pub(crate) fn one(
    ledger: &mut Ledger,
    sight: &Sight,
    draft: &Value,
    label: &str,
    signers: &[&dyn Signer],
) -> Result<Receipt> {
    let position = Position::one_shot(label, random::bytes()?);
    let event = sign(ledger.origin(), &sight.named(draft), &position, signers)?;
    let receipts = together(ledger, vec![event], &[])?.map_err(|first| first.refusal.failure())?;
    receipts.first().copied().ok_or_else(|| Failure::new("receipt", "there is no receipt"))
}

/// Signs and appends drafts, each a stream of its own: all of them or none.
pub(crate) fn many(
    ledger: &mut Ledger,
    sight: &Sight,
    drafts: &[Value],
    label: &str,
    signers: &[&dyn Signer],
) -> Result<Vec<Receipt>> {
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let position = Position::one_shot(label, random::bytes()?);
        events.push(sign(ledger.origin(), &sight.named(draft), &position, signers)?);
    }
    together(ledger, events, &[])?.map_err(|first| first.refusal.failure())
}

/// What became of an event.
type Outcome = std::result::Result<Receipt, Refusal>;

/// An event that was refused, and why.
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// Whether the door refused it for its own sake, before the log was asked.
    door: bool,
}

impl Refusal {
    /// What to say: a mistake in the input, or a refusal by law.
    pub(crate) fn failure(&self) -> Failure {
        let own =
            !self.error.code().starts_with("signature") && self.error.code() != "ledger-other";
        if self.door && own {
            return Failure::of_input(&self.error);
        }
        Failure::by_law(&self.error)
    }
}

/// The first event of a group that was refused, by its place; nothing was appended.
pub(crate) struct First {
    pub(crate) position: usize,
    pub(crate) refusal: Refusal,
    /// The event, if it had passed the door: only then it can be evidence of a fork or a conflict.
    event: Option<Submission>,
}

/// Appends the events, all or none; keeps what shows a fork or a conflict.
pub(crate) fn keeping(
    ledger: &mut Ledger,
    sight: &Sight,
    signers: &[&dyn Signer],
    events: Vec<Submission>,
    items: &[Item],
) -> std::result::Result<Vec<Receipt>, (Option<usize>, Failure)> {
    match together(ledger, events, items).map_err(|failure| (None, failure))? {
        Ok(receipts) => Ok(receipts),
        Err(First { position, refusal, event }) => {
            let Some(event) = event else {
                return Err((Some(position), refusal.failure()));
            };
            let failure = conflict::keep(ledger, &event, &refusal, sight, signers)
                .unwrap_or_else(|failure| failure);
            Err((Some(position), failure))
        }
    }
}

/// Takes the events through the door and into the log, all or none.
fn together(
    ledger: &mut Ledger,
    events: Vec<Submission>,
    items: &[Item],
) -> Result<std::result::Result<Vec<Receipt>, First>> {
    let mut receipts = Vec::with_capacity(events.len());
    let mut first = None;
    let (outcomes, admitted) = settled(ledger, events, items, true)?;
    let mut admitted = admitted.iter();
    for (position, outcome) in outcomes.into_iter().enumerate() {
        let turned_away = matches!(&outcome, Err(refusal) if refusal.door);
        let event = if turned_away { None } else { admitted.next() };
        match outcome {
            Ok(receipt) => receipts.push(receipt),
            // the others of a refused group have no reason of their own
            Err(refusal) if refusal.error.code() == "group" => {}
            Err(refusal) => {
                let event = event.map(Admitted::submission);
                first.get_or_insert(First { position, refusal, event });
            }
        }
    }
    Ok(match first {
        Some(first) => Err(first),
        None => Ok(receipts),
    })
}

/// Takes the events through the door and into the log; what became of each. With `all` one that is
/// refused keeps the others out, with code `group`. `items` go to the vault beside what they seal.
pub(crate) fn each(
    ledger: &mut Ledger,
    events: Vec<Submission>,
    items: &[Item],
    all: bool,
) -> Result<Vec<Outcome>> {
    settled(ledger, events, items, all).map(|(outcomes, _)| outcomes)
}

/// As [`each`]; besides, those that passed the door, in their order.
fn settled(
    ledger: &mut Ledger,
    events: Vec<Submission>,
    items: &[Item],
    all: bool,
) -> Result<(Vec<Outcome>, Vec<Admitted>)> {
    let few = events.len() < FEW;
    if few {
        // fails when the pool stands already, which does no harm
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    }
    let mode = if few { Mode::OneByOne } else { Mode::Bulk };
    let checked = ledger.door().admit(events, random::bytes()?, mode);
    let turned_away = checked.iter().any(std::result::Result::is_err);
    let mut admitted = Vec::with_capacity(checked.len());
    let mut outcomes = Vec::with_capacity(checked.len());
    for outcome in checked {
        outcomes.push(match outcome {
            Ok(event) => {
                admitted.push(event);
                None
            }
            Err(error) => Some(Err(Refusal { error, door: true })),
        });
    }
    let decided = if all && turned_away {
        Vec::new()
    } else {
        let group = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: all };
        // the clock is read again under the lock: who waited for it must not record an older time
        ledger.append_with(&admitted, items, group, || clock::now().unwrap_or(group.now))?
    };
    let mut decided = decided.into_iter();
    let mut next = || match decided.next() {
        Some(outcome) => outcome.map_err(|error| Refusal { error, door: false }),
        None => Err(Refusal { error: Error::refused("group", "another was refused"), door: false }),
    };
    let outcomes = outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(&mut next)).collect();
    Ok((outcomes, admitted))
}

/// Prints the receipts: the promise is out before anything that could fail.
pub(crate) fn acknowledge(receipts: &[Receipt], context: &mut Context) -> Result<()> {
    acknowledge_with(receipts, Vec::new(), context)
}

/// As [`acknowledge`], with more members for machines.
pub(crate) fn acknowledge_with(
    receipts: &[Receipt],
    more: Vec<(&'static str, Value)>,
    context: &mut Context,
) -> Result<()> {
    let out = &mut context.out;
    if out.json() {
        let mut members = vec![("receipts", Value::List(receipts.iter().map(value).collect()))];
        members.extend(more);
        out.value(&Value::object(members))?;
    }
    for receipt in receipts {
        let known = if receipt.known { "  was there before" } else { "" };
        let hash = receipt.hash.to_base64();
        out.line(format!("entry {}  {hash}  durable{known}", receipt.index))?;
    }
    out.flush()
}

/// What follows one event that a command recorded: its receipt, what was seen, the index.
pub(crate) fn settle(
    receipt: Receipt,
    (folder, ledger, sight): (&Folder, &mut Ledger, &Sight),
    context: &mut Context,
) -> Result<Answer> {
    acknowledge(&[receipt], context)?;
    sight.remember(folder)?;
    tidy(folder, ledger)
}

/// After the promise: remembers the newest entry, and brings the index up.
pub(crate) fn tidy(folder: &Folder, ledger: &mut Ledger) -> Result<Answer> {
    remember(folder, ledger)?;
    let behind = if ledger.size().is_multiple_of(TURN) { BEHIND } else { 4 * BEHIND };
    if let Err(error) = ledger.catch_up(behind, MERGE_BELOW) {
        talk(format!("note: the index was not brought up: {error}"));
    }
    Ok(Answer::Yes)
}

/// A receipt for machines.
pub(crate) fn value(receipt: &Receipt) -> Value {
    Value::object([
        ("hash", Value::text(receipt.hash.to_base64())),
        ("index", Value::count(receipt.index)),
        ("known", Value::Bool(receipt.known)),
        ("state", Value::text("durable")),
    ])
}

/// Remembers the newest durable entry outside the folder.
pub(crate) fn remember(folder: &Folder, ledger: &Ledger) -> Result<()> {
    let end = ledger.end();
    match end.size.checked_sub(1) {
        Some(index) => folder.state.remember(&folder.origin, index, end.last),
        None => Ok(()),
    }
}
