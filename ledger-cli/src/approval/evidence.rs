//! What the ledger says about an artifact that is to be approved: read from its entries by subject.
//!
//! Plain functions over entries. Where nothing is recorded that is said, and never counts as good.

mod changes;
mod decisions;

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::approval::{About, Fact, MAX_ENTRIES, MAX_FACTS, MAX_TEXT, Request, Standing};
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::time::Timestamp;

use crate::failure::Result;

/// How many entries of one subject, newest first, are looked at.
const LOOK: usize = 2_000;

/// One entry, as far as it is needed here.
struct Item {
    index: u64,
    kind: String,
    event: Value,
    /// The pseudonym of the person who approved, if somebody did.
    approver: Option<String>,
}

impl Item {
    fn text(&self, pointer: &str) -> &str {
        let mut names = pointer.split('/').skip(1);
        let found = names.try_fold(&self.event, |value, name| value.get(name));
        found.and_then(Value::as_text).unwrap_or_default()
    }

    fn count(&self, pointer: &str) -> u64 {
        let mut names = pointer.split('/').skip(1);
        match names.try_fold(&self.event, |value, name| value.get(name)) {
            Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or_default(),
            _ => 0,
        }
    }
}

/// All entries that speak of the matter, and what could not be looked at.
struct Looked {
    /// Of the artifact or of the change, oldest first.
    items: Vec<Item>,
    /// What was not looked at, in words.
    beyond: Vec<String>,
}

/// The service of an artifact, if its entries name exactly one.
pub(super) fn service(ledger: &Ledger, artifact: &str) -> Result<Option<String>> {
    let (items, _) = newest(ledger, Kind::Subject, &format!("artifact:{artifact}"), 0)?;
    let named: BTreeSet<&str> = items.iter().map(|item| item.text("/subject/service")).collect();
    let mut named = named.into_iter().filter(|name| !name.is_empty());
    Ok(match (named.next(), named.next()) {
        (Some(only), None) => Some(only.to_owned()),
        _ => None,
    })
}

/// The newest request for this approval that is recorded.
pub(super) fn asked(ledger: &Ledger, matter: &Request) -> Result<Option<String>> {
    let (items, _) = newest(ledger, Kind::Subject, &format!("change:{}", matter.change), 0)?;
    let newest =
        items.iter().rev().find(|item| item.kind == "approval.requested" && of(item, matter));
    Ok(newest.map(|item| item.text("/data/approval").to_owned()))
}

/// What was approved by an approval of this id, if the ledger has it.
pub(super) fn approved(ledger: &Ledger, change: &str, approval: &str) -> Result<Option<Value>> {
    let (items, _) = newest(ledger, Kind::Subject, &format!("change:{change}"), 0)?;
    let found = items
        .iter()
        .rev()
        .find(|item| item.kind == "approval.decided" && item.text("/data/approval") == approval);
    Ok(found.and_then(|item| item.event.get("data")?.get("for").cloned()))
}

/// Everything that is shown before the question.
pub(super) fn facts(ledger: &Ledger, matter: &Request, now: Timestamp) -> Result<Vec<Fact>> {
    let looked = look(ledger, matter)?;
    let items = looked.items.as_slice();
    let mut facts = changes::changes(ledger, matter)?;
    facts.extend(builds(items));
    facts.extend(reviews(items, matter));
    facts.extend(tests(items));
    facts.extend(scans(items));
    facts.extend(gates(items, matter));
    facts.extend(decisions::waivers(items, matter, now));
    facts.extend(decisions::approvals(items, matter));
    facts
        .extend(looked.beyond.iter().map(|text| fact(About::Builds, Standing::Unknown, text, &[])));
    let more = facts.len().saturating_sub(MAX_FACTS - 1);
    if more > 0 {
        facts.truncate(MAX_FACTS - 1);
        let text = format!("{more} further facts do not fit here");
        facts.push(fact(About::Builds, Standing::Unknown, &text, &[]));
    }
    Ok(facts)
}

fn look(ledger: &Ledger, matter: &Request) -> Result<Looked> {
    let subjects = [format!("artifact:{}", matter.artifact), format!("change:{}", matter.change)];
    let mut items = BTreeMap::new();
    let mut beyond = Vec::new();
    for subject in subjects {
        let (found, more) = newest(ledger, Kind::Subject, &subject, 0)?;
        if more > 0 {
            beyond.push(format!("{more} older entries of `{subject}` were not looked at"));
        }
        items.extend(found.into_iter().map(|item| (item.index, item)));
    }
    Ok(Looked { items: items.into_values().collect(), beyond })
}

/// The newest entries from `first` on that a key of the index finds, oldest first; how many more
/// there are.
fn newest(ledger: &Ledger, kind: Kind, value: &str, first: u64) -> Result<(Vec<Item>, usize)> {
    let postings = ledger.find(kind, value, usize::MAX)?;
    let mut places: Vec<u64> = postings.iter().map(|posting| posting.index).collect();
    places.retain(|index| *index >= first);
    places.sort_unstable();
    places.dedup();
    let more = places.len().saturating_sub(LOOK);
    let mut items = Vec::with_capacity(places.len() - more);
    for index in places.into_iter().skip(more) {
        items.push(ledger.entry(index, |entry| Item {
            index,
            kind: entry.event.kind.to_owned(),
            event: Value::from(entry.event.root),
            approver: entry.person("/data/approver").map(|person| person.to_string()),
        })?);
    }
    Ok((items, more))
}

