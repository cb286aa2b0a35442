//! `ledger key list`

use std::path::PathBuf;

use clap::Args;
use ledger_core::blob;
use ledger_core::hash::Sha256;
use ledger_core::json::{self, Value};
use ledger_core::key::KeyId;
use ledger_core::trust::{Holder, Record, Registry};

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, delivery, keys, seen};

/// List the keys that the log registered, and how they stand
///
/// With --record the list itself is recorded as `key.listed`: so whoever has that entry can tell
/// offline which keys were not revoked before it.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger key list --at 4711")]
pub(crate) struct List {
    /// As of this many entries instead of all
    #[arg(long, value_name = "SIZE", conflicts_with = "record")]
    at: Option<u64>,
    /// Record the list as an entry, with the list attached
    #[arg(long)]
    record: bool,
    /// Key that signs the record, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, value_name = "KEY", requires = "record")]
    key: Option<PathBuf>,
}

/// Lists the keys, or records the list.
pub(crate) fn run(args: &List, context: &mut Context) -> Result<Answer> {
    if args.record {
        return record(args, context);
    }
    let (_, ledger) = context.open()?;
    if let Some(at) = args.at.filter(|at| *at > ledger.size()) {
        return Err(Failure::new("no-entry", format!("there are no {at} entries"))
            .within("--at")
            .hint(format!("the ledger has {} entries", ledger.size())));
    }
    let at = args.at.map(|at| ledger.registry_at(at)).transpose()?;
    print(at.as_ref().unwrap_or(ledger.registry()), context)
}

fn print(registry: &Registry, context: &mut Context) -> Result<Answer> {
    let out = &mut context.out;
    if out.json() {
        let text = registry.list();
        let keys: std::result::Result<Vec<Value>, _> =
            text.lines().map(|line| json::read(line.as_bytes())).collect();
        out.object([
            ("digest", Value::text(Sha256::of(text.as_bytes()).to_reference())),
            ("keys", Value::List(keys?)),
            ("size", Value::count(registry.len() as u64)),
        ])?;
        return Ok(Answer::Yes);
    }
    for (id, record) in registry.keys() {
        for line in lines(&id, record) {
            out.line(line)?;
        }
    }
    Ok(Answer::Yes)
}

/// Two lines for people.
fn lines(id: &KeyId, record: &Record) -> [String; 2] {
    let holder = match &record.holder {
        Holder::Person(person) => format!("person {person}"),
        Holder::Service(service) => format!("service {service}"),
    };
    let mut can: Vec<String> = record.capabilities.iter().map(ToString::to_string).collect();
    let scope = &record.scope;
    for (name, items) in [("service", &scope.services), ("environment", &scope.environments)] {
        can.extend(items.iter().map(|item| format!("{name}={item}")));
    }
    let mut standing = vec![format!("since entry {}", record.registered)];
    if let Some(ended) = &record.ended {
        standing.push(format!("{} by entry {}", ended.reason.word(), ended.index));
        standing.extend(ended.successor.map(|key| format!("its successor is {key}")));
    }
    if let Some(suspect) = &record.suspect {
        let (from, by) = (suspect.from, suspect.by);
        standing.push(format!("suspect from entry {from} on by entry {by}"));
    }
    let standing = standing.join(", ");
    [format!("{id}  {holder}  {standing}"), format!("  {}", can.join(" "))]
}

/// The blob first: nothing refers to what is not yet durable.
fn record(args: &List, context: &mut Context) -> Result<Answer> {
    let key = keys::load_one(args.key.as_ref())?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let text = ledger.registry().list();
    let digest = blob::put(&**ledger.store(), text.as_bytes())?;
    let count = Value::count(ledger.registry().len() as u64);
    let keys = [("attachment", Value::text(&digest)), ("count", count.clone())];
    let attachment = [
        ("digest", Value::text(&digest)),
        ("media_type", Value::text("application/jsonl")),
        ("name", Value::text("keys.jsonl")),
        ("size", Value::count(text.len() as u64)),
    ];
    let draft = Value::object([
        ("type", Value::text("key.listed")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        (
            "data",
            Value::object([
                ("digest", Value::text(&digest)),
                ("keys", Value::object(keys)),
                ("size", count),
            ]),
        ),
        ("attachments", Value::List(vec![Value::object(attachment)])),
    ]);
    let receipt = delivery::one(&mut ledger, &sight, &draft, "keys", &[&key])
        .map_err(|failure| folder.place(failure).hint("the key needs `append:key.listed`"))?;
    delivery::settle(receipt, (&folder, &mut ledger, &sight), context)
}
