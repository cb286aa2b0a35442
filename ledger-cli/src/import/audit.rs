//! Facts that the audit logs of clouds, clusters and identity providers have in common.
//!
//! Each of those sources reads its own records into a [`Record`]: who did what, and when. What no
//! rule covers, what was refused and what is not done yet is kept with the reason, never guessed.

use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use super::draft;
use super::json::{self, Json};
use super::time::When;
use super::{Draft, Person, Reason, Source};

/// Somebody, as the source names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// `human`, `service`, `bot`, `system` or `unknown`.
    pub(crate) kind: &'static str,
    /// Who gave the id.
    pub(crate) issuer: String,
    /// The stable id.
    pub(crate) id: String,
    /// What they are called.
    pub(crate) name: Option<String>,
}

impl Who {
    /// Somebody with an id; none without one.
    pub(crate) fn new(kind: &'static str, issuer: &str, id: Option<&str>) -> Option<Self> {
        let id = id.map(str::trim).filter(|id| !id.is_empty())?;
        Some(Self { kind, issuer: issuer.to_owned(), id: id.to_owned(), name: None })
    }
}

/// What an account may do, where it is known whether that is privileged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entitlement {
    pub(crate) role: String,
    pub(crate) scope: String,
    pub(crate) privileged: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// `access.changed`
    Access {
        object: &'static str,
        action: &'static str,
        principal: Who,
        account: String,
        item: Option<String>,
        entitlement: Option<Entitlement>,
    },
    /// `access.used`: once, at the time of the record.
    Used { principal: Who, account: String },
    /// `session.elevated`
    Session { phase: &'static str, session: String, principal: Who },
    /// `config.changed`; the digests are of what the record shows, none where it shows nothing.
    Config {
        class: &'static str,
        action: &'static str,
        item: String,
        before: Option<String>,
        after: Option<String>,
        weakened: &'static str,
    },
    /// `deployment.started`
    Deployment {
        deployment: String,
        service: String,
        environment: String,
        artifact: Option<String>,
        strategy: &'static str,
    },
}

/// One record of an audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// What the source takes for its identity; none if it gives none.
    pub(crate) id: Option<String>,
    /// The source's own word for what happened.
    pub(crate) native: String,
    /// When, if that can be read.
    pub(crate) when: Option<When>,
    /// Who did it, if the record says so.
    pub(crate) actor: Option<Who>,
    /// The account, cluster or tenant.
    pub(crate) system: String,
    /// What it says, or why it stays as it is.
    pub(crate) facts: Result<Vec<Fact>, &'static str>,
}

/// No rule is for records of this kind.
pub(crate) const UNMAPPED: &str = "unmapped";
/// The record only shows that somebody looked.
pub(crate) const READ_ONLY: &str = "read-only";
/// What was tried was refused or failed: nothing changed.
pub(crate) const NOT_DONE: &str = "not-done";
/// The record is of a step before the end.
pub(crate) const NOT_FINAL: &str = "not-final";
/// The record does not say who did it.
pub(crate) const NO_ACTOR: &str = "actor-missing";
/// The record does not say whose access it is about.
pub(crate) const NO_PRINCIPAL: &str = "principal-missing";

/// The drafts of one record that `read` knows to read.
pub(crate) fn drafts(
    source: &Source,
    record: &super::Record<'_>,
    read: fn(&Json<'_>) -> Option<Record>,
) -> Result<Vec<Draft>, Reason> {
    let value = json::read(record.bytes)?;
    let received = || When::received(record.received);
    // without an id of its own a record is known by its content
    let content = || digest(&value);
    let Some(known) = read(&value) else {
        if value.members().is_empty() {
            return Err(Reason::new("record-shape", "the record is no object with members"));
        }
        let draft = Draft::external(source.name, &content(), "unknown", UNMAPPED, received());
        return Ok(vec![draft]);
    };
    let id = known.id.clone().unwrap_or_else(content);
    let when = known.when.clone().unwrap_or_else(received);
    let kind = known.actor.as_ref().map_or("unknown", |who| who.kind);
    let actor = known.actor.as_ref().map(Who::person);
    let facts = match &known.facts {
        Ok(facts) => facts,
        Err(reason) => {
            let draft = Draft::external(source.name, &id, &known.native, reason, when);
            return Ok(vec![draft.actor(kind, actor.as_ref())]);
        }
    };
    let draft = |fact: &Fact| fact.draft(&known, &id, &when, actor.as_ref());
    Ok(facts.iter().map(|fact| draft(fact).actor(kind, actor.as_ref())).collect())
}

impl Who {
    fn person(&self) -> Person {
        let person = Person::new(&self.issuer, Some(&self.id));
        let person = person.unwrap_or(Person {
            issuer: self.issuer.clone(),
            id: self.id.clone(),
            name: None,
            email: None,
        });
        person.named(self.name.as_deref())
    }
}

impl Fact {
    fn kind(&self) -> &'static str {
        match self {
            Self::Access { .. } => "access.changed",
            Self::Used { .. } => "access.used",
            Self::Session { .. } => "session.elevated",
            Self::Config { .. } => "config.changed",
            Self::Deployment { .. } => "deployment.started",
        }
    }

    fn draft(&self, record: &Record, id: &str, when: &When, actor: Option<&Person>) -> Draft {
        let draft = Draft::new(self.kind(), id, when.clone());
        let draft = match self {
            Self::Deployment { .. } => draft,
            _ => draft.subject("system", Some(&record.system)),
        };
        match self {
            Self::Access { object, action, principal, account, item, entitlement } => draft
                .word("object", object)
                .word("action", action)
                .person("principal", Some(&principal.person()))
                .text("account", Some(account))
                .id("item", item.as_deref())
                .set("entitlement", entitlement.as_ref().map(|found| found.value(&record.system)))
                .person("executor", actor)
                .time("effective_at", Some(when)),
            Self::Used { principal, account } => draft
                .person("principal", Some(&principal.person()))
                .text("account", Some(account))
                .set("count", Some(Value::count(1)))
                .time("last_at", Some(when))
                .set("window", moment(when)),
            Self::Session { phase, session, principal } => draft
                .subject("session", Some(session))
                .word("phase", phase)
                .word("kind", "elevated")
                .person("principal", Some(&principal.person())),
            Self::Config { class, action, item, before, after, weakened } => draft
                .word("class", class)
                .word("action", action)
                .id("item", Some(item))
                .id("before", before.as_deref())
                .id("after", after.as_deref())
                .word("weakened", weakened)
                .person("changer", actor),
            Self::Deployment { deployment, service, environment, artifact, strategy } => draft
                .subject("deployment", Some(deployment))
                .subject("service", Some(service))
                .subject("environment", Some(environment))
                .person("initiator", actor)
                .set("artifact", draft::artifact(artifact.as_deref()).map(Value::text))
                .word("strategy", strategy),
        }
    }
}

