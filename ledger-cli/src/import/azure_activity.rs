//! Azure activity log records: diagnostic export (`records`) and the API's form (`value`).
//!
//! The API's form has an `eventDataId`; the exported form has no id of its own: there correlation,
//! operation, result and time together are one.

use super::Source;
use super::audit::{
    self, Entitlement, Fact, NO_ACTOR, NO_PRINCIPAL, NOT_DONE, NOT_FINAL, READ_ONLY, Record,
    UNMAPPED, Who, at, scalar, text,
};
use super::json::Json;
use super::split::Framing;

pub(super) const SOURCE: Source = Source {
    name: "azure-activity",
    reads: "Azure activity log: exported records, and as the API gives them",
    version: 1,
    framing: Framing::Json(&["records", "value"]),
    map: |record| audit::drafts(&SOURCE, record, read),
};

/// Reads one record; none if it is not one.
fn read(value: &Json<'_>) -> Option<Record> {
    let operation = word(value, "operationName")?;
    let resource = text(value, &["resourceId"]).or_else(|| text(value, &["ResourceId"]));
    resource.or_else(|| text(value, &["correlationId"]))?;
    let time = scalar(value, &["time"])
        .or_else(|| scalar(value, &["eventTimestamp"]))
        .or_else(|| scalar(value, &["submissionTimestamp"]));
    let when = audit::when(value, &["time", "eventTimestamp", "submissionTimestamp"]);
    let resource = resource.unwrap_or_default().to_ascii_lowercase();
    let subscription = resource.split_once("/subscriptions/").map(|(_, rest)| rest);
    let tenant = text(value, &["tenantId"]);
    let owner = subscription.and_then(|rest| rest.split('/').next()).or(tenant);
    let system = format!("azure/{}", owner.unwrap_or("unknown"));
    let actor = actor(value);
    let result = word(value, "resultType").or_else(|| word(value, "status")).unwrap_or_default();
    let lower = operation.to_ascii_lowercase();
    let event = Event { value, operation: &lower, resource: &resource, result, system: &system };
    let facts = event.facts(actor.as_ref());
    let id = text(value, &["eventDataId"]).map(str::to_owned).or_else(|| {
        let correlation = text(value, &["correlationId"])?;
        Some(format!("{correlation}/{lower}/{result}/{}", time.as_deref().unwrap_or_default()))
    });
    Some(Record { id, native: lower, when, actor, system, facts })
}

/// A name that is a text in the exported form and `{value, localizedValue}` in the API's.
fn word<'a>(value: &'a Json<'a>, name: &str) -> Option<&'a str> {
    text(value, &[name]).or_else(|| text(value, &[name, "value"]))
}

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

fn actor(value: &Json<'_>) -> Option<Who> {
    let claims = at(value, &["identity", "claims"]).or_else(|| at(value, &["claims"]));
    let claim = |name| claims.and_then(|claims| text(claims, &[name]));
    let name = claim(UPN).or_else(|| claim(NAME)).or_else(|| text(value, &["caller"]));
    let id = claim(OBJECT_ID).or_else(|| claim("oid")).or(name).or_else(|| claim("appid"));
    let id = id.or_else(|| text(value, &["identity", "authorization", "evidence", "principalId"]));
    let kind = match (claim("idtyp"), name) {
        (Some("app"), _) => "service",
        (Some("user"), _) => "human",
        (_, Some(name)) if name.contains('@') => "human",
        _ => "unknown",
    };
    let mut actor = Who::new(kind, "azure", id)?;
    actor.name = name.filter(|name| *name != actor.id).map(str::to_owned);
    Some(actor)
}

struct Event<'a> {
    value: &'a Json<'a>,
    operation: &'a str,
    resource: &'a str,
    result: &'a str,
    system: &'a str,
}

/// What a setting governs, by the beginning of its operation or a part of it.
const CLASSES: &[(&str, &str)] = &[
    ("diagnosticsettings", "logging"),
    ("flowlogs", "logging"),
    ("packetcapture", "logging"),
    ("networkwatchers", "logging"),
    ("microsoft.insights/", "logging"),
    ("alertssuppressionrules", "logging"),
    ("immutabilitypolicies", "retention"),
    ("microsoft.recoveryservices/", "retention"),
    ("restorepointcollections", "retention"),
    ("snapshots", "retention"),
    ("microsoft.network/", "network"),
    ("firewallrules", "network"),
    ("/secrets/", "deploy_secret"),
    ("microsoft.keyvault/", "encryption"),
    ("microsoft.authorization/", "iam"),
    ("microsoft.managedidentity/", "iam"),
    ("rbac.authorization.k8s.io/", "iam"),
    ("microsoft.automation/", "pipeline"),
    ("microsoft.devtestlab/", "pipeline"),
];

/// Deletions that take a protection away.
const PROTECTIONS: &[&str] = &[
    "diagnosticsettings",
    "flowlogs",
    "locks",
    "immutabilitypolicies",
    "protectioncontainers",
    "firewallpolicies",
    "metricalerts",
    "actiongroups",
    "networkwatchers",
    "activitylogalerts",
    "restorepointcollections",
];

