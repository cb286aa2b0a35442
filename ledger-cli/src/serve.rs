//! The server: what the commands do, over HTTP, for pipelines on many machines
//! (`docs/server.md`). It shares the folder with the command line and speaks in its words.

mod append;
mod connector;
mod describe;
mod gate;
mod inbound;
mod journal;
mod listen;
mod metrics;
mod newest;
mod patience;
mod porter;
mod prove;
mod read;
mod readers;
mod reply;
mod request;
mod routes;
mod sequencer;
mod shapes;
mod tiles;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{MethodFilter, on};
use ledger_core::json::Value;
use ledger_core::key::SigningKey;
use ledger_core::ledger::Ledger;
use tokio::sync::{Semaphore, watch};

use crate::clock;
use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::keys::Key;
use crate::tokens::{Scope, Token, Tokens};
use listen::Peer;
use metrics::Metrics;
use newest::Newest;
use porter::Queue;
use readers::Readers;
use reply::{Answered, Refused};
use request::Asked;
use routes::{Access, Endpoint, ROUTES, Route, Verb};
use sequencer::Desk;

pub(crate) use connector::{Connector, VENDORS};
pub(crate) use describe::document;
pub(crate) use routes::Choice;
pub(crate) use tls::Files as TlsFiles;

/// How long what was read of the tokens is believed.
const TOKENS_AGE: Duration = Duration::from_secs(1);
/// Threads for what reads the disk.
const READING: usize = 16;

/// How a server is set up.
pub(crate) struct Settings {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// The certificate and its key; none for plain HTTP.
    pub(crate) tls: Option<TlsFiles>,
    /// What everybody may read.
    pub(crate) public: Vec<Choice>,
    /// Signs what shows forks, conflicts and recoveries.
    pub(crate) key: Option<Key>,
    /// Import what other systems send.
    pub(crate) connectors: Vec<Connector>,
    /// Signs the answers of gates.
    pub(crate) gate_key: Option<Key>,
    /// Overlays by which gates are judged.
    pub(crate) overlays: Vec<String>,
    /// Signs checkpoints.
    pub(crate) signer: Option<SigningKey>,
    /// Whether each request has a line in the journal, not only those that were refused.
    pub(crate) all_requests: bool,
}

/// What all requests share.
struct Server {
    folder: Arc<Folder>,
    readers: Readers,
    queue: Queue,
    newest: watch::Receiver<Newest>,
    tokens: Mutex<(Instant, Arc<Tokens>)>,
    public: Vec<Choice>,
    metrics: Arc<Metrics>,
    room: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    tiles: tiles::Kept,
    gate_key: Option<Key>,
    overlays: Vec<String>,
    connectors: Arc<Vec<Arc<Connector>>>,
    all_requests: bool,
}

