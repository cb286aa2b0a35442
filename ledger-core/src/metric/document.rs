//! Document: metrics as canonical JSON.

use std::collections::{BTreeMap, BTreeSet};

use super::{Adds, Definition, Listed, Member, Metric, Metrics, Value, Week};
use crate::json::{self, Lazy};

impl Metrics {
    /// What is drawn over time. Deployments by week and class are the denominators of `emergency-ratio`.
    pub const WEEKLY: &[&str] = &[
        "emergency-ratio",
        "change-success-by-class",
        "change-lead-time",
        "approval-lead-time",
        "ratification-time",
    ];

    /// The whole as one document, or only what is about one service; each metric is made as it is
    /// written, for its items are many.
    pub fn document<'m>(&'m self, service: Option<&'m str>) -> Lazy<'m> {
        let metrics = self.metrics.iter().map(move |metric| metric.to_json(service));
        Lazy::object([
            ("changes", Lazy::list(self.changes.iter().map(listed))),
            (
                "definitions",
                Lazy::from(json::Value::object([
                    ("digest", text(self.digest.to_reference())),
                    ("minimum_n", json::Value::count(self.minimum_n)),
                    ("version", text(&self.version)),
                ])),
            ),
            ("format", text("ledger/metrics/v1").into()),
            ("known_until", text(self.now.to_string()).into()),
            ("metrics", Lazy::list(metrics)),
            (
                "period",
                Lazy::from(json::Value::object([
                    ("from", text(self.period.from.to_string())),
                    ("to", text(self.period.to.to_string())),
                ])),
            ),
            (
                "weekly",
                Lazy::list(Self::WEEKLY.iter().filter_map(move |id| {
                    let weeks = self.weeks(id, service)?;
                    let definition = &self.metric(id)?.definition;
                    Some(json::Value::object([
                        ("metric", text(*id)),
                        ("weeks", list(weeks.iter().map(|known| week(known, definition)))),
                    ]))
                })),
            ),
        ])
    }
}

impl Metric {
    fn to_json(&self, service: Option<&str>) -> json::Value {
        let of = |own: &[String]| service.is_none_or(|name| own.iter().any(|known| known == name));
        let shown = |value: &&Value| service.is_none() || value.service.as_deref() == service;
        let definition = &self.definition;
        let members = self.members.iter().filter(|member| of(&member.services));
        json::Value::object([
            ("aggregation", text(definition.aggregation.as_str())),
            ("denominator", text(&definition.denominator)),
            ("id", text(&definition.id)),
            ("listed", list(self.listed.iter().map(listed))),
            ("members", list(members.map(member))),
            ("notes", text(&definition.notes)),
            ("numerator", text(&definition.numerator)),
            ("title", text(&definition.title)),
            ("unit", text(definition.unit.as_str())),
            ("values", list(self.values.iter().filter(shown).map(|v| value(v, definition)))),
            ("version", text(&definition.version)),
        ])
    }
}

fn text(text: impl Into<String>) -> json::Value {
    json::Value::text(text)
}

fn list(items: impl Iterator<Item = json::Value>) -> json::Value {
    json::Value::List(items.collect())
}

fn entries(entries: &BTreeSet<u64>) -> json::Value {
    list(entries.iter().map(|index| json::Value::count(*index)))
}

fn counts(counts: &BTreeMap<&'static str, u64>) -> json::Value {
    json::Value::object(counts.iter().map(|(name, count)| (*name, json::Value::count(*count))))
}

fn listed(known: &Listed) -> json::Value {
    json::Value::object([
        ("entries", entries(&known.entries)),
        ("item", text(&known.item)),
        ("sentence", text(&known.sentence)),
    ])
}

fn week(week: &Week, definition: &Definition) -> json::Value {
    json::Value::object([
        ("from", text(week.from.to_string())),
        ("values", list(week.values.iter().map(|known| value(known, definition)))),
    ])
}

/// Its two numbers are there, or what was measured, or why it does not count.
fn member(known: &Member) -> json::Value {
    let mut members = vec![
        ("at", text(known.at.to_string())),
        ("entries", entries(&known.entries)),
        ("item", text(&known.item)),
        ("services", list(known.services.iter().map(text))),
    ];
    members.extend(known.line.as_ref().map(|line| ("line", text(line))));
    match known.adds {
        Adds::Share { numerator, denominator } => {
            members.push(("denominator", json::Value::count(denominator)));
            members.push(("numerator", json::Value::count(numerator)));
        }
        Adds::Measured(micros) => members.push(("micros", json::Value::count(micros))),
        Adds::Unknown(why) => members.push(("unknown", text(why))),
        Adds::LeftOut(why) => members.push(("left_out", text(why))),
    }
    if !known.beside.is_empty() {
        members.push(("beside", list(known.beside.iter().map(|what| text(*what)))));
    }
    json::Value::object(members)
}

fn value(known: &Value, definition: &Definition) -> json::Value {
    let mut members = vec![
        ("beside", counts(&known.beside)),
        ("denominator", json::Value::count(known.denominator)),
        ("left_out", counts(&known.left_out)),
        ("meaningful", json::Value::Bool(known.meaningful)),
        ("n", json::Value::count(known.n)),
        ("numerator", json::Value::count(known.numerator)),
        ("unknown", counts(&known.unknown)),
        ("words", text(known.words(definition))),
    ];
    members.extend(known.service.as_ref().map(|service| ("service", text(service))));
    members.extend(known.line.as_ref().map(|line| ("line", text(line))));
    members.extend(known.word.map(|word| ("word", text(word))));
    members.extend(known.interval.map(|(low, high)| {
        let ends = [("high", json::Value::count(high)), ("low", json::Value::count(low))];
        ("interval_per_10000", json::Value::object(ends))
    }));
    members.extend(known.spread.map(|spread| {
        let spread = json::Value::object([
            ("greatest", json::Value::count(spread.greatest)),
            ("median", json::Value::count(spread.median)),
            ("p90", json::Value::count(spread.p90)),
            ("p95", json::Value::count(spread.p95)),
        ]);
        ("micros", spread)
    }));
    json::Value::object(members)
}
