//! What is asked of the ledger in words: ids, digests, questions to a gate, things to tell about. The
//! command line and the server understand the same.

use ledger_core::check::matrix::Matrix;
use ledger_core::event::{is_digest, is_id};
use ledger_core::fact::dossier::Thing;
use ledger_core::gate::{Obligation, Question, Rules, Standing};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::schema::deploy::OperatorInput;
use ledger_core::schema::typed::Id;
use ledger_core::schema::words::Class;
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::Pseudonym;

use crate::evaluated::layers;
use crate::failure::{Failure, Result};

/// An id that was given; an unset variable is none.
pub(crate) fn id(name: &str, text: &str) -> Result<Id> {
    if is_id(text) {
        return Ok(Id::from(text));
    }
    Err(Failure::new("field-value", format!("`{text}` does not name one"))
        .within(name.to_owned())
        .hint("an unset variable is no value"))
}

/// A digest that was given.
pub(crate) fn digest(name: &str, text: &str) -> Result<Sha256> {
    let found = if is_digest(text) { Sha256::from_reference(text) } else { None };
    found.ok_or_else(|| {
        Failure::new("field-value", format!("`{text}` is no digest"))
            .within(name.to_owned())
            .hint("a digest is `sha256:` and 64 hex digits")
    })
}

/// The catalogue with these overlays, as it stands now.
pub(crate) fn rules(overlays: &[String], now: Timestamp) -> Result<Rules> {
    Ok(Rules::at(&layers(overlays)?, Matrix::shipped()?, now)?)
}

/// May this begin now? In words; what is not said is not known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deployment<'a> {
    /// The gate's name.
    pub(crate) gate: &'a str,
    /// The service.
    pub(crate) service: &'a str,
    /// Where to.
    pub(crate) environment: &'a str,
    /// Digest of the artifact.
    pub(crate) artifact: &'a str,
    /// The change that it implements.
    pub(crate) change: &'a str,
    /// Its id, if it has one already.
    pub(crate) id: Option<&'a str>,
    /// The system.
    pub(crate) system: Option<&'a str>,
    /// The region.
    pub(crate) region: Option<&'a str>,
    /// Digest of the configuration.
    pub(crate) config: Option<&'a str>,
    /// The incident, for an emergency.
    pub(crate) incident: Option<&'a str>,
}

impl Deployment<'_> {
    /// The question, as of now; `dashes` stand before the names of options in messages.
    pub(crate) fn question(
        &self,
        dashes: &str,
        (class, operator_input): (Option<Class>, Option<OperatorInput>),
        (initiator, now): (Option<Pseudonym>, Timestamp),
    ) -> Result<Question> {
        let named = |name: &str| format!("{dashes}{name}");
        let maybe = |name: &str, text: Option<&str>| text.map(|t| id(&named(name), t)).transpose();
        Ok(Question {
            gate: id(&named("gate"), self.gate)?,
            service: id(&named("service"), self.service)?,
            environment: id(&named("environment"), self.environment)?,
            artifact: digest(&named("artifact"), self.artifact)?,
            change: Some(id(&named("change"), self.change)?),
            deployment: maybe("deployment", self.id)?,
            system: maybe("system", self.system)?,
            region: maybe("region", self.region)?,
            config: self.config.map(|text| digest(&named("config"), text)).transpose()?,
            incident: maybe("incident", self.incident)?,
            class,
            operator_input,
            initiator,
            now,
        })
    }
}

/// A deployment, change or artifact by its id; persons are found in other ways here and there.
pub(crate) fn thing(kind: &str, text: &str) -> Result<Thing> {
    let named = |make: fn(Id) -> Thing| {
        if is_id(text) {
            return Ok(make(Id::from(text)));
        }
        Err(Failure::new("field-value", format!("`{text}` does not name one"))
            .hint("an unset variable is no value"))
    };
    match kind {
        "deployment" => named(Thing::Deployment),
        "change" => named(Thing::Change),
        "artifact" => Sha256::from_reference(text).map(Thing::Artifact).ok_or_else(|| {
            Failure::new("field-value", format!("`{text}` is no digest"))
                .hint("an artifact is `sha256:` and 64 hex digits")
        }),
        _ => Err(Failure::new("field-value", format!("`{kind}` is no kind of thing"))
            .hint("ask about a `deployment`, `change`, `artifact` or `person`")),
    }
}

/// What is still to be done, for machines; `unread` entries may hide more.
pub(crate) fn obligations(all: &[Obligation], unread: usize, now: Timestamp) -> Value {
    Value::object([
        ("now", Value::text(now.to_string())),
        ("obligations", Value::List(all.iter().map(obligation).collect())),
        ("unread", Value::count(unread as u64)),
    ])
}

fn obligation(known: &Obligation) -> Value {
    let standing = match known.standing {
        Standing::Overdue => "overdue",
        Standing::Running => "open",
    };
    Value::object([
        ("about", Value::text(&known.about)),
        ("closes", Value::text(known.closes)),
        ("due", Value::text(known.due.to_string())),
        ("entries", Value::List(known.entries.iter().map(|index| Value::count(*index)).collect())),
        ("kind", Value::text(&known.kind)),
        ("sentence", Value::text(&known.sentence)),
        ("standing", Value::text(standing)),
    ])
}
