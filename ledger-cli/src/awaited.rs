//! The proof of an entry, awaited: it can be made once a checkpoint covers the entry, and the key that
//! signs checkpoints is never the one that appends.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use ledger_core::ledger::Receipt;

use crate::failure::{Failure, Result};
use crate::files;
use crate::output::talk;

/// How long to sleep between two looks at the newest checkpoint.
const PAUSE: Duration = Duration::from_millis(200);
/// The ending of a proof's file.
const ENDING: &str = "tlog-proof";

/// Whether a proof is wanted, where, and how long it may take.
#[derive(Args, Clone, Debug)]
pub(crate) struct Wanted {
    /// Wait for the checkpoint and write the entry's proof beside this file, as FILE.tlog-proof
    #[arg(long, global = true, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// How long to wait for the checkpoint
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60)]
    proof_wait: u64,
}

impl Wanted {
    /// The file of the proof, if one is wanted; it is not there yet. With more than one event there is
    /// no one proof; codes `usage`, `exists`.
    pub(crate) fn file(&self, events: usize) -> Result<Option<PathBuf>> {
        let Some(path) = &self.proof else { return Ok(None) };
        if path.as_os_str().is_empty() {
            return Err(Failure::new("field-empty", "the value is empty").within("--proof"));
        }
        if events != 1 {
            return Err(Failure::new(
                "usage",
                format!("--proof is for one event, not for {events}"),
            )
            .hint("record them one by one, or `ledger prove` each"));
        }
        let file = if path.extension().is_some_and(|ending| ending == ENDING) {
            path.clone()
        } else {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{ENDING}"));
            PathBuf::from(name)
        };
        if file.exists() {
            return Err(Failure::new("exists", format!("`{}` is there already", file.display()))
                .hint("nothing is overwritten: choose another name, or move the file away"));
        }
        Ok(Some(file))
    }

    /// Waits until a checkpoint covers the entry, and writes its proof, with the entry's line in it.
    /// `prove` makes it, if it can be made yet. The entry is recorded whatever happens here; code `proof-late`, status 6.
    pub(crate) fn write(
        &self,
        file: &Path,
        receipt: Receipt,
        mut prove: impl FnMut(Receipt) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let begun = Instant::now();
        let patience = Duration::from_secs(self.proof_wait);
        loop {
            match prove(receipt) {
                Ok(proof) => {
                    files::create(file, &proof, 0o644).map_err(|failure| failure.exit(6))?;
                    talk(format!("note: the proof is {}", file.display()));
                    return Ok(());
                }
                Err(failure) if !is_early(&failure) => return Err(late(receipt, &failure)),
                Err(failure) if begun.elapsed() >= patience => return Err(late(receipt, &failure)),
                Err(_) => sleep(PAUSE.min(patience)),
            }
        }
    }
}

fn is_early(failure: &Failure) -> bool {
    matches!(failure.code(), "checkpoint-none" | "checkpoint-behind")
}

fn late(receipt: Receipt, why: &Failure) -> Failure {
    let index = receipt.index;
    Failure::new("proof-late", format!("entry {index} is recorded, its proof is not there: {why}"))
        .hint(format!("`ledger prove {index} --to FILE` makes it once a checkpoint is signed"))
        .exit(6)
}
