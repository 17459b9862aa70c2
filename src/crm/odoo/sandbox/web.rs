//! What the server's own pages call: a session by name and password, then methods of models.
//!
//! API keys do not open a session.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{
    Caller, DATABASE, DATABASE_17, Edition, Exception, PASSWORD, about, jsonrpc, orm, page, rpc,
    struck, tables,
};
use crate::sandbox::world::World;

/// The cookies of the two databases' sessions. A sandbox has one user, so one session each.
const SESSIONS: [(&str, &str); 2] = [
    (DATABASE, "session_id=sandbox-session-19"),
    (DATABASE_17, "session_id=sandbox-session-17"),
];

/// Opens a session.
pub async fn authenticate(State(world): State<World>, body: Bytes) -> Response {
    let Some(request) = jsonrpc::request(&body) else {
        return page(400, "400 Bad Request", "Invalid JSON data");
    };
    let word = |name: &str| request["params"][name].as_str().unwrap_or_default();
    let Some((database, cookie)) = SESSIONS.iter().find(|(name, _)| *name == word("db")) else {
        let absent = Exception::access("Database not found.");
        return Json(jsonrpc::envelope(
            Edition::Nineteen,
            &request["id"],
            Err(absent),
        ))
        .into_response();
    };
    let edition = rpc::edition(&[json!(database)]);
    let good = word("login") == rpc::login_of(&world) && word("password") == PASSWORD;
    let answered = match good {
        true => Ok(info(&world, database, edition)),
        false => Err(rpc::denied()),
    };
    let mut answer = Json(jsonrpc::envelope(edition, &request["id"], answered)).into_response();
    if good && let Ok(cookie) = HeaderValue::from_str(&format!("{cookie}; HttpOnly; Path=/")) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// What a session is about.
pub async fn session_info(State(world): State<World>, headers: HeaderMap, body: Bytes) -> Response {
    in_session(&world, &headers, &body, |database, edition, _| {
        Ok(info(&world, database, edition))
    })
}

/// Ends a session.
pub async fn destroy(State(world): State<World>, headers: HeaderMap, body: Bytes) -> Response {
    let mut answer = in_session(&world, &headers, &body, |_, _, _| Ok(Value::Null));
    let gone = HeaderValue::from_static("session_id=; Max-Age=0; Path=/");
    answer.headers_mut().insert(SET_COOKIE, gone);
    answer
}

/// A method of a model.
pub async fn call_kw(State(world): State<World>, headers: HeaderMap, body: Bytes) -> Response {
    in_session(&world, &headers, &body, |_, edition, params| {
        let word = |name: &str| params[name].as_str().unwrap_or_default();
        let positional = params["args"].as_array().cloned().unwrap_or_default();
        let named = params["kwargs"].as_object().cloned().unwrap_or_default();
        let caller = Caller {
            admin: true,
            edition,
        };
        orm::call_positional(
            &world,
            caller,
            (word("model"), word("method")),
            &positional,
            named,
        )
    })
}

fn in_session(
    world: &World,
    headers: &HeaderMap,
    body: &[u8],
    answer: impl FnOnce(&str, Edition, &Value) -> Result<Value, Exception>,
) -> Response {
    let struck = match struck(world) {
        Some(Err(answer)) => return answer,
        Some(Ok(exception)) => Some(exception),
        None => None,
    };
    let Some(request) = jsonrpc::request(body) else {
        return page(400, "400 Bad Request", "Invalid JSON data");
    };
    let cookies = headers.get(COOKIE).and_then(|it| it.to_str().ok());
    let mut cookies = cookies.unwrap_or_default().split("; ");
    let session = cookies.find_map(|sent| SESSIONS.iter().find(|(_, cookie)| *cookie == sent));
    let Some((database, _)) = session else {
        let name = "odoo.http.SessionExpiredException";
        let lapsed = Exception::new(403, name, "Session expired");
        let error = json!({"code": 100, "message": "Odoo Session Expired", "data": lapsed.data()});
        return Json(json!({"jsonrpc": "2.0", "id": null, "error": error})).into_response();
    };
    let edition = rpc::edition(&[json!(database)]);
    let answered = match struck {
        Some(exception) => Err(exception),
        None => answer(database, edition, &request["params"]),
    };
    Json(jsonrpc::envelope(edition, &request["id"], answered)).into_response()
}

fn info(world: &World, database: &str, edition: Edition) -> Value {
    let about = about(edition);
    let state = world.state();
    let user = &state.people[0];
    json!({
        "uid": tables::user_id(0),
        "is_system": true,
        "is_admin": true,
        "is_internal_user": true,
        "user_context": {"lang": "en_US", "tz": "Europe/Brussels", "uid": tables::user_id(0)},
        "db": database,
        "server_version": about["server_version"],
        "server_version_info": about["server_version_info"],
        "name": user.name(),
        "username": user.email,
        "partner_display_name": user.name(),
        "partner_id": tables::user_id(0) + 40,
        "user_companies": {
            "current_company": 1,
            "allowed_companies": {"1": {"id": 1, "name": "Meridian USD", "sequence": 0}},
        },
    })
}
