//! `ledger append`

mod stream;

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Receipt, Submission};
use ledger_core::producer::Position;

use crate::attachments;
use crate::awaited::Wanted;
use crate::context::Context;
use crate::drafts::{self, Draft};
use crate::failure::{Answer, Result};
use crate::keys::Key;
use crate::output::talk;
use crate::progress::Progress;
use crate::seen::{self, Sight};
use crate::state::State;
use crate::{clock, delivery, environment, keys, published, random, submission};

/// Append events
///
/// Each file is one event as a JSON object, or one on each line; `-` is standard input, also without
/// any FILE. Leave out `signers`, `ledger`, `stream`, `seq`, `prev` and `final`, and write plain
/// values where the log seals: they are filled in, sealed and signed here; so is `seen`, the newest
/// checkpoint of the ledger, unless the event names one. Either all events of a
/// call become durable, or none. One receipt is printed for each: the entry's index and hash.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger append event.json --key ci.pem")]
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
    #[command(flatten)]
    wanted: Wanted,
}

/// Appends the events.
pub(crate) fn run(args: &Append, context: &mut Context) -> Result<Answer> {
    let now = clock::now()?;
    let mut drafts = drafts::read_all(&args.files, now, args.signed)?;
    let proof = args.wanted.file(drafts.len())?;
    let keys = load_keys(args)?;
    let signers = keys::signers(&keys);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let mut notes = delivery::recovery::record_all(&folder, &mut ledger, &sight, &signers)?;
    let state = &folder.state;
    let done = if let Some(file) = &args.stream {
        let job = Job { args, drafts: &drafts, signers: &signers, sight: &sight, state };
        stream::append(&job, file, &mut ledger)
    } else {
        let events = submissions(args, &mut drafts, &ledger, &sight, &signers);
        let job = Job { args, drafts: &drafts, signers: &signers, sight: &sight, state };
        events.and_then(|events| job.deliver(&mut ledger, events)).map(|receipts| (receipts, None))
    };
    let (receipts, delivered) = done.map_err(|failure| {
        // a refusal may have recorded a fork; what was durable before stands in any case
        let _ = delivery::remember(&folder, &ledger);
        folder.place(failure)
    })?;
    delivery::acknowledge(&receipts, context)?;
    if let Some(delivered) = delivered {
        delivered.acknowledged()?;
    }
    // what this very append found past the head was mended on the way
    notes += delivery::recovery::record_all(&folder, &mut ledger, &sight, &signers)?;
    if notes > 0 && !context.out.json() {
        talk(format!("note: what recovery did was recorded too, in {notes} entries"));
    }
    sight.remember(&folder)?;
    let answer = delivery::tidy(&folder, &mut ledger)?;
    if let (Some(file), [receipt]) = (proof, receipts.as_slice()) {
        context.out.flush()?;
        args.wanted.write(&file, *receipt, |receipt| published::prove(&folder, receipt))?;
    }
    Ok(answer)
}

fn load_keys(args: &Append) -> Result<Vec<Key>> {
    if args.signed && args.keys.is_empty() && environment::path(environment::KEY)?.is_none() {
        return Ok(Vec::new());
    }
    keys::load_all(&args.keys)
}

/// The events, signed: as they came, or each as a stream of its own. What was signed is no longer kept
/// as a draft: of a hundred thousand events each is in memory once.
fn submissions(
    args: &Append,
    drafts: &mut [Draft],
    ledger: &Ledger,
    sight: &Sight,
    signers: &[&dyn Signer],
) -> Result<Vec<Submission>> {
    let mut events = Vec::with_capacity(drafts.len());
    let progress = Progress::of("events made ready");
    let all = drafts.len() as u64;
    for (done, draft) in (0..).zip(drafts) {
        progress.at(done, all);
        let mut value = std::mem::replace(&mut draft.value, Value::Bool(true));
        let event = if args.signed {
            submission::decode(&value)
        } else {
            let position = Position::one_shot(&args.label, random::bytes()?);
            sight.name(&mut value);
            delivery::sign(ledger.origin(), &value, &position, signers)
        };
        events.push(event.map_err(|failure| draft.place(failure))?);
    }
    Ok(events)
}

/// What one call appends.
struct Job<'a> {
    args: &'a Append,
    drafts: &'a [Draft],
    signers: &'a [&'a dyn Signer],
    sight: &'a Sight,
    state: &'a State,
}

impl Job<'_> {
    /// Appends the events, all or none; keeps what shows a fork or a conflict.
    fn deliver(&self, ledger: &mut Ledger, events: Vec<Submission>) -> Result<Vec<Receipt>> {
        let origin = ledger.origin().clone();
        let brought = attachments::bring(self.state, &origin, &**ledger.store(), &events)?;
        let items = &brought.items;
        let done = delivery::keeping(ledger, self.sight, self.signers, events, items).map_err(
            |(position, failure)| match position.and_then(|position| self.drafts.get(position)) {
                Some(draft) => draft.place(failure),
                None => failure,
            },
        );
        if done.is_ok()
            && let Err(failure) = brought.delivered()
        {
            talk(format!(
                "note: what was attached is in the ledger, and still lies here: {failure}"
            ));
        }
        done
    }
}
