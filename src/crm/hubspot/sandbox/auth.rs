//! Sign-in: authorization code with optional PKCE, refresh, introspection, revocation.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answers::{Query, answer, empty, not_found};
use super::{APP, CLIENT_ID, CLIENT_SECRET, Hub, PORTAL, REFRESH_TOKEN, SERVICE_KEY};
use crate::domain::Time;

/// How long an access token lasts, in seconds.
const ACCESS_SECONDS: i64 = 1800;
/// How long a code may be exchanged.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// What the installation made beforehand was granted.
const ALL_SCOPES: &str = "oauth crm.objects.deals.read crm.objects.deals.write crm.objects.companies.read crm.objects.owners.read crm.schemas.deals.read crm.schemas.deals.write crm.lists.read crm.lists.write";

/// Who calls.
pub enum Holder {
    /// A service key; it may do everything.
    Key,
    /// An installed app, with what it was granted.
    App {
        /// The scopes.
        scopes: Vec<String>,
    },
}

/// What was handed out.
#[derive(Default)]
pub struct Tokens {
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Vec<String>>,
    revoked: BTreeSet<String>,
}

struct Code {
    redirect: String,
    challenge: Option<String>,
    scopes: Vec<String>,
    until: Time,
}

struct Access {
    until: Time,
    scopes: Vec<String>,
}

impl Tokens {
    /// Who calls with that token; none where it is not or no longer good.
    pub fn holder(&self, token: &str, now: Time) -> Option<Holder> {
        if token == SERVICE_KEY {
            return Some(Holder::Key);
        }
        let access = self.access.get(token).filter(|access| access.until > now)?;
        let scopes = access.scopes.clone();
        Some(Holder::App { scopes })
    }

    /// Ends an access token early; keys do not expire.
    pub fn expire(&mut self, token: &str) {
        self.access.remove(token);
    }

    fn granted(&self, refresh: &str) -> Option<Vec<String>> {
        if self.revoked.contains(refresh) {
            return None;
        }
        let all = || scopes(ALL_SCOPES);
        let known = self.refresh.get(refresh).cloned();
        known.or_else(|| (refresh == REFRESH_TOKEN).then(all))
    }
}

