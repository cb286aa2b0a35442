//! Joins: by what an entry is found beside its type, its subject and its persons.
//!
//! Spec page: `spec/index.md`. Evidence is joined by fields of `data` too: the change that a deployment
//! names there, the commits of a build, the person whose grant it is. [`of`] gives what the index keeps
//! of these, so that all that speaks of one thing is found without reading the log.

use super::words::Reference;
use crate::entry::Entry;
use crate::json::{Kind, View};
use crate::vault::persons::Pseudonym;

/// What every index with these postings has for entry 0: one without it was made by an older version.
pub const CONTENTS: &str = "contents:2";

/// Fields of `data` that name what a reference of `subject` may name, by type.
pub const FIELDS: &[(&str, &[(Reference, &str)])] = &[
    ("access.changed", &[(Reference::Access, "access")]),
    ("action.changed", &[(Reference::Incident, "incident")]),
    ("activity.performed", &[(Reference::Control, "control")]),
    ("break_glass.used", &[(Reference::Incident, "incident")]),
    ("cab.decided", &[(Reference::Change, "changes")]),
    ("change.classified", &[(Reference::Template, "template")]),
    ("config.changed", &[(Reference::Change, "change")]),
    ("debt.changed", &[(Reference::Service, "service")]),
    ("defect.reported", &[(Reference::Release, "release"), (Reference::Service, "service")]),
    ("deployment.finished", &[(Reference::Artifact, "artifact"), (Reference::Change, "change")]),
    (
        "deployment.started",
        &[
            (Reference::Artifact, "artifact"),
            (Reference::Change, "change"),
            (Reference::Incident, "incident"),
            (Reference::Run, "run"),
        ],
    ),
    ("drill.performed", &[(Reference::Environment, "environment")]),
    ("environment.locked", &[(Reference::Deployment, "deployment")]),
    ("exception.changed", &[(Reference::Control, "control")]),
    ("feedback.received", &[(Reference::Release, "release")]),
    ("finding.changed", &[(Reference::Artifact, "artifact")]),
    ("gate.waived", &[(Reference::Environment, "environment")]),
    ("incident.linked", &[(Reference::Deployment, "deployment")]),
    ("job.run", &[(Reference::Incident, "incident")]),
    ("metric.sampled", &[(Reference::Deployment, "deployment"), (Reference::Release, "release")]),
    ("release.recorded", &[(Reference::Train, "train")]),
    ("release_train.changed", &[(Reference::Release, "releases")]),
    ("risk.accepted", &[(Reference::Exception, "exception")]),
    ("rollback.executed", &[(Reference::Deployment, "reverts"), (Reference::Incident, "incident")]),
    ("sample.committed", &[(Reference::Control, "control")]),
    ("system.registered", &[(Reference::Service, "services")]),
];

/// Types that say who somebody is or what they may do, and where they name whom.
const PERSONS: &[(&str, &str)] = &[
    ("access.changed", "/data/principal"),
    ("identity.linked", "/data/identities/"),
    ("person.changed", "/data/person"),
];

/// How a thing is found: `change:PAY-42`.
pub fn thing(reference: Reference, id: &str) -> String {
    format!("{}:{id}", reference.as_str())
}

/// How the deployments of a service to an environment are found.
pub fn line(service: &str, environment: &str) -> String {
    format!("line@{service}@{environment}")
}

/// How the changes of a system's settings are found.
pub fn settings(system: &str) -> String {
    format!("settings@{system}")
}

/// How the locks of an environment are found.
pub fn lock(environment: &str) -> String {
    format!("lock@{environment}")
}

/// How changes and builds with a commit are found.
pub fn commit(sha: &str) -> String {
    format!("commit@{sha}")
}

/// How it is found who somebody is and what they may do.
pub fn person(who: Pseudonym) -> String {
    format!("person@{who}")
}

/// How the entries are found in which a bot, service or system acts.
pub fn runs(who: Pseudonym) -> String {
    format!("runs@{who}")
}

/// Gives all by which an entry is found.
pub fn of(entry: &Entry<'_>, take: &mut dyn FnMut(&str)) {
    let event = &entry.event;
    if entry.index == 0 {
        take(CONTENTS);
    }
    if automaton(entry)
        && let Some(who) = entry.person("/actor/id")
    {
        take(&runs(who));
    }
    let data = event.root.get("data");
    if let Ok(found) = FIELDS.binary_search_by(|(name, _)| (*name).cmp(event.kind)) {
        let fields = FIELDS.get(found).map(|(_, fields)| *fields).unwrap_or_default();
        for (reference, field) in fields {
            let Some(view) = data.and_then(|data| data.get(field)) else { continue };
            each(view, &mut |id| take(&thing(*reference, id)));
        }
    }
    match event.kind {
        "deployment.started" | "deployment.finished" => {
            let subject = event.root.get("subject");
            let named = |name| subject.and_then(|subject| subject.get(name)?.plain());
            if let (Some(service), Some(environment)) = (named("service"), named("environment")) {
                take(&line(service, environment));
            }
        }
        "config.changed" => {
            if let Some(system) = event.text_at("/subject/system") {
                take(&settings(system));
            }
        }
        "environment.locked" => {
            if let Some(environment) = event.text_at("/subject/environment") {
                take(&lock(environment));
            }
        }
        "artifact.recorded" => {
            if let Some(sha) = event.text_at("/data/commits/to") {
                take(&commit(sha));
            }
        }
        "change.recorded" => {
            let commits = data.and_then(|data| data.get("commits"));
            for one in commits.iter().flat_map(View::items) {
                if let Some(sha) = one.get("sha").and_then(|sha| sha.plain()) {
                    take(&commit(sha));
                }
            }
        }
        _ => {}
    }
    if let Some((_, start)) = PERSONS.iter().find(|(kind, _)| *kind == event.kind) {
        let named = entry.persons.iter().filter(|(at, _)| at.starts_with(start));
        named.for_each(|(_, who)| take(&person(*who)));
    }
}

/// Whether a bot, service or system acts in an entry.
fn automaton(entry: &Entry<'_>) -> bool {
    matches!(entry.event.text_at("/actor/kind"), Some("bot" | "service" | "system"))
}

/// The id that stands there, or all of a list.
fn each(view: View<'_>, take: &mut dyn FnMut(&str)) {
    if view.kind() == Kind::List {
        view.items().filter_map(|item| item.plain()).for_each(take);
    } else if let Some(id) = view.plain() {
        take(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_ascend() {
        assert!(FIELDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, fields) in FIELDS {
            let known = crate::schema::find(name).unwrap_or_else(|| panic!("{name}"));
            for (_, field) in *fields {
                assert!(known.data.iter().any(|there| there.name == *field), "{name} {field}");
            }
        }
    }
}
