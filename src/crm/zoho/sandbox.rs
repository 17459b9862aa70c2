//! Zoho CRM as a server: accounts and REST API v8 of one organisation, written from Zoho's
//! documentation and OpenAPI files.

mod coql;
mod criteria;
mod fields;
mod finding;
mod house;
mod lists;
mod records;
mod shapes;
mod sign_in;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, Response};
use axum::routing::{any, get, post};
use chrono::TimeDelta;
use serde_json::{Map, Value as Json, json};

use crate::domain::Time;
use crate::sandbox::Sandbox;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::World;

/// Credits a day of this organisation.
const CREDITS: u64 = 250_000;

/// An organisation that is being served.
pub struct Office {
    world: World,
    sign_in: sign_in::SignIn,
    chains: lists::Chains,
    credits: Mutex<Credits>,
}

#[derive(Default)]
struct Credits {
    used: u64,
    until: Option<Time>,
}

/// One request.
pub struct Ask {
    method: Method,
    /// Below `/crm/v8/`.
    path: String,
    query: HashMap<String, String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Ask {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// A moment in a header such as `If-Modified-Since`.
    fn moment(&self, name: &str) -> Result<Option<Time>, Answer> {
        let text = self.header(name);
        if text.is_empty() {
            return Ok(None);
        }
        chrono::DateTime::parse_from_rfc3339(text)
            .map(|time| Some(time.to_utc()))
            .map_err(|_| {
                refuse(
                    400,
                    "INVALID_DATA",
                    json!({"param_name": name}),
                    "invalid data",
                )
            })
    }

    /// The array of that name in the body.
    fn list(&self, name: &str) -> Result<Vec<Json>, Answer> {
        let body: Json = serde_json::from_slice(&self.body)
            .map_err(|_| refuse(400, "INVALID_REQUEST", json!({}), "unable to process your request. please verify whether you have entered proper method name, parameter and parameter values."))?;
        match body.get(name) {
            Some(Json::Array(items)) if !items.is_empty() => Ok(items.clone()),
            _ => {
                let details = json!({"api_name": name, "json_path": format!("$.{name}")});
                Err(refuse(
                    400,
                    "MANDATORY_NOT_FOUND",
                    details,
                    "required field not found",
                ))
            }
        }
    }
}

/// One answer.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Json>,
    credits: u64,
}

fn data(status: u16, body: Json) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: Some(body),
        credits: 1,
    }
}

fn nothing(status: u16) -> Answer {
    Answer {
        body: None,
        ..data(status, Json::Null)
    }
}

fn error(code: &str, details: &Json, message: &str) -> Json {
    json!({"code": code, "details": details, "message": message, "status": "error"})
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "details are written in place"
)]
fn refuse(status: u16, code: &str, details: Json, message: &str) -> Answer {
    data(status, error(code, &details, message))
}

/// A moment as this organisation writes it: in the zone of the signed-in user.
fn moment(time: Time) -> String {
    let zone = chrono::FixedOffset::east_opt(3 * 3_600);
    let local = zone.map(|zone| time.with_timezone(&zone));
    local.map_or_else(String::new, |it| {
        it.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    })
}

/// An id of some kind of thing, by its number: 19 digits.
fn id(kind: u64, n: usize) -> String {
    format!("64934900000{:08}", kind * 1_000_000 + n as u64)
}

/// The number behind an id of some kind.
fn number(kind: u64, id: &str) -> Option<usize> {
    let digits = id.strip_prefix("64934900000")?.parse::<u64>().ok()?;
    usize::try_from(digits.checked_sub(kind * 1_000_000)?).ok()
}

const PERSON: u64 = 1;
const DEAL: u64 = 20;
const FIELD: u64 = 3;
const OPTION: u64 = 4;
const ACCOUNT: u64 = 5;
const OTHER: u64 = 6;

/// The organisation, its people and deals named.
pub fn sandbox(world: World) -> Sandbox {
    world.state().name_all(|n| id(PERSON, n), |n| id(DEAL, n));
    let office = Arc::new(Office {
        world,
        sign_in: sign_in::SignIn::default(),
        chains: lists::Chains::default(),
        credits: Mutex::default(),
    });
    let mut router = Router::new()
        .route("/oauth/v2/auth", get(sign_in::authorize))
        .route("/oauth/v2/token", post(sign_in::token))
        .route("/oauth/v2/token/revoke", post(sign_in::revoke))
        .route("/crm/{version}/{*path}", any(serve));
    for place in [
        "Deals",
        "Deals/deleted",
        "Deals/{id}",
        "coql",
        "org",
        "users",
        "users/{id}",
        "settings/fields",
        "settings/fields/{id}",
        "settings/layouts",
        "settings/pipeline",
        "settings/custom_views",
    ] {
        router = router.route(&format!("/crm/{{version}}/{place}"), any(serve));
    }
    Sandbox {
        router: router.with_state(office),
        settings: sign_in::settings,
    }
}

