//! The log as C2SP `tlog-tiles`: what is asked for again and again is kept, as its content never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use ledger_core::ledger::Ledger;
use ledger_core::tile::{Part, TilePath, WIDTH, encode_bundle, tile_bytes};

use super::reply::{self, Answered, Refused};
use super::request::Asked;
use super::{Server, blocking};
use crate::failure::Failure;
use crate::hashes;

/// The most bytes of tiles that are kept in memory.
const MEMORY: usize = 32 << 20;
const BYTES: &str = "application/octet-stream";

/// Tiles that were asked for.
#[derive(Default)]
pub(super) struct Kept(Mutex<(HashMap<TilePath, Bytes>, usize)>);

impl Kept {
    fn get(&self, path: &TilePath) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(path).cloned()
    }

    fn put(&self, path: TilePath, bytes: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.1 + bytes.len() > MEMORY {
            *kept = (HashMap::new(), 0);
        }
        kept.1 += bytes.len();
        kept.0.insert(path, bytes);
    }
}

/// `GET /tile/{path}`
pub(super) async fn tile(server: &Arc<Server>, asked: Asked) -> Answered {
    let path = TilePath::parse(&format!("tile/{}", asked.param("path")))?;
    if path.part() != Part::Entries
        && let Some(bytes) = server.tiles.get(&path)
    {
        return Ok(hashes_of(bytes));
    }
    let server = Arc::clone(server);
    blocking(move || {
        let bytes = server.readers.with(|ledger| made(&path, ledger))?;
        if path.part() == Part::Entries {
            let bundle = reply::packed(&asked.headers, BYTES, bytes);
            return Ok(reply::kept(bundle, true));
        }
        let bytes = Bytes::from(bytes);
        server.tiles.put(path, bytes.clone());
        Ok(hashes_of(bytes))
    })
    .await
}

/// Hashes have no shorter spelling, so that they are never compressed.
fn hashes_of(bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(BYTES));
    reply::kept(response, true)
}

/// The bytes of a tile that the log has as far as it is durable; code `not-found`.
fn made(path: &TilePath, ledger: &Ledger) -> Result<Vec<u8>, Refused> {
    let level = match path.part() {
        Part::Entries => 0,
        Part::Hashes(level) => u32::from(level),
    };
    let first = path.index().saturating_mul(u64::from(WIDTH));
    let end = first.saturating_add(u64::from(path.width()));
    // a hash of this level stands for so many entries
    let count = ledger.size().checked_shr(level.saturating_mul(8)).unwrap_or(0);
    if end > count {
        let failure = Failure::new("not-found", format!("the log has no `{path}` yet"));
        return Err(Refused::new(StatusCode::NOT_FOUND, failure));
    }
    if path.part() != Part::Entries {
        return Ok(tile_bytes(path, &hashes::of(ledger, None)?)?);
    }
    let mut lines = Vec::with_capacity(usize::from(path.width()));
    for index in first..end {
        lines.push(ledger.line(index)?);
    }
    Ok(encode_bundle(&lines)?)
}
