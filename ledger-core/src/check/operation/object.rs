//! Object: what needs a document, by the kinds of objects that a control names.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::scope::minus;
use crate::check::{Census, Context, Direction, Item, Kind, Parameter, Severity, Value};
use crate::fact::Said;
use crate::schema::change::{ChangeClassified, ChangeRecorded};
use crate::schema::incident::BreachStep;
use crate::schema::words::{Answer, Impact, Reference};
use crate::time::Timestamp;

pub(super) const SCOPE: Parameter = Parameter::new(
    "scope",
    || Value::Ids(vec!["system".to_owned()]),
    Direction::Either,
    "kinds of object that need the document: system, change, processor, processing, destination, asset, breach, high-risk-breach",
);
pub(super) const IMPACT: Parameter = Parameter::new(
    "impact",
    || Value::Ids(Vec::new()),
    Direction::Either,
    "of changes in scope, only those of this impact or more; empty: all",
);
pub(super) const CHANGE_KINDS: Parameter = Parameter::new(
    "change_kinds",
    || Value::Ids(["routine", "major", "new_system", "migration"].map(str::to_owned).to_vec()),
    Direction::Either,
    "of changes in scope, only those of these kinds",
);

/// A change of which nobody said how far it reaches.
pub(super) const UNSAID: Kind = Kind::undecided(
    "impact-not-stated",
    Severity::Medium,
    "nobody said how far the change reaches, so it cannot be told whether it needs the document",
);

/// Something that needs a document.
pub(super) struct Object {
    /// Its kind and id.
    pub(super) id: String,
    /// When it needs it.
    pub(super) at: Timestamp,
    /// What a document's scope may call it.
    pub(super) names: Vec<String>,
    /// How a sentence begins that speaks of it.
    pub(super) words: String,
    pub(super) entries: Vec<u64>,
    pub(super) system: Option<String>,
    /// How bad it is that there is none, where that is worse than usual.
    pub(super) severity: Option<Severity>,
    unsaid: bool,
}

impl Object {
    fn new(kind: &str, id: &str, at: Timestamp, entries: Vec<u64>) -> Self {
        Self {
            id: format!("{kind}/{id}"),
            at,
            names: vec![id.to_owned(), format!("{kind}:{id}")],
            words: format!("{kind} {id}"),
            entries,
            system: None,
            severity: None,
            unsaid: false,
        }
    }

    /// An addressable citation: its decision is a document whose scope names it so.
    pub(super) fn citation(citation: &str, at: Timestamp) -> Self {
        let mut object = Self::new("addressable", citation, at, Vec::new());
        object.names.retain(|name| name.starts_with("addressable:"));
        object.words = format!("addressable citation {citation}");
        object
    }

    /// Tells that it may not even need a document.
    pub(super) fn tell(&self, item: &mut Item) {
        if self.unsaid {
            let sentence = format!("nobody said how far {} reaches", self.words);
            item.raise(&UNSAID, sentence, self.entries.iter().copied());
        }
    }
}

/// All objects in scope, by kind and id.
pub(super) fn all(context: &Context<'_>, census: &mut Census) -> Vec<Object> {
    let mut objects = Vec::new();
    for scope in context.parameters.ids(&SCOPE) {
        match scope.as_str() {
            "system" => systems(context, census, &mut objects),
            "change" => changes(context, census, &mut objects),
            "breach" => breaches(context, false, &mut objects),
            "high-risk-breach" => breaches(context, true, &mut objects),
            "destination" => {
                destinations(context, &mut objects);
                declared(context, "destination", &mut objects);
            }
            // there is no event for these: a register of them is itself a document
            other => declared(context, other, &mut objects),
        }
    }
    objects
}

fn systems(context: &Context<'_>, census: &mut Census, objects: &mut Vec<Object>) {
    let last = minus(context.period.to, 1);
    for system in context.facts.systems(last) {
        if !system.is_under(context.regime) {
            census.exclude("no system under this regime");
            continue;
        }
        let id = system.system.as_str();
        let mut object = Object::new("system", id, last, vec![system.at.index]);
        object.system = Some(id.to_owned());
        objects.push(object);
    }
}

