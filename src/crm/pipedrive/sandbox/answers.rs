//! The forms in which the company's server answers and refuses.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::domain::Time;

/// A moment as version 2 writes it: to the second.
pub fn iso(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment as version 1 writes it.
pub fn plain(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// An answer of that status.
pub fn answer(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

/// What was asked for.
pub fn data(data: Value) -> Response {
    let mut body = json!({"success": true});
    body["data"] = data;
    answer(200, body)
}

/// A refusal.
pub fn refused(status: u16, error: &str, info: &str) -> Response {
    let body = json!({
        "success": false,
        "error": error,
        "error_info": info,
        "data": null,
        "additional_data": null,
    });
    answer(status, body)
}

/// The refusal of something the call got wrong.
pub fn invalid(error: &str) -> Response {
    refused(
        400,
        error,
        "Please check developers.pipedrive.com for more information.",
    )
}

/// The refusal of an id that does not exist.
pub fn not_found(what: &str) -> Response {
    let info = "Please check developers.pipedrive.com for more information.";
    refused(404, &format!("{what} not found"), info)
}

/// What version 1 no longer has.
pub async fn out_of_support() -> Response {
    refused(
        410,
        "This endpoint has been removed",
        "Use version 2 of the API.",
    )
}

/// The body as JSON.
#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
pub fn body(bytes: &Bytes) -> Result<Value, Response> {
    serde_json::from_slice(bytes)
        .map_err(|error| invalid(&format!("The request body is no valid JSON: {error}")))
}

/// The parameters of a query.
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

    /// The items of a comma list; none where it is not given.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let items = self.get(name)?.split(',').map(str::trim);
        Some(items.map(str::to_owned).collect())
    }

    /// A number; an error where it is none.
    pub fn number(&self, name: &str) -> Result<Option<usize>, String> {
        let told = self.get(name).map(str::parse::<usize>);
        told.transpose()
            .map_err(|_| format!("{name} must be a number"))
    }

    /// The size of a page.
    pub fn limit(&self) -> Result<usize, String> {
        match self.number("limit")? {
            None => Ok(100),
            Some(limit) if (1..=500).contains(&limit) => Ok(limit),
            Some(_) => Err("limit must be from 1 to 500".to_owned()),
        }
    }
}

/// The place after an item, sealed as clients see it.
pub fn cursor(field: &str, value: &Value, direction: &str, id: u64) -> String {
    let place = json!({"field": field, "fieldValue": value, "sortDirection": direction, "id": id});
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// What a cursor says: the value sorted by, and the id.
pub fn place(cursor: &str) -> Option<(Value, u64)> {
    let told = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place: Value = serde_json::from_slice(&told).ok()?;
    Some((place["fieldValue"].clone(), place["id"].as_u64()?))
}
