//! The one way to a server: requests within a time, by a proxy if the environment names one, over TLS
//! with roots that are named or the system's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::json::{self, Value};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, http};

use crate::environment;
use crate::failure::{Failure, Result};
use crate::files;

/// How often a request is sent whose answer was cut off or that found no room, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(150);
/// The most bytes of an answer.
const MAX_ANSWER: u64 = 64 << 20;
/// What a slow line carries in a second, for the time that a large body is given.
const SLOW: u64 = 256 << 10;

/// A server, and until when it is waited for.
pub(crate) struct Web {
    agent: Agent,
    address: String,
    token: Option<String>,
    deadline: Instant,
    patience: Duration,
}

/// An answer that came whole.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) bytes: Vec<u8>,
}

impl Web {
    /// Makes ready to ask; nothing is sent yet. Codes `server-address`, `server-plain`, `token-file`, `tls`.
    pub(crate) fn new(address: &str, patience: Duration) -> Result<Self> {
        let uri: http::Uri = address.parse().map_err(|_| {
            Failure::new("server-address", format!("`{address}` is no address of a server"))
                .hint("write https://HOST[:PORT]")
        })?;
        let host = uri.host().unwrap_or_default();
        let near = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let token = token()?;
        if uri.scheme_str() == Some("http") && !near {
            let message =
                format!("`{address}` would carry the token and what events seal in the clear");
            return Err(Failure::new("server-plain", message).hint("name it with https://"));
        }
        let proxy = if near { None } else { Proxy::try_from_env() };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("ledger/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy);
        let config =
            if uri.scheme_str() == Some("https") { config.tls_config(tls()?) } else { config };
        Ok(Self {
            agent: config.build().into(),
            address: address.to_owned(),
            token,
            deadline: Instant::now() + patience,
            patience,
        })
    }

    /// The server was there: from now on it is waited for once more.
    pub(crate) fn renew(&mut self) {
        self.deadline = Instant::now() + self.patience;
    }

    /// Asks for something.
    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, None)
    }

    /// Brings something: the same bytes brought again change nothing, so that an answer which was cut
    /// off is asked for again.
    pub(crate) fn bring(
        &mut self,
        method: &str,
        path: &str,
        media: &str,
        body: &[u8],
    ) -> Result<Answer> {
        self.deadline += Duration::from_secs(body.len() as u64 / SLOW);
        self.ask(method, path, Some((media, body)))
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Result<Answer> {
        let mut tries = 0;
        loop {
            tries += 1;
            let said = self.once(method, path, body);
            let again = match &said {
                // what never reached the server is tried by the next call, which may find it there
                Err(failure) => failure.code() == "server-cut",
                Ok(answer) => matches!(answer.status, 429 | 503),
            };
            let left = self.deadline.saturating_duration_since(Instant::now());
            if !again || tries == TRIES || left <= PAUSE {
                return said;
            }
            std::thread::sleep(PAUSE * tries);
        }
    }

    fn once(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Result<Answer> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.away("it did not answer in time"));
        }
        let mut request =
            http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some((media, _)) = body {
            request = request.header("content-type", media);
        }
        let bytes = body.map_or(&[][..], |(_, bytes)| bytes);
        let request = request.body(bytes).map_err(|_| {
            Failure::new("server-address", format!("`{}` is no address", self.address))
        })?;
        let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
        let answer = self.agent.run(request).map_err(|error| self.failed(&error))?;
        self.read(answer)
    }

    fn read(&self, answer: http::Response<Body>) -> Result<Answer> {
        let status = answer.status().as_u16();
        let bytes = answer.into_body().into_with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| self.failed(&error))?;
        Ok(Answer { status, bytes })
    }

    /// What kept the answer away.
    fn failed(&self, error: &ureq::Error) -> Failure {
        match error {
            ureq::Error::Timeout(_) => self.away("it did not answer in time"),
            ureq::Error::HostNotFound => self.away("there is no host of that name"),
            ureq::Error::Rustls(error) => self.stranger(error),
            ureq::Error::Io(error) if of_tls(error) => self.stranger(error),
            ureq::Error::Io(error) if !is_cut(error) => self.away(&error.to_string()),
            error => Failure::unreachable(
                "server-cut",
                format!("`{}` did not answer to the end: {error}", self.address),
            ),
        }
    }

    fn stranger(&self, error: &dyn std::fmt::Display) -> Failure {
        let message = format!("`{}` is not believed: {error}", self.address);
        Failure::unreachable("server-tls", message)
            .hint(format!("`{}` names the certificates of its CA", environment::CA))
    }

    fn away(&self, why: &str) -> Failure {
        Failure::unreachable("server-away", format!("`{}` cannot be reached: {why}", self.address))
    }

    /// A status that is no good answer, as the server says it; its words alone where it is one of ours.
    pub(crate) fn refused(&self, answer: &Answer) -> Failure {
        let said = json::read(&answer.bytes).ok();
        let said = said.as_ref().and_then(|said| said.get("error"));
        let Some(error) = said else {
            return Failure::unreachable(
                "server-answer",
                format!("`{}` answered {}, not as a ledger does", self.address, answer.status),
            );
        };
        told(answer.status, error)
    }
}

/// A refusal in the words of the server: `{"code","hint"?,"message","place"?}`.
pub(crate) fn told(status: u16, error: &Value) -> Failure {
    let text = |name: &str| error.get(name).and_then(Value::as_text);
    let kind = match status {
        401 | 403 | 409 => Failure::refused("server", ""),
        400..=499 => Failure::new("server", ""),
        _ => Failure::unreachable("server", ""),
    };
    let code = text("code").unwrap_or("server-answer");
    let failure = kind.saying(code, text("message").unwrap_or_default(), text("place"));
    match text("hint") {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Whether TLS itself found something wrong.
fn of_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

/// Whether a connection that stood was lost: then the request may have been heard.
fn is_cut(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
    )
}

/// The token, from the environment or the file that it names.
fn token() -> Result<Option<String>> {
    if let Some(token) = environment::path(environment::TOKEN)? {
        return Ok(Some(token.to_string_lossy().trim().to_owned()));
    }
    let Some(file) = environment::path(environment::TOKEN_FILE)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&files::read(&file)?).trim().to_owned();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new("token-file", "there is no token in the file")
            .within(files::shown(&file))
            .hint("`ledger token new` makes one"));
    }
    Ok(Some(text))
}

/// Which servers are believed, and what is shown to them.
fn tls() -> Result<TlsConfig> {
    let roots = match environment::path(environment::CA)? {
        Some(file) => {
            let bytes = files::read(&file)?;
            let found = certificates(&bytes);
            if found.is_empty() {
                return Err(Failure::new("tls", "there is no certificate in the file")
                    .within(files::shown(&file))
                    .hint("a certificate is PEM, `-----BEGIN CERTIFICATE-----`"));
            }
            found
        }
        None => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect(),
    };
    let shown = environment::path(environment::CLIENT_CERT)?;
    let shown = shown.zip(environment::path(environment::CLIENT_KEY)?);
    let shown = shown.map(|(certificate, key)| {
        let wrong =
            |file| Failure::new("tls", "the client's certificate cannot be read").within(file);
        let chain = certificates(&files::read(&certificate)?);
        let key_file = files::shown(&key);
        let key = PrivateKey::from_pem(&files::read(&key)?).map_err(|_| wrong(key_file))?;
        Ok::<_, Failure>(ClientCert::new_with_certs(&chain, key))
    });
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .client_cert(shown.transpose()?)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// The certificates of a PEM text, whatever else stands in it.
fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    parse_pem(pem).filter_map(certificate).collect()
}
