//! GitLab: project and system hooks, and audit events (streamed or exported).
//!
//! The deployment hook has only the short commit id; the full one stands in `commit_url`. Approvals
//! of merge requests are reviews; system hooks tell no actor, and none is made up.

use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::draft::{digest, id};
use super::http::Request;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "gitlab",
    reads: "GitLab project and system hooks, audit events",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

struct Hook<'a> {
    body: &'a Json<'a>,
    kind: &'a str,
    record: &'a Record<'a>,
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let request = Request::read(record.bytes)?;
    let body = json::read(request.body)?;
    let kind = body.get("object_kind").text().or(body.get("event_name").text());
    let hook = Hook {
        body: &body,
        kind: kind.or(body.get("event_type").text()).unwrap_or("unnamed"),
        record,
    };
    let audit = body.get("entity_type").is_some() && body.get("details").is_some();
    let draft = match hook.kind {
        _ if audit => hook.audit(),
        "deployment" => hook.deployment(),
        "pipeline" => hook.run(body.get("object_attributes"), "pipeline"),
        "build" => None,
        "merge_request" => hook.merge_request(),
        "push" | "tag_push" => hook.push(),
        kind if kind.starts_with("user_") && kind.ends_with("_team") => hook.access("project"),
        kind if kind.starts_with("user_") && kind.ends_with("_group") => hook.access("group"),
        "key_create" | "key_destroy" | "user_create" | "user_destroy" => hook.account(),
        _ => None,
    };
    Ok(vec![draft.unwrap_or_else(|| hook.external())])
}

fn user(value: &Json<'_>) -> Option<Person> {
    Person::new("gitlab", value.get("id").id()).map(|person| {
        person
            .named(value.get("username").text().or(value.get("name").text()))
            .at(value.get("email").text().filter(|email| email.contains('@')))
    })
}

