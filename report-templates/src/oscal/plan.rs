//! Plan: the remediation register, an item for each exception that is not closed.

use ledger_core::json::{Lazy, Value};

use super::catalog::back_matter;
use super::part::{Row, Writer, lazy, lazy_list, line, list, marked, object, prop, urn};
use super::results::risk;

/// The plan of action and milestones; none if nothing is open.
pub(super) fn plan(to: Writer<'_>) -> Option<Lazy<'_>> {
    let open = move || to.exceptions().filter(|row| row.text("stands") != "closed");
    let items = lazy_list(open().map(move |row| item(&to, &row)))?;
    let system = Value::object([
        ("id", Value::text(&to.report.front.origin)),
        ("identifier-type", Value::text(urn("origin"))),
    ]);
    let content = lazy([
        ("back-matter", Some(back_matter(&to).into())),
        ("metadata", Some(to.metadata("Remediation register").into())),
        ("poam-items", Some(items)),
        ("risks", lazy_list(open().map(move |row| risk(&to, &row)))),
        ("system-id", Some(system.into())),
        ("uuid", Some(to.own("document", "plan-of-action-and-milestones").into())),
    ]);
    Some(Lazy::object([("plan-of-action-and-milestones", content)]))
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
