//! JSON-RPC: database, user and key stand in each call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{
    Caller, DATABASE, DATABASE_17, Edition, Exception, about, orm, page, rights, struck, tables,
};
use crate::sandbox::world::World;

/// One call over JSON-RPC; errors come with status 200.
pub async fn answer(State(world): State<World>, body: Bytes) -> Response {
    let struck = match struck(&world) {
        Some(Err(answer)) => return answer,
        Some(Ok(exception)) => Some(exception),
        None => None,
    };
    let Ok(Value::Object(request)) = serde_json::from_slice::<Value>(&body) else {
        return page(400, "400 Bad Request", "Invalid JSON data");
    };
    let database = request["params"]["args"][0].as_str();
    let edition = match database {
        Some(DATABASE_17) => Edition::Seventeen,
        _ => Edition::Nineteen,
    };
    let answered = match struck {
        Some(exception) => Err(exception),
        None => service(&world, edition, &request["params"]),
    };
    let mut envelope = json!({"jsonrpc": "2.0", "id": request.get("id")});
    match answered {
        // A method that returns nothing leaves the result out.
        Ok(Value::Null) => {}
        Ok(result) => envelope["result"] = result,
        Err(exception) => {
            let code = if edition == Edition::Nineteen { 0 } else { 200 };
            envelope["error"] =
                json!({"code": code, "message": "Odoo Server Error", "data": exception.data()});
        }
    }
    Json(envelope).into_response()
}

fn service(world: &World, edition: Edition, params: &Value) -> Result<Value, Exception> {
    let args = params["args"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let service = (word(&params["service"]), word(&params["method"]));
    match (service.0.as_str(), service.1.as_str(), args) {
        ("common", "version", _) => Ok(about(edition)),
        ("common", "login" | "authenticate", [database, login, key, ..]) => {
            known(database)?;
            let state = world.state();
            let ours = state
                .people
                .first()
                .is_some_and(|it| Some(it.email.as_str()) == login.as_str());
            let good = ours && rights(&word(key)).is_some();
            Ok(if good {
                json!(tables::user_id(0))
            } else {
                json!(false)
            })
        }
        ("object", how, [database, user, key, model, method, rest @ ..]) => {
            known(database)?;
            let denied = || Exception::new(403, "odoo.exceptions.AccessDenied", "Access Denied");
            let admin = rights(&word(key)).ok_or_else(denied)?;
            if user.as_i64() != Some(tables::user_id(0)) {
                return Err(denied());
            }
            let caller = Caller { admin, edition };
            let (positional, named) = match how {
                "execute_kw" => (rest.first(), rest.get(1)),
                _ => (None, None),
            };
            let positional = match (how, positional) {
                ("execute", _) => rest.to_vec(),
                (_, Some(Value::Array(values))) => values.clone(),
                _ => Vec::new(),
            };
            let named = named
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            let (model, method) = (word(model), word(method));
            orm::call_positional(world, caller, (&model, &method), &positional, named)
        }
        _ => Err(Exception::new(
            500,
            "builtins.Exception",
            "Method not found",
        )),
    }
}

fn known(database: &Value) -> Result<(), Exception> {
    match database.as_str() {
        Some(DATABASE | DATABASE_17) => Ok(()),
        other => Err(Exception::new(
            500,
            "psycopg2.OperationalError",
            format!(
                "FATAL:  database \"{}\" does not exist\n",
                other.unwrap_or_default()
            ),
        )),
    }
}
