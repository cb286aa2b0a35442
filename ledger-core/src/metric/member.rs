//! Member: one item of a metric, with what it adds to it and the entries it stands on.

use std::collections::BTreeSet;

use crate::time::Timestamp;

/// What a member adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adds {
    /// So much to the numerator, and so much to the denominator.
    Share {
        /// To the numerator.
        numerator: u64,
        /// To the denominator.
        denominator: u64,
    },
    /// What was measured of it, in microseconds.
    Measured(u64),
    /// Nothing: evidence is missing, so it cannot be told; why. It never counts as good.
    Unknown(&'static str),
    /// Nothing: the metric is not about it; why.
    LeftOut(&'static str),
}

/// One item of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is: an id that is stable across runs.
    pub item: String,
    /// When it happened: what puts it in a week.
    pub at: Timestamp,
    /// The services it belongs to; none counts for all together only.
    pub services: Vec<String>,
    /// The line of the metric, where it has several.
    pub line: Option<String>,
    /// What it adds.
    pub adds: Adds,
    /// What has to be known beside the value, each counted.
    pub beside: Vec<&'static str>,
    /// The entries it stands on, ascending.
    pub entries: BTreeSet<u64>,
}

impl Member {
    /// A member that adds what is said.
    pub fn new(item: impl Into<String>, at: Timestamp, adds: Adds) -> Self {
        Self {
            item: item.into(),
            at,
            services: Vec::new(),
            line: None,
            adds,
            beside: Vec::new(),
            entries: BTreeSet::new(),
        }
    }

    /// Of these services.
    #[must_use]
    pub fn of(mut self, services: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.services.extend(services.into_iter().map(Into::into));
        self.services.sort();
        self.services.dedup();
        self
    }

    /// On this line.
    #[must_use]
    pub fn on(mut self, line: impl Into<String>) -> Self {
        self.line = Some(line.into());
        self
    }

    /// Standing on these entries.
    #[must_use]
    pub fn cites(mut self, entries: impl IntoIterator<Item = u64>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// With this beside it, if it is so.
    #[must_use]
    pub fn beside(mut self, what: &'static str, so: bool) -> Self {
        if so {
            self.beside.push(what);
        }
        self
    }
}

impl Adds {
    /// One to the denominator, and one to the numerator if it is so.
    pub fn one(so: bool) -> Self {
        Self::Share { numerator: u64::from(so), denominator: 1 }
    }

    /// Whether it counts in the value.
    pub fn counts(&self) -> bool {
        matches!(self, Self::Share { .. } | Self::Measured(_))
    }
}
