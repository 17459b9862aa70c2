//! An EspoCRM 9 server, written from its documents: sign-in with lock-out, search, version
//! conflicts, the field manager, layouts.

mod accounts;
mod admin;
mod records;
mod search;
mod users;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::crm::settings::Settings;
use crate::domain::Time;
use crate::sandbox::Sandbox;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::World;

/// The key of the API user.
const API_KEY: &str = "1441bc5db732bb37cfa1ab5354ce6ae3";
/// The key and the secret of the API user that signs.
const HMAC_KEY: &str = "36d52e59ea26b55084d0a8b6104ca6e0";
const HMAC_SECRET: &str = "7f0c2d9e4b6a18835c1d2e3f4a5b6c7d";
/// An administrator.
const ADMIN: (&str, &str) = ("admin", "Admin-pw-1");
/// So many bad sign-ins in this time shut an address out.
const MOST_FAILURES: usize = 10;
const FAILURES_SECONDS: i64 = 60;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Admin,
    Api,
}

#[derive(Clone)]
struct Server {
    world: World,
    failures: Arc<Mutex<VecDeque<Time>>>,
}

/// A refusal: status, `X-Status-Reason`, body.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    reason: Option<String>,
    body: Option<Value>,
}

impl Refusal {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: Some(reason.into()),
            body: None,
        }
    }

    fn with(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// As the login and the web server refuse: no reason, and not JSON.
    fn bare(status: u16) -> Self {
        Self {
            status,
            reason: None,
            body: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = self.body.map(|body| body.to_string()).unwrap_or_default();
        let mut response = (status, body).into_response();
        let media = match &self.reason {
            Some(_) => "application/json",
            None => "text/html; charset=UTF-8",
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        if let Some(reason) = self.reason.and_then(|it| HeaderValue::from_str(&it).ok()) {
            headers.insert(HeaderName::from_static("x-status-reason"), reason);
        }
        response
    }
}

/// This CRM as a server.
pub fn serve(world: World) -> Sandbox {
    world
        .state()
        .name_all(records::user_id, records::opportunity_id);
    let server = Server {
        world,
        failures: Arc::default(),
    };
    Sandbox {
        router: Router::new()
            .route("/api/v1/{*path}", any(answer))
            .with_state(server),
        // Set-up needs an administrator, whom an API key cannot be.
        settings: |base| Settings {
            crm: "espocrm".to_owned(),
            sign_in: Some("login".to_owned()),
            base_url: Some(base.clone()),
            user: Some(ADMIN.0.to_owned()),
            token: Some(ADMIN.1.to_owned().into()),
            allow_private: true,
            ..Settings::default()
        },
    }
}

/// A request, taken apart.
pub(super) struct Request<'a> {
    world: &'a World,
    caller: Caller,
    method: &'a Method,
    query: search::Query,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl Request<'_> {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default()
    }

    /// The body; what is not JSON breaks the real server.
    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(self.body).map_err(|_| Refusal::new(500, ""))
    }

    fn for_admins(&self) -> Result<(), Refusal> {
        match self.caller {
            Caller::Admin => Ok(()),
            Caller::Api => Err(Refusal::new(403, "")),
        }
    }
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match server.world.weather().strike() {
        Some(Strike::Throttled) => {
            let mut answer = Refusal::bare(429).into_response();
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("2"));
            return answer;
        }
        Some(Strike::Outage(500)) => return Refusal::new(500, "").into_response(),
        Some(Strike::Outage(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let page = "<html><body><h1>Bad Gateway</h1></body></html>";
            return (status, [(CONTENT_TYPE, "text/html")], page).into_response();
        }
        // Keys and passwords do not lapse by themselves.
        Some(Strike::Expired) | None => {}
    }
    let caller = match server.sign_in(&headers, &method, &path) {
        Ok(caller) => caller,
        Err(refusal) => {
            let asks = refusal.status == 401 && !headers.contains_key("authorization");
            let mut answer = refusal.into_response();
            if asks && !headers.contains_key("x-api-key") {
                let realm = HeaderValue::from_static("Basic realm=\"\"");
                answer.headers_mut().insert(WWW_AUTHENTICATE, realm);
            }
            return answer;
        }
    };
    let query = match search::Query::read(query.as_deref().unwrap_or_default()) {
        Ok(query) => query,
        Err(refusal) => return refusal.into_response(),
    };
    let request = Request {
        world: &server.world,
        caller,
        method: &method,
        query,
        headers: &headers,
        body: &body,
    };
    match routed(&request, &path) {
        Ok((status, value)) => (status, Json(value)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn routed(request: &Request, path: &str) -> Result<(StatusCode, Value), Refusal> {
    let parts: Vec<&str> = path.split('/').collect();
    let ok = |value| Ok((StatusCode::OK, value));
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["App", "user"]) => ok(users::app_user(request)),
        ("GET", ["Metadata"]) => ok(admin::metadata(request)),
        ("GET", ["User"]) => ok(users::list(request)?),
        ("GET", ["User", id]) => ok(users::read(request, id)?),
        ("GET", ["Account"]) => ok(accounts::list(request)?),
        ("GET", ["Account", id]) => ok(accounts::read(request, id)?),
        ("GET", ["Team"]) => ok(serde_json::json!({"total": 0, "list": []})),
        ("GET", ["Opportunity"]) => ok(records::list(request)?),
        ("POST", ["Opportunity"]) => ok(records::create(request)?),
        ("POST", ["MassAction"]) => ok(records::mass_update(request)?),
        (_, ["Opportunity", "layout", name]) => ok(admin::layout(request, name)?),
        (_, ["Admin", "fieldManager", "Opportunity"]) => ok(admin::create_field(request)?),
        (_, ["Admin", "fieldManager", "Opportunity", name]) => ok(admin::field(request, name)?),
        ("GET", ["Opportunity", id]) => ok(records::read(request, id)?),
        ("PUT" | "PATCH", ["Opportunity", id]) => ok(records::update(request, id)?),
        ("DELETE", ["Opportunity", id]) => ok(records::delete(request, id)?),
        (_, [controller, ..]) => Err(Refusal::new(
            404,
            format!("Controller '{controller}' does not exist."),
        )),
        _ => Err(Refusal::new(404, "")),
    }
}

