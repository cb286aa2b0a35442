//! CDEvents 0.3 to 0.5, and the approvals of the 0.6 draft; as bodies or within CloudEvents.
//!
//! Read leniently: real producers write `version` for `specversion`, epochs for times, suffixes behind
//! types. Whether a record keeps to the specification is said in the reason of what is not mapped, and
//! by the actor: the format names almost none.

use ledger_core::json::{Object, Value};

use super::draft::{artifact, id};
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "cdevents",
    reads: "CDEvents 0.3 to 0.5 and draft approvals, also within CloudEvents",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let request = super::http::Request::read(record.bytes)?;
    let body = json::read(request.body)?;
    let body = if body.get("context").is_some() { &body } else { body.get("data") };
    read(SOURCE.name, body, record)
}

/// The drafts of a CDEvent that came from a source.
#[expect(clippy::unnecessary_wraps, reason = "as every mapping")]
pub(super) fn read(
    source: &'static str,
    body: &Json<'_>,
    record: &Record<'_>,
) -> Result<Vec<Draft>, Reason> {
    let context = body.get("context");
    let (Some(kind), Some(id)) = (context.get("type").text(), context.get("id").id()) else {
        return Ok(vec![super::webhook::other(source, record, "not-a-cdevent")]);
    };
    // one occurrence may have events of several types: the type is part of the id
    let origin = context.get("source").text().unwrap_or_default();
    let key = format!("{origin}/{id}/{kind}");
    let when = When::first(&[context.get("timestamp")], record.received);
    let name = kind.strip_prefix("dev.cdevents.").unwrap_or_default();
    let mut words = name.split('.');
    let (noun, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let event = Cd { subject: body.get("subject"), content: body.at("subject.content"), key, when };
    let draft = match noun {
        "service" => event.service(verb),
        "environment" => event.environment(verb),
        "artifact" => event.artifact(verb),
        "change" => event.change(verb),
        "pipelinerun" | "build" => event.run(verb),
        "incident" => event.incident(verb),
        "ticket" => event.ticket(verb),
        "approval" => event.approval(verb),
        _ => None,
    };
    let conforms = context.get("specversion").text().or(context.get("version").text()).is_some()
        && body.get("subject").get("id").text().is_some()
        && context.get("timestamp").text().is_some_and(|text| text.contains('T'));
    let reason = if conforms { "no-mapping" } else { "no-mapping-not-conformant" };
    Ok(vec![
        draft.unwrap_or_else(|| {
            Draft::external(source, &event.key, kind, reason, event.when.clone())
        }),
    ])
}

struct Cd<'a> {
    subject: &'a Json<'a>,
    content: &'a Json<'a>,
    key: String,
    when: When,
}

