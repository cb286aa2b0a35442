//! Azure DevOps: service hooks.

use ledger_core::json::Value;

use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "azure-devops",
    reads: "Azure DevOps service hooks",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    webhook::map(SOURCE.name, record, "eventType", |hook| {
        let event = hook.body.get("eventType").text()?;
        match event {
            "git.pullrequest.created" | "git.pullrequest.updated" | "git.pullrequest.merged" => {
                change(hook)
            }
            "build.complete" => build(hook),
            "ms.vss-release.deployment-approval-completed-event" => approval(hook),
            "ms.vss-release.deployment-started-event" => deployment(hook, None),
            "ms.vss-release.deployment-completed-event" => {
                let status = hook.body.at("resource.environment.status").text()?;
                let outcome = match status {
                    "succeeded" => "succeeded",
                    "failed" | "rejected" | "partiallySucceeded" => "failed",
                    "canceled" => "aborted",
                    _ => return None,
                };
                deployment(hook, Some(outcome))
            }
            _ => None,
        }
    })
}

fn user(value: &Json<'_>) -> Option<Person> {
    Person::new(SOURCE.name, value.get("id").id())
        .map(|person| person.named(value.get("displayName").text()))
}

fn new(hook: &Hook<'_>, kind: &'static str) -> Draft {
    hook.draft(kind, hook.body.get("id").id(), &[hook.body.get("createdDate")])
}

fn change(hook: &Hook<'_>) -> Option<Draft> {
    let request = hook.body.get("resource");
    let service = request.at("repository.name").text()?;
    let state = match request.get("status").text()? {
        "active" => "open",
        "completed" => "merged",
        "abandoned" => "abandoned",
        _ => return None,
    };
    let author = user(request.get("createdBy"));
    let change = format!("{service}#{}", request.get("pullRequestId").id()?);
    Some(
        new(hook, "change.recorded")
            .actor("unknown", author.as_ref())
            .subject("change", Some(&change))
            .subject("service", Some(service))
            .word("state", state)
            .time("opened_at", When::read(request.get("creationDate")).as_ref())
            .person("requester", author.as_ref())
            .text("title", request.get("title").text())
            .text("description", request.get("description").text()),
    )
}

fn build(hook: &Hook<'_>) -> Option<Draft> {
    let build = hook.body.get("resource");
    let outcome =
        match build.get("status").text().into_iter().chain(build.get("result").text()).last()? {
            "succeeded" => "succeeded",
            "failed" | "partiallySucceeded" => "failed",
            "canceled" | "stopped" => "cancelled",
            _ => return None,
        };
    let trigger = match build.get("reason").text().unwrap_or_default() {
        "individualCI" | "batchedCI" => "push",
        "pullRequest" => "pull_request",
        "schedule" => "schedule",
        "manual" => "manual",
        _ => "other",
    };
    let requester =
        build.get("requests").items().first().map(|request| request.get("requestedFor"));
    let starter = requester.and_then(user).or_else(|| user(build.get("requestedFor")));
    Some(
        new(hook, "pipeline.run")
            .actor("unknown", starter.as_ref())
            .subject("run", Some(&format!("azure-devops:build:{}", build.get("id").id()?)))
            .subject("service", build.at("definition.name").text())
            .word("phase", "finished")
            .word("outcome", outcome)
            .word("trigger", trigger)
            .person("initiator", starter.as_ref()),
    )
}

fn approval(hook: &Hook<'_>) -> Option<Draft> {
    let resource = hook.body.get("resource");
    let approval = resource.get("approval");
    let decision = match approval.get("status").text()? {
        "approved" => "granted",
        "rejected" => "rejected",
        "reassigned" => "delegated",
        _ => return None,
    };
    // an approval by the machine is nobody's
    if approval.get("isAutomated").truth() == Some(true) {
        return None;
    }
    let release = resource.get("release");
    let environment =
        approval.at("releaseEnvironment.name").text().or(resource.at("environment.name").text())?;
    let approver = user(approval.get("approvedBy")).or_else(|| user(approval.get("approver")));
    let target = Value::object([("environment", Value::text(super::draft::id(environment)))]);
    Some(
        new(hook, "approval.decided")
            .actor("human", approver.as_ref())
            .subject("change", Some(&format!("azure-devops:release:{}", release.get("id").id()?)))
            .subject("environment", Some(environment))
            .id("approval", Some(&format!("azure-devops:approval:{}", approval.get("id").id()?)))
            .word("decision", decision)
            .person("approver", approver.as_ref())
            .word("role", "release-approver")
            .set("for", Some(target))
            .word("method", "relay")
            .text("comment", approval.get("comments").text()),
    )
}

fn deployment(hook: &Hook<'_>, outcome: Option<&str>) -> Option<Draft> {
    let resource = hook.body.get("resource");
    let environment = resource.get("environment");
    let release = if resource.get("release").is_some() {
        resource.get("release")
    } else {
        environment.get("release")
    };
    let kind = if outcome.is_some() { "deployment.finished" } else { "deployment.started" };
    let service = release
        .at("releaseDefinition.name")
        .text()
        .or(environment.at("releaseDefinition.name").text());
    let id = environment.get("id").id()?;
    let draft = new(hook, kind)
        .subject("deployment", Some(&format!("azure-devops:environment:{id}")))
        .subject("environment", environment.get("name").text())
        .subject("service", service);
    if let Some(outcome) = outcome {
        return Some(draft.word("outcome", outcome));
    }
    let starter = user(environment.get("owner")).or_else(|| user(release.get("createdBy")));
    Some(draft.word("strategy", "other").person("initiator", starter.as_ref()))
}
