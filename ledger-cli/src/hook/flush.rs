//! Delivering what waits: the events of earlier calls, of this job's stream and of others.

use std::collections::VecDeque;
use std::time::Duration;

use ledger_core::checkpoint::Origin;
use ledger_core::json::Value;
use ledger_core::key::Signer as _;
use ledger_core::ledger::Submission;
use ledger_core::producer::Position;
use ledger_core::spool::{Spool, Waiting};

use super::Hook;
use super::spool::{self, Held, Place};
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::state::State;
use crate::{clock, random};

impl Hook {
    /// Delivers all that waits in the workspace; how many events did, and how many still wait.
    pub(crate) fn flush(&mut self) -> Result<(usize, usize)> {
        let (mut delivered, mut waiting) = (0, 0);
        for place in Place::all(&self.workspace, &self.state) {
            let mut names = VecDeque::from(place.names()?);
            while let Some(name) = names.pop_front() {
                let mut held = match place.hold(&name, None) {
                    Ok(held) => held,
                    Err(failure) if is_damage(&failure) => {
                        names.extend(self.salvage(&place, &name, None, &failure)?);
                        continue;
                    }
                    Err(failure) => return Err(failure.within(place.shown())),
                };
                let before = count(&held);
                if before > 0 {
                    names.extend(self.drain(&place, &name, &mut held)?);
                }
                delivered += before - count(&held);
                waiting += count(&held);
            }
        }
        if delivered > 0 {
            self.settle();
        }
        Ok((delivered, waiting))
    }

    /// Delivers what jobs before this one left waiting; one that is running looks after its own.
    pub(super) fn others(&mut self, place: &Place) -> Result<()> {
        let mut names = VecDeque::from(place.names()?);
        while let Some(name) = names.pop_front() {
            if name == self.name {
                continue;
            }
            match place.peek(&name) {
                Ok(Some(spool)) if !spool.waiting.is_empty() => {}
                Ok(_) => continue,
                Err(failure) if is_damage(&failure) => {
                    match self.salvage(place, &name, Some(Duration::ZERO), &failure) {
                        Ok(more) => names.extend(more),
                        Err(failure) if failure.code() == "busy" => {}
                        Err(failure) => return Err(failure),
                    }
                    continue;
                }
                Err(failure) => return Err(failure),
            }
            match place.hold(&name, Some(Duration::ZERO)) {
                Ok(mut held) => names.extend(self.drain(place, &name, &mut held)?),
                Err(failure) if failure.code() == "busy" => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Delivers what waits in one spool, in order. What the ledger refuses is kept beside the spool,
    /// and declared as lost to its stream: the names of the spools in which that waits.
    pub(super) fn drain(
        &mut self,
        place: &Place,
        name: &str,
        held: &mut Held,
    ) -> Result<Vec<String>> {
        let ours = held.spool.clone().filter(|spool| spool.ledger == self.origin);
        let Some(mut spool) = ours else { return Ok(Vec::new()) };
        let Ok(target) = &mut self.target else { return Ok(Vec::new()) };
        let events = open_all(&spool.waiting, &self.state, &self.origin)?;
        let outcomes = match target.each(events) {
            Ok(outcomes) => outcomes,
            Err(failure) => {
                talk(format!("note: {} events still wait: {failure}", spool.waiting.len()));
                return Ok(Vec::new());
            }
        };
        let ended = spool.ends();
        let stream = spool.stream();
        let mut declared = Vec::new();
        for outcome in outcomes {
            if let (Err(failure), Some(waiting)) = (outcome, spool.waiting.first()) {
                // if we stop after this, it is refused and kept once more
                let kept = place.keep_refused(waiting)?;
                talk(format!("warning: the ledger refused an event that waited: {failure}"));
                talk(format!("hint: it is kept in {}", kept.display()));
                // a stream of a single declaration has nothing else that could be missed
                if spool.position.label != GAP {
                    let seq = spool.position.seq;
                    declared.push(self.declare(place, name, &stream, (seq, seq), "refused")?);
                }
            }
            spool.advance(1);
        }
        held.spool = Some(spool);
        held.save(ended)?;
        Ok(declared)
    }

    /// Sets a damaged spool aside. What is whole in it waits in spools of its own, whose names are
    /// given; what is lost is declared.
    pub(super) fn salvage(
        &mut self,
        place: &Place,
        name: &str,
        patience: Option<Duration>,
        why: &Failure,
    ) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut told = None;
        let aside = place.set_aside(name, patience, |bytes| {
            let salvaged = Spool::salvage(bytes, &self.origin);
            for spool in &salvaged.spools {
                names.push(place.put(name, spool)?);
            }
            if let Some(stream) = &salvaged.stream {
                for range in &salvaged.lost {
                    names.push(self.declare(place, name, stream, *range, "spool-damaged")?);
                }
            }
            told = Some(salvaged);
            Ok(())
        })?;
        talk(format!("warning: a spool is damaged: {why}"));
        let whole = told.iter().flat_map(|told| &told.spools).map(|spool| spool.waiting.len());
        let whole: usize = whole.sum();
        talk(match told.and_then(|told| told.stream) {
            Some(stream) => format!("warning: {whole} events of {stream} are whole in it"),
            None => {
                "warning: nothing in it can be read, not even of which stream it was".to_owned()
            }
        });
        talk(format!("hint: it is kept as {}", aside.display()));
        Ok(names)
    }

    /// `gap.declared`: these places of a stream will stay empty. It waits in a spool of its own,
    /// whose name is given.
    fn declare(
        &self,
        place: &Place,
        name: &str,
        stream: &str,
        (from, to): (u64, u64),
        reason: &str,
    ) -> Result<String> {
        let data = Value::object([
            ("from", Value::count(from)),
            ("reason_code", Value::text(reason)),
            ("to", Value::count(to)),
        ]);
        let draft = Value::object([
            ("type", Value::text("gap.declared")),
            ("occurred_at", Value::text(clock::now()?.to_string())),
            ("subject", Value::object([("stream", Value::text(stream))])),
            ("data", data),
        ]);
        let position = Position::one_shot(GAP, random::bytes()?);
        let event = self.sign_one(&draft, &position)?;
        let host = spool::host_key(&self.state, true)?;
        let genesis = self.origin.genesis().0;
        let waiting =
            Waiting::new(&event, host.public(), genesis, clock::now()?, &random::bytes()?)?;
        let begin = Position { is_final: false, ..position };
        let mut spool = Spool::new(self.origin.clone(), self.key.public().id(), begin);
        spool.waiting.push(waiting);
        talk(format!("warning: `gap.declared` for {from} to {to} of {stream}"));
        place.put(name, &spool)
    }
}

pub(super) fn is_damage(failure: &Failure) -> bool {
    matches!(failure.code(), "spool-head" | "spool-line" | "spool-order" | "spool-size")
}

/// The label of streams of a single declaration.
const GAP: &str = "gap";

fn count(held: &Held) -> usize {
    held.spool.as_ref().map_or(0, |spool| spool.waiting.len())
}

fn open_all(waiting: &[Waiting], state: &State, origin: &Origin) -> Result<Vec<Submission>> {
    let host = spool::host_key(state, true)?;
    let open = |waiting: &Waiting| waiting.open(&host, origin.genesis().0).map_err(Failure::from);
    waiting.iter().map(open).collect()
}
