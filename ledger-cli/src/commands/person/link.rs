//! `ledger person link`

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, keys};

/// Say that accounts are one person, or no longer
///
/// `ledger person link github:583231 ldap:alovelace --basis hr --actor hr:17 --key connector.pem`.
#[derive(Args, Debug)]
pub(crate) struct Link {
    /// Accounts
    #[arg(required = true, value_name = "ISSUER:ID")]
    identities: Vec<String>,
    /// They are no longer linked; one account alone loses all its links
    #[arg(long)]
    unlink: bool,
    /// What says so, like `hr` or `directory`
    #[arg(long)]
    basis: String,
    /// Since when
    #[arg(long, value_name = "TIME")]
    valid_from: Option<String>,
    /// Who acts
    #[arg(long, value_name = "ISSUER:ID")]
    actor: String,
    /// Key file that signs
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

pub(super) fn run(args: &Link, context: &mut Context) -> Result<Answer> {
    if !args.unlink && args.identities.len() < 2 {
        return Err(Failure::new("link", "one account alone is linked to nothing")
            .hint("name two or more accounts"));
    }
    let identities =
        args.identities.iter().map(|text| keys::identity(text)).collect::<Result<_>>()?;
    let mut data = vec![
        ("action", Value::text(if args.unlink { "unlinked" } else { "linked" })),
        ("basis", Value::text(&args.basis)),
        ("identities", Value::List(identities)),
    ];
    data.extend(args.valid_from.iter().map(|time| ("valid_from", Value::text(time))));
    let actor = keys::identity(&args.actor)?;
    let draft = Value::object([
        ("actor", Value::object([("id", actor), ("kind", Value::text("human"))])),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("type", Value::text("identity.linked")),
    ]);
    super::record(&draft, &args.keys, context)
}
