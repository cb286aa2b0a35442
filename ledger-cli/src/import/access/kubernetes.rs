//! Kubernetes RBAC as `kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o json`
//! lists it: a row for each subject of each binding.
//!
//! A role is privileged by its rules, where the file has them: wildcards, `escalate`, `bind`,
//! `impersonate`, and reading or writing secrets.

use std::collections::HashMap;

use super::super::json::{self, Json};
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, documents, other};

pub(in super::super) const SOURCE: Source = Source {
    name: "kubernetes-rbac",
    reads: "Kubernetes roles and bindings (kubectl get … -A -o json); given: system, taken_at",
    version: 2,
    framing: Framing::Whole,
    map,
};

type Roles = HashMap<(String, String), bool>;

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    let mut objects: Vec<&Json<'_>> = Vec::new();
    let mut cut = false;
    for value in &values {
        let listed = value.get("kind").text().is_some_and(|kind| kind.ends_with("List"));
        let meta = value.get("metadata");
        cut |= meta.get("continue").text().is_some() || meta.get("remainingItemCount").is_some();
        if listed { objects.extend(value.get("items").items()) } else { objects.push(value) }
    }
    let kind = |object: &Json<'_>| object.get("kind").text().unwrap_or_default().to_owned();
    let roles: Roles = objects
        .iter()
        .filter(|object| matches!(kind(object).as_str(), "Role" | "ClusterRole"))
        .map(|object| {
            let name = object.at("metadata.name").text().unwrap_or_default().to_owned();
            let space = object.at("metadata.namespace").text().unwrap_or_default().to_owned();
            ((space, name), rules(object))
        })
        .collect();
    let bindings: Vec<&&Json<'_>> = objects
        .iter()
        .filter(|object| matches!(kind(object).as_str(), "RoleBinding" | "ClusterRoleBinding"))
        .collect();
    if bindings.is_empty() {
        return Ok(other(SOURCE.name, "unknown", record));
    }
    let rows: Vec<Row> = bindings.iter().flat_map(|binding| rows(binding, &roles)).collect();
    let both = ["RoleBinding", "ClusterRoleBinding"]
        .iter()
        .all(|wanted| bindings.iter().any(|binding| kind(binding) == *wanted));
    let mut snapshot = Snapshot::new("kubernetes", bindings.len(), rows);
    snapshot.pages = values.len() as u64;
    // a list of one kind of binding shows half of what is granted, unless the collector knows better
    snapshot.complete = if cut { Some(false) } else { both.then_some(true) };
    snapshot.drafts(SOURCE.name, record)
}

/// Whether a role lets its holders go beyond themselves.
fn rules(role: &Json<'_>) -> bool {
    let has = |rule: &Json<'_>, list: &str, words: &[&str]| {
        rule.get(list).items().iter().any(|item| item.text().is_some_and(|it| words.contains(&it)))
    };
    role.get("rules").items().iter().any(|rule| {
        has(rule, "verbs", &["*", "escalate", "bind", "impersonate"])
            || has(rule, "resources", &["*", "secrets"])
    })
}

fn rows(binding: &Json<'_>, roles: &Roles) -> Vec<Row> {
    let space = binding.at("metadata.namespace").text();
    let role = binding.get("roleRef");
    let name = role.get("name").text().unwrap_or_default();
    let within =
        if role.get("kind").text() == Some("Role") { space.unwrap_or_default() } else { "" };
    let known = roles.get(&(within.to_owned(), name.to_owned())).copied();
    let privileged = known.or((name == "cluster-admin").then_some(true));
    let granted = When::read(binding.at("metadata.creationTimestamp"));
    let row = |subject: &Json<'_>| {
        let called = subject.get("name").text()?;
        let kind = subject.get("kind").text()?;
        let (account, kind, source) = match kind {
            "ServiceAccount" => {
                let home = subject.get("namespace").text().or(space).unwrap_or("default");
                (format!("system:serviceaccount:{home}:{called}"), Some("service"), "direct")
            }
            "Group" => (called.to_owned(), None, "group"),
            _ => (called.to_owned(), Some("personal"), "direct"),
        };
        let person = Person::new("kubernetes", (kind == Some("personal")).then_some(called));
        Some(
            Row::new(&account)
                .person(person.as_ref().filter(|_| !called.starts_with("system:")))
                .text("account_type", kind.filter(|_| !called.starts_with("system:")))
                .text("entitlement", Some(name))
                .text(
                    "scope",
                    Some(&space.map_or("cluster".to_owned(), |s| format!("namespace/{s}"))),
                )
                .text("source", Some(source))
                .time("granted_at", granted.as_ref())
                .flag("privileged", privileged),
        )
    };
    binding.get("subjects").items().iter().filter_map(row).collect()
}
