//! The forms in which the portal answers and refuses.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::Hub;
use crate::domain::Time;

/// A moment as the portal writes it.
pub fn iso(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An answer of that status.
pub fn answer(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

/// An answer without a body.
pub fn empty() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A mark by which support would find a call.
pub fn correlation(hub: &Hub) -> String {
    format!("00000000-0000-4000-8000-{:012x}", hub.number())
}

/// A refusal in the general form.
pub fn refused(hub: &Hub, status: u16, category: &str, message: &str) -> Response {
    let body = json!({
        "status": "error",
        "message": message,
        "correlationId": correlation(hub),
        "category": category,
    });
    answer(status, body)
}

/// A refusal with details.
pub fn refused_for(hub: &Hub, status: u16, message: &str, errors: &[Value]) -> Response {
    let body = json!({
        "status": "error",
        "message": message,
        "correlationId": correlation(hub),
        "errors": errors,
        "category": "VALIDATION_ERROR",
    });
    answer(status, body)
}

/// The refusal of something the call got wrong.
pub fn invalid(hub: &Hub, message: &str) -> Response {
    refused(hub, 400, "VALIDATION_ERROR", message)
}

/// The refusal of an id that does not exist.
pub fn not_found(hub: &Hub) -> Response {
    refused(hub, 404, "OBJECT_NOT_FOUND", "resource not found")
}

/// The body as a JSON object.
#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
pub fn body(hub: &Hub, bytes: &Bytes) -> Result<Value, Response> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(invalid(hub, "Invalid input JSON: an object is expected")),
        Err(error) => Err(invalid(hub, &format!("Invalid input JSON: {error}"))),
    }
}

/// The answer to a batch: what worked, and what did not.
pub fn batch(hub: &Hub, results: Vec<Value>, errors: Vec<Value>) -> Response {
    let now = iso(hub.world().now());
    let mut body = json!({
        "status": "COMPLETE",
        "results": Value::Array(results),
        "startedAt": now,
        "completedAt": now,
    });
    if errors.is_empty() {
        return answer(200, body);
    }
    body["numErrors"] = json!(errors.len());
    body["errors"] = Value::Array(errors);
    answer(207, body)
}

/// The error of some records in a batch.
pub fn missing(ids: &[String], traces: &[String]) -> Value {
    let mut context = json!({"ids": ids});
    if !traces.is_empty() {
        context["objectWriteTraceId"] = json!(traces);
    }
    json!({
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some DEAL objects, they may be deleted or not exist. Check that ids are valid.",
        "context": context,
        "errors": [],
        "links": {},
    })
}

/// The parameters of a query, repeated ones and comma lists alike.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of a raw query.
    pub fn of(raw: Option<String>) -> Self {
        let raw = raw.unwrap_or_default();
        let pairs = url::form_urlencoded::parse(raw.as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let (_, value) = pairs.find(|(key, value)| key == name && !value.is_empty())?;
        Some(value)
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| key == name);
        let values = named.flat_map(|(_, value)| value.split(','));
        values
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether a flag is set.
    pub fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The size of a page, or the message with which it is refused.
    pub fn limit(&self, usual: usize, most: usize) -> Result<usize, String> {
        match self.get("limit").map(str::parse::<usize>) {
            None => Ok(usual),
            Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(format!("limit must be a number from 1 to {most}")),
        }
    }
}
