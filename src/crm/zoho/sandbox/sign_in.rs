//! The accounts server: codes, refresh tokens that stay, access tokens that are rationed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json as JsonBody;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Answer, Office, refuse};
use crate::crm::settings::Settings;
use crate::domain::Time;
use crate::env::Env;
use crate::sandbox::world::World;

const CLIENT_ID: &str = "1000.SANDBOX0CLIENT0OF0ZOHO0CRM000";
const CLIENT_SECRET: &str = "5a4db0c5ec2e70f25a4db0c5ec2e70f2";
/// The refresh token of the self client that an admin made.
const SELF_CLIENT: &str = "1000.5e1fc11e47.sandbox";
const TOKEN_SECONDS: i64 = 3_600;
const CODE_MINUTES: i64 = 2;
/// Access tokens that one refresh token buys in so many minutes.
const RATION: (usize, i64) = (10, 10);
/// Access tokens of one refresh token that live at once; one more kills the oldest.
const LIVE: usize = 30;

/// How the connector signs in: with the refresh token of a self client.
pub fn settings(base: &url::Url) -> Settings {
    Settings {
        crm: "zoho".to_owned(),
        base_url: Some(base.clone()),
        login_url: Some(base.clone()),
        authorize_url: base.join("/oauth/v2/auth").ok(),
        token_url: base.join("/oauth/v2/token").ok(),
        client_id: Some(CLIENT_ID.to_owned()),
        client_secret: Some(SecretString::from(CLIENT_SECRET)),
        token: Some(SecretString::from(SELF_CLIENT)),
        allow_private: true,
        ..Settings::default()
    }
}

/// Tokens and codes that were given out.
pub struct SignIn(Mutex<Given>);

#[derive(Default)]
struct Given {
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, Code>,
}

#[derive(Default)]
struct Refresh {
    access: VecDeque<Access>,
    /// When tokens were asked for. Whoever goes on asking beyond the ration stays shut out.
    asked: VecDeque<Time>,
}

struct Access {
    token: String,
    until: Time,
    used: bool,
}

struct Code {
    redirect: String,
    challenge: String,
    until: Time,
    offline: bool,
}

impl Default for SignIn {
    fn default() -> Self {
        let mut given = Given::default();
        given
            .refresh
            .insert(SELF_CLIENT.to_owned(), Refresh::default());
        Self(Mutex::new(given))
    }
}

impl SignIn {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call with that Authorization header in, or says why not.
    pub fn admits(&self, header: &str, world: &World) -> Result<(), Answer> {
        let Some(token) = header.strip_prefix("Zoho-oauthtoken ") else {
            return Err(refuse(
                401,
                "AUTHENTICATION_FAILURE",
                json!({}),
                "Authentication failed",
            ));
        };
        let now = world.now();
        let mut given = self.given();
        let mut all = given
            .refresh
            .values_mut()
            .flat_map(|refresh| &mut refresh.access);
        match all.find(|access| access.token == token && access.until > now) {
            Some(access) => {
                access.used = true;
                Ok(())
            }
            None => Err(invalid_token()),
        }
    }

    /// Forgets the token of that header, if it was used and the ration allows buying another: no
    /// server expires tokens faster than it gives them out.
    pub fn forgets(&self, header: &str, world: &World) -> bool {
        let token = header.strip_prefix("Zoho-oauthtoken ").unwrap_or_default();
        let since = world.now() - TimeDelta::minutes(RATION.1);
        let mut given = self.given();
        for refresh in given.refresh.values_mut() {
            let lately = refresh.asked.iter().filter(|at| **at > since).count();
            let known = refresh
                .access
                .iter()
                .position(|it| it.token == token && it.used);
            if let Some(known) = known
                && lately * 2 < RATION.0
            {
                refresh.access.remove(known);
                return true;
            }
        }
        false
    }
}

/// The refusal of a token that is not good any more.
pub fn invalid_token() -> Answer {
    refuse(401, "INVALID_TOKEN", json!({}), "invalid oauth token")
}

fn fresh(env: &Env) -> String {
    let hex =
        |bytes: [u8; 16]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    format!("1000.{}.{}", hex(env.bytes()), hex(env.bytes()))
}

