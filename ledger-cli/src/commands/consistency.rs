//! `ledger consistency`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Sha256;
use ledger_core::ledger::Ledger;
use ledger_core::note::Note;
use ledger_core::signer::{ARCHIVE, archived};
use ledger_core::{store, tree};

use crate::commands::prove;
use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::published::{self, Continuation};
use crate::{files, seen};

/// Prove that one checkpoint continues another
///
/// The proof is the text that a C2SP `tlog-witness` takes: `old` and its size, the hashes, an empty
/// line, the newer checkpoint. With an older checkpoint as a file the answer is a verdict: 1 when the
/// ledger does not continue it.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger consistency old.checkpoint --to c.proof")]
pub(crate) struct Consistency {
    /// The older tree: a size, or a checkpoint file
    old: String,
    /// The newer checkpoint: its size, or a file; without it the newest
    new: Option<String>,
    /// Write the proof to a new file
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Makes the proof and checks it.
pub(crate) fn run(args: &Consistency, context: &mut Context) -> Result<Answer> {
    let (folder, ledger) = context.open()?;
    let (note, new) = match &args.new {
        None => published::newest(&folder)?,
        Some(text) => newer(text, &folder, &ledger)?,
    };
    let place = folder.shown();
    if new.size() > ledger.size() {
        return Err(shorter(new.size(), &ledger));
    }
    let (size, root) = older(&args.old, &ledger)?;
    let path =
        published::continues(&ledger, size, &new).map_err(|failure| match failure.code() {
            "consistency-order" => failure,
            _ => failure.within(place),
        })?;
    if let Some(root) = root {
        tree::verify_consistency(size, new.size(), &root, new.root(), &path).map_err(|_| {
            let message = format!("the ledger does not continue the checkpoint of {size} entries");
            Failure::refused("consistency", message)
                .within(args.old.clone())
                .hint("keep both: the folder and the checkpoint are evidence of a fork")
        })?;
    }
    let text = Continuation { old: size, path, note }.encode();
    prove::deliver(&text, args.to.as_ref(), new.size(), context)
}

/// Reads a checkpoint file; who signed it is for the caller to judge.
pub(crate) fn read_note(file: &Path) -> Result<(Vec<u8>, Checkpoint)> {
    let note = files::read(file)?;
    let checkpoint = Note::parse(&note).and_then(|parsed| Checkpoint::parse(parsed.text()));
    let checkpoint = checkpoint.map_err(|error| Failure::from(error).within(files::shown(file)))?;
    Ok((note, checkpoint))
}

/// The older tree: its size, and its root if somebody else stated it.
fn older(text: &str, ledger: &Ledger) -> Result<(u64, Option<Sha256>)> {
    if let Ok(size) = text.parse() {
        return if size <= ledger.size() { Ok((size, None)) } else { Err(shorter(size, ledger)) };
    }
    let (_, checkpoint) = of_this_ledger(text, ledger)?;
    Ok((checkpoint.size(), Some(*checkpoint.root())))
}

/// The newer checkpoint: a file, or one of the archive by its size.
fn newer(text: &str, folder: &Folder, ledger: &Ledger) -> Result<(Vec<u8>, Checkpoint)> {
    let Ok(size) = text.parse::<u64>() else { return of_this_ledger(text, ledger) };
    let archive = store::read_all(&*folder.store, ARCHIVE)?.unwrap_or_default();
    let found = archived(&archive).0.into_iter().rev().find_map(|note| {
        let checkpoint = Checkpoint::parse(Note::parse(note).ok()?.text()).ok()?;
        (checkpoint.size() == size).then(|| (note.to_vec(), checkpoint))
    });
    found.ok_or_else(|| {
        Failure::new("checkpoint-none", format!("no checkpoint of {size} entries was published"))
            .within(folder.shown())
    })
}

fn of_this_ledger(file: &str, ledger: &Ledger) -> Result<(Vec<u8>, Checkpoint)> {
    let (note, checkpoint) = read_note(Path::new(file))
        .map_err(|failure| failure.hint("name a size, or the file of a checkpoint"))?;
    if checkpoint.origin() != ledger.origin().to_string() {
        return Err(Failure::new("checkpoint-origin", "the checkpoint is of another ledger")
            .within(file.to_owned()));
    }
    seen::signed_here(ledger, &note, checkpoint.size().min(ledger.size()))
        .map_err(|failure| failure.within(file.to_owned()))?;
    Ok((note, checkpoint))
}

fn shorter(size: u64, ledger: &Ledger) -> Failure {
    let message = format!("the ledger has {} entries, fewer than {size}", ledger.size());
    Failure::refused("consistency-short", message).hint(
        "if a checkpoint states more entries, the folder was cut or restored to an older state",
    )
}
