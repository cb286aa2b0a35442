//! `ledger gate`

mod deploy;
mod obligations;

use clap::Subcommand;
use ledger_core::check::State;

use crate::context::Context;
use crate::failure::{Answer, Result};

/// Ask before something is deployed, and what still has to be done
#[derive(Subcommand, Debug)]
pub(crate) enum Gate {
    Deploy(Box<deploy::Deploy>),
    Obligations(obligations::Obligations),
}

/// Does what the subcommand says. What cannot be asked is never a yes: every failure ends with 2.
pub(crate) fn run(args: &Gate, context: &mut Context) -> Result<Answer> {
    let answer = match args {
        Gate::Deploy(args) => deploy::run(args, context),
        Gate::Obligations(args) => obligations::run(args, context),
    };
    answer.map_err(|failure| failure.exit(2))
}

/// What a verdict answers.
pub(crate) fn answer(state: State) -> Answer {
    match state {
        State::Fail => Answer::No,
        State::Pass => Answer::Yes,
        _ => Answer::CannotTell,
    }
}

/// A state in a word with its glyph.
pub(crate) fn word(state: State) -> &'static str {
    match state {
        State::Fail => "▲ no",
        State::Indeterminate => "◆ cannot tell",
        State::Waived => "○ waived",
        State::Pass => "● yes",
        State::NotApplicable | State::NoOccurrence => "  not asked",
    }
}
