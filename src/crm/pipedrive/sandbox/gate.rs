//! Before every call: the weather, the token, the burst, the company's tokens for the day.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Desk;
use super::answers::{Query, answer, refused};
use super::auth::Holder;
use crate::sandbox::weather::Strike;

/// Calls in two seconds on the largest plan: by token, by app.
const BURST: (u64, u64) = (120, 480);
/// What calls are counted in.
const BURST_LASTS: Duration = Duration::from_secs(2);
/// Tokens a day on the largest plan, for each seat.
const DAILY_PER_SEAT: u64 = 30_000 * 7;

/// What was called lately.
#[derive(Default)]
pub struct Pace {
    calls: VecDeque<Duration>,
    day: Option<chrono::NaiveDate>,
    spent: u64,
}

/// What a call costs, in tokens.
fn price(method: &Method, path: &str) -> u64 {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let at = parts.iter().position(|part| matches!(*part, "v1" | "v2"));
    let (version, rest) = match at {
        Some(at) => (parts[at], parts.get(at + 1..).unwrap_or_default()),
        None => return 1,
    };
    match (version, method.as_str(), rest) {
        (_, "GET", ["users", "me"]) => 2,
        ("v1", "GET", ["filters", _]) => 2,
        ("v1", "GET", _) => 20,
        ("v1", _, _) => 10,
        (_, "GET", ["deals", "archived"]) => 20,
        (_, "GET", ["stages" | "pipelines"]) => 5,
        (_, "GET", [_]) => 10,
        (_, "GET", _) => 1,
        (_, "DELETE", ["deals", _]) => 3,
        _ => 5,
    }
}

/// Lets a call through, or answers it.
pub async fn gate(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let strike = desk.world().weather().strike();
    match strike {
        Some(Strike::Throttled) => return limited(HeaderMap::new(), 2, None),
        Some(Strike::Outage(500)) => return refused(500, "Internal server error", ""),
        Some(Strike::Outage(status)) => return page(status),
        Some(Strike::Expired) | None => {}
    }
    let query = Query::of(request.uri().query().map(str::to_owned));
    let told = request.headers().clone();
    let text = |name: &str| {
        let value = told.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let key = [
        text("x-api-token"),
        query.get("api_token").unwrap_or_default(),
    ]
    .into_iter()
    .find(|key| !key.is_empty());
    let bearer = text("authorization")
        .strip_prefix("Bearer ")
        .unwrap_or_default();
    let holder = {
        let mut tokens = desk.tokens();
        if strike == Some(Strike::Expired) {
            tokens.expire(bearer);
        }
        tokens.holder(key, bearer, desk.world().now())
    };
    let Some(holder) = holder else {
        return unauthorized(bearer);
    };
    let price = price(request.method(), request.uri().path());
    let headers = match spend(&desk, holder, price) {
        Ok(headers) => headers,
        Err(refusal) => return *refusal,
    };
    let mut response = next.run(request).await;
    response.headers_mut().extend(headers);
    response
}

fn unauthorized(bearer: &str) -> Response {
    let error = if bearer.is_empty() {
        "unauthorized access"
    } else {
        "Invalid token: access_token is invalid"
    };
    let body = json!({
        "success": false,
        "error": error,
        "errorCode": 401,
        "error_info": "Please check developers.pipedrive.com",
    });
    answer(401, body)
}

/// Pays for a call; the headers that say what is left, or the refusal.
fn spend(desk: &Desk, holder: Holder, price: u64) -> Result<HeaderMap, Box<Response>> {
    let (seats, set) = {
        let state = desk.world().state();
        let set = state.things.get("limits").cloned();
        (state.people.len() as u64, set)
    };
    let most = |name: &str, usual: u64| {
        let set = set.as_ref().and_then(|limits| limits[name].as_u64());
        set.unwrap_or(usual)
    };
    let daily = most("daily", DAILY_PER_SEAT * seats);
    let burst = match holder {
        Holder::Key => most("burst", BURST.0),
        Holder::App => most("burst", BURST.1),
    };
    let mut pace = desk.pace();
    let today = desk.world().now().date_naive();
    if pace.day != Some(today) {
        (pace.day, pace.spent) = (Some(today), 0);
    }
    let now = desk.world().env().elapsed();
    while pace
        .calls
        .front()
        .is_some_and(|at| now - *at >= BURST_LASTS)
    {
        pace.calls.pop_front();
    }
    let mut headers = HeaderMap::new();
    let mut say = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    say("x-ratelimit-limit", burst);
    say("x-daily-ratelimit-token-limit", daily);
    if pace.spent + price > daily {
        say("x-daily-ratelimit-token-remaining", 0);
        return Err(Box::new(limited(headers, 2, Some("daily"))));
    }
    if pace.calls.len() as u64 >= burst {
        say("x-ratelimit-remaining", 0);
        return Err(Box::new(limited(headers, 2, None)));
    }
    pace.calls.push_back(now);
    pace.spent += price;
    say("x-ratelimit-remaining", burst - pace.calls.len() as u64);
    say("x-ratelimit-reset", BURST_LASTS.as_secs());
    say("x-daily-ratelimit-token-remaining", daily - pace.spent);
    Ok(headers)
}

fn limited(headers: HeaderMap, reset: u64, what: Option<&str>) -> Response {
    let body = json!({
        "success": false,
        "error": "Request over limit",
        "error_info": what.map(|what| format!("the {what} limit is reached")),
        "errorCode": 429,
    });
    let mut response = answer(429, body);
    response.headers_mut().extend(headers);
    let reset = HeaderValue::from(reset);
    let name = HeaderName::from_static("x-ratelimit-reset");
    response.headers_mut().insert(name, reset);
    response
}

/// What the network in front of the server answers.
fn page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let html = [(header::CONTENT_TYPE, "text/html")];
    let body = Body::from("<html><head><title>Error</title></head><body>Error</body></html>");
    (status, html, body).into_response()
}
