//! Resolved: what a catalogue and its layers come to at a time.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Citation, Control, Implementation};
use super::layer::Layer;
use super::limit::{Direction, Known};
use crate::check::{self, Parameters, Test, Value};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json;
use crate::time::Timestamp;

/// A limit and who set it.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Its value as written.
    pub value: toml::Value,
    /// The layer that set it last; `catalogue` for the default.
    pub layer: String,
    /// The provision, or `company-policy`.
    pub basis: String,
}

impl Limit {
    /// Its value in the unit of a test's limit; none if it has another.
    pub fn value_like(&self, known: &check::Parameter) -> Option<Value> {
        like(&(known.default)(), &self.value).ok()
    }
}

/// A control that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tailored {
    /// The control.
    pub control: String,
    /// The layer that left it out.
    pub layer: String,
    /// Why.
    pub reason: String,
    /// Who decided so.
    pub approver: String,
}

/// What a catalogue and its layers come to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The catalogue, with what layers add to its controls.
    pub catalogue: Catalogue,
    /// The layers that count, in their order: id, version, digest.
    pub layers: Vec<(String, String, Sha256)>,
    /// The limits by test and name.
    pub limits: BTreeMap<(String, String), Limit>,
    /// Controls that were left out.
    pub tailored: Vec<Tailored>,
    /// How things are shown.
    pub display: BTreeMap<String, String>,
}

/// The limit that names the addressable citations of a control.
const DECIDED: &str = "citations";

/// The addressable citations of a control, as documents name them: `164.312-a-2-iii`.
fn addressable(control: &Control) -> impl Iterator<Item = String> + '_ {
    let own = control.citations.iter();
    let own = own.filter(|known| known.implementation == Some(Implementation::Addressable));
    own.map(|known| {
        let provision = known.reference.rsplit(' ').next().unwrap_or_default();
        provision.replace('(', "-").replace(')', "")
    })
}

impl Resolved {
    /// Applies the layers that count at a time, in their order: regions, companies, systems.
    ///
    /// Codes `layer-unknown` (a layer that another extends is not there), `layer-control`,
    /// `layer-parameter`, `layer-weaker` (a limit may only become stricter), `layer-bounds`.
    pub fn at(catalogue: Catalogue, layers: &[Layer], at: Timestamp) -> Result<Self> {
        let mut limits = BTreeMap::new();
        for known in &catalogue.known {
            let limit = Limit {
                value: known.default.clone(),
                layer: "catalogue".to_owned(),
                basis: known.basis.clone(),
            };
            limits.insert((known.test.clone(), known.name.clone()), limit);
        }
        let mut resolved = Self {
            catalogue,
            layers: Vec::new(),
            limits,
            tailored: Vec::new(),
            display: BTreeMap::new(),
        };
        let mut counting: Vec<&Layer> = layers.iter().filter(|layer| layer.counts(at)).collect();
        counting.sort_by_key(|layer| layer.kind);
        for layer in counting {
            let applied = |id: &&String| resolved.layers.iter().any(|(known, ..)| known == *id);
            if let Some(missing) = layer.extends.iter().find(|id| !applied(id)) {
                return Err(Error::refused(
                    "layer-unknown",
                    format!(
                        "layer `{}` extends `{missing}`, which does not come before it",
                        layer.id
                    ),
                )
                .at(&*layer.file)
                .hint(format!("name `{missing}` first")));
            }
            resolved.apply(layer)?;
        }
        Ok(resolved)
    }

    fn apply(&mut self, layer: &Layer) -> Result<()> {
        let unknown = |control: &str| {
            Error::refused("layer-control", format!("there is no control `{control}`"))
                .at(&*layer.file)
                .hint("`ledger controls list` has all of them")
        };
        for exclude in &layer.exclude {
            self.catalogue.control(&exclude.control).ok_or_else(|| unknown(&exclude.control))?;
            self.tailored.push(Tailored {
                control: exclude.control.clone(),
                layer: layer.id.clone(),
                reason: exclude.reason.clone(),
                approver: exclude.approver.clone(),
            });
        }
        for include in &layer.include {
            self.tailored.retain(|tailored| tailored.control != include.control);
        }
        for set in &layer.set {
            self.set(layer, &set.parameter, &set.value, &set.basis)?;
        }
        for cite in &layer.cite {
            let control = self.control_mut(&cite.control).ok_or_else(|| unknown(&cite.control))?;
            control.citations.push(Citation {
                reference: cite.r#ref.clone(),
                via: None,
                implementation: None,
                strength: Some(cite.strength),
            });
        }
        for guide in &layer.guide {
            let control =
                self.control_mut(&guide.control).ok_or_else(|| unknown(&guide.control))?;
            control.guidance.push(guide.text.clone());
        }
        for display in &layer.display {
            self.display.insert(display.key.clone(), display.value.clone());
        }
        self.layers.push((layer.id.clone(), layer.version.clone(), layer.digest));
        Ok(())
    }