fn scopes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The page on which a person agrees; here everyone does at once.
pub async fn authorize(State(hub): State<Hub>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let redirect = query.get("redirect_uri").unwrap_or_default();
    let Ok(mut url) = url::Url::parse(redirect) else {
        return (
            StatusCode::BAD_REQUEST,
            "redirect_uri is missing or no address",
        )
            .into_response();
    };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    if url.scheme() != "https" && !local {
        return (StatusCode::BAD_REQUEST, "redirect_uri must be https").into_response();
    }
    if query.get("client_id") != Some(CLIENT_ID) {
        return (StatusCode::BAD_REQUEST, "client_id is unknown").into_response();
    }
    let code = format!("eu1-code-{:08x}", hub.number());
    let asked = ["scope", "optional_scope"]
        .iter()
        .filter_map(|key| query.get(key));
    let granted = Code {
        redirect: redirect.to_owned(),
        challenge: query.get("code_challenge").map(str::to_owned),
        scopes: asked.flat_map(scopes).collect(),
        until: hub.world().now() + CODE_LIFETIME,
    };
    hub.tokens().codes.insert(code.clone(), granted);
    url.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = query.get("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    (StatusCode::FOUND, [(header::LOCATION, url.to_string())]).into_response()
}

fn refused(error: &str, status: &str, message: &str) -> Response {
    let body = json!({
        "error": error,
        "error_description": message,
        "status": status,
        "message": message,
    });
    answer(400, body)
}

/// Exchanges a grant for tokens.
pub async fn token(State(hub): State<Hub>, OriginalUri(uri): OriginalUri, body: Bytes) -> Response {
    let form = form(&body);
    if let Some(refusal) = wrong_client(&form) {
        return refusal;
    }
    let now = hub.world().now();
    let mut tokens = hub.tokens();
    let (refresh, scopes) = match form.get("grant_type") {
        Some("authorization_code") => {
            let code = form.get("code").unwrap_or_default();
            let Some(code) = tokens.codes.remove(code).filter(|code| code.until > now) else {
                let message = "missing or unknown auth code";
                return refused("invalid_grant", "BAD_AUTH_CODE", message);
            };
            if form.get("redirect_uri") != Some(&code.redirect) {
                let message = "redirect_uri does not match the initial auth code url";
                return refused("redirect_uri_mismatch", "BAD_REDIRECT_URI", message);
            }
            let verifier = form.get("code_verifier").unwrap_or_default();
            let told = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            if code.challenge.is_some_and(|wanted| wanted != told) {
                let message = "code_verifier does not fit";
                return refused("invalid_grant", "BAD_CODE_VERIFIER", message);
            }
            let refresh = format!("eu1-refresh-{:08x}", hub.number());
            tokens.refresh.insert(refresh.clone(), code.scopes.clone());
            (refresh, code.scopes)
        }
        Some("refresh_token") => {
            let refresh = form.get("refresh_token").unwrap_or_default();
            let Some(scopes) = tokens.granted(refresh) else {
                let message = "refresh token is invalid, expired or revoked";
                return refused("invalid_grant", "BAD_REFRESH_TOKEN", message);
            };
            (refresh.to_owned(), scopes)
        }
        _ => {
            let message = "grant_type is missing or not supported";
            return refused("unsupported_grant_type", "BAD_GRANT_TYPE", message);
        }
    };
    // Access tokens are long, and grow.
    let access = format!("CPsandbox{:08x}{}", hub.number(), "A".repeat(280));
    let until = now + TimeDelta::seconds(ACCESS_SECONDS);
    let granted = Access {
        until,
        scopes: scopes.clone(),
    };
    tokens.access.insert(access.clone(), granted);
    let mut body = json!({
        "token_type": "bearer",
        "refresh_token": refresh,
        "access_token": access,
        "expires_in": ACCESS_SECONDS,
    });
    if !uri.path().starts_with("/oauth/v1/") {
        body["hub_id"] = json!(PORTAL);
        body["user_id"] = json!(9_500_000);
        body["scopes"] = json!(scopes);
        body["token_use"] = json!("access_token");
    }
    answer(200, body)
}

fn form(body: &Bytes) -> Query {
    Query::of(Some(String::from_utf8_lossy(body).into_owned()))
}

fn wrong_client(form: &Query) -> Option<Response> {
    let wrong = |what: &str, status: &str| {
        let message = format!("missing or invalid {what}");
        Some(refused("invalid_client", status, &message))
    };
    if form.get("client_id") != Some(CLIENT_ID) {
        return wrong("client id", "BAD_CLIENT_ID");
    }
    if form.get("client_secret") != Some(CLIENT_SECRET) {
        return wrong("client secret", "BAD_CLIENT_SECRET");
    }
    None
}

fn about(token: &str, scopes: &[String]) -> Value {
    json!({
        "token": token,
        "token_type": "bearer",
        "hub_id": PORTAL,
        "hub_domain": "meridian.test",
        "app_id": APP,
        "user_id": 9_500_000,
        "user": "latitude.integration@meridian.test",
        "client_id": CLIENT_ID,
        "scopes": scopes,
        "is_private_distribution": true,
    })
}

/// Says what a token is; a dead one is not an error.
pub async fn introspect(State(hub): State<Hub>, body: Bytes) -> Response {
    let form = form(&body);
    if let Some(refusal) = wrong_client(&form) {
        return refusal;
    }
    let token = form.get("token").unwrap_or_default();
    let now = hub.world().now();
    let tokens = hub.tokens();
    let (mut body, kind) = match (tokens.access.get(token), tokens.granted(token)) {
        (Some(access), _) if access.until > now => {
            let mut body = about(token, &access.scopes);
            body["expires_in"] = json!((access.until - now).num_seconds());
            (body, "access_token")
        }
        (_, Some(scopes)) => (about(token, &scopes), "refresh_token"),
        _ => return answer(200, json!({"active": false})),
    };
    body["active"] = json!(true);
    body["token_use"] = json!(kind);
    answer(200, body)
}

/// Ends a refresh token; access tokens live out their time.
pub async fn revoke(State(hub): State<Hub>, body: Bytes) -> Response {
    let form = form(&body);
    if let Some(refusal) = wrong_client(&form) {
        return refusal;
    }
    let token = form.get("token").unwrap_or_default();
    hub.tokens().revoked.insert(token.to_owned());
    StatusCode::OK.into_response()
}

/// The older way to ask what an access token is.
pub async fn access_token(State(hub): State<Hub>, Path(token): Path<String>) -> Response {
    let now = hub.world().now();
    let tokens = hub.tokens();
    let alive = tokens
        .access
        .get(&token)
        .filter(|access| access.until > now);
    match alive {
        Some(access) => {
            let mut body = about(&token, &access.scopes);
            body["expires_in"] = json!((access.until - now).num_seconds());
            body["token_type"] = json!("access");
            answer(200, body)
        }
        None => not_found(&hub),
    }
}

/// The older way to ask what a refresh token is.
pub async fn refresh_token(State(hub): State<Hub>, Path(token): Path<String>) -> Response {
    match hub.tokens().granted(&token) {
        Some(scopes) => {
            let mut body = about(&token, &scopes);
            body["token_type"] = json!("refresh");
            answer(200, body)
        }
        None => not_found(&hub),
    }
}

/// The older way to end a refresh token.
pub async fn forget_refresh_token(State(hub): State<Hub>, Path(token): Path<String>) -> Response {
    hub.tokens().revoked.insert(token);
    empty()
}
