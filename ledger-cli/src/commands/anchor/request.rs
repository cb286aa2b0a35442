//! `ledger anchor request`

use std::path::PathBuf;

use clap::Args;
use ledger_core::anchor;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, published, random};

/// Ask an authority for times to date the newest checkpoint
///
/// The request (RFC 3161) is a file: nothing is sent. It names the checkpoint by SHA-256 of the note as the log
/// signed it, and a number that nobody could guess. Bring it to the authority, for example with `curl
/// --data-binary @FILE -H 'Content-Type: application/timestamp-query' URL`, and its answer back with
/// `ledger anchor add`.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger anchor request --to newest.tsq")]
pub(crate) struct Request {
    /// New file for the request
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Writes the request.
pub(super) fn run(args: &Request, context: &mut Context) -> Result<Answer> {
    let folder = context.folder()?;
    let (note, checkpoint) = published::newest(&folder)?;
    let dated = anchor::dated(&note).map_err(|error| folder.place(error.into()))?;
    if !super::archived(&folder)?.contains(&dated) {
        let message = "the checkpoint is not in the archive of those that were published";
        return Err(folder
            .place(Failure::refused("anchor-stray", message))
            .hint("run `ledger verify`"));
    }
    let imprint = Sha256::of(&dated);
    let request = anchor::Request::new(imprint, random::bytes()?);
    files::create(&args.to, &request.encode(), 0o644)?;
    if context.out.json() {
        context.out.object([
            ("imprint", Value::text(imprint.to_reference())),
            ("root", Value::text(checkpoint.root().to_base64())),
            ("size", Value::count(checkpoint.size())),
        ])?;
    } else {
        context.out.line(format!("checkpoint   {} entries", checkpoint.size()))?;
        context.out.line(format!("imprint      {}", imprint.to_reference()))?;
    }
    Ok(Answer::Yes)
}
