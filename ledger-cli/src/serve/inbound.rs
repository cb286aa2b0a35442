//! What other systems send: webhooks and CloudEvents. A request is kept, durably, once its signature
//! is found to hold; then it is imported as `ledger import` would, and signed by the connector's key.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use tokio::sync::oneshot;

use super::connector::{Connector, VENDORS, unknown};
use super::porter::Job;
use super::reply::{self, Answered, Refused};
use super::request::Asked;
use super::{Server, broken};
use crate::failure::Failure;
use crate::output;

/// The largest request: GitHub's own limit.
const MAX_REQUEST: usize = 25 << 20;
/// Headers that importers read, and that are the same when a request is sent again.
const HEADERS: [&str; 3] = ["x-event-key", "x-github-delivery", "x-github-event"];

/// `POST /webhooks/{source}`
pub(super) async fn webhook(server: &Arc<Server>, mut asked: Asked) -> Answered {
    let name = asked.param("source").to_owned();
    let vendor = VENDORS.iter().find(|vendor| vendor.source == name);
    // what is not set up here is told from a wrong signature by nobody outside
    let (Some(vendor), Some(connector)) = (vendor, server.connector(&name)) else {
        return Err(stranger());
    };
    if !asked.headers.contains_key(vendor.header) {
        return Err(stranger());
    }
    let body = asked.body_of_stranger(&server.strangers, MAX_REQUEST).await?;
    let believed = || connector.believes(vendor, &asked.headers, &body.bytes);
    if !tokio::task::block_in_place(believed) {
        return Err(stranger());
    }
    if asked.is_packed()? {
        let failure = Failure::new("body-coding", "a webhook is sent as it is");
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure));
    }
    bring(server, connector, &asked.headers, &body.bytes).await
}

/// `POST /v1/cloudevents`
pub(super) async fn cloud_events(server: &Arc<Server>, mut asked: Asked) -> Answered {
    let name = asked.query("source")?.unwrap_or("cloudevents").to_owned();
    if !["cdevents", "cloudevents"].contains(&name.as_str()) {
        let failure = Failure::new("import-source", format!("`{name}` is no CloudEvents"));
        return Err(failure.within("source").into());
    }
    let connector = server.connector(&name).ok_or_else(|| unknown(&name))?;
    let body = asked.body(&server.room, MAX_REQUEST).await?;
    bring(server, connector, &asked.headers, &body.bytes).await
}

/// Keeps a request and imports it; 202 if it is kept, and the ledger does not take it now.
async fn bring(
    server: &Arc<Server>,
    connector: Arc<Connector>,
    headers: &HeaderMap,
    body: &[u8],
) -> Answered {
    let dump = dump(headers, body);
    let file = tokio::task::block_in_place(|| connector.keep(&server.folder, &dump));
    let file = file.map_err(|failure| Refused::new(StatusCode::SERVICE_UNAVAILABLE, failure))?;
    let (reply, done) = oneshot::channel();
    server.offer(Job::Import(connector, file, reply))?;
    let summary = match done.await.map_err(|_| broken())? {
        Ok(summary) => summary,
        Err(failure) => {
            super::journal::say("import", &failure.to_string());
            return Ok(reply::json(StatusCode::ACCEPTED, &output::described(&failure)));
        }
    };
    if summary.quarantined > 0 {
        let message = format!("{} of {} records cannot be read", summary.quarantined, summary.read);
        return Err(Failure::new("record", message)
            .hint("they are kept beside the state, with their reason")
            .into());
    }
    let status = if summary.entries > 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::json(status, &summary.value()))
}

impl Server {
    fn connector(&self, name: &str) -> Option<Arc<Connector>> {
        self.connectors.iter().find(|connector| connector.source.name == name).cloned()
    }
}

/// The request as importers read it: a first line, the headers that count, an empty line, and the body
/// as it came. Without such a header the body stands alone, and may hold several records.
fn dump(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let counts = |name: &str| HEADERS.contains(&name) || name.starts_with("ce-");
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| counts(name.as_str()))
        .filter_map(|(name, value)| Some(format!("{name}: {}\r\n", value.to_str().ok()?)))
        .collect();
    if lines.is_empty() {
        return body.to_vec();
    }
    lines.sort();
    [b"POST / HTTP/1.1\r\n", lines.concat().as_bytes(), b"\r\n", body].concat()
}

fn stranger() -> Refused {
    let failure =
        Failure::refused("webhook-signature", "the request is not signed with a known secret")
            .hint("the secret of the webhook and that of --webhook-secret must be the same");
    Refused::new(StatusCode::UNAUTHORIZED, failure)
}
