//! Front: what a report is, of what, on what it stands, and how it is made again.

use super::people::{Level, People};
use super::{Material, period};
use crate::check::State;
use crate::hash::Sha256;
use crate::json::Value;
use crate::time::Timestamp;

/// What dates the ledger from outside, as an entry of the report says. A checkpoint that is signed or
/// cosigned later changes nothing here: the page of signatures names those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// `witness` or `rfc3161`.
    pub kind: String,
    /// How many entries it is over.
    pub size: u64,
    /// The digest of the cosignature or token.
    pub digest: String,
    /// The entry that says so.
    pub entry: u64,
}

/// The report that this one corrects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// Its id.
    pub report: String,
    /// The digest of its document.
    pub digest: String,
}

/// A report that was issued before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its id.
    pub report: String,
    /// The digest of its document.
    pub digest: String,
    /// Its period.
    pub period: String,
    /// How many entries it stands on.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// The entry that says it was issued.
    pub entry: u64,
    /// Whether its entries are the first of this ledger, unchanged.
    pub consistent: State,
    /// Whether it is of the same period, so that this report stands in its place.
    pub superseded: bool,
}

/// What the caller knows beside the evaluation and the facts.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The legal entity, in words; the ledger's name where this is empty.
    pub entity: String,
    /// The command that makes the same bytes again.
    pub command: String,
    /// The report that was issued last, of any period.
    pub previous: Option<Previous>,
    /// How many reports of the same period were issued.
    pub issued: u64,
    /// For whom it is made; what the overlays ask for where nobody says.
    pub level: Option<Level>,
}

/// A framework in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The version of its controls.
    pub version: String,
    /// The chain of authority, in one paragraph.
    pub authority: String,
}

/// What stands in front of a report.
#[derive(Clone, Debug)]
pub struct Front {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Which issue of the period it is, from 1.
    pub version: u64,
    /// The legal entity.
    pub entity: String,
    /// The frameworks.
    pub frameworks: Vec<Framework>,
    /// The period in a word.
    pub period: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Its first day, in its zone.
    pub first: String,
    /// Its last day.
    pub last: String,
    /// The name of the zone in which its days begin.
    pub zone: String,
    /// The moment by which running clocks are judged; what was recorded later is left out.
    pub cutoff: Timestamp,
    /// The overlays, with their versions.
    pub layers: Vec<String>,
    /// The digest of the resolved catalogue at the beginning of the period.
    pub catalogue: String,
    /// The ledger.
    pub origin: String,
    /// How many entries it stands on.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// The largest of them that was dated from outside, as one of them says.
    pub anchored: Option<Anchored>,
    /// The report that this one corrects.
    pub supersedes: Option<Superseded>,
    /// The report that was issued before.
    pub previous: Option<Previous>,
    /// How persons are shown.
    pub persons: String,
    /// For whom it is made, and what the overlays say about persons.
    pub people: People,
    /// The name and version of the tool.
    pub tool: String,
    /// The command that makes the same bytes again.
    pub command: String,
    /// The command that verifies the ledger.
    pub verify: String,
}

pub(super) fn front(material: &Material<'_>, asked: &Asked) -> Front {
    let evaluation = material.evaluation;
    let question = &evaluation.question;
    let first = evaluation.slices.first().map(|slice| &slice.resolved);
    let authorities = first.map(|resolved| resolved.catalogue.authorities.iter());
    let frameworks: Vec<Framework> = authorities
        .into_iter()
        .flatten()
        .filter(|known| question.frameworks.contains(&known.framework))
        .map(|known| Framework {
            id: known.framework.clone(),
            title: known.title.clone(),
            version: known.version.clone(),
            authority: known.text.clone(),
        })
        .collect();
    let names: Vec<String> = frameworks.iter().map(|known| known.id.to_uppercase()).collect();
    let wall = material.on_wall();
    let word = period::word(wall);
    let origin = evaluation.front.origin.clone();
    let entity = if asked.entity.is_empty() { name(&origin) } else { asked.entity.clone() };
    let layers = question.layers.iter();
    let people = People::of(evaluation, asked.level);
    Front {
        id: id(material, &entity, &word),
        title: format!("Release controls report: {}", names.join(", ")),
        version: asked.issued + 1,
        entity,
        frameworks,
        period: word,
        from: material.period.from,
        to: material.period.to,
        first: period::day(wall.from),
        last: period::day(period::last(wall)),
        zone: question.calendar.named.clone(),
        cutoff: question.cutoff,
        layers: layers.map(|layer| format!("{} {}", layer.id, layer.version)).collect(),
        catalogue: first.map(|known| known.digest().to_reference()).unwrap_or_default(),
        origin,
        size: evaluation.front.size,
        root: evaluation.front.root.clone(),
        anchored: anchored(material),
        supersedes: None,
        previous: asked.previous.clone(),
        persons: people.level.words().to_owned(),
        people,
        tool: format!("ledger {}", env!("CARGO_PKG_VERSION")),
        command: asked.command.clone(),
        verify: "ledger verify".to_owned(),
    }
}

