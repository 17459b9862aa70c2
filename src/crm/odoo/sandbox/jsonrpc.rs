//! JSON-RPC: database, user and key stand in each call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Edition, Exception, page, rpc, struck};
use crate::sandbox::world::World;

/// One call over JSON-RPC; errors come with status 200.
pub async fn answer(State(world): State<World>, body: Bytes) -> Response {
    let struck = match struck(&world) {
        Some(Err(answer)) => return answer,
        Some(Ok(exception)) => Some(exception),
        None => None,
    };
    let Some(request) = request(&body) else {
        return page(400, "400 Bad Request", "Invalid JSON data");
    };
    let params = &request["params"];
    let args = params["args"].as_array().cloned().unwrap_or_default();
    let edition = rpc::edition(&args);
    let word = |name: &str| params[name].as_str().unwrap_or_default().to_owned();
    let answered = match struck {
        Some(exception) => Err(exception),
        None => rpc::dispatch(&world, edition, (&word("service"), &word("method")), &args),
    };
    Json(envelope(edition, &request["id"], answered)).into_response()
}

/// The request, where it is one.
pub fn request(body: &[u8]) -> Option<Value> {
    let request = serde_json::from_slice::<Value>(body).ok();
    request.filter(Value::is_object)
}

/// The answer to a request, as every JSON-RPC address of the server gives it.
pub fn envelope(edition: Edition, id: &Value, answered: Result<Value, Exception>) -> Value {
    let mut envelope = json!({"jsonrpc": "2.0", "id": id});
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
    envelope
}
