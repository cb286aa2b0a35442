//! Evidence: what is known of each item when a review opens: its real use, what speaks for or against it,
//! and what follows from that. Frozen with the items, so that a decision is judged by what was shown.
//!
//! A list in a normal form: one canonical JSON object on each line, in the order of the items.

use super::Desk;
pub use super::decided::Gone;
use super::decided::Past;
use super::hint::Ground;
pub use super::hint::Hint;
use super::population::{Item, Population};
use super::usage::Usages;
pub use super::usage::{Stranger, Usage, strangers};
use crate::error::Result;
use crate::fact::rows::{Members, lines};
use crate::json::Value;
use crate::schema::review::Recommendation;
use crate::time::Timestamp;

/// Whether the newest review before asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// There was no review of the system before.
    First,
    /// It is new.
    New,
    /// It was there.
    Unchanged,
}

impl Since {
    /// The word in the list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::New => "new",
            Self::Unchanged => "unchanged",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::First, Self::New, Self::Unchanged].into_iter().find(|known| known.as_str() == word)
    }
}

/// A hint as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is, in a word.
    pub name: Box<str>,
    /// The rule that it stands on.
    pub rule: Box<str>,
    /// What was read.
    pub inputs: Box<str>,
    /// The date of what was read.
    pub at: Box<str>,
}

impl Shown {
    /// What stands after the name: what was read, by which rule, and its date.
    pub fn ground(&self) -> String {
        format!("{} ({}; {})", self.inputs, self.rule, self.at)
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.ground())
    }
}

/// What is known of an item.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The item.
    pub item: Box<str>,
    /// Against the review before.
    pub since: Since,
    /// What speaks for or against it.
    pub hints: Vec<Shown>,
    /// What follows.
    pub recommendation: Recommendation,
    /// Its real use.
    pub usage: Usage,
    /// How it came to the account, words with `+` between them.
    pub paths: Option<Box<str>>,
}

/// What is known of all items.
#[derive(Debug)]
pub struct Gathered {
    /// The list that is frozen with them.
    pub list: String,
    /// How many the newest review before did not ask about.
    pub new: u64,
    /// What the reviews before had and this one has not.
    pub gone: Vec<Gone>,
}

/// Gathers what is known of all items.
pub fn gather(desk: &Desk<'_>, campaign: &str, population: &Population<'_>) -> Gathered {
    let past = Past::of(desk, campaign, u64::MAX);
    let ground = Ground::of(desk, &population.taken);
    let mut usages = Usages::of(desk);
    let (mut list, mut new) = (String::new(), 0);
    for item in &population.items {
        let usage = usages.of_row(desk, item.row);
        let certified = past.certified(item.row.key());
        let hints = ground.hints(desk, item.row, &usage, certified);
        let since = match past.had(item.row.key()) {
            None => Since::First,
            Some(true) => Since::Unchanged,
            Some(false) => Since::New,
        };
        new += u64::from(since == Since::New);
        list.push_str(&line(item, &usage, &hints, since));
        list.push('\n');
    }
    Gathered { list, new, gone: past.gone(population.items.iter().map(|item| item.row.key())) }
}

/// What hints come to: the gravest word of any; to certify, where it is used and none speaks against it.
fn recommended(hints: &[Hint], usage: &Usage) -> Recommendation {
    let has = |word| hints.iter().any(|hint| hint.speaks == word);
    let quiet = ["privileged", "inherited-by-group"];
    if has(Recommendation::Revoke) {
        Recommendation::Revoke
    } else if has(Recommendation::Modify) {
        Recommendation::Modify
    } else if usage.last_used.max(usage.last_deployed).max(usage.last_approved).is_some()
        && hints.iter().all(|hint| quiet.contains(&hint.name))
    {
        Recommendation::Certify
    } else {
        Recommendation::None
    }
}

fn line(item: &Item<'_>, usage: &Usage, hints: &[Hint], since: Since) -> String {
    let time = |name: &'static str, at: Option<Timestamp>| {
        at.map(|at| (name, Value::text(at.to_string())))
    };
    let mut members = vec![
        ("approvals", Value::count(usage.approvals)),
        ("deployments", Value::count(usage.deployments)),
        ("item", Value::text(&item.id)),
        ("outside", Value::count(usage.outside)),
        ("recommendation", Value::text(recommended(hints, usage).as_str())),
        ("since", Value::text(since.as_str())),
    ];
    members.extend(time("last_approved", usage.last_approved));
    members.extend(time("last_deployed", usage.last_deployed));
    members.extend(time("last_used", usage.last_used));
    if !item.paths.is_empty() {
        let paths: Vec<&str> = item.paths.iter().copied().collect();
        members.push(("paths", Value::text(paths.join("+"))));
    }
    if !hints.is_empty() {
        let texts = |part: fn(&Hint) -> String| {
            Value::List(hints.iter().map(|hint| Value::text(part(hint))).collect())
        };
        members.push(("hints", texts(|hint| hint.name.to_owned())));
        members.push(("rules", texts(|hint| hint.rule.clone())));
        members.push(("inputs", texts(|hint| hint.inputs.clone())));
        members.push(("dates", texts(|hint| hint.at.to_string())));
    }
    Value::object(members).to_canonical()
}

/// Reads the list; the codes are those of [`crate::fact::snapshot::rows`].
pub fn read(bytes: &[u8]) -> Result<Vec<Evidence>> {
    lines(bytes, |members| {
        let usage = Usage {
            approvals: members.count("approvals")?,
            deployments: members.count("deployments")?,
            outside: members.count("outside")?,
            last_approved: members.time("last_approved"),
            last_deployed: members.time("last_deployed"),
            last_used: members.time("last_used"),
        };
        Some(Evidence {
            item: members.text("item")?,
            since: members.word("since", Since::parse)?,
            hints: hints(members)?,
            recommendation: members.word("recommendation", Recommendation::parse)?,
            usage,
            paths: members.text("paths"),
        })
    })
}

/// The hints of a row, of four lists that are equally long.
fn hints(members: &mut Members<'_>) -> Option<Vec<Shown>> {
    let mut list = |name| members.texts(name).unwrap_or_default();
    let (names, rules) = (list("hints"), list("rules"));
    let (inputs, dates) = (list("inputs"), list("dates"));
    let same = [rules.len(), inputs.len(), dates.len()].iter().all(|count| *count == names.len());
    let rest = rules.into_iter().zip(inputs).zip(dates);
    let one = |(name, ((rule, inputs), at))| Shown { name, rule, inputs, at };
    same.then(|| names.into_iter().zip(rest).map(one).collect())
}
