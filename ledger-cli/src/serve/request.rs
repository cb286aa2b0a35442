//! What a request brings: its parameters, and its body within limits.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::{Query, RawPathParams};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reply::Refused;
use crate::failure::{Failure, Result};

/// The most bytes of a body, as it is sent and as it is unpacked.
pub(super) const MAX_BODY: usize = 16 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The bodies of all requests together, in KiB: what does not fit is to come again.
const MEMORY: usize = 96 << 10;
/// As [`MEMORY`], for bodies whose signature is not checked yet: strangers take no room from others.
const STRANGERS: usize = 52 << 10;

/// A request whose head was read.
pub(super) struct Asked {
    pub(super) headers: HeaderMap,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Option<Body>,
}

/// A body, and the room that it takes until it is dropped.
pub(super) struct Brought {
    pub(super) bytes: Vec<u8>,
    _room: Held,
}

/// Room for a body.
struct Held {
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

/// The room for bodies: of those who showed a token, and of those whose signature is in question.
pub(super) fn rooms() -> (Arc<Semaphore>, Arc<Semaphore>) {
    (Arc::new(Semaphore::new(MEMORY)), Arc::new(Semaphore::new(STRANGERS)))
}

impl Asked {
    /// Reads what stands in the path and the query.
    pub(super) async fn read(mut request: Request<Body>) -> std::result::Result<Self, Refused> {
        let wrong = || {
            let failure = Failure::new("usage", "the address cannot be read")
                .hint("parameters are `name=value`, percent-encoded UTF-8");
            Refused::new(StatusCode::BAD_REQUEST, failure)
        };
        let params: RawPathParams = request.extract_parts().await.map_err(|_| wrong())?;
        let params =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let query: Query<Vec<(String, String)>> =
            request.extract_parts().await.map_err(|_| wrong())?;
        let (parts, body) = request.into_parts();
        Ok(Self { headers: parts.headers, params, query: query.0, body: Some(body) })
    }

