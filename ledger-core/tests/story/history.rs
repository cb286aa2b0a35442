//! History: from a book of `fixtures/story/` to the entries of a release history.
//!
//! A book has the events of a history that satisfies a test, each under a label, and stories that
//! change it. In events, `@ada` is a person, `?ada` one whom nobody disclosed, `#web-1` the digest of
//! that text, `%ada` the pseudonym itself, `&test` the entry of the event under that label, and times
//! may be written to the second.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger_core::check::{Calendar, Census, Context, Parameters, Period, Test};

use crate::lists::{Attached, matrix};
use crate::verified;
use ledger_core::entry::{self, Entry, Signature};
use ledger_core::error::Result;
use ledger_core::fact::{Facts, Read};
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::json::{self, Document};
use ledger_core::key::KeyId;
use ledger_core::producer::{self, Position};
use ledger_core::schema::words::Regime;
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::Pseudonym;
use serde_json::{Map, Value, json};

pub type Events = BTreeMap<String, Value>;

/// The stories of one test, or of a group of metrics.
#[derive(Clone)]
pub struct Book {
    pub name: String,
    pub test: String,
    pub item: String,
    pub evidence: Vec<String>,
    content: Value,
}

/// One story: what is different from the history that satisfies the test.
#[derive(Clone)]
pub struct Story {
    pub name: String,
    pub raises: Vec<String>,
    pub severity: Option<String>,
    pub state: Option<String>,
    pub item: Option<String>,
    /// What its pass stands on, where that is something else than in the book.
    pub evidence: Option<Vec<String>>,
    pub drop: Vec<String>,
    content: Value,
    crowd: bool,
    /// Whether rules are changed after all of it.
    ruled: bool,
}

pub fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array);
    items.into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

pub fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// All books of the tests of controls, by their file names.
pub fn books() -> Vec<Book> {
    books_of("story")
}

/// All books of a folder of the fixtures, by their file names.
pub fn books_of(folder: &str) -> Vec<Book> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |file: &PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        let content: Value =
            serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let known = [
            "about",
            "attachments",
            "evidence",
            "expect",
            "good",
            "item",
            "matrix",
            "now",
            "parameters",
            "people",
            "period",
            "regime",
            "stories",
            "test",
            "verified",
        ];
        only(&content, &known);
        Book {
            name: file.file_stem().unwrap().to_string_lossy().into_owned(),
            test: text(&content, "test").unwrap_or_default(),
            item: text(&content, "item").unwrap_or_default(),
            evidence: texts(content.get("evidence")),
            content,
        }
    };
    files.iter().map(read).collect()
}

fn only(value: &Value, known: &[&str]) {
    for name in value.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "`{name}` is not known in a book");
    }
}

impl Book {
    /// The history that satisfies the test, and the stories.
    pub fn stories(&self) -> Vec<Story> {
        let good = json!({"name": "what is right", "raises": []});
        let written = self.content.get("stories").and_then(Value::as_array);
        [good].iter().chain(written.into_iter().flatten()).map(Story::read).collect()
    }

    /// What the test says about the story.
    pub fn run(&self, test: &Test, story: &Story) -> Census {
        self.judge(test, story, &self.facts(story))
    }

    /// What the test says about facts, asked as the story asks.
    pub fn judge(&self, test: &Test, story: &Story, facts: &Facts) -> Census {
        let mut parameters = Parameters::default();
        for set in [&self.content, &story.content] {
            let set = set.get("parameters").and_then(Value::as_object);
            for (name, value) in set.into_iter().flatten() {
                let known = test.parameters.iter().find(|known| known.name == name);
                let known = known.unwrap_or_else(|| panic!("{} has no limit {name}", test.id));
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let value = (known.default)().like(&text).unwrap();
                parameters.set(test.parameters, name, value).unwrap();
            }
        }
        let say = |name: &str| story.content.get(name).or_else(|| self.content.get(name));
        let regime = say("regime").and_then(Value::as_str);
        let attachments = self.attachments(story);
        let calendar = Calendar::default();
        let matrix = say("matrix").and_then(Value::as_array).map(|rules| matrix(rules));
        let verified = verified::of(
            [&self.content, &story.content].map(|set| set.get("verified")),
            &story.drop,
            facts.entries,
        );
        let context = Context {
            facts,
            period: self.period(story),
            now: self.now(story),
            regime: regime.map(|word| Regime::parse(word).unwrap()),
            parameters: &parameters,
            calendar: &calendar,
            attachments: &attachments,
            matrix: matrix.as_ref(),
            verified: verified.as_ref(),
        };
        (test.run)(&context)
    }

