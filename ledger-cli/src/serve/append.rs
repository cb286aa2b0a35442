//! What arrives: signed events and their attachments.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use ledger_core::blob;
use ledger_core::encoding::from_base64;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::ledger::Receipt;
use ledger_core::vault::cipher::DataKey;
use ledger_core::vault::inbox::Item;
use tokio::sync::oneshot;

use super::porter::Job;
use super::reply::{self, Answered, Refused};
use super::request::{Asked, MAX_BODY};
use super::{Server, blocking, broken, prove};
use crate::approval::{self, What};
use crate::delivery::group::Part;
use crate::drafts::{self, Draft};
use crate::failure::{Failure, Result};
use crate::{clock, delivery, output, submission};

/// The largest attachment.
const MAX_ATTACHMENT: usize = 64 << 20;
/// A longer body takes long enough to read that other requests must not wait for it.
const BRIEF: usize = 64 << 10;
/// What the body is called in messages.
const BODY: &str = "body";

/// What became of one event.
type Outcome = std::result::Result<Receipt, Failure>;

/// `POST /v1/events`
pub(super) async fn events(server: &Arc<Server>, mut asked: Asked) -> Answered {
    let (each, dry, proof) = (asked.flag("each")?, asked.flag("dry_run")?, asked.flag("proof")?);
    let body = asked.body(&server.room, MAX_BODY).await?;
    let (mut part, drafts) = if body.bytes.len() > BRIEF {
        tokio::task::block_in_place(|| read(&body.bytes))?
    } else {
        read(&body.bytes)?
    };
    if proof && part.events.len() != 1 {
        let message = format!("a proof is of one event, not of {}", part.events.len());
        return Err(Failure::new("usage", message).within("proof").into());
    }
    if dry {
        return rehearse(server, part).await;
    }
    part.whole = !each;
    let outcomes = server.deliver(part).await?;
    if each {
        return Ok(results(&outcomes, &drafts));
    }
    let receipts = receipts(outcomes, &drafts)?;
    let known = receipts.iter().all(|receipt| receipt.known);
    let mut members =
        vec![("receipts", Value::List(receipts.iter().map(delivery::value).collect()))];
    if let (true, [receipt]) = (proof, receipts.as_slice()) {
        // the entry is durable whatever becomes of the proof
        let made = prove::wait(server, receipt.index, prove::PATIENCE).await;
        members.push(match made {
            Ok(text) => ("proof", Value::text(String::from_utf8_lossy(&text))),
            Err(refused) => ("late", output::described(&refused.failure)),
        });
    }
    let status = if known { StatusCode::OK } else { StatusCode::CREATED };
    Ok(reply::json(status, &Value::object(members)))
}

/// Signed events, and keys of private attachments on lines of their own.
fn read(bytes: &[u8]) -> Result<(Part, Vec<Draft>)> {
    let mut part = Part::default();
    let mut events = Vec::new();
    for draft in drafts::read(bytes, BODY.to_owned(), clock::now()?, true)? {
        if let Some(digest) = draft.value.get("attachment") {
            let item = item(digest, &draft.value).ok_or_else(|| {
                draft.place(Failure::new("attachment-key", "this is no key of an attachment"))
            })?;
            part.items.push(item);
        } else {
            let event = submission::decode(&draft.value);
            part.events.push(event.map_err(|failure| draft.place(failure))?);
            events.push(Draft { value: Value::Bool(true), ..draft });
        }
    }
    if part.events.is_empty() {
        return Err(Failure::new("input-empty", "there is no event").within(BODY));
    }
    Ok((part, events))
}

/// `{"attachment":"sha256:…","key":"…"}`
fn item(digest: &Value, line: &Value) -> Option<Item> {
    let digest = Sha256::from_reference(digest.as_text()?)?;
    let key = from_base64(line.get("key")?.as_text()?.as_bytes()).ok()?;
    Some(Item::Attachment { digest, key: DataKey::from_bytes(key) })
}

/// The receipts, or why the first was refused.
fn receipts(
    outcomes: Vec<Outcome>,
    drafts: &[Draft],
) -> std::result::Result<Vec<Receipt>, Refused> {
    let mut receipts = Vec::with_capacity(outcomes.len());
    let mut first: Option<Failure> = None;
    for (outcome, draft) in outcomes.into_iter().zip(drafts) {
        match outcome {
            Ok(receipt) => receipts.push(receipt),
            // the others of a refused delivery have no reason of their own
            Err(failure) if failure.code() == "group" => {}
            Err(failure) => {
                first.get_or_insert_with(|| draft.place(failure));
            }
        }
    }
    first.map_or(Ok(receipts), |failure| Err(failure.into()))
}

