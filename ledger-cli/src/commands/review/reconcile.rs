//! `ledger review reconcile`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use ledger_core::encoding::hex;
use ledger_core::fact::snapshot::{Row, rows};
use ledger_core::json::Value;
use ledger_core::schema::words::Reference;
use ledger_core::time::Timestamp;

use super::export;
use super::room::{self, Limits, Scribe};
use crate::commands::reconcile;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::import::extract;
use crate::{clock, delivery, files, keys, seen};

/// Compare a second, independent list of a system's accounts with its newest listing
///
/// EXTRACT is CSV with a column of accounts, or JSON, taken in another way and by somebody else than the
/// listing. Both ways: what it has and the listing has not is missing, the other way it is extra. Recorded
/// as `source.reconciled`, with what differs; a review opens where nothing does. Status 1 where something
/// differs.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review reconcile shop console.csv --id Login --source shop-console --query users-page --extractor hr:4711 --actor hr:4711 --key k.pem"
)]
pub(crate) struct Reconcile {
    /// The system
    system: String,
    /// The list, CSV or JSON
    extract: PathBuf,
    /// Column or member in which the accounts are
    #[arg(long, value_name = "NAME", default_value = "account")]
    id: String,
    /// Where the list is from
    #[arg(long, value_name = "ID")]
    source: String,
    /// How it was asked for, as an id
    #[arg(long, value_name = "ID")]
    query: String,
    /// Who took it
    #[arg(long, value_name = "ISSUER:ID")]
    extractor: String,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    scribe: Scribe,
}

pub(super) fn run(args: &Reconcile, context: &mut Context) -> Result<Answer> {
    let system = room::id("SYSTEM", &args.system)?;
    let source = room::id("--source", &args.source)?;
    let query = room::id("--query", &args.query)?;
    let extractor =
        keys::identity(&args.extractor).map_err(|failure| failure.within("--extractor"))?;
    let (signing, actor) = (args.scribe.load()?, args.scribe.actor()?);
    let bytes = files::read_input(&args.extract)?;
    let accounts = extract::ids(&bytes, &args.id).map_err(|reason| {
        Failure::new(reason.code, reason.message).within(files::shown(&args.extract))
    })?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let key = export::key(&ledger)?;
    let room = args.limits.room(&ledger)?;
    let (taken, listed) = listed(system, &room, &ledger)?;
    let opaque = |account: &String| {
        let mut digits = hex(&key.source_digest(&format!("account:{system}"), account).0);
        digits.truncate(32);
        digits
    };
    let found: BTreeSet<String> = accounts.iter().map(opaque).collect();
    let missing: Vec<&String> =
        accounts.iter().filter(|account| !listed.contains(&opaque(account))).collect();
    let extra: Vec<&String> = listed.difference(&found).collect();
    let now = clock::now()?;
    let until = Timestamp::from_micros(now.micros() + 1).unwrap_or(now);
    let data = vec![
        ("different", Value::count(0)),
        ("extra", Value::count(extra.len() as u64)),
        ("extracted_at", Value::text(now.to_string())),
        ("extractor", extractor),
        ("from", Value::text(taken.to_string())),
        ("matched", Value::count((accounts.len() - missing.len()) as u64)),
        ("missing", Value::count(missing.len() as u64)),
        ("population", Value::text("access.observed")),
        ("query", Value::text(query)),
        ("source_count", Value::count(accounts.len() as u64)),
        ("to", Value::text(until.to_string())),
    ];
    let draft = Value::object([
        ("actor", actor),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(now.to_string())),
        (
            "subject",
            Value::object([("source", Value::text(source)), ("system", Value::text(system))]),
        ),
        ("type", Value::text("source.reconciled")),
    ]);
    let line = |state: &str, id: &str| {
        Value::object([("id", Value::text(id)), ("state", Value::text(state))]).to_canonical()
    };
    let mut lines: Vec<String> = missing.iter().map(|id| line("missing", id)).collect();
    lines.extend(extra.iter().map(|id| line("extra", id)));
    let receipt = reconcile::append(&mut ledger, &sight, draft, &lines, &keys::signers(&signing))
        .map_err(|failure| folder.place(failure))?;
    let out = &mut context.out;
    out.object([
        ("extra", Value::count(extra.len() as u64)),
        ("index", Value::count(receipt.index)),
        ("matched", Value::count((accounts.len() - missing.len()) as u64)),
        ("missing", Value::count(missing.len() as u64)),
        ("source_count", Value::count(accounts.len() as u64)),
    ])?;
    out.line(format!(
        "entry {}: {} accounts, {} missing, {} extra",
        receipt.index,
        accounts.len(),
        missing.len(),
        extra.len()
    ))?;
    out.flush()?;
    sight.remember(&folder)?;
    delivery::tidy(&folder, &mut ledger)?;
    Ok(if lines.is_empty() { Answer::Yes } else { Answer::No })
}

/// When the newest listing of a system was taken, and its accounts as it has them; code
/// `review-snapshot-none`.
fn listed(
    system: &str,
    room: &room::Room,
    ledger: &ledger_core::ledger::Ledger,
) -> Result<(Timestamp, BTreeSet<String>)> {
    let all = room.facts.access_observed.of(Reference::System, system);
    let Some(newest) = all.max_by_key(|said| (said.taken_at, said.at.index)) else {
        return Err(Failure::refused(
            "review-snapshot-none",
            format!("no listing of system `{system}` is there"),
        )
        .hint("import a list of its accounts and entitlements first"));
    };
    let digest = newest.entitlements.attachment;
    let Some(bytes) = ledger_core::blob::get(&**ledger.store(), digest)? else {
        let message = format!("its list {} is not there", digest.to_reference());
        return Err(Failure::new("review-snapshot-unread", message));
    };
    let rows: Vec<Row> = rows(&bytes)?;
    Ok((newest.taken_at, rows.iter().map(|row| row.account.to_string()).collect()))
}
