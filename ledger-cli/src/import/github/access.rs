//! Who may do what, and the settings that guard it.

use ledger_core::json::Value;

use super::super::Draft;
use super::super::draft::{digest, id};
use super::super::time::When;
use super::{Hook, SOURCE, user};

pub(super) fn person(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    let (subject, role, scope) = match hook.kind.as_str() {
        "member" => {
            let changes = body.get("changes");
            let role = changes.at("role_name.to").text().or(changes.at("permission.to").text());
            (body.get("member"), role, hook.repository()?.to_owned())
        }
        "membership" => {
            let team = body.at("team.slug").text().or(body.at("team.name").text())?;
            let scope = format!("{}/{team}", body.at("organization.login").text()?);
            (body.get("member"), Some("team-member"), scope)
        }
        _ => {
            let member = body.get("membership");
            let scope = body.at("organization.login").text()?;
            (member.get("user"), member.get("role").text(), scope.to_owned())
        }
    };
    let action = match hook.action {
        "added" | "member_added" => "granted",
        "removed" | "member_removed" => "revoked",
        "edited" => "modified",
        _ => return None,
    };
    let entitlement = role.map(|role| {
        Value::object([
            ("privileged", Value::Bool(matches!(role, "admin" | "maintain" | "owner"))),
            ("role", Value::text(id(role))),
            ("scope", Value::text(id(&scope))),
            ("system", Value::text(SOURCE.name)),
        ])
    });
    // these payloads have no time of their own
    let when = When::received(hook.record.received);
    Some(
        hook.about("access.changed", None, &[])
            .subject("system", Some(SOURCE.name))
            .word("object", "entitlement")
            .word("action", action)
            .person("principal", user(subject).as_ref())
            .text("account", subject.get("login").text())
            .person("executor", user(body.get("sender")).as_ref())
            .time("effective_at", Some(&when))
            .set("entitlement", entitlement),
    )
}

pub(super) fn setting(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    let changes = body.get("changes");
    let (state, class, item) = match hook.kind.as_str() {
        "branch_protection_rule" => {
            let rule = body.get("rule");
            let name = rule.get("name").text()?;
            (rule, "branch_protection", format!("{}/branch-protection/{name}", hook.repository()?))
        }
        "repository_ruleset" => {
            let rules = body.get("repository_ruleset");
            let of = hook.repository().or(body.at("organization.login").text())?;
            (rules, "branch_protection", format!("{of}/ruleset/{}", rules.get("id").id()?))
        }
        "team" | "team_add" => {
            let team = body.get("team");
            let name = team.get("slug").text().or(team.get("name").text())?;
            let of = body.at("organization.login").text().or(hook.repository())?;
            (team, "iam", format!("{of}/team/{name}"))
        }
        _ => (body.get("repository"), "other", format!("{}/repository", hook.repository()?)),
    };
    let (action, weakened) = match hook.action {
        "created" => ("created", "no"),
        "deleted" if class == "branch_protection" => ("deleted", "yes"),
        "deleted" => ("deleted", "unknown"),
        _ => ("changed", "unknown"),
    };
    // the state before is what the changes say of it; of a new thing there is none
    let before = match action {
        "deleted" => digest(state),
        _ => digest(changes),
    };
    let after = if action == "deleted" { None } else { digest(state) };
    let key = state.get("updated_at").text().and_then(|at| hook.id(state, &[Some(at)]));
    Some(
        hook.about("config.changed", key, &[state.get("updated_at")])
            .subject("system", Some(SOURCE.name))
            .subject("service", hook.repository())
            .word("class", class)
            .word("action", action)
            .id("item", Some(&item))
            .set("before", before)
            .set("after", after)
            .word("weakened", weakened)
            .person("changer", user(body.get("sender")).as_ref()),
    )
}
