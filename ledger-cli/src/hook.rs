//! The hook: what a line in a pipeline does. Sign, write to the spool, deliver; and never break a
//! deployment because the ledger is away.

mod begin;
pub(crate) mod ci;
pub(crate) mod fields;
mod flush;
pub(crate) mod spool;
pub(crate) mod target;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use ledger_core::checkpoint::Origin;
use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Receipt, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::spool::Spool;

use crate::attachments::Attachment;
use crate::context::Context;
use crate::drafts::Draft;
use crate::failure::{Failure, Result};
use crate::keys::Key;
use crate::output::talk;
use crate::state::State;
use crate::{clock, delivery, files, random};

pub(crate) use begin::load;
use ci::Pipeline;
use spool::{Held, Place};
use target::Delivery;

/// How long a delivery is tried before the event waits in the spool.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is wrong with how a server was named, not with the server.
const MISTAKES: [&str; 5] =
    ["environment-empty", "server-address", "server-plain", "tls", "token-file"];

/// What all commands of the hook share.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Key that signs, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Folder that holds `.ledger`: the stream and what waits [else the pipeline's, or that of `.git`]
    #[arg(long, global = true, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Origin of the ledger, for a host that has not reached its folder yet [or LEDGER_ORIGIN]
    #[arg(long, global = true)]
    origin: Option<String>,
    /// Server to deliver to, https://HOST:PORT, in the place of --ledger; LEDGER_TOKEN or
    /// LEDGER_TOKEN_FILE is shown to it
    #[arg(long, global = true, value_name = "URL")]
    to: Option<String>,
    /// End with status 6 if the event is safe in the spool only
    #[arg(long, global = true)]
    require_ack: bool,
}

/// How a delivery ended.
pub(crate) enum Told {
    /// It is in the ledger.
    Recorded,
    /// It is in the spool, and why.
    Spooled(Failure),
}

/// What is signed next.
pub(crate) enum Next<'a> {
    /// These events.
    Drafts(&'a [Draft]),
    /// This event: a stream of its own, unless one of the job and key is open.
    Alone(&'a Draft),
    /// The end of the stream.
    Close,
}

impl<'a> Next<'a> {
    /// The events; none where the stream is closed.
    fn drafts(&self) -> Option<&'a [Draft]> {
        match self {
            Self::Drafts(drafts) => Some(drafts),
            Self::Alone(draft) => Some(std::slice::from_ref(draft)),
            Self::Close => None,
        }
    }
}

/// One call of the hook.
pub(crate) struct Hook {
    /// What the pipeline says about itself.
    pub(crate) pipeline: Pipeline,
    /// Whether a spooled event is not enough.
    pub(crate) require_ack: bool,
    key: Key,
    state: State,
    workspace: PathBuf,
    ledger: PathBuf,
    target: std::result::Result<Box<dyn Delivery>, Failure>,
    origin: Origin,
    name: String,
}

/// Where the commands of the hook keep their files.
pub(crate) fn workspace(options: &Options, pipeline: &Pipeline) -> Result<PathBuf> {
    let here = files::absolute(Path::new("."))?;
    let named = options.workspace.clone();
    let path = named.unwrap_or_else(|| pipeline.workspace(&here));
    if !path.is_dir() {
        return Err(Failure::new("workspace", format!("there is no folder `{}`", path.display()))
            .within("--workspace"));
    }
    files::absolute(&path)
}

/// What the pipeline says about itself.
pub(crate) fn look() -> Result<Pipeline> {
    Ok(ci::look(&files::absolute(Path::new("."))?))
}

impl Hook {
    /// Loads the key and reaches for the ledger.
    pub(crate) fn begin(options: &Options, context: &mut Context) -> Result<Self> {
        let pipeline = look()?;
        let key = load(options.key.as_ref())?;
        context.hurry(PATIENCE);
        if let Some(address) = &options.to {
            to(address, context)?;
        }
        let state = context.state()?;
        let workspace = workspace(options, &pipeline)?;
        let ledger = context.place()?;
        let target = match target::open(context) {
            // a mistake of the caller's is not the server's absence
            Err(failure) if MISTAKES.contains(&failure.code()) => return Err(failure),
            target => target,
        };
        let origin = begin::origin(options, context, &workspace, &state, &target)?;
        let owner = key.public().id();
        let parts = [pipeline.job_key(), owner.to_string(), origin.to_string()];
        let name = hex(&Sha256::of(parts.join("\n").as_bytes()).0).chars().take(16).collect();
        let require_ack = options.require_ack;
        Ok(Self { pipeline, require_ack, key, state, workspace, ledger, target, origin, name })
    }

