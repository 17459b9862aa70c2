//! After a storm nobody can read a token, a plan or an address in what Latitude tells those who run
//! it: planted words are searched for in logs at their most talkative, metrics, pages, the ledger,
//! doctor.

use std::io::Write;
use std::sync::{Arc, Mutex};

use latitude::domain::field::Field;
use latitude::http::token::Vault;
use latitude::ops::config::Config;
use latitude::ops::copy::export;
use latitude::ops::doctor::look_with;
use latitude::ops::ledger::accounts;
use latitude::ops::telemetry::traces;
use latitude::sandbox::weather::Weather;
use latitude::store::Store;
use latitude::sync::report::RunState;
use latitude::sync::vault::StoreVault;
use latitude::web::settings::Settings as WebSettings;
use latitude::web::{self, App};
use secrecy::ExposeSecret;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::stage::{Stage, databases};
use crate::web::site::Browser;

/// Stands in every plan.
const PLAN: &str = "quokkacanary";

/// Keeps everything that is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that must be nowhere, by what it is.
async fn canaries(stage: &Stage) -> Vec<(&'static str, String)> {
    let mut all = vec![("plan", PLAN.to_owned())];
    {
        let state = stage.served.world.state();
        all.extend(state.people.iter().map(|it| ("address", it.email.clone())));
    }
    let settings = &stage.served.settings;
    let secrets = [&settings.client_secret, &settings.token];
    let secrets = secrets.into_iter().flatten();
    all.extend(secrets.map(|it| ("secret", it.expose_secret().to_owned())));
    let vault = StoreVault::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        stage.id.clone(),
    );
    if let Some(tokens) = vault.load().await.unwrap() {
        all.push(("token", tokens.access.expose_secret().to_owned()));
        let refresh = tokens.refresh.into_iter();
        all.extend(refresh.map(|it| ("token", it.expose_secret().to_owned())));
    }
    all.retain(|(_, text)| text.len() > 5);
    all
}

/// An OpenTelemetry collector that keeps what it is sent; answers with its address.
async fn collector(kept: Kept) -> String {
    let take = move |body: axum::body::Bytes| async move {
        kept.0.lock().unwrap().extend_from_slice(&body);
    };
    let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn is_clean(place: &str, text: &str, canaries: &[(&str, String)]) {
    for (what, canary) in canaries {
        let at = text.find(canary.as_str());
        let near = at.map(|at| {
            let line = text.get(..at).and_then(|it| it.lines().last());
            line.unwrap_or_default().to_owned()
        });
        assert_eq!(near, None, "{place} holds a {what} after this");
    }
}

#[tokio::test]
async fn a_storm_leaves_no_token_plan_or_address_anywhere_ops_look() {
    let logged = Kept::default();
    let writer = {
        let logged = logged.clone();
        move || logged.clone()
    };
    let lines = fmt::layer()
        .with_ansi(false)
        .with_writer(writer)
        .with_filter(LevelFilter::TRACE);
    let collected = Kept::default();
    let collector = collector(collected.clone()).await;
    let (spans, sender) = traces(&collector).unwrap();
    let subscriber = tracing_subscriber::registry().with(lines).with(spans);
    let _guard = tracing::subscriber::set_default(subscriber);
    for database in databases().await {
        let stage = Stage::in_real_time(&database, 20).await;
        let many = stage.served.world.state().deals.len();
        for deal in 0..many {
            let text = format!("Ask {PLAN}@plan.example about the gate, because {PLAN} owns it.");
            stage.types(deal, Field::Approach, &text);
            stage.types(deal, Field::CustomerOutcome, &text);
        }
        let storm = Weather::named("storm").unwrap();
        stage.served.world.weather().set(storm);
        let first = stage.reconcile().await;
        let seen = canaries(&stage).await;
        let report = serde_json::to_string(&first).unwrap();
        is_clean("the report", &report, &seen);
        stage
            .served
            .world
            .weather()
            .set(Weather::named("calm").unwrap());
        let last = stage.reconcile().await;
        assert_eq!(last.state, RunState::Ok, "{:?}", last.cause);
        assert!(
            stage
                .everything_shown()
                .iter()
                .any(|it| it.values().any(|value| value.to_string().contains(PLAN))),
            "the words did travel"
        );
        let seen = [seen, canaries(&stage).await].concat();

        let store: Store = stage.engine.store.clone();
        let mut kept = Vec::new();
        export(&store, &mut kept, stage.env.now()).await.unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(kept.contains(PLAN), "and were taken up");
        assert!(
            seen.iter()
                .any(|it| it.0 == "address" && kept.contains(&it.1))
        );
        assert!(seen.iter().any(|it| it.0 == "token"));
        let told = accounts(&store, None, None, 10_000).await.unwrap();
        is_clean("the ledger", &serde_json::to_string(&told).unwrap(), &seen);
        let mut config = Config::of("").unwrap();
        config.database.url = database.as_str().into();
        config.secrets.key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into();
        let connection = (stage.id.as_str().to_owned(), stage.served.settings.clone());
        config.connections.extend([connection]);
        let checks = look_with(&config, &stage.env).await;
        is_clean("doctor", &serde_json::to_string(&checks).unwrap(), &seen);
        is_clean("the configuration", &format!("{config:?}"), &seen);

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let whom = stage.served.world.state().people[0].id.clone();
        let mut settings = WebSettings::demo(&address);
        settings.ops.push(format!("acme:{whom}"));
        let app = App::new(Arc::new(stage.engine), settings);
        let (keep, stop) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            let _keep = keep;
            web::serve(app, listener, stop).await;
        });
        let mut ops = Browser::on(&address);
        ops.sign_in(&format!("acme:{whom}")).await;
        for path in [
            "/ready",
            "/metrics",
            "/live",
            "/ledger",
            "/connect",
            "/connect/acme",
            "/connect/acme/back?code=x&state=y",
            "/nowhere",
            "/deals/acme/nothing",
        ] {
            let shown = ops.get(path).await;
            is_clean(path, &shown.body, &seen);
        }
        let logs = String::from_utf8_lossy(&logged.0.lock().unwrap()).into_owned();
        assert!(logs.contains("worked a connection") || logs.contains("TRACE"));
        is_clean("the log", &logs, &seen);
        let flushed = tokio::task::spawn_blocking({
            let sender = sender.clone();
            move || sender.force_flush()
        });
        flushed.await.unwrap().unwrap();
        let traced = String::from_utf8_lossy(&collected.0.lock().unwrap()).into_owned();
        for word in ["latitude", "write_back", "http.request.method", "acme"] {
            assert!(traced.contains(word), "no {word} in the traces");
        }
        is_clean("the traces", &traced, &seen);
    }
}