/// One result for each event.
fn results(outcomes: &[Outcome], drafts: &[Draft]) -> axum::http::Response<axum::body::Body> {
    let one = |(outcome, draft): (&Outcome, &Draft)| match outcome {
        Ok(receipt) => Value::object([("receipt", delivery::value(receipt))]),
        Err(failure) => told(&draft.place(failure.clone())),
    };
    let all = outcomes.iter().zip(drafts).map(one).collect();
    reply::json(StatusCode::OK, &Value::object([("results", Value::List(all))]))
}

/// A refusal among results: what the error would be, and the status that it would have alone.
fn told(failure: &Failure) -> Value {
    let mut value = output::described(failure);
    let status = Refused::from(failure.clone()).status.as_u16();
    if let Some(members) = value.members_mut() {
        members.insert("status".to_owned(), Value::count(status.into()));
    }
    value
}

/// What would be said; nothing is written.
async fn rehearse(server: &Arc<Server>, part: Part) -> Answered {
    let server = Arc::clone(server);
    blocking(move || {
        let said = server.readers.with(|ledger| Ok(delivery::rehearse(ledger, part.events)?))?;
        let one = |outcome: std::result::Result<(), Failure>| match outcome {
            Ok(()) => Value::object([("accepted", Value::Bool(true))]),
            Err(failure) => told(&failure),
        };
        let all = said.into_iter().map(one).collect();
        Ok(reply::json(StatusCode::OK, &Value::object([("results", Value::List(all))])))
    })
    .await
}

/// `PUT /v1/attachments/{digest}`
pub(super) async fn attachment(server: &Arc<Server>, mut asked: Asked) -> Answered {
    let named = asked.param("digest").to_owned();
    let Some(digest) = Sha256::from_reference(&named) else {
        let failure = Failure::new("field-value", format!("`{named}` is no digest"))
            .hint("a digest is `sha256:` and 64 hex digits");
        return Err(failure.into());
    };
    let body = asked.body(&server.room, MAX_ATTACHMENT).await?;
    let server = Arc::clone(server);
    blocking(move || {
        if body.bytes.is_empty() || Sha256::of(&body.bytes) != digest {
            let failure = Failure::new("attachment-digest", "these bytes have another digest");
            return Err(failure.within(named).into());
        }
        // if we stop after this, a file is left that no entry names
        let stored =
            blob::put(&*server.folder.store, &body.bytes).map_err(|error| advised(error.into()))?;
        let value = Value::object([("digest", Value::text(stored))]);
        Ok(reply::json(StatusCode::CREATED, &value))
    })
    .await
}

/// `GET /v1/approval-request/{change}`
pub(super) fn request(server: &Server, asked: &Asked) -> Answered {
    let text = |name: &str| Ok::<_, Failure>(asked.query(name)?.map(str::to_owned));
    let what = What {
        change: Some(asked.param("change").to_owned()),
        artifact: text("artifact")?,
        environment: text("environment")?,
        config: text("config")?,
        service: text("service")?,
    };
    let request = server.readers.with(|ledger| Ok(approval::asked_about(&what, ledger)?))?;
    Ok(reply::body(StatusCode::OK, "application/json", request.encode().into_bytes()))
}

impl Server {
    /// Hands a delivery to the sequencer, and waits until it is durable or refused. If nobody answers,
    /// nobody knows: the same bytes delivered again get their receipt.
    pub(super) async fn deliver(&self, part: Part) -> std::result::Result<Vec<Outcome>, Refused> {
        let (reply, said) = oneshot::channel();
        self.offer(Job::Events(part, reply))?;
        let said = said.await.map_err(|_| broken())?;
        // whatever kept the whole delivery out is not about its events
        said.map_err(|failure| Refused::new(StatusCode::SERVICE_UNAVAILABLE, advised(failure)))
    }

    /// Hands something to the sequencer; code `queue-full`.
    pub(super) fn offer(&self, job: Job) -> std::result::Result<(), Refused> {
        self.queue.offer(job).map_err(|_| {
            self.metrics.turned_away.fetch_add(1, Ordering::Relaxed);
            let failure = Failure::unreachable("queue-full", "too many deliveries wait")
                .hint("deliver the same bytes again; they are kept once");
            failure.into()
        })
    }
}

/// What kept a delivery out, and what to do about it.
fn advised(failure: Failure) -> Failure {
    failure.hint("deliver the same bytes again; they are kept once")
}
