//! `ledger gate`

mod deploy;
mod obligations;

use clap::Subcommand;
use ledger_core::check::State;
use ledger_core::check::matrix::Matrix;
use ledger_core::event::{is_digest, is_id};
use ledger_core::gate::Rules;
use ledger_core::hash::Sha256;
use ledger_core::schema::typed::Id;
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::layers;
use crate::failure::{Answer, Failure, Result};

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

/// The catalogue with these overlays, as it stands now.
fn rules(overlays: &[String], now: Timestamp) -> Result<Rules> {
    Ok(Rules::at(&layers(overlays)?, Matrix::shipped()?, now)?)
}

/// An id that was given; an unset variable is none.
pub(crate) fn id(name: &str, text: &str) -> Result<Id> {
    if is_id(text) {
        return Ok(Id::from(text));
    }
    Err(Failure::new("field-value", format!("`{text}` does not name one"))
        .within(name.to_owned())
        .hint("an unset variable is no value"))
}

/// A digest that was given.
pub(crate) fn digest(name: &str, text: &str) -> Result<Sha256> {
    let found = if is_digest(text) { Sha256::from_reference(text) } else { None };
    found.ok_or_else(|| {
        Failure::new("field-value", format!("`{text}` is no digest"))
            .within(name.to_owned())
            .hint("a digest is `sha256:` and 64 hex digits")
    })
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
