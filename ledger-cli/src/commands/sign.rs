//! `ledger sign`

use std::path::PathBuf;

use clap::Args;
use ledger_core::checkpoint::Origin;

use crate::collect::{self, Others};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, drafts, keys, seen};

/// Sign an event that others must sign too, without appending it
///
/// Completes and seals one draft as `ledger append` would, names all who must sign it, signs with the
/// keys that are here, and writes an envelope (DSSE). The others sign it with `ledger cosign`, wherever
/// they are; `ledger append --signed` delivers it. The file holds what the event seals: it names people.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger sign policy.json --key alice.pem --signer bob.pub --to policy.dsse"
)]
pub(crate) struct Sign {
    /// File of one event; `-` is standard input
    draft: PathBuf,
    /// Key that signs here, a file or agent:SHA256:…; the first owns the stream [or LEDGER_KEY]
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    others: Others,
    /// Label of the stream, never a login
    #[arg(long, default_value = "cli")]
    label: String,
    /// Origin of the ledger, where its folder is not at hand
    #[arg(long)]
    origin: Option<String>,
}

/// Signs, and writes the envelope.
pub(crate) fn run(args: &Sign, context: &mut Context) -> Result<Answer> {
    let Some(to) = args.others.to() else {
        return Err(Failure::new("usage", "the signed event has no file to go to")
            .hint("give --to FILE; or `ledger append`, if all keys are here"));
    };
    let drafts = drafts::read_all(std::slice::from_ref(&args.draft), clock::now()?, false)?;
    let [draft] = drafts.as_slice() else {
        return Err(Failure::new("draft-many", format!("{} events, not one", drafts.len()))
            .within(args.draft.display().to_string())
            .hint("an envelope holds one event: sign them one by one"));
    };
    let (genesis, value) = if let Some(text) = &args.origin {
        let origin = Origin::parse(text).map_err(|error| {
            Failure::from(error)
                .within("--origin")
                .hint("it stands in the ledger's `ledger.toml`: a name and 64 hex digits")
        })?;
        (origin.genesis(), draft.value.clone())
    } else {
        let (folder, ledger, sight) = seen::open(context)?;
        sight.remember(&folder)?;
        (ledger.origin().genesis(), sight.named(&draft.value))
    };
    let signers = args.others.with(keys::load_all(&args.keys)?)?;
    collect::write(&value, &args.label, genesis.0, &signers, to, context)
        .map_err(|failure| if failure.code() == "exists" { failure } else { draft.place(failure) })
}
