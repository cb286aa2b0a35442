//! `ledger witness`

use std::path::PathBuf;

use clap::Args;
use ledger_core::anchor::File;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::key::SigningKey;
use ledger_core::note::{self, KeyType, Note, SignatureLine, VerifierKey};
use ledger_core::{signer, store, tree};

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;
use crate::published::{self, Continuation};
use crate::state::State;
use crate::{clock, files, hashes, keys, seen};

const FORMAT: &str = "release-ledger/witness-memory@v1";

/// Cosign a checkpoint as a witness
///
/// A witness cosigns what continues the last checkpoint it cosigned, and nothing else; it remembers
/// that in the state folder, durably, before it shows a cosignature. Either it reads a ledger's
/// folder, or one file: the text that `ledger consistency` prints.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger witness --name witness.example/w1 --key witness.pem")]
pub(crate) struct Witness {
    /// Consistency proof with the newer checkpoint; without it the ledger's own folder is read
    #[arg(requires = "log")]
    request: Option<PathBuf>,
    /// Key file of the witness
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Name of the witness, like `witness.example/w1`
    #[arg(long)]
    name: String,
    /// Verifier key of the log, as `ledger key show --name ORIGIN` prints it; a witness that reads a
    /// folder may take it from there the first time
    #[arg(long, value_name = "VKEY")]
    log: Option<String>,
}

/// What a witness cosigned last of one log.
struct Memory {
    log: VerifierKey,
    size: u64,
    root: Sha256,
}

/// A checkpoint to be judged: signed by the log, and what leads to it from an older size.
struct Case {
    note: Vec<u8>,
    checkpoint: Checkpoint,
    log: VerifierKey,
}

const LOG_HINT: &str = "`ledger key show FILE --name ORIGIN` prints a log's verifier key";

/// Checks, remembers, cosigns: in this order.
pub(crate) fn run(args: &Witness, context: &mut Context) -> Result<Answer> {
    let key = keys::load_file(args.key.as_ref())?;
    // a name that cannot be is refused before anything is remembered
    VerifierKey::new(&args.name, KeyType::Cosignature, *key.public().verifying()).map_err(
        |error| Failure::from(error).within("--name").hint("a name is like `witness.example.org`"),
    )?;
    let log = args.log.as_deref().map(VerifierKey::parse).transpose();
    let log = log.map_err(|error| Failure::from(error).within("--log").hint(LOG_HINT))?;
    let state = context.state()?;
    match (&args.request, log) {
        (Some(file), Some(log)) => {
            let bytes = files::read_input(file)?;
            let request = Continuation::parse(&bytes).ok_or_else(|| {
                Failure::new("consistency-text", "this is not a consistency proof")
                    .within(files::shown(file))
                    .hint("`ledger consistency OLD` makes one")
            })?;
            let case = open(request.note, log).map_err(|e| e.within(files::shown(file)))?;
            let line = cosign(args, &key, &state, &case, |memory| {
                if memory.size != request.old {
                    let message = format!("the proof begins at {} entries", request.old);
                    return Err(Failure::new("witness-old", message).hint(format!(
                        "this witness cosigned {} entries last: `ledger consistency {}`",
                        memory.size, memory.size
                    )));
                }
                Ok(request.path.clone())
            })?;
            show(&line, &case, context)
        }
        (_, log) => of_folder(args, &key, &state, log, context),
    }
}

fn of_folder(
    args: &Witness,
    key: &SigningKey,
    state: &State,
    log: Option<VerifierKey>,
    context: &mut Context,
) -> Result<Answer> {
    let (folder, ledger) = context.open()?;
    let (note, checkpoint) = published::newest(&folder)?;
    let known = log.or(read(state, key, checkpoint.origin())?.map(|memory| memory.log));
    let log = match known {
        Some(log) => log,
        None => seen::signed_here(&ledger, &note, checkpoint.size())?,
    };
    let case = open(note, log).map_err(|failure| failure.within(folder.shown()))?;
    let new = (case.checkpoint.size(), case.checkpoint.root());
    let line = cosign(args, key, state, &case, |memory| {
        let hashes = hashes::of(&ledger, Some(new)).map_err(|error| Failure::by_law(&error))?;
        Ok(tree::consistency_proof(memory.size, new.0, &hashes)?)
    })?;
    if let Err(failure) = attach(&folder, &case, &line) {
        talk(format!("note: the cosignature was not added to the ledger: {failure}"));
    }
    show(&line, &case, context)
}

