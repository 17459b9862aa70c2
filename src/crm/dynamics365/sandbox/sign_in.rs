//! The Entra endpoints: client credentials, authorization code with PKCE, refresh.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json as JsonBody;
use axum::extract::{Path, Query, RawForm, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Org, entra};
use crate::crm::settings::Settings;
use crate::domain::Time;
use crate::env::Env;

/// The tenant.
pub const TENANT: &str = "b4a1c0de-0000-4000-8000-00000000aad1";
/// The app registration.
pub const CLIENT_ID: &str = "7f3d9c10-0000-4000-8000-00000000c11e";
const CLIENT_SECRET: &str = "sandbox~secret.of-the~app";
/// How long an access token lasts, as the documents' sample states it.
const TOKEN_SECONDS: i64 = 3_599;
/// How long a code lasts.
const CODE_MINUTES: i64 = 10;

/// How the connector signs in: the application user's own id and secret.
pub fn settings(base: &url::Url) -> Settings {
    Settings {
        crm: "dynamics365".to_owned(),
        base_url: Some(base.clone()),
        login_url: base.join(TENANT).ok(),
        authorize_url: base.join(&format!("{TENANT}/oauth2/v2.0/authorize")).ok(),
        token_url: base.join(&format!("{TENANT}/oauth2/v2.0/token")).ok(),
        client_id: Some(CLIENT_ID.to_owned()),
        client_secret: Some(SecretString::from(CLIENT_SECRET)),
        allow_private: true,
        ..Settings::default()
    }
}

/// Tokens and codes that were given out.
#[derive(Default)]
pub struct SignIn(Mutex<Given>);

#[derive(Default)]
struct Given {
    /// Access token: when it lapses, and whether a call has used it.
    access: HashMap<String, (Time, bool)>,
    /// Refresh tokens that are good.
    refresh: Vec<String>,
    codes: HashMap<String, Code>,
}

struct Code {
    redirect: String,
    /// Who agreed, by their place in the world.
    person: usize,
    /// What the ID token has to repeat.
    nonce: String,
    challenge: String,
    /// Whether `openid` was among what was asked for.
    openid: bool,
    until: Time,
}

impl SignIn {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether that Authorization header is good now.
    pub fn knows(&self, header: &str, now: Time) -> bool {
        let Some(token) = header.strip_prefix("Bearer ") else {
            return false;
        };
        match self.given().access.get_mut(token) {
            Some((until, used)) if *until > now => {
                *used = true;
                true
            }
            _ => false,
        }
    }

    /// Forgets the token of that header if a call has used it before.
    pub fn forgets(&self, header: &str) -> bool {
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let mut given = self.given();
        let used = given.access.get(token).is_some_and(|(_, used)| *used);
        if used {
            given.access.remove(token);
        }
        used
    }
}

fn fresh(env: &Env, kind: &str) -> String {
    format!("{kind}{}", URL_SAFE_NO_PAD.encode(env.bytes::<24>()))
}

/// The addresses that client libraries look up first.
pub async fn discovery(headers: HeaderMap, Path(tenant): Path<String>) -> JsonBody<Json> {
    let root = format!("http://{}/{tenant}", host(&headers));
    JsonBody(json!({
        "issuer": format!("{root}/v2.0"),
        "authorization_endpoint": format!("{root}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{root}/oauth2/v2.0/token"),
        "jwks_uri": format!("{root}/discovery/v2.0/keys"),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }))
}

/// Where the sandbox was called.
pub fn host(headers: &HeaderMap) -> &str {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    host.unwrap_or("localhost")
}

/// The page where a person agrees; here they always do.
pub async fn authorize(
    Shared(org): Shared<Arc<Org>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
    if get("client_id") != CLIENT_ID || get("response_type") != "code" {
        let page = "AADSTS700016: Application was not found in the directory.";
        return (StatusCode::BAD_REQUEST, page).into_response();
    }
    let Ok(mut back) = url::Url::parse(&get("redirect_uri")) else {
        return (
            StatusCode::BAD_REQUEST,
            "AADSTS50011: redirect URI mismatch",
        )
            .into_response();
    };
    let code = fresh(org.world.env(), "1.AX");
    org.sign_in.given().codes.insert(
        code.clone(),
        Code {
            redirect: get("redirect_uri"),
            person: agreeing(&org, &get("login_hint")),
            nonce: get("nonce"),
            challenge: get("code_challenge"),
            openid: get("scope").split(' ').any(|it| it == "openid"),
            until: org.world.now() + TimeDelta::minutes(CODE_MINUTES),
        },
    );
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &get("state"))
        .append_pair("session_state", "1");
    Redirect::to(back.as_str()).into_response()
}

/// Whose address the app hinted at, else whoever comes first.
fn agreeing(org: &Org, hint: &str) -> usize {
    let state = org.world.state();
    let hinted = state.people.iter().position(|it| it.email == hint);
    hinted.unwrap_or_default()
}

