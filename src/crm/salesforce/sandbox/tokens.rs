//! What becomes of tokens: revoked, introspected, asked who holds them.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::json;

use super::answer::Answer;
use super::oauth::{CLIENT_ID, Form, authenticate};
use super::org::{Org, base, bearer};

/// `POST /services/oauth2/revoke`.
pub async fn revoke(
    State(org): State<Org>,
    uri: axum::http::Uri,
    body: axum::body::Bytes,
) -> Response {
    let (form, query) = (
        Form::read(&body),
        Form::read(uri.query().unwrap_or_default().as_bytes()),
    );
    let token = form.get("token").or(query.get("token")).unwrap_or_default();
    if org.book().grants.revoke(token) {
        return StatusCode::OK.into_response();
    }
    let told = "error=unsupported_token_type&error_description=this+token+type+is+not+supported";
    let media_type = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    (StatusCode::BAD_REQUEST, media_type, told).into_response()
}

/// `POST /services/oauth2/introspect`.
pub async fn introspect(
    State(org): State<Org>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let form = Form::read(&body);
    if let Err(denied) = authenticate(&headers, &form, true) {
        return denied.into_response();
    }
    let now = org.world.now();
    let state = org.world.state();
    let book = org.book();
    let Some((user, ends, scope)) = book
        .grants
        .session(form.get("token").unwrap_or_default(), now)
    else {
        return Answer::json(&json!({"active": false})).into_response();
    };
    let person = &state.people[user];
    let began = (ends - TimeDelta::seconds(book.rules.session_seconds)).timestamp();
    Answer::json(&json!({
        "active": true,
        "scope": scope,
        "client_id": CLIENT_ID,
        "username": person.email,
        "sub": format!("{}/id/{}/{}", base(&headers), Org::id(), person.id),
        "token_type": "access_token",
        "exp": ends.timestamp(),
        "iat": began,
        "nbf": began,
    }))
    .into_response()
}

/// `GET /services/oauth2/userinfo`, and `GET /id/{org}/{user}`.
pub async fn userinfo(
    State(org): State<Org>,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Response {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    let token = match bearer(&headers) {
        "" => query.get("oauth_token").unwrap_or_default().to_owned(),
        token => token.to_owned(),
    };
    let now = org.world.now();
    let state = org.world.state();
    let mut book = org.book();
    let lasts = TimeDelta::seconds(book.rules.session_seconds);
    let Some(user) = book.grants.user_of(&token, now, lasts) else {
        return (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response();
    };
    let (person, base) = (&state.people[user], base(&headers));
    let organization = Org::id();
    Answer::json(&json!({
        "sub": format!("{base}/id/{organization}/{}", person.id),
        "id": format!("{base}/id/{organization}/{}", person.id),
        "user_id": person.id,
        "organization_id": organization,
        "preferred_username": person.email,
        "username": person.email,
        "nickname": person.first,
        "display_name": person.name(),
        "name": person.name(),
        "first_name": person.first,
        "last_name": person.last,
        "email": person.email,
        "email_verified": true,
        "active": person.active,
        "user_type": "STANDARD",
        "timezone": person.time_zone,
        "urls": {
            "rest": format!("{base}/services/data/v{{version}}/"),
            "sobjects": format!("{base}/services/data/v{{version}}/sobjects/"),
            "query": format!("{base}/services/data/v{{version}}/query/"),
        },
    }))
    .into_response()
}

/// `GET /id/{org}/{user}`.
pub async fn identity(
    org: State<Org>,
    _: Path<(String, String)>,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Response {
    userinfo(org, headers, uri).await
}
