//! Latitude and one sandbox CRM on a fresh database, with a sign-in of the test's choice and a
//! clock for each side.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use latitude::crm::settings::Settings;
use latitude::crm::{self, Crm};
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::env::{Env, Frozen};
use latitude::http;
use latitude::ops::config::Config;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::connect::Visit;
use latitude::sync::report::Report;
use latitude::sync::worker::Engine;
use latitude::sync::{PULL, WRITE_BACK};
use latitude::web::settings::Settings as WebSettings;
use latitude::web::{self, App};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::bench::MORNING;
pub use crate::scratch::{databases, folder, postgres, sqlite};

/// The key that seals secrets in these tests.
pub const KEY: [u8; 32] = [7; 32];

/// Opens a database with a key, its schema up to date.
pub async fn store(database: &str, keys: &[[u8; 32]], env: &Env) -> Store {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let seal = Seal::new(&keys, env.clone()).unwrap();
    let store = Store::open(database, seal).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Latitude, a sandbox CRM, and a database between them.
pub struct Floor {
    pub crm: &'static dyn Crm,
    /// Latitude's clock.
    pub clock: Arc<Frozen>,
    /// The CRM's clock.
    pub crm_clock: Arc<Frozen>,
    pub env: Env,
    pub database: String,
    pub served: Served,
    pub settings: Settings,
    pub engine: Arc<Engine>,
    pub id: ConnectionId,
    /// Asks the sandbox: one for all calls, since making one reads every root certificate.
    pub client: reqwest::Client,
}

impl Floor {
    /// With the sign-in that needs no person, our fields set up.
    pub async fn ready(database: &str, deals: usize) -> Self {
        let floor = Self::laid(database, deals, None).await;
        floor.set_up().await;
        floor
    }

    /// With a sign-in of that word; nobody has signed in, our fields are not there.
    pub async fn laid(database: &str, deals: usize, sign_in: Option<&str>) -> Self {
        Self::of(crm::PREFERRED, database, deals, sign_in).await
    }

    /// The same with another CRM.
    pub async fn of(crm: &str, database: &str, deals: usize, sign_in: Option<&str>) -> Self {
        let (clock, crm_clock) = (
            Frozen::at(MORNING.parse().unwrap()),
            Frozen::at(MORNING.parse().unwrap()),
        );
        let env = Env::seeded(clock.clone(), 7);
        let crm = crm::by_id(crm).unwrap();
        let world = World::new(Env::seeded(crm_clock.clone(), 7), 7, deals);
        let served = serve(crm, world, 0, std::future::pending()).await.unwrap();
        let settings = Settings {
            sign_in: sign_in.map(str::to_owned),
            ..served.settings.clone()
        };
        let id = ConnectionId::from("acme");
        let engine = engine(database, &[KEY], &env, (&id, &settings)).await;
        Self {
            crm,
            clock,
            crm_clock,
            env,
            database: database.to_owned(),
            served,
            settings,
            engine,
            id,
            client: http::client(),
        }
    }

    /// Another process on the same database, with these keys.
    pub async fn another(&self, keys: &[[u8; 32]]) -> Arc<Engine> {
        engine(&self.database, keys, &self.env, (&self.id, &self.settings)).await
    }

    /// The same connection on another database.
    pub async fn on(&self, database: &str) -> Arc<Engine> {
        engine(database, &[KEY], &self.env, (&self.id, &self.settings)).await
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.crm_clock.advance(by);
    }

    /// Creates our fields, and lets the past settle.
    pub async fn set_up(&self) {
        let session = self.engine.session(&self.id).await.unwrap();
        let plan = plan(self.crm, &session, Way::Apply).await.unwrap();
        carry_out(self.crm, &session, &plan, |_| {})
            .await
            .map_err(|(step, fault)| format!("{step:?}: {fault} {}", fault.cause()))
            .unwrap();
        self.advance(TimeDelta::minutes(30));
    }

    /// A person agrees in the browser, without one.
    pub async fn sign_in(&self) {
        self.sign_in_by(|url| url).await;
    }

    /// The same, with something changed about where the browser goes.
    pub async fn sign_in_by(&self, change: impl FnOnce(url::Url) -> url::Url) {
        let redirect = "http://127.0.0.1:1/back";
        let visit = Visit::of(&self.engine, &self.id).await.unwrap();
        let departure = visit.depart(redirect).unwrap();
        let url = change(departure.url.clone());
        let request = reqwest::Request::new(reqwest::Method::GET, url);
        let reply = http::client().execute(request).await.unwrap();
        let back = reply.headers()["location"].to_str().unwrap();
        let (_, query) = back.split_once('?').unwrap();
        visit
            .arrive(
                &self.engine,
                (redirect, query),
                (&departure.state, departure.verifier),
            )
            .await
            .unwrap();
    }

    /// The same person signs in on another machine, and may hold one grant only: ours is revoked.
    pub async fn grant_is_revoked(&self) {
        let redirect = "http://127.0.0.1:1/elsewhere";
        self.control("org", &json!({"grants_per_user": 1})).await;
        let visit = Visit::of(&self.engine, &self.id).await.unwrap();
        let departure = visit.depart(redirect).unwrap();
        let request = reqwest::Request::new(reqwest::Method::GET, departure.url);
        let reply = http::client().execute(request).await.unwrap();
        let back = url::Url::parse(reply.headers()["location"].to_str().unwrap()).unwrap();
        let (_, code) = back.query_pairs().find(|(key, _)| key == "code").unwrap();
        let secret = self.settings.client_secret.as_ref().unwrap();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", &code)
            .append_pair("redirect_uri", redirect)
            .append_pair("client_id", self.settings.client_id.as_deref().unwrap())
            .append_pair("client_secret", secret.expose_secret())
            .append_pair("code_verifier", departure.verifier.unwrap().expose_secret())
            .finish();
        let place = self.served.base.join("/services/oauth2/token").unwrap();
        let mut request = reqwest::Request::new(reqwest::Method::POST, place);
        let kind = reqwest::header::HeaderValue::from_static("application/x-www-form-urlencoded");
        request
            .headers_mut()
            .insert(reqwest::header::CONTENT_TYPE, kind);
        *request.body_mut() = Some(form.into());
        let reply = http::client().execute(request).await.unwrap();
        assert!(reply.status().is_success());
        self.control("org", &json!({"end_sessions": true, "grants_per_user": 5}))
            .await;
    }

    /// One reconcile of everything that is due, a pull and a write-back included.
    pub async fn reconcile(&self) -> Report {
        let mut tx = self.engine.store.write().await.unwrap();
        for step in [PULL, WRITE_BACK] {
            tx.hasten_anyway(&self.id, step, self.env.now())
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        self.work().await
    }

    /// Works what is due, and nothing sooner.
    pub async fn work(&self) -> Report {
        let mut reports = self.engine.run_until_quiet(None).await.unwrap();
        reports.pop().expect("something was due")
    }

    /// Asks the sandbox's control interface.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let url = self
            .served
            .base
            .join(&format!("/__sandbox/{path}"))
            .unwrap();
        let mut request = reqwest::Request::new(reqwest::Method::POST, url);
        let json = reqwest::header::HeaderValue::from_static("application/json");
        request
            .headers_mut()
            .insert(reqwest::header::CONTENT_TYPE, json);
        *request.body_mut() = Some(body.to_string().into());
        let reply = self.client.execute(request).await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default()
    }

    /// Serves the pages on a free port; answers with their address.
    pub async fn pages(&self) -> String {
        self.pages_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn pages_with(&self, change: impl FnOnce(&mut WebSettings)) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut settings = WebSettings::demo(&address);
        change(&mut settings);
        let app = App::new(self.engine.clone(), settings);
        let (stop, stopping) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            let _keep = stop;
            web::serve(app, listener, stopping).await;
        });
        address
    }
}

