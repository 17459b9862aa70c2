//! `POST /push/{connection}`: a CRM says that something changed. Believed when signed, and then
//! only as a hint to look sooner; what changed is read by the pull, as always.

use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use secrecy::ExposeSecret;

use super::Shared;
use super::embed::arrived;
use super::error::Problem;
use super::table::{For, Table};
use crate::sync::{BETWEEN_PULLS, PULL};

/// What is said to whoever did not sign.
pub const UNBELIEVED: &str = "the signature does not fit, or it is too old";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.post(For::Machines, "/push/{connection}", push)
}

async fn push(
    State(app): State<Shared>,
    Path(connection): Path<String>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let from = arrived(&app, connection, (method, &uri), &headers, body).await?;
    let own = from.session.settings.push_secret.as_ref();
    let secret = own
        .or(from.session.settings.client_secret.as_ref())
        .filter(|secret| !secret.expose_secret().is_empty())
        .ok_or(Problem::Refused(UNBELIEVED))?;
    let deals = from.crm.hint(&from.push, secret).map_err(|rejected| {
        tracing::warn!(connection.id = %from.connection, error = %rejected, "a push is not believed");
        Problem::Refused(UNBELIEVED)
    })?;
    if !deals.is_empty() {
        let mut tx = app.store.write().await?;
        let at = (app.env.now(), BETWEEN_PULLS);
        tx.hint(&from.connection, PULL, at).await?;
        tx.commit().await?;
        app.engine.wake().await;
    }
    Ok(StatusCode::ACCEPTED)
}
