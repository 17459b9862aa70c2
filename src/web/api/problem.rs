//! What went wrong, as other tools read it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::error::Problem;

/// A problem as other tools read it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Detail {
    /// What kind it is: `about:blank`, the status says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What went wrong, and what to do.
    detail: String,
}

/// A problem as an answer of the API.
pub fn for_tools(problem: &Problem, (status, sentence): (StatusCode, String)) -> Response {
    let detail = Detail {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Failed"),
        status: status.as_u16(),
        detail: match problem {
            Problem::SignIn => "Send a token: `Authorization: Bearer …`. This one is missing, \
                                unknown or has ended."
                .to_owned(),
            _ => sentence,
        },
    };
    let mut response = (status, Json(detail)).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    let proof = match problem {
        Problem::SignIn => Some("Bearer realm=\"Latitude\"".to_owned()),
        Problem::Scope(scope) => Some(format!(
            "Bearer realm=\"Latitude\", error=\"insufficient_scope\", scope=\"{scope}\""
        )),
        _ => None,
    };
    if let Some(proof) = proof.and_then(|it| HeaderValue::from_str(&it).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, proof);
    }
    response
}

/// The most that is read of why the framework refused something.
const LONGEST_REASON: usize = 2_000;

/// Why a tool's call was not taken, in words: which of its parameters cannot be read.
pub async fn refused_by_api(response: &mut Response) -> String {
    const DOCUMENT: &str = "/api/v1/openapi.json says what is.";
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return format!("The API takes only GET: it reads, and changes nothing. {DOCUMENT}");
    }
    let body = std::mem::take(response.body_mut());
    let told = axum::body::to_bytes(body, LONGEST_REASON).await;
    let told = told.map(|it| String::from_utf8_lossy(&it).into_owned());
    let told = told.unwrap_or_default();
    let named = told.split_once("query string: ").map(|(_, told)| told);
    match named.and_then(|it| it.split_once(": ")) {
        Some((name, why)) => format!("`{name}` cannot be read: {why}. {DOCUMENT}"),
        None => format!("This cannot be read. {DOCUMENT}"),
    }
}
