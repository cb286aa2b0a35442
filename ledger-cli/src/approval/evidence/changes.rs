//! What changed since the digest that was approved last.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::approval::{About, Fact, Request, Standing};
use ledger_core::index::Kind;
use ledger_core::ledger::Ledger;

use super::{Item, fact, newest};
use crate::failure::Result;

/// What is recorded of the service since the digest that was approved last for this environment.
pub(super) fn changes(ledger: &Ledger, matter: &Request) -> Result<Vec<Fact>> {
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
                        services.insert(artifact.clone(), super::service(ledger, &artifact)?);
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