    /// The proof of what was recorded, as of now.
    pub(crate) fn prove(&mut self, receipt: Receipt) -> Result<Vec<u8>> {
        match &mut self.target {
            Ok(target) => target.prove(receipt),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn signers(&self) -> [&dyn Signer; 1] {
        [&self.key]
    }

    /// Signs, spools and delivers.
    pub(crate) fn record(
        &mut self,
        next: &Next<'_>,
        acknowledge: impl FnOnce(&[Receipt]) -> Result<()>,
    ) -> Result<Told> {
        self.judge(next)?;
        let place = match Place::of(&self.workspace, &self.state) {
            Ok(place) => place,
            Err(failure) => return self.directly(next, acknowledge, failure),
        };
        if self.target.is_ok() {
            // without it the next call has to be told, should the folder be away by then
            let _ = place.remember_origin(&self.ledger, &self.origin);
        }
        let mut held = match self.hold(&place) {
            Ok(held) => held,
            Err(failure) => return self.directly(next, acknowledge, failure),
        };
        if held.spool.as_ref().is_some_and(|spool| !spool.waiting.is_empty()) {
            let name = self.name.clone();
            self.drain(&place, &name, &mut held)?;
        }
        if held.spool.as_ref().is_some_and(Spool::ends) {
            held.rotate()?;
        }
        let before = held.spool.clone();
        let empty = self.empty()?;
        let stream = before.as_ref().unwrap_or(&empty);
        let events = self.sign(next, stream)?;
        let host = spool::host_key(&self.state, true);
        let added = host.and_then(|host| held.add(&place, empty, &events, &host));
        if let Err(failure) = added {
            // the line may stand there although it is not durable: delivered as it is and in
            // another stream, the event would be there twice
            return match held.back_to(before) {
                Ok(()) => self.directly(next, acknowledge, failure),
                Err(_) => Err(lost(&failure.to_string())),
            };
        }
        let older = before.as_ref().is_some_and(|spool| !spool.waiting.is_empty());
        let said = match &mut self.target {
            Err(failure) => return Ok(Told::Spooled(failure.clone())),
            Ok(_) if older => {
                return Ok(Told::Spooled(away("what was recorded before still waits")));
            }
            Ok(target) => match target.together(events, &[&self.key]) {
                Err(failure) => return Ok(Told::Spooled(failure)),
                Ok(said) => said,
            },
        };
        let receipts = match said {
            Ok(receipts) => receipts,
            Err(failure) => {
                // refused before anything was written: the place in the stream is free again
                held.back_to(before)?;
                return Err(refused(failure));
            }
        };
        acknowledge(&receipts)?;
        if let Some(spool) = &mut held.spool {
            let ended = spool.ends();
            spool.advance(receipts.len());
            if let Err(failure) = held.save(ended) {
                talk(format!("note: it is delivered once more, and kept once: {failure}"));
            }
        }
        drop(held);
        if let Err(failure) = self.others(&place) {
            talk(format!("note: what other jobs left still waits: {failure}"));
        }
        self.settle();
        Ok(Told::Recorded)
    }

    /// A file made ready to be attached to an event of this ledger.
    pub(crate) fn attachment(&self, file: &Path, private: bool) -> Result<Attachment> {
        Attachment::read(file, private, None, None, &self.origin)
    }

    /// Keeps attachments until their events are delivered, if nothing is wrong with the events.
    pub(crate) fn keep(&self, attachments: &[Attachment], next: &Next<'_>) -> Result<()> {
        self.judge(next)?;
        let mut kept = attachments.iter().map(|one| one.keep(&self.state, &self.origin));
        kept.try_for_each(|kept| kept.map_err(|failure| failure.exit(5)))
    }

    /// What is wrong with an event itself is said before anything is written.
    fn judge(&self, next: &Next<'_>) -> Result<()> {
        let drafts = next.drafts().unwrap_or_default();
        let position = Position::first(&self.pipeline.label(), [0; 16]);
        let (genesis, owner) = (self.origin.genesis().0, [self.key.public().id()]);
        for draft in drafts {
            producer::prepare(&draft.value, Some(genesis), &position, &owner, [0; 32])
                .map_err(|error| draft.place(delivery::of_draft(&error)))?;
        }
        Ok(())
    }

    /// The stream as it would begin.
    fn empty(&self) -> Result<Spool> {
        let position = Position::first(&self.pipeline.label(), random::bytes()?);
        Ok(Spool::new(self.origin.clone(), self.key.public().id(), position))
    }

    /// Completes, seals and signs what comes next in the stream.
    fn sign(&self, next: &Next<'_>, stream: &Spool) -> Result<Vec<Submission>> {
        let mut position = stream.next();
        let Some(drafts) = next.drafts() else {
            position.is_final = true;
            let draft = closing(stream, position.seq + 1)?;
            return Ok(vec![self.sign_one(&draft, &position)?]);
        };
        position.is_final = position.seq == 0 && matches!(next, Next::Alone(_));
        let mut events = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let signed = self.sign_one(&draft.value, &position);
            let event = signed.map_err(|failure| draft.place(failure))?;
            position = position.after(&event.event);
            events.push(event);
        }
        Ok(events)
    }

    fn sign_one(&self, draft: &Value, position: &Position) -> Result<Submission> {
        let draft = match &self.target {
            Ok(target) => target.sight().named(draft),
            Err(_) => draft.clone(),
        };
        delivery::sign(&self.origin, &draft, position, &self.signers()).map_err(|failure| {
            let key = ["agent", "key"].iter().any(|prefix| failure.code().starts_with(prefix));
            if key { failure.exit(3) } else { failure }
        })
    }

    /// Whether a stream of this job is open.
    pub(crate) fn is_open(&self) -> Result<bool> {
        for place in Place::all(&self.workspace, &self.state) {
            if place.peek(&self.name)?.is_some_and(|spool| !spool.ends()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The bytes that [`Hook::record`] would sign next, judged as it would; nothing is written.
    pub(crate) fn rehearse(&mut self, next: &Next<'_>) -> Result<Vec<Submission>> {
        let there = Place::all(&self.workspace, &self.state);
        let found = there.first().map(|place| place.peek(&self.name)).transpose()?.flatten();
        let stream = match found.filter(|spool| !spool.ends()) {
            Some(spool) => spool,
            None => self.empty()?,
        };
        let events = self.sign(next, &stream)?;
        match &mut self.target {
            Err(failure) => talk(format!("note: it would wait in the spool: {failure}")),
            Ok(target) => {
                for said in target.rehearse(events.clone())? {
                    said.map_err(refused)?;
                }
            }
        }
        Ok(events)
    }

    /// Why the ledger could not be reached, if it could not.
    pub(crate) fn away(&self) -> Option<&Failure> {
        self.target.as_ref().err()
    }

    /// The own stream's spool; a damaged one is salvaged, and a new stream begins.
    fn hold(&mut self, place: &Place) -> Result<Held> {
        match place.hold(&self.name, None) {
            Err(failure) if flush::is_damage(&failure) => {
                let name = self.name.clone();
                self.salvage(place, &name, None, &failure)?;
                place.hold(&self.name, None)
            }
            held => held,
        }
    }

    /// Without a spool: each event a stream of its own, delivered now or not at all.
    fn directly(
        &mut self,
        next: &Next<'_>,
        acknowledge: impl FnOnce(&[Receipt]) -> Result<()>,
        why: Failure,
    ) -> Result<Told> {
        let Some(drafts) = next.drafts() else { return Err(why.exit(5)) };
        let mut events = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let position = Position::one_shot(&self.pipeline.label(), random::bytes()?);
            let event = self.sign_one(&draft.value, &position);
            events.push(event.map_err(|failure| draft.place(failure))?);
        }
        let lost = |failure: &Failure| lost(&format!("{failure}; {why}"));
        let said = match &mut self.target {
            Err(failure) => return Err(lost(failure)),
            Ok(target) => target.together(events, &[&self.key]).map_err(|f| lost(&f))?,
        };
        let receipts = said.map_err(refused)?;
        talk(format!("note: delivered without a spool: {why}"));
        acknowledge(&receipts)?;
        self.settle();
        Ok(Told::Recorded)
    }

    fn settle(&mut self) {
        if let Ok(target) = &mut self.target {
            target.settle(&[&self.key]);
        }
    }
}

/// Delivers to this server, whatever folder is named; code `server-address`.
pub(crate) fn to(address: &str, context: &mut Context) -> Result<()> {
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(Failure::new(
            "server-address",
            format!("`{address}` is no address of a server"),
        )
        .within("--to")
        .hint("write https://HOST[:PORT]; --ledger names a folder"));
    }
    context.deliver_to(address);
    Ok(())
}

/// Status 5: nothing is promised.
fn lost(why: &str) -> Failure {
    Failure::new("undelivered", format!("neither the spool nor the ledger took it: {why}"))
        .hint("nothing was recorded for certain; repeat the call when one of them can be written")
        .exit(5)
}

/// A refusal by the ledger ends with status 4; a mistake in the input stays one.
pub(crate) fn refused(failure: Failure) -> Failure {
    if failure.status() == 1 { failure.exit(4) } else { failure }
}

fn away(why: &str) -> Failure {
    Failure::new("away", why)
}

/// The draft that ends a stream.
fn closing(stream: &Spool, length: u64) -> Result<Value> {
    Ok(Value::object([
        ("type", Value::text("stream.closed")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("stream", Value::text(stream.stream()))])),
        ("data", Value::object([("length", Value::count(length))])),
    ]))
}
