//! PagerDuty: webhooks, version 3.

use ledger_core::json::Value;

use super::draft::id;
use super::split::Framing;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "pagerduty",
    reads: "PagerDuty webhooks, version 3",
    version: 1,
    framing: Framing::Json(&["messages"]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    webhook::map(SOURCE.name, record, "event.event_type event", incident)
}

fn incident(hook: &Hook<'_>) -> Option<Draft> {
    let event = hook.body.get("event");
    let data = event.get("data");
    let state = match event.get("event_type").text()?.strip_prefix("incident.")? {
        "triggered" => "triggered",
        "acknowledged" => "acknowledged",
        "resolved" => "resolved",
        "reopened" => "reopened",
        _ => return None,
    };
    let priority = data.at("priority.summary").text().or(data.at("priority.name").text());
    let severity = match priority {
        Some("P1" | "SEV-1" | "SEV1") => "sev1",
        Some("P2" | "SEV-2" | "SEV2") => "sev2",
        Some("P3" | "SEV-3" | "SEV3") => "sev3",
        Some("P4" | "SEV-4" | "SEV4") => "sev4",
        Some("P5" | "SEV-5" | "SEV5") => "sev5",
        // what is not weighed counts as the worst until somebody weighs it
        _ => "sev1",
    };
    // nobody acted when it went off by itself
    let agent = event.get("agent");
    let who = Person::new(SOURCE.name, agent.get("id").text())
        .map(|person| person.named(agent.get("summary").text()));
    let kind = match agent.get("type").text() {
        Some("user_reference") => "human",
        Some(_) => "service",
        None => "unknown",
    };
    let service = data.at("service.summary").text().or(data.at("service.id").text());
    Some(
        hook.draft("incident.changed", event.get("id").text(), &[event.get("occurred_at")])
            .actor(kind, who.as_ref())
            .subject("incident", Some(&format!("pagerduty:{}", data.get("id").text()?)))
            .subject("service", service)
            .word("state", state)
            .word("class", "operational")
            .word("severity", severity)
            .list("services", service.map(|name| Value::text(id(name))).into_iter().collect()),
    )
}