    fn say<'b>(&'b self, story: &'b Story, name: &str) -> Option<&'b Value> {
        story.content.get(name).or_else(|| self.content.get(name))
    }

    /// The period of a story.
    pub fn period(&self, story: &Story) -> Period {
        let ends = texts(self.say(story, "period"));
        Period { from: time(&ends[0]), to: time(&ends[1]) }
    }

    /// Until when anything is known.
    pub fn now(&self, story: &Story) -> Timestamp {
        let now = self.say(story, "now").and_then(Value::as_str);
        time(now.unwrap_or("2026-10-16T00:00:00Z"))
    }

    /// The lists that events name.
    pub fn attachments(&self, story: &Story) -> Attached {
        Attached::of(self.content.get("attachments"), story.content.get("attachments"))
    }

    /// What a story expects of metrics, by what is asked.
    pub fn expected(&self, story: &Story) -> BTreeMap<String, String> {
        let first = story.name == "what is right";
        let said = if first { self.content.get("expect") } else { story.content.get("expect") };
        let each = said.and_then(Value::as_object).into_iter().flatten();
        each.map(|(asked, told)| (asked.clone(), told.as_str().unwrap().to_owned())).collect()
    }

    /// What the story's entries say.
    pub fn facts(&self, story: &Story) -> Facts {
        facts(self.whole(story))
    }

    /// The lines of the story's entries, from entry 1 on.
    pub fn lines(&self, story: &Story) -> Vec<String> {
        lines(self.whole(story))
    }

    /// The events of a story in the order in which they were recorded.
    pub fn told(&self, story: &Story) -> Vec<Told> {
        told(self.whole(story))
    }

    fn whole(&self, story: &Story) -> Events {
        let mut events = self.events(story);
        if story.crowd {
            let strangers = self.content.get("good").and_then(Value::as_object);
            for (label, event) in strangers.into_iter().flatten() {
                events.insert(format!("other {label}"), another(event));
            }
        }
        if story.ruled {
            let anew: Events = events
                .iter()
                .filter_map(|(label, event)| Some((format!("z {label}"), anew(event)?)))
                .collect();
            events.extend(anew);
            events.insert("z frozen".to_owned(), frozen());
            for kind in ["catalogue", "gate", "overlay", "roles", "sod", "weights"] {
                events.insert(format!("z ruled {kind}"), ruled(kind));
            }
        }
        self.introduce(&mut events);
        events
    }

    /// The people of the book join.
    pub fn introduce(&self, events: &mut Events) {
        for (number, person) in texts(self.content.get("people")).iter().enumerate() {
            let joined = json!({
                "type": "person.changed", "at": format!("2020-01-01T00:00:{number:02}Z"), "by": "@hr",
                "subject": {"person": format!("p-{person}")},
                "data": {"event": "joined", "kind": "employee", "person": format!("@{person}"),
                    "effective_at": "2020-01-01T00:00:00Z"},
            });
            events.insert(format!("joined {person}"), joined);
        }
    }

