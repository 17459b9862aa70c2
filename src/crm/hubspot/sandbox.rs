//! HubSpot as a server, from its documents: one portal that tells a world.
//!
//! Dated paths are served, and the older numbered ones beside them, because HubSpot's own
//! libraries still call those.

mod account;
mod answers;
mod auth;
mod embed;
mod gate;
mod groups;
mod lists;
mod objects;
mod properties;
mod records;
mod search;
mod values;
mod writes;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde_json::Value;

use crate::crm::settings::Settings;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

/// The portal's number.
pub const PORTAL: u64 = 4_711_003;
/// The app's number.
pub const APP: u64 = 990_017;
/// The app, for OAuth.
pub const CLIENT_ID: &str = "5d1f2c1e-sandbox-client";
/// The app's secret; also signs what HubSpot sends.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";
/// A service key of the portal.
pub const SERVICE_KEY: &str = "pat-eu1-00000000-sandbox";
/// The refresh token of an installation that was made beforehand.
pub const REFRESH_TOKEN: &str = "eu1-sandbox-refresh-token";

/// The portal.
#[derive(Clone)]
pub struct Hub(Arc<Portal>);

struct Portal {
    world: World,
    tokens: Mutex<auth::Tokens>,
    pace: Mutex<gate::Pace>,
    companies: Mutex<Companies>,
    archived_properties: Mutex<BTreeMap<String, Value>>,
    next: AtomicU64,
}

/// Companies by number, in the order in which they were first met.
#[derive(Default)]
pub struct Companies(Vec<String>);

/// The number of the first company.
const FIRST_COMPANY: usize = 7_000_001;

impl Companies {
    /// The id of the company of that name.
    pub fn id(&mut self, name: &str) -> String {
        let n = self.0.iter().position(|it| it == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        (FIRST_COMPANY + n).to_string()
    }

    /// The name of the company of that id.
    pub fn name(&self, id: &str) -> Option<String> {
        let n = id.parse::<usize>().ok()?.checked_sub(FIRST_COMPANY)?;
        self.0.get(n).cloned()
    }
}

impl Hub {
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

    /// Its companies; taken after the world's state, never before.
    pub fn companies(&self) -> MutexGuard<'_, Companies> {
        let companies = self.0.companies.lock();
        companies.unwrap_or_else(PoisonError::into_inner)
    }

    fn archived_properties(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        let archived = self.0.archived_properties.lock();
        archived.unwrap_or_else(PoisonError::into_inner)
    }

