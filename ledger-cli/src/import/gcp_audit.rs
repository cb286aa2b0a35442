//! Google Cloud audit log entries: an array, or one on each line.
//!
//! Identity is log name, insert id and time. A change of a policy is a fact for each member whose
//! role was added or removed, where the entry lists them.

use super::Source;
use super::audit::{
    self, Entitlement, Fact, NO_ACTOR, NOT_DONE, NOT_FINAL, READ_ONLY, Record, UNMAPPED, Who, at,
    scalar, text,
};
use super::json::Json;
use super::split::Framing;

pub(super) const SOURCE: Source = Source {
    name: "gcp-audit",
    reads: "Google Cloud audit log entries",
    version: 1,
    framing: Framing::Json(&["entries"]),
    map: |record| audit::drafts(&SOURCE, record, read),
};

/// Reads one entry; none if it is not an entry of a log.
fn read(value: &Json<'_>) -> Option<Record> {
    let payload = at(value, &["protoPayload"])?;
    let method = text(payload, &["methodName"])?;
    let actor = actor(payload);
    let project = text(value, &["resource", "labels", "project_id"]).or_else(|| {
        let name = text(value, &["logName"])?;
        name.split_once("/logs/").map(|(project, _)| project)
    });
    let system = format!("gcp/{}", project.unwrap_or("unknown"));
    let entry = Entry { value, payload, method, system: &system, actor: actor.as_ref() };
    let facts = entry.facts();
    let time = scalar(value, &["timestamp"]).or_else(|| scalar(value, &["receiveTimestamp"]));
    let when = audit::when(value, &["timestamp", "receiveTimestamp"]);
    let id = text(value, &["insertId"]).map(|id| {
        let log = text(value, &["logName"]).unwrap_or_default();
        format!("{log}/{id}/{}", time.as_deref().unwrap_or_default())
    });
    let service = text(payload, &["serviceName"]).unwrap_or("gcp");
    Some(Record { id, native: format!("{service}/{method}"), when, actor, facts, system })
}

fn actor(payload: &Json<'_>) -> Option<Who> {
    let info = at(payload, &["authenticationInfo"])?;
    let email = text(info, &["principalEmail"]);
    let id = email.or_else(|| text(info, &["principalSubject"]));
    let kind = match id? {
        id if id.ends_with(".gserviceaccount.com") || id.contains("serviceAccount:") => "service",
        id if id.starts_with("system:") => "system",
        _ => "human",
    };
    Who::new(kind, "gcp", id)
}

struct Entry<'a> {
    value: &'a Json<'a>,
    payload: &'a Json<'a>,
    method: &'a str,
    system: &'a str,
    actor: Option<&'a Who>,
}

/// What a setting governs, by a part of the service or method.
const CLASSES: &[(&str, &str)] = &[
    ("firewall", "network"),
    ("networks", "network"),
    ("subnetworks", "network"),
    ("routes", "network"),
    ("dns", "network"),
    ("ingressrule", "network"),
    ("configservice", "logging"),
    ("sink", "logging"),
    ("cryptokey", "encryption"),
    ("cloudkms", "encryption"),
    ("sslcertificate", "tls"),
    ("setiampolicy", "iam"),
    ("setiampermissions", "iam"),
    ("iam", "iam"),
    ("ssoprofile", "iam"),
    ("orgpolicy", "iam"),
    ("cloudbuild", "pipeline"),
    ("secretmanager", "deploy_secret"),
];

