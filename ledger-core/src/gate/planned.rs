//! Planned: a deployment that would begin now, as the fact it would be.
//!
//! It is written as its producer would write it, and read as any entry is: so the tests see nothing
//! that they would not see of the deployment itself.

use super::Question;
use crate::entry::{self, Entry, Signature};
use crate::error::Result;
use crate::fact::Read;
use crate::hash::{Blake3, Sha256};
use crate::json::{Document, Value};
use crate::key::KeyId;
use crate::producer::{self, Position};

/// What it is called where nobody has named it yet.
pub(super) const NAME: &str = "planned";

/// The fact of the start, at this index.
pub(super) fn read(question: &Question, index: u64) -> Result<Read> {
    let text = |name: &'static str, value: Option<&str>| Some((name, Value::text(value?)));
    let id = |id: &Option<crate::schema::typed::Id>| id.as_ref().map(ToString::to_string);
    let (change, config) = (id(&question.change), question.config.map(Sha256::to_reference));
    let (incident, region, system) =
        (id(&question.incident), id(&question.region), id(&question.system));
    let artifact = question.artifact.to_reference();
    let mut data = vec![("artifact", Value::text(artifact)), ("strategy", Value::text("other"))];
    data.extend(text("change", change.as_deref()));
    data.extend(text("config", config.as_deref()));
    data.extend(text("incident", incident.as_deref()));
    data.extend(text("region", region.as_deref()));
    data.extend(text("class", question.class.map(crate::schema::words::Class::as_str)));
    let input = question.operator_input.map(crate::schema::deploy::OperatorInput::as_str);
    data.extend(text("operator_input", input));
    // who it is stands beside the line, as the door would resolve it
    let mut persons = Vec::new();
    if let Some(who) = question.initiator {
        let sealed = Value::object([("id", Value::text("-")), ("issuer", Value::text("-"))]);
        data.push(("initiator", sealed));
        persons.push(("/data/initiator".to_owned(), who));
    }
    let name = question.deployment.as_ref().map_or(NAME, |id| id.as_str());
    let mut subject = vec![
        ("deployment", Value::text(name)),
        ("environment", Value::text(question.environment.as_str())),
        ("service", Value::text(question.service.as_str())),
    ];
    subject.extend(text("system", system.as_deref()));
    let draft = Value::object([
        ("actor", Value::object([("kind", Value::text("service"))])),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(question.now.to_string())),
        ("subject", Value::object(subject)),
        ("type", Value::text("deployment.started")),
    ]);
    let nobody = KeyId([0; 32]);
    let position = Position::one_shot("gate", [0; 16]);
    let (event, _) = producer::prepare(&draft, Some([0; 32]), &position, &[nobody], [0; 32])?;
    let signature = Signature { key: nobody, bytes: [0; 64] };
    let before = Blake3::of(b"");
    let line = entry::line(&before, &event, index, &persons, question.now, &[signature]);
    let mut document = Document::default();
    Ok(Read::of(&Entry::parse(&mut document, line.as_bytes())?))
}
