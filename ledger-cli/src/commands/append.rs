//! `ledger append`

mod conflict;
pub(crate) mod recovery;
mod stream;

use std::path::PathBuf;

use clap::Args;
use ledger_core::error::Error;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Group, Ledger, Receipt, Submission};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;

use crate::context::{Context, Folder};
use crate::drafts::{self, Draft};
use crate::failure::{Answer, Failure, Result};
use crate::keys::Key;
use crate::output::talk;
use crate::progress::Progress;
use crate::seen::{self, Sight};
use crate::{clock, environment, keys, random, submission};

/// Fewer events than this are checked on the calling thread: starting others would take longer.
const FEW: usize = 64;
/// The index is brought up when it is this many entries behind: each process reads those again.
const BEHIND: usize = 256;
/// Runs of the index with fewer entries than this are merged after an append.
const MERGE_BELOW: u64 = 65_536;

/// Append events
///
/// Each file is one event as a JSON object, or one on each line; `-` is standard input, also without
/// any FILE. Leave out `signers`, `ledger`, `stream`, `seq`, `prev` and `final`, and write plain
/// values where the log seals: they are filled in, sealed and signed here; so is `seen`, the newest
/// checkpoint of the ledger, unless the event names one. Either all events of a
/// call become durable, or none. One receipt is printed for each: the entry's index and hash.
#[derive(Args, Debug)]
pub(crate) struct Append {
    /// Event files
    files: Vec<PathBuf>,
    /// Key that signs, a file or agent:SHA256:…; the first owns the stream, further ones sign too
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Label of the stream, never a login
    #[arg(long, default_value = "cli")]
    label: String,
    /// Keep a stream in this file: events of all calls form one chain, and a lost one shows as a gap;
    /// without it each event is a stream of its own
    #[arg(long, value_name = "FILE", conflicts_with = "signed")]
    stream: Option<PathBuf>,
    /// The last event ends the stream
    #[arg(long = "final", requires = "stream")]
    ends: bool,
    /// The events are signed already: envelopes of `ledger sign`, or objects with `event`, `signatures`
    /// and `disclosures`; a key is used only to record forks, conflicts and recoveries
    #[arg(long)]
    signed: bool,
}

/// Appends the events.
pub(crate) fn run(args: &Append, context: &mut Context) -> Result<Answer> {
    let now = clock::now()?;
    let drafts = drafts::read_all(&args.files, now, args.signed)?;
    let keys = load_keys(args)?;
    let signers = keys::signers(&keys);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let mut notes = recovery::record_all(&folder, &mut ledger, &sight, &signers)?;
    let job = Job { args, drafts: &drafts, signers: &signers, sight: &sight };
    let done = match &args.stream {
        Some(file) => stream::append(&job, file, &mut ledger),
        None => job
            .submissions(&ledger)
            .and_then(|events| job.deliver(&mut ledger, events))
            .map(|receipts| (receipts, None)),
    };
    let (receipts, delivered) = done.map_err(|failure| {
        // a refusal may have recorded a fork; what was durable before stands in any case
        let _ = remember(&folder, &ledger);
        folder.place(failure)
    })?;
    acknowledge(&receipts, context)?;
    if let Some(delivered) = delivered {
        delivered.acknowledged()?;
    }
    // what this very append found past the head was mended on the way
    notes += recovery::record_all(&folder, &mut ledger, &sight, &signers)?;
    if notes > 0 && !context.out.json() {
        talk(format!("note: what recovery did was recorded too, in {notes} entries"));
    }
    sight.remember(&folder)?;
    tidy(&folder, &mut ledger)
}

fn load_keys(args: &Append) -> Result<Vec<Key>> {
    if args.signed && args.keys.is_empty() && environment::path(environment::KEY)?.is_none() {
        return Ok(Vec::new());
    }
    keys::load_all(&args.keys)
}

/// What one call appends.
struct Job<'a> {
    args: &'a Append,
    drafts: &'a [Draft],
    signers: &'a [&'a dyn Signer],
    sight: &'a Sight,
}

