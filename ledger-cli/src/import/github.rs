//! GitHub: webhooks, with their headers or without, and the audit log's export.
//!
//! Without the header `X-GitHub-Event` the event is told by the object that its body is about. Facts
//! are those of the documented payloads; ids are numeric, since logins are given away again.

mod access;
mod audit;
mod delivery;

use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::http::Request;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "github",
    reads: "GitHub webhooks (bodies or requests) and audit log exports",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

/// The objects that bodies are about, the most telling first.
const ABOUT: &[&str] = &[
    "deployment_status",
    "deployment_callback_url",
    "deployment",
    "review",
    "pull_request",
    "check_run",
    "check_suite",
    "workflow_job",
    "workflow_run",
    "release",
    "rule",
    "repository_ruleset",
    "alert",
    "membership",
    "member",
    "team",
    "repository",
];

/// One delivery on its way to drafts.
struct Hook<'a> {
    kind: String,
    action: &'a str,
    body: &'a Json<'a>,
    /// The delivery's own id, if its headers are there.
    delivery: Option<&'a str>,
    record: &'a Record<'a>,
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let request = Request::read(record.bytes)?;
    let body = json::read(request.body)?;
    let dotted = body.get("action").text().is_some_and(|action| action.contains('.'));
    if dotted || body.get("_document_id").is_some() || body.get("@timestamp").is_some() {
        return Ok(audit::map(&body, record));
    }
    let kind = request.header("x-github-event").map_or_else(|| guess(&body), str::to_owned);
    let action = body.get("action").text().unwrap_or_default();
    let hook =
        Hook { kind, action, body: &body, delivery: request.header("x-github-delivery"), record };
    let known = match hook.kind.as_str() {
        "deployment" | "deployment_status" => delivery::deployment(&hook),
        "deployment_review" | "deployment_protection_rule" => delivery::approval(&hook),
        "pull_request" => delivery::change(&hook),
        "pull_request_review" => delivery::review(&hook),
        "push" => delivery::push(&hook),
        "workflow_run" => delivery::run(&hook),
        "release" => delivery::release(&hook),
        "secret_scanning_alert" | "code_scanning_alert" | "dependabot_alert" => {
            delivery::finding(&hook)
        }
        "member" | "membership" | "organization" => access::person(&hook),
        "team" | "team_add" | "repository" | "branch_protection_rule" | "repository_ruleset" => {
            access::setting(&hook)
        }
        _ => None,
    };
    Ok(vec![known.unwrap_or_else(|| hook.external("no-mapping"))])
}

fn guess(body: &Json<'_>) -> String {
    if body.get("ref").is_some() && body.get("before").is_some() && body.get("after").is_some() {
        return "push".to_owned();
    }
    // the comment of a deployment review is only text
    if !body.get("comment").members().is_empty()
        || body.get("issue").is_some()
        || body.get("thread").is_some()
    {
        return "comment".to_owned();
    }
    let about = ABOUT.iter().find(|name| body.get(name).is_some()).copied().unwrap_or("other");
    let action = body.get("action").text().unwrap_or_default();
    let alert = body.get("alert");
    let review = body.get("workflow_run").is_some() || body.get("workflow_job_runs").is_some();
    let kind = match about {
        "deployment_callback_url" => "deployment_protection_rule",
        "review" if body.get("pull_request").is_some() => "pull_request_review",
        "rule" => "branch_protection_rule",
        "alert" if alert.get("secret_type").is_some() => "secret_scanning_alert",
        "alert" if alert.get("dependency").is_some() => "dependabot_alert",
        "alert" if alert.get("rule").is_some() => "code_scanning_alert",
        "alert" => "alert",
        "membership" if body.get("organization").is_some() && body.get("team").is_some() => {
            "membership"
        }
        "membership" => "organization",
        "member" if body.get("team").is_some() => "membership",
        "team" if action.is_empty() => "team_add",
        "workflow_run" if matches!(action, "approved" | "rejected") => "deployment_review",
        "workflow_run" if action == "requested" && review && body.get("reviewers").is_some() => {
            "deployment_review"
        }
        "repository" if !is_repository(body, action) => "other",
        other => other,
    };
    kind.to_owned()
}

/// Whether nothing but the repository itself is told, with an action that repositories have.
fn is_repository(body: &Json<'_>, action: &str) -> bool {
    let own =
        ["action", "repository", "organization", "sender", "changes", "installation", "enterprise"];
    let actions = [
        "created",
        "deleted",
        "archived",
        "unarchived",
        "edited",
        "renamed",
        "transferred",
        "publicized",
        "privatized",
    ];
    actions.contains(&action) && body.members().iter().all(|(name, _)| own.contains(&&**name))
}

impl<'a> Hook<'a> {
    /// The repository by its full name: the service that evidence is about.
    fn repository(&self) -> Option<&'a str> {
        self.body.at("repository.full_name").text()
    }

    /// The id of the record: what it is about and what happened to it, or its delivery's.
    fn id(&self, about: &Json<'_>, more: &[Option<&str>]) -> Option<String> {
        let id = about.get("id").id().or(about.get("number").id())?;
        let mut parts = vec![self.kind.as_str(), id];
        parts.extend(Some(self.action).filter(|action| !action.is_empty()));
        parts.extend(more.iter().flatten());
        Some(parts.join("/"))
    }

    /// A draft of a type for an object with an id.
    fn about(&self, kind: &'static str, id: Option<String>, times: &[&Json<'_>]) -> Draft {
        let when = When::first(times, self.record.received);
        let draft = match id.as_deref().or(self.delivery) {
            Some(id) => Draft::new(kind, id, when),
            // a body without any id is known by all its bytes, under the ledger's key
            None => Draft::new(kind, &hex(&Sha256::of(self.record.bytes).0), when).personal(),
        };
        let sender = self.body.get("sender");
        draft.actor(kind_of(sender), user(sender).as_ref())
    }

    fn external(&self, reason: &str) -> Draft {
        let native = [self.kind.as_str(), self.action].join(".");
        self.about("external.recorded", None, &[])
            .subject("source", Some(SOURCE.name))
            .subject("service", self.repository())
            .id("native_kind", Some(native.trim_end_matches('.')))
            .id("reason", Some(reason))
    }

    /// A change as it is called everywhere: `owner/repository#number`.
    fn change(&self, number: Option<&str>) -> Option<String> {
        Some(format!("{}#{}", self.repository()?, number?))
    }
}

/// Somebody by the numeric id.
fn user(value: &Json<'_>) -> Option<Person> {
    Person::new("github", value.get("id").id())
        .map(|person| person.named(value.get("login").text()).at(value.get("email").text()))
}

fn kind_of(user: &Json<'_>) -> &'static str {
    match user.get("type").text() {
        Some("Bot") => "bot",
        Some("User") => "human",
        _ => "unknown",
    }
}

fn words(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::text(*item)).collect())
}