    /// The events of a story, by their labels.
    pub fn events(&self, story: &Story) -> Events {
        let good = self.content.get("good").and_then(Value::as_object).unwrap();
        let mut events: Events = good.iter().map(|(label, e)| (label.clone(), e.clone())).collect();
        let changes = |name: &str| story.content.get(name).and_then(Value::as_object);
        for (label, event) in changes("add").into_iter().flatten() {
            // `"like"` begins with another event
            let mut whole =
                text(event, "like").map_or_else(|| json!({}), |like| events[&like].clone());
            for (name, value) in event.as_object().unwrap() {
                if name == "like" {
                    continue;
                }
                if name.starts_with('/') {
                    put(&mut whole, name, value.clone());
                } else {
                    whole[name] = value.clone();
                }
            }
            events.insert(label.clone(), whole);
        }
        for (label, changed) in changes("set").into_iter().flatten() {
            let event = events.get_mut(label).unwrap_or_else(|| panic!("no event `{label}`"));
            for (pointer, value) in changed.as_object().unwrap() {
                put(event, pointer, value.clone());
            }
        }
        for (label, pointers) in changes("unset").into_iter().flatten() {
            let event = events.get_mut(label).unwrap_or_else(|| panic!("no event `{label}`"));
            for pointer in texts(Some(pointers)) {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let parent = event.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
                assert!(parent.remove(name).is_some(), "nothing at {pointer} of `{label}`");
            }
        }
        for label in &story.drop {
            let beside = verified::is_label(label);
            assert!(beside || events.remove(label).is_some(), "no event `{label}`");
        }
        events
    }
}

/// The facts of events, in the order in which they were recorded.
pub fn facts(events: Events) -> Facts {
    let mut document = Document::default();
    let lines = lines(events);
    let read = |line: &String| Read::of(&Entry::parse(&mut document, line.as_bytes()).unwrap());
    Facts::from_read(lines.iter().map(read).collect::<Vec<_>>())
}

/// An event of a story: when it was recorded, its label, and what it says.
pub type Told = (Timestamp, String, Value);

/// The lines of events, in the order in which they were recorded, from entry 1 on.
pub fn lines(events: Events) -> Vec<String> {
    let line = |(number, (recorded, label, event)): (usize, Told)| {
        line(number as u64 + 1, recorded, &label, &event)
    };
    told(events).into_iter().enumerate().map(line).collect()
}

fn told(events: Events) -> Vec<Told> {
    let mut told: Vec<Told> =
        events.into_iter().map(|(label, event)| (recorded(&event), label, event)).collect();
    told.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let places: BTreeMap<String, u64> =
        told.iter().zip(1..).map(|((_, label, _), index)| (label.clone(), index)).collect();
    for (.., event) in &mut told {
        number(event, &places);
    }
    told
}

impl Story {
    fn read(content: &Value) -> Self {
        let known = [
            "add",
            "attachments",
            "drop",
            "evidence",
            "expect",
            "item",
            "matrix",
            "name",
            "now",
            "parameters",
            "period",
            "raises",
            "regime",
            "set",
            "severity",
            "state",
            "unset",
            "verified",
        ];
        only(content, &known);
        Self {
            name: text(content, "name").unwrap(),
            raises: texts(content.get("raises")),
            severity: text(content, "severity"),
            state: text(content, "state"),
            item: text(content, "item"),
            evidence: content.get("evidence").map(|labels| texts(Some(labels))),
            drop: texts(content.get("drop")),
            content: content.clone(),
            crowd: false,
            ruled: false,
        }
    }

    /// The same without an event.
    pub fn without(&self, label: &str) -> Self {
        let mut story = self.clone();
        story.drop.push(label.to_owned());
        story
    }

    /// The same, and a pipeline records that every gate passed.
    pub fn with_pass(&self, at: &str) -> Self {
        let mut story = self.clone();
        let pass = json!({
            "type": "gate.evaluated", "at": at, "by": "@runner", "kind": "service",
            "subject": {"artifact": "#payments-1", "environment": "production", "service": "payments"},
            "data": {
                "gate": "release", "kind": "release", "policy_digest": "#policy-1", "verdict": "pass",
                "as_of": at, "attempt": 1, "inputs": [{"name": "T01", "result": "pass", "value": "0"}],
                "evaluator": {"name": "ledger", "version": "1", "mode": "computed"},
            },
        });
        story.content["add"]["a pass that is claimed"] = pass;
        story
    }

