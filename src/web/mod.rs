//! The pages: what sellers, managers and leaders see, and the doors other programs come in by.
//!
//! Every route stands once, in [`table`], grouped by who calls it; a test walks that list for
//! every role. Pages are rendered here, work without script, and trust nothing that came from a
//! CRM: templates escape, and the content policy allows no inline script or style.

pub mod after;
pub mod again;
pub mod answered;
pub mod api;
pub mod around;
pub mod assets;
pub mod board;
pub mod books;
pub mod card_parts;
pub mod card_view;
pub mod chrome;
pub mod clock;
pub mod closing;
pub mod coach;
pub mod connect;
pub mod conversations;
pub mod crm_link;
pub mod crm_sign_in;
pub mod csrf;
pub mod day;
pub mod deal;
pub mod deed;
pub mod done;
pub mod embed;
pub mod embed_forms;
pub mod embed_lead;
pub mod errand;
pub mod error;
pub mod export;
pub mod frame;
pub mod guard;
pub mod health;
pub mod home;
pub mod limits;
pub mod lists;
pub mod marked;
pub mod metrics;
pub mod mine;
pub mod needs;
pub mod obstacle;
pub mod on_its_way;
pub mod openid;
pub mod ops_door;
pub mod panel;
pub mod panel_view;
pub mod picture;
pub mod plain;
pub mod preview;
pub mod promise;
pub mod push;
pub mod pyramid;
pub mod query;
pub mod queue;
pub mod responders;
pub mod said;
pub mod serve;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod since;
pub mod table;
pub mod talk_card;
pub mod tokens;
pub mod typed;
pub mod unsubscribe;
pub mod week;
pub mod why;
pub mod windows;
pub mod words;

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::domain::framework::Framework;
use crate::env::Env;
use crate::http::openid::Provider;
use crate::store::Store;
use crate::sync::worker::Engine;
use limits::Limits;
pub use serve::serve_router;
use settings::{Settings, SignIn};
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
    /// Where people sign in, if that is with an OpenID provider.
    pub provider: Option<Provider>,
}

impl App {
    /// What every page is made from, around a running engine.
    pub fn new(engine: Arc<Engine>, settings: Settings) -> Self {
        let provider = match &settings.sign_in {
            SignIn::Openid(chosen) => Some(openid::provider(chosen, &settings.public_url)),
            SignIn::Demo | SignIn::Crm | SignIn::Closed => None,
        };
        Self {
            store: engine.store.clone(),
            env: engine.env.clone(),
            framework: engine.framework.clone(),
            engine,
            settings,
            provider,
        }
    }
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
    let table = crm_sign_in::routes(openid::routes(table));
    let table = home::routes(table);
    let table = board::routes(table);
    let table = export::routes(table);
    let table = promise::routes(table);
    let table = picture::routes(table);
    let table = deal::routes(table);
    let table = talk_card::routes(coach::routes(table));
    let table = panel::routes(table);
    let table = closing::routes(said::routes(windows::routes(table)));
    let table = week::routes(table);
    let table = obstacle::routes(table);
    let table = deed::routes(table);
    let table = pyramid::routes(table);
    let table = queue::routes(table);
    let table = embed::routes(table);
    let table = books::routes(table);
    let table = connect::routes(ops_door::routes(table));
    let table = unsubscribe::routes(table);
    let table = mine::routes(tokens::routes(api::routes(table)));
    push::routes(table)
}

/// The pages as a service.
pub fn router(app: App) -> Router {
    let app = Arc::new(app);
    let (people, machines) = table().into_routers();
    let people = people.layer(axum::middleware::from_fn_with_state(
        app.clone(),
        csrf::guard,
    ));
    let limits = Arc::new(Limits::new(&app.settings));
    let pages = people
        .merge(machines)
        .fallback(error::nothing_here)
        .layer(axum::middleware::from_fn(plain::guard))
        .layer(axum::middleware::from_fn(move |request, next| {
            limits::guard(limits.clone(), request, next)
        }));
    guard::around(pages, &app).with_state(app)
}

/// What those who watch read, and nothing else: for a process that serves no pages.
pub fn watch_router(app: App) -> Router {
    let table = metrics::routes(health::routes(Table::default()));
    let (people, machines) = table.into_routers();
    people.merge(machines).with_state(Arc::new(app))
}

/// Serves the pages until `stop` says so; then finishes the answers under way.
pub async fn serve(app: App, listener: TcpListener, stop: watch::Receiver<bool>) {
    serve_router(router(app), listener, stop).await;
}
