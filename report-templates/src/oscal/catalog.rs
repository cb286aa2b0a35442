//! Catalog: the controls as they were asked for, with what overlays made of their limits.

use ledger_core::json::Value;
use ledger_core::report::{Limit, Performed, Tested};

use super::part::{Writer, line, list, marked, object, prop, token};

pub(super) fn catalog(to: &Writer<'_>) -> Value {
    let groups = to.report.front.frameworks.iter().map(|framework| {
        let controls = to.report.controls.iter().filter(|known| known.framework == framework.id);
        object([
            ("class", Some(Value::text("framework"))),
            ("controls", list(controls.map(|known| control(to, known)))),
            ("id", Some(Value::text(token(&framework.id)))),
            (
                "parts",
                list([part(
                    &format!("{}_authority", framework.id),
                    "overview",
                    &framework.authority,
                )]),
            ),
            ("title", Some(Value::text(line(&framework.title)))),
        ])
    });
    let content = object([
        ("back-matter", Some(back_matter(to))),
        ("groups", list(groups)),
        ("metadata", Some(to.metadata("Controls"))),
        ("uuid", Some(to.own("document", "catalog"))),
    ]);
    Value::object([("catalog", content)])
}

/// The id of what a control is held against.
pub(super) fn objective(control: &str) -> String {
    format!("{}_obj", token(control))
}

fn part(id: &str, name: &str, prose: &str) -> Value {
    Value::object([
        ("id", Value::text(token(id))),
        ("name", Value::text(name)),
        ("prose", Value::text(marked(prose))),
    ])
}

fn control(to: &Writer<'_>, known: &Tested) -> Value {
    let id = token(&known.id);
    let mut parts = vec![
        part(&format!("{id}_stmt"), "statement", &known.requirement),
        part(&objective(&known.id), "assessment-objective", &known.control),
    ];
    parts.extend(
        (1..)
            .zip(&known.guidance)
            .map(|(at, text)| part(&format!("{id}_gdn.{at}"), "guidance", text)),
    );
    let named = [
        ("key-control", if known.key { "yes" } else { "no" }),
        ("frequency", &known.frequency),
        ("control-type", &known.kind),
        ("mapping-strength", &known.strength),
    ];
    let citations = known.citations.iter().filter_map(|citation| {
        let via = citation.via.as_ref().map(|via| format!(" via {via}")).unwrap_or_default();
        let word = citation.implementation.map(|word| format!(" ({})", word.as_str()));
        prop("citation", &format!("{}{via}{}", citation.reference, word.unwrap_or_default()))
    });
    let tests = known.tests.iter().filter_map(|test| {
        let version = format!("{}@{} {}", test.id, test.version, test.name);
        prop(if test.counted { "test" } else { "condition" }, &version)
    });
    let props = named.iter().filter_map(|(name, value)| prop(name, value));
    let params = known.tests.iter().flat_map(|test| test.limits.iter().map(move |one| (test, one)));
    let mut seen = std::collections::BTreeSet::new();
    let params = params.filter(|(test, one)| seen.insert((&test.id, &one.name)));
    let params: Vec<Value> = params.map(|(test, one)| param(&id, test, one)).collect();
    let _ = to;
    object([
        ("class", Some(Value::text(token(&known.framework)))),
        ("id", Some(Value::text(id.clone()))),
        ("params", list(params)),
        ("parts", list(parts)),
        ("props", list(props.chain(citations).chain(tests))),
        ("title", Some(Value::text(line(&known.title)))),
    ])
}

/// A limit of a test, as it holds for the control.
fn param(control: &str, test: &Performed, limit: &Limit) -> Value {
    let props = [("layer", &limit.layer), ("basis", &limit.basis), ("test", &test.id)];
    let value = Some(limit.value.trim()).filter(|value| !value.is_empty());
    object([
        ("id", Some(Value::text(token(&format!("{control}_{}.{}", test.id, limit.name))))),
        ("label", Some(Value::text(line(&limit.meaning)))),
        ("props", list(props.iter().filter_map(|(name, value)| prop(name, value)))),
        ("values", value.map(|value| Value::List(vec![Value::text(value)]))),
    ])
}

/// The document that this is a dressing of.
pub(super) fn back_matter(to: &Writer<'_>) -> Value {
    let digest = to.digest.strip_prefix("sha256:").unwrap_or(to.digest);
    let hash =
        Value::object([("algorithm", Value::text("SHA-256")), ("value", Value::text(digest))]);
    let rlink = Value::object([
        ("hashes", Value::List(vec![hash])),
        ("href", Value::text("../report.json")),
        ("media-type", Value::text("application/json")),
    ]);
    let resource = Value::object([
        (
            "description",
            Value::text(marked(&format!("Made again by: {}", to.report.front.command))),
        ),
        ("rlinks", Value::List(vec![rlink])),
        ("title", Value::text(line(&to.report.front.title))),
        ("uuid", to.own("resource", "report")),
    ]);
    Value::object([("resources", Value::List(vec![resource]))])
}
