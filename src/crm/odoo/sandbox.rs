//! An Odoo server, written from its documents: JSON-2, JSON-RPC, XML-RPC and sessions, the ORM's
//! methods, custom fields, views and filters.
//!
//! The database `latitude` answers as version 19; but over JSON-2, `latitude17` answers as
//! version 17.

mod changes;
mod convenience;
mod domain;
mod embed;
mod jsonrpc;
mod leads;
mod meta;
mod orm;
mod rpc;
mod tables;
mod values;
mod views;
mod web;
mod xmlrpc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Map, Value, json};

use crate::crm::settings::Settings;
use crate::sandbox::Sandbox;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::World;

const DATABASE: &str = "latitude";
const DATABASE_17: &str = "latitude17";
/// The key of the integration user while it has the rights of an administrator.
const ADMIN_KEY: &str = "0c5f1d7e9b3a48620f4d8c1b7e2a6953d0b8f417";
/// A key of the same user without those rights.
const SALES_KEY: &str = "5a1e0d9c8b7f6e3d2c1b0a9f8e7d6c5b4a392817";

/// The password of the integration user, who is an administrator: for sessions, which take no key.
const PASSWORD: &str = "meridian";

/// The connection's secret for the panel in forms.
const EMBED_SECRET: &str = "sandbox-embed-secret";

/// Which Odoo answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    Seventeen,
    Nineteen,
}

/// Who calls, and which Odoo.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    admin: bool,
    edition: Edition,
}

/// An exception of the server, as both protocols report it.
#[derive(Debug)]
pub(super) struct Exception {
    status: u16,
    name: &'static str,
    message: String,
}

impl Exception {
    fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            name,
            message: message.into(),
        }
    }

    fn value_error(message: impl Into<String>) -> Self {
        Self::new(500, "builtins.ValueError", message)
    }

    fn user_error(message: impl Into<String>) -> Self {
        Self::new(422, "odoo.exceptions.UserError", message)
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, "odoo.exceptions.ValidationError", message)
    }

    fn access(message: impl Into<String>) -> Self {
        Self::new(403, "odoo.exceptions.AccessError", message)
    }

    fn serialization() -> Self {
        let message = "could not serialize access due to concurrent update\n";
        Self::new(500, "psycopg2.errors.SerializationFailure", message)
    }

    fn data(&self) -> Value {
        let mut arguments = vec![json!(self.message)];
        if self.name.starts_with("werkzeug.") {
            arguments.push(json!(self.status));
        }
        json!({
            "name": self.name,
            "message": self.message,
            "arguments": arguments,
            "context": {},
            "debug": format!("Traceback (most recent call last):\n  …\n{}: {}\n", self.name, self.message),
        })
    }

    fn into_json2(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.data())).into_response()
    }
}

/// This CRM as a server.
pub fn serve(world: World) -> Sandbox {
    world.state().name_all(
        |n| tables::user_id(n).to_string(),
        |n| leads::lead_id(n).to_string(),
    );
    let router = Router::new()
        .route(
            "/json/2/{model}/{method}",
            post(json2).fallback(did_you_mean),
        )
        .route("/json/2/{model}", any(did_you_mean))
        .route("/__sandbox/embed", get(embed::frame))
        .route("/jsonrpc", post(jsonrpc::answer))
        .route("/xmlrpc/2/{service}", post(xmlrpc::answer))
        .route("/web/session/authenticate", post(web::authenticate))
        .route("/web/session/get_session_info", post(web::session_info))
        .route("/web/session/destroy", post(web::destroy))
        .route("/web/dataset/call_kw", post(web::call_kw))
        .route("/web/dataset/call_kw/{*what}", post(web::call_kw))
        .route("/web/dataset/call_button", post(web::call_kw))
        .route("/web/version", get(version))
        .route("/json/version", get(version))
        .route("/web/webclient/version_info", post(version_info))
        .with_state(world);
    Sandbox {
        router,
        settings: |base| Settings {
            crm: "odoo".to_owned(),
            sign_in: Some("token".to_owned()),
            base_url: Some(base.clone()),
            database: Some(DATABASE.to_owned()),
            // For clients that speak JSON-RPC; JSON-2 needs the key alone.
            user: Some("latitude.integration@meridian.test".to_owned()),
            token: Some(ADMIN_KEY.to_owned().into()),
            embed_secret: Some(EMBED_SECRET.to_owned().into()),
            allow_private: true,
            ..Settings::default()
        },
    }
}