fn builds(items: &[Item]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for item in items.iter().filter(|item| item.kind == "artifact.recorded") {
        let mut text = item.text("/data/action").to_owned();
        for (word, at) in [
            ("by", "/data/builder"),
            ("from commit", "/data/commits/from"),
            ("to commit", "/data/commits/to"),
        ] {
            let value = item.text(at);
            if !value.is_empty() {
                text = format!("{text} {word} `{value}`");
            }
        }
        let standing = match item.text("/data/verification/result") {
            "" => Standing::Plain,
            "verified" => Standing::Good,
            other => {
                text = format!("{text}: {other}");
                Standing::Bad
            }
        };
        facts.push(fact(About::Builds, standing, &text, &[item.index]));
    }
    or_missing(facts, About::Builds, "where this digest comes from is not recorded")
}

fn reviews(items: &[Item], matter: &Request) -> Vec<Fact> {
    let reviews = items.iter().filter(|item| item.kind == "code.reviewed");
    let facts = last_of(reviews, |item| item.text("/data/review").to_owned())
        .map(|item| {
            let decision = item.text("/data/decision");
            let standing = match decision {
                "approved" => Standing::Good,
                "commented" => Standing::Plain,
                _ => Standing::Bad,
            };
            let text = format!("{decision} at commit `{}`", item.text("/data/commit"));
            fact(About::Reviews, standing, &text, &[item.index])
        })
        .collect();
    or_missing(facts, About::Reviews, &format!("no review is recorded for `{}`", matter.change))
}

fn tests(items: &[Item]) -> Vec<Fact> {
    let tests = items.iter().filter(|item| item.kind == "test.completed");
    let place = |item: &Item| {
        ["/data/level", "/data/suite", "/data/environment"].map(|at| item.text(at)).join(" ")
            + &item.count("/data/shard/index").to_string()
    };
    let facts = last_of(tests, place)
        .map(|item| {
            let (level, suite) = (item.text("/data/level"), item.text("/data/suite"));
            let count = |name: &str| item.count(&format!("/data/counts/{name}"));
            let text = format!(
                "{level} `{suite}`: {}, {} of {} passed, {} failed, {} skipped",
                item.text("/data/outcome"),
                count("passed"),
                count("total"),
                count("failed") + count("errors"),
                count("skipped"),
            );
            fact(About::Tests, standing(item.text("/data/outcome")), &text, &[item.index])
        })
        .collect();
    or_missing(facts, About::Tests, "no test is recorded for this digest")
}

fn scans(items: &[Item]) -> Vec<Fact> {
    let scans = items.iter().filter(|item| item.kind == "scan.completed");
    let place = |item: &Item| ["/data/kind", "/data/tool/name"].map(|at| item.text(at)).join(" ");
    let facts = last_of(scans, place)
        .map(|item| {
            let (kind, tool) = (item.text("/data/kind"), item.text("/data/tool/name"));
            let count = |name: &str| item.count(&format!("/data/counts/{name}"));
            let text = format!(
                "{kind} by `{tool}`: {}, {} critical, {} high, {} medium",
                item.text("/data/outcome"),
                count("critical"),
                count("high"),
                count("medium"),
            );
            fact(About::Scans, standing(item.text("/data/outcome")), &text, &[item.index])
        })
        .collect();
    or_missing(facts, About::Scans, "no scan is recorded for this digest")
}

fn gates(items: &[Item], matter: &Request) -> Vec<Fact> {
    let gates = items.iter().filter(|item| {
        item.kind == "gate.evaluated" && item.text("/subject/environment") == matter.environment
    });
    let facts = last_of(gates, |item| item.text("/data/gate").to_owned())
        .map(|item| {
            let verdict = item.text("/data/verdict");
            let text = format!("gate `{}`: {verdict}", item.text("/data/gate"));
            fact(About::Gates, standing(verdict), &text, &[item.index])
        })
        .collect();
    let text = format!("no gate of `{}` is recorded for this digest", matter.environment);
    or_missing(facts, About::Gates, &text)
}

/// Whether an approval, or what asks for one, is for this digest in this environment.
fn of(item: &Item, matter: &Request) -> bool {
    item.text("/data/for/artifact") == matter.artifact
        && item.text("/data/for/environment") == matter.environment
}

/// The newest entry of each name, by name.
fn last_of<'a>(
    items: impl Iterator<Item = &'a Item>,
    name: impl Fn(&Item) -> String,
) -> impl Iterator<Item = &'a Item> {
    let last: BTreeMap<String, &Item> = items.map(|item| (name(item), item)).collect();
    last.into_values()
}

fn standing(outcome: &str) -> Standing {
    match outcome {
        "passed" | "pass" => Standing::Good,
        "failed" | "fail" | "error" => Standing::Bad,
        _ => Standing::Unknown,
    }
}

fn or_missing(mut facts: Vec<Fact>, about: About, text: &str) -> Vec<Fact> {
    if facts.is_empty() {
        facts.push(fact(about, Standing::Unknown, text, &[]));
    }
    facts
}

fn fact(about: About, standing: Standing, text: &str, entries: &[u64]) -> Fact {
    // what a later schema lets in is shown as this one shows it
    let plain = |char: char| if (' '..='~').contains(&char) { char } else { '?' };
    let text = text.chars().map(plain).take(MAX_TEXT).collect();
    let from = entries.len().saturating_sub(MAX_ENTRIES);
    let entries = entries.get(from..).unwrap_or_default().to_vec();
    Fact { about, standing, text, entries }
}
