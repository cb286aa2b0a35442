//! `ledger status`

use clap::Args;
use ledger_core::json::Value;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::hook::{self, Options, spool::Place};

/// Say what waits in the spool, and since when
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger status")]
pub(crate) struct Status {
    #[command(flatten)]
    options: Options,
}

/// Lists the streams of the workspace.
pub(crate) fn run(args: &Status, context: &mut Context) -> Result<Answer> {
    let workspace = hook::workspace(&args.options, &hook::look()?)?;
    let mut items = Vec::new();
    let mut lines = Vec::new();
    let mut damaged = None;
    for place in Place::all(&workspace, &context.state()?) {
        for name in place.names()? {
            let spool = match place.peek(&name) {
                Ok(Some(spool)) => spool,
                Ok(None) => continue,
                Err(failure) => {
                    damaged = Some(failure.hint("`ledger flush` saves what is whole in it"));
                    continue;
                }
            };
            let since = spool.waiting.first().map(|waiting| waiting.at.to_string());
            lines.push(match &since {
                Some(since) => {
                    format!("{}  {} waiting since {since}", spool.stream(), spool.waiting.len())
                }
                None => format!("{}  nothing waits", spool.stream()),
            });
            let mut members = vec![
                ("ledger", Value::text(spool.ledger.to_string())),
                ("next", Value::count(spool.next().seq)),
                ("stream", Value::text(spool.stream())),
                ("waiting", Value::count(spool.waiting.len() as u64)),
            ];
            members.extend(since.map(|since| ("since", Value::text(since))));
            items.push(Value::object(members));
        }
    }
    context.out.object([("streams", Value::List(items))])?;
    if lines.is_empty() {
        context.out.line("nothing waits, and no stream is open")?;
    }
    lines.into_iter().try_for_each(|line| context.out.line(line))?;
    damaged.map_or(Ok(Answer::Yes), Err)
}
