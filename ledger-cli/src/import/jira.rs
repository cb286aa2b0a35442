//! Jira: issue webhooks of Cloud, Server, and old Servers that name no event.

use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "jira",
    reads: "Jira issue webhooks",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    webhook::map(SOURCE.name, record, "webhookEvent issue_event_type_name", issue)
}

fn user(value: &Json<'_>) -> Option<Person> {
    // Cloud has accounts; Server has a key, and logins that are given away again
    let login = value.get("name").text();
    let shown = value.get("displayName").text();
    Person::new(SOURCE.name, value.get("accountId").text().or(value.get("key").text()))
        .or_else(|| Person::new("jira:login", login))
        .map(|person| person.named(shown).at(value.get("emailAddress").text()))
}

fn issue(hook: &Hook<'_>) -> Option<Draft> {
    let (body, issue) = (hook.body, hook.body.get("issue"));
    let key = issue.get("key").text()?;
    let event = body.get("webhookEvent").text();
    let told =
        matches!(event, Some("jira:issue_created" | "jira:issue_updated" | "jira:issue_deleted"));
    let changes = body.get("changelog");
    // a comment says nothing about the issue; an old Server names no event at all
    if !(told || event.is_none() && changes.get("items").is_some()) {
        return None;
    }
    if body.get("comment").is_some() && changes.get("items").items().is_empty() {
        return None;
    }
    let fields = issue.get("fields");
    let done = fields.at("status.statusCategory.key").text() == Some("done")
        || fields.get("resolution").is_some();
    let state = match event {
        Some("jira:issue_deleted") => "abandoned",
        _ if done => "closed",
        _ => "open",
    };
    let time = body.get("timestamp");
    let id = issue.get("id").id().unwrap_or(key);
    let parts = [id, time.id().unwrap_or_default(), changes.get("id").id().unwrap_or_default()];
    let source_id = (time.is_some() || changes.get("id").is_some()).then(|| parts.join("/"));
    let requester = user(fields.get("reporter")).or_else(|| user(fields.get("creator")));
    let actor = user(body.get("user"));
    Some(
        hook.draft("change.recorded", source_id.as_deref(), &[time, fields.get("updated")])
            .actor("unknown", actor.as_ref())
            .subject("change", Some(key))
            .word("state", state)
            .time("opened_at", When::read(fields.get("created")).as_ref())
            .person("requester", requester.as_ref())
            .text("title", fields.get("summary").text())
            .text("description", fields.get("description").text()),
    )
}
