//! `ledger checkpoint`

use std::path::PathBuf;

use clap::Args;
use ledger_core::error::Error;
use ledger_core::json::Value;
use ledger_core::note::Note;
use ledger_core::signer::{self, CHECKPOINT, Memory};
use ledger_core::store;

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::keys;
use crate::state::State;

/// Sign and publish a checkpoint of the ledger as it stands
///
/// The key has the single capability `checkpoint` and is never one that appends. The signer
/// remembers in the state folder what it signed last, and refuses a ledger that does not continue it.
#[derive(Args, Debug)]
pub(crate) struct Checkpoint {
    /// Key file of the signer
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Signs, remembers, publishes: in this order.
pub(crate) fn run(args: &Checkpoint, context: &mut Context) -> Result<Answer> {
    let key = keys::load_file(args.key.as_ref())?;
    let (folder, ledger) = context.open_to_append()?;
    let name = State::of(&folder.origin, "signer");
    let _lock = folder.state.lock(&format!("{name}.lock"))?;
    let memory = folder.state.read(&name)?;
    let memory = memory.map(|bytes| Memory::parse(&String::from_utf8_lossy(&bytes))).transpose();
    let place = |failure: Failure| failure.within(folder.state.path(&name).display().to_string());
    let memory = memory.map_err(|error| place(error.into()))?;
    let by_law = |error: Error| Failure::by_law(&error).within(folder.shown());
    let signed = signer::sign(&ledger, memory.as_ref(), &key).map_err(by_law)?;
    folder.state.keep(&name, signed.memory.encode().as_bytes())?;
    // a note that witnesses have cosigned since is not replaced by one without their lines
    let note = if let Some(note) = published(&folder, &signed.note)? {
        note
    } else {
        signer::publish(&folder.store, &signed)?;
        signed.note
    };
    if context.out.json() {
        context.out.object([
            ("note", Value::text(String::from_utf8_lossy(&note))),
            ("root", Value::text(signed.checkpoint.root().to_base64())),
            ("size", Value::count(signed.checkpoint.size())),
        ])?;
    } else {
        context.out.bytes(&note)?;
    }
    Ok(Answer::Yes)
}

/// The published note, if it is this one with more signatures.
fn published(folder: &Folder, new: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(bytes) = store::read_all(&*folder.store, CHECKPOINT)? else { return Ok(None) };
    let (Ok(old), Ok(new)) = (Note::parse(&bytes), Note::parse(new)) else { return Ok(None) };
    let same = old.text() == new.text()
        && new.signatures().iter().all(|line| old.signatures().contains(line));
    Ok(same.then_some(bytes))
}
