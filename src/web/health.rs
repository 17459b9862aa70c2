//! Whether this process lives, whether it can serve, and how every connection is doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::table::{For, Table};
use super::{App, Shared};
use crate::domain::Time;
use crate::store::watch::Standing;
use crate::store::{self, Store};

/// Those who watch get an answer within this time, whatever the database does.
const PATIENCE: Duration = Duration::from_secs(5);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/live", live)
        .get(For::Anyone, "/ready", ready)
}

/// Whether pages can be served, and how every connection is doing. A blocked connection does not
/// make the pages unready: what is kept here can still be read and written.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    database: &'static str,
    connections: Vec<Doing>,
}

/// How one connection is doing, without words of people or of the CRM.
#[derive(Serialize)]
struct Doing {
    connection: String,
    crm: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    since: Option<Time>,
    parked: i64,
    waiting: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_left: Option<i64>,
}

/// What a process that lives answers.
pub const LIVES: &str = "ok\n";

async fn live() -> &'static str {
    LIVES
}

/// How the configured connections are doing; an error where the database does not say so in time.
/// One that was taken out of the configuration rests, and is no trouble.
///
/// # Errors
/// The database's.
pub async fn standings(app: &App) -> store::Result<Vec<Standing>> {
    let read = async { app.store.read().await?.standings().await };
    let mut standings = tokio::time::timeout(PATIENCE, read)
        .await
        .unwrap_or(Err(store::Error::PoolTimedOut))?;
    standings.retain(|it| app.engine.works(&it.connection));
    Ok(standings)
}

/// Adds how many open deals each has, where the database says so in time.
pub async fn count_open_deals(store: &Store, standings: &mut [Standing]) {
    let counted = async { store.read().await?.count_open_deals(standings).await };
    if !matches!(tokio::time::timeout(PATIENCE, counted).await, Ok(Ok(()))) {
        tracing::warn!("open deals were not counted in time");
    }
}

/// The code as a word for labels: what a CRM puts there is not always one. None where nothing is
/// left of it.
pub fn code_word(code: &str) -> Option<String> {
    let plain = code
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || "_-. ".contains(*it));
    let word: String = plain.take(64).collect();
    (!word.trim().is_empty()).then_some(word)
}

async fn ready(State(app): State<Shared>) -> (StatusCode, Json<Ready>) {
    match standings(&app).await {
        Ok(standings) => {
            let connections = standings.into_iter().map(doing).collect();
            let trouble = app.store.trouble().await.map(|it| it.kind.word());
            let ready = Ready {
                ready: trouble.is_none(),
                database: trouble.unwrap_or("ok"),
                connections,
            };
            let status = match trouble {
                None => StatusCode::OK,
                Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, Json(ready))
        }
        Err(error) => {
            app.store.noticed(&error, app.env.now());
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            let ready = Ready {
                ready: false,
                database: "does not answer",
                connections: Vec::new(),
            };
            (StatusCode::SERVICE_UNAVAILABLE, Json(ready))
        }
    }
}

fn doing(it: Standing) -> Doing {
    Doing {
        connection: it.connection,
        crm: it.crm,
        state: it.state,
        code: it.code.as_deref().and_then(code_word),
        since: it.since,
        parked: it.parked,
        waiting: it.waiting,
        calls_left: it.calls_left,
    }
}
