//! Delivering what waits: the events of earlier calls, of this job's stream and of others.

use std::time::Duration;

use ledger_core::checkpoint::Origin;
use ledger_core::json::Value;
use ledger_core::ledger::Submission;
use ledger_core::producer::Position;
use ledger_core::spool::{Spool, Waiting};

use super::spool::{self, Held, Place};
use super::{Hook, away};
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::state::State;
use crate::{clock, random};

impl Hook {
    /// Delivers all that waits in the workspace; how many events did, and how many still wait.
    pub(crate) fn flush(&mut self) -> Result<(usize, usize)> {
        let (mut delivered, mut waiting) = (0, 0);
        for place in Place::all(&self.workspace, &self.state) {
            for name in place.names()? {
                let mut held = match place.hold(&name, None) {
                    Ok(held) => held,
                    Err(failure) if failure.code().starts_with("spool-") => {
                        self.salvage(&place, &name, &failure)?;
                        continue;
                    }
                    Err(failure) => return Err(failure.within(place.shown())),
                };
                let before = count(&held);
                if before > 0 {
                    self.drain(&place, &mut held)?;
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
        for name in place.names()? {
            let waits = |spool: Option<Spool>| spool.is_some_and(|spool| !spool.waiting.is_empty());
            if name == self.name || !waits(place.peek(&name)?) {
                continue;
            }
            match place.hold(&name, Some(Duration::ZERO)) {
                Ok(mut held) => self.drain(place, &mut held)?,
                Err(failure) if failure.code() == "busy" => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Delivers what waits in one spool, in order. What the ledger refuses is kept beside the spool,
    /// and declared as lost to its stream.
    pub(super) fn drain(&mut self, place: &Place, held: &mut Held) -> Result<()> {
        let Some(mut spool) = held.spool.clone().filter(|spool| spool.ledger == self.origin) else {
            return Ok(());
        };
        let Ok(target) = &mut self.target else { return Ok(()) };
        let events = open_all(&spool.waiting, &self.state, &self.origin)?;
        let outcomes = match target.each(events) {
            Ok(outcomes) => outcomes,
            Err(failure) => {
                talk(format!("note: {} events still wait: {failure}", spool.waiting.len()));
                return Ok(());
            }
        };
        let ended = spool.ends();
        let mut lost = Vec::new();
        for outcome in outcomes {
            if let (Err(failure), Some(waiting)) = (outcome, spool.waiting.first()) {
                // if we stop after this, it is refused and kept once more
                let kept = place.keep_refused(waiting)?;
                talk(format!("warning: the ledger refused an event that waited: {failure}"));
                talk(format!("hint: it is kept in {}", kept.display()));
                lost.push(spool.position.seq);
            }
            spool.advance(1);
        }
        let stream = spool.stream();
        held.spool = Some(spool);
        held.save(ended)?;
        for seq in lost {
            self.declare(&stream, (seq, seq), "refused");
        }
        Ok(())
    }

    /// Sets a damaged spool aside, delivers what is whole in it, and declares what is lost.
    pub(super) fn salvage(&mut self, place: &Place, name: &str, why: &Failure) -> Result<()> {
        let (bytes, aside) = place.set_aside(name)?;
        talk(format!("warning: a spool is damaged: {why}"));
        talk(format!("hint: it is kept as {}", aside.display()));
        let salvaged = Spool::salvage(&bytes)?;
        let stream = salvaged.spool.stream();
        let events = open_all(&salvaged.spool.waiting, &self.state, &salvaged.spool.ledger)?;
        if let Ok(target) = &mut self.target
            && salvaged.spool.ledger == self.origin
        {
            for outcome in target.each(events)? {
                if let Err(failure) = outcome {
                    talk(format!("warning: the ledger refused an event of it: {failure}"));
                }
            }
        }
        for range in salvaged.lost {
            self.declare(&stream, range, "spool-damaged");
        }
        Ok(())
    }

    /// `gap.declared`: these places of a stream will stay empty.
    fn declare(&mut self, stream: &str, (from, to): (u64, u64), reason: &str) {
        let declared = self.declaring(stream, from, to, reason).and_then(|event| {
            let target = self.target.as_mut().map_err(|_| away("the ledger is away"))?;
            target.together(vec![event], &[&self.key])?
        });
        match declared {
            Ok(_) => talk(format!("note: `gap.declared` for {from} to {to} of {stream}")),
            Err(failure) => talk(format!("warning: the gap could not be declared: {failure}")),
        }
    }

    fn declaring(&self, stream: &str, from: u64, to: u64, reason: &str) -> Result<Submission> {
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
        self.sign_one(&draft, &Position::one_shot("gap", random::bytes()?))
    }
}

fn count(held: &Held) -> usize {
    held.spool.as_ref().map_or(0, |spool| spool.waiting.len())
}

fn open_all(waiting: &[Waiting], state: &State, origin: &Origin) -> Result<Vec<Submission>> {
    let host = spool::host_key(state, true)?;
    let open = |waiting: &Waiting| waiting.open(&host, origin.genesis().0).map_err(Failure::from);
    waiting.iter().map(open).collect()
}
