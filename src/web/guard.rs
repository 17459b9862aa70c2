//! What holds for every answer: headers that keep browsers in check, and limits.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;

use super::Shared;
use super::error::{self, Problem};

/// The largest body of a request.
const LARGEST_BODY: usize = 1024 * 1024;

/// The content policy of a page that these origins may show in a frame; `'none'` for nobody.
///
/// # Errors
/// When an origin is not one.
pub fn policy(frame_ancestors: &str) -> Result<HeaderValue, header::InvalidHeaderValue> {
    HeaderValue::from_str(&format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors {frame_ancestors}"
    ))
}

/// Puts headers and limits around the pages.
pub fn around(pages: Router<Shared>, app: &Shared) -> Router<Shared> {
    pages
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(app.clone(), in_time))
        .layer(from_fn_with_state(app.clone(), error::dress))
        .layer(from_fn_with_state(app.clone(), headers))
        .layer(CompressionLayer::new())
}

/// Gives up what takes too long: who waits is told, and what it held is free for others.
async fn in_time(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(app.settings.patience, next.run(request));
    answer
        .await
        .unwrap_or_else(|_| Problem::TooSlow.into_response())
}

async fn headers(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    if let Ok(policy) = policy("'none'") {
        say(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        say(name, HeaderValue::from_static(value));
    }
    if app.settings.is_secure() {
        say(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    response
}
