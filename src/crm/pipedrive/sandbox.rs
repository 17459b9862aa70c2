//! Pipedrive as a server, from its documents: one company that tells a world.
//!
//! Version 2 has deals, stages, pipelines, organizations and fields; version 1 has users, roles,
//! filters, and the numbers of fields that filters want.

mod answers;
mod auth;
mod deals;
mod embed;
mod fields;
mod filters;
mod finding;
mod gate;
mod people;
mod records;
mod writes;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::middleware;
use axum::routing::{delete, get, post};
use secrecy::SecretString;

use crate::crm::settings::Settings;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

/// The company's number.
pub const COMPANY: u64 = 222;
/// The app, for OAuth.
pub const CLIENT_ID: &str = "sandboxclient0001";
/// The app's secret; also signs the panel's tokens.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";
/// The token of the integration user.
pub const API_TOKEN: &str = "5a0d0b0c5a0d0b0c5a0d0b0c5a0d0b0c5a0d0b0c";
/// The refresh token of an installation that was made beforehand.
pub const REFRESH_TOKEN: &str = "1:1:sandbox-refresh-token";

/// The company.
#[derive(Clone)]
pub struct Desk(Arc<Company>);

struct Company {
    world: World,
    tokens: Mutex<auth::Tokens>,
    pace: Mutex<gate::Pace>,
    organizations: Mutex<Organizations>,
    next: AtomicU64,
}

/// Organizations by number, in the order in which they were first met.
#[derive(Default)]
pub struct Organizations(Vec<String>);

impl Organizations {
    /// The id of the organization of that name.
    pub fn id(&mut self, name: &str) -> usize {
        let n = self.0.iter().position(|it| it == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        n + 1
    }

    /// The name of the organization of that id.
    pub fn name(&self, id: usize) -> Option<&str> {
        self.0.get(id.checked_sub(1)?).map(String::as_str)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl Desk {
    /// The world it tells.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    fn tokens(&self) -> MutexGuard<'_, auth::Tokens> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, gate::Pace> {
        self.0.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its organizations; taken after the world's state, never before.
    pub fn organizations(&self) -> MutexGuard<'_, Organizations> {
        let organizations = self.0.organizations.lock();
        organizations.unwrap_or_else(PoisonError::into_inner)
    }

    /// A number nobody had before.
    pub fn number(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// The address under which a request reached this server; it is the company's own domain.
fn address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// The company as a server.
pub fn open(world: World) -> Sandbox {
    world.state().name_all(records::person_id, records::deal_id);
    let desk = Desk(Arc::new(Company {
        world,
        tokens: Mutex::default(),
        pace: Mutex::default(),
        organizations: Mutex::default(),
        next: AtomicU64::new(1),
    }));
    let api = api().layer(middleware::from_fn_with_state(desk.clone(), gate::gate));
    let sign_in = Router::new()
        .route("/__sandbox/embed", get(embed::frame))
        .route("/oauth/authorize", get(auth::authorize))
        .route("/oauth/token", post(auth::token))
        .route("/oauth/revoke", post(auth::revoke));
    let router = api.merge(sign_in).with_state(desk);
    Sandbox { router, settings }
}

fn settings(base: &url::Url) -> Settings {
    let below = |path: &str| base.join(path).ok();
    Settings {
        crm: "pipedrive".to_owned(),
        sign_in: Some("token".to_owned()),
        base_url: Some(base.clone()),
        authorize_url: below("/oauth/authorize"),
        token_url: below("/oauth/token"),
        client_id: Some(CLIENT_ID.to_owned()),
        client_secret: Some(SecretString::from(CLIENT_SECRET)),
        token: Some(SecretString::from(API_TOKEN)),
        push_secret: Some(SecretString::from("sandbox-webhook-password")),
        embed_secret: Some(SecretString::from(CLIENT_SECRET)),
        allow_private: true,
        ..Settings::default()
    }
}

fn api() -> Router<Desk> {
    let mut router = Router::new()
        .route("/api/v2/deals", get(deals::list).post(writes::create))
        .route("/api/v2/deals/archived", get(deals::archived))
        .route("/api/v2/deals/search", get(finding::of_deals))
        .route(
            "/api/v2/deals/{id}",
            get(deals::one).patch(writes::update).delete(writes::remove),
        )
        .route("/api/v2/stages", get(people::stages))
        .route("/api/v2/stages/{id}", get(people::stage))
        .route("/api/v2/pipelines", get(people::pipelines))
        .route("/api/v2/pipelines/{id}", get(people::pipeline))
        .route("/api/v2/organizations", get(people::organizations))
        .route(
            "/api/v2/organizations/search",
            get(finding::of_organizations),
        )
        .route("/api/v2/organizations/{id}", get(people::organization))
        .route("/api/v2/itemSearch", get(finding::of_items))
        .route("/api/v2/persons", get(finding::none))
        .route("/api/v2/products", get(finding::none))
        .route("/api/v2/dealFields", get(fields::list).post(fields::create))
        .route(
            "/api/v2/dealFields/{code}",
            get(fields::one)
                .patch(fields::change)
                .delete(fields::remove),
        )
        .route(
            "/api/v2/dealFields/{code}/options",
            post(fields::add_options).delete(fields::remove_options),
        );
    for version in ["/api/v1", "/v1"] {
        let below = |rest: &str| format!("{version}{rest}");
        router = router
            .route(&below("/users"), get(people::users))
            .route(&below("/users/me"), get(people::me))
            .route(&below("/users/find"), get(finding::of_users))
            .route(&below("/currencies"), get(finding::currencies))
            .route(&below("/webhooks"), get(finding::none_numbered))
            .route(&below("/users/{id}"), get(people::user))
            .route(&below("/roles"), get(people::roles))
            .route(&below("/dealFields"), get(fields::numbered))
            .route(&below("/filters"), get(filters::list).post(filters::create))
            .route(&below("/filters/helpers"), get(filters::helpers))
            .route(
                &below("/filters/{id}"),
                get(filters::one).delete(filters::remove),
            )
            // What version 2 took over is gone from version 1.
            .route(&below("/deals"), get(answers::out_of_support))
            .route(&below("/deals/{id}"), delete(answers::out_of_support));
    }
    router
}
