//! LaunchDarkly: audit log entries and webhooks, which are the same.

use super::draft::digest;
use super::split::Framing;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "launchdarkly",
    reads: "LaunchDarkly audit log entries and webhooks",
    version: 1,
    framing: Framing::Json(&["items"]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    webhook::map(SOURCE.name, record, "kind titleVerb", flag)
}

fn flag(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    if body.get("kind").text()? != "flag" {
        return None;
    }
    let verb = body.get("titleVerb").text().unwrap_or_default();
    let done = body.get("accesses").items().iter().filter_map(|one| one.get("action").text());
    let done: Vec<&str> = done.collect();
    let action = match verb {
        verb if verb.starts_with("created") => "created",
        verb if verb.starts_with("deleted") || verb.starts_with("archived") => "deleted",
        verb if verb.starts_with("turned on") => "enabled",
        verb if verb.starts_with("turned off") => "disabled",
        _ if done.contains(&"createFlag") => "created",
        _ if done.contains(&"deleteFlag") => "deleted",
        _ => "changed",
    };
    // `proj/<project>:env/<environment>:flag/<key>` names all three
    let resources = body
        .at("target.resources")
        .items()
        .iter()
        .chain(body.get("accesses").items().iter().map(|one| one.get("resource")));
    let resource = resources.filter_map(|one| one.text()).find(|text| text.contains(":flag/"));
    let part = |name: &str| {
        let found = resource?.split(':').find_map(|part| part.strip_prefix(name));
        found.map(|found| found.split(';').next().unwrap_or(found))
    };
    // the link to the flag is `/api/v2/flags/<project>/<key>`
    let link = body.at("_links.canonical.href").text().and_then(|link| link.split_once("/flags/"));
    let linked = link.and_then(|(_, path)| path.split_once('/'));
    let project = part("proj/").or(linked.map(|(project, _)| project))?;
    let key = part("flag/").or(linked.map(|(_, key)| key))?;
    // `~` and `*` stand for all environments
    let environment = part("env/").or(body.at("project.environment.key").text())?;
    let environment = if matches!(environment, "~" | "*") { "all" } else { environment };
    let member = body.get("member");
    let who = Person::new(SOURCE.name, member.get("_id").text())
        .map(|person| person.named(member.get("lastName").text()).at(member.get("email").text()))
        .or_else(|| Person::new("launchdarkly:token", body.at("token._id").text()));
    let time = body.get("date");
    let time = if time.is_some() { time } else { body.get("timestamp") };
    let time = if time.get("milliseconds").is_some() { time.get("milliseconds") } else { time };
    let version = |name: &str| {
        let state = body.get(name).at(&format!("environments.{environment}"));
        let state = if state.is_some() { state } else { body.get(name) };
        digest(state)
    };
    Some(
        hook.draft("feature_flag.changed", body.get("_id").text(), &[time])
            .actor(if member.is_some() { "human" } else { "service" }, who.as_ref())
            .subject("flag", Some(&format!("{project}/{key}")))
            .subject("environment", Some(environment))
            .word("action", action)
            .set("before", version("previousVersion"))
            .set("after", version("currentVersion"))
            .person("changer", who.as_ref()),
    )
}