    fn control_mut(&mut self, id: &str) -> Option<&mut Control> {
        self.catalogue.controls.iter_mut().find(|control| control.id == id)
    }

    fn set(
        &mut self,
        layer: &Layer,
        parameter: &str,
        value: &toml::Value,
        basis: &str,
    ) -> Result<()> {
        let known = parameter.split_once('.').and_then(|(test, name)| {
            self.catalogue.known.iter().find(|known| known.test == test && known.name == name)
        });
        let Some(known) = known else {
            return Err(Error::refused(
                "layer-parameter",
                format!("there is no limit `{parameter}`"),
            )
            .at(&*layer.file)
            .hint("a limit is named by its test and its name, like `T07.ratify_within`"));
        };
        let key = (known.test.clone(), known.name.clone());
        let refuse = |code, message: String| Err(Error::refused(code, message).at(&*layer.file));
        let new =
            read(known, value).map_err(|error| error.at(format!("{}, {parameter}", layer.file)))?;
        if let Some(limit) = self.limits.get(&key) {
            let old = read(known, &limit.value)?;
            if !stricter(known.direction, &old, &new) {
                return refuse(
                    "layer-weaker",
                    format!(
                        "`{parameter}` is {} by `{}` and may only become stricter, not {}",
                        limit.value, limit.layer, value
                    ),
                );
            }
        }
        for (bound, below) in [(&known.minimum, true), (&known.maximum, false)] {
            let Some(bound) = bound else { continue };
            let limit = read(known, bound)?;
            let outside = match (number(&new), number(&limit)) {
                (Some(new), Some(limit)) => {
                    if below {
                        new < limit
                    } else {
                        new > limit
                    }
                }
                _ => false,
            };
            if outside {
                let side = if below { "least" } else { "most" };
                return refuse(
                    "layer-bounds",
                    format!("`{parameter}` is {bound} at {side}, not {value}"),
                );
            }
        }
        let limit =
            Limit { value: value.clone(), layer: layer.id.clone(), basis: basis.to_owned() };
        self.limits.insert(key, limit);
        Ok(())
    }

    /// The controls in scope, in their order.
    pub fn controls<'r>(&'r self, frameworks: &'r [String]) -> impl Iterator<Item = &'r Control> {
        self.catalogue.controls.iter().filter(move |control| {
            frameworks.contains(&control.framework)
                && !self.tailored.iter().any(|tailored| tailored.control == control.id)
        })
    }

    /// The limits of a test for a control; codes `parameter-*`.
    pub fn parameters(&self, control: &Control, test: &Test) -> Result<Parameters> {
        let mut parameters = self.limits_of(test)?;
        for (of, name, value) in &control.limits {
            if of == test.id {
                set(&mut parameters, test, name, value)
                    .map_err(|error| error.at(format!("control {}, {of}.{name}", control.id)))?;
            }
        }
        // the decisions that must be documented are those of the control's own citations
        let mut decided = addressable(control).peekable();
        if decided.peek().is_some() && test.parameters.iter().any(|known| known.name == DECIDED) {
            parameters.set(test.parameters, DECIDED, Value::Ids(decided.collect()))?;
        }
        Ok(parameters)
    }

    /// The limits of a test, for no control in particular; codes `parameter-*`.
    pub fn limits_of(&self, test: &Test) -> Result<Parameters> {
        let mut parameters = Parameters::default();
        for ((of, name), limit) in &self.limits {
            if of == test.id {
                set(&mut parameters, test, name, &limit.value)?;
            }
        }
        Ok(parameters)
    }

    /// The whole as canonical JSON: what its digest is over.
    pub fn to_json(&self) -> json::Value {
        let text = |text: &str| json::Value::text(text);
        let layers = self.layers.iter().map(|(id, version, digest)| {
            json::Value::object([
                ("digest", json::Value::text(digest.to_reference())),
                ("id", text(id)),
                ("version", text(version)),
            ])
        });
        let limits = self.limits.iter().map(|((test, name), limit)| {
            json::Value::object([
                ("basis", text(&limit.basis)),
                ("layer", text(&limit.layer)),
                ("name", text(name)),
                ("test", text(test)),
                ("value", json::Value::text(limit.value.to_string())),
            ])
        });
        let tailored = self.tailored.iter().map(|tailored| {
            json::Value::object([
                ("approver", text(&tailored.approver)),
                ("control", text(&tailored.control)),
                ("layer", text(&tailored.layer)),
                ("reason", text(&tailored.reason)),
            ])
        });
        let display = self.display.iter().map(|(key, value)| (key.clone(), text(value)));
        let tests = check::all().map(|test| (test.id, text(test.version)));
        json::Value::object([
            ("controls", json::Value::List(self.catalogue.controls.iter().map(control).collect())),
            ("display", json::Value::object(display)),
            ("layers", json::Value::List(layers.collect())),
            ("limits", json::Value::List(limits.collect())),
            ("tailored", json::Value::List(tailored.collect())),
            ("tests", json::Value::object(tests)),
        ])
    }