/// The checkpoint of a note that the log signed.
fn open(note: Vec<u8>, log: VerifierKey) -> Result<Case> {
    let opened = note::open(&note, std::slice::from_ref(&log)).map_err(|error| {
        Failure::by_law(&error).hint("the checkpoint is not signed by the log's key")
    })?;
    let checkpoint = Checkpoint::parse(&opened.text)?;
    if checkpoint.origin() != log.name() {
        return Err(Failure::refused(
            "witness-log",
            "the checkpoint is of another log than the key",
        ));
    }
    Ok(Case { note, checkpoint, log })
}

/// Judges the case against what was cosigned before; remembers it; cosigns it.
fn cosign(
    args: &Witness,
    key: &SigningKey,
    state: &State,
    case: &Case,
    proof: impl FnOnce(&Memory) -> Result<Vec<Sha256>>,
) -> Result<SignatureLine> {
    let name = file(key, case.checkpoint.origin());
    let _lock = state.lock(&format!("{name}.lock"))?;
    if let Some(memory) = read(state, key, case.checkpoint.origin())? {
        continues(&memory, case, proof)?;
    }
    let (size, root) = (case.checkpoint.size(), case.checkpoint.root().to_base64());
    let origin = case.checkpoint.origin();
    let text = format!("{FORMAT}\n{}\n{origin}\n{size}\n{root}\n", case.log);
    state.keep(&name, text.as_bytes())?;
    let now = clock::now()?.seconds();
    Ok(note::cosign(&case.checkpoint, now, &args.name, key.dalek())?)
}

fn continues(
    memory: &Memory,
    case: &Case,
    proof: impl FnOnce(&Memory) -> Result<Vec<Sha256>>,
) -> Result<()> {
    let (size, root) = (case.checkpoint.size(), case.checkpoint.root());
    let evidence = "keep both checkpoints: they are evidence";
    if size < memory.size {
        let message = format!("the checkpoint has {size} entries; {} were cosigned", memory.size);
        return Err(Failure::refused("witness-back", message).hint(evidence));
    }
    if size == memory.size {
        return if *root == memory.root {
            Ok(())
        } else {
            let message = format!("another root of {size} entries was cosigned");
            Err(Failure::refused("witness-fork", message).hint(evidence))
        };
    }
    let path = proof(memory)?;
    tree::verify_consistency(memory.size, size, &memory.root, root, &path).map_err(|_| {
        let message =
            format!("it does not continue the {} entries that were cosigned", memory.size);
        Failure::refused("witness-fork", message).hint(evidence)
    })
}

/// Where a witness remembers a log.
fn file(key: &SigningKey, origin: &str) -> String {
    format!("witness/{}/{}", key.public().id(), hex(&Sha256::of(origin.as_bytes()).0))
}

fn read(state: &State, key: &SigningKey, origin: &str) -> Result<Option<Memory>> {
    let name = file(key, origin);
    let Some(bytes) = state.read(&name)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let memory = match (lines.next(), lines.next(), lines.next(), lines.next(), lines.next()) {
        (Some(FORMAT), Some(log), Some(named), Some(size), Some(root)) if named == origin => {
            let (log, size) = (VerifierKey::parse(log).ok(), size.parse().ok());
            let root = Sha256::from_base64(root.as_bytes()).ok();
            log.zip(size).zip(root).map(|((log, size), root)| Memory { log, size, root })
        }
        _ => None,
    };
    memory.map(Some).ok_or_else(|| {
        Failure::new("state-damaged", "the witness's memory is not what it wrote")
            .within(state.path(&name).display().to_string())
            .hint("restore it from a copy; without it a witness cannot know what it cosigned")
    })
}

/// Adds the cosignature to the published checkpoint, and keeps it in `anchors/`.
fn attach(folder: &Folder, case: &Case, line: &SignatureLine) -> Result<()> {
    let anchored = Note::parse(&case.note)?.with(line.clone())?.encode();
    let name = format!("{}/{}", signer::ANCHORS, File::cosigned(case.checkpoint.size(), line.id()));
    store::replace(&*folder.store, &name, &anchored)?;
    signer::attach(&*folder.store, &case.checkpoint, line)?;
    Ok(())
}

fn show(line: &SignatureLine, case: &Case, context: &mut Context) -> Result<Answer> {
    context.out.object([
        ("cosignature", Value::text(line.to_string())),
        ("origin", Value::text(case.checkpoint.origin())),
        ("root", Value::text(case.checkpoint.root().to_base64())),
        ("size", Value::count(case.checkpoint.size())),
    ])?;
    context.out.line(line.to_string())?;
    Ok(Answer::Yes)
}
