//! The request of a panel's web resource: what the form tells it, and the ID token that it got from
//! Entra for whoever looks.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{Org, entra, sign_in};

/// Who looks at which deal, and where the panel is.
#[derive(Deserialize)]
pub struct Asked {
    deal: String,
    person: String,
    address: String,
}

/// `GET /__sandbox/embed`: the web resource's form, as method, address, headers and body.
pub async fn form(
    Shared(org): Shared<Arc<Org>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let place = {
        let state = org.world.state();
        state.people.iter().position(|it| it.id == asked.person)
    };
    let Some(place) = place else {
        return (StatusCode::NOT_FOUND, "no such user").into_response();
    };
    let token = entra::id_token(&org, sign_in::host(&headers), place, "");
    // A form states its row in braces and capitals.
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id", &format!("{{{}}}", asked.deal.to_uppercase()))
        .append_pair("typename", "opportunity")
        .append_pair("id_token", &token)
        .finish();
    JsonBody(json!({
        "method": "POST",
        "url": asked.address,
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "body": body,
    }))
    .into_response()
}
