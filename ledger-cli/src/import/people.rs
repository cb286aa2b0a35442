//! Joiners, movers and leavers as the personnel office exports them: CSV, one row for each event.
//!
//! Columns: `person`, `event` (joined, moved, left), `effective_at`, `kind` (employee, contractor,
//! service); optional `name`, `email`, `manager`, `department`, `location`, `title`, `role_profile`,
//! `access_ends_at`, `involuntary`. Ids are those of the issuer `hr`.

use super::access::truth;
use super::csv::Table;
use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "hr-csv",
    reads: "joiners, movers and leavers (CSV): person, event, effective_at, kind, …",
    version: 1,
    framing: Framing::Rows(&["person", "event", "effective_at", "kind"]),
    map,
};

const ISSUER: &str = "hr";

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let mut bytes = record.header.to_vec();
    bytes.extend_from_slice(record.bytes);
    let table = Table::read(&bytes)?;
    for name in ["person", "event", "effective_at", "kind"] {
        if !table.has(name) {
            let message = format!("the table has no column `{name}`");
            return Err(Reason::new("people-columns", message));
        }
    }
    let Some(cells) = table.rows.first() else {
        return Err(Reason::new("csv-columns", "the row is empty"));
    };
    let cell = |name: &str| table.cell(cells, name);
    let word = |name: &str, words: &[&str]| {
        let text = cell(name)?.to_ascii_lowercase();
        words.contains(&text.as_str()).then_some(text)
    };
    let time = |name: &str| cell(name).and_then(|text| When::read(&Json::Text(text.into())));
    let wrong = |what: &str| Reason::new("people-row", format!("the row has no legal `{what}`"));
    let event = word("event", &["joined", "moved", "left"]).ok_or_else(|| wrong("event"))?;
    let kind = word("kind", &["employee", "contractor", "service"]).ok_or_else(|| wrong("kind"))?;
    let number = cell("person").ok_or_else(|| wrong("person"))?;
    let when = time("effective_at").ok_or_else(|| wrong("effective_at"))?;
    let ends = match cell("access_ends_at") {
        None => None,
        Some(_) => Some(time("access_ends_at").ok_or_else(|| wrong("access_ends_at"))?),
    };
    let involuntary = match cell("involuntary") {
        None => false,
        Some(text) => truth(text).ok_or_else(|| wrong("involuntary"))?,
    };
    let person = Person::new(ISSUER, Some(number));
    let person = person.map(|one| one.named(cell("name")).at(cell("email")));
    let id = format!("{number}/{event}/{}", when.at);
    Ok(vec![
        Draft::new("person.changed", &id, when.clone())
            .personal()
            .subject("person", Some(number))
            .word("event", &event)
            .word("kind", &kind)
            .person("person", person.as_ref())
            .person("manager", Person::new(ISSUER, cell("manager")).as_ref())
            .time("effective_at", Some(&when))
            .time("access_ends_at", ends.as_ref())
            .id("department", cell("department"))
            .id("location", cell("location"))
            .id("role_profile", cell("role_profile"))
            .text("title", cell("title"))
            .text("employee_ref", Some(number))
            .set("involuntary", involuntary.then_some(ledger_core::json::Value::Bool(true))),
    ])
}
