//! `ledger key revoke`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ledger_core::json::Value;

use crate::collect::Others;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::{clock, keys};

/// Revoke a key, so that it signs nothing from here on
///
/// Signed by keys with `admin` of as many persons as the ledger's threshold asks for; with --to the
/// others sign elsewhere. What the key signed before stands. A key that was compromised puts what it
/// signed in doubt, from the entry that --suspect-from names, or all of it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger key revoke ci.pub --key alice.pem --key bob.pem --reason compromised --suspect-from 4711"
)]
pub(crate) struct Revoke {
    /// The key to revoke: its id, or the file of its public half
    key: String,
    /// Key with `admin`, a file or agent:SHA256:…; once for each that is here
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<PathBuf>,
    /// Why
    #[arg(long)]
    reason: Reason,
    /// The earliest entry that is in doubt
    #[arg(long, value_name = "INDEX")]
    suspect_from: Option<u64>,
    #[command(flatten)]
    others: Others,
}

/// Why a key is revoked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
    /// Another key took its place
    Superseded,
    /// It is not needed any more
    Retired,
    /// Somebody else may have used it
    Compromised,
}

/// Revokes the key, or writes the envelope that will.
pub(crate) fn run(args: &Revoke, context: &mut Context) -> Result<Answer> {
    let id = keys::named(&args.key)?;
    let signers = args.others.with(keys::load_all(&args.keys)?)?;
    let reason = match args.reason {
        Reason::Superseded => "superseded",
        Reason::Retired => "retired",
        Reason::Compromised => "compromised",
    };
    let mut data = vec![("reason", Value::text(reason))];
    data.extend(args.suspect_from.map(|from| ("suspect_from", Value::count(from))));
    let draft = Value::object([
        ("type", Value::text("key.revoked")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("key", Value::text(id.to_string()))])),
        ("data", Value::object(data)),
    ]);
    args.others.finish(&draft, &signers, context)
}
