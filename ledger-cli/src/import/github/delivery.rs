//! What happens to changes, runs, deployments, releases and findings.

use ledger_core::json::Value;

use super::super::Draft;
use super::super::draft::artifact;
use super::super::json::Json;
use super::super::time::When;
use super::{Hook, user, words};

pub(super) fn deployment(hook: &Hook<'_>) -> Option<Draft> {
    let deployment = hook.body.get("deployment");
    let status = hook.body.get("deployment_status");
    let (about, state) = match hook.kind.as_str() {
        "deployment_status" => (status, status.get("state").text()?),
        _ => (deployment, "queued"),
    };
    let outcome = match state {
        "success" => Some("succeeded"),
        "failure" | "error" => Some("failed"),
        "queued" | "pending" | "in_progress" | "waiting" => None,
        // it was replaced by another: that is no outcome of this one
        _ => return None,
    };
    let kind = if outcome.is_some() { "deployment.finished" } else { "deployment.started" };
    let id = hook.id(about, &[Some(state)]);
    let draft = hook
        .about(kind, id, &[about.get("created_at")])
        .subject("deployment", Some(&format!("github:deployment:{}", deployment.get("id").id()?)))
        .subject("environment", deployment.get("environment").text())
        .subject("service", hook.repository());
    if let Some(outcome) = outcome {
        return Some(draft.word("outcome", outcome));
    }
    let sha = deployment.get("sha").text().map(|sha| {
        Value::object([
            ("kind", Value::text("commit")),
            ("value", Value::text(super::super::draft::id(sha))),
        ])
    });
    let run = hook.body.at("workflow_run.id").id().map(|id| format!("github:run:{id}"));
    let starter = user(deployment.get("creator")).or_else(|| user(hook.body.get("sender")));
    Some(
        draft
            .person("initiator", starter.as_ref())
            .word("strategy", "other")
            .set("ref", sha)
            .id("run", run.as_deref()),
    )
}

pub(super) fn approval(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    let run = body.get("workflow_run");
    let deployment = body.get("deployment");
    let job = body.get("workflow_job_runs").items().first();
    let environment = body
        .get("environment")
        .text()
        .or_else(|| job.and_then(|job| job.get("environment").text()))
        .or(deployment.get("environment").text())?;
    let about = run.get("id").id().or(deployment.get("id").id())?;
    let pulls = [run.get("pull_requests"), body.get("pull_requests")];
    let number = pulls.iter().find_map(|pulls| pulls.items().first()?.get("number").id());
    let commit = run.get("head_sha").text().or(deployment.get("sha").text());
    let change =
        hook.change(number).or_else(|| Some(format!("{}/commit/{}", hook.repository()?, commit?)));
    let approval = format!("github:approval:{about}:{environment}");
    let since = body.get("since");
    let id =
        [hook.kind.as_str(), about, environment, hook.action, since.text().unwrap_or_default()]
            .join("/");
    let decision = match hook.action {
        "approved" => Some("granted"),
        "rejected" => Some("rejected"),
        "requested" => None,
        _ => return None,
    };
    let kind = if decision.is_some() { "approval.decided" } else { "approval.requested" };
    let target =
        Value::object([("environment", Value::text(super::super::draft::id(environment)))]);
    let draft = hook
        .about(kind, Some(id), &[since, deployment.get("created_at")])
        .subject("change", change.as_deref())
        .subject("environment", Some(environment))
        .subject("service", hook.repository())
        .id("approval", Some(&approval))
        .set("for", Some(target));
    let Some(decision) = decision else {
        let required = Value::object([("count", Value::count(1)), ("roles", words(&[]))]);
        return Some(draft.set("required", Some(required)));
    };
    let approver = user(body.get("approver"));
    Some(
        draft
            .word("decision", decision)
            .person("approver", approver.as_ref())
            .word("method", "relay")
            .word("role", "environment-reviewer")
            .text("comment", body.get("comment").text()),
    )
}

