//! Mapping: which controls of other catalogues a control bears on.

use std::collections::BTreeMap;

use ledger_core::json::Value;
use ledger_core::report::Tested;

use super::catalog::back_matter;
use super::part::{Writer, line, list, marked, object, prop, token, urn};

/// The mapping collection; none if no control names another catalogue.
pub(super) fn mapping(to: &Writer<'_>) -> Option<Value> {
    let mut by: BTreeMap<&str, Vec<(&Tested, &[String])>> = BTreeMap::new();
    for control in &to.report.controls {
        for (catalogue, ids) in &control.crosswalk {
            by.entry(catalogue).or_default().push((control, ids));
        }
    }
    let mappings = list(by.iter().filter_map(|(catalogue, known)| one(to, catalogue, known)))?;
    let provenance = Value::object([
        (
            "mapping-description",
            Value::text(
                "Controls of releases against controls of other catalogues. A mapping says that evidence of the one bears on the other, in the strength that the source control has; it never says that the other is fulfilled.",
            ),
        ),
        ("matching-rationale", Value::text("semantic")),
        ("method", Value::text("human")),
        ("status", Value::text("not-complete")),
    ]);
    let content = object([
        ("back-matter", Some(back_matter(to))),
        ("mappings", Some(mappings)),
        ("metadata", Some(to.metadata("Mapping to other catalogues"))),
        ("provenance", Some(provenance)),
        ("uuid", Some(to.own("document", "mapping-collection"))),
    ]);
    Some(Value::object([("mapping-collection", content)]))
}

fn one(to: &Writer<'_>, catalogue: &str, known: &[(&Tested, &[String])]) -> Option<Value> {
    let resource = |href: String, title: &str| {
        Value::object([
            ("href", Value::text(href)),
            ("remarks", Value::text(marked(title))),
            ("type", Value::text("catalog")),
        ])
    };
    let maps = known.iter().filter_map(|(control, ids)| {
        let target = |id: &String| {
            let (kind, reference) = named(catalogue, id);
            item(kind, &reference, Some(id))
        };
        let targets = list(ids.iter().map(target))?;
        Some(object([
            ("props", list(prop("mapping-strength", &control.strength))),
            ("relationship", Some(Value::text("intersects-with"))),
            ("sources", list([item("control", &token(&control.id), None)])),
            ("targets", Some(targets)),
            ("uuid", Some(to.own("map", &format!("{catalogue}\0{}", control.id)))),
        ]))
    });
    let target = urn(&format!("catalogues/{}", token(catalogue)));
    Some(object([
        ("maps", Some(list(maps)?)),
        (
            "source-resource",
            Some(resource("catalog.json".to_owned(), "the controls of the report")),
        ),
        ("target-resource", Some(resource(target, &line(catalogue)))),
        ("uuid", Some(to.own("mapping", catalogue))),
    ]))
}

fn item(kind: &str, id: &str, label: Option<&str>) -> Value {
    object([
        ("id-ref", Some(Value::text(id))),
        ("props", list(label.and_then(|label| prop("label", label)))),
        ("type", Some(Value::text(kind))),
    ])
}

/// The kind and id as the catalogue's own OSCAL documents have them: of SP 800-53 the enhancement
/// `CM-5(1)` is control `cm-5.1` there, and `CM-3(b)` statement `cm-3_smt.b`.
fn named(catalogue: &str, id: &str) -> (&'static str, String) {
    if !catalogue.starts_with("nist-800-53") {
        return ("control", token(id));
    }
    let lower = id.to_ascii_lowercase();
    let mut parts = lower.split(['(', ')']).filter(|part| !part.is_empty());
    let (mut kind, mut name) = ("control", parts.next().unwrap_or_default().to_owned());
    for part in parts {
        if !part.bytes().all(|byte| byte.is_ascii_digit()) && kind == "control" {
            kind = "statement";
            name.push_str("_smt");
        }
        name = format!("{name}.{part}");
    }
    (kind, token(&name))
}

#[cfg(test)]
mod tests {
    #[test]
    fn enhancements_are_named_as_in_the_catalogue() {
        let named = |catalogue: &str, id: &str| super::named(catalogue, id);
        assert_eq!(named("nist-800-53", "CM-5(1)"), ("control", "cm-5.1".to_owned()));
        assert_eq!(named("nist-800-53", "CM-3(b)"), ("statement", "cm-3_smt.b".to_owned()));
        assert_eq!(named("nist-800-53", "AC-2(3)(d)"), ("statement", "ac-2.3_smt.d".to_owned()));
        assert_eq!(named("tsc", "CC8.1"), ("control", "CC8.1".to_owned()));
    }
}
