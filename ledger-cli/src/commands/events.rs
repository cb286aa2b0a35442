//! `ledger events`

use clap::Args;
use ledger_core::json::{Value, read};
use ledger_core::schema::{self, EventType, TYPES};

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::pretty;

/// List the types of events, or show how one is written
///
/// Each line is a type, the subject references it demands, what the key that signs it must be able
/// to do, and what it records. With a TYPE it is an example that `ledger append` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger events deployment.finished")]
pub(crate) struct Events {
    /// Type of event, like `deployment.finished`
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
}

/// Lists the types.
pub(crate) fn run(args: &Events, context: &mut Context) -> Result<Answer> {
    let out = &mut context.out;
    if let Some(kind) = &args.kind {
        let example = schema::example(known(kind)?.name).unwrap_or_default();
        let example = read(example.as_bytes())?;
        out.document(&example)?;
        out.line(pretty(&example))?;
        return Ok(Answer::Yes);
    }
    out.object([("events", Value::List(TYPES.iter().map(value).collect()))])?;
    let width = |of: fn(&EventType) -> usize| TYPES.iter().map(of).max().unwrap_or_default();
    let (name, subject) = (width(|kind| kind.name.len()), width(|kind| references(kind).len()));
    let need = width(|kind| kind.need.as_str().len());
    for kind in TYPES {
        out.line(format!(
            "{:<name$}  {:<subject$}  {:<need$}  {}",
            kind.name,
            references(kind),
            kind.need.as_str(),
            kind.meaning
        ))?;
    }
    Ok(Answer::Yes)
}

/// The type of that name.
pub(crate) fn known(kind: &str) -> Result<&'static EventType> {
    schema::find(kind).ok_or_else(|| {
        Failure::new("schema-type", format!("event type `{kind}` is not known here"))
            .hint("`ledger events` lists the types")
    })
}

fn references(kind: &EventType) -> String {
    if kind.subject.is_empty() { "-".to_owned() } else { kind.subject.join(" ") }
}

fn value(kind: &EventType) -> Value {
    let subject = kind.subject.iter().map(|name| Value::text(*name)).collect();
    let mut members = vec![
        ("actor", Value::Bool(kind.actor)),
        ("meaning", Value::text(kind.meaning)),
        ("need", Value::text(kind.need.as_str())),
        ("subject", Value::List(subject)),
        ("type", Value::text(kind.name)),
    ];
    members.extend(kind.own.map(|own| ("own", Value::text(own))));
    Value::object(members)
}
