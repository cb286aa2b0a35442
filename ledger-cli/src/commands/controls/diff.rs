//! `ledger controls diff`

use std::path::Path;

use clap::Args;
use ledger_core::control::{Catalogue, Changed, Difference, Resolved, Turn};
use ledger_core::json::{self, Value};
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::layers;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, files};

/// Longest text of a field that is shown; all of it is in the JSON.
const SHOWN: usize = 60;

/// Show what changes from one catalogue to another
///
/// Each side is a chain of overlays between commas, `catalogue` for none, with `@DAY` as of a day; or a
/// file that `ledger controls resolve --json` wrote, also by another version. Limits say whether they
/// became stricter or looser.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger controls diff catalogue eu,company.toml@2026-07-01")]
pub(crate) struct Diff {
    /// The old one
    old: String,
    /// The new one
    new: String,
}

pub(super) fn run(args: &Diff, context: &mut Context) -> Result<Answer> {
    let difference = Difference::between(&side(&args.old)?, &side(&args.new)?)?;
    let out = &mut context.out;
    out.document(&difference.to_json())?;
    for id in &difference.removed {
        out.line(format!("- {id}"))?;
    }
    for id in &difference.added {
        out.line(format!("+ {id}"))?;
    }
    for (id, fields) in &difference.controls {
        out.line(format!("~ {id}"))?;
        for field in fields {
            out.line(format!("    {}", line(field)))?;
        }
    }
    for (word, all) in
        [("limit", &difference.limits), ("layer", &difference.layers), ("test", &difference.tests)]
    {
        for changed in all {
            out.line(format!("{word:<6} {}", line(changed)))?;
        }
    }
    if difference.is_empty() {
        out.line("nothing changes")?;
    }
    Ok(Answer::Yes)
}

fn line(changed: &Changed) -> String {
    let short = |text: &Option<String>| match text {
        None => "nothing".to_owned(),
        Some(text) if text.chars().count() > SHOWN => {
            format!("{}…", text.chars().take(SHOWN).collect::<String>())
        }
        Some(text) => text.clone(),
    };
    let turn = match changed.turn {
        Some(Turn::Stricter) => "  ▲ stricter",
        Some(Turn::Looser) => "  ▼ looser",
        Some(Turn::Other) | None => "",
    };
    format!("{}: {} → {}{turn}", changed.name, short(&changed.old), short(&changed.new))
}

/// A resolved catalogue as it is named.
fn side(text: &str) -> Result<Value> {
    if Path::new(text).extension().is_some_and(|extension| extension == "json") {
        let bytes = files::read(Path::new(text))?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        return json::read_document(line).map_err(|error| {
            Failure::from(error)
                .within(text)
                .hint("`ledger controls resolve --json` prints a resolved catalogue")
        });
    }
    let (chain, at) = match text.rsplit_once('@') {
        None => (text, clock::now()?),
        Some((chain, day)) => (
            chain,
            Timestamp::of_day(day).map_err(|_| {
                Failure::new("day", format!("`{day}` is no day"))
                    .within(text)
                    .hint("like 2026-07-01")
            })?,
        ),
    };
    if chain.is_empty() {
        return Err(Failure::new("field-empty", "no catalogue is named")
            .hint("`catalogue`, or overlays between commas; an unset variable is no value"));
    }
    let named: Vec<String> = match chain {
        "catalogue" => Vec::new(),
        chain => chain.split(',').map(str::to_owned).collect(),
    };
    let resolved = Resolved::at(Catalogue::shipped()?, &layers(&named)?, at);
    Ok(resolved.map_err(|error| Failure::from(error).within(text))?.to_json())
}
