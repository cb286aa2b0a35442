//! Item: what a test says about one member of its population.

use super::values::Values;
use crate::schema::words::Severity as Grade;
use crate::time::Timestamp;

/// How bad an exception is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The control's purpose is defeated.
    Critical,
    /// A key part of the control did not work.
    High,
    /// A part of it did not work.
    Medium,
    /// A formality.
    Low,
    /// Worth knowing, and no failure.
    Info,
}

impl Severity {
    /// The severity of the word, if it is one.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];
        all.into_iter().find(|severity| severity.as_str() == word)
    }

    /// The word in results and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// The word of events, `sev1` to `sev5`: one scale under two names.
    pub fn in_events(self) -> Grade {
        match self {
            Self::Critical => Grade::Sev1,
            Self::High => Grade::Sev2,
            Self::Medium => Grade::Sev3,
            Self::Low => Grade::Sev4,
            Self::Info => Grade::Sev5,
        }
    }

    /// What a word of events says.
    pub fn of_event(grade: Grade) -> Self {
        match grade {
            Grade::Sev1 => Self::Critical,
            Grade::Sev2 => Self::High,
            Grade::Sev3 => Self::Medium,
            Grade::Sev4 => Self::Low,
            Grade::Sev5 => Self::Info,
        }
    }
}

/// What became of an item, or of a whole control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Something is wrong.
    Fail,
    /// Evidence is missing: it cannot be told.
    Indeterminate,
    /// Something is wrong, and a person with authority accepted the risk.
    Waived,
    /// Everything the rule asks for was seen.
    Pass,
    /// The rule does not apply.
    NotApplicable,
    /// There was nothing to test.
    NoOccurrence,
}

impl State {
    /// The word in results and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Indeterminate => "indeterminate",
            Self::Waived => "waived",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
            Self::NoOccurrence => "no_occurrence",
        }
    }
}

/// One thing that can be wrong with an item of a test.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// A stable code, unique in its test.
    pub code: &'static str,
    /// How bad it is unless the case is worse.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub meaning: &'static str,
    /// Whether it says that evidence is missing, so that nothing can be told.
    pub undecided: bool,
    /// Whether it speaks of what can only follow: before something is done it says nothing.
    pub afterwards: bool,
}

impl Kind {
    /// Something that is wrong.
    pub const fn fails(code: &'static str, severity: Severity, meaning: &'static str) -> Self {
        Self { code, severity, meaning, undecided: false, afterwards: false }
    }

    /// Something that cannot be told.
    pub const fn undecided(code: &'static str, severity: Severity, meaning: &'static str) -> Self {
        Self { code, severity, meaning, undecided: true, afterwards: false }
    }

    /// The same, of what can only follow.
    #[must_use]
    pub const fn afterwards(self) -> Self {
        Self { afterwards: true, ..self }
    }
}

/// Something that is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The code of its [`Kind`].
    pub code: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// Whether it says that nothing can be told.
    pub undecided: bool,
    /// What happened, in one sentence with the values that were read.
    pub sentence: String,
    /// The entries it speaks of, ascending.
    pub entries: Vec<u64>,
    /// Until when it had to be done, where something is still to be done.
    pub due: Option<Timestamp>,
}

/// One member of a population, judged.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id: stable across runs.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The system it belongs to, where that is known.
    pub system: Option<String>,
    /// The values that were read, by name.
    pub values: Values,
    /// The entries that were used: ascending, each once.
    pub entries: Vec<u64>,
    /// What is wrong.
    pub exceptions: Vec<Exception>,
}

impl Item {
    /// An item of which nothing is known yet.
    pub fn new(id: impl Into<String>, at: Timestamp) -> Self {
        Self {
            id: id.into(),
            at,
            system: None,
            values: Values::default(),
            entries: Vec::new(),
            exceptions: Vec::new(),
        }
    }

    /// Keeps a value that was read.
    pub fn read(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.values.push(name, value);
    }

    /// Keeps the entries that were used.
    pub fn cite(&mut self, entries: impl IntoIterator<Item = u64>) {
        for entry in entries {
            if let Err(place) = self.entries.binary_search(&entry) {
                self.entries.insert(place, entry);
            }
        }
    }

    /// Something is wrong.
    pub fn raise(
        &mut self,
        kind: &Kind,
        sentence: impl Into<String>,
        entries: impl IntoIterator<Item = u64>,
    ) {
        self.raise_as(kind, kind.severity, sentence, entries);
    }

    /// Something is wrong, and here it is as bad as this.
    pub fn raise_as(
        &mut self,
        kind: &Kind,
        severity: Severity,
        sentence: impl Into<String>,
        entries: impl IntoIterator<Item = u64>,
    ) {
        let mut entries: Vec<u64> = entries.into_iter().collect();
        entries.sort_unstable();
        entries.dedup();
        self.cite(entries.iter().copied());
        self.exceptions.push(Exception {
            code: kind.code,
            severity,
            undecided: kind.undecided,
            sentence: sentence.into(),
            entries,
            due: None,
        });
    }

    /// What was raised last is still to be done, and this is or was the time for it.
    pub fn open_until(&mut self, due: Timestamp) {
        if let Some(last) = self.exceptions.last_mut() {
            last.due = Some(due);
        }
    }

    /// What became of it; what is only worth knowing changes nothing.
    pub fn state(&self) -> State {
        let weighty = || self.exceptions.iter().filter(|e| e.severity != Severity::Info);
        if weighty().any(|exception| !exception.undecided) {
            State::Fail
        } else if weighty().next().is_some() {
            State::Indeterminate
        } else {
            State::Pass
        }
    }
}

/// All items of a population, and what was left out of it.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// The items in scope, in the order of their first entries or of their ids.
    pub items: Vec<Item>,
    /// How many were left out, by reason.
    pub excluded: std::collections::BTreeMap<&'static str, u64>,
}

impl Census {
    /// Gives back memory that its items do not use: an evaluation holds a million of them.
    pub fn shrink(&mut self) {
        self.items.shrink_to_fit();
        for item in &mut self.items {
            item.values.shrink();
            item.entries.shrink_to_fit();
            item.exceptions.shrink_to_fit();
            for exception in &mut item.exceptions {
                // a sentence grew by doubling; shrinking in place would keep up to half of that
                exception.sentence = String::from(Box::from(exception.sentence.as_str()));
                exception.entries.shrink_to_fit();
            }
        }
    }

    /// Leaves one out.
    pub fn exclude(&mut self, reason: &'static str) {
        *self.excluded.entry(reason).or_default() += 1;
    }
}