/// Serves until the process is told to end; `started` hears the address. What was accepted is written
/// before it returns.
pub(crate) fn run(
    settings: Settings,
    folder: Folder,
    ledger: Ledger,
    started: impl FnOnce(SocketAddr) -> Result<()>,
) -> Result<()> {
    // the pool of one thread that brief commands make would stand still here
    let _ = rayon::ThreadPoolBuilder::new().build_global();
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let metrics = Arc::new(Metrics::default());
    metrics.stands(ledger.size());
    let tokens = Arc::new(Tokens::read(&folder.state, &folder.origin)?);
    let folder = Arc::new(folder);
    let connectors = Arc::new(settings.connectors.into_iter().map(Arc::new).collect());
    let desk = Desk {
        connectors: Arc::clone(&connectors),
        folder: Arc::clone(&folder),
        ledger,
        key: settings.key,
        signer: settings.signer,
        metrics: Arc::clone(&metrics),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(READING)
        .build()
        .map_err(|error| Failure::new("threads", format!("cannot start threads: {error}")))?;
    let listener =
        runtime.block_on(async { listen::listen(settings.listen) }).map_err(|error| {
            Failure::new("listen", format!("cannot listen on `{}`: {error}", settings.listen))
                .within("--listen")
        })?;
    let (queue, newest, sequencer) = sequencer::start(desk)?;
    let (room, strangers) = request::rooms();
    let server = Arc::new(Server {
        readers: Readers::new(Arc::clone(&folder)),
        folder,
        queue,
        newest,
        tokens: Mutex::new((Instant::now(), tokens)),
        public: settings.public,
        metrics: Arc::clone(&metrics),
        room,
        strangers,
        tiles: tiles::Kept::default(),
        gate_key: settings.gate_key,
        connectors,
        overlays: settings.overlays,
        all_requests: settings.all_requests,
    });
    let address = listener.local_addr().unwrap_or(settings.listen);
    started(address)?;
    journal::say("server", "it listens");
    let router = router(&server);
    let done = runtime.block_on(listen::serve(listener, tls, router, metrics));
    // with the last of them the queue ends, and the sequencer after what waits in it
    drop(server);
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(sequencer.join());
    journal::say("server", "it ends; what was accepted is written");
    done
}

fn router(server: &Arc<Server>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.method {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
        };
        let server = Arc::clone(server);
        let handler = move |request: Request<Body>| handle(Arc::clone(&server), route, request);
        router = router.route(route.path, on(filter, handler));
    }
    let nowhere = || async {
        let failure = Failure::new("not-found", "there is nothing at this address")
            .hint("`/openapi.json` lists what there is");
        reply::refused(&Refused::new(StatusCode::NOT_FOUND, failure))
    };
    let otherwise = || async {
        let failure = Failure::new("method", "this is asked with another method")
            .hint("`/openapi.json` lists the methods");
        reply::refused(&Refused::new(StatusCode::METHOD_NOT_ALLOWED, failure))
    };
    router.fallback(nowhere).method_not_allowed_fallback(otherwise)
}

/// One request: who asks, what is answered, and a line about it.
async fn handle(
    server: Arc<Server>,
    route: &'static Route,
    request: Request<Body>,
) -> Response<Body> {
    let begun = Instant::now();
    let certified = request.extensions().get::<Peer>().is_some_and(|peer| peer.certified);
    let (token, answered) = match server.admit(route.access, request.headers(), certified) {
        Ok(token) => (token, server.answer(route, request).await),
        Err(refused) => (None, Err(refused)),
    };
    let (response, code) = match answered {
        Ok(response) => (response, None),
        Err(refused) => (reply::refused(&refused), Some(refused.failure.code().to_owned())),
    };
    let status = response.status().as_u16();
    server.metrics.answered(route.path, status);
    if server.all_requests || status >= 400 {
        let who = token.as_ref().map(|token| token.id.as_str());
        let name = (route.method.word(), route.path);
        journal::request(name, status, begun.elapsed(), (who, code.as_deref()));
    }
    response
}

impl Server {
    /// Who asks, if that one may. Codes `token*` (401), `token-scope` (403).
    fn admit(
        &self,
        access: Access,
        headers: &HeaderMap,
        certified: bool,
    ) -> std::result::Result<Option<Token>, Refused> {
        let scopes = match access {
            // a signature is checked where the body is, before anything in it is read
            Access::Public | Access::Signature => return Ok(None),
            Access::Choice(_, choice) if self.public.contains(&choice) => return Ok(None),
            Access::Choice(scopes, _) | Access::Token(scopes) => scopes,
        };
        let stranger = |failure| Refused::new(StatusCode::UNAUTHORIZED, failure);
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(shown) = shown.and_then(|text| text.strip_prefix("Bearer ")) else {
            // a certificate of the client's CA is that of a producer
            if certified && scopes.contains(&Scope::Append) {
                return Ok(None);
            }
            let failure = Failure::refused("token", "no token is shown")
                .hint("send `authorization: Bearer TOKEN`; `ledger token new` makes one");
            return Err(stranger(failure));
        };
        let tokens = self.tokens()?;
        let token = tokens.admit(shown, clock::now()?).map_err(stranger)?;
        if !token.scopes.iter().any(|scope| scopes.contains(scope)) {
            let wanted: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
            let failure = Failure::refused("token-scope", "the token is not for this")
                .hint(format!("it needs the scope `{}`", wanted.join("` or `")));
            return Err(Refused::new(StatusCode::FORBIDDEN, failure));
        }
        Ok(Some(token.clone()))
    }

