//! Sign-in: authorization code, refresh, revocation; API tokens.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::json;

use super::answers::{Query, answer};
use super::{API_TOKEN, CLIENT_ID, CLIENT_SECRET, Desk, REFRESH_TOKEN, address};
use crate::domain::Time;

/// How long an access token lasts, in seconds.
const ACCESS_SECONDS: i64 = 3599;
/// How long a code may be exchanged.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// How long a refresh token lives without being used.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(60);
/// What the app may do, as fixed where it was made.
const SCOPE: &str = "base,deals:full,deal-fields:full,contacts:read,users:read,admin";

/// Who calls.
#[derive(Clone, Copy)]
pub enum Holder {
    /// A user's own token.
    Key,
    /// An installed app.
    App,
}

/// What was handed out.
#[derive(Default)]
pub struct Tokens {
    codes: BTreeMap<String, (String, Time)>,
    access: BTreeMap<String, Time>,
    refresh: BTreeMap<String, Time>,
    revoked: BTreeSet<String>,
}

impl Tokens {
    /// Who calls with that key or token; none where it is not or no longer good.
    pub fn holder(&self, key: Option<&str>, bearer: &str, now: Time) -> Option<Holder> {
        if let Some(key) = key {
            return (key == API_TOKEN).then_some(Holder::Key);
        }
        let until = self.access.get(bearer)?;
        (*until > now).then_some(Holder::App)
    }

    /// Ends an access token early; keys do not expire.
    pub fn expire(&mut self, bearer: &str) {
        self.access.remove(bearer);
    }

    fn is_alive(&self, refresh: &str, now: Time) -> bool {
        let used = self.refresh.get(refresh).copied();
        let used = used.or_else(|| (refresh == REFRESH_TOKEN).then_some(now));
        !self.revoked.contains(refresh) && used.is_some_and(|at| at + REFRESH_LIFETIME > now)
    }
}

/// The page on which a person agrees; here everyone does at once.
pub async fn authorize(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let redirect = query.get("redirect_uri").unwrap_or_default();
    let Ok(mut url) = url::Url::parse(redirect) else {
        return (
            StatusCode::BAD_REQUEST,
            "redirect_uri is missing or no address",
        )
            .into_response();
    };
    if query.get("client_id") != Some(CLIENT_ID) {
        return (StatusCode::BAD_REQUEST, "client_id is unknown").into_response();
    }
    let code = format!("code{:08x}", desk.number());
    let until = desk.world().now() + CODE_LIFETIME;
    let granted = (redirect.to_owned(), until);
    desk.tokens().codes.insert(code.clone(), granted);
    url.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = query.get("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    (StatusCode::FOUND, [(header::LOCATION, url.to_string())]).into_response()
}

fn refused(error: &str, message: &str) -> Response {
    let body = json!({"success": false, "message": message, "error": error});
    answer(400, body)
}

/// The form of a request whose Basic header names the app, or the answer that refuses it.
fn form(headers: &HeaderMap, body: &Bytes) -> Result<Query, Box<Response>> {
    let text = |name: header::HeaderName| {
        let value = headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if !text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded") {
        let message = "Invalid request: content type must be application/x-www-form-urlencoded";
        return Err(Box::new(refused("invalid_request", message)));
    }
    let told = text(header::AUTHORIZATION);
    let told = told.strip_prefix("Basic ").unwrap_or_default();
    let told = STANDARD.decode(told).unwrap_or_default();
    if told.is_empty() {
        let message = "Invalid client: cannot retrieve client credentials";
        return Err(Box::new(refused("invalid_client", message)));
    }
    if told != format!("{CLIENT_ID}:{CLIENT_SECRET}").into_bytes() {
        let message = "Invalid client: client is invalid";
        return Err(Box::new(refused("invalid_client", message)));
    }
    let form = String::from_utf8_lossy(body).into_owned();
    Ok(Query::of(Some(form)))
}

/// Exchanges a grant for tokens.
pub async fn token(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let address = address(&headers);
    let form = match form(&headers, &body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let now = desk.world().now();
    let mut tokens = desk.tokens();
    let refresh = match form.get("grant_type") {
        Some("authorization_code") => {
            let code = form.get("code").unwrap_or_default();
            let Some((redirect, until)) = tokens.codes.remove(code) else {
                let message = "Invalid grant: authorization_code is invalid";
                return refused("invalid_grant", message);
            };
            if until <= now {
                let message = "Invalid grant: authorization_code has expired";
                return refused("invalid_grant", message);
            }
            if form.get("redirect_uri") != Some(&redirect) {
                return refused("invalid_request", "Invalid request: redirect_uri mismatch");
            }
            format!("1:1:{:040x}", desk.number())
        }
        Some("refresh_token") => {
            let refresh = form.get("refresh_token").unwrap_or_default();
            if !tokens.is_alive(refresh, now) {
                return refused("invalid_grant", "Invalid grant: refresh_token is invalid");
            }
            refresh.to_owned()
        }
        Some(_) => return refused("unsupported_grant_type", "Unsupported grant type"),
        None => return refused("invalid_request", "Missing parameter: grant_type"),
    };
    tokens.refresh.insert(refresh.clone(), now);
    let access = format!("v1u:{:08x}{}", desk.number(), "B".repeat(200));
    let until = now + TimeDelta::seconds(ACCESS_SECONDS);
    tokens.access.insert(access.clone(), until);
    let body = json!({
        "access_token": access,
        "token_type": "Bearer",
        "refresh_token": refresh,
        "scope": SCOPE,
        "expires_in": ACCESS_SECONDS,
        "api_domain": address,
    });
    answer(200, body)
}

/// Ends a token; ending the refresh token uninstalls the app for the user.
pub async fn revoke(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let form = match form(&headers, &body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let token = form.get("token").unwrap_or_default();
    let mut tokens = desk.tokens();
    if tokens.access.remove(token).is_none() {
        tokens.revoked.insert(token.to_owned());
        tokens.access.clear();
    }
    StatusCode::OK.into_response()
}
