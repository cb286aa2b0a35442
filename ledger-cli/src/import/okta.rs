//! Okta system log events: an array as the API gives it, or one on each line.
//!
//! Identity is the `uuid`. Targets say whose access it is about, in the order of their types.

use super::Source;
use super::audit::{self, Fact, NO_ACTOR, NO_PRINCIPAL, NOT_DONE, Record, UNMAPPED, Who, at, text};
use super::json::Json;
use super::split::Framing;

pub(super) const SOURCE: Source = Source {
    name: "okta",
    reads: "Okta system log events",
    version: 1,
    framing: Framing::Json(&[]),
    map: |record| audit::drafts(&SOURCE, record, read),
};

/// Reads one event; none if it is not one.
fn read(value: &Json<'_>) -> Option<Record> {
    let kind = text(value, &["eventType"])?;
    let actor = at(value, &["actor"]).and_then(who);
    let event = Event { value, kind, actor: actor.as_ref() };
    let facts = event.facts();
    Some(Record {
        id: text(value, &["uuid"]).map(str::to_owned),
        native: kind.to_owned(),
        when: audit::when(value, &["published"]),
        system: "okta".to_owned(),
        facts,
        actor,
    })
}

/// An actor or a target, by its id; an alternate id is a login and may be given to somebody else.
fn who(value: &Json<'_>) -> Option<Who> {
    let kind = match text(value, &["type"])? {
        "User" | "AppUser" => "human",
        "SystemPrincipal" => "system",
        "PublicClientApp" | "AppInstance" | "ServicePrincipal" | "Token" => "service",
        _ => "unknown",
    };
    let id = text(value, &["id"]).or_else(|| text(value, &["alternateId"]));
    let mut who = Who::new(kind, "okta", id)?;
    who.name = text(value, &["displayName"]).map(str::to_owned);
    Some(who)
}

/// What an event changes: the beginning of its type, what, how.
const ACCESS: &[(&str, &str, &str)] = &[
    ("user.lifecycle.create", "account", "created"),
    ("user.lifecycle.activate", "account", "modified"),
    ("user.lifecycle.reactivate", "account", "modified"),
    ("user.lifecycle.unsuspend", "account", "modified"),
    ("user.lifecycle.deactivate", "account", "disabled"),
    ("user.lifecycle.suspend", "account", "disabled"),
    ("user.lifecycle.delete", "account", "deleted"),
    ("user.account.lock", "account", "disabled"),
    ("user.account.unlock", "account", "modified"),
    ("user.account.update_profile", "account", "modified"),
    ("user.account.update_password", "key", "modified"),
    ("user.account.reset_password", "key", "modified"),
    ("user.account.expire_password", "key", "expired"),
    ("user.account.privilege.grant", "entitlement", "granted"),
    ("user.account.privilege.revoke", "entitlement", "revoked"),
    ("group.privilege.grant", "entitlement", "granted"),
    ("group.privilege.revoke", "entitlement", "revoked"),
    ("group.user_membership.add", "entitlement", "granted"),
    ("group.user_membership.remove", "entitlement", "revoked"),
    ("application.user_membership.add", "entitlement", "granted"),
    ("application.user_membership.provision", "entitlement", "granted"),
    ("application.user_membership.update", "entitlement", "modified"),
    ("application.user_membership.remove", "entitlement", "revoked"),
    ("application.user_membership.deprovision", "entitlement", "revoked"),
    ("group.application_assignment.add", "entitlement", "granted"),
    ("group.application_assignment.remove", "entitlement", "revoked"),
    ("iam.resourceset.bindings.add", "entitlement", "granted"),
    ("iam.resourceset.bindings.delete", "entitlement", "revoked"),
    ("user.mfa.factor.activate", "key", "created"),
    ("user.mfa.factor.update", "key", "modified"),
    ("user.mfa.factor.suspend", "key", "disabled"),
    ("user.mfa.factor.deactivate", "key", "deleted"),
    ("user.mfa.factor.reset_all", "key", "deleted"),
    ("system.api_token.create", "token", "created"),
    ("system.api_token.update", "token", "modified"),
    ("system.api_token.enable", "token", "modified"),
    ("system.api_token.disable", "token", "disabled"),
    ("system.api_token.revoke", "token", "revoked"),
];

/// Settings: the beginning of an event's type and what it governs.
const CONFIG: &[(&str, &str)] = &[
    ("system.mfa.factor", "mfa"),
    ("policy.", "iam"),
    ("zone.", "network"),
    ("network_zone.", "network"),
    ("system.idp.", "iam"),
    ("application.lifecycle", "iam"),
    ("application.configuration", "iam"),
    ("application.policy.", "iam"),
    ("group.lifecycle", "iam"),
    ("iam.role", "iam"),
    ("iam.resourceset", "iam"),
    ("system.agent.", "iam"),
    ("system.log_stream.", "logging"),
    ("event_hook.", "third_party_endpoint"),
    ("inline_hook.", "third_party_endpoint"),
    ("security.", "iam"),
    ("org.", "iam"),
    ("app.keys.", "tls"),
];