    /// The same with another member, like `add` or `period`, in the place of its own.
    pub fn with(&self, member: &str, value: Value) -> Self {
        let mut story = self.clone();
        story.content[member] = value;
        story
    }

    /// The same among strangers who do the same elsewhere.
    pub fn crowded(&self) -> Self {
        Self { crowd: true, ..self.clone() }
    }

    /// The same, and afterwards every rule that it stands on is changed.
    pub fn ruled_anew(&self) -> Self {
        Self { ruled: true, ..self.clone() }
    }
}

/// `&test` is the entry of the event with that label.
fn number(value: &mut Value, places: &BTreeMap<String, u64>) {
    match value {
        Value::String(text) => {
            if let Some(label) = text.strip_prefix('&') {
                // what was dropped was never recorded
                *value = json!(places.get(label).copied().unwrap_or(0));
            }
        }
        Value::Object(members) => members.values_mut().for_each(|value| number(value, places)),
        Value::Array(items) => items.iter_mut().for_each(|value| number(value, places)),
        _ => {}
    }
}

pub fn rename(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(['@', '#', '%']) => {
            text.push_str("-else");
        }
        Value::Object(members) => members.values_mut().for_each(rename),
        Value::Array(items) => items.iter_mut().for_each(rename),
        _ => {}
    }
}

/// Long after every story.
const LATER: &str = "2028-06-01T00:00:00Z";

/// A freeze that is declared for a time that is over.
fn frozen() -> Value {
    let window =
        json!({"start": "2020-01-01T00:00:00Z", "end": "2028-01-01T00:00:00Z", "tz": "Etc/UTC"});
    json!({
        "type": "freeze.changed", "at": LATER, "by": "@zoe", "subject": {"freeze": "frozen-later"},
        "data": {"action": "declared", "version": "1", "authority": "@zoe", "scope": {}, "window": window},
    })
}

/// A policy that nobody had before, as if it had been in force from the beginning. Its list is nowhere:
/// where it counted, nothing could be told.
fn ruled(kind: &str) -> Value {
    json!({
        "type": "policy.changed", "at": LATER, "by": "@zoe",
        "subject": {"policy": format!("{kind}-later")},
        "data": {
            "kind": kind, "before": "#none", "after": "#ruled-later",
            "content": {"attachment": "#ruled-later", "count": 1},
            "effective_from": "2020-01-01T00:00:00Z",
        },
    })
}

/// The rule that an event makes, made anew long after: of another content, and back to the beginning
/// where it says from when it is in force.
fn anew(event: &Value) -> Option<Value> {
    if event.get("schema").is_some() {
        return None;
    }
    let changed: &[(&str, Value)] = match event["type"].as_str()? {
        "policy.changed" => &[
            ("/data/before", event["data"]["after"].clone()),
            ("/data/after", json!("#ruled-later")),
            ("/data/content/attachment", json!("#ruled-later")),
            ("/data/effective_from", json!("2020-01-01T00:00:00Z")),
        ],
        "freeze.changed" if event["data"]["action"] == "declared" => {
            &[("/data/action", json!("lifted"))]
        }
        "standard_change.template_changed" => &[("/data/action", json!("retired"))],
        "change.classified" => {
            &[("/data/class", json!("emergency")), ("/data/risk", json!("critical"))]
        }
        "gate.evaluated" => &[("/data/verdict", json!("fail")), ("/data/kind", json!("privacy"))],
        _ => return None,
    };
    let mut event = event.clone();
    for (pointer, value) in changed {
        put(&mut event, pointer, value.clone());
    }
    event["at"] = json!(LATER);
    event.as_object_mut()?.remove("recorded");
    Some(event)
}

