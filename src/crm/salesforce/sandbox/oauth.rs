//! Signing in: the authorize page, the token endpoint with its grants, revocation, introspection,
//! and who one is.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::grant::{Code, Refreshed};
use super::org::{Org, base};
use super::statement;

/// The one app of the organisation.
pub const CLIENT_ID: &str = "3MVG9sandbox.latitude.consumer.key";
/// Its secret, which also signs canvas requests.
pub const CLIENT_SECRET: &str = "1234567890SANDBOXSECRET";

/// How long a code is good.
const CODE_MINUTES: i64 = 15;
/// What the app may be granted.
const SCOPE: &str = "api refresh_token openid id";

/// Parameters of a form or a query.
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn read(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A refused grant.
pub struct Denied(pub &'static str, pub &'static str);

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        Answer::status(400, &json!({"error": self.0, "error_description": self.1})).into_response()
    }
}

/// `GET /services/oauth2/authorize`: the person agrees at once.
pub async fn authorize(State(org): State<Org>, uri: axum::http::Uri) -> Response {
    let form = Form::read(uri.query().unwrap_or_default().as_bytes());
    let Some(redirect) = form
        .get("redirect_uri")
        .and_then(|it| url::Url::parse(it).ok())
    else {
        return Denied(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        )
        .into_response();
    };
    if form.get("client_id") != Some(CLIENT_ID) {
        return Denied("invalid_client_id", "client identifier invalid").into_response();
    }
    let back = |pairs: &[(&str, &str)]| {
        let mut redirect = redirect.clone();
        redirect.query_pairs_mut().extend_pairs(pairs);
        if let Some(state) = form.get("state") {
            redirect.query_pairs_mut().append_pair("state", state);
        }
        (
            StatusCode::FOUND,
            [(header::LOCATION, redirect.to_string())],
        )
            .into_response()
    };
    let denied = |error, description| back(&[("error", error), ("error_description", description)]);
    let rules = org.book().rules.clone();
    if !rules.app_installed {
        return denied("invalid_client", "app must be installed into org");
    }
    if form.get("response_type") != Some("code") {
        return denied("unsupported_response_type", "response type not supported");
    }
    // A challenge without a method counts as S256.
    if !matches!(form.get("code_challenge_method"), None | Some("S256")) {
        return denied("invalid_request", "code challenge method not supported");
    }
    if rules.challenge_required && form.get("code_challenge").is_none() {
        return denied("invalid_request", "missing required code challenge");
    }
    let wanted = form.get("login_hint").unwrap_or_default();
    let user = {
        let state = org.world.state();
        state
            .people
            .iter()
            .position(|person| person.email == wanted)
            .unwrap_or(0)
    };
    let code = format!("aPrx{}", token(&org));
    let about = Code {
        user,
        redirect: form.get("redirect_uri").unwrap_or_default().to_owned(),
        challenge: form.get("code_challenge").map(str::to_owned),
        scope: form.get("scope").unwrap_or(SCOPE).to_owned(),
        ends: org.world.now() + TimeDelta::minutes(CODE_MINUTES),
    };
    org.book().grants.expect(code.clone(), about);
    back(&[("code", &code)])
}

/// `POST /services/oauth2/token`.
pub async fn exchange(
    State(org): State<Org>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let form = Form::read(&body);
    match grant(&org, &headers, &form) {
        Ok(answer) => Answer::json(&answer).into_response(),
        Err(denied) => denied.into_response(),
    }
}

