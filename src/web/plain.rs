//! No text has a NUL in it: the one place where what browsers and tools send is freed of it. One of
//! the databases takes it for the end of a text and refuses, the other keeps it.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;

use super::csrf;
use super::error::Problem;
use crate::domain::text::without_nul;

/// How an address and a form write it.
const ESCAPED: &str = "%00";

/// Lets nothing in that holds a NUL: out of a form and of JSON it is taken; a path with one leads
/// nowhere, a query with one is not understood. What a CRM pushes is signed as it is, and stays.
pub async fn guard(request: Request, next: Next) -> Response {
    match freed(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn freed(request: Request) -> Result<Request, Problem> {
    let (path, query) = (request.uri().path(), request.uri().query());
    if path.contains(ESCAPED) {
        return Err(Problem::NotFound);
    }
    if query.is_some_and(|it| it.contains(ESCAPED)) {
        return Err(Problem::Unfit(
            "This address contains %00, which no text has. Remove it.".to_owned(),
        ));
    }
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let without: fn(&[u8]) -> Option<Vec<u8>> = match kind.split(';').next().map(str::trim) {
        _ if path.starts_with("/push/") => return Ok(request),
        Some(it) if it.eq_ignore_ascii_case("application/x-www-form-urlencoded") => form_without,
        Some(it) if it.eq_ignore_ascii_case("application/json") => json_without,
        _ => return Ok(request),
    };
    let (mut parts, body) = request.into_parts();
    let body = csrf::read(&parts.headers, body).await?;
    let body = match without(&body) {
        Some(freed) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Bytes::from(freed)
        }
        None => body,
    };
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// A form without NULs; nothing where there are none.
fn form_without(form: &[u8]) -> Option<Vec<u8>> {
    let escaped = form
        .windows(ESCAPED.len())
        .any(|it| it == ESCAPED.as_bytes());
    if !escaped && !form.contains(&0) {
        return None;
    }
    let pairs = url::form_urlencoded::parse(form);
    let mut freed = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        freed.append_pair(&name.replace('\0', ""), &value.replace('\0', ""));
    }
    Some(freed.finish().into_bytes())
}

/// JSON without NULs; nothing where there are none, or it is no JSON.
fn json_without(text: &[u8]) -> Option<Vec<u8>> {
    const ESCAPED: &[u8] = b"\\u0000";
    if !text.windows(ESCAPED.len()).any(|it| it == ESCAPED) {
        return None;
    }
    serde_json::from_slice::<IgnoredAny>(text).ok()?;
    Some(without_nul(text.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_taken_out_and_nothing_else() {
        let form = |text: &str| form_without(text.as_bytes());
        assert_eq!(form("a=1%25002&b=x"), None);
        let freed = form("a=x%00y+z&b%00=%0%000");
        assert_eq!(freed, Some(b"a=xy+z&b=%2500".to_vec()));
        let json = |text: &str| json_without(text.as_bytes());
        assert_eq!(json(r#"{"a":"1"}"#), None);
        let freed = json(r#"{"a":["x\u0000y",7],"b\u0000":"\\u0000"}"#);
        assert_eq!(freed, Some(br#"{"a":["xy",7],"b":"\\u0000"}"#.to_vec()));
    }
}
