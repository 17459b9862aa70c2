//! The pages: what sellers, managers and leaders see, and the doors other programs come in by.
//!
//! Every route stands once, in [`table`], grouped by who calls it; a test walks that list for
//! every role. Pages are rendered here, work without script, and trust nothing that came from a
//! CRM: templates escape, and the content policy allows no inline script or style.

pub mod assets;
pub mod board;
pub mod chrome;
pub mod csrf;
pub mod deal;
pub mod error;
pub mod guard;
pub mod health;
pub mod home;
pub mod marked;
pub mod metrics;
pub mod query;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod table;
pub mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::domain::framework::Framework;
use crate::env::Env;
use crate::store::Store;
use crate::sync::worker::Engine;
use settings::Settings;
use table::Table;

/// What every page is made from.
pub struct App {
    /// The database.
    pub store: Store,
    /// Time and randomness.
    pub env: Env,
    /// Works connections; told to look sooner when someone publishes or asks.
    pub engine: Arc<Engine>,
    /// The guardrails.
    pub framework: Arc<Framework>,
    /// What the admin said about the pages.
    pub settings: Settings,
}

/// The state of the router.
pub type Shared = Arc<App>;

/// Every route, grouped by who calls it.
pub fn table() -> Table {
    let table = Table::default();
    let table = health::routes(table);
    let table = metrics::routes(table);
    let table = assets::routes(table);
    let table = sign_in::routes(table);
    let table = home::routes(table);
    let table = board::routes(table);
    deal::routes(table)
}

/// The pages as a service.
pub fn router(app: App) -> Router {
    let app = Arc::new(app);
    let (people, machines) = table().into_routers();
    let people = people.layer(axum::middleware::from_fn_with_state(
        app.clone(),
        csrf::guard,
    ));
    guard::around(people.merge(machines).fallback(error::nothing_here), &app).with_state(app)
}

/// What those who watch read, and nothing else: for a process that serves no pages.
pub fn watch_router(app: App) -> Router {
    let table = metrics::routes(health::routes(Table::default()));
    let (people, machines) = table.into_routers();
    people.merge(machines).with_state(Arc::new(app))
}

/// Serves the pages until `stop` says so; then finishes the answers under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    serve_router(router(app), listener, stop).await
}

/// Serves some routes until `stop` says so; then finishes the answers under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve_router(
    router: Router,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // An error means that nobody is left who could say so; that says so too.
            while !*stop.borrow() && stop.changed().await.is_ok() {}
        })
        .await
}
