//! `ledger report conflicts`, `exceptions` and `freeze`: one matter of a whole period.

use clap::Args;
use ledger_core::report::Matter;

use super::folder::{Brought, spelled};
use crate::context::Context;
use crate::evaluated::Span;
use crate::failure::{Answer, Result};

/// Which period.
#[derive(Args, Debug)]
struct Over {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    brought: Brought,
}

/// Report duties that must be apart: who holds two at once, and who did two in one matter
///
/// Persons stand as pseudonyms, and nothing is counted by person. Status 0: no conflict. 1: conflicts,
/// or a verdict does not hold. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report conflicts --period 2026-Q3 --out conflicts")]
pub(crate) struct Conflicts {
    #[command(flatten)]
    over: Over,
}

/// Report what tests found wrong, what was promised, and what was kept
///
/// Status 0: nothing was found. 1: exceptions, or a verdict does not hold. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger report exceptions --framework sox --period 2026-Q3 --out exceptions"
)]
pub(crate) struct Exceptions {
    #[command(flatten)]
    over: Over,
}

/// Report freezes: when nothing could be deployed, who was let through, what went out all the same
///
/// Status 0: nothing went out without leave. 1: something did, or a verdict does not hold. 2: it cannot
/// be told.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report freeze --period 2026-Q4 --out freeze")]
pub(crate) struct Freeze {
    #[command(flatten)]
    over: Over,
}

pub(super) fn conflicts(args: &Conflicts, context: &mut Context) -> Result<Answer> {
    args.over.write(&Matter::Conflicts, context)
}

pub(super) fn exceptions(args: &Exceptions, context: &mut Context) -> Result<Answer> {
    args.over.write(&Matter::Exceptions, context)
}

pub(super) fn freeze(args: &Freeze, context: &mut Context) -> Result<Answer> {
    args.over.write(&Matter::Freeze, context)
}

impl Over {
    fn write(&self, matter: &Matter<'_>, context: &mut Context) -> Result<Answer> {
        let span = self.span.of(&self.brought.asked.fiscal()?)?;
        self.brought.make_folder()?;
        let evaluated = self.brought.asked.evaluate(span, context)?;
        let words = format!("{} {}", matter.word(), spelled(&self.span));
        self.brought.write(&words, &evaluated, matter, context)
    }
}
