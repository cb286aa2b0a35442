//! Drafts of events, as sources fill them in.

use std::collections::BTreeMap;

use ledger_core::encoding::hex;
use ledger_core::event::is_id;
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::json::{Object, Value};
use ledger_core::time::Timestamp;

use super::Source;
use super::json::Json;
use super::time::When;

/// The longest sealed text that is taken over; the original has all of it.
const MAX_TEXT: usize = 2_000;
/// The longest list that stands in an event.
const MAX_LIST: usize = 100;

/// Somebody or something that acts, as its issuer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Who gives the id: a host, a directory, an account.
    pub(crate) issuer: String,
    /// The id, stable at that issuer.
    pub(crate) id: String,
    /// How it is shown there.
    pub(crate) name: Option<String>,
    /// Its address, if it is told.
    pub(crate) email: Option<String>,
}

impl Person {
    /// Of an issuer and an id; none where there is no id.
    pub(crate) fn new(issuer: &str, id: Option<&str>) -> Option<Self> {
        let id = id.filter(|id| !id.trim().is_empty())?;
        Some(Self { issuer: issuer.to_owned(), id: short(id), name: None, email: None })
    }

    /// With the name that the source shows.
    pub(crate) fn named(mut self, name: Option<&str>) -> Self {
        self.name = name.filter(|name| !name.is_empty()).map(short);
        self
    }

    /// With an address.
    pub(crate) fn at(mut self, email: Option<&str>) -> Self {
        self.email = email.filter(|email| !email.is_empty()).map(short);
        self
    }

    /// The identity as an event seals it.
    pub(crate) fn value(&self) -> Value {
        let mut members =
            vec![("id", Value::text(&self.id)), ("issuer", Value::text(&self.issuer))];
        members.extend(self.name.as_deref().map(|name| ("name", Value::text(name))));
        members.extend(self.email.as_deref().map(|email| ("email", Value::text(email))));
        Value::object(members)
    }
}

/// An event on its way: what a source says, without what the ledger adds.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    kind: &'static str,
    source_id: String,
    /// Whether the id names a person, so that it is replaced by its keyed digest.
    personal: bool,
    when: When,
    actor: Value,
    subject: Object,
    data: Object,
    attached: Option<Attached>,
}

/// A list that travels beside an event, as its source tells it: with names (see `list`).
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    /// The field that names it.
    pub(crate) field: &'static str,
    /// Its items, in the order of their canonical lines, each once.
    pub(crate) rows: Vec<Value>,
}

impl Attached {
    /// An item on each line.
    pub(crate) fn lines(&self) -> String {
        self.rows.iter().map(|row| row.to_canonical() + "\n").collect()
    }
}

/// A draft with its ordinal, as the command completes it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The type.
    pub(crate) kind: &'static str,
    /// The record's id at its source.
    pub(crate) source_id: String,
    /// Whether that names a person.
    pub(crate) personal: bool,
    /// Which of the record's events of this type it is, from 0.
    pub(crate) ordinal: u64,
    /// The event as `ledger append` takes it, without the members of an import.
    pub(crate) value: Object,
    /// The list that travels beside it.
    pub(crate) attached: Option<Attached>,
}

impl Draft {
    /// An event of a type, from the record with this id, at this time; nobody acts yet.
    pub(crate) fn new(kind: &'static str, source_id: &str, when: When) -> Self {
        Self {
            kind,
            source_id: id(source_id),
            personal: false,
            when,
            actor: Value::object([("kind", Value::text("unknown"))]),
            subject: Object::new(),
            data: Object::new(),
            attached: None,
        }
    }

    /// A record that no mapping covers: its kind at the source, and why.
    pub(crate) fn external(
        source: &str,
        source_id: &str,
        kind: &str,
        reason: &str,
        when: When,
    ) -> Self {
        Self::new("external.recorded", source_id, when)
            .subject("source", Some(source))
            .id("native_kind", Some(kind))
            .id("reason", Some(reason))
    }

    /// Whether it is of that type.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// The id names a person (a login, a number of the personnel office).
    pub(crate) fn personal(mut self) -> Self {
        self.personal = true;
        self
    }

    /// Who acted, by what the source reported: `human`, `service`, `bot`, `system`.
    pub(crate) fn actor(mut self, kind: &str, person: Option<&Person>) -> Self {
        if let Some(person) = person {
            self.actor = Value::object([
                ("auth", Value::text("relay")),
                ("id", person.value()),
                ("kind", Value::text(kind)),
            ]);
        }
        self
    }

