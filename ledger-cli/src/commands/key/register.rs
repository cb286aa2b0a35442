//! `ledger key register`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use ledger_core::json::Value;

use crate::collect::Others;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::{clock, keys};

/// Register a key, so that it may sign from here on
///
/// Signed by keys with `admin` of as many persons as the ledger's threshold asks for, and by the new
/// key. If they are not all on this machine, --to writes an envelope that the others sign with `ledger
/// cosign`.
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("holder").required(true).args(["person", "service"])),
    after_help = "Example: ledger key register --key alice.pem --signer bob.pub --new ci.pem --service ci \
--capability 'append:deployment.*' --to ci.dsse"
)]
pub(crate) struct Register {
    /// Key with `admin`, a file or agent:SHA256:…; once for each that is here
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<PathBuf>,
    /// The key to register: its secret, or with --to also its public half, to be signed elsewhere
    #[arg(long, value_name = "KEY")]
    new: PathBuf,
    /// Person who holds the key
    #[arg(long, value_name = "ISSUER:ID")]
    person: Option<String>,
    /// Service that holds the key
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What the key may do, like `append:deployment.*`, `approve`, `relay:github`, `checkpoint`
    #[arg(long = "capability", value_name = "CAPABILITY", required = true)]
    capabilities: Vec<String>,
    /// Restrict the key to a service, or to those that begin so with a final `*`; may be repeated
    #[arg(long, value_name = "SERVICE")]
    service_scope: Vec<String>,
    /// Restrict the key to an environment, or to those that begin so; may be repeated
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Vec<String>,
    #[command(flatten)]
    others: Others,
}

/// Registers the key, or writes the envelope that will.
pub(crate) fn run(args: &Register, context: &mut Context) -> Result<Answer> {
    let mut signers = args.others.with(keys::load_all(&args.keys)?)?;
    let elsewhere = args.others.to().is_some();
    let (public, new) = keys::newcomer(&args.new, elsewhere).map_err(|failure| {
        if failure.code() != "key-public" {
            return failure;
        }
        failure.instead(
            "the new key signs its own registration: give its secret, or --to FILE to have it signed elsewhere",
        )
    })?;
    signers.add(public.id(), new);
    let mut capabilities = args.capabilities.clone();
    capabilities.sort();
    capabilities.dedup();
    let list = |items: &[String]| Value::List(items.iter().map(Value::text).collect());
    let mut data = vec![
        ("capabilities", list(&capabilities)),
        ("public_key", Value::text(public.to_base64())),
    ];
    match (&args.person, &args.service) {
        (Some(person), _) => data.push(("holder", keys::identity(person)?)),
        (None, service) => data.extend(service.iter().map(|name| ("service", Value::text(name)))),
    }
    let scopes = [("services", &args.service_scope), ("environments", &args.environment)];
    let scope: Vec<_> = scopes
        .iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| (*name, list(items)))
        .collect();
    if !scope.is_empty() {
        data.push(("scope", Value::object(scope)));
    }
    let draft = Value::object([
        ("type", Value::text("key.registered")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("key", Value::text(public.id().to_string()))])),
        ("data", Value::object(data)),
    ]);
    args.others.finish(&draft, &signers, context)
}