fn grant(org: &Org, headers: &HeaderMap, form: &Form) -> Result<Value, Denied> {
    let kind = form.get("grant_type").unwrap_or_default();
    if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        let user = statement::user(
            org,
            form.get("assertion").unwrap_or_default(),
            &base(headers),
        )?;
        return Ok(session(org, headers, (user, None), "api", None));
    }
    authenticate(headers, form, kind == "client_credentials")?;
    let rules = org.book().rules.clone();
    match kind {
        "client_credentials" if !rules.run_as_user => Err(Denied(
            "invalid_grant",
            "no client credentials user enabled",
        )),
        "client_credentials" => {
            let mut answer = session(org, headers, (0, None), "api", None);
            answer["api_instance_url"] = "https://api.salesforce.com".into();
            Ok(answer)
        }
        "authorization_code" => {
            let code = org.book().grants.take(form.get("code").unwrap_or_default());
            let code = code.ok_or(Denied("invalid_grant", "invalid authorization code"))?;
            if code.ends < org.world.now() {
                return Err(Denied("invalid_grant", "expired authorization code"));
            }
            if form.get("redirect_uri") != Some(&code.redirect) {
                return Err(Denied(
                    "redirect_uri_mismatch",
                    "redirect_uri must match configuration",
                ));
            }
            if code.challenge != form.get("code_verifier").map(challenge) {
                return Err(Denied("invalid_grant", "invalid code verifier"));
            }
            let refresh = code
                .scope
                .contains("refresh_token")
                .then(|| refresh_token(org));
            let grant = refresh.clone().map(|refresh| {
                let most = rules.grants_per_user;
                org.book()
                    .grants
                    .grant(code.user, &code.scope, refresh, most)
            });
            Ok(session(
                org,
                headers,
                (code.user, grant),
                &code.scope,
                refresh,
            ))
        }
        "refresh_token" => {
            let given = form.get("refresh_token").unwrap_or_default();
            let found = org.book().grants.refresh(given, rules.reuse_revokes);
            let Refreshed::Good(grant, user, scope) = found else {
                return Err(Denied("invalid_grant", "expired access/refresh token"));
            };
            if !org.world.state().people[user].active {
                return Err(Denied("invalid_grant", "authentication failure"));
            }
            let fresh = rules.rotation.then(|| refresh_token(org));
            if let Some(fresh) = &fresh {
                org.book().grants.rotate(grant, fresh.clone());
            }
            Ok(session(org, headers, (user, Some(grant)), &scope, fresh))
        }
        _ => Err(Denied("unsupported_grant_type", "grant type not supported")),
    }
}

/// The app's id and secret, in a Basic header or in the form. A public client, which proves itself
/// by its code's verifier, may leave the secret out.
pub fn authenticate(headers: &HeaderMap, form: &Form, secret_needed: bool) -> Result<(), Denied> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let basic = basic.as_deref().and_then(|text| text.split_once(':'));
    let (id, secret) = match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (form.get("client_id"), form.get("client_secret")),
    };
    if id != Some(CLIENT_ID) {
        return Err(Denied("invalid_client_id", "client identifier invalid"));
    }
    match secret {
        Some(CLIENT_SECRET) => Ok(()),
        None if !secret_needed => Ok(()),
        _ => Err(Denied("invalid_client", "invalid client credentials")),
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn token(org: &Org) -> String {
    URL_SAFE_NO_PAD.encode(org.world.env().bytes::<32>())
}

fn refresh_token(org: &Org) -> String {
    format!("5Aep861{}", token(org))
}

/// Opens a session and tells it as a token answer.
fn session(
    org: &Org,
    headers: &HeaderMap,
    who: (usize, Option<usize>),
    scope: &str,
    refresh: Option<String>,
) -> Value {
    let now = org.world.now();
    let access = format!("{}!AQcA{}", Org::id(), token(org));
    let user_id = org.world.state().people[who.0].id.clone();
    {
        let mut book = org.book();
        let ends = now + TimeDelta::seconds(book.rules.session_seconds);
        book.grants.sign_in(access.clone(), who, scope, ends);
    }
    let base = base(headers);
    let id = format!("{base}/id/{}/{user_id}", Org::id());
    let issued = now.timestamp_millis().to_string();
    let mut answer = json!({
        "access_token": access,
        "signature": STANDARD.encode(sign(&format!("{id}{issued}"))),
        "scope": scope,
        "instance_url": base,
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued,
    });
    if let Some(refresh) = refresh {
        answer["refresh_token"] = refresh.into();
    }
    answer
}

/// A MAC with the app's secret.
pub fn sign(message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(CLIENT_SECRET.as_bytes())
        .unwrap_or_else(|_| unreachable!("a MAC takes a key of any length"));
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