impl Server {
    fn sign_in(&self, headers: &HeaderMap, method: &Method, path: &str) -> Result<Caller, Refusal> {
        let now = self.world.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|at| now - *at < TimeDelta::seconds(FAILURES_SECONDS));
        if failures.len() > MOST_FAILURES {
            return Err(Refusal::bare(403));
        }
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|it| it.to_str().ok())
                .unwrap_or_default()
        };
        let (key, basic, signed) = (
            text("x-api-key"),
            text("authorization"),
            text("x-hmac-authorization"),
        );
        if key.is_empty() && basic.is_empty() && signed.is_empty() {
            return Err(Refusal::bare(401));
        }
        let admin = STANDARD.encode(format!("{}:{}", ADMIN.0, ADMIN.1));
        let caller = if !signed.is_empty() {
            well_signed(signed, method, path).then_some(Caller::Api)
        } else if !key.is_empty() {
            (key == API_KEY).then_some(Caller::Api)
        } else {
            (basic.strip_prefix("Basic ") == Some(&admin)).then_some(Caller::Admin)
        };
        caller.ok_or_else(|| {
            failures.push_back(now);
            Refusal::bare(401)
        })
    }
}

fn well_signed(header: &str, method: &Method, path: &str) -> bool {
    let Some(pair) = STANDARD
        .decode(header)
        .ok()
        .and_then(|it| String::from_utf8(it).ok())
    else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(HMAC_SECRET.as_bytes()) else {
        return false;
    };
    mac.update(format!("{method} /{path}").as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    pair.split_once(':') == Some((HMAC_KEY, &hex))
}
