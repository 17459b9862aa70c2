//! Serves routes over HTTP/1.1: so many callers at once, each of whom has so long to say what they
//! want; and an end that waits for answers under way and for nobody who only keeps a line open.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::{Service, ServiceExt};

/// What callers may take up.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long until the head of a request must be there, an idle line included. Longer than
    /// proxies keep an idle line of theirs open (60 s), so that they never write into a closed one.
    pub head: Duration,
    /// Lines that may be open at once; further callers wait in the machine's own queue.
    pub lines: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(65),
            lines: 1024,
        }
    }
}

/// After the machine refused a line, for want of file handles or memory, this long until the next.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// Serves some routes until `stop` says so; then finishes the answers under way.
pub async fn serve_router(router: Router, listener: TcpListener, stop: watch::Receiver<bool>) {
    serve_patiently(router, listener, stop, Patience::default()).await;
}

/// The same with a patience of the caller's choice.
pub async fn serve_patiently(
    router: Router,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
    patience: Patience,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.head);
    let mut callers = router.into_make_service_with_connect_info::<SocketAddr>();
    let lines = Arc::new(Semaphore::new(patience.lines as usize));
    loop {
        let (stream, from, line) = tokio::select! {
            came = next(&listener, &lines) => came,
            () = told(stop.clone()) => break,
        };
        let Ok(pages) = callers.call(from).await;
        let spoken = Arc::new(AtomicBool::new(false));
        let heard = spoken.clone();
        let pages = pages.map_request(move |request: Request<Incoming>| {
            heard.store(true, Ordering::Relaxed);
            request.map(Body::new)
        });
        let open = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
        tokio::spawn(line_of(open, spoken, told(stop.clone()), line));
    }
    drop(listener);
    // Each line that ends gives its permit back.
    drop(lines.acquire_many(patience.lines).await);
}

/// Resolves when it is time to stop. An error means that nobody is left who could say so; that says
/// so too.
async fn told(mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() && stop.changed().await.is_ok() {}
}

/// The next caller, once there is a line for them.
async fn next(
    listener: &TcpListener,
    lines: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let line = lines.clone().acquire_owned().await;
        let line = line.unwrap_or_else(|_| unreachable!("nobody closes it"));
        match listener.accept().await {
            Ok((stream, from)) => return (stream, from, line),
            Err(error) if went_away(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a caller could not be let in");
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
        }
    }
}

/// Whether it was the caller who gave up.
fn went_away(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// One caller's line, to its end.
async fn line_of<S>(
    open: http1::Connection<TokioIo<TcpStream>, S>,
    spoken: Arc<AtomicBool>,
    told: impl Future<Output = ()>,
    line: OwnedSemaphorePermit,
) where
    S: hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible>,
{
    let mut open = std::pin::pin!(open);
    let ended = tokio::select! {
        ended = open.as_mut() => ended,
        () = told => {
            open.as_mut().graceful_shutdown();
            // Browsers open lines in advance; one on which nobody ever spoke is not waited for.
            if spoken.load(Ordering::Relaxed) {
                open.await
            } else {
                Ok(())
            }
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a caller's line broke");
    }
    drop(line);
}
