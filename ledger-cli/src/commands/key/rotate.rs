//! `ledger key rotate`

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::key::Signer as _;

use crate::collect::Others;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, keys};

/// Put a new key in a key's own place
///
/// Signed by the old key and the new one, and nobody else. The new key has the holder, the
/// capabilities and the scope of the old one, which signs nothing afterwards: its streams end, and new
/// ones begin. Keys for checkpoints and witnesses sign no events: register a new one and revoke the old.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger key rotate --key ci.pem --new ci-2027.pem")]
pub(crate) struct Rotate {
    /// The key that ends, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// The key that takes its place; with --to also its public half, to be signed elsewhere
    #[arg(long, value_name = "KEY")]
    new: PathBuf,
    /// Write the signed event to this new file instead of appending it
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Rotates the key, or writes the envelope that will.
pub(crate) fn run(args: &Rotate, context: &mut Context) -> Result<Answer> {
    let old = keys::load_one(args.key.as_ref())?;
    let id = old.public().id();
    let others = Others::to_file(args.to.clone());
    let mut signers = others.with(vec![old])?;
    let (public, new) = keys::newcomer(&args.new, args.to.is_some())?;
    if public.id() == id {
        return Err(Failure::new("key-twice", "the new key is the old one")
            .hint("make a new key with `ledger key new`"));
    }
    signers.add(public.id(), new);
    let draft = Value::object([
        ("type", Value::text("key.rotated")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("key", Value::text(id.to_string()))])),
        ("data", Value::object([("successor", Value::text(public.to_base64()))])),
    ]);
    others.finish(&draft, &signers, context)
}