    /// A subject reference; a text that is no restricted id becomes one (see [`id`]).
    pub(crate) fn subject(mut self, name: &'static str, text: Option<&str>) -> Self {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let text = if name == "artifact" { text.to_owned() } else { id(text) };
            self.subject.insert(name, Value::text(text));
        }
        self
    }

    /// A field, if there is something to say.
    pub(crate) fn set(mut self, name: &'static str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.data.insert(name, value);
        }
        self
    }

    /// A field that is a restricted id.
    pub(crate) fn id(self, name: &'static str, text: Option<&str>) -> Self {
        let value = text.filter(|text| !text.is_empty()).map(|text| Value::text(id(text)));
        self.set(name, value)
    }

    /// A field that is a word of an enumeration.
    pub(crate) fn word(self, name: &'static str, word: &str) -> Self {
        self.set(name, Some(Value::text(word)))
    }

    /// A field that is text for people: it will be sealed.
    pub(crate) fn text(self, name: &'static str, text: Option<&str>) -> Self {
        let value =
            text.filter(|text| !text.trim().is_empty()).map(|text| Value::text(short(text)));
        self.set(name, value)
    }

    /// A field that is a person.
    pub(crate) fn person(self, name: &'static str, person: Option<&Person>) -> Self {
        self.set(name, person.map(Person::value))
    }

    /// A field that is a time.
    pub(crate) fn time(self, name: &'static str, when: Option<&When>) -> Self {
        self.set(name, when.map(When::value))
    }

    /// A field that is a list; what is longer than a list may be is left to the original.
    pub(crate) fn list(self, name: &'static str, mut items: Vec<Value>) -> Self {
        items.truncate(MAX_LIST);
        let value = (!items.is_empty()).then_some(Value::List(items));
        self.set(name, value)
    }

    /// A field that is a list beside the event; here it says only how long that is.
    pub(crate) fn attach(self, attached: Attached) -> Self {
        let count = Value::object([("count", Value::count(attached.rows.len() as u64))]);
        let mut draft = self.set(attached.field, Some(count));
        draft.attached = Some(attached);
        draft
    }

    fn into_value(self) -> (String, Object) {
        let mut event = Object::from([
            ("actor", self.actor),
            ("data", Value::Object(self.data)),
            ("occurred_at", self.when.value()),
            ("time_quality", Value::text(self.when.quality)),
            ("type", Value::text(self.kind)),
        ]);
        if let Some(raw) = self.when.raw {
            event.insert("occurred_raw", Value::text(raw));
        }
        if !self.subject.is_empty() {
            event.insert("subject", Value::Object(self.subject));
        }
        (self.source_id, event)
    }
}

/// Numbers the events of a record: the ordinal counts those of one type and id.
pub(super) fn number(source: &Source, drafts: Vec<Draft>, received: Timestamp) -> Vec<Event> {
    let mut counts: BTreeMap<(&str, String), u64> = BTreeMap::new();
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let mut draft = if lacks(&draft) {
            let when = if draft.when.quality == "received" {
                When::received(received)
            } else {
                draft.when
            };
            let personal = draft.personal;
            let reason = format!("lacks-what-{}-needs", draft.kind);
            let mut other =
                Draft::external(source.name, &draft.source_id, draft.kind, &reason, when);
            (other.actor, other.personal) = (draft.actor, personal);
            other
        } else {
            draft
        };
        let (kind, personal) = (draft.kind, draft.personal);
        let attached = draft.attached.take();
        let (source_id, value) = draft.into_value();
        let count = counts.entry((kind, source_id.clone())).or_default();
        events.push(Event { kind, source_id, personal, ordinal: *count, value, attached });
        *count += 1;
    }
    events
}

/// Whether a field or reference is not there that the type cannot be without.
fn lacks(draft: &Draft) -> bool {
    let Some(known) = ledger_core::schema::find(draft.kind) else { return true };
    let field = |field: &&ledger_core::schema::Field| {
        field.required && !draft.data.contains_key(field.name)
    };
    known.data.iter().any(|found| field(&found))
        || known.subject.iter().any(|name| !draft.subject.contains_key(name))
}

/// A restricted id from any text: as it is where that is legal; else with `-` for what is not, and the
/// beginning of its BLAKE3 behind `#`, so that two texts stay two ids.
pub(crate) fn id(text: &str) -> String {
    if is_id(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for char in text.chars().take(180) {
        let legal = char.is_ascii_alphanumeric() || "._:/+#-".contains(char);
        match char {
            char if legal => out.push(char),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    let hash = hex(&Blake3::of(text.as_bytes()).0);
    out.push('#');
    out.extend(hash.chars().take(12));
    out
}

/// The digest of what a source says about a state, in its one spelling; none where it says nothing.
pub(crate) fn digest(value: &Json<'_>) -> Option<Value> {
    value.is_some().then(|| Value::text(Sha256::of(value.to_text().as_bytes()).to_reference()))
}

/// A digest reference, if that is what the text spells.
pub(crate) fn artifact(text: Option<&str>) -> Option<String> {
    let text = text?.replace("%3A", ":").replace("%3a", ":");
    let at = text.find("sha256:")?;
    let found = text.get(at..at + 71)?.to_ascii_lowercase();
    ledger_core::event::is_digest(&found).then_some(found)
}

pub(super) fn short(text: &str) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default().to_owned()
}