    /// The tokens as they stand, give or take a second.
    fn tokens(&self) -> std::result::Result<Arc<Tokens>, Refused> {
        let mut known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0.elapsed() >= TOKENS_AGE {
            let read = Tokens::read(&self.folder.state, &self.folder.origin);
            let read =
                read.map_err(|failure| Refused::new(StatusCode::SERVICE_UNAVAILABLE, failure))?;
            *known = (Instant::now(), Arc::new(read));
        }
        Ok(Arc::clone(&known.1))
    }

    async fn answer(self: &Arc<Self>, route: &Route, request: Request<Body>) -> Answered {
        let asked = Asked::read(request).await?;
        let names: Vec<&str> = route.query.iter().map(|(name, _)| *name).collect();
        asked.only(&names)?;
        asked.takes(route.takes)?;
        match route.endpoint {
            Endpoint::Events => append::events(self, asked).await,
            Endpoint::Attachment => append::attachment(self, asked).await,
            Endpoint::Ledger => self.read(|server, _| prove::ledger(server), asked).await,
            Endpoint::Checkpoint => prove::checkpoint(self),
            Endpoint::Proof => prove::proof(self, asked).await,
            Endpoint::Consistency => self.read(prove::consistency, asked).await,
            Endpoint::Request => self.read(append::request, asked).await,
            Endpoint::CloudEvents => inbound::cloud_events(self, asked).await,
            Endpoint::Webhook => inbound::webhook(self, asked).await,
            Endpoint::Entry => self.read(read::entry, asked).await,
            Endpoint::Entries => self.read(read::entries, asked).await,
            Endpoint::Query => self.read(read::query, asked).await,
            Endpoint::Dossier => self.read(read::dossier, asked).await,
            Endpoint::Obligations => self.read(read::obligations, asked).await,
            Endpoint::Gate => gate::gate(self, asked).await,
            Endpoint::Tile => tiles::tile(self, asked).await,
            Endpoint::Ready => self.read(|server, _| server.ready(), asked).await,
            Endpoint::Health => {
                Ok(reply::json(StatusCode::OK, &Value::object([("runs", Value::Bool(true))])))
            }
            Endpoint::Metrics => {
                let text = self.metrics.text().into_bytes();
                Ok(reply::body(StatusCode::OK, route.gives, text))
            }
            Endpoint::OpenApi => {
                // everybody may ask for it, and it never changes
                static TEXT: LazyLock<String> = LazyLock::new(|| document().to_canonical() + "\n");
                Ok(reply::packed(&asked.headers, route.gives, TEXT.clone().into_bytes()))
            }
        }
    }

    /// Answers on a thread that may wait for the disk.
    async fn read(
        self: &Arc<Self>,
        with: impl FnOnce(&Self, &Asked) -> Answered + Send + 'static,
        asked: Asked,
    ) -> Answered {
        let server = Arc::clone(self);
        let asked = asked.without_body();
        blocking(move || with(&server, &asked)).await
    }

    /// Whether the ledger can be read, and appended to as far as can be told without doing it.
    fn ready(&self) -> Answered {
        let size = self.readers.with(|ledger| Ok(ledger.size()))?;
        if ledger_core::ledger::is_poisoned(&*self.folder.store)? {
            let failure = Failure::unreachable("poisoned", "the ledger is marked: a sync failed")
                .hint("run `ledger recover`");
            return Err(failure.into());
        }
        let value = Value::object([("entries", Value::count(size)), ("ready", Value::Bool(true))]);
        Ok(reply::json(StatusCode::OK, &value))
    }
}

/// Does something on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, Refused> + Send + 'static,
) -> std::result::Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(broken()))
}

/// A request whose thread ended before it answered: a mistake in this program.
fn broken() -> Refused {
    let failure = Failure::unreachable("server", "the request could not be answered");
    Refused::new(StatusCode::INTERNAL_SERVER_ERROR, failure)
}