impl Entitlement {
    fn value(&self, system: &str) -> Value {
        Value::object([
            ("privileged", Value::Bool(self.privileged)),
            ("role", Value::text(draft::id(&self.role))),
            ("scope", Value::text(draft::id(&self.scope))),
            ("system", Value::text(draft::id(system))),
        ])
    }
}

/// The second that begins with a time: the end of a window is not part of it.
fn moment(when: &When) -> Option<Value> {
    let end = Timestamp::from_micros(when.at.micros().checked_add(1_000_000)?)?;
    Some(Value::object([("end", Value::text(end.to_string())), ("start", when.value())]))
}

/// The text at a path of member names: these may have dots in them.
pub(crate) fn text<'a>(value: &'a Json<'a>, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.text()
}

/// The value at a path of member names, if something is there.
pub(crate) fn at<'a>(value: &'a Json<'a>, path: &[&str]) -> Option<&'a Json<'a>> {
    let found = path.iter().fold(value, |value, name| value.get(name));
    found.is_some().then_some(found)
}

/// The first of the times at those members that can be read.
pub(crate) fn when(value: &Json<'_>, names: &[&str]) -> Option<When> {
    names.iter().find_map(|name| When::read(value.get(name)))
}

/// A text or a number as text.
pub(crate) fn scalar(value: &Json<'_>, path: &[&str]) -> Option<String> {
    at(value, path)?.id().map(str::to_owned)
}

/// The items of the array at a path; none where there is no array.
pub(crate) fn items<'a>(value: &'a Json<'a>, path: &[&str]) -> &'a [Json<'a>] {
    at(value, path).map_or(&[], Json::items)
}

/// The digest of a value in one spelling: members in order, no white space.
pub(crate) fn digest(value: &Json<'_>) -> String {
    digest_of(value.to_text().as_bytes())
}

/// `sha256:` and hex.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_reference()
}

/// The words of an operation's name: what it does, by its first verb.
pub(crate) fn verb(name: &str) -> Option<&'static str> {
    const VERBS: &[(&str, &str)] = &[
        ("create", "created"),
        ("insert", "created"),
        ("add", "created"),
        ("register", "created"),
        ("allocate", "created"),
        ("import", "created"),
        ("run", "created"),
        ("start", "changed"),
        ("put", "changed"),
        ("update", "changed"),
        ("modify", "changed"),
        ("set", "changed"),
        ("patch", "changed"),
        ("attach", "changed"),
        ("detach", "changed"),
        ("enable", "changed"),
        ("disable", "changed"),
        ("associate", "changed"),
        ("disassociate", "changed"),
        ("authorize", "changed"),
        ("revoke", "changed"),
        ("replace", "changed"),
        ("stop", "changed"),
        ("reboot", "changed"),
        ("tag", "changed"),
        ("untag", "changed"),
        ("restore", "changed"),
        ("rotate", "changed"),
        ("schedule", "changed"),
        ("cancel", "changed"),
        ("failover", "changed"),
        ("reset", "changed"),
        ("activate", "changed"),
        ("deactivate", "changed"),
        ("leave", "changed"),
        ("accept", "changed"),
        ("change", "changed"),
        ("copy", "created"),
        ("publish", "changed"),
        ("delete", "deleted"),
        ("remove", "deleted"),
        ("deregister", "deleted"),
        ("release", "deleted"),
        ("terminate", "deleted"),
        ("destroy", "deleted"),
    ];
    let lower = name.to_ascii_lowercase();
    VERBS.iter().find(|(word, _)| lower.starts_with(word)).map(|(_, action)| *action)
}