impl<'a> Entry<'a> {
    fn facts(&self) -> Result<Vec<Fact>, &'static str> {
        let code = at(self.payload, &["status", "code"]).and_then(Json::id);
        let refused = code.is_some_and(|code| code != "0")
            || text(self.value, &["severity"]) == Some("ERROR");
        if refused {
            return Err(NOT_DONE);
        }
        // a long operation has an entry at its beginning and one at its end
        let flag = |name| at(self.value, &["operation", name]).and_then(Json::truth);
        if flag("first") == Some(true) && flag("last") != Some(true) {
            return Err(NOT_FINAL);
        }
        let actor = self.actor.ok_or(NO_ACTOR);
        let last = self.method.rsplit('.').next().unwrap_or_default();
        let word = last.to_ascii_lowercase();
        if word.starts_with("setiampolicy") || word == "setiampermissions" {
            return Ok(self.policy());
        }
        match last {
            "CreateServiceAccount" => self.account("account", "created"),
            "DeleteServiceAccount" => self.account("account", "deleted"),
            "DisableServiceAccount" => self.account("account", "disabled"),
            "EnableServiceAccount" | "UpdateServiceAccount" | "PatchServiceAccount" => {
                self.account("account", "modified")
            }
            "CreateServiceAccountKey" | "UploadServiceAccountKey" => self.account("key", "created"),
            "DeleteServiceAccountKey" => self.account("key", "deleted"),
            "DisableServiceAccountKey" => self.account("key", "disabled"),
            "GenerateAccessToken" | "GenerateIdToken" | "SignJwt" | "SignBlob" => {
                self.account("token", "created")
            }
            _ if self.method.contains("loginService.loginSuccess") => {
                let principal = actor?.clone();
                Ok(vec![Fact::Used { account: principal.id.clone(), principal }])
            }
            _ => self.config(last),
        }
    }

    /// A fact for each change of a member's role; without them, the policy as a setting.
    fn policy(&self) -> Vec<Fact> {
        let deltas = at(self.payload, &["serviceData", "policyDelta", "bindingDeltas"])
            .or_else(|| at(self.payload, &["metadata", "policyDelta", "bindingDeltas"]))
            .map(Json::items)
            .filter(|deltas| !deltas.is_empty());
        let facts = deltas.map(|deltas| deltas.iter().map(|delta| self.delta(delta)).collect());
        facts.flatten().unwrap_or_else(|| vec![self.setting("iam", "changed")])
    }

    fn delta(&self, delta: &Json<'_>) -> Option<Fact> {
        let member = text(delta, &["member"])?;
        let role = text(delta, &["role"])?;
        let kind = match member.split_once(':').map(|(kind, _)| kind) {
            Some("user") => "human",
            Some("serviceAccount") => "service",
            _ => "unknown",
        };
        let id = member.split_once(':').map_or(member, |(_, id)| id);
        Some(Fact::Access {
            object: "entitlement",
            action: match text(delta, &["action"])? {
                "ADD" => "granted",
                "REMOVE" => "revoked",
                _ => return None,
            },
            principal: Who::new(kind, "gcp", Some(id))?,
            account: member.to_owned(),
            item: Some(role.to_owned()),
            entitlement: privileged(role).map(|privileged| Entitlement {
                privileged,
                role: role.to_owned(),
                scope: self.resource().to_owned(),
            }),
        })
    }

    fn resource(&self) -> &'a str {
        text(self.payload, &["resourceName"]).unwrap_or("unnamed")
    }

    /// The service account that a request names; one that is new stands in the answer.
    fn account(
        &self,
        object: &'static str,
        action: &'static str,
    ) -> Result<Vec<Fact>, &'static str> {
        let name = text(self.payload, &["response", "email"])
            .or_else(|| text(self.payload, &["request", "name"]))
            .or_else(|| text(self.value, &["resource", "labels", "email_id"]))
            .unwrap_or(self.resource());
        let name = name.rsplit_once("serviceAccounts/").map_or(name, |(_, name)| name);
        let name = name.split('/').next().unwrap_or(name);
        let principal = Who::new("service", "gcp", Some(name)).ok_or(UNMAPPED)?;
        Ok(vec![Fact::Access {
            object,
            action,
            account: name.to_owned(),
            principal,
            item: None,
            entitlement: None,
        }])
    }

    fn config(&self, last: &str) -> Result<Vec<Fact>, &'static str> {
        let log = text(self.value, &["logName"]).unwrap_or_default();
        if log.ends_with("data_access") {
            return Err(if audit::verb(last).is_some() { UNMAPPED } else { READ_ONLY });
        }
        let compute = self.method.contains("compute.") || self.method.contains("instances.");
        let action = audit::verb(last).ok_or(if compute { READ_ONLY } else { UNMAPPED })?;
        let name =
            format!("{}/{}", text(self.payload, &["serviceName"]).unwrap_or_default(), self.method);
        let name = name.to_ascii_lowercase();
        let class = CLASSES.iter().find(|(word, _)| name.contains(word));
        Ok(vec![self.setting(class.map_or("other", |(_, class)| class), action)])
    }

    fn setting(&self, class: &'static str, action: &'static str) -> Fact {
        let request = at(self.payload, &["request"]);
        let gone = action == "deleted" && matches!(class, "logging" | "network" | "encryption");
        Fact::Config {
            class,
            action,
            item: format!("{}/{}", self.system, self.resource()),
            before: None,
            after: request.filter(|_| action != "deleted").map(audit::digest),
            weakened: if gone && class == "logging" { "yes" } else { "unknown" },
        }
    }
}

/// Whether a basic or predefined role is privileged; none where its name does not say.
fn privileged(role: &str) -> Option<bool> {
    match role {
        "roles/owner" | "roles/editor" => Some(true),
        "roles/viewer" | "roles/browser" => Some(false),
        _ if !role.starts_with("roles/") => None,
        _ if role.to_ascii_lowercase().ends_with("admin") => Some(true),
        _ if role.ends_with("iewer") => Some(false),
        _ => None,
    }
}