pub(super) fn change(hook: &Hook<'_>) -> Option<Draft> {
    let request = hook.body.get("pull_request");
    let merged = request.get("merged").truth() == Some(true) || request.get("merged_at").is_some();
    let (state, time) = match hook.action {
        "closed" if merged => ("merged", request.get("merged_at")),
        "closed" => ("abandoned", request.get("closed_at")),
        "ready_for_review" => ("ready", request.get("updated_at")),
        "opened" => ("open", request.get("created_at")),
        "reopened" | "edited" | "synchronize" | "converted_to_draft" => {
            ("open", request.get("updated_at"))
        }
        _ => return None,
    };
    let author = user(request.get("user"));
    let change = hook.change(request.get("number").id().or(hook.body.get("number").id()))?;
    let id = hook.id(request, &[request.get("updated_at").text()]);
    Some(
        hook.about("change.recorded", id, &[time, request.get("updated_at")])
            .subject("change", Some(&change))
            .subject("service", hook.repository())
            .word("state", state)
            .time("opened_at", When::read(request.get("created_at")).as_ref())
            .person("requester", author.as_ref())
            .list("authors", author.iter().map(super::super::Person::value).collect())
            .text("title", request.get("title").text())
            .text("description", request.get("body").text())
            .text("url", request.get("html_url").text()),
    )
}

pub(super) fn review(hook: &Hook<'_>) -> Option<Draft> {
    let review = hook.body.get("review");
    let state = review.get("state").text().unwrap_or_default().to_ascii_lowercase();
    let decision = match (hook.action, state.as_str()) {
        ("dismissed", _) | (_, "dismissed") => "dismissed",
        ("submitted", "approved") => "approved",
        ("submitted", "changes_requested") => "changes_requested",
        ("submitted", "commented") => "commented",
        _ => return None,
    };
    let change = hook.change(hook.body.at("pull_request.number").id())?;
    let times = [review.get("submitted_at")];
    // when it was dismissed is not told: that event was received
    let times: &[&Json<'_>] = if decision == "dismissed" { &[] } else { &times };
    Some(
        hook.about("code.reviewed", hook.id(review, &[]), times)
            .subject("change", Some(&change))
            .subject("service", hook.repository())
            .id("review", Some(&format!("github:review:{}", review.get("id").id()?)))
            .word("decision", decision)
            .person("reviewer", user(review.get("user")).as_ref())
            .id("commit", review.get("commit_id").text()),
    )
}

pub(super) fn push(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    let (before, after) = (body.get("before").text()?, body.get("after").text()?);
    let reference = body.get("ref").text()?;
    let key = format!("push/{}/{reference}/{before}/{after}", hook.repository()?);
    let times = [body.at("repository.pushed_at"), body.at("head_commit.timestamp")];
    Some(
        hook.about("source.pushed", Some(key), &times)
            .subject("source", Some(super::SOURCE.name))
            .subject("service", hook.repository())
            .id("ref", Some(reference))
            .id("before", Some(before))
            .id("after", Some(after))
            .set("commits", Some(Value::count(body.get("commits").items().len() as u64)))
            .set("forced", body.get("forced").truth().map(Value::Bool))
            .person("pusher", user(body.get("sender")).as_ref()),
    )
}

pub(super) fn run(hook: &Hook<'_>) -> Option<Draft> {
    let run = hook.body.get("workflow_run");
    let phase = match hook.action {
        "requested" | "in_progress" => "started",
        "completed" => "finished",
        _ => return None,
    };
    let outcome = outcome(run.get("conclusion").text());
    let attempt = run.get("run_attempt");
    let time = if phase == "started" { run.get("run_started_at") } else { run.get("updated_at") };
    let starter = user(run.get("triggering_actor")).or_else(|| user(run.get("actor")));
    let starter = starter.or_else(|| user(hook.body.get("sender")));
    Some(
        hook.about("pipeline.run", hook.id(run, &[attempt.id()]), &[time, run.get("created_at")])
            .subject("run", Some(&format!("github:run:{}", run.get("id").id()?)))
            .subject("service", hook.repository())
            .word("phase", phase)
            .word("trigger", trigger(run.get("event").text().unwrap_or_default()))
            .person("initiator", starter.as_ref())
            .set("attempt", attempt.count().map(Value::count))
            .set("outcome", outcome.filter(|_| phase == "finished").map(Value::text)),
    )
}

/// What a conclusion says; nothing for one that is not known.
pub(super) fn outcome(conclusion: Option<&str>) -> Option<&'static str> {
    Some(match conclusion? {
        "success" | "neutral" => "succeeded",
        "failure" => "failed",
        "cancelled" => "cancelled",
        "skipped" => "skipped",
        "timed_out" | "action_required" | "stale" | "startup_failure" => "error",
        _ => return None,
    })
}

