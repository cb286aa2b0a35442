//! A person is asked before something is signed in their name.

use std::io::{IsTerminal as _, Write as _};

use crate::failure::{Failure, Result};

/// What is asked, and how it is told that nobody said yes.
pub(crate) struct Question {
    /// The question, with its mark.
    pub(crate) text: String,
    /// The code when nobody can be asked.
    pub(crate) unasked: &'static str,
    /// The code when the answer was no.
    pub(crate) declined: &'static str,
    /// What to do where nobody can be asked.
    pub(crate) hint: &'static str,
}

/// Asks on the terminal; anything but a clear yes is a no.
pub(crate) fn ask(question: &Question) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            question.unasked,
            "nobody can be asked whether this is to be signed",
        )
        .hint(question.hint));
    }
    let mut answer = String::new();
    let read = write!(std::io::stderr(), "{} [y/N] ", question.text)
        .and_then(|()| std::io::stdin().read_line(&mut answer));
    read.map_err(|error| Failure::new("io", format!("cannot ask: {error}")))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::refused(question.declined, "not signed"))
}
