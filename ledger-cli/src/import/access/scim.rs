//! SCIM 2.0 (RFC 7643, 7644): users and groups as `ListResponse` pages or bare resources.
//!
//! A row for each group, role and entitlement of a user, or one that says only that the account is
//! there. A list is complete when its pages hold as many resources as `totalResults` says.

use std::collections::BTreeMap;

use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, documents, other};

pub(in super::super) const SOURCE: Source = Source {
    name: "scim",
    reads: "SCIM 2.0 users and groups (RFC 7643); given: system, taken_at",
    version: 1,
    framing: Framing::Whole,
    map,
};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

fn is(resource: &Json<'_>, schema: &str) -> bool {
    resource.get("schemas").items().iter().any(|item| item.text() == Some(schema))
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    let mut resources: Vec<&Json<'_>> = Vec::new();
    // how many there are, and how many are here, of each kind of resource
    let mut counts: BTreeMap<bool, (u64, u64)> = BTreeMap::new();
    for value in &values {
        if !is(value, LIST) {
            resources.push(value);
            continue;
        }
        let page = value.get("Resources").items();
        let group = page.first().is_some_and(|first| is(first, GROUP));
        let known = counts.entry(group).or_default();
        known.0 = known.0.max(value.get("totalResults").count().unwrap_or_default());
        known.1 += page.len() as u64;
        resources.extend(page);
    }
    if !resources.iter().all(|one| is(one, USER) || is(one, GROUP)) || resources.is_empty() {
        let kind = values.first().and_then(|first| first.get("schemas").items().first());
        let kind = kind.and_then(Json::text).unwrap_or("unknown");
        return Ok(other(SOURCE.name, kind, record));
    }
    let rows = resources.iter().flat_map(|one| if is(one, USER) { user(one) } else { group(one) });
    let rows: Vec<Row> = rows.collect();
    let listed: u64 = counts.values().map(|(_, here)| here).sum();
    let mut snapshot = Snapshot::new("scim", resources.len(), rows);
    snapshot.pages = values.len() as u64;
    if listed == resources.len() as u64 {
        snapshot.total = Some(counts.values().map(|(total, _)| total).sum());
        snapshot.complete = Some(counts.values().all(|(total, here)| total == here));
    }
    snapshot.drafts(SOURCE.name, record)
}

fn person(id: Option<&str>, name: Option<&str>) -> Option<Person> {
    Person::new("scim", id).map(|person| person.named(name))
}

fn user(user: &Json<'_>) -> Vec<Row> {
    let name = user.get("userName").text();
    let Some(account) = name.or(user.get("id").text()) else { return Vec::new() };
    let base = Row::new(account)
        .person(person(user.get("id").text(), name).as_ref())
        .flag("enabled", user.get("active").truth())
        .time("created_at", When::read(user.at("meta.created")).as_ref());
    let mut rows = Vec::new();
    for (list, source) in [("groups", "group"), ("roles", "direct"), ("entitlements", "direct")] {
        for item in user.get(list).items() {
            let Some(value) = item.get("value").text() else { continue };
            rows.push(
                base.clone()
                    .text("entitlement", Some(value))
                    .text("description", item.get("display").text())
                    .text("source", Some(source)),
            );
        }
    }
    if rows.is_empty() { vec![base] } else { rows }
}

fn group(group: &Json<'_>) -> Vec<Row> {
    let Some(id) = group.get("id").text() else { return Vec::new() };
    let name = group.get("displayName").text();
    let member = |member: &Json<'_>| {
        let value = member.get("value").text()?;
        let shown = member.get("display").text();
        // a group within a group is nobody
        let who = person(Some(value), shown).filter(|_| member.get("type").text() != Some("Group"));
        Some(
            Row::new(value)
                .person(who.as_ref())
                .text("entitlement", Some(id))
                .text("description", name)
                .text("source", Some("group")),
        )
    };
    group.get("members").items().iter().filter_map(member).collect()
}
