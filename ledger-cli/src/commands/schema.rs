//! `ledger schema`

use clap::Args;
use ledger_core::schema::export;

use super::events;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::pretty;

/// Print the types of events as JSON Schema
///
/// The schema (draft 2020-12) is that of a whole signed event, made from the table that the ledger
/// checks by. Without a TYPE all types stand in one document.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger schema deployment.finished > deployment.finished.schema.json"
)]
pub(crate) struct Schema {
    /// Type of event, like `deployment.finished`
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
}

/// Prints the schema.
pub(crate) fn run(args: &Schema, context: &mut Context) -> Result<Answer> {
    let schema = match &args.kind {
        Some(kind) => export::one(events::known(kind)?),
        None => export::all(),
    };
    context.out.document(&schema)?;
    context.out.line(pretty(&schema))?;
    Ok(Answer::Yes)
}
