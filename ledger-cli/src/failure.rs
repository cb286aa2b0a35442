//! How a command ends: with an answer, or with one line that says what went wrong and where.

use std::borrow::Cow;
use std::fmt;

use ledger_core::error::{Error, Kind};

/// The answer of a command; the exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done; it holds. Status 0.
    Yes,
    /// It does not hold. Status 1.
    No,
    /// It cannot be told. Status 2.
    CannotTell,
    /// It is safe in the spool, where it had to be acknowledged. Status 6.
    Spooled,
}

impl Answer {
    /// The exit status.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::CannotTell => 2,
            Self::Spooled => 6,
        }
    }
}

/// What a command that could not be done says.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Whether the ledger, its keys or its laws refused it (status 1), or it could not even be
    /// asked (status 2).
    refused: bool,
    /// Whether something could not be reached, so that nothing is known about the outcome.
    unavailable: bool,
    /// The status of a command that tells more reasons apart.
    exit: Option<u8>,
    code: Cow<'static, str>,
    place: Vec<String>,
    message: String,
    hint: Option<String>,
}

/// A result of the command line.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Bad input, or something that could not be reached: status 2.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            refused: false,
            unavailable: false,
            exit: None,
            code: Cow::Borrowed(code),
            place: Vec::new(),
            message: message.into(),
            hint: None,
        }
    }

    /// A refusal by law: status 1.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { refused: true, ..Self::new(code, message) }
    }

    /// Something that could not be reached: nothing is known about the outcome. Status 2.
    pub(crate) fn unreachable(code: &'static str, message: impl Into<String>) -> Self {
        Self { unavailable: true, ..Self::new(code, message) }
    }

    /// What a server said, in its own words; `self` says of which kind it is.
    #[must_use]
    pub(crate) fn saying(self, code: &str, message: &str, place: Option<&str>) -> Self {
        let place = place.map(str::to_owned).into_iter().collect();
        Self { code: Cow::Owned(code.to_owned()), message: message.to_owned(), place, ..self }
    }

    /// What the log itself answered: a refusal by its laws is status 1.
    pub(crate) fn by_law(error: &Error) -> Self {
        let refused = matches!(error.kind(), Kind::Refused | Kind::Untrue);
        Self { refused, ..Self::of(error) }
    }

    /// What is wrong with the input itself, whatever the library calls it: status 2.
    pub(crate) fn of_input(error: &Error) -> Self {
        Self { refused: error.kind() == Kind::Untrue, ..Self::of(error) }
    }

    fn of(error: &Error) -> Self {
        Self {
            refused: error.kind() == Kind::Untrue,
            unavailable: error.kind() == Kind::Unavailable,
            exit: None,
            code: Cow::Borrowed(error.code()),
            place: error.place().map(str::to_owned).into_iter().collect(),
            message: error.message().to_owned(),
            hint: error.advice().map(str::to_owned),
        }
    }

    /// Puts a wider place (a file, a line) before what is known of the place.
    #[must_use]
    pub(crate) fn within(mut self, place: impl Into<String>) -> Self {
        self.place.insert(0, place.into());
        self
    }

    /// As [`Failure::within`], for a line of a file of lines: what was found in line 1 of the line
    /// by itself is in line `number` of the file.
    #[must_use]
    pub(crate) fn in_line(mut self, number: usize) -> Self {
        let line = format!("line {number}");
        match self.place.first_mut() {
            Some(first) if first.starts_with("line 1,") => {
                *first = first.replacen("line 1", &line, 1);
                self
            }
            _ => self.within(line),
        }
    }

    /// Adds what to do about it, unless something is said already.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Says what to do about it, in the place of what was said.
    #[must_use]
    pub(crate) fn instead(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The stable name of the reason.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Whether something could not be reached, so that nothing is known about the outcome.
    pub(crate) fn unavailable(&self) -> bool {
        self.unavailable
    }

    /// Whether the ledger, its keys or its laws refused it.
    pub(crate) fn is_refusal(&self) -> bool {
        self.refused
    }

    /// Where, from the wider to the narrower.
    pub(crate) fn place(&self) -> Option<String> {
        (!self.place.is_empty()).then(|| self.place.join(", "))
    }

    /// The message without its place.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        self.exit.unwrap_or(if self.refused { 1 } else { 2 })
    }

    /// Ends the process with this status, whatever kind of failure it is.
    #[must_use]
    pub(crate) fn exit(mut self, status: u8) -> Self {
        self.exit = Some(status);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}