    /// A number nobody had before.
    pub fn number(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// The portal as a server.
pub fn open(world: World) -> Sandbox {
    {
        let mut state = world.state();
        state.name_all(records::owner_id, records::deal_id);
        properties::found(&mut state);
    }
    let hub = Hub(Arc::new(Portal {
        world,
        tokens: Mutex::default(),
        pace: Mutex::default(),
        companies: Mutex::default(),
        archived_properties: Mutex::default(),
        next: AtomicU64::new(1),
    }));
    let api = api().layer(middleware::from_fn_with_state(hub.clone(), gate::gate));
    let router = api
        .merge(sign_in())
        .route("/contacts/{portal}/record/0-3/{deal}", get(account::record))
        .with_state(hub);
    Sandbox { router, settings }
}

fn settings(base: &url::Url) -> Settings {
    let below = |path: &str| base.join(path).ok();
    Settings {
        crm: "hubspot".to_owned(),
        sign_in: Some("token".to_owned()),
        base_url: Some(base.clone()),
        authorize_url: below("/oauth/authorize"),
        token_url: below("/oauth/2026-03/token"),
        client_id: Some(CLIENT_ID.to_owned()),
        client_secret: Some(SecretString::from(CLIENT_SECRET)),
        token: Some(SecretString::from(SERVICE_KEY)),
        push_secret: Some(SecretString::from(CLIENT_SECRET)),
        allow_private: true,
        ..Settings::default()
    }
}

fn sign_in() -> Router<Hub> {
    let mut router = Router::new()
        .route("/__sandbox/embed", get(embed::signed_fetch))
        .route(
            "/__sandbox/archived-properties/{name}",
            post(properties::restore).delete(properties::purge),
        )
        .route("/oauth/authorize", get(auth::authorize))
        .route("/oauth/v1/access-tokens/{token}", get(auth::access_token))
        .route(
            "/oauth/v1/refresh-tokens/{token}",
            get(auth::refresh_token).delete(auth::forget_refresh_token),
        );
    for version in ["v1", "v3", "2026-03", "2026-09"] {
        let below = |rest: &str| format!("/oauth/{version}/token{rest}");
        router = router
            .route(&below(""), post(auth::token))
            .route(&below("/introspect"), post(auth::introspect))
            .route(&below("/revoke"), post(auth::revoke));
    }
    router
}

/// An area of the API under its dated paths and its numbered one.
fn areas(name: &str, numbered: &str) -> [String; 3] {
    [
        format!("/crm/{name}/2026-03"),
        format!("/crm/{name}/2026-09"),
        format!("/crm/{numbered}/{name}"),
    ]
}

fn api() -> Router<Hub> {
    let mut router = Router::new();
    for area in areas("objects", "v3") {
        let below = |rest: &str| format!("{area}/{{object}}{rest}");
        router = router
            .route(&below(""), get(objects::list).post(writes::create))
            .route(&below("/search"), post(search::search))
            .route(&below("/merge"), post(objects::merge))
            .route(&below("/batch/read"), post(objects::batch_read))
            .route(&below("/batch/create"), post(writes::batch_create))
            .route(&below("/batch/update"), post(writes::batch_update))
            .route(&below("/batch/archive"), post(objects::batch_archive))
            .route(
                &below("/{id}"),
                get(objects::one)
                    .patch(writes::update)
                    .delete(objects::archive),
            )
            .route(
                &below("/{id}/associations/{to}"),
                get(account::associations_of),
            );
    }
    for area in areas("properties", "v3") {
        let below = |rest: &str| format!("{area}/{{object}}{rest}");
        router = router
            .route(&below(""), get(properties::list).post(properties::create))
            .route(&below("/batch/create"), post(properties::batch_create))
            .route(&below("/batch/read"), post(properties::batch_read))
            .route(&below("/batch/archive"), post(properties::batch_archive))
            .route(&below("/groups"), get(groups::list).post(groups::create))
            .route(
                &below("/groups/{name}"),
                get(groups::one)
                    .patch(groups::change)
                    .delete(groups::archive),
            )
            .route(
                &below("/{name}"),
                get(properties::one)
                    .patch(properties::change)
                    .delete(properties::archive),
            );
    }
    for area in areas("pipelines", "v3") {
        router = router
            .route(&format!("{area}/{{object}}"), get(account::pipelines))
            .route(&format!("{area}/{{object}}/{{id}}"), get(account::pipeline))
            .route(
                &format!("{area}/{{object}}/{{id}}/stages"),
                get(account::stages),
            )
            .route(
                &format!("{area}/{{object}}/{{id}}/stages/{{stage}}"),
                get(account::stage),
            );
    }
    for area in areas("associations", "v4") {
        let below = |rest: &str| format!("{area}/{{from}}/{{to}}/{rest}");
        router = router
            .route(&below("batch/read"), post(account::associations))
            .route(&below("labels"), get(account::labels));
    }
    router = router.route(
        "/crm/v4/objects/{object}/{id}/associations/{to}",
        get(account::associations_of),
    );
    for area in areas("schemas", "v3") {
        router = router.route(&area, get(account::schemas));
    }
    for area in areas("owners", "v3") {
        router = router
            .route(&area, get(account::owners))
            .route(&format!("{area}/"), get(account::owners))
            .route(&format!("{area}/{{id}}"), get(account::owner));
    }
    for area in areas("lists", "v3") {
        router = router
            .route(&area, post(lists::create))
            .route(&format!("{area}/"), post(lists::create))
            .route(&format!("{area}/search"), post(lists::search))
            .route(
                &format!("{area}/{{id}}"),
                get(lists::one).delete(lists::remove),
            )
            .route(&format!("{area}/{{id}}/memberships"), get(lists::members));
    }
    for version in ["v3", "2026-03", "2026-09"] {
        let below = |rest: &str| format!("/account-info/{version}/{rest}");
        router = router
            .route(&below("details"), get(account::details))
            .route(&below("api-usage/daily/private-apps"), get(account::usage));
    }
    router
}
