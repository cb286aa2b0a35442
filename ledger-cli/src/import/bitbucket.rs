//! Bitbucket: webhooks of Cloud and of Server.

use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "bitbucket",
    reads: "Bitbucket Cloud and Server webhooks",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    webhook::map(SOURCE.name, record, "eventKey", |hook| {
        if hook.body.get("pullRequest").is_some() { server(hook) } else { cloud(hook) }
    })
}

/// Cloud knows people by `uuid` or account id, Server by a number.
fn user(value: &Json<'_>) -> Option<Person> {
    let id = value.get("uuid").text().or(value.get("account_id").text()).or(value.get("id").id());
    let name = value.get("display_name").text().or(value.get("displayName").text());
    Person::new(SOURCE.name, id)
        .map(|person| person.named(name).at(value.get("emailAddress").text()))
}

fn cloud(hook: &Hook<'_>) -> Option<Draft> {
    let request = hook.body.get("pullrequest");
    let service = hook.body.at("repository.full_name").text()?;
    let number = request.get("id").id()?;
    let change = format!("{service}#{number}");
    let actor = user(hook.body.get("actor"));
    let (taken, given) = (hook.body.get("changes_request"), hook.body.get("approval"));
    let review = if given.is_some() { given } else { taken };
    if review.is_some() {
        let reviewer = user(review.get("user"));
        // an approval that is taken back comes with the same object as one that is given: only the
        // header tells them apart, and without it nobody is said to have approved
        let participant = request.get("participants").items().iter().find(|one| {
            user(one.get("user"))
                .is_some_and(|person| Some(person.id) == reviewer.as_ref().map(|r| r.id.clone()))
        });
        let stands = participant.and_then(|one| one.get("approved").truth());
        let decision = match (given.is_some(), stands) {
            (true, Some(true)) => "approved",
            (true, Some(false)) => "dismissed",
            (true, None) => return None,
            (false, _) => "changes_requested",
        };
        let date = review.get("date");
        let key = format!("pr/{service}/{number}/{decision}/{}", date.text().unwrap_or_default());
        return Some(
            hook.draft("code.reviewed", Some(&key), &[date])
                .actor("unknown", actor.as_ref())
                .subject("change", Some(&change))
                .subject("service", Some(service))
                .id("review", Some(&key))
                .word("decision", decision)
                .person("reviewer", reviewer.as_ref())
                // twelve characters of the commit are all that is told
                .id("commit", request.at("source.commit.hash").text()),
        );
    }
    if hook.body.get("comment").is_some() {
        return None;
    }
    let state = match request.get("state").text()? {
        "OPEN" | "open" => "open",
        "MERGED" => "merged",
        "DECLINED" | "SUPERSEDED" => "abandoned",
        _ => return None,
    };
    let author = user(request.get("author"));
    let time = request.get("updated_on");
    let key = format!("pr/{service}/{number}/{state}/{}", time.text().unwrap_or_default());
    Some(
        hook.draft("change.recorded", Some(&key), &[time])
            .actor("unknown", actor.as_ref())
            .subject("change", Some(&change))
            .subject("service", Some(service))
            .word("state", state)
            .time("opened_at", When::read(request.get("created_on")).as_ref())
            .person("requester", author.as_ref())
            .text("title", request.get("title").text())
            .text("description", request.get("description").text()),
    )
}

fn server(hook: &Hook<'_>) -> Option<Draft> {
    let (body, request) = (hook.body, hook.body.get("pullRequest"));
    let repository = request.at("toRef.repository");
    let service =
        format!("{}/{}", repository.at("project.key").text()?, repository.get("slug").text()?);
    let number = request.get("id").id()?;
    let change = format!("{service}#{number}");
    let event = body.get("eventKey").text()?;
    let date = body.get("date");
    let actor = user(body.get("actor"));
    let key = format!("{event}/{service}/{number}/{}", date.text().unwrap_or_default());
    let draft = |kind: &'static str| {
        hook.draft(kind, Some(&key), &[date])
            .actor("unknown", actor.as_ref())
            .subject("change", Some(&change))
            .subject("service", Some(&service))
    };
    let decision = match event {
        "pr:reviewer:approved" => Some("approved"),
        "pr:reviewer:unapproved" => Some("dismissed"),
        "pr:reviewer:needs_work" => Some("changes_requested"),
        _ => None,
    };
    if let Some(decision) = decision {
        let participant = body.get("participant");
        let commit = participant
            .get("lastReviewedCommit")
            .text()
            .or(request.at("fromRef.latestCommit").text());
        return Some(
            draft("code.reviewed")
                .id("review", Some(&key))
                .word("decision", decision)
                .person("reviewer", user(participant.get("user")).or(actor.clone()).as_ref())
                .id("commit", commit),
        );
    }
    let state = match event {
        "pr:opened" | "pr:modified" | "pr:from_ref_updated" => "open",
        "pr:merged" => "merged",
        "pr:declined" | "pr:deleted" => "abandoned",
        _ => return None,
    };
    Some(
        draft("change.recorded")
            .word("state", state)
            .time("opened_at", When::read(request.get("createdDate")).as_ref())
            .person("requester", user(request.at("author.user")).as_ref())
            .text("title", request.get("title").text())
            .text("description", request.get("description").text()),
    )
}
