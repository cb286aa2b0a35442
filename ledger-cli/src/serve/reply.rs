//! Answers: data as it is, a refusal as the same words that the command line has.

use std::io::Write as _;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use ledger_core::error::{Error, Kind};
use ledger_core::json::Value;

use crate::failure::Failure;
use crate::output;

/// An answer that is no data: a status, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) failure: Failure,
}

/// What an endpoint answers.
pub(super) type Answered = Result<Response<Body>, Refused>;

/// Seconds after which to try again.
const RETRY: &str = "1";
/// Shorter answers are not compressed.
const MIN_GZIP: usize = 1024;

impl Refused {
    /// With a status of HTTP's own.
    pub(super) fn new(status: StatusCode, failure: Failure) -> Self {
        Self { status, failure }
    }
}

impl From<Failure> for Refused {
    /// A fork or a conflict is 409, what is not there 404, a refusal by law 403, a mistake 422; what
    /// cannot be told now is 503.
    fn from(failure: Failure) -> Self {
        let status = match failure.code() {
            "stream-fork" | "source-conflict" | "checkpoint-fork" => StatusCode::CONFLICT,
            "no-entry" | "checkpoint-none" | "checkpoint-behind" | "not-found" => {
                StatusCode::NOT_FOUND
            }
            "rollback" | "pin" => StatusCode::SERVICE_UNAVAILABLE,
            _ if failure.unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            _ if failure.is_refusal() => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, failure }
    }
}

impl From<Error> for Refused {
    /// What reading says: a mistake in what is asked for; or damage, which is not the reader's, 503.
    fn from(error: Error) -> Self {
        match error.kind() {
            Kind::Untrue => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.into()),
            _ => Failure::of_input(&error).into(),
        }
    }
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let text = value.to_canonical() + "\n";
    body(status, "application/json", text.into_bytes())
}

/// An answer of these bytes, not to be kept by anybody.
pub(super) fn body(status: StatusCode, media: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// As [`body`], compressed if the client takes that and it is worth it.
pub(super) fn packed(asked: &HeaderMap, media: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let takes = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let gzip = takes.flat_map(|list| list.split(',')).any(|word| word.trim() == "gzip");
    let packed = (gzip && bytes.len() >= MIN_GZIP).then(|| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes).and_then(|()| packed.finish())
    });
    let mut response = if let Some(Ok(packed)) = packed {
        let mut response = body(StatusCode::OK, media, packed);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        body(StatusCode::OK, media, bytes)
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Lets everybody keep the answer: for good if its content never changes, else for a moment.
pub(super) fn kept(mut response: Response<Body>, forever: bool) -> Response<Body> {
    let word = if forever { "public, max-age=31536000, immutable" } else { "public, max-age=1" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(word));
    response
}

/// The answer of a refusal: `{"error":{…}}`.
pub(super) fn refused(refused: &Refused) -> Response<Body> {
    let mut response = json(refused.status, &output::described(&refused.failure));
    let headers = response.headers_mut();
    match refused.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY));
        }
        _ => {}
    }
    response
}
