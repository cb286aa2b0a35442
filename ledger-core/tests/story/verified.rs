//! Verified: what a book says that verification of the whole log found.
//!
//! Members: `anchor` (what it was held against), `checkpointed` and `witnessed` (entries under
//! checkpoints and under cosigned ones; `all` is all), `witnesses`, `faults`, `setbacks` in seconds by
//! entry, `suspects` by the entry from which a key is in doubt. A label `@verified` stands for all of it
//! and `@verified.anchor` for a member, where evidence is named that a pass stands on.

use std::collections::BTreeMap;

use ledger_core::anchor::Brackets;
use ledger_core::key::KeyId;
use ledger_core::trust::Suspicion;
use ledger_core::verify::{Class, Fault, Report, Setback, Suspect, Verdict, Witnessed};
use serde_json::{Map, Value};

/// Whether a label names what verification found, not an event.
pub fn is_label(label: &str) -> bool {
    label == "@verified" || label.starts_with("@verified.")
}

/// The report that book and story describe; none if neither does, or if it was dropped.
pub fn of(said: [Option<&Value>; 2], dropped: &[String], entries: u64) -> Option<Report> {
    let mut members: Map<String, Value> = Map::new();
    for set in said.into_iter().flatten() {
        members.extend(set.as_object().unwrap().clone());
    }
    if members.is_empty() || dropped.iter().any(|label| label == "@verified") {
        return None;
    }
    for label in dropped.iter().filter_map(|label| label.strip_prefix("@verified.")) {
        assert!(members.remove(label).is_some(), "no member `{label}`");
    }
    let known =
        ["anchor", "checkpointed", "faults", "setbacks", "suspects", "witnessed", "witnesses"];
    assert!(members.keys().all(|name| known.contains(&name.as_str())), "{members:?}");
    let count = |value: &Value| value.as_u64().unwrap_or(entries);
    let list = |name: &str| members.get(name).and_then(Value::as_array).into_iter().flatten();
    let faults: Vec<Fault> = list("faults").map(fault).collect();
    let anchors: Vec<String> =
        members.get("anchor").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    let (verdict, reason) = match (faults.is_empty(), anchors.is_empty()) {
        (false, _) => (Verdict::DoesNotHold, None),
        (true, true) => (Verdict::CannotTell, Some("self-consistent only".to_owned())),
        (true, false) => (Verdict::Holds, None),
    };
    let checkpointed = members.get("checkpointed").map_or(0, count);
    Some(Report {
        verdict,
        reason,
        origin: "example.com/releases".to_owned(),
        size: entries,
        root: String::new(),
        signatures: entries,
        faults,
        notices: Vec::new(),
        checkpoints: 1,
        checkpointed,
        uncovered: entries.saturating_sub(checkpointed),
        anchors,
        witnessed: members.get("witnesses").map(|witnesses| Witnessed {
            count: witnesses.as_u64().unwrap(),
            size: members.get("witnessed").map_or(entries, count),
        }),
        dated: Vec::new(),
        brackets: Brackets::default(),
        setbacks: list("setbacks").map(setback).collect(),
        solo: false,
        suspects: list("suspects").map(suspect).collect(),
        erased: BTreeMap::new(),
    })
}

fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

fn fault(value: &Value) -> Fault {
    Fault {
        index: number(value, "entry"),
        class: Class::Link,
        code: "chain-link",
        message: value["message"].as_str().unwrap().to_owned(),
        followers: number(value, "followers").unwrap_or(0),
    }
}

fn setback(value: &Value) -> Setback {
    Setback {
        index: number(value, "entry").unwrap(),
        micros: number(value, "seconds").unwrap() * 1_000_000,
    }
}

fn suspect(value: &Value) -> Suspect {
    let signed: Vec<u64> =
        value["signed"].as_array().unwrap().iter().map(|index| index.as_u64().unwrap()).collect();
    Suspect {
        key: KeyId([7; 32]),
        suspicion: Suspicion {
            from: number(value, "from").unwrap(),
            by: number(value, "by").unwrap(),
        },
        count: signed.len() as u64,
        entries: signed,
        checkpoints: Vec::new(),
    }
}