    /// SHA-256 of the canonical JSON.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.to_json().to_canonical().as_bytes())
    }
}

fn control(control: &Control) -> json::Value {
    let list = |items: &[String]| json::Value::List(items.iter().map(json::Value::text).collect());
    let citations = control.citations.iter().map(|citation| {
        let mut members = vec![("ref", json::Value::text(&citation.reference))];
        members.extend(citation.via.as_ref().map(|via| ("via", json::Value::text(via))));
        let word = citation
            .implementation
            .map(|word| ("implementation", json::Value::text(word.as_str())));
        members.extend(word);
        let strength = citation.strength.unwrap_or(control.strength);
        members.push(("strength", json::Value::text(strength.as_str())));
        json::Value::object(members)
    });
    let limits = control.limits.iter().map(|(test, name, value)| {
        (format!("{test}.{name}"), json::Value::text(value.to_string()))
    });
    let crosswalk = control.crosswalk.iter().map(|(name, ids)| (name.clone(), list(ids)));
    json::Value::object([
        ("attributes", list(&control.attributes)),
        ("citations", json::Value::List(citations.collect())),
        ("control", json::Value::text(&control.control)),
        ("counted", list(&control.counted)),
        ("crosswalk", json::Value::object(crosswalk)),
        ("evidence", json::Value::text(&control.evidence)),
        ("framework", json::Value::text(&control.framework)),
        ("frequency", json::Value::text(control.frequency.as_str())),
        ("guidance", list(&control.guidance)),
        ("id", json::Value::text(&control.id)),
        ("key", json::Value::Bool(control.key)),
        ("limits", json::Value::object(limits)),
        ("population", json::Value::text(&control.population)),
        ("requirement", json::Value::text(&control.requirement)),
        ("sampling", json::Value::text(&control.sampling)),
        ("strength", json::Value::text(control.strength.as_str())),
        ("tests", list(&control.tests)),
        ("title", json::Value::text(&control.title)),
        ("type", json::Value::text(&control.kind)),
    ])
}

/// A written value as one of the known limit's unit; code `parameter-value`, `parameter-unit`.
pub(super) fn read(known: &Known, value: &toml::Value) -> Result<Value> {
    let unit = match known.unit.as_str() {
        "duration" => Value::Span(0),
        "business-days" => Value::BusinessDays(0),
        "count" | "calendar-days" => Value::Count(0),
        "percent" => Value::Percent(0),
        "flag" => Value::Flag(false),
        "ids" => Value::Ids(Vec::new()),
        other => {
            let message = format!("`{other}` is no unit");
            return Err(Error::malformed("parameter-unit", message));
        }
    };
    like(&unit, value)
}

/// A written value of the same unit; code `parameter-value`.
pub(super) fn set(
    parameters: &mut Parameters,
    test: &Test,
    name: &str,
    value: &toml::Value,
) -> Result<()> {
    let Some(known) = test.parameters.iter().find(|known| known.name == name) else {
        let message = format!("`{name}` is no limit of {}", test.id);
        return Err(Error::refused("parameter-unknown", message));
    };
    parameters.set(test.parameters, name, like(&(known.default)(), value)?)
}

fn like(unit: &Value, value: &toml::Value) -> Result<Value> {
    match (unit, value) {
        (Value::Ids(_), toml::Value::Array(items)) => {
            let ids = items.iter().map(|item| item.as_str().map(str::to_owned));
            ids.collect::<Option<_>>()
                .map(Value::Ids)
                .ok_or_else(|| Error::malformed("parameter-value", "a list of words stands here"))
        }
        (unit, toml::Value::String(text)) => unit.like(text),
        (unit, toml::Value::Integer(number)) => unit.like(&number.to_string()),
        (unit, toml::Value::Boolean(flag)) => unit.like(&flag.to_string()),
        (unit, _) => {
            Err(Error::malformed("parameter-value", format!("a {} stands here", unit.unit())))
        }
    }
}

/// Whether a new value is as strict as the old or stricter.
pub(super) fn stricter(direction: Direction, old: &Value, new: &Value) -> bool {
    let numbers = number(old).zip(number(new));
    match direction {
        Direction::None => true,
        Direction::SmallerIsStricter => numbers.is_some_and(|(old, new)| new <= old),
        Direction::LargerIsStricter => numbers.is_some_and(|(old, new)| new >= old),
        Direction::TrueIsStricter => *old != Value::Flag(true) || *new == Value::Flag(true),
        Direction::FalseIsStricter => *old != Value::Flag(false) || *new == Value::Flag(false),
        Direction::SupersetIsStricter => match (old, new) {
            (Value::Ids(old), Value::Ids(new)) => old.iter().all(|id| new.contains(id)),
            _ => false,
        },
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Span(number)
        | Value::BusinessDays(number)
        | Value::Count(number)
        | Value::Percent(number) => Some(*number),
        Value::Flag(_) | Value::Ids(_) => None,
    }
}
