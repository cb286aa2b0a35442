//! `ledger log`

use clap::Args;
use ledger_core::entry::Entry;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::listing::{self, Asked, Filter};
use crate::output::Out;

/// List entries, one on each line
///
/// In the order of the log, the oldest first. Each line has the index, when it occurred, the type and
/// what it is about.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger log --since 2026-07-01 --subject service:payments")]
pub(crate) struct Log {
    /// Only events of this type, like `deployment.finished`
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only events about this, like `service:payments`
    #[arg(long, value_name = "REFERENCE:ID")]
    subject: Option<String>,
    /// Only events that name this person, by pseudonym
    #[arg(long, value_name = "PSEUDONYM")]
    person: Option<String>,
    /// Only events that occurred at this time or later: a date, or a time to the microsecond
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events that occurred before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most this many entries
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The newest first
    #[arg(long)]
    reverse: bool,
}

/// Lists the entries.
pub(crate) fn run(args: &Log, context: &mut Context) -> Result<Answer> {
    let asked = Asked {
        kind: args.kind.as_deref(),
        subject: args.subject.as_deref(),
        person: args.person.as_deref(),
        since: args.since.as_deref(),
        until: args.until.as_deref(),
    };
    let filter = Filter::read(&asked, "--")?;
    let (_, ledger) = context.open()?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    let out = &mut context.out;
    filter.each(&ledger, args.reverse, 0, |entry| {
        if left > 0 {
            left -= 1;
            print(out, entry)?;
        }
        Ok(left > 0 && !out.closed())
    })?;
    Ok(Answer::Yes)
}

fn print(out: &mut Out, entry: &Entry<'_>) -> Result<()> {
    let event = &entry.event;
    let subject = event.root.get("subject");
    if out.json() {
        return out.document(&listing::value(entry));
    }
    let about: Vec<String> = subject
        .into_iter()
        .flat_map(|subject| subject.members())
        .map(|(name, value)| format!("{name}:{}", short(value.plain().unwrap_or_default())))
        .collect();
    let line = format!(
        "{:>7}  {}  {:<20}  {}",
        entry.index,
        event.occurred_at,
        event.kind,
        about.join(" ")
    );
    out.line(line.trim_end())
}

/// Long names by their beginning and end; whole in `ledger show`.
fn short(id: &str) -> String {
    match (id.get(..12), id.len().checked_sub(4).and_then(|from| id.get(from..))) {
        (Some(first), Some(last)) if id.len() > 48 => format!("{first}…{last}"),
        _ => id.to_owned(),
    }
}