async fn serve(
    Shared(office): Shared<Arc<Office>>,
    Path(place): Path<HashMap<String, String>>,
    uri: axum::http::Uri,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let version = place.get("version").map_or("", String::as_str);
    let prefix = format!("/crm/{version}/");
    let query = query.unwrap_or_default();
    let ask = Ask {
        method,
        path: uri
            .path()
            .strip_prefix(&prefix)
            .unwrap_or_default()
            .to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers,
        body: body.to_vec(),
    };
    let answer = if !matches!(version, "v7" | "v8") {
        no_such_place()
    } else if let Some(struck) = struck(&office, &ask) {
        struck
    } else if let Err(refusal) = office
        .sign_in
        .admits(ask.header("authorization"), &office.world)
    {
        refusal
    } else {
        charged(&office, &ask)
    };
    respond(answer)
}

fn struck(office: &Office, ask: &Ask) -> Option<Answer> {
    match office.world.weather().strike()? {
        Strike::Throttled => Some(too_many()),
        Strike::Outage(502) => Some(Answer {
            status: 502,
            headers: vec![("content-type", "text/html".to_owned())],
            body: Some(Json::from("<html><body>Bad Gateway</body></html>")),
            credits: 0,
        }),
        Strike::Outage(status) => Some(refuse(
            status,
            "INTERNAL_ERROR",
            json!({}),
            "Internal Server Error",
        )),
        Strike::Expired => office
            .sign_in
            .forgets(ask.header("authorization"), &office.world)
            .then(sign_in::invalid_token),
    }
}

fn too_many() -> Answer {
    let message = "You have reached the maximum number of API calls allowed.";
    refuse(429, "TOO_MANY_REQUESTS", json!({}), message)
}

/// Carries the request out and takes its credits.
fn charged(office: &Office, ask: &Ask) -> Answer {
    let now = office.world.now();
    let used = {
        let mut credits = office
            .credits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if credits.until.is_none_or(|until| until <= now) {
            *credits = Credits {
                used: 0,
                until: Some(now + TimeDelta::days(1)),
            };
        }
        credits.used
    };
    if used >= CREDITS {
        return too_many();
    }
    let mut answer = answer(office, ask);
    let mut credits = office
        .credits
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    credits.used += answer.credits;
    // Said only once half of them are gone.
    if credits.used * 2 >= CREDITS {
        let left = CREDITS.saturating_sub(credits.used);
        answer
            .headers
            .push(("x-api-credits-remaining", left.to_string()));
    }
    answer
}

fn no_such_place() -> Answer {
    let message = "Please check if the URL trying to access is a correct one";
    refuse(404, "INVALID_URL_PATTERN", json!({}), message)
}

fn no_such_method() -> Answer {
    let message = "The http request method type is not a valid one";
    refuse(400, "INVALID_REQUEST_METHOD", json!({}), message)
}

fn answer(office: &Office, ask: &Ask) -> Answer {
    let parts: Vec<&str> = ask.path.split('/').collect();
    let module = ask.param("module");
    let mut state = office.world.state();
    let answered = match parts.as_slice() {
        ["settings", "fields" | "layouts" | "custom_views", ..] if module != Some("Deals") => {
            Err(invalid_module())
        }
        ["settings", "fields"] => fields::many(office, &mut state, ask),
        ["settings", "fields", id] => fields::one(&mut state, ask, id),
        ["settings", "layouts"] => Ok(house::layouts(&state)),
        ["settings", "pipeline"] => house::pipelines(&state, ask),
        ["settings", "custom_views"] => Ok(house::views(&state)),
        ["settings", "modules"] => finding::modules(None),
        ["settings", "modules", name] => finding::modules(Some(name)),
        ["settings", "profiles"] => Ok(finding::named("profiles", &["Administrator", "Standard"])),
        ["settings", "roles"] => Ok(finding::named("roles", &["CEO", "Manager"])),
        ["org"] => Ok(house::org(&state)),
        ["users"] => Ok(house::users(&state, ask)),
        ["users", id] => Ok(house::user(&state, id)),
        ["coql"] => coql::answer(office, &state, ask),
        ["Deals"] => records::many(office, &mut state, ask),
        ["Deals", "search"] => finding::search(&state, ask),
        ["Deals", "upsert"] => records::upsert(office, &mut state, ask),
        ["Deals", "actions", "count"] => finding::count(&state, ask),
        ["Accounts"] => finding::accounts(&state, ask, None),
        ["Accounts", id] => finding::accounts(&state, ask, Some(id)),
        ["Deals", "deleted"] => lists::deleted(office, &state, ask),
        ["Deals", id] => records::one(office, &mut state, ask, id),
        [_] | [_, _] => Err(invalid_module()),
        _ => Err(no_such_place()),
    };
    answered.unwrap_or_else(|refusal| refusal)
}

fn invalid_module() -> Answer {
    let details = json!({"resource_path_index": 0});
    let message = "the module name given seems to be invalid";
    refuse(400, "INVALID_MODULE", details, message)
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    let typed = answer
        .headers
        .iter()
        .any(|(name, _)| *name == "content-type");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = match answer.body {
        None => Body::empty(),
        Some(Json::String(page)) => Body::from(page),
        Some(json) => {
            if !typed {
                response = response.header("content-type", "application/json;charset=UTF-8");
            }
            Body::from(json.to_string())
        }
    };
    response
        .body(body)
        .unwrap_or_else(|error| unreachable!("headers are our own: {error}"))
}

/// Members of an object, none where it is another thing.
fn members(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}
