//! What the ledger says about an artifact that is to be approved: read from its entries by subject.
//!
//! Plain functions over entries. Where nothing is recorded that is said, and never counts as good.

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
    let mut facts = changes(ledger, matter)?;
    facts.extend(builds(items));
    facts.extend(reviews(items, matter));
    facts.extend(tests(items));
    facts.extend(scans(items));
    facts.extend(gates(items, matter));
    facts.extend(waivers(items, matter, now));
    facts.extend(approvals(items, matter));
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

/// What is recorded of the service since the digest that was approved last for this environment.
fn changes(ledger: &Ledger, matter: &Request) -> Result<Vec<Fact>> {
    let about =
        |standing, text: &str, entries: &[u64]| fact(About::Changes, standing, text, entries);
    let environment = &matter.environment;
    let Some(service) = &matter.service else {
        let text = "which service this digest is of is not recorded: --service says it".to_owned();
        return Ok(vec![about(Standing::Unknown, &text, &[])]);
    };
    let Some(last) = last_approved(ledger, matter, service)? else {
        let text = format!("no other digest of `{service}` was approved for `{environment}`");
        return Ok(vec![about(Standing::Unknown, &text, &[])]);
    };
    let before = last.text("/data/for/artifact");
    let mut facts = vec![about(
        Standing::Plain,
        &format!("approved last for `{service}` in `{environment}`: {before}"),
        &[last.index],
    )];
    let (items, more) =
        newest(ledger, Kind::Subject, &format!("service:{service}"), last.index + 1)?;
    let counted = facts.len();
    let mut states: BTreeMap<&str, (&str, Vec<u64>)> = BTreeMap::new();
    for item in items.iter().filter(|item| item.kind == "change.recorded") {
        let state = states.entry(item.text("/subject/change")).or_default();
        state.0 = item.text("/data/state");
        state.1.push(item.index);
    }
    facts.extend(states.iter().map(|(change, (state, entries))| {
        about(Standing::Plain, &format!("change `{change}` since then: {state}"), entries)
    }));
    for item in items.iter().filter(|item| item.kind == "config.changed") {
        let weakened = item.text("/data/weakened");
        let standing = if weakened == "no" { Standing::Plain } else { Standing::Bad };
        let (class, name) = (item.text("/data/class"), item.text("/data/item"));
        let text = format!(
            "{class} `{name}` {} since then, weakened: {weakened}",
            item.text("/data/action")
        );
        facts.push(about(standing, &text, &[item.index]));
    }
    if facts.len() == counted {
        let text =
            format!("the digest is another, and no change of `{service}` is recorded since then");
        facts.push(about(Standing::Unknown, &text, &[]));
    }
    if more > 0 {
        let text = format!("{more} older entries of `{service}` were not looked at");
        facts.push(about(Standing::Unknown, &text, &[]));
    }
    Ok(facts)
}

/// The newest approval of another digest of the service in the environment that was not revoked since.
fn last_approved(ledger: &Ledger, matter: &Request, service: &str) -> Result<Option<Item>> {
    let (items, _) = newest(ledger, Kind::Type, "approval.decided", 0)?;
    let mut revoked = BTreeSet::new();
    let mut services: BTreeMap<String, Option<String>> = BTreeMap::new();
    for item in items.into_iter().rev() {
        match item.text("/data/decision") {
            "revoked" => {
                revoked.insert(item.text("/data/of").to_owned());
            }
            "granted" | "ratified"
                if item.text("/data/for/environment") == matter.environment
                    && item.text("/data/for/artifact") != matter.artifact
                    && !revoked.contains(item.text("/data/approval")) =>
            {
                let artifact = item.text("/data/for/artifact").to_owned();
                let named = item.text("/subject/service");
                let same = if named.is_empty() {
                    if !services.contains_key(&artifact) {
                        services.insert(artifact.clone(), self::service(ledger, &artifact)?);
                    }
                    services.get(&artifact).is_some_and(|of| of.as_deref() == Some(service))
                } else {
                    named == service
                };
                if same && !artifact.is_empty() {
                    return Ok(Some(item));
                }
            }
            _ => {}
        }
    }
    Ok(None)
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

/// A waiver stands until it expires; one of a rule names the artifact or the change beside it.
fn waivers(items: &[Item], matter: &Request, now: Timestamp) -> Vec<Fact> {
    let now = now.to_string();
    let mut facts = Vec::new();
    for item in items {
        let here = item.text("/data/environment");
        let what = match item.kind.as_str() {
            "gate.waived" if here == matter.environment => ("gate", item.text("/data/gate")),
            "policy.waived" if item.text("/data/action") != "revoked" => {
                ("policy", item.text("/subject/policy"))
            }
            _ => continue,
        };
        let until = item.text("/data/expires_at");
        // times of one spelling compare as texts
        if until > now.as_str() {
            let text = format!("{} `{}` is waived until {until}", what.0, what.1);
            facts.push(fact(About::Waivers, Standing::Bad, &text, &[item.index]));
        }
    }
    if facts.is_empty() {
        let text = "no waiver that is in force is recorded for this digest or change".to_owned();
        facts.push(fact(About::Waivers, Standing::Plain, &text, &[]));
    }
    facts
}

fn approvals(items: &[Item], matter: &Request) -> Vec<Fact> {
    let mut facts = Vec::new();
    let revoked = items.iter().filter(|item| item.text("/data/decision") == "revoked");
    let revoked: BTreeSet<&str> = revoked.map(|item| item.text("/data/of")).collect();
    for item in items {
        let what = item.kind.as_str();
        if !matches!(what, "approval.decided" | "approval.requested") {
            continue;
        }
        let place = [item.index];
        if !of(item, matter) {
            let digest = item.text("/data/for/artifact");
            let (decision, env) = (item.text("/data/decision"), item.text("/data/for/environment"));
            if what == "approval.decided" && digest != matter.artifact && env == matter.environment
            {
                let text = format!("{decision} for another digest: {digest}");
                facts.push(fact(About::Approvals, Standing::Plain, &text, &place));
            }
            continue;
        }
        if what == "approval.requested" {
            let text = format!(
                "asked for as `{}`, {} needed",
                item.text("/data/approval"),
                item.count("/data/required/count")
            );
            facts.push(fact(About::Approvals, Standing::Plain, &text, &place));
            continue;
        }
        let decision = item.text("/data/decision");
        let id = item.text("/data/approval");
        let stands = match decision {
            _ if revoked.contains(id) => Standing::Plain,
            "granted" | "ratified" => Standing::Good,
            "delegated" => Standing::Plain,
            _ => Standing::Bad,
        };
        let person = item.approver.as_deref().unwrap_or("nobody knows whom");
        let role = item.text("/data/role");
        let mut text = format!("{decision} as `{id}` in the role `{role}` by {person}");
        let until = item.text("/data/valid_until");
        if !until.is_empty() {
            text = format!("{text}, until {until}");
        }
        if revoked.contains(id) {
            text.push_str(", revoked since");
        }
        let other = item.text("/data/of");
        if !other.is_empty() {
            text = format!("{text}, of `{other}`");
        }
        facts.push(fact(About::Approvals, stands, &text, &place));
    }
    if facts.is_empty() {
        let text = "nobody has decided about this digest yet".to_owned();
        facts.push(fact(About::Approvals, Standing::Plain, &text, &[]));
    }
    facts
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