impl Job<'_> {
    /// The events, signed: as they came, or each as a stream of its own.
    fn submissions(&self, ledger: &Ledger) -> Result<Vec<Submission>> {
        let mut events = Vec::with_capacity(self.drafts.len());
        let progress = Progress::of("events made ready");
        for (done, draft) in (0..).zip(self.drafts) {
            progress.at(done, self.drafts.len() as u64);
            let event = if self.args.signed {
                submission::decode(&draft.value)
            } else {
                let position = Position::one_shot(&self.args.label, random::bytes()?);
                sign(ledger, &self.sight.named(&draft.value), &position, self.signers)
            };
            events.push(event.map_err(|failure| draft.place(failure))?);
        }
        Ok(events)
    }

    /// Appends the events, all or none; keeps what shows a fork or a conflict.
    fn deliver(&self, ledger: &mut Ledger, events: Vec<Submission>) -> Result<Vec<Receipt>> {
        let kept = events.clone();
        match deliver(ledger, events)? {
            Ok(receipts) => Ok(receipts),
            Err(refusal) => {
                let Some(event) = kept.get(refusal.position) else {
                    return Err(refusal.failure());
                };
                let failure = conflict::keep(ledger, event, &refusal, self)?;
                Err(match self.drafts.get(refusal.position) {
                    Some(draft) => draft.place(failure),
                    None => failure,
                })
            }
        }
    }
}

/// Completes, seals and signs one draft.
fn sign(
    ledger: &Ledger,
    draft: &Value,
    position: &Position,
    signers: &[&dyn Signer],
) -> Result<Submission> {
    let genesis = Some(ledger.origin().genesis().0);
    producer::sign(draft, genesis, position, signers, random::bytes()?).map_err(|error| {
        let failure = Failure::from(error);
        if failure.code() == "schema-type" {
            return failure.hint("`ledger events` lists the types");
        }
        failure
    })
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
    let event = sign(ledger, &sight.named(draft), &position, signers)?;
    let receipts = deliver(ledger, vec![event])?.map_err(|refusal| refusal.failure())?;
    receipts.first().copied().ok_or_else(|| Failure::new("receipt", "there is no receipt"))
}

/// The first event that was refused, and why; nothing was appended.
struct Refusal {
    position: usize,
    error: Error,
    /// Whether the door refused it for its own sake, before the log was asked.
    door: bool,
}

impl Refusal {
    fn failure(&self) -> Failure {
        let own =
            !self.error.code().starts_with("signature") && self.error.code() != "ledger-other";
        if self.door && own {
            return Failure::of_input(&self.error);
        }
        Failure::by_law(&self.error)
    }
}

/// Takes the events through the door and into the log, all or none.
fn deliver(
    ledger: &mut Ledger,
    events: Vec<Submission>,
) -> Result<std::result::Result<Vec<Receipt>, Refusal>> {
    let few = events.len() < FEW;
    if few {
        // fails when the pool stands already, which does no harm
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    }
    let mode = if few { Mode::OneByOne } else { Mode::Bulk };
    let mut admitted = Vec::with_capacity(events.len());
    let checked = ledger.door().admit(events, random::bytes()?, mode);
    for (position, outcome) in checked.into_iter().enumerate() {
        match outcome {
            Ok(event) => admitted.push(event),
            Err(error) => return Ok(Err(Refusal { position, error, door: true })),
        }
    }
    let group = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: true };
    let outcomes = ledger.append(&admitted, group)?;
    let mut receipts = Vec::with_capacity(outcomes.len());
    let mut refusal = None;
    for (position, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(receipt) => receipts.push(receipt),
            // the others of a refused group have no reason of their own
            Err(error) if error.code() == "group" => {}
            Err(error) => {
                refusal.get_or_insert(Refusal { position, error, door: false });
            }
        }
    }
    Ok(match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(receipts),
    })
}

/// Prints the receipts: the promise is out before anything that could fail.
pub(crate) fn acknowledge(receipts: &[Receipt], context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    if out.json() {
        out.object([("receipts", Value::List(receipts.iter().map(value).collect()))])?;
    }
    for receipt in receipts {
        let known = if receipt.known { "  was there before" } else { "" };
        let hash = receipt.hash.to_base64();
        out.line(format!("entry {}  {hash}  durable{known}", receipt.index))?;
    }
    out.flush()
}

/// After the promise: remembers the newest entry, and brings the index up.
pub(crate) fn tidy(folder: &Folder, ledger: &mut Ledger) -> Result<Answer> {
    remember(folder, ledger)?;
    if let Err(error) = ledger.catch_up(BEHIND, MERGE_BELOW) {
        talk(format!("note: the index was not brought up: {error}"));
    }
    Ok(Answer::Yes)
}

fn value(receipt: &Receipt) -> Value {
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