pub(super) fn trigger(event: &str) -> &'static str {
    match event {
        "push" => "push",
        "pull_request" | "pull_request_target" => "pull_request",
        "create" | "release" => "tag",
        "schedule" => "schedule",
        "workflow_dispatch" => "manual",
        "repository_dispatch" => "api",
        "workflow_run" | "workflow_call" => "upstream",
        _ => "other",
    }
}

pub(super) fn release(hook: &Hook<'_>) -> Option<Draft> {
    let release = hook.body.get("release");
    let tag = release.get("tag_name").text()?;
    let draft = release.get("draft").truth() == Some(true);
    let state = match hook.action {
        "deleted" | "unpublished" => "withdrawn",
        "prereleased" => "candidate",
        "published" | "released" => "released",
        _ if draft => "planned",
        _ if release.get("prerelease").truth() == Some(true) => "candidate",
        _ => "released",
    };
    let service = hook.repository()?;
    let members = release.get("assets").items().iter().filter_map(|asset| {
        let digest = artifact(asset.get("digest").text())?;
        Some(Value::object([
            ("artifact", Value::text(digest)),
            ("service", Value::text(super::super::draft::id(service))),
        ]))
    });
    let id = hook.id(release, &[release.get("updated_at").text()]);
    Some(
        hook.about(
            "release.recorded",
            id,
            &[release.get("published_at"), release.get("created_at")],
        )
        .subject("release", Some(&format!("{service}/{tag}")))
        .subject("service", Some(service))
        .word("state", state)
        .id("version", Some(tag))
        .list("members", members.collect()),
    )
}

pub(super) fn finding(hook: &Hook<'_>) -> Option<Draft> {
    let alert = hook.body.get("alert");
    let (kind, weight) = match hook.kind.as_str() {
        "secret_scanning_alert" => ("secret", None),
        "code_scanning_alert" => ("sast", alert.at("rule.security_severity_level").text()),
        _ => ("sca", alert.at("security_advisory.severity").text()),
    };
    let state = match hook.action {
        "created" | "appeared_in_branch" | "publicly_leaked" | "validated" => "open",
        "fixed" => "fixed",
        "resolved" if alert.get("resolution").text() == Some("revoked") => "fixed",
        "resolved" | "dismissed" | "closed_by_user" | "auto_dismissed" => "dismissed",
        "reopened" | "reopened_by_user" | "reintroduced" | "auto_reopened" => "reopened",
        _ => return None,
    };
    let number = alert.get("number").id()?;
    let service = hook.repository()?;
    let time = alert.get("updated_at");
    let key = format!(
        "{}/{service}/{number}/{}/{}",
        hook.kind,
        hook.action,
        time.id().unwrap_or_default()
    );
    Some(
        hook.about(
            "finding.changed",
            Some(key),
            &[time, alert.get("resolved_at"), alert.get("fixed_at"), alert.get("created_at")],
        )
        .subject("finding", Some(&format!("github:{service}:{kind}:{number}")))
        .subject("service", Some(service))
        .word("kind", kind)
        .word("severity", severity(weight))
        .word("state", state),
    )
}

/// The words of scanners; what is not weighed counts as the worst until somebody weighs it.
pub(super) fn severity(weight: Option<&str>) -> &'static str {
    match weight {
        Some("high" | "error") => "sev2",
        Some("medium" | "moderate" | "warning") => "sev3",
        Some("low") => "sev4",
        Some("note" | "info") => "sev5",
        _ => "sev1",
    }
}
