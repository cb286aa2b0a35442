//! Records of the audit log.

use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::super::draft::{digest, id};
use super::super::json::Json;
use super::super::time::When;
use super::super::{Draft, Person, Record};
use super::SOURCE;
use super::delivery::{outcome, trigger};

pub(super) fn map(body: &Json<'_>, record: &Record<'_>) -> Vec<Draft> {
    let action = body.get("action").text().unwrap_or("unnamed");
    let draft = access(body, record, action)
        .or_else(|| run(body, record, action))
        .or_else(|| setting(body, record, action));
    vec![draft.unwrap_or_else(|| {
        new("external.recorded", body, record)
            .subject("source", Some(SOURCE.name))
            .id("native_kind", Some(action))
            .word("reason", "no-mapping")
    })]
}

fn new(kind: &'static str, body: &Json<'_>, record: &Record<'_>) -> Draft {
    let when = When::first(&[body.get("@timestamp"), body.get("created_at")], record.received);
    let draft = match body.get("_document_id").text() {
        Some(document) => Draft::new(kind, document, when),
        None => Draft::new(kind, &hex(&Sha256::of(record.bytes).0), when).personal(),
    };
    let kind = match body.get("actor_is_bot").truth() {
        Some(true) => "bot",
        _ if body.get("actor").text().is_some_and(|name| name.ends_with("[bot]")) => "bot",
        Some(false) => "human",
        None => "unknown",
    };
    draft.actor(kind, person(body, "actor").as_ref()).subject("service", body.get("repo").text())
}

/// Somebody by the numeric id; by the login, under another issuer, where only that is told.
fn person(body: &Json<'_>, name: &str) -> Option<Person> {
    let login = body.get(name).text();
    Person::new("github", body.get(&format!("{name}_id")).id())
        .map(|person| person.named(login))
        .or_else(|| Person::new("github:login", login))
}

fn access(body: &Json<'_>, record: &Record<'_>, action: &str) -> Option<Draft> {
    let (object, done) = match action {
        "org.add_member"
        | "team.add_member"
        | "repo.add_member"
        | "org.add_outside_collaborator"
        | "business.add_admin"
        | "organization_moderators.add_user"
        | "role.assign" => ("entitlement", "granted"),
        "org.remove_member"
        | "team.remove_member"
        | "repo.remove_member"
        | "org.remove_outside_collaborator"
        | "business.remove_admin"
        | "organization_moderators.remove_user"
        | "role.revoke" => ("entitlement", "revoked"),
        "org.update_member"
        | "repo.update_member"
        | "team.promote_maintainer"
        | "team.demote_maintainer" => ("entitlement", "modified"),
        "public_key.create" | "deploy_key.create" => ("key", "created"),
        "public_key.delete" | "deploy_key.delete" => ("key", "deleted"),
        "personal_access_token.access_granted" | "personal_access_token.create" => {
            ("token", "granted")
        }
        "personal_access_token.access_revoked" | "personal_access_token.destroy" => {
            ("token", "revoked")
        }
        _ => return None,
    };
    let role = body.get("permission").text().or(body.get("new_permission").text());
    let scope = body.get("team").text().or(body.get("repo").text()).or(body.get("org").text());
    let entitlement = role.zip(scope).map(|(role, scope)| {
        Value::object([
            ("privileged", Value::Bool(matches!(role, "admin" | "maintain" | "owner"))),
            ("role", Value::text(id(role))),
            ("scope", Value::text(id(scope))),
            ("system", Value::text(SOURCE.name)),
        ])
    });
    let owner =
        person(body, "user").or_else(|| person(body, "actor").filter(|_| object != "entitlement"));
    let account =
        owner.as_ref().map(|owner| owner.name.clone().unwrap_or_else(|| owner.id.clone()));
    let when = When::first(&[body.get("@timestamp"), body.get("created_at")], record.received);
    Some(
        new("access.changed", body, record)
            .subject("system", Some(SOURCE.name))
            .word("object", object)
            .word("action", done)
            .person("principal", owner.as_ref())
            .text("account", account.as_deref())
            .person("executor", person(body, "actor").as_ref())
            .time("effective_at", Some(&when))
            .set("entitlement", entitlement),
    )
}

fn run(body: &Json<'_>, record: &Record<'_>, action: &str) -> Option<Draft> {
    let phase = match action {
        "workflows.created_workflow_run" => "started",
        "workflows.completed_workflow_run" => "finished",
        _ => return None,
    };
    let id = body.get("workflow_run_id").id()?;
    let outcome = outcome(body.get("conclusion").text()).filter(|_| phase == "finished");
    Some(
        new("pipeline.run", body, record)
            .subject("run", Some(&format!("github:run:{id}")))
            .word("phase", phase)
            .word("trigger", trigger(body.get("event").text().unwrap_or_default()))
            .person("initiator", person(body, "actor").as_ref())
            .set("attempt", body.get("run_attempt").count().map(Value::count))
            .set("outcome", outcome.map(Value::text)),
    )
}

fn setting(body: &Json<'_>, record: &Record<'_>, action: &str) -> Option<Draft> {
    let (noun, verb) = action.split_once('.')?;
    let class = match noun {
        "protected_branch" | "repository_ruleset" => "branch_protection",
        "hook" | "integration_installation" => "third_party_endpoint",
        "ip_allow_list" | "ip_allow_list_entry" => "network",
        "environment" => "approval_policy",
        "org" | "business" if verb.contains("two_factor") => "mfa",
        "org" | "business"
            if verb.contains("saml") || verb.contains("sso") || verb.contains("oauth") =>
        {
            "iam"
        }
        "org" | "business" if verb.contains("ip_allow_list") => "network",
        "org" | "repo" if verb.contains("actions_secret") => "deploy_secret",
        "team" => "iam",
        "repo"
            if matches!(
                verb,
                "access" | "archived" | "unarchived" | "transfer" | "rename" | "create" | "destroy"
            ) =>
        {
            "other"
        }
        "repo" if verb.starts_with("advanced_security") => "other",
        _ => return None,
    };
    let done = match verb {
        "policy_override" => "bypassed",
        verb if verb.starts_with("create") || verb.starts_with("add") => "created",
        verb if verb.starts_with("destroy")
            || verb.starts_with("delete")
            || verb.starts_with("remove") =>
        {
            "deleted"
        }
        _ => "changed",
    };
    let weakened = match (class, done, verb) {
        (_, "bypassed", _) | ("branch_protection", "deleted", _) => "yes",
        ("mfa" | "iam" | "network", _, verb) if verb.starts_with("disable") => "yes",
        ("mfa" | "iam" | "network", _, verb) if verb.starts_with("enable") => "no",
        _ => "unknown",
    };
    let name = ["name", "ruleset_name", "branch", "team", "repo", "org", "business"];
    let name = name.iter().find_map(|name| body.get(name).text()).unwrap_or("-");
    let scope = body.get("repo").text().or(body.get("org").text()).unwrap_or("-");
    Some(
        new("config.changed", body, record)
            .subject("system", Some(SOURCE.name))
            .word("class", class)
            .word("action", done)
            .id("item", Some(&format!("{scope}/{noun}/{name}")))
            .set("before", digest(body.get("previous_visibility")))
            .set("after", digest(body.get("visibility")))
            .word("weakened", weakened)
            .person("changer", person(body, "actor").as_ref()),
    )
}