/// Changes that were deployed to production in the period, each when that first began.
fn changes(context: &Context<'_>, census: &mut Census, objects: &mut Vec<Object>) {
    let kinds = context.parameters.ids(&CHANGE_KINDS);
    let impact = context.parameters.ids(&IMPACT);
    let impact = impact.first().and_then(|word| Impact::parse(word));
    let mut seen = BTreeSet::new();
    for deployment in context.facts.deployments() {
        let standing = deployment.standing(context.facts);
        let production = matches!(standing, crate::fact::scope::Standing::Production(_));
        let under = standing.systems().iter().any(|system| system.is_under(context.regime));
        let Some(change) = deployment.change().filter(|_| production && under) else { continue };
        if !seen.insert(change.as_str()) || !context.period.has(deployment.at) {
            continue;
        }
        let at = deployment.at;
        let recorded = context.facts.change_recorded.of(Reference::Change, change.as_str());
        let recorded: Vec<_> = recorded.filter(|row| row.at.occurred <= at).collect();
        let mut classified = context.facts.change_classified.of(Reference::Change, change.as_str());
        let classified = classified.rfind(|row| row.at.occurred <= at);
        let kind = classified.and_then(kind_of);
        if kind.is_some_and(|kind| !kinds.iter().any(|known| known == kind)) {
            census.exclude("change of another kind");
            continue;
        }
        let reach = impact.map(|least| (least, reach(&recorded)));
        if let Some((least, Some(found))) = reach
            && found < least
        {
            census.exclude("change of less impact");
            continue;
        }
        let mut entries: Vec<u64> = deployment.entries().collect();
        entries.extend(recorded.last().map(|row| row.at.index));
        entries.extend(classified.map(|row| row.at.index));
        let mut object = Object::new("change", change.as_str(), at, entries);
        object.names.extend(deployment.artifact().map(crate::hash::Sha256::to_reference));
        object.system = standing.systems().first().map(|system| system.system.to_string());
        // what went to production without it cannot be taken back
        object.severity = impact.map(|_| Severity::Critical);
        object.unsaid = matches!(reach, Some((_, None)));
        objects.push(object);
    }
}

fn kind_of(row: &Said<ChangeClassified>) -> Option<&'static str> {
    row.kind.map(crate::schema::change::ChangeKind::as_str)
}

/// The farthest that anybody said the change reaches, for security or privacy.
fn reach(recorded: &[&Said<ChangeRecorded>]) -> Option<Impact> {
    recorded.iter().flat_map(|row| [row.security_impact, row.privacy_impact]).flatten().max()
}

/// Incidents for which a breach was assessed or personal data were touched.
fn breaches(context: &Context<'_>, high: bool, objects: &mut Vec<Object>) {
    for id in context.facts.incident_changed.ids(Reference::Incident) {
        let rows: Vec<_> =
            context.facts.incident_changed.of(Reference::Incident, id.as_str()).collect();
        let steps: Vec<_> =
            context.facts.breach_decided.of(Reference::Incident, id.as_str()).collect();
        let Some(first) = rows.first().filter(|row| context.period.has(row.at.occurred)) else {
            continue;
        };
        let touched = |answer: Option<Answer>| answer.is_some_and(|answer| answer != Answer::No);
        let personal = rows.iter().any(|row| touched(row.personal_data) || touched(row.ephi));
        let risky = steps.iter().any(|row| row.high_risk.is_some_and(|risk| risk != Answer::No));
        if !personal && steps.is_empty() || high && !risky {
            continue;
        }
        let mut entries: Vec<u64> = rows.iter().map(|row| row.at.index).collect();
        entries.extend(steps.iter().map(|row| row.at.index));
        let until = context.now;
        let mut object = Object::new("breach", id.as_str(), until, entries);
        object.names.push(format!("incident:{id}"));
        let named = steps.iter().filter(|row| row.step != BreachStep::NotNotified);
        object.names.extend(named.filter_map(|row| row.document.as_ref()).map(ToString::to_string));
        object.words = format!("the breach in incident {id} of {}", first.at.occurred);
        objects.push(object);
    }
}

/// Regions to which was deployed in the period.
fn destinations(context: &Context<'_>, objects: &mut Vec<Object>) {
    let mut regions: BTreeMap<&str, (Timestamp, u64)> = BTreeMap::new();
    for row in context.facts.deployment_started.all() {
        if !context.period.has(row.at.occurred) {
            continue;
        }
        if let Some(region) = &row.region {
            regions.entry(region.as_str()).or_insert((row.at.occurred, row.at.index));
        }
    }
    for (region, (at, entry)) in regions {
        let mut object = Object::new("destination", region, at, vec![entry]);
        object.severity = Some(Severity::Critical);
        objects.push(object);
    }
}

/// Objects of a kind that documents name as `kind:id` in their scope.
fn declared(context: &Context<'_>, kind: &str, objects: &mut Vec<Object>) {
    let last = minus(context.period.to, 1);
    let prefix = format!("{kind}:");
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for row in context.facts.document_approved.all().iter().filter(|row| row.at.occurred <= last) {
        for name in &row.scope {
            if let Some(id) = name.as_str().strip_prefix(&prefix) {
                found.entry(id).or_insert(row.at.index);
            }
        }
    }
    if kind == "processor" {
        for row in
            context.facts.vendor_release_assessed.all().iter().filter(|row| row.at.occurred <= last)
        {
            found.entry(row.vendor.as_str()).or_insert(row.at.index);
        }
    }
    for (id, entry) in found {
        if objects.iter().all(|known| known.id != format!("{kind}/{id}")) {
            objects.push(Object::new(kind, id, last, vec![entry]));
        }
    }
}