impl Cd<'_> {
    fn draft(&self, kind: &'static str) -> Draft {
        Draft::new(kind, &self.key, self.when.clone())
    }

    fn id(&self) -> Option<&str> {
        self.subject.get("id").text()
    }

    fn reference(&self, name: &str) -> Option<&str> {
        let value = self.content.get(name);
        value.get("id").text().or(value.text())
    }

    /// Whom the event names there; most events name nobody.
    fn somebody(&self, name: &str) -> Option<Person> {
        let issuer = self.subject.get("source").text().unwrap_or("cdevents");
        Person::new(issuer, self.content.get(name).text())
    }

    fn service(&self, verb: &str) -> Option<Draft> {
        if !matches!(verb, "deployed" | "upgraded" | "rolledback") {
            return None;
        }
        let digest = artifact(self.content.get("artifactId").text());
        Some(
            self.draft("deployment.finished")
                .subject("deployment", Some(&format!("cdevents:{}", self.key)))
                .subject("environment", self.reference("environment"))
                .subject("service", self.id())
                .word("outcome", "succeeded")
                .set("artifact", digest.map(Value::text)),
        )
    }

    fn environment(&self, verb: &str) -> Option<Draft> {
        let action = match verb {
            "created" => "provisioned",
            "modified" => "changed",
            "deleted" => "destroyed",
            _ => return None,
        };
        Some(
            self.draft("environment.changed")
                .subject("environment", self.id())
                .word("action", action),
        )
    }

    fn artifact(&self, verb: &str) -> Option<Draft> {
        let action = match verb {
            "packaged" => "built",
            "signed" => "signed",
            "published" => "published",
            "deleted" => "deleted",
            _ => return None,
        };
        let purl = self.id()?;
        let digest = artifact(Some(purl))?;
        Some(
            self.draft("artifact.recorded")
                .subject("artifact", Some(&digest))
                .word("action", action)
                .id("purl", Some(purl))
                .actor("unknown", self.somebody("user").as_ref()),
        )
    }

    /// When a change was opened is told by the event of that alone; who asked for it is never told.
    fn change(&self, verb: &str) -> Option<Draft> {
        if verb != "created" {
            return None;
        }
        Some(
            self.draft("change.recorded")
                .subject("change", self.id())
                .subject("service", self.reference("repository"))
                .word("state", "open")
                .time("opened_at", Some(&self.when))
                .text("description", self.content.get("description").text()),
        )
    }

    fn run(&self, verb: &str) -> Option<Draft> {
        let outcome = match self.content.get("outcome").text() {
            Some("success") => Some("succeeded"),
            Some("failure") => Some("failed"),
            Some("cancel") => Some("cancelled"),
            Some("error") => Some("error"),
            _ => None,
        };
        let phase = match (verb, outcome) {
            ("started", _) => "started",
            // a run that ended without an outcome says nothing that could be a verdict
            ("finished", Some(_)) => "finished",
            _ => return None,
        };
        Some(
            self.draft("pipeline.run")
                .subject("run", self.id())
                .word("phase", phase)
                .word("trigger", "other")
                .set("outcome", outcome.filter(|_| phase == "finished").map(Value::text)),
        )
    }

    fn incident(&self, verb: &str) -> Option<Draft> {
        let state = match verb {
            "detected" | "reported" => "triggered",
            "resolved" => "resolved",
            _ => return None,
        };
        let service = self.reference("service").map(|service| Value::text(id(service)));
        Some(
            self.draft("incident.changed")
                .subject("incident", self.id())
                .subject("environment", self.reference("environment"))
                .word("state", state)
                .word("class", "operational")
                // it is not weighed: it counts as the worst until somebody weighs it
                .word("severity", "sev1")
                .list("services", service.into_iter().collect()),
        )
    }

    fn ticket(&self, verb: &str) -> Option<Draft> {
        let state = match verb {
            "created" | "updated" => "open",
            "closed" => "closed",
            _ => return None,
        };
        let creator = self.somebody("creator");
        Some(
            self.draft("change.recorded")
                .subject("change", self.id())
                .word("state", state)
                .time("opened_at", (verb == "created").then_some(&self.when))
                .person("requester", creator.as_ref())
                .actor("unknown", self.somebody("updatedBy").or(creator).as_ref())
                .text("title", self.content.get("summary").text())
                .text("url", self.content.get("uri").text()),
        )
    }

    fn approval(&self, verb: &str) -> Option<Draft> {
        let approval = self.id()?;
        let change = self.content.get("resourceTargetUrl").text();
        let target = Value::Object(Object::new());
        if verb == "created" {
            let required =
                Value::object([("count", Value::count(1)), ("roles", Value::List(Vec::new()))]);
            return Some(
                self.draft("approval.requested")
                    .subject("change", change)
                    .id("approval", Some(approval))
                    .set("for", Some(target))
                    .set("required", Some(required))
                    .actor("unknown", self.somebody("requestor").as_ref()),
            );
        }
        let said = self.content.get("status").text().or(self.content.get("decision").text())?;
        let decision = match said {
            "approved" => "granted",
            "rejected" | "requestChanges" => "rejected",
            "cancelled" => "revoked",
            "expired" => "expired",
            "delegate" | "escalated" => "delegated",
            _ => return None,
        };
        let approver = self.somebody("responder");
        Some(
            self.draft("approval.decided")
                .subject("change", change)
                .id("approval", Some(approval))
                .word("decision", decision)
                .set("for", Some(target))
                .word("method", "relay")
                .word("role", "approver")
                .person("approver", approver.as_ref())
                .actor("unknown", approver.as_ref()),
        )
    }
}