/// Fetches a page as text, with its status.
pub async fn page(address: &str) -> (u16, String) {
    let url = url::Url::parse(address).unwrap();
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let reply = http::client().execute(request).await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// An engine on a database, as a process of its own would have it.
async fn engine(
    database: &str,
    keys: &[[u8; 32]],
    env: &Env,
    (id, settings): (&ConnectionId, &Settings),
) -> Arc<Engine> {
    let mut framework = Framework::standard();
    framework.cadence.weekends = true;
    framework.cadence.quiet_from = NaiveTime::MIN;
    framework.cadence.quiet_until = NaiveTime::MIN;
    framework.cadence.asks_per_seller_and_day = 1000;
    let store = store(database, keys, env).await;
    let mut engine = Engine::new(
        store,
        env.clone(),
        Arc::new(framework),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    engine.add(id.clone(), settings.clone()).unwrap();
    engine.enrol().await.unwrap();
    Arc::new(engine)
}

/// A body for [`Floor::control`] that ends every session of the sandbox.
pub fn end_sessions() -> Value {
    json!({"end_sessions": true})
}

impl Floor {
    /// The configuration that describes all this.
    pub fn config(&self) -> Config {
        let mut config = Config::of("").unwrap();
        config.database.url = self.database.as_str().into();
        config.secrets.key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into();
        let connection = (self.id.as_str().to_owned(), self.settings.clone());
        config.connections.extend([connection]);
        config
    }
}

/// Runs statements written for both databases.
pub async fn executed(floor: &Floor, statements: &str) {
    use latitude::store::tx::Tx;
    let mut tx = floor.engine.store.write().await.unwrap();
    for statement in statements.split(';').filter(|it| !it.trim().is_empty()) {
        match &mut tx {
            Tx::Sqlite(tx) => {
                let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new(statement);
                query.build().execute(&mut **tx).await.unwrap();
            }
            Tx::Postgres(tx) => {
                let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new(statement);
                query.build().execute(&mut **tx).await.unwrap();
            }
        }
    }
    tx.commit().await.unwrap();
}
