//! Lists of GitHub: members of an organisation, of a team, collaborators of a repository, teams.
//!
//! The lists do not name the organisation, the team or the repository they are of, nor how many items
//! there are: `system`, `scope`, `role` and `complete` are given.

use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, documents, items_of, other};

pub(in super::super) const SOURCE: Source = Source {
    name: "github-access",
    reads: "GitHub members, team members, collaborators, teams (API lists); given: system, scope, role, complete, taken_at",
    version: 2,
    framing: Framing::Whole,
    map,
};

/// From the strongest: what a list of permissions comes to.
const ROLES: &[&str] = &["admin", "maintain", "push", "triage", "pull"];

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    let items: Vec<&Json<'_>> = values.iter().flat_map(items_of).collect();
    let mut rows = Vec::new();
    for item in &items {
        // a membership wraps its user, a team its members
        let inner = item.get("user");
        let user = if inner.is_some() { inner } else { item };
        if let Some(slug) = item.get("slug").text() {
            rows.extend(team(slug, item));
        } else if user.get("login").text().is_some() {
            rows.extend(account(user, item, record));
        } else {
            return Ok(other(SOURCE.name, "unknown", record));
        }
    }
    let mut snapshot = Snapshot::new("github", items.len(), rows);
    snapshot.pages = match values.as_slice() {
        [Json::List(list)] if list.iter().any(|page| matches!(page, Json::List(_))) => {
            list.len() as u64
        }
        values => values.len() as u64,
    };
    snapshot.drafts(SOURCE.name, record)
}

fn role<'v>(item: &'v Json<'_>, record: &'v Record<'_>) -> Option<&'v str> {
    let named = item.get("role_name").text().or(item.get("role").text());
    let strongest = || {
        let permissions = item.get("permissions");
        ROLES.iter().copied().find(|role| permissions.get(role).truth() == Some(true))
    };
    named.or_else(strongest).or_else(|| record.given.get("role"))
}

fn account(user: &Json<'_>, item: &Json<'_>, record: &Record<'_>) -> Option<Row> {
    let login = user.get("login").text()?;
    let person = Person::new("github", user.get("id").id()).map(|who| who.named(Some(login)));
    let kind = match user.get("type").text() {
        Some("Bot") => Some("service"),
        Some("User") => Some("personal"),
        _ => None,
    };
    let role = role(item, record);
    let active = item.get("state").text().map(|state| state == "active");
    Some(
        Row::new(login)
            .person(person.as_ref().filter(|_| kind != Some("service")))
            .text("account_type", kind)
            .flag("enabled", active)
            .text("entitlement", role)
            .text("scope", record.given.get("scope"))
            .flag("privileged", role.and_then(privileged)),
    )
}

/// What a team may do, for each of its members if they are listed.
fn team(slug: &str, item: &Json<'_>) -> Vec<Row> {
    let role = item.get("permission").text();
    let row = |account: &str| {
        Row::new(account)
            .text("entitlement", role)
            .text("scope", Some(&format!("team/{slug}")))
            .text("source", Some("group"))
            .text("description", item.get("description").text())
            .flag("privileged", role.and_then(privileged))
    };
    let members = item.get("members").items();
    if members.is_empty() {
        return vec![row(&format!("team/{slug}"))];
    }
    let member = |member: &Json<'_>| {
        let login = member.get("login").text()?;
        let person = Person::new("github", member.get("id").id());
        Some(row(login).person(person.map(|who| who.named(Some(login))).as_ref()))
    };
    members.iter().filter_map(member).collect()
}

/// A role of one's own making is neither.
fn privileged(role: &str) -> Option<bool> {
    match role {
        "admin" | "maintain" | "owner" | "maintainer" => Some(true),
        "member" | "push" | "write" | "triage" | "pull" | "read" => Some(false),
        _ => None,
    }
}
