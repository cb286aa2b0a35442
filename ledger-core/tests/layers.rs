//! Layers: which rules judge what: those of the region that it is deployed to, and those that stood in the
//! log when it happened.
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "story/history.rs"]
mod history;
#[path = "story/lists.rs"]
mod lists;
#[path = "story/verified.rs"]
mod verified;

use std::collections::BTreeMap;

use history::{Events, books, put, time};
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Attachments, Calendar, Period, State};
use ledger_core::control::{Catalogue, Layer, Resolved};
use ledger_core::evaluate::{Evaluation, Front, Question, Verdict, evaluate};
use ledger_core::hash::Sha256;
use serde_json::{Value, json};

/// The files of layers, by the digests that name them in the story.
struct Files(BTreeMap<Sha256, String>);

impl Attachments for Files {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        self.0.get(digest).map(|text| text.as_bytes().to_vec())
    }
}

fn layer(id: &str, more: &str) -> String {
    format!(
        "id = \"{id}\"\ntitle = \"{id}\"\nversion = \"1\"\nkind = \"region\"\nvalid_from = \"2025-01-01\"\n{more}"
    )
}

/// Two persons approve, where one is enough by the catalogue.
const TWO: &str =
    "[[set]]\nparameter = \"T01.min_approvals\"\nvalue = 2\nbasis = \"company-policy\"\n";

/// One deployment that one person approved, on each of these days, to the region.
fn deployments(each: &[(&str, &str, Option<&str>)]) -> Events {
    let book = books().into_iter().find(|book| book.test == "T01").unwrap();
    let good = book.events(&book.stories()[0]);
    let mut events = Events::from([("system".to_owned(), good["system"].clone())]);
    for (id, day, region) in each {
        for (label, hour) in
            [("approval", "09:00:00"), ("start", "10:00:00"), ("finish", "10:05:00")]
        {
            let mut event = good[label].clone();
            event["at"] = json!(format!("{day}T{hour}Z"));
            if label == "approval" {
                put(&mut event, "/subject/change", json!(format!("c-{id}")));
            } else {
                put(&mut event, "/subject/deployment", json!(id));
                put(&mut event, "/data/change", json!(format!("c-{id}")));
            }
            if let ("start", Some(region)) = (label, region) {
                put(&mut event, "/data/region", json!(region));
            }
            events.insert(format!("{id} {label}"), event);
        }
    }
    book.introduce(&mut events);
    events
}

/// A version of a policy.
fn policy(kind: &str, at: &str, from: &str, name: &str) -> Value {
    json!({
        "type": "policy.changed", "at": at, "by": "@olga", "subject": {"policy": kind},
        "data": {
            "kind": kind, "before": "#none", "after": format!("#{name}"), "effective_from": from,
            "content": {"attachment": format!("#{name}"), "count": 1},
        },
    })
}

fn evaluated(events: Events, layers: &[String], files: &[(&str, String)]) -> Evaluation {
    let facts = history::facts(events);
    let files = files.iter().map(|(name, text)| (Sha256::of(name.as_bytes()), text.clone()));
    let holds = || Verdict { state: State::Pass, reasons: Vec::new() };
    let front = Front {
        origin: "test".to_owned(),
        size: facts.entries,
        root: String::new(),
        integrity: holds(),
        completeness: holds(),
        verified: None,
    };
    let question = Question {
        frameworks: vec!["sox".to_owned()],
        period: Period { from: time("2026-07-01"), to: time("2026-10-01") },
        cutoff: time("2026-10-16"),
        layers: layers.iter().map(|text| Layer::read("layer.toml", text).unwrap()).collect(),
        calendar: Calendar::default(),
        matrix: Matrix::shipped().unwrap(),
    };
    evaluate(&facts, &Files(files.collect()), question, front).unwrap()
}

/// What T01 says of each deployment for the control that asks for it; each once.
fn said(evaluation: &Evaluation) -> BTreeMap<String, State> {
    let control = evaluation.outcomes.iter().find(|known| known.control.id == "SOX-CM-01").unwrap();
    let mut found = BTreeMap::new();
    for (number, _) in &control.runs {
        let run = &evaluation.runs[*number];
        for item in run.census.items.iter().filter(|_| run.test.id == "T01") {
            let twice = found.insert(item.id.clone(), item.state());
            assert_eq!(twice, None, "{} is judged twice", item.id);
        }
    }
    found
}

fn states(all: &[(&str, State)]) -> BTreeMap<String, State> {
    all.iter().map(|(id, state)| ((*id).to_owned(), *state)).collect()
}

