//! What a check found: how it stands, in a sentence, with what mends it.

use ledger_core::json::Value;

use crate::failure::Failure;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// As it should be.
    Ok,
    /// It works, and something is to be known or done.
    Warn,
    /// It does not work, or something was changed.
    Fail,
    /// It could not be looked at, so nothing is said about it.
    Unknown,
}

/// One line of the doctor's.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The stable name of the check.
    pub(super) check: &'static str,
    /// How it stands.
    pub(super) standing: Standing,
    said: String,
    hint: Option<String>,
    command: Option<String>,
}

impl Standing {
    /// Its word, in both outputs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }

    fn glyph(self) -> char {
        match self {
            Self::Ok => '●',
            Self::Warn | Self::Unknown => '◆',
            Self::Fail => '▲',
        }
    }
}

impl Finding {
    /// It is as it should be.
    pub(super) fn ok(check: &'static str, said: impl Into<String>) -> Self {
        Self { check, standing: Standing::Ok, said: said.into(), hint: None, command: None }
    }

    /// Something is to be known or done.
    pub(super) fn warn(check: &'static str, said: impl Into<String>) -> Self {
        Self { standing: Standing::Warn, ..Self::ok(check, said) }
    }

    /// It does not work.
    pub(super) fn fail(check: &'static str, said: impl Into<String>) -> Self {
        Self { standing: Standing::Fail, ..Self::ok(check, said) }
    }

    /// It could not be looked at.
    pub(super) fn unknown(check: &'static str, said: impl Into<String>) -> Self {
        Self { standing: Standing::Unknown, ..Self::ok(check, said) }
    }

    /// From what went wrong while looking: what could not be reached tells nothing.
    pub(super) fn of(check: &'static str, failure: &Failure) -> Self {
        let reached = !failure.unavailable() && !matches!(failure.code(), "denied" | "io" | "busy");
        let standing = if reached { Standing::Fail } else { Standing::Unknown };
        let hint = failure.advice().map(str::to_owned);
        Self { standing, hint, ..Self::ok(check, failure.to_string()) }
    }

    /// The same, with another standing.
    #[must_use]
    pub(super) fn at(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// Says why, or what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// The command that mends it.
    #[must_use]
    pub(super) fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// The lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let (glyph, word) = (self.standing.glyph(), self.standing.word());
        let mut lines = vec![format!("{glyph} {word:<7}  {:<11} {}", self.check, self.said)];
        let more = |name: &str, text: &str| format!("{:23}{name} {text}", "");
        lines.extend(self.hint.as_deref().map(|hint| more("hint:", hint)));
        lines.extend(self.command.as_deref().map(|command| more("run:", command)));
        lines
    }

    /// The members for machines.
    pub(super) fn value(&self) -> Value {
        let mut members = vec![
            ("check", Value::text(self.check)),
            ("said", Value::text(&self.said)),
            ("standing", Value::text(self.standing.word())),
        ];
        members.extend(self.hint.as_deref().map(|hint| ("hint", Value::text(hint))));
        members.extend(self.command.as_deref().map(|command| ("command", Value::text(command))));
        Value::object(members)
    }
}