/// The same event of somebody else, about other things, a little later.
fn another(event: &Value) -> Value {
    let mut event = event.clone();
    rename(&mut event);
    if let Some(subject) = event.get_mut("subject").and_then(Value::as_object_mut) {
        for (name, id) in subject.iter_mut() {
            if let Value::String(id) = id
                && name != "environment"
                && name != "artifact"
            {
                id.push_str("-else");
            }
        }
    }
    let named = ["reverts", "deployment", "release", "service", "change", "incident"];
    for pointer in named.map(|name| format!("/data/{name}")) {
        if let Some(Value::String(id)) = event.pointer_mut(&pointer) {
            id.push_str("-else");
        }
    }
    for member in
        event.pointer_mut("/data/members").and_then(Value::as_array_mut).into_iter().flatten()
    {
        if let Some(Value::String(id)) = member.get_mut("service") {
            id.push_str("-else");
        }
    }
    for pointer in ["/data/scope/systems", "/data/services", "/data/changes"] {
        let named = event.pointer_mut(pointer).and_then(Value::as_array_mut);
        for id in named.into_iter().flatten() {
            if let Value::String(id) = id {
                id.push_str("-else");
            }
        }
    }
    event
}

pub fn put(event: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut at = event;
    for step in parent.split('/').skip(1) {
        at = match at {
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            Value::Object(members) => members.entry(step).or_insert_with(|| json!({})),
            _ => panic!("{pointer} leads nowhere"),
        };
    }
    match at {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        at => at[name] = value,
    }
}

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(whole(text).as_bytes()).unwrap_or_else(|_| panic!("{text} is no time"))
}

/// A time to the day or second, to the microsecond.
pub fn whole(text: &str) -> String {
    match text.len() {
        10 => format!("{text}T00:00:00.000000Z"),
        20 => format!("{}.000000Z", text.trim_end_matches('Z')),
        _ => text.to_owned(),
    }
}

fn recorded(event: &Value) -> Timestamp {
    if let Some(recorded) = text(event, "recorded") {
        return time(&recorded);
    }
    let occurred = time(&text(event, "at").expect("an event has `at`"));
    Timestamp::from_micros(occurred.micros() + 1_000_000).unwrap()
}

pub fn is_time(text: &str) -> bool {
    text.len() == 20
        && text.ends_with('Z')
        && text.as_bytes()[4] == b'-'
        && text.as_bytes()[10] == b'T'
}

pub fn pseudonym(name: &str) -> Pseudonym {
    Pseudonym(*blake3::hash(name.as_bytes()).as_bytes().first_chunk().unwrap())
}

/// The id of an item; `%ada+%ben` are the two persons, the lesser pseudonym first.
pub fn named(item: &str) -> String {
    if !item.starts_with('%') {
        return item.to_owned();
    }
    let one = |name: &str| pseudonym(name.trim_start_matches('%')).to_string();
    let mut names: Vec<String> = item.split('+').map(one).collect();
    names.sort();
    names.join("+")
}

/// Spells out what a book abbreviates; the persons by their pointers.
fn spell(value: &mut Value, at: &str, persons: &mut Vec<(String, Pseudonym)>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@').or_else(|| text.strip_prefix('?')) {
                if text.starts_with('@') {
                    persons.push((at.to_owned(), pseudonym(name)));
                }
                *value = json!({"issuer": "idp", "id": name});
            } else if let Some(name) = text.strip_prefix('%') {
                *value = json!(pseudonym(name).to_string());
            } else if let Some(named) = text.strip_prefix('#') {
                *value = json!(Sha256::of(named.as_bytes()).to_reference());
            } else if is_time(text) {
                *value = json!(whole(text));
            }
        }
        Value::Object(members) => {
            members
                .iter_mut()
                .for_each(|(name, value)| spell(value, &format!("{at}/{name}"), persons));
        }
        Value::Array(items) => {
            let each = items.iter_mut().enumerate();
            each.for_each(|(number, value)| spell(value, &format!("{at}/{number}"), persons));
        }
        _ => {}
    }
}

/// What an event has to say of the lists that it names.
fn attachments(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            if let Some(digest) = members.get("attachment") {
                found.push(json!({
                    "digest": digest, "media_type": "application/jsonl", "name": "rows.jsonl",
                    "private": true, "size": 1,
                }));
            }
            members.values().for_each(|value| attachments(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| attachments(value, found)),
        _ => {}
    }
}

