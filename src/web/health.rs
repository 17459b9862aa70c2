//! Whether this process lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;

use super::Shared;
use super::table::{For, Table};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/live", live)
        .get(For::Anyone, "/ready", ready)
}

async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(app): State<Shared>) -> (StatusCode, &'static str) {
    let answers = async { app.store.read().await?.ping().await };
    match answers.await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}