/// The page where a person agrees; here they always do.
pub async fn authorize(
    Shared(office): Shared<Arc<Office>>,
    headers: HeaderMap,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
    if get("client_id") != CLIENT_ID || get("response_type") != "code" || get("scope").is_empty() {
        return (StatusCode::BAD_REQUEST, "ERROR_invalid_client").into_response();
    }
    let Ok(mut back) = url::Url::parse(&get("redirect_uri")) else {
        return (StatusCode::BAD_REQUEST, "ERROR_invalid_redirect_uri").into_response();
    };
    let code = fresh(office.world.env());
    office.sign_in.given().codes.insert(
        code.clone(),
        Code {
            redirect: get("redirect_uri"),
            challenge: get("code_challenge"),
            until: office.world.now() + TimeDelta::minutes(CODE_MINUTES),
            offline: get("access_type") == "offline",
        },
    );
    back.query_pairs_mut()
        .append_pair("state", &get("state"))
        .append_pair("code", &code)
        .append_pair("location", "us")
        .append_pair("accounts-server", &format!("http://{}", host(&headers)));
    Redirect::to(back.as_str()).into_response()
}

fn host(headers: &HeaderMap) -> &str {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    host.unwrap_or("localhost")
}

/// Exchanges a grant. Most refusals come with a status of success.
pub async fn token(
    Shared(office): Shared<Arc<Office>>,
    headers: HeaderMap,
    query: axum::extract::RawQuery,
    form: axum::body::Bytes,
) -> Response {
    // The documents put it all into the address, libraries into a form.
    let mut asked: HashMap<String, String> =
        url::form_urlencoded::parse(&form).into_owned().collect();
    let query = query.0.unwrap_or_default();
    asked.extend(url::form_urlencoded::parse(query.as_bytes()).into_owned());
    match granted(&office, &asked) {
        Ok(mut answer) => {
            answer["api_domain"] = Json::from(format!("http://{}", host(&headers)));
            JsonBody(answer).into_response()
        }
        Err(Refused::Said(error)) => JsonBody(json!({"error": error})).into_response(),
        Err(Refused::TooMany) => {
            let body = json!({
                "error": "Access Denied",
                "error_description": "You have made too many requests continuously. Please try again after some time.",
                "status": "failure",
            });
            (StatusCode::BAD_REQUEST, JsonBody(body)).into_response()
        }
    }
}

enum Refused {
    Said(&'static str),
    TooMany,
}

fn granted(office: &Office, asked: &HashMap<String, String>) -> Result<Json, Refused> {
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    if get("client_id") != CLIENT_ID {
        return Err(Refused::Said("invalid_client"));
    }
    if get("client_secret") != CLIENT_SECRET {
        return Err(Refused::Said("invalid_client_secret"));
    }
    let (env, now) = (office.world.env(), office.world.now());
    let mut given = office.sign_in.given();
    let (refresh, new) = match get("grant_type") {
        "refresh_token" => (get("refresh_token").to_owned(), false),
        "authorization_code" => {
            let code = given.codes.remove(get("code"));
            let code = code.filter(|code| code.until > now);
            let code = code.ok_or(Refused::Said("invalid_code"))?;
            if code.redirect != get("redirect_uri") {
                return Err(Refused::Said("invalid_redirect_uri"));
            }
            let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier").as_bytes()));
            if !code.challenge.is_empty() && code.challenge != proof {
                return Err(Refused::Said("invalid_code"));
            }
            let refresh = fresh(env);
            given.refresh.insert(refresh.clone(), Refresh::default());
            (refresh, code.offline)
        }
        _ => return Err(Refused::Said("unsupported_grant_type")),
    };
    let grant = given
        .refresh
        .get_mut(&refresh)
        .ok_or(Refused::Said("invalid_code"))?;
    let since = now - TimeDelta::minutes(RATION.1);
    grant.asked.retain(|at| *at > since);
    let beyond = grant.asked.len() >= RATION.0;
    grant.asked.push_back(now);
    if beyond {
        return Err(Refused::TooMany);
    }
    let token = fresh(env);
    grant.access.push_back(Access {
        token: token.clone(),
        until: now + TimeDelta::seconds(TOKEN_SECONDS),
        used: false,
    });
    if grant.access.len() > LIVE {
        grant.access.pop_front();
    }
    let mut answer = json!({
        "access_token": token,
        "scope": "ZohoCRM.modules.ALL ZohoCRM.settings.ALL",
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    });
    if new {
        answer["refresh_token"] = Json::from(refresh);
    }
    Ok(answer)
}

/// Takes a refresh token back, and every access token that it bought.
pub async fn revoke(
    Shared(office): Shared<Arc<Office>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let token = asked.get("token").map_or("", String::as_str);
    match office.sign_in.given().refresh.remove(token) {
        Some(_) => JsonBody(json!({"status": "success"})).into_response(),
        None => (
            StatusCode::BAD_REQUEST,
            JsonBody(json!({"error": "invalid_code"})),
        )
            .into_response(),
    }
}