impl<'a> Hook<'a> {
    fn draft(&self, kind: &'static str, key: Option<String>, times: &[&Json<'_>]) -> Draft {
        let when = When::first(times, self.record.received);
        let actor = user(self.body.get("user"));
        match key {
            Some(key) => Draft::new(kind, &key, when),
            None => Draft::new(kind, &hex(&Sha256::of(self.record.bytes).0), when).personal(),
        }
        .actor("unknown", actor.as_ref())
    }

    fn project(&self) -> Option<&'a str> {
        let body = self.body;
        body.at("project.path_with_namespace")
            .text()
            .or(body.get("path_with_namespace").text())
            .or(body.get("project_path_with_namespace").text())
    }

    fn external(&self) -> Draft {
        self.draft("external.recorded", None, &[self.body.get("created_at")])
            .subject("source", Some(SOURCE.name))
            .subject("service", self.project())
            .id("native_kind", Some(self.kind))
            .word("reason", "no-mapping")
    }

    fn deployment(&self) -> Option<Draft> {
        let body = self.body;
        let deployment = body.get("deployment_id").id()?;
        let status = body.get("status").text()?;
        let project = body.at("project.id").id().unwrap_or("-");
        let outcome = match status {
            "success" => Some("succeeded"),
            "failed" => Some("failed"),
            "canceled" => Some("aborted"),
            "running" | "created" => None,
            _ => return None,
        };
        let kind = if outcome.is_some() { "deployment.finished" } else { "deployment.started" };
        // one deployment sends this for each status
        let key = format!("deployment/{project}/{deployment}/{status}");
        let draft = self
            .draft(kind, Some(key), &[body.get("status_changed_at")])
            .subject("deployment", Some(&format!("gitlab:{project}:deployment:{deployment}")))
            .subject("environment", body.get("environment").text())
            .subject("service", self.project());
        if let Some(outcome) = outcome {
            return Some(draft.word("outcome", outcome));
        }
        let full = body.get("commit_url").text().and_then(|url| url.rsplit('/').next());
        let full = full.filter(|sha| sha.len() >= 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()));
        let reference = full.map(|sha| {
            Value::object([("kind", Value::text("commit")), ("value", Value::text(id(sha)))])
        });
        Some(
            draft
                .person("initiator", user(body.get("user")).as_ref())
                .word("strategy", "other")
                .set("ref", reference),
        )
    }

    fn run(&self, run: &Json<'_>, what: &str) -> Option<Draft> {
        let status = run.get("status").text()?;
        let outcome = match status {
            "success" => Some("succeeded"),
            "failed" => Some("failed"),
            "canceled" => Some("cancelled"),
            "skipped" => Some("skipped"),
            "running" | "pending" | "created" => None,
            _ => return None,
        };
        let number = run.get("id").id()?;
        let trigger = match run.get("source").text().unwrap_or_default() {
            "push" => "push",
            "merge_request_event" => "pull_request",
            "schedule" => "schedule",
            "web" => "manual",
            "api" | "trigger" => "api",
            "pipeline" | "parent_pipeline" => "upstream",
            _ => "other",
        };
        let time = if outcome.is_some() { run.get("finished_at") } else { run.get("created_at") };
        Some(
            self.draft(
                "pipeline.run",
                Some(format!("{what}/{number}/{status}")),
                &[time, run.get("created_at")],
            )
            .subject("run", Some(&format!("gitlab:{what}:{number}")))
            .subject("service", self.project())
            .word("phase", if outcome.is_some() { "finished" } else { "started" })
            .word("trigger", trigger)
            .person("initiator", user(self.body.get("user")).as_ref())
            .set("outcome", outcome.map(Value::text)),
        )
    }

    fn merge_request(&self) -> Option<Draft> {
        let request = self.body.get("object_attributes");
        let action = request.get("action").text().unwrap_or_default();
        let change = format!("{}/merge_requests/{}", self.project()?, request.get("iid").id()?);
        let time = request.get("updated_at");
        let number = request.get("id").id()?;
        let key = format!("merge_request/{number}/{action}/{}", time.id().unwrap_or_default());
        let decision = match action {
            "approved" | "approval" => Some("approved"),
            "unapproved" | "unapproval" => Some("dismissed"),
            _ => None,
        };
        if let Some(decision) = decision {
            return Some(
                self.draft("code.reviewed", Some(key.clone()), &[time])
                    .subject("change", Some(&change))
                    .subject("service", self.project())
                    .id("review", Some(&format!("gitlab:{key}")))
                    .word("decision", decision)
                    .person("reviewer", user(self.body.get("user")).as_ref())
                    .id("commit", request.at("last_commit.id").text()),
            );
        }
        let state = match (action, request.get("state").text().unwrap_or_default()) {
            ("merge", _) | (_, "merged") => "merged",
            ("close", _) | (_, "closed") => "abandoned",
            ("open" | "reopen" | "update", _) | ("", "opened") => "open",
            _ => return None,
        };
        // who opened it is told by the id alone
        let author = Person::new("gitlab", request.get("author_id").id());
        Some(
            self.draft("change.recorded", Some(key), &[time])
                .subject("change", Some(&change))
                .subject("service", self.project())
                .word("state", state)
                .time("opened_at", When::read(request.get("created_at")).as_ref())
                .person("requester", author.as_ref())
                .list("authors", author.iter().map(Person::value).collect())
                .text("title", request.get("title").text())
                .text("description", request.get("description").text())
                .text("url", request.get("url").text()),
        )
    }

    fn push(&self) -> Option<Draft> {
        let body = self.body;
        let (before, after) = (body.get("before").text()?, body.get("after").text()?);
        let reference = body.get("ref").text()?;
        let project = self.project()?;
        let new = before.bytes().all(|byte| byte == b'0');
        let forced = body.get("forced").truth().or(new.then_some(false));
        let last = body.get("commits").items().last().map_or(json::NULL, |c| c.get("timestamp"));
        let who = Person::new("gitlab", body.get("user_id").id())
            .map(|person| person.named(body.get("user_username").text()));
        Some(
            self.draft(
                "source.pushed",
                Some(format!("push/{project}/{reference}/{before}/{after}")),
                &[last],
            )
            .actor("unknown", who.as_ref())
            .subject("source", Some(SOURCE.name))
            .subject("service", Some(project))
            .id("ref", Some(reference))
            .id("before", Some(before))
            .id("after", Some(after))
            .set("commits", body.get("total_commits_count").count().map(Value::count))
            // hooks do not say whether history was rewritten; a new branch had none
            .set("forced", forced.map(Value::Bool))
            .person("pusher", who.as_ref()),
        )
    }

    fn access(&self, scope: &str) -> Option<Draft> {
        let body = self.body;
        let action = match self.kind.split('_').nth(1)? {
            "add" => "granted",
            "remove" => "revoked",
            "update" => "modified",
            _ => return None,
        };
        let place = match scope {
            "project" => self.project(),
            _ => body.get("group_path").text().or(body.get("group_name").text()),
        }?;
        let role = body.get("project_access").text().or(body.get("group_access").text());
        let role = role.or(body.get("access_level").text());
        let entitlement = role.map(|role| {
            Value::object([
                ("privileged", Value::Bool(matches!(role, "Owner" | "Maintainer"))),
                ("role", Value::text(id(role))),
                ("scope", Value::text(id(place))),
                ("system", Value::text(SOURCE.name)),
            ])
        });
        let name = body.get("user_username").text();
        let who = Person::new("gitlab", body.get("user_id").id()).map(|person| person.named(name));
        let draft = self.access_changed("entitlement", action, who.as_ref(), name);
        Some(draft.set("entitlement", entitlement))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as every mapping")]
    fn account(&self) -> Option<Draft> {
        let body = self.body;
        let object = if self.kind.starts_with("key") { "key" } else { "account" };
        let action = if self.kind.ends_with("create") { "created" } else { "deleted" };
        let name = body.get("username").text();
        let who = Person::new("gitlab", body.get("user_id").id())
            .map(|person| person.named(name))
            .or_else(|| Person::new("gitlab:login", name));
        Some(self.access_changed(object, action, who.as_ref(), name))
    }

    /// What hooks about members and accounts have in common; none names who did it.
    fn access_changed(
        &self,
        object: &str,
        action: &str,
        who: Option<&Person>,
        name: Option<&str>,
    ) -> Draft {
        let times = [self.body.get("updated_at"), self.body.get("created_at")];
        let when = When::first(&times, self.record.received);
        self.draft("access.changed", None, &times)
            .subject("system", Some(SOURCE.name))
            .word("object", object)
            .word("action", action)
            .person("principal", who)
            .text("account", name.or(self.body.get("user_id").id()))
            .time("effective_at", Some(&when))
    }

    fn audit(&self) -> Option<Draft> {
        let body = self.body;
        let details = body.get("details");
        let name =
            body.get("event_type").text().or(details.get("event_name").text()).unwrap_or("audit");
        let class = match name {
            name if name.contains("protected_branch") => "branch_protection",
            name if name.contains("protected_environment") || name.contains("approval") => {
                "approval_policy"
            }
            name if name.contains("two_factor") => "mfa",
            name if name.contains("ip_restrict") => "network",
            name if name.contains("hook") => "third_party_endpoint",
            _ => return None,
        };
        let author = Person::new("gitlab", body.get("author_id").id()).map(|person| {
            person.named(body.get("author_name").text().or(details.get("author_name").text()))
        });
        let key = body.get("id").id().map(|id| format!("audit/{id}"));
        let action = match name {
            name if name.ends_with("created") || name.ends_with("added") => "created",
            name if name.ends_with("destroyed") || name.ends_with("removed") => "deleted",
            _ => "changed",
        };
        Some(
            self.draft("config.changed", key, &[body.get("created_at")])
                .actor("unknown", author.as_ref())
                .subject("system", Some(SOURCE.name))
                .word("class", class)
                .word("action", action)
                .id(
                    "item",
                    Some(&format!("{}/{name}", body.get("entity_path").text().unwrap_or("-"))),
                )
                .set("before", digest(details.get("from")))
                .set("after", digest(details.get("to")))
                .word("weakened", "unknown")
                .person("changer", author.as_ref()),
        )
    }
}
