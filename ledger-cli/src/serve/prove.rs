//! What anybody needs to trust the log without the server: checkpoint, proofs, consistency.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::json::Value;

use super::newest::Newest;
use super::reply::{self, Answered, Refused};
use super::request::Asked;
use super::{Server, blocking};
use crate::failure::{Failure, Result};
use crate::published::{self, Continuation};

/// How long a request waits for a checkpoint.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /v1/ledger`
pub(super) fn ledger(server: &Server) -> Answered {
    let size = server.readers.with(|ledger| Ok(ledger.size()))?;
    let mut members = vec![
        ("origin", Value::text(server.folder.origin.to_string())),
        ("size", Value::count(size)),
    ];
    // read after the ledger: a producer that looks twice never sees it go back
    let note = server.newest.borrow().clone();
    members.extend(note.map(|note| ("checkpoint", Value::text(String::from_utf8_lossy(&note)))));
    Ok(reply::json(StatusCode::OK, &Value::object(members)))
}

/// `GET /v1/checkpoint`
pub(super) fn checkpoint(server: &Server) -> Answered {
    let (note, _) = newest(server)?;
    Ok(reply::kept(reply::body(StatusCode::OK, TEXT, note), false))
}

/// `GET /v1/consistency/{old}`
pub(super) fn consistency(server: &Server, asked: &Asked) -> Answered {
    let old = number("old", asked.param("old"))?;
    let (note, new) = newest(server)?;
    let path = server.readers.with(|ledger| Ok(published::continues(ledger, old, &new)?))?;
    let text = Continuation { old, path, note }.encode();
    Ok(reply::body(StatusCode::OK, TEXT, text))
}

/// `GET /v1/proof/{index}`
pub(super) async fn proof(server: &Arc<Server>, asked: Asked) -> Answered {
    let index = number("index", asked.param("index"))?;
    let seconds = asked.query("wait")?.map_or(Ok(0), |text| number("wait", text))?;
    let patience = Duration::from_secs(seconds).min(PATIENCE);
    // what is not there yet is waited for by nobody
    let looking = Arc::clone(server);
    blocking(move || looking.readers.with(|ledger| Ok(ledger.line(index)?))).await?;
    Ok(reply::body(StatusCode::OK, TEXT, wait(server, index, patience).await?))
}

/// The proof of an entry, once a checkpoint covers it.
pub(super) async fn wait(
    server: &Arc<Server>,
    index: u64,
    patience: Duration,
) -> std::result::Result<Vec<u8>, Refused> {
    let mut newest = server.newest.clone();
    let covered = newest.wait_for(|note| covers(note, index));
    // whether it came in time shows below
    let _ = tokio::time::timeout(patience, covered).await;
    let server = Arc::clone(server);
    blocking(move || {
        let (note, checkpoint) = self::newest(&server)?;
        server.readers.with(|ledger| {
            if checkpoint.size() <= index && index < ledger.size() {
                let message = format!("entry {index} is under no checkpoint yet");
                let failure = Failure::new("checkpoint-behind", message)
                    .hint("ask again when a checkpoint was signed");
                return Err(failure.into());
            }
            Ok(published::proof(ledger, index, (&note, &checkpoint))?)
        })
    })
    .await
}

fn covers(note: &Newest, index: u64) -> bool {
    let stated = note.as_ref().and_then(|note| published::stated(note).ok());
    stated.is_some_and(|checkpoint| checkpoint.size() > index)
}

/// The newest published checkpoint; code `checkpoint-none`.
pub(super) fn newest(server: &Server) -> Result<(Vec<u8>, Checkpoint)> {
    let note = server.newest.borrow().clone().ok_or_else(|| {
        Failure::new("checkpoint-none", "the ledger has no checkpoint yet")
            .hint("start the server with --checkpoint-key, or sign one with `ledger checkpoint`")
    })?;
    let checkpoint = published::stated(&note)?;
    Ok((note.to_vec(), checkpoint))
}

/// A whole number without leading zeros.
pub(super) fn number(name: &str, text: &str) -> Result<u64> {
    let read = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    read.ok_or_else(|| {
        Failure::new("field-value", format!("`{text}` is not a whole number"))
            .within(name.to_owned())
    })
}