/// Exchanges a grant.
pub async fn token(
    Shared(org): Shared<Arc<Org>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let mut asked: HashMap<String, String> =
        url::form_urlencoded::parse(&form).into_owned().collect();
    if let Some((id, secret)) = basic(&headers) {
        asked.insert("client_id".to_owned(), id);
        asked.insert("client_secret".to_owned(), secret);
    }
    match granted(&org, &tenant, &asked, host(&headers)) {
        Ok(answer) => JsonBody(answer).into_response(),
        Err(Refused(status, error, number, text)) => {
            let stamp = org.world.now().format("%Y-%m-%d %H:%M:%SZ").to_string();
            let body = json!({
                "error": error,
                "error_description": format!("AADSTS{number}: {text}\r\nTimestamp: {stamp}"),
                "error_codes": [number],
                "timestamp": stamp,
                "trace_id": super::tables::guid(0x7ace_0000, 1),
                "correlation_id": super::tables::guid(0xc088_0000, 1),
            });
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, JsonBody(body)).into_response()
        }
    }
}

struct Refused(u16, &'static str, u32, &'static str);

fn granted(
    org: &Org,
    tenant: &str,
    asked: &HashMap<String, String>,
    host: &str,
) -> Result<Json, Refused> {
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    if tenant != TENANT && !["common", "organizations"].contains(&tenant) {
        return Err(Refused(400, "invalid_request", 90002, "Tenant not found."));
    }
    if get("client_id") != CLIENT_ID {
        let text = "Application was not found in the directory.";
        return Err(Refused(400, "unauthorized_client", 700_016, text));
    }
    if get("client_secret") != CLIENT_SECRET {
        let text = "Invalid client secret provided.";
        return Err(Refused(401, "invalid_client", 7_000_215, text));
    }
    let mut person = false;
    let mut signed_in = None;
    match get("grant_type") {
        "client_credentials" => resource(get("scope"), host, true)?,
        "authorization_code" => {
            person = true;
            signed_in = Some(redeem(org, asked)?);
        }
        "refresh_token" => {
            person = true;
            let known = &mut org.sign_in.given().refresh;
            if !known.iter().any(|token| token == get("refresh_token")) {
                let text = "The refresh token has expired due to inactivity.";
                return Err(Refused(400, "invalid_grant", 700_082, text));
            }
        }
        _ => {
            let text = "The app requested an unsupported grant type.";
            return Err(Refused(400, "unsupported_grant_type", 70_003, text));
        }
    }
    if person && !get("scope").is_empty() {
        resource(get("scope"), host, false)?;
    }
    let env = org.world.env();
    let access = fresh(env, "eyJ0");
    let until = org.world.now() + TimeDelta::seconds(TOKEN_SECONDS);
    let mut given = org.sign_in.given();
    given.access.insert(access.clone(), (until, false));
    let mut answer = json!({
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "ext_expires_in": TOKEN_SECONDS,
        "access_token": access,
    });
    if person {
        // A new one each time; the one before stays good.
        let refresh = fresh(env, "0.AR");
        given.refresh.push(refresh.clone());
        answer["refresh_token"] = Json::from(refresh);
        answer["scope"] = Json::from(get("scope"));
    }
    drop(given);
    // Who agreed to `openid` is told who they are.
    if let Some(code) = signed_in.filter(|it| it.openid) {
        answer["id_token"] = Json::from(entra::id_token(org, host, code.person, &code.nonce));
    }
    Ok(answer)
}

/// The scope must name this organisation, and the whole of it where no person is there.
fn resource(scope: &str, host: &str, app: bool) -> Result<(), Refused> {
    let ours = format!("http://{host}/");
    let mut named = scope.split(' ').filter(|one| one.contains("://"));
    if !named.clone().all(|one| one.starts_with(&ours)) {
        let text = "The resource principal was not found in the tenant.";
        return Err(Refused(400, "invalid_resource", 500_011, text));
    }
    if app && named.next() != Some(&format!("{ours}.default")) {
        let text = "The provided value for scope is not valid. It must end in /.default.";
        return Err(Refused(400, "invalid_scope", 1_002_012, text));
    }
    Ok(())
}

fn redeem(org: &Org, asked: &HashMap<String, String>) -> Result<Code, Refused> {
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    let bad = |number, text| Err(Refused(400, "invalid_grant", number, text));
    let Some(code) = org.sign_in.given().codes.remove(get("code")) else {
        return bad(54_005, "The code was already redeemed or is unknown.");
    };
    if code.until < org.world.now() {
        return bad(70_008, "The provided authorization code has expired.");
    }
    if code.redirect != get("redirect_uri") {
        return bad(50_011, "The redirect URI does not match.");
    }
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier").as_bytes()));
    if !code.challenge.is_empty() && code.challenge != proof {
        return bad(
            501_481,
            "The Code_Verifier does not match the code_challenge.",
        );
    }
    Ok(code)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get("authorization")?.to_str().ok()?;
    let pair = STANDARD.decode(text.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
