//! Before every call: the weather, the token, its scopes, the limits.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Hub;
use super::answers::{answer, correlation, refused};
use super::auth::Holder;
use crate::sandbox::weather::Strike;

/// Calls in ten seconds: of a fixed token, of an OAuth app.
const TEN_SECONDLY: (u64, u64) = (190, 110);
/// Searches in a second, of all apps together.
const SEARCHES_SECONDLY: u64 = 5;
/// Calls a day of all fixed tokens together.
const DAILY: u64 = 1_000_000;

/// What was called lately.
#[derive(Default)]
pub struct Pace {
    calls: VecDeque<Duration>,
    searches: VecDeque<Duration>,
    day: Option<chrono::NaiveDate>,
    today: u64,
}

/// Takes a place in a window of time; false where all are taken.
fn take(window: &mut VecDeque<Duration>, now: Duration, lasts: Duration, most: u64) -> bool {
    while window.front().is_some_and(|at| now - *at >= lasts) {
        window.pop_front();
    }
    if window.len() as u64 >= most {
        return false;
    }
    window.push_back(now);
    true
}

/// What a call needs to be allowed to.
fn scope(method: &Method, path: &str) -> Option<&'static str> {
    let reads = method == Method::GET
        || ["/search", "/batch/read"]
            .iter()
            .any(|end| path.ends_with(end));
    let area = |name: &str| path.split('/').any(|part| part == name);
    let chosen = if area("properties") || area("pipelines") {
        ["crm.schemas.deals.read", "crm.schemas.deals.write"]
    } else if area("owners") {
        ["crm.objects.owners.read"; 2]
    } else if area("lists") {
        ["crm.lists.read", "crm.lists.write"]
    } else if area("associations") || area("companies") {
        ["crm.objects.companies.read", "crm.objects.companies.write"]
    } else if area("objects") {
        ["crm.objects.deals.read", "crm.objects.deals.write"]
    } else {
        return None;
    };
    Some(chosen[usize::from(!reads)])
}

/// Lets a call through, or answers it.
pub async fn gate(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let strike = hub.world().weather().strike();
    match strike {
        Some(Strike::Throttled) => return limited(&hub, "TEN_SECONDLY_ROLLING"),
        Some(Strike::Outage(500)) => {
            return refused(&hub, 500, "INTERNAL_ERROR", "internal error");
        }
        Some(Strike::Outage(status)) => return page(status),
        Some(Strike::Expired) | None => {}
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    let holder = {
        let mut tokens = hub.tokens();
        if strike == Some(Strike::Expired) {
            tokens.expire(&bearer);
        }
        tokens.holder(&bearer, hub.world().now())
    };
    let Some(holder) = holder else {
        let message = "The OAuth token used to make this call expired or is not valid.";
        return refused(&hub, 401, "EXPIRED_AUTHENTICATION", message);
    };
    if let Holder::App { scopes } = &holder
        && let Some(wanted) = scope(&method, &path)
        && !scopes.iter().any(|scope| scope == wanted)
    {
        return lacks_scope(&hub, wanted);
    }
    let fixed = matches!(holder, Holder::Key);
    let search = path.contains("/objects/") && path.ends_with("/search");
    let headers = match spend(&hub, fixed, search) {
        Ok(headers) => headers,
        Err(policy) => return limited(&hub, policy),
    };
    let mut response = next.run(request).await;
    response.headers_mut().extend(headers);
    response
}

/// Calls of fixed tokens today, and how many there may be.
pub fn today(hub: &Hub) -> (u64, u64) {
    (hub.pace().today, DAILY)
}

/// Counts a call; the headers that say what is left, or the policy that was broken.
fn spend(hub: &Hub, fixed: bool, search: bool) -> Result<HeaderMap, &'static str> {
    let set = hub.world().state().things.get("limits").cloned();
    let most = |name: &str, usual: u64| {
        let set = set.as_ref().and_then(|limits| limits[name].as_u64());
        set.unwrap_or(usual)
    };
    let now = hub.world().env().elapsed();
    let mut pace = hub.pace();
    let mut headers = HeaderMap::new();
    let mut say = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    if fixed {
        let today = hub.world().now().date_naive();
        if pace.day != Some(today) {
            (pace.day, pace.today) = (Some(today), 0);
        }
        let daily = most("daily", DAILY);
        if pace.today >= daily {
            return Err("DAILY");
        }
        pace.today += 1;
        if !search {
            say("x-hubspot-ratelimit-daily", daily);
            say("x-hubspot-ratelimit-daily-remaining", daily - pace.today);
        }
    }
    if search {
        let room = most("searches_secondly", SEARCHES_SECONDLY);
        let taken = take(&mut pace.searches, now, Duration::from_secs(1), room);
        return if taken { Ok(headers) } else { Err("SECONDLY") };
    }
    let usual = if fixed {
        TEN_SECONDLY.0
    } else {
        TEN_SECONDLY.1
    };
    let room = most("ten_secondly", usual);
    if !take(&mut pace.calls, now, Duration::from_secs(10), room) {
        return Err("TEN_SECONDLY_ROLLING");
    }
    say("x-hubspot-ratelimit-max", room);
    say(
        "x-hubspot-ratelimit-remaining",
        room - pace.calls.len() as u64,
    );
    say("x-hubspot-ratelimit-interval-milliseconds", 10_000);
    Ok(headers)
}

fn limited(hub: &Hub, policy: &str) -> Response {
    let body = json!({
        "status": "error",
        "message": format!("You have reached your {} limit.", policy.to_lowercase()),
        "errorType": "RATE_LIMIT",
        "correlationId": correlation(hub),
        "category": "RATE_LIMITS",
        "policyName": policy,
    });
    answer(429, body)
}

fn lacks_scope(hub: &Hub, scope: &str) -> Response {
    let body = json!({
        "status": "error",
        "message": "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
        "correlationId": correlation(hub),
        "errors": [{
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": [scope]},
        }],
        "links": {"scopes": "https://developers.hubspot.com/scopes"},
        "category": "MISSING_SCOPES",
    });
    answer(403, body)
}

/// What the network in front of the portal answers.
fn page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let html = [(header::CONTENT_TYPE, "text/html")];
    let body = Body::from("<html><head><title>Error</title></head><body>Error</body></html>");
    (status, html, body).into_response()
}