/// The name of a ledger in its origin.
fn name(origin: &str) -> String {
    crate::checkpoint::Origin::parse(origin)
        .map_or_else(|_| origin.to_owned(), |origin| origin.name().to_owned())
}

/// The id: what is asked of which entries, in twelve hex digits.
fn id(material: &Material<'_>, entity: &str, word: &str) -> String {
    let evaluation = material.evaluation;
    let question = &evaluation.question;
    let catalogues = evaluation.slices.iter().map(|slice| slice.resolved.digest().to_reference());
    let asked = Value::object([
        ("catalogues", Value::List(catalogues.map(Value::text).collect())),
        ("cutoff", Value::text(question.cutoff.to_string())),
        ("entity", Value::text(entity)),
        ("frameworks", Value::List(question.frameworks.iter().map(Value::text).collect())),
        ("origin", Value::text(&evaluation.front.origin)),
        ("period", Value::text(word)),
        ("root", Value::text(&evaluation.front.root)),
        ("size", Value::count(evaluation.front.size)),
        ("tool", Value::text(env!("CARGO_PKG_VERSION"))),
    ]);
    let digest = crate::encoding::hex(&Sha256::of(asked.to_canonical().as_bytes()).0);
    format!("report-{}-{}", word.replace("..", "-"), digest.get(..12).unwrap_or_default())
}

/// The anchor over the most entries.
fn anchored(material: &Material<'_>) -> Option<Anchored> {
    let all = material.facts.anchor_attached.all().iter();
    let largest = all.max_by_key(|row| (row.size, std::cmp::Reverse(row.at.index)))?;
    Some(Anchored {
        kind: largest.kind.as_str().to_owned(),
        size: largest.size,
        digest: largest.digest.to_reference(),
        entry: largest.at.index,
    })
}

impl Anchored {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object([
            ("digest", Value::text(&self.digest)),
            ("entry", Value::count(self.entry)),
            ("kind", Value::text(&self.kind)),
            ("size", Value::count(self.size)),
        ])
    }
}

impl Superseded {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object([
            ("digest", Value::text(&self.digest)),
            ("report", Value::text(&self.report)),
        ])
    }
}

impl Previous {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        Value::object([
            ("consistent", Value::text(self.consistent.as_str())),
            ("digest", Value::text(&self.digest)),
            ("entry", Value::count(self.entry)),
            ("period", Value::text(&self.period)),
            ("report", Value::text(&self.report)),
            ("root", Value::text(&self.root)),
            ("size", Value::count(self.size)),
            ("superseded", Value::Bool(self.superseded)),
        ])
    }
}

impl Front {
    /// The whole as JSON.
    pub fn to_json(&self) -> Value {
        let frameworks = self.frameworks.iter().map(|known| {
            Value::object([
                ("authority", Value::text(&known.authority)),
                ("id", Value::text(&known.id)),
                ("title", Value::text(&known.title)),
                ("version", Value::text(&known.version)),
            ])
        });
        let mut ledger = vec![
            ("origin", Value::text(&self.origin)),
            ("root", Value::text(&self.root)),
            ("size", Value::count(self.size)),
        ];
        ledger.extend(self.anchored.as_ref().map(|known| ("anchored", known.to_json())));
        let mut members = vec![
            ("catalogue", Value::text(&self.catalogue)),
            ("command", Value::text(&self.command)),
            ("cutoff", Value::text(self.cutoff.to_string())),
            ("entity", Value::text(&self.entity)),
            ("frameworks", Value::List(frameworks.collect())),
            ("id", Value::text(&self.id)),
            ("layers", Value::List(self.layers.iter().map(Value::text).collect())),
            ("ledger", Value::object(ledger)),
            (
                "period",
                Value::object([
                    ("first", Value::text(&self.first)),
                    ("from", Value::text(self.from.to_string())),
                    ("last", Value::text(&self.last)),
                    ("to", Value::text(self.to.to_string())),
                    ("word", Value::text(&self.period)),
                    ("zone", Value::text(&self.zone)),
                ]),
            ),
            ("people", self.people.to_json()),
            ("persons", Value::text(&self.persons)),
            ("title", Value::text(&self.title)),
            ("tool", Value::text(&self.tool)),
            ("verify", Value::text(&self.verify)),
            ("version", Value::count(self.version)),
        ];
        members.extend(self.supersedes.as_ref().map(|known| ("supersedes", known.to_json())));
        members.extend(self.previous.as_ref().map(|known| ("previous", known.to_json())));
        Value::object(members)
    }
}
