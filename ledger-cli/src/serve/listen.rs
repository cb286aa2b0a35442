//! Connections: taken up to a limit, each within limits of its own, and let finish at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::journal;
use super::metrics::Metrics;
use super::patience::Patient;
use crate::failure::{Failure, Result};

/// The most connections that are open at a time; one more is closed at once.
const CONNECTIONS: usize = 12_000;
/// How many may wait to be taken; Linux turns the next away for a second, and allows 4,096 unless told.
const WAITING: u32 = 4096;
/// Files that a process may have open where nobody says how many.
const FILES: usize = 1024;
/// How long a TLS handshake may take, and the head of a request, and the pause between two requests.
const HEAD: Duration = Duration::from_secs(15);
/// The most header fields of a request, and the most bytes of its head.
const FIELDS: usize = 64;
const HEAD_BYTES: usize = 16 << 10;
/// How long somebody may take nothing of what is sent to him.
const TAKING: Duration = Duration::from_secs(30);
/// How long requests may go on once the server is told to end.
const FAREWELL: Duration = Duration::from_secs(20);
/// How long to wait when no connection can be taken (no file descriptors are left).
const BREATH: Duration = Duration::from_millis(100);

/// What is known of the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Whether it showed a certificate of the client CA.
    pub(super) certified: bool,
}

/// A socket that listens at an address; to be called within the runtime.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // a server that is started again takes the address of the one before
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Takes connections until the process is told to end (SIGTERM, SIGINT), and lets requests finish.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    metrics: Arc<Metrics>,
) -> Result<()> {
    let fail = |error| Failure::new("signals", format!("cannot hear signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    let (room, graceful) = (Arc::new(Semaphore::new(most())), GracefulShutdown::new());
    let mut ending = std::pin::pin!(async {
        let (mut one, mut other) =
            (std::pin::pin!(terminate.recv()), std::pin::pin!(interrupt.recv()));
        std::future::poll_fn(|task| {
            use std::future::Future as _;
            let first = one.as_mut().poll(task).is_ready();
            if first || other.as_mut().poll(task).is_ready() {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
    });
    while let Some(taken) = until(&mut ending, listener.accept()).await {
        let Ok((stream, _)) = taken else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            if metrics.shut_out.fetch_add(1, Ordering::Relaxed).is_multiple_of(CONNECTIONS as u64) {
                journal::say("connections", "there are as many as there may be; more are closed");
            }
            continue;
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            metrics.connections.fetch_add(1, Ordering::Relaxed);
            talk(stream, tls, router, watcher).await;
            metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(permit);
        });
    }
    drop(listener);
    // a client that was cut off delivers again, and gets the receipt of what was written
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    Ok(())
}

/// How many connections there may be: the log and its index need files too.
fn most() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let most = CONNECTIONS.min(files(&limits).unwrap_or(FILES) / 5 * 3);
    if most < CONNECTIONS {
        let message = format!("at most {most} at a time: the process may have few files open");
        journal::say("connections", &message);
    }
    most
}

/// How many files a process may have open: the soft limit, as Linux shows it.
fn files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

/// What comes first: none for the end.
async fn until<T>(
    ending: &mut std::pin::Pin<&mut impl Future<Output = ()>>,
    next: impl Future<Output = T>,
) -> Option<T> {
    let mut next = std::pin::pin!(next);
    std::future::poll_fn(|task| {
        if ending.as_mut().poll(task).is_ready() {
            return std::task::Poll::Ready(None);
        }
        next.as_mut().poll(task).map(Some)
    })
    .await
}

/// One connection, to its end; what goes wrong with it is the client's to notice.
async fn talk(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, Peer { certified: false }, router, watcher).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(stream)).await {
                let certified = stream.get_ref().1.peer_certificates().is_some();
                converse(stream, Peer { certified }, router, watcher).await;
            }
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    peer: Peer,
    router: Router,
    watcher: Watcher,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(FIELDS);
    http.max_buf_size(HEAD_BYTES).half_close(false);
    let stream = TokioIo::new(Patient::new(stream, TAKING));
    let _ = watcher.watch(http.serve_connection(stream, service)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_files_is_read_as_linux_shows_it() {
        let shown = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max processes             95938                95938                processes \n\
                 Max open files            {soft:<20} 524288               files     \n"
            )
        };
        assert_eq!(files(&shown("1024")), Some(1024));
        assert_eq!(files(&shown("unlimited")), Some(usize::MAX));
        assert_eq!(files(""), None);
        assert!(files(&std::fs::read_to_string("/proc/self/limits").unwrap()).is_some());
    }
}
