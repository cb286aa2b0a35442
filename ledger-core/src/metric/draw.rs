//! Draw: what a metric's function gives: its members, and what stands beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::member::Member;
use super::value::Value;

/// Something that is listed beside a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub item: String,
    /// What has to be known of it, in one sentence.
    pub sentence: String,
    /// The entries it stands on, ascending.
    pub entries: BTreeSet<u64>,
}

/// What a metric is computed from.
#[derive(Clone, Debug, Default)]
pub(super) struct Draw {
    pub members: Vec<Member>,
    pub listed: Vec<Listed>,
    /// Services that are shown even where they have no member.
    pub services: BTreeSet<String>,
    /// The value in a word, by service.
    pub words: BTreeMap<Option<String>, &'static str>,
    /// The values, where there are too many members to keep.
    pub values: Option<Vec<Value>>,
    /// Whether the Wilson interval is asked for.
    pub interval: bool,
}

impl From<Vec<Member>> for Draw {
    fn from(members: Vec<Member>) -> Self {
        Self { members, ..Self::default() }
    }
}

impl Listed {
    pub(super) fn new(
        item: impl Into<String>,
        sentence: impl Into<String>,
        entries: impl IntoIterator<Item = u64>,
    ) -> Self {
        Self {
            item: item.into(),
            sentence: sentence.into(),
            entries: entries.into_iter().collect(),
        }
    }
}
