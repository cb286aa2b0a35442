//! `ledger attach`

use std::path::PathBuf;

use clap::Args;

use crate::attachments::Attachment;
use crate::context::Context;
use crate::failure::{Answer, Result};

/// Store a file beside the ledger, and print how an event names it
///
/// The reference goes into an event's `attachments`. A private file is encrypted first: the event names the
/// digest of the ciphertext, and the key goes to the vault with the first event from this machine that
/// names it. `ledger record --attach FILE` does both at once, also while the ledger is away.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger attach report.json")]
pub(crate) struct Attach {
    /// The file; `-` is standard input
    file: PathBuf,
    /// Encrypt it: it names persons
    #[arg(long)]
    private: bool,
    /// Name of the attachment, a restricted id; else the file's
    #[arg(long, value_name = "ID")]
    name: Option<String>,
    /// Media type; else by the ending of the file's name
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
}

/// Stores the file.
pub(crate) fn run(args: &Attach, context: &mut Context) -> Result<Answer> {
    let (folder, ledger) = context.open().map_err(|failure| {
        failure.instead(
            "`ledger record --attach FILE` keeps it with its event until the ledger is back",
        )
    })?;
    let (name, media) = (args.name.as_deref(), args.media_type.as_deref());
    let attachment = Attachment::read(&args.file, args.private, name, media, ledger.origin())?;
    attachment.put(&folder.state, ledger.origin(), &**ledger.store())?;
    if context.out.json() {
        context.out.document(&attachment.reference)?;
    } else {
        context.out.line(attachment.reference.to_canonical())?;
    }
    Ok(Answer::Yes)
}