#[test]
fn the_rules_of_a_region_judge_what_is_deployed_there() {
    let each = [
        ("d-de", "2026-07-10", Some("de")),
        ("d-south", "2026-07-11", Some("de-south")),
        ("d-us", "2026-07-12", Some("us")),
        ("d-none", "2026-07-13", None),
    ];
    let german = layer("de-rules", &format!("regions = [\"de\", \"de-*\"]\n{TWO}"));
    let evaluation = evaluated(deployments(&each), std::slice::from_ref(&german), &[]);
    // the system of what names no region is in `eu`: surely not in `de`
    let wanted = states(&[
        ("d-de", State::Fail),
        ("d-south", State::Fail),
        ("d-us", State::Pass),
        ("d-none", State::Pass),
    ]);
    assert_eq!(said(&evaluation), wanted);
    // what says no region at all is judged with the first part, in which all layers count
    let regions: Vec<_> = evaluation.slices.iter().map(|slice| slice.regions.clone()).collect();
    assert_eq!(regions, [["de", "de-south"], ["eu", "us"]]);

    // where nothing says where it is, all rules count
    let mut nowhere = deployments(&each);
    put(nowhere.get_mut("system").unwrap(), "/data/regions", json!([]));
    let found = said(&evaluated(nowhere, &[german], &[]));
    assert_eq!(found["d-none"], State::Fail);
    assert_eq!(found["d-us"], State::Pass);

    // a layer without regions counts everywhere
    let everywhere = said(&evaluated(deployments(&each), &[layer("all", TWO)], &[]));
    assert!(everywhere.values().all(|state| *state == State::Fail));
}

#[test]
fn a_layer_of_regions_names_some_and_leaves_nothing_out() {
    let out = "[[exclude]]\ncontrol = \"SOX-CM-08\"\nreason = \"none\"\napprover = \"board\"\n";
    for wrong in [
        "regions = []\n".to_owned(),
        "regions = [\"\"]\n".to_owned(),
        format!("regions = [\"de\"]\n{out}"),
    ] {
        let error = Layer::read("layer.toml", &layer("x", &wrong)).unwrap_err();
        assert_eq!((error.code(), error.place()), ("layer-region", Some("layer.toml")), "{wrong}");
    }
}

#[test]
fn a_layer_in_the_log_judges_what_follows_it_and_nothing_before() {
    let each = [("d-1", "2026-07-10", None), ("d-2", "2026-09-10", None)];
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-08-01T00:00:00Z");
    let files = [("strict", layer("acme", TWO)), ("broken", "id = 1".to_owned())];
    let with = |policies: &[(&str, &str, &str)]| {
        let mut events = deployments(&each);
        for (number, (at, from, name)) in policies.iter().enumerate() {
            events.insert(format!("policy {number}"), policy("overlay", at, from, name));
        }
        evaluated(events, &[], &files)
    };
    let both = |first, second| states(&[("d-1", first), ("d-2", second)]);
    assert_eq!(said(&with(&[])), both(State::Pass, State::Pass));
    // whatever it says of when it is in force, it counts from where it stands in the log
    for from in [old, new] {
        let evaluation = with(&[(new, from, "strict")]);
        assert_eq!(said(&evaluation), both(State::Pass, State::Fail), "{from}");
        assert_eq!(evaluation.front.completeness.state, State::Pass);
    }
    assert_eq!(said(&with(&[(old, old, "strict")])), both(State::Fail, State::Fail));
    // another version takes its place from then on
    let later = with(&[(old, old, "strict"), ("2026-09-20T00:00:00Z", old, "broken")]);
    assert_eq!(said(&later), both(State::Fail, State::Fail));
    // one that cannot be read leaves it open which limits held
    for name in ["broken", "nowhere"] {
        let evaluation = with(&[(new, new, name)]);
        assert_eq!(evaluation.front.completeness.state, State::Indeterminate, "{name}");
        assert!(evaluation.front.completeness.reasons[0].contains("overlay overlay"), "{name}");
    }
}

#[test]
fn another_catalogue_than_the_one_in_force_is_told_of() {
    let shipped = Resolved::at(Catalogue::shipped().unwrap(), &[], time("2026-07-01")).unwrap();
    let digest = shipped.digest().to_reference();
    let front = |after: &str, at: &str| {
        let mut events = deployments(&[("d-1", "2026-07-10", None)]);
        let mut event = policy("catalogue", at, "2026-01-01T00:00:00Z", "catalogue");
        event["data"]["after"] = json!(after);
        events.insert("policy".to_owned(), event);
        evaluated(events, &[], &[]).front.completeness.state
    };
    let (before, after) = ("2026-06-01T00:00:00Z", "2026-10-02T00:00:00Z");
    assert_eq!(front(&digest, before), State::Pass);
    assert_eq!(front("#other", before), State::Indeterminate);
    assert_eq!(front("#other", after), State::Pass, "it came after the period");
}