/// A line that has nothing to do with any story.
pub fn filler(index: u64) -> String {
    let event = json!({
        "type": "job.run", "at": "2026-01-01T00:00:00Z", "by": "@cron", "kind": "service",
        "subject": {"job": "j"},
        "data": {"outcome": "succeeded", "slot": "s", "started_at": "2026-01-01T00:00:00Z"},
    });
    line(index, time("2026-01-01T00:00:01Z"), "filler", &event)
}

/// The line of an event, at an index.
pub fn line(index: u64, recorded: Timestamp, label: &str, event: &Value) -> String {
    let line = admitted(index, recorded, label, event);
    line.unwrap_or_else(|error| panic!("`{label}`: {error} {:?}", error.place()))
}

/// The same, where the law of meaning lets the event in.
pub fn admitted(index: u64, recorded: Timestamp, label: &str, event: &Value) -> Result<String> {
    let known =
        ["at", "behalf", "by", "data", "kind", "recorded", "relayed", "schema", "subject", "type"];
    only(event, &known);
    let mut persons = Vec::new();
    let mut draft = Map::new();
    for name in ["type", "subject", "data"] {
        if let Some(value) = event.get(name).filter(|value| **value != json!({})) {
            draft.insert(name.to_owned(), value.clone());
        }
    }
    draft.insert("occurred_at".to_owned(), json!(whole(&text(event, "at").unwrap())));
    let kind = text(event, "type").unwrap();
    let row = ledger_core::schema::find(&kind).unwrap_or_else(|| panic!("no type {kind}"));
    if row.actor {
        let mut actor = json!({
            "kind": text(event, "kind").unwrap_or_else(|| "human".to_owned()),
            "id": text(event, "by").unwrap_or_else(|| panic!("`{label}` needs `by`")),
        });
        if let Some(behalf) = text(event, "behalf") {
            actor["on_behalf_of"] = json!(behalf);
        }
        draft.insert("actor".to_owned(), actor);
    }
    if let Some(source) = text(event, "relayed") {
        let record = format!("{label}-{index}").replace(' ', "-");
        let original = Blake3::of(record.as_bytes()).to_base64();
        for (name, value) in [
            ("source", json!(source)),
            ("source_id", json!(record)),
            ("ordinal", json!(0)),
            ("original", json!(original)),
            ("adapter", json!("story/1")),
        ] {
            draft.insert(name.to_owned(), value);
        }
    }
    let mut draft = Value::Object(draft);
    spell(&mut draft, "", &mut persons);
    persons.sort();
    let mut lists = Vec::new();
    attachments(&draft["data"], &mut lists);
    if !lists.is_empty() {
        draft["attachments"] = Value::Array(lists);
    }
    let text_of_draft = draft.to_string();
    let value = json::read(text_of_draft.as_bytes()).unwrap_or_else(|e| panic!("`{label}`: {e}"));
    let position = Position::one_shot(
        "story",
        *blake3::hash(&index.to_be_bytes()).as_bytes().first_chunk().unwrap(),
    );
    let key = KeyId(*blake3::hash(b"a key").as_bytes());
    // the first entry is what names the ledger
    let ledger = (kind != "ledger.created").then_some([7; 32]);
    let (bytes, _) = producer::prepare(&value, ledger, &position, &[key], [9; 32])?;
    // another schema is one whose words nobody here knows
    let bytes = match text(event, "schema") {
        Some(schema) => {
            String::from_utf8(bytes).unwrap().replace("ledger/v1", &schema).into_bytes()
        }
        None => bytes,
    };
    let signature = Signature { key, bytes: [7; 64] };
    let line = entry::line(&Blake3::of(b"before"), &bytes, index, &persons, recorded, &[signature]);
    Entry::parse(&mut Document::default(), line.as_bytes())?;
    Ok(line)
}
