//! Mapping: which controls of other catalogues a control bears on.

use std::collections::BTreeMap;

use ledger_core::json::Value;
use ledger_core::report::Tested;

use super::catalog::back_matter;
use super::part::{Writer, line, list, marked, object, prop, token};

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
        ("back-matter", back_matter(to)),
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
        let targets = list(ids.iter().map(|id| item(&named(catalogue, id), Some(id))))?;
        Some(object([
            ("props", list(prop("mapping-strength", &control.strength))),
            ("relationship", Some(Value::text("intersects-with"))),
            ("sources", list([item(&token(&control.id), None)])),
            ("targets", Some(targets)),
            ("uuid", Some(to.own("map", &format!("{catalogue}\0{}", control.id)))),
        ]))
    });
    let target = format!("https://release-ledger.invalid/catalogues/{}", token(catalogue));
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

fn item(id: &str, label: Option<&str>) -> Value {
    object([
        ("id-ref", Some(Value::text(id))),
        ("props", list(label.and_then(|label| prop("label", label)))),
        ("type", Some(Value::text("control"))),
    ])
}

/// The id as the catalogue's own OSCAL documents have it: `CM-5(1)` of SP 800-53 is `cm-5.1` there.
fn named(catalogue: &str, id: &str) -> String {
    if !catalogue.starts_with("nist-800-53") {
        return token(id);
    }
    let enhanced = id.to_ascii_lowercase().replace('(', ".").replace(')', "");
    token(&enhanced)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn enhancements_are_named_as_in_the_catalogue() {
        assert_eq!(named("nist-800-53", "CM-5(1)"), "cm-5.1");
        assert_eq!(named("tsc", "CC8.1"), "CC8.1");
    }
}
