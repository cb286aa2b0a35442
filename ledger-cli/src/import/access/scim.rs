//! SCIM 2.0 (RFC 7643, 7644): users and groups as `ListResponse` pages, or one resource by itself.
//!
//! A row for each group, role and entitlement of a user, or one that says only that the account is
//! there; a group that lists its members adds what the users do not say themselves. A list is complete
//! when its pages hold as many resources as `totalResults` says. One user by itself is no list: it is a
//! change of that account, by whoever is given.

use std::collections::BTreeMap;

use super::super::audit::digest_of;
use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, documents, other};

pub(in super::super) const SOURCE: Source = Source {
    name: "scim",
    reads: "SCIM 2.0 users and groups (RFC 7643); given: system, taken_at; by for one user",
    version: 2,
    framing: Framing::Whole,
    map,
};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

fn is(resource: &Json<'_>, schema: &str) -> bool {
    resource.get("schemas").items().iter().any(|item| item.text() == Some(schema))
}

/// Whether it is a user; a list that was asked for some attributes may leave the schemas out.
fn is_user(resource: &Json<'_>) -> bool {
    let bare = !resource.get("schemas").is_some() && resource.get("userName").text().is_some();
    is(resource, USER) || bare
}

fn is_group(resource: &Json<'_>) -> bool {
    let bare = !resource.get("schemas").is_some() && resource.get("members").is_some();
    is(resource, GROUP) || (bare && resource.get("displayName").text().is_some())
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    if let [one] = values.as_slice()
        && is(one, USER)
    {
        return Ok(vec![changed(one, record)]);
    }
    let mut resources: Vec<&Json<'_>> = Vec::new();
    // how many there are, and how many are here, of each kind of resource
    let mut counts: BTreeMap<bool, (u64, u64)> = BTreeMap::new();
    for value in &values {
        if !is(value, LIST) {
            resources.push(value);
            continue;
        }
        let page = value.get("Resources").items();
        let group = page.first().is_some_and(is_group);
        let known = counts.entry(group).or_default();
        known.0 = known.0.max(value.get("totalResults").count().unwrap_or_default());
        known.1 += page.len() as u64;
        resources.extend(page);
    }
    let known = resources.iter().all(|one| is_user(one) || is_group(one));
    let alone = resources.len() == 1 && counts.is_empty();
    if !known || alone || resources.is_empty() {
        let kind = values.first().and_then(|first| first.get("schemas").items().first());
        let kind = kind.and_then(Json::text).unwrap_or("unknown");
        return Ok(other(SOURCE.name, kind, record));
    }
    let count = resources.len();
    let (users, groups): (Vec<_>, Vec<_>) = resources.into_iter().partition(|one| is_user(one));
    let mut rows: Vec<Row> = users.iter().flat_map(|one| user(one)).collect();
    let known: BTreeMap<&str, &Json<'_>> =
        users.iter().filter_map(|one| Some((one.get("id").text()?, *one))).collect();
    rows.extend(groups.iter().flat_map(|one| group(one, &known)));
    let listed: u64 = counts.values().map(|(_, here)| here).sum();
    let mut snapshot = Snapshot::new("scim", count, rows);
    snapshot.pages = values.len() as u64;
    if listed == count as u64 {
        snapshot.complete = Some(counts.values().all(|(total, here)| total == here));
        // a group without members has no row: only the number of users can be held against them
        let (all, here) = if users.is_empty() { (true, count) } else { (false, users.len()) };
        let total = counts.get(&all).map(|(total, _)| *total);
        snapshot.items = here as u64;
        snapshot.total = total.filter(|total| !all || *total != snapshot.items);
    }
    snapshot.drafts(SOURCE.name, record)
}

/// One user, as somebody sent it: whose account it is and that it was made or changed.
fn changed(user: &Json<'_>, record: &Record<'_>) -> Draft {
    let (id, name) = (user.get("id").text(), user.get("userName").text());
    let (created, modified) = (user.at("meta.created"), user.at("meta.lastModified"));
    let when = When::read(modified).or_else(|| When::read(created));
    let when = when.unwrap_or_else(|| When::received(record.received));
    let action = match (user.get("active").truth(), id) {
        (Some(false), _) => "disabled",
        // a client names no id when it asks for a new one
        (_, None) => "created",
        _ if created.text().is_some() && created == modified => "created",
        _ => "modified",
    };
    let version = user.at("meta.version").text().or(modified.text());
    let own = version.map_or_else(|| digest_of(record.bytes), str::to_owned);
    let who = person(id.or(user.get("externalId").text()).or(name), name);
    let system = record.given.get("system").unwrap_or("scim");
    Draft::new(
        "access.changed",
        &format!("{}/{own}", id.or(name).unwrap_or("unknown")),
        when.clone(),
    )
    .personal()
    .subject("system", Some(system))
    .word("object", "account")
    .word("action", action)
    .person("principal", who.as_ref())
    .person("executor", record.given.by().as_ref())
    .text("account", name.or(id))
    .time("effective_at", Some(&when))
}

fn person(id: Option<&str>, name: Option<&str>) -> Option<Person> {
    Person::new("scim", id).map(|person| person.named(name))
}

/// What stands in every row of a user.
fn base(user: &Json<'_>) -> Option<Row> {
    let name = user.get("userName").text();
    let row = Row::new(name.or(user.get("id").text())?)
        .person(person(user.get("id").text(), name).as_ref())
        .flag("enabled", user.get("active").truth())
        .time("created_at", When::read(user.at("meta.created")).as_ref());
    Some(row)
}

fn user(user: &Json<'_>) -> Vec<Row> {
    let Some(base) = base(user) else { return Vec::new() };
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

fn group(group: &Json<'_>, users: &BTreeMap<&str, &Json<'_>>) -> Vec<Row> {
    let Some(id) = group.get("id").text() else { return Vec::new() };
    let name = group.get("displayName").text();
    let member = |member: &Json<'_>| {
        let value = member.get("value").text()?;
        let user = users.get(value);
        let said = user.is_some_and(|user| {
            user.get("groups").items().iter().any(|group| group.get("value").text() == Some(id))
        });
        if said {
            return None;
        }
        let shown = member.get("display").text();
        // a group within a group is nobody
        let who = person(Some(value), shown).filter(|_| member.get("type").text() != Some("Group"));
        let row = user.and_then(|user| base(user));
        let row = row.unwrap_or_else(|| Row::new(value).person(who.as_ref()));
        Some(
            row.text("entitlement", Some(id))
                .text("description", name)
                .text("source", Some("group")),
        )
    };
    group.get("members").items().iter().filter_map(member).collect()
}