struct Event<'a> {
    value: &'a Json<'a>,
    kind: &'a str,
    actor: Option<&'a Who>,
}

impl<'a> Event<'a> {
    fn facts(&self) -> Result<Vec<Fact>, &'static str> {
        let outcome = text(self.value, &["outcome", "result"]);
        if !matches!(outcome, None | Some("SUCCESS" | "ALLOW" | "CHALLENGE")) {
            return Err(NOT_DONE);
        }
        let actor = self.actor.ok_or(NO_ACTOR);
        if let Some((_, object, action)) = ACCESS.iter().find(|row| self.of(row.0)) {
            return self.access(object, action, actor);
        }
        match self.kind {
            "user.session.start" | "user.authentication.sso" | "user.session.access_admin_app" => {
                let principal = actor?.clone();
                Ok(vec![Fact::Used { account: principal.id.clone(), principal }])
            }
            "application.user_membership.show_password" | "user.session.impersonation.initiate" => {
                self.session("opened", actor?)
            }
            "user.session.impersonation.end" => self.session("closed", actor?),
            _ => self.config(),
        }
    }

    fn of(&self, row: &str) -> bool {
        self.kind.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn targets(&self) -> impl Iterator<Item = &'a Json<'a>> {
        self.value.get("target").items().iter()
    }

    fn target(&self, kinds: &[&str]) -> Option<&'a Json<'a>> {
        kinds
            .iter()
            .find_map(|kind| self.targets().find(|target| text(target, &["type"]) == Some(*kind)))
    }

    fn access(
        &self,
        object: &'static str,
        action: &'static str,
        actor: Result<&Who, &'static str>,
    ) -> Result<Vec<Fact>, &'static str> {
        let target = match object {
            "token" => self.target(&["User"]),
            _ => self.target(&["User", "AppUser", "UserGroup", "PUBLIC_CLIENT_APP"]),
        };
        let principal = match target.and_then(who) {
            Some(principal) => principal,
            None if object == "token" => actor?.clone(),
            None => return Err(NO_PRINCIPAL),
        };
        let other = self.target(&["AppInstance", "UserGroup", "ROLE", "CUSTOM_ROLE", "Token"]);
        let granted = at(self.value, &["debugContext", "debugData"])
            .and_then(|data| text(data, &["privilegeGranted"]).or_else(|| text(data, &["role"])));
        let item = match object {
            "entitlement" => granted.or_else(|| text(other?, &["id"])),
            "token" => self.target(&["Token"]).and_then(|token| text(token, &["id"])),
            _ => None,
        };
        Ok(vec![Fact::Access {
            object,
            action,
            account: principal.id.clone(),
            item: item.filter(|item| *item != principal.id).map(str::to_owned),
            principal,
            entitlement: None,
        }])
    }

    fn session(&self, phase: &'static str, actor: &Who) -> Result<Vec<Fact>, &'static str> {
        let session = text(self.value, &["authenticationContext", "externalSessionId"])
            .filter(|id| *id != "unknown")
            .or_else(|| text(self.value, &["uuid"]))
            .ok_or(UNMAPPED)?;
        Ok(vec![Fact::Session { phase, session: session.to_owned(), principal: actor.clone() }])
    }

    fn config(&self) -> Result<Vec<Fact>, &'static str> {
        let (_, class) =
            CONFIG.iter().find(|(start, _)| self.kind.starts_with(start)).ok_or(UNMAPPED)?;
        let last = self.kind.rsplit('.').next().unwrap_or_default();
        let action = match last {
            "create" | "add" => "created",
            "delete" | "remove" => "deleted",
            "update"
            | "activate"
            | "deactivate"
            | "config_change_detected"
            | "change"
            | "enable"
            | "disable"
            | "generate"
            | "revoke"
            | "rotate" => "changed",
            _ => return Err(UNMAPPED),
        };
        let target = self.targets().find_map(|target| text(target, &["id"]));
        let area = self.kind.rsplit_once('.').map_or(self.kind, |(area, _)| area);
        let off = self.kind == "system.mfa.factor.deactivate"
            || (self.kind.starts_with("policy.") && matches!(last, "deactivate" | "delete"));
        Ok(vec![Fact::Config {
            class,
            action,
            item: target.map_or(area.to_owned(), |target| format!("{area}/{target}")),
            before: None,
            after: None,
            weakened: if off { "yes" } else { "unknown" },
        }])
    }
}
