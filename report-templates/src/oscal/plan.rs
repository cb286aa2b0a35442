//! Plan: the remediation register, an item for each exception that is not closed.

use ledger_core::json::Value;

use super::catalog::back_matter;
use super::part::{Row, Writer, line, list, marked, object, prop, urn};
use super::results::risk;

/// The plan of action and milestones; none if nothing is open.
pub(super) fn plan(to: &Writer<'_>) -> Option<Value> {
    let open: Vec<Row<'_>> = to.exceptions().filter(|row| row.text("stands") != "closed").collect();
    let items = list(open.iter().map(|row| item(to, row)))?;
    let system = Value::object([
        ("id", Value::text(&to.report.front.origin)),
        ("identifier-type", Value::text(urn("origin"))),
    ]);
    let content = object([
        ("back-matter", Some(back_matter(to))),
        ("metadata", Some(to.metadata("Remediation register"))),
        ("poam-items", Some(items)),
        ("risks", list(open.iter().map(|row| risk(to, row)))),
        ("system-id", Some(system)),
        ("uuid", Some(to.own("document", "plan-of-action-and-milestones"))),
    ]);
    Some(Value::object([("plan-of-action-and-milestones", content)]))
}

fn item(to: &Writer<'_>, row: &Row<'_>) -> Value {
    let exception = row.text("exception");
    let title = format!("{} {}: {}", row.text("control"), row.text("test"), row.text("item"));
    let names = ["exception", "severity", "stands", "owner", "due"];
    let props = names.iter().filter_map(|name| prop(name, &row.text(name)));
    let risk = Value::object([("risk-uuid", to.lasting("risk", &exception))]);
    object([
        ("description", Some(Value::text(marked(&row.text("what happened"))))),
        ("props", list(props)),
        ("related-risks", list([risk])),
        ("title", Some(Value::text(line(&title)))),
        ("uuid", Some(to.lasting("poam-item", &exception))),
    ])
}