impl Event<'_> {
    fn facts(&self, actor: Option<&Who>) -> Result<Vec<Fact>, &'static str> {
        match self.result.to_ascii_lowercase().as_str() {
            "success" | "succeeded" | "0" | "" => {}
            "start" | "started" | "accept" | "accepted" | "in progress" | "active" => {
                return Err(NOT_FINAL);
            }
            _ => return Err(NOT_DONE),
        }
        let (path, last) = self.operation.rsplit_once('/').ok_or(UNMAPPED)?;
        if last == "read" {
            return Err(READ_ONLY);
        }
        let actor = actor.ok_or(NO_ACTOR);
        match (path, last) {
            ("microsoft.authorization/roleassignments", "write") => self.assignment("granted"),
            ("microsoft.authorization/roleassignments", "delete") => self.assignment("revoked"),
            (_, "action") => self.action(path, actor),
            (_, "write") => Ok(vec![self.setting("changed")]),
            (_, "delete") => Ok(vec![self.setting("deleted")]),
            _ => Err(UNMAPPED),
        }
    }

    /// Operations that are neither reading nor writing, by what they do.
    fn action(
        &self,
        path: &str,
        actor: Result<&Who, &'static str>,
    ) -> Result<Vec<Fact>, &'static str> {
        let verb = path.rsplit('/').next().unwrap_or_default();
        let opened =
            matches!(verb, "runcommand" | "getsecret" | "begingetaccess" | "serialconsole")
                || path.ends_with("/hostruntime/host");
        if opened {
            let id = text(self.value, &["correlationId"]).ok_or(UNMAPPED)?;
            let (session, principal) = (format!("azure/{id}"), actor?.clone());
            return Ok(vec![Fact::Session { phase: "opened", session, principal }]);
        }
        if matches!(verb, "listkeys" | "regeneratekey" | "listclusteradmincredential") {
            return Ok(vec![Fact::Access {
                object: "key",
                action: if verb == "regeneratekey" { "modified" } else { "granted" },
                principal: actor?.clone(),
                account: self.resource.to_owned(),
                item: None,
                entitlement: None,
            }]);
        }
        let changes = [
            "restart",
            "start",
            "deallocate",
            "poweroff",
            "publish",
            "recover",
            "purge",
            "startpacketcapture",
            "deployifnotexists",
            "elevateaccess",
        ];
        if changes.contains(&verb) {
            return Ok(vec![self.setting("changed")]);
        }
        Err(UNMAPPED)
    }

    /// Who got which role stands in the request, which is JSON in a text.
    fn assignment(&self, action: &'static str) -> Result<Vec<Fact>, &'static str> {
        let bodies = ["requestbody", "responseBody", "requestBody", "responsebody"];
        let found = bodies.iter().find_map(|name| {
            let body = at(self.value, &["properties", name])?;
            match body {
                Json::Text(text) => assigned(&super::json::read(text.as_bytes()).ok()?),
                other => assigned(other),
            }
        });
        let Some((principal, role)) = found else {
            return Ok(vec![self.setting(if action == "revoked" { "deleted" } else { "changed" })]);
        };
        let account = principal.clone();
        let principal = Who::new("unknown", "azure", Some(&principal)).ok_or(NO_PRINCIPAL)?;
        let id = role.as_deref().map(|role| role.rsplit('/').next().unwrap_or(role).to_owned());
        let entitlement = id.as_deref().and_then(|id| {
            let scope = self.resource.split_once("/providers/microsoft.authorization/");
            Some(Entitlement {
                privileged: privileged(id)?,
                role: id.to_owned(),
                scope: scope.map_or(self.system, |(scope, _)| scope).to_owned(),
            })
        });
        let object = "entitlement";
        Ok(vec![Fact::Access { object, action, principal, account, item: id, entitlement }])
    }

    fn setting(&self, action: &'static str) -> Fact {
        let class = CLASSES.iter().find(|(word, _)| self.operation.contains(word));
        let gone = action == "deleted"
            && PROTECTIONS.iter().any(|word| self.operation.contains(&format!("/{word}/")));
        let body = at(self.value, &["properties", "requestbody"])
            .or_else(|| at(self.value, &["properties", "requestBody"]));
        Fact::Config {
            class: class.map_or("other", |(_, class)| class),
            action,
            item: self.resource.trim_start_matches('/').to_owned(),
            before: None,
            after: body.filter(|_| action != "deleted").map(audit::digest),
            weakened: if gone { "yes" } else { "unknown" },
        }
    }
}

fn assigned(body: &Json<'_>) -> Option<(String, Option<String>)> {
    let properties =
        at(body, &["properties"]).or_else(|| at(body, &["Properties"])).unwrap_or(body);
    let member = |one, other| text(properties, &[one]).or_else(|| text(properties, &[other]));
    let principal = member("principalId", "PrincipalId")?.to_owned();
    Some((principal, member("roleDefinitionId", "RoleDefinitionId").map(str::to_owned)))
}

/// Whether a built-in role is privileged, by its id, which is the same everywhere.
fn privileged(role: &str) -> Option<bool> {
    match role {
        // owner, contributor, user access administrator, role based access control administrator
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        | "b24988ac-6180-42a0-ab88-20f7382dd24c"
        | "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
        | "f58310d9-a9f6-439a-9e8d-f62e7b41a168" => Some(true),
        // reader
        "acdd72a7-3385-48ef-bd42-f606fba81ae7" => Some(false),
        _ => None,
    }
}
