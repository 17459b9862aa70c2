//! Puts a sandbox on the network: counts its calls, lets the weather at them, adds the controls.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use url::Url;

use super::weather::Reset;
use super::world::{CALLS_KEPT, CallSeen, World};
use super::{control, page};
use crate::crm::Crm;
use crate::crm::settings::Settings;

/// The largest request body a sandbox reads.
const LARGEST_BODY: usize = 64 * 1024 * 1024;
/// How much of a body is remembered.
const BODY_KEPT: usize = 64 * 1024;

/// A sandbox that is being served.
pub struct Served {
    /// The CRM's id.
    pub crm: &'static str,
    /// Where it answers.
    pub base: Url,
    /// How to connect to it.
    pub settings: Settings,
    /// The world it tells.
    pub world: World,
    /// Its counts.
    pub stats: Arc<Stats>,
}

/// What a sandbox was asked.
#[derive(Default)]
pub struct Stats {
    routes: Mutex<BTreeMap<String, RouteCount>>,
    now: AtomicU64,
    peak: AtomicU64,
}

/// The calls of one route.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct RouteCount {
    /// All of them.
    pub calls: u64,
    /// Those answered with 400 or above.
    pub refused: u64,
}

impl Stats {
    /// Calls per route, such as `GET /crm/deals/{id}`.
    pub fn routes(&self) -> BTreeMap<String, RouteCount> {
        self.routes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All calls so far.
    pub fn calls(&self) -> u64 {
        self.routes().values().map(|route| route.calls).sum()
    }

    /// The most calls that were ever under way at once.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Forgets everything counted so far.
    pub fn clear(&self) {
        self.routes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.peak.store(0, Ordering::Relaxed);
    }
}

/// Serves one CRM's sandbox on a port of this machine; 0 picks a free one.
///
/// It answers until the process ends or `stop` resolves.
///
/// # Errors
/// When the port is taken.
pub async fn serve(
    crm: &'static dyn Crm,
    world: World,
    port: u16,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<Served> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let base = Url::parse(&format!("http://{}", listener.local_addr()?))
        .unwrap_or_else(|error| unreachable!("a socket address is an address: {error}"));
    let (served, router) = at(crm, world, base);
    tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "a sandbox stopped answering");
        }
    });
    Ok(served)
}

/// One CRM's sandbox as it would answer at an address, and its routes, which nobody listens for.
pub fn at(crm: &'static dyn Crm, world: World, base: Url) -> (Served, Router) {
    let sandbox = crm.sandbox(world.clone());
    let settings = (sandbox.settings)(&base);
    let stats = Arc::new(Stats::default());
    let seen = Arc::new(Watch {
        world: world.clone(),
        stats: stats.clone(),
    });
    let router: Router = sandbox
        .router
        .layer(middleware::from_fn_with_state(seen, watched))
        .merge(control::routes(
            crm.profile().name,
            world.clone(),
            stats.clone(),
        ))
        .merge(page::door(crm, &base));
    let served = Served {
        crm: crm.profile().id,
        base,
        settings,
        world,
        stats,
    };
    (served, router)
}

struct Watch {
    world: World,
    stats: Arc<Stats>,
}

async fn watched(
    State(watch): State<Arc<Watch>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let under_way = watch.stats.now.fetch_add(1, Ordering::Relaxed) + 1;
    watch.stats.peak.fetch_max(under_way, Ordering::Relaxed);
    let route = path.map_or_else(
        || format!("{} (no such route)", request.method()),
        |path| format!("{} {}", request.method(), path.as_str()),
    );
    let mut response = weathered(&watch.world, request, next).await;
    // The world's time is the CRM's time; the server would put the machine's there.
    let date = watch
        .world
        .now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    watch.stats.now.fetch_sub(1, Ordering::Relaxed);
    let mut routes = watch
        .stats
        .routes
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let count = routes.entry(route).or_default();
    count.calls += 1;
    count.refused += u64::from(response.status().as_u16() >= 400);
    drop(routes);
    response
}

async fn weathered(world: &World, request: Request, next: Next) -> Response {
    let delay = world.weather().delay_ms();
    if delay > 0 {
        world.env().sleep(Duration::from_millis(delay)).await;
    }
    let reset = world.weather().reset();
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, LARGEST_BODY).await {
        Ok(body) => body,
        Err(error) => {
            return (axum::http::StatusCode::PAYLOAD_TOO_LARGE, error.to_string()).into_response();
        }
    };
    let mut call = CallSeen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        body: String::from_utf8_lossy(body.get(..body.len().min(BODY_KEPT)).unwrap_or_default())
            .into_owned(),
        status: 0,
    };
    let response = match reset {
        Some(Reset::Before) => cut(),
        _ => next.run(Request::from_parts(parts, Body::from(body))).await,
    };
    call.status = response.status().as_u16();
    {
        let mut state = world.state();
        if state.calls.len() == CALLS_KEPT {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
    }
    if reset == Some(Reset::After) {
        cut()
    } else {
        response
    }
}

/// An answer that breaks off: the connection closes in the middle of it.
fn cut() -> Response {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}
