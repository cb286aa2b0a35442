//! `ledger gate obligations`

use clap::Args;
use ledger_core::fact::Facts;
use ledger_core::gate::{self, Obligation, Standing};
use ledger_core::time::Timestamp;

use crate::asked::{self, rules};
use crate::clock;
use crate::context::Context;
use crate::evaluated::Blobs;
use crate::failure::{Answer, Result};
use crate::output::Out;

/// List what still has to be done, and until when
///
/// Ratifications, gates to be made up for, reviews, changes to be closed, watches, incidents' clocks, access
/// reviews, waivers and accepted risks that end soon, debts and actions. Status 0: nothing is overdue. 1:
/// something is. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger gate obligations --overlay company.toml")]
pub(crate) struct Obligations {
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
}

/// Lists them.
pub(super) fn run(args: &Obligations, context: &mut Context) -> Result<Answer> {
    let now = clock::now()?;
    let rules = rules(&args.overlays, now)?;
    let (folder, ledger) = context.open()?;
    let facts = Facts::of(&ledger, u64::MAX, now)?;
    let mut all = gate::obligations(&facts, &Blobs(&*folder.store), &rules, now)?;
    let overdue = all.iter().any(|known| known.standing == Standing::Overdue);
    let unread = facts.unread.all().len();
    if args.overdue {
        all.retain(|known| known.standing == Standing::Overdue);
    }
    say(&all, unread, now, &mut context.out)?;
    Ok(match (overdue, unread) {
        (true, _) => Answer::No,
        (false, 0) => Answer::Yes,
        (false, _) => Answer::CannotTell,
    })
}

fn say(all: &[Obligation], unread: usize, now: Timestamp, out: &mut Out) -> Result<()> {
    out.value(&asked::obligations(all, unread, now))?;
    for known in all {
        let glyph = if known.standing == Standing::Overdue { "▲ overdue" } else { "○ open" };
        let due = known.due.to_string();
        let due = due.get(..19).unwrap_or_default();
        out.line(format!("{glyph:<10} {due}Z  {:<24} {}", known.kind, known.about))?;
        out.line(format!("{:<10} {}", "", known.sentence))?;
        let cited: Vec<String> = known.entries.iter().map(ToString::to_string).collect();
        out.line(format!("{:<10} closed by {}; entries {}", "", known.closes, cited.join(", ")))?;
    }
    if unread > 0 {
        out.line(format!("◆ {unread} entries cannot be read, so something may be missing"))?;
    }
    if all.is_empty() && unread == 0 {
        out.line("● nothing is to be done")?;
    }
    Ok(())
}
