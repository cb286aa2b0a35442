//! Lists of Okta: users, users of an application, users of a group, as its API gives them.
//!
//! The lists do not say which application or group they are of, nor how many items there are: `scope`,
//! `role` and `complete` are given.

use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, documents, items_of, other};

pub(in super::super) const SOURCE: Source = Source {
    name: "okta-access",
    reads: "Okta users, application users, group users (API lists); given: system, scope, role, complete, taken_at",
    version: 2,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    let items: Vec<&Json<'_>> = values.iter().flat_map(items_of).collect();
    let rows: Option<Vec<Row>> = items.iter().map(|item| row(item, record)).collect();
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        return Ok(other(SOURCE.name, "unknown", record));
    };
    let mut snapshot = Snapshot::new("okta", items.len(), rows);
    snapshot.pages = values.len() as u64;
    snapshot.drafts(SOURCE.name, record)
}

fn row(item: &Json<'_>, record: &Record<'_>) -> Option<Row> {
    let id = item.get("id").text()?;
    let login = item.at("credentials.userName").text().or(item.at("profile.login").text());
    let status = item.get("status").text()?;
    // PROVISIONED and STAGED are not in use yet, RECOVERY and PASSWORD_EXPIRED are in use
    let enabled = match status {
        "ACTIVE" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => Some(true),
        "DEPROVISIONED" | "SUSPENDED" | "INACTIVE" | "REVOKED" | "STAGED" => Some(false),
        _ => None,
    };
    let source = match item.get("scope").text() {
        Some("USER") => Some("direct"),
        Some("GROUP") => Some("group"),
        _ => None,
    };
    let role = record.given.get("role");
    let time = |name: &str| When::read(item.get(name));
    Some(
        Row::new(login.unwrap_or(id))
            .person(
                Person::new("okta", Some(id))
                    .map(|person| person.named(login).at(item.at("profile.email").text()))
                    .as_ref(),
            )
            .flag("enabled", enabled)
            .time("created_at", time("created").as_ref())
            .time("last_login", time("lastLogin").as_ref())
            .text("entitlement", role.or(record.given.get("scope")))
            .text("scope", record.given.get("scope"))
            .text("source", source),
    )
}
