//! What can go wrong, in words a person can act on.
//!
//! There is one error type. Its *kind* says which of four things happened, its *code* is a stable
//! kebab-case name that vectors and machines refer to, its *message* is one line for people: lower
//! case, no full stop, user text in backticks, never a Rust name. A *hint* says what to do next.

use std::fmt;

/// The four ways to fail; the command line turns them into exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are not a legal spelling of what they should be.
    Malformed,
    /// Well formed, but a law of the log does not allow it here.
    Refused,
    /// A proof, signature or hash does not hold: somebody or something changed the bytes.
    Untrue,
    /// Storage, a lock or a key could not be reached; nothing is known about the truth.
    Unavailable,
}

/// One failure: kind, stable code, message, and where known the place and a hint.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    code: &'static str,
    message: String,
    place: Option<String>,
    hint: Option<String>,
    source: Option<std::io::Error>,
}

/// A result whose failure is the library's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), place: None, hint: None, source: None }
    }

    /// The bytes are not a legal spelling ([`Kind::Malformed`]).
    pub fn malformed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, code, message)
    }

    /// A law of the log does not allow it ([`Kind::Refused`]).
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, code, message)
    }

    /// A proof, signature or hash does not hold ([`Kind::Untrue`]).
    pub fn untrue(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Untrue, code, message)
    }

    /// Something needed could not be reached ([`Kind::Unavailable`]).
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, code, message)
    }

    /// A sync that failed: what is on the disk is in doubt, whatever the operating system said.
    #[must_use]
    pub fn failed_sync(mut self) -> Self {
        self.kind = Kind::Unavailable;
        self.code = "sync";
        self
    }

    /// Whether it is a failed sync.
    pub fn is_sync(&self) -> bool {
        self.code == "sync"
    }

    /// A failed operation of the operating system on `name`.
    pub fn io(doing: &str, name: &str, source: std::io::Error) -> Self {
        let mut error =
            Self::new(Kind::Unavailable, "io", format!("cannot {doing} `{name}`: {source}"));
        error.source = Some(source);
        error
    }

    /// Adds where it happened (`line 3`, `entry 4711`, `/data/outcome`), unless a place is known.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        if self.place.is_none() {
            self.place = Some(place.into());
        }
        self
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Which of the four ways it failed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The stable name of the reason.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The message without place and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it happened, if known.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// What to do about it, if something can be done.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The operating system's error under it, if there is one.
    pub fn os(&self) -> Option<&std::io::Error> {
        self.source.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
