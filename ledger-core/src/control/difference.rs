//! Difference: what changed from one resolved catalogue to another: controls, their fields, limits, layers.

use std::collections::{BTreeMap, BTreeSet};

use super::Catalogue;
use super::limit::Known;
use super::resolved::{read, stricter};
use crate::error::{Error, Result};
use crate::json::Value;

/// Which way a limit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It allows less.
    Stricter,
    /// It allows more.
    Looser,
    /// Neither, or it cannot be told.
    Other,
}

impl Turn {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stricter => "stricter",
            Self::Looser => "looser",
            Self::Other => "changed",
        }
    }
}

/// Something that has another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What: a control's field, a limit, or a layer.
    pub name: String,
    /// Before; none if it was not there.
    pub old: Option<String>,
    /// After; none if it is not there.
    pub new: Option<String>,
    /// Which way it went, if it is a limit.
    pub turn: Option<Turn>,
}

/// What changed from one resolved catalogue to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Controls that are in scope now, and were not: left out before, or not written.
    pub added: BTreeSet<String>,
    /// Controls that are not in scope any more.
    pub removed: BTreeSet<String>,
    /// Controls that are in scope before and after, by their fields.
    pub controls: BTreeMap<String, Vec<Changed>>,
    /// Limits that hold for all controls, by test and name.
    pub limits: Vec<Changed>,
    /// Layers, by id: version and digest.
    pub layers: Vec<Changed>,
    /// Tests, by id: their versions.
    pub tests: Vec<Changed>,
}

impl Difference {
    /// Between two catalogues as [`super::Resolved::to_json`] has them. Which way a limit went is said by
    /// the catalogue that is built in.
    ///
    /// Code `control-resolved` where one is no resolved catalogue.
    pub fn between(old: &Value, new: &Value) -> Result<Self> {
        let known = Catalogue::shipped()?.known;
        let (before, after) = (Side::of(old)?, Side::of(new)?);
        let mut difference = Self {
            added: after.scope.difference(&before.scope).cloned().collect(),
            removed: before.scope.difference(&after.scope).cloned().collect(),
            limits: pairs(&before.limits, &after.limits),
            layers: pairs(&before.layers, &after.layers),
            tests: pairs(&before.tests, &after.tests),
            controls: BTreeMap::new(),
        };
        difference.limits.iter_mut().for_each(|limit| limit.turn = Some(turn(&known, limit)));
        for id in before.scope.intersection(&after.scope) {
            let (Some(old), Some(new)) = (before.controls.get(id), after.controls.get(id)) else {
                continue;
            };
            let mut fields = pairs(old, new);
            for field in &mut fields {
                let limit = field.name.strip_prefix("limits.").map(str::to_owned);
                if let Some(name) = limit {
                    let limit = Changed { name, ..field.clone() };
                    field.turn = Some(turn(&known, &limit));
                }
            }
            if !fields.is_empty() {
                difference.controls.insert(id.clone(), fields);
            }
        }
        Ok(difference)
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The whole as canonical JSON.
    pub fn to_json(&self) -> Value {
        let names = |ids: &BTreeSet<String>| Value::List(ids.iter().map(Value::text).collect());
        let list = |all: &[Changed]| Value::List(all.iter().map(Changed::to_json).collect());
        let controls = self
            .controls
            .iter()
            .map(|(id, fields)| Value::object([("fields", list(fields)), ("id", Value::text(id))]));
        Value::object([
            ("added", names(&self.added)),
            ("changed", Value::List(controls.collect())),
            ("layers", list(&self.layers)),
            ("limits", list(&self.limits)),
            ("removed", names(&self.removed)),
            ("tests", list(&self.tests)),
        ])
    }
}

impl Changed {
    fn to_json(&self) -> Value {
        let mut members = vec![("name", Value::text(&self.name))];
        members.extend(self.old.as_ref().map(|old| ("old", Value::text(old))));
        members.extend(self.new.as_ref().map(|new| ("new", Value::text(new))));
        members.extend(self.turn.map(|turn| ("direction", Value::text(turn.as_str()))));
        Value::object(members)
    }
}

/// One of the two, as names and texts.
struct Side {
    scope: BTreeSet<String>,
    controls: BTreeMap<String, BTreeMap<String, String>>,
    limits: BTreeMap<String, String>,
    layers: BTreeMap<String, String>,
    tests: BTreeMap<String, String>,
}

impl Side {
    fn of(whole: &Value) -> Result<Self> {
        let wrong = || {
            Error::malformed("control-resolved", "it is no resolved catalogue")
                .hint("`ledger controls resolve --json` prints one")
        };
        let list = |name: &str| match whole.get(name) {
            Some(Value::List(items)) => Ok(items.as_slice()),
            _ => Err(wrong()),
        };
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_text).map(str::to_owned).ok_or_else(wrong)
        };
        let mut side = Self {
            scope: BTreeSet::new(),
            controls: BTreeMap::new(),
            limits: BTreeMap::new(),
            layers: BTreeMap::new(),
            tests: BTreeMap::new(),
        };
        for control in list("controls")? {
            let id = text(control, "id")?;
            side.scope.insert(id.clone());
            side.controls.insert(id, fields(control));
        }
        for tailored in list("tailored")? {
            side.scope.remove(&text(tailored, "control")?);
        }
        for limit in list("limits")? {
            let name = format!("{}.{}", text(limit, "test")?, text(limit, "name")?);
            side.limits.insert(name, text(limit, "value")?);
        }
        for layer in list("layers")? {
            let version = format!("{} {}", text(layer, "version")?, text(layer, "digest")?);
            side.layers.insert(text(layer, "id")?, version);
        }
        if let Some(Value::Object(tests)) = whole.get("tests") {
            side.tests =
                tests.iter().map(|(id, version)| (id.to_owned(), plain(version))).collect();
        }
        Ok(side)
    }
}

/// The fields of a control; its own limits each by its name.
fn fields(control: &Value) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let Value::Object(members) = control else { return fields };
    for (name, value) in members {
        match value {
            Value::Object(limits) if name == "limits" => {
                fields.extend(
                    limits.iter().map(|(of, value)| (format!("limits.{of}"), plain(value))),
                );
            }
            value => {
                fields.insert(name.to_owned(), plain(value));
            }
        }
    }
    fields
}

fn plain(value: &Value) -> String {
    value.as_text().map_or_else(|| value.to_canonical(), str::to_owned)
}

/// What stands differently on the two sides, by name.
fn pairs(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<Changed> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let one = |name: &String| {
        let (old, new) = (old.get(name).cloned(), new.get(name).cloned());
        (old != new).then(|| Changed { name: name.clone(), old, new, turn: None })
    };
    names.into_iter().filter_map(one).collect()
}

/// Which way a limit went.
fn turn(known: &[Known], limit: &Changed) -> Turn {
    let Changed { name, old: Some(old), new: Some(new), .. } = limit else { return Turn::Other };
    let known = known.iter().find(|known| *name == format!("{}.{}", known.test, known.name));
    let Some(known) = known else { return Turn::Other };
    let value = |text: &str| {
        let written: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
        read(known, written.get("value")?).ok()
    };
    let (Some(old), Some(new)) = (value(old), value(new)) else { return Turn::Other };
    match (stricter(known.direction, &old, &new), stricter(known.direction, &new, &old)) {
        (true, false) => Turn::Stricter,
        (false, true) => Turn::Looser,
        _ => Turn::Other,
    }
}
