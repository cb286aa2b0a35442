//! A gate that is asked from afar: judged, recorded, and only then answered. What cannot be recorded is
//! no yes, and neither is any answer but 200 with `"verdict":"pass"`.

use std::sync::Arc;

use axum::http::StatusCode;
use ledger_core::gate::{self, Record};
use ledger_core::json::{self, Value};
use ledger_core::ledger::Submission;
use ledger_core::producer::Position;
use ledger_core::schema::words::Class;
use ledger_core::vault::persons::Pseudonym;

use super::reply::{self, Answered};
use super::request::Asked;
use super::{Server, blocking, broken};
use crate::asked::{Deployment, rules};
use crate::delivery::group::Part;
use crate::evaluated::Blobs;
use crate::failure::{Failure, Result};
use crate::{clock, delivery, random};

/// The largest question.
const MAX_QUESTION: usize = 16 << 10;
/// The label of the streams of gates.
const LABEL: &str = "gate";
/// What a question may say.
pub(super) const MEMBERS: [&str; 12] = [
    "artifact",
    "change",
    "class",
    "config",
    "deployment",
    "environment",
    "gate",
    "incident",
    "initiator",
    "region",
    "service",
    "system",
];

/// `POST /v1/gate`
pub(super) async fn gate(server: &Arc<Server>, mut asked: Asked) -> Answered {
    let body = asked.body(&server.room, MAX_QUESTION).await?;
    let judging = Arc::clone(server);
    let (mut answer, event) = blocking(move || judge(&judging, &body.bytes)).await?;
    let part = Part { events: vec![event], items: Vec::new(), whole: true };
    let recorded = server.deliver(part).await?.pop().ok_or_else(broken)??;
    if let Some(members) = answer.members_mut() {
        members.insert("recorded".to_owned(), Value::count(recorded.index));
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

/// The answer, and the event that records it.
fn judge(
    server: &Server,
    bytes: &[u8],
) -> std::result::Result<(Value, Submission), super::Refused> {
    let Some(key) = &server.gate_key else {
        let failure = Failure::refused("gate-key", "this server signs no answers of gates")
            .hint("start it with --gate-key");
        return Err(failure.into());
    };
    let value = json::read(bytes).map_err(|error| Failure::of_input(&error))?;
    let Value::Object(members) = &value else {
        return Err(Failure::new("draft-object", "a question is a JSON object").into());
    };
    if let Some(name) = members.keys().find(|name| !MEMBERS.contains(name)) {
        let failure = Failure::new("usage", format!("`{name}` is no part of a question"))
            .hint(format!("a question has `{}`", MEMBERS.join("`, `")));
        return Err(failure.into());
    }
    if let Some((name, _)) = members.iter().find(|(_, value)| value.as_text().is_none()) {
        return Err(Failure::new("field-value", "a string stands here")
            .within(name.to_owned())
            .into());
    }
    let text = |name: &str| value.get(name).and_then(Value::as_text);
    let question = Deployment {
        gate: text("gate").unwrap_or("release"),
        service: text("service").unwrap_or_default(),
        environment: text("environment").unwrap_or_default(),
        artifact: text("artifact").unwrap_or_default(),
        change: text("change").unwrap_or_default(),
        id: text("deployment"),
        system: text("system"),
        region: text("region"),
        config: text("config"),
        incident: text("incident"),
    };
    let now = clock::now()?;
    let persons = (text("initiator").map(pseudonym).transpose()?, now);
    let question = question.question("", (text("class").map(class).transpose()?, None), persons)?;
    let rules = rules(&server.overlays, now)?;
    let verdict = server
        .readers
        .with(|ledger| Ok(gate::ask(&*ledger, &Blobs(&*server.folder.store), question, &rules)?))?;
    let draft = gate::record(&Record { answer: &verdict, version: env!("CARGO_PKG_VERSION") });
    let position = Position::one_shot(LABEL, random::bytes()?);
    let event = delivery::sign(&server.folder.origin, &draft, &position, &[key])?;
    Ok((verdict.to_json(), event))
}

/// Whom the ledger knows by a pseudonym: who that is, is not asked here.
fn pseudonym(text: &str) -> Result<Pseudonym> {
    text.parse().map_err(|_| {
        Failure::new("pseudonym", format!("`{text}` is not a pseudonym"))
            .within("initiator")
            .hint("a pseudonym is 26 characters; leave it out where it is not known")
    })
}

fn class(text: &str) -> Result<Class> {
    Class::parse(text).ok_or_else(|| {
        Failure::new("field-value", format!("`{text}` is no class"))
            .within("class")
            .hint("a class is `standard`, `normal` or `emergency`")
    })
}
