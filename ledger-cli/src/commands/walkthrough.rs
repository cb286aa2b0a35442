//! `ledger walkthrough`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::control::Catalogue;
use ledger_core::json::Value;

use crate::commands::speaker::{By, Said, Speaker, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;

/// Record that somebody followed one item through a control
#[derive(Subcommand, Debug)]
pub(crate) enum Walkthrough {
    Record(Record),
}

/// Record a walkthrough: one real item, the entries that it left, and what was seen
///
/// The narrative is sealed. It is signed by the own key of whoever did it (`append:walkthrough.recorded`).
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger walkthrough record --control SOX-CM-01 --item d-118 --entry 118,131 --narrative 'followed d-118 from commit to production' --as hr:1042 --key ada.pem"
)]
pub(crate) struct Record {
    /// The control
    #[arg(long, value_name = "CONTROL")]
    control: String,
    /// The item that was followed
    #[arg(long, value_name = "ID")]
    item: String,
    /// An entry that it left; once for each, or between commas
    #[arg(long = "entry", value_name = "INDEX", value_delimiter = ',', required = true)]
    entries: Vec<u64>,
    /// What was seen, in words; sealed
    #[arg(long, value_name = "TEXT", required_unless_present = "file", conflicts_with = "file")]
    narrative: Option<String>,
    /// The file in which that stands; `-` is standard input
    #[arg(long = "narrative-file", value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    by: By,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Walkthrough, context: &mut Context) -> Result<Answer> {
    let Walkthrough::Record(args) = args;
    if Catalogue::shipped()?.control(&args.control).is_none() {
        return Err(Failure::new("control", format!("there is no control `{}`", args.control))
            .within("--control")
            .hint("`ledger controls list` has all of them"));
    }
    let item = filled("--item", &args.item)?;
    let narrative = match (&args.narrative, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => String::from_utf8(files::read_input(file)?)
            .map_err(|_| Failure::new("text", "it is not UTF-8").within(files::shown(file)))?,
        (None, None) => String::new(),
    };
    let narrative = filled("--narrative", &narrative)?;
    let mut entries = args.entries.clone();
    entries.sort_unstable();
    entries.dedup();
    let speaker = Speaker::begin(&args.by, context)?;
    let size = speaker.ledger.size();
    if let Some(beyond) = entries.iter().find(|index| **index >= size) {
        return Err(Failure::new(
            "entry-none",
            format!("there is no entry {beyond}: the ledger has {size}"),
        )
        .within("--entry")
        .hint("`ledger log --subject deployment:ID` lists what an item left"));
    }
    let said = Said {
        kind: "walkthrough.recorded",
        subject: ("control", &args.control),
        data: vec![
            ("entries", Value::List(entries.into_iter().map(Value::count).collect())),
            ("item", Value::text(item)),
            ("narrative", Value::text(narrative)),
            ("performer", speaker.person.clone()),
        ],
        attachments: Vec::new(),
        told: Vec::new(),
    };
    speaker.say(said, context)
}