    /// A part of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A parameter; code `usage` when it is there twice or empty.
    pub(super) fn query(&self, name: &str) -> Result<Option<&str>> {
        let mut found = self.query.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) if !value.is_empty() => Ok(Some(value)),
            _ => Err(Failure::new("usage", format!("`{name}` has no value, or more than one"))
                .within("query")
                .hint("give each parameter once; an unset variable is no value")),
        }
    }

    /// Whether a parameter says `1`; code `usage` when it says anything else.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.query(name)? {
            None => Ok(false),
            Some("1") => Ok(true),
            Some(other) => {
                Err(Failure::new("usage", format!("`{other}` is not `1`")).within(name.to_owned()))
            }
        }
    }

    /// Refuses parameters that nobody asked for: a misspelt one must not be ignored. Code `usage`.
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        match self.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::new("usage", format!("`{name}` is no parameter here"))
                .within("query")
                .hint(if known.is_empty() {
                    "it takes none".to_owned()
                } else {
                    format!("it takes `{}`", known.join("`, `"))
                })),
        }
    }

    /// The same without its body, for a thread that does not read it.
    pub(super) fn without_body(self) -> Self {
        Self { body: None, ..self }
    }

    /// Refuses a body that is none of these; code `media-type` (415).
    pub(super) fn takes(&self, known: &[&str]) -> std::result::Result<(), Refused> {
        let media = self.media();
        if known.is_empty() || known.contains(&media.as_str()) {
            return Ok(());
        }
        let failure = Failure::new("media-type", format!("`{media}` is not taken here"))
            .hint(format!("send `{}`", known.join("` or `")));
        Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure))
    }

    /// The media type of the body, without its parameters, in lower case.
    fn media(&self) -> String {
        let text = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let text = text.unwrap_or_default().split(';').next().unwrap_or_default();
        text.trim().to_ascii_lowercase()
    }

    /// The body, unpacked, of at most `limit` bytes. Room for it is taken before it is read. Codes
    /// `body-length` (411), `body-large` (413), `body-slow` (408), `body-coding` (415), `no-room` (503).
    pub(super) async fn body(
        &mut self,
        room: &Arc<Semaphore>,
        limit: usize,
    ) -> std::result::Result<Brought, Refused> {
        let length = self.length(limit)?;
        let packed = self.is_packed()?;
        // what is packed may become as large as the limit
        let mut held = Held::none(room);
        held.hold(if packed { limit + length } else { length })?;
        let bytes = self.arrived(limit, |_| Ok(())).await?;
        if !packed {
            return Ok(Brought { bytes, _room: held });
        }
        let mut unpacked = Vec::new();
        let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(limit as u64 + 1);
        // what others ask for goes on meanwhile
        if tokio::task::block_in_place(|| reader.read_to_end(&mut unpacked)).is_err() {
            let (status, code) = (StatusCode::BAD_REQUEST, "body-coding");
            return Err(refuse(status, code, "the body is not what gzip makes"));
        }
        if unpacked.len() > limit {
            Err(large(limit))
        } else {
            Ok(Brought { bytes: unpacked, _room: held })
        }
    }

    /// The body as it came, of somebody who has not shown who he is: nothing is unpacked for him, and he
    /// takes room only for what he sends. Codes as of [`Asked::body`].
    pub(super) async fn body_of_stranger(
        &mut self,
        room: &Arc<Semaphore>,
        limit: usize,
    ) -> std::result::Result<Brought, Refused> {
        self.length(limit)?;
        let mut held = Held::none(room);
        let bytes = self.arrived(limit, |count| held.hold(count)).await?;
        Ok(Brought { bytes, _room: held })
    }

    /// How long the body says it is.
    fn length(&self, limit: usize) -> std::result::Result<usize, Refused> {
        let length = self.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|length| length.parse::<usize>().ok()).ok_or_else(|| {
            let (status, code) = (StatusCode::LENGTH_REQUIRED, "body-length");
            refuse(status, code, "the length of the body is not said")
        })?;
        if length > limit { Err(large(limit)) } else { Ok(length) }
    }

    /// Whether the body is sent with gzip.
    pub(super) fn is_packed(&self) -> std::result::Result<bool, Refused> {
        match self.headers.get(CONTENT_ENCODING).map(|value| value.to_str()) {
            None | Some(Ok("identity")) => Ok(false),
            Some(Ok("gzip")) => Ok(true),
            _ => {
                let (status, code) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "body-coding");
                Err(refuse(status, code, "a body is sent as it is, or with gzip"))
            }
        }
    }

    /// The bytes of the body; `heed` hears how many there are, each time that some arrived.
    async fn arrived(
        &mut self,
        limit: usize,
        mut heed: impl FnMut(usize) -> std::result::Result<(), Refused>,
    ) -> std::result::Result<Vec<u8>, Refused> {
        let mut body = Limited::new(self.body.take().unwrap_or_default(), limit);
        let reading = async {
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| {
                    let (status, code) = (StatusCode::BAD_REQUEST, "body-short");
                    refuse(status, code, "the body did not arrive whole")
                })?;
                if let Ok(data) = frame.into_data() {
                    heed(bytes.len() + data.len())?;
                    bytes.extend_from_slice(&data);
                }
            }
            Ok(bytes)
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| {
            let (status, code) = (StatusCode::REQUEST_TIMEOUT, "body-slow");
            Err(refuse(status, code, "the body did not arrive in time"))
        })
    }
}

impl Held {
    fn none(room: &Arc<Semaphore>) -> Self {
        Self { room: Arc::clone(room), permit: None }
    }

    /// Holds room for so many bytes; code `no-room` when there is none.
    fn hold(&mut self, bytes: usize) -> std::result::Result<(), Refused> {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = u32::try_from((bytes / 1024 + 1).saturating_sub(held)).unwrap_or(u32::MAX);
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.room).try_acquire_many_owned(missing).map_err(|_| {
            let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, "no-room");
            refuse(status, code, "the server has no room for the body now")
        })?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

fn refuse(status: StatusCode, code: &'static str, message: &str) -> Refused {
    Refused::new(status, Failure::new(code, message))
}

fn large(limit: usize) -> Refused {
    let failure = Failure::new("body-large", format!("a body of more than {} KiB", limit >> 10))
        .hint("send it in several requests");
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, failure)
}
