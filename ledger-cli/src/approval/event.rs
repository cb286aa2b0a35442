//! The event of a decision: what is decided, who decides, and the digest of what was shown.

use ledger_core::approval::Request;
use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::key::Signer as _;

use super::How;
use crate::failure::{Failure, Result};
use crate::keys::{self, Key};
use crate::{clock, environment};

/// The name of the request among the attachments of a decision.
const ATTACHED: &str = "approval-request.json";

/// The event: what is decided, who decides, and the digest of what was shown.
pub(super) fn draft(
    request: &Request,
    how: &How,
    word: &str,
    further: &[(&'static str, Value)],
    key: &Key,
) -> Result<Value> {
    let person = person(how.person.as_ref())?;
    let shown = request.encode();
    let digest = request.digest();
    let parts = [digest.clone(), key.public().id().to_string(), word.to_owned()];
    let id: String = hex(&Sha256::of(parts.join("\n").as_bytes()).0).chars().take(20).collect();
    let mut goal = vec![
        ("artifact", Value::text(&request.artifact)),
        ("environment", Value::text(&request.environment)),
    ];
    goal.extend(request.config.iter().map(|config| ("config", Value::text(config))));
    let mut data = vec![
        ("approval", Value::text(format!("approval-{id}"))),
        ("approver", person.clone()),
        ("decision", Value::text(word)),
        ("for", Value::object(goal)),
        ("method", Value::text("key")),
        ("role", Value::text(how.role.as_deref().unwrap_or_default())),
    ];
    data.extend(request.answers.iter().map(|answers| ("request", Value::text(answers))));
    data.extend(how.comment.iter().map(|comment| ("comment", Value::text(comment))));
    data.extend(further.iter().cloned());
    let mut subject = vec![
        ("artifact", Value::text(&request.artifact)),
        ("change", Value::text(&request.change)),
        ("environment", Value::text(&request.environment)),
    ];
    subject.extend(request.service.iter().map(|service| ("service", Value::text(service))));
    let attached = Value::object([
        ("digest", Value::text(digest)),
        ("media_type", Value::text("application/json")),
        ("name", Value::text(ATTACHED)),
        ("size", Value::count(shown.len() as u64)),
    ]);
    Ok(Value::object([
        ("actor", actor(&person)),
        ("attachments", Value::List(vec![attached])),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object(subject)),
        ("type", Value::text("approval.decided")),
    ]))
}

/// A person who signs with a key of their own, as the actor of an event.
pub(crate) fn actor(person: &Value) -> Value {
    Value::object([
        ("auth", Value::text("key")),
        ("id", person.clone()),
        ("kind", Value::text("human")),
    ])
}

/// The holder of the key, as `--as` or `LEDGER_PERSON` says.
pub(crate) fn person(given: Option<&String>) -> Result<Value> {
    let said = match given {
        Some(text) => text.clone(),
        None => match environment::path(environment::PERSON)? {
            Some(text) => text.display().to_string(),
            None => {
                return Err(Failure::new("person-unnamed", "nothing says who decides").hint(
                    "give --as ISSUER:ID, as the key's holder was registered, or set `LEDGER_PERSON`",
                ));
            }
        },
    };
    keys::identity(&said).map_err(|failure| failure.within("--as"))
}