async fn version() -> Json<Value> {
    Json(json!({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}))
}

async fn version_info() -> Json<Value> {
    Json(json!({"jsonrpc": "2.0", "id": null, "result": about(Edition::Nineteen)}))
}

fn about(edition: Edition) -> Value {
    let major = match edition {
        Edition::Seventeen => 17,
        Edition::Nineteen => 19,
    };
    json!({
        "server_version": format!("{major}.0"),
        "server_version_info": [major, 0, 0, "final", 0, ""],
        "server_serie": format!("{major}.0"),
        "protocol_version": 1,
    })
}

async fn did_you_mean() -> Response {
    not_found("Did you mean POST /json/2/<model>/<method>?").into_json2()
}

fn not_found(message: impl Into<String>) -> Exception {
    Exception::new(404, "werkzeug.exceptions.NotFound", message)
}

fn page(status: u16, title: &str, text: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let html =
        format!("<!DOCTYPE html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n");
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

/// What the weather does to a call: the proxy's answer, or an exception of the server. Keys do not
/// expire by weather: no one could renew them.
fn struck(world: &World) -> Option<Result<Exception, Response>> {
    match world.weather().strike()? {
        Strike::Throttled => {
            let mut answer = page(429, "429 Too Many Requests", "slow down");
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("2"));
            Some(Err(answer))
        }
        Strike::Outage(500) => Some(Ok(Exception::serialization())),
        Strike::Outage(status) => Some(Err(page(status, "Bad Gateway", "the server is busy"))),
        Strike::Expired => None,
    }
}

async fn json2(
    State(world): State<World>,
    Path((model, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default()
    };
    if !text("content-type").starts_with("application/json") {
        let why = "Request inferred type is compatible with ['http'] but is type='json2'.";
        return page(415, "415 Unsupported Media Type", why);
    }
    match struck(&world) {
        Some(Err(answer)) => return answer,
        Some(Ok(exception)) => return exception.into_json2(),
        None => {}
    }
    if !matches!(text("x-odoo-database"), "" | DATABASE) {
        let why = "No database is selected and the requested URL was not found in the server-wide \
                   controllers.";
        return page(404, "404 Not Found", why);
    }
    let answered = signed_in(text("authorization")).and_then(|admin| {
        let caller = Caller {
            admin,
            edition: Edition::Nineteen,
        };
        orm::call(&world, caller, &model, &method, &arguments(&body)?)
    });
    match answered {
        Ok(value) => Json(value).into_response(),
        Err(exception) => {
            let refused = exception.status == 401;
            let mut answer = exception.into_json2();
            if refused {
                let scheme = HeaderValue::from_static("Bearer ");
                answer.headers_mut().insert("www-authenticate", scheme);
            }
            answer
        }
    }
}

fn signed_in(authorization: &str) -> Result<bool, Exception> {
    let unauthorized = |why: &str| Exception::new(401, "werkzeug.exceptions.Unauthorized", why);
    let key = authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key);
    match key {
        None => Err(unauthorized(
            "User not authenticated, use an API Key with a Bearer Authorization header.",
        )),
        Some(key) => rights(key).ok_or_else(|| unauthorized("Invalid apikey")),
    }
}

/// Whether a key gives the rights of an administrator; none where it is no good key.
fn rights(key: &str) -> Option<bool> {
    match key {
        ADMIN_KEY => Some(true),
        SALES_KEY => Some(false),
        // Bad, expired, revoked and scoped keys are all answered alike.
        _ => None,
    }
}

fn arguments(body: &[u8]) -> Result<Map<String, Value>, Exception> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        // The real server takes anything else for "no arguments", too.
        Ok(_) => Ok(Map::new()),
        Err(error) => {
            let why = format!("could not parse the body as json: {error}");
            Err(Exception::new(400, "werkzeug.exceptions.BadRequest", why))
        }
    }
}
