//! `ledger verify`

mod package;
pub(crate) mod population;
mod proof;
mod report;

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::checkpoint::{Checkpoint, Origin};
use ledger_core::evidence::Trust;
use ledger_core::hash::Blake3;
use ledger_core::note::Note;
use ledger_core::verify::Verdict;

use crate::commands::anchor::read_roots;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::verified::{Known, check, read_policy};

pub(crate) use report::{print, value};

/// Verify a ledger, one proof, or an evidence package
///
/// Without PROOF the whole folder: every line, link, signature and root, believed from nobody, and
/// held against what is known outside it: the origin that was pinned, receipts, a policy, older
/// checkpoints. With PROOF one file that `ledger prove` or `ledger consistency` made, held against a
/// policy. Status 0: it holds. 1: it does not. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger verify --policy auditor.policy")]
pub(crate) struct Verify {
    /// A proof of an entry, of a stretch of entries, or of consistency; or an evidence package, zipped
    /// or as a folder
    #[arg(requires = "policy")]
    proof: Option<PathBuf>,
    /// Whom you trust: a C2SP `tlog-policy` of your own
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Root certificates of authorities for times that you trust, PEM; without them no token dates anything
    #[arg(long, value_name = "FILE")]
    tsa_roots: Option<PathBuf>,
    /// Entries that the proof speaks of, as `ledger show --raw` prints them; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "proof")]
    entry: Option<PathBuf>,
    /// Checkpoint kept from earlier; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Receipt that a producer keeps; may be repeated
    #[arg(long = "receipt", value_name = "INDEX:HASH", conflicts_with = "proof")]
    receipts: Vec<String>,
    /// Origin that you know from elsewhere, in the place of the pin
    #[arg(long, conflicts_with = "proof")]
    origin: Option<String>,
    /// Check each signature by itself; slower, and the verdict is the same
    #[arg(long, conflicts_with = "proof")]
    one_by_one: bool,
}

/// Verifies, and prints the verdict.
pub(crate) fn run(args: &Verify, context: &mut Context) -> Result<Answer> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let roots = args.tsa_roots.as_deref().map(read_roots).transpose()?;
    if let (Some(file), Some(policy)) = (&args.proof, &policy) {
        let trust = Trust { policy, roots: roots.as_ref() };
        if let Some(answer) = package::run(file, trust, context)? {
            return Ok(answer);
        }
        return proof::run(file, policy, args, context);
    }
    let older =
        args.checkpoints.iter().map(|file| read_checkpoint(file)).collect::<Result<Vec<_>>>()?;
    let receipts = args.receipts.iter().map(|text| receipt(text)).collect::<Result<Vec<_>>>()?;
    let origin = args.origin.as_deref().map(|text| {
        Origin::parse(text).map_err(|error| {
            Failure::from(error).within("--origin").hint("`ledger init` printed it")
        })
    });
    let origin = origin.transpose()?;
    let folder = context.folder()?;
    let known = Known { policy, older, receipts, origin, one_by_one: args.one_by_one, roots };
    let report = check(&folder, &known)?;
    if context.out.json() {
        context.out.value(&value(&report))?;
    } else {
        print(&report, &mut context.out)?;
    }
    Ok(answer(report.verdict))
}

/// The exit status of a verdict.
pub(crate) fn answer(verdict: Verdict) -> Answer {
    match verdict {
        Verdict::Holds => Answer::Yes,
        Verdict::DoesNotHold => Answer::No,
        Verdict::CannotTell => Answer::CannotTell,
    }
}

/// A file that is no checkpoint at all says nothing about the ledger: bad input, not a verdict.
fn read_checkpoint(file: &Path) -> Result<Vec<u8>> {
    let bytes = files::read(file)?;
    let read = Note::parse(&bytes).and_then(|note| Checkpoint::parse(note.text()).map(drop));
    read.map_err(|error| {
        Failure::from(error)
            .within(files::shown(file))
            .hint("a checkpoint is a signed note, as `ledger checkpoint` prints it")
    })?;
    Ok(bytes)
}

fn receipt(text: &str) -> Result<(u64, Blake3)> {
    let read = text.split_once(':').and_then(|(index, hash)| {
        Some((index.parse().ok()?, Blake3::from_base64(hash.as_bytes()).ok()?))
    });
    read.ok_or_else(|| {
        Failure::new("receipt", format!("`{text}` is not a receipt"))
            .within("--receipt")
            .hint("write INDEX:HASH, as `ledger append` printed them")
    })
}
