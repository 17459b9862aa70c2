//! The versioned REST API: lets a call in, finds its resource, adds the headers every answer has.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::oauth::Form;
use super::org::{Caller, Org};
use super::{bulk, composite, describe, ingest, lists, log, query, records, tooling};

/// A call of one resource; parts of composite calls are such calls too.
pub struct Call {
    pub method: Method,
    /// The path below the version, in segments.
    pub path: Vec<String>,
    pub query: Form,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// The body as data.
    pub fn json(&self) -> Result<Value, Refusal> {
        let told = |error: serde_json::Error| {
            Refusal::unreadable(format!(
                "Unexpected character at [line:{}, column:{}]",
                error.line(),
                error.column()
            ))
        };
        if self.body.is_empty() {
            return Err(Refusal::unreadable(
                "The HTTP entity body is required, but this request has no entity body.",
            ));
        }
        let media_type = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|it| it.to_str().ok());
        if media_type.is_some_and(|it| !it.to_ascii_lowercase().contains("json")) {
            return Err(Refusal::new(
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                "Content type of request not supported",
            ));
        }
        serde_json::from_slice(&self.body).map_err(told)
    }
}

/// The oldest and newest versions that answer.
const VERSIONS: (u32, u32) = (31, 68);
/// The longest address, query included.
const LONGEST_URI: usize = 16_384;

/// `GET /services/data`: the versions, to anyone.
pub async fn versions() -> Response {
    let versions: Vec<Value> = (VERSIONS.0..=VERSIONS.1)
        .map(|n| {
            let season = ["Spring", "Summer", "Winter"][n as usize % 3];
            let label = format!("{season} '{}", 4 + (n + 1) / 3);
            json!({"label": label, "url": format!("/services/data/v{n}.0"), "version": format!("{n}.0")})
        })
        .collect();
    Answer::json(&Value::Array(versions)).into_response()
}

/// Everything else.
pub async fn no_such_page() -> Response {
    Refusal::not_found().into_response()
}

/// Every answer carries the organisation's own time.
pub async fn dated(State(org): State<Org>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let now = org
        .world
        .now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    if let Ok(now) = HeaderValue::from_str(&now) {
        response.headers_mut().insert(header::DATE, now);
    }
    response
}

/// Any call below `/services/data/{version}/`.
pub async fn call(
    State(org): State<Org>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let segments: Vec<String> = segments(uri.path());
    let version = segments.get(2).cloned().unwrap_or_default();
    let caller = match org.admit(&headers, &version) {
        Ok(caller) => caller,
        Err(answer) => return answer.into_response(),
    };
    let call = Call {
        method,
        path: segments.into_iter().skip(3).collect(),
        query: Form::read(uri.query().unwrap_or_default().as_bytes()),
        headers,
        body,
    };
    let too_long = uri.to_string().len() > LONGEST_URI;
    let outcome = match known_version(&version) {
        _ if too_long => Err(Refusal::new(414, "URI_TOO_LONG", "The URI is too long")),
        false => Err(Refusal::not_found()),
        true => find(&org, &caller, &call),
    };
    let mut response = match outcome {
        Ok(answer) => answer.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    let (used, limit) = org.usage(&org.world.state());
    if let Ok(usage) = HeaderValue::from_str(&format!("api-usage={used}/{limit}")) {
        response.headers_mut().insert("sforce-limit-info", usage);
    }
    response
}

fn known_version(version: &str) -> bool {
    let number = version
        .strip_prefix('v')
        .and_then(|it| it.strip_suffix(".0")?.parse().ok());
    number.is_some_and(|n: u32| (VERSIONS.0..=VERSIONS.1).contains(&n))
}

/// The segments of a path, decoded.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            // Segments are decoded like form values, but for the plus.
            let pair = format!("s={}", segment.replace('+', "%2B"));
            Form::read(pair.as_bytes())
                .get("s")
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// Finds the resource of a call.
pub fn find(org: &Org, caller: &Caller, call: &Call) -> Outcome {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    let q = || {
        let missing = || Refusal::malformed_query("Query parameter q is required");
        call.query.get("q").ok_or_else(missing)
    };
    match (method, path.as_slice()) {
        ("GET", []) => Ok(resources(caller)),
        ("GET", ["limits"]) => Ok(limits(org)),
        ("GET", ["query"] | ["tooling", "query"]) => query::begin(org, caller, q()?, false),
        ("GET", ["queryAll"]) => query::begin(org, caller, q()?, true),
        // More parameters on these addresses are ignored.
        ("GET", ["query" | "queryAll", place]) => query::go_on(org, caller, place),
        ("GET", ["sobjects"]) => Ok(describe::all(caller)),
        ("GET", ["sobjects", object]) => describe::basic(caller, object),
        ("GET", ["sobjects", object, "describe"]) => describe::one(org, caller, call, object),
        ("GET", ["sobjects", object, "deleted"]) => log::deleted(org, call, object),
        ("GET", ["sobjects", object, "updated"]) => log::updated(org, call, object),
        ("GET", ["sobjects", "Opportunity", "listviews"]) => Ok(lists::all(org, caller)),
        ("POST", ["sobjects", object]) => records::create_one(org, caller, object, &call.json()?),
        ("GET", ["sobjects", object, id]) => records::get(org, caller, call, object, id),
        ("PATCH", ["sobjects", object, id]) => records::patch(org, caller, call, object, id),
        ("DELETE", ["sobjects", object, id]) => records::delete_one(org, caller, object, id),
        ("POST", ["composite"]) => composite::parts(org, caller, call, composite::PLAIN),
        ("POST", ["tooling", "composite"]) => {
            composite::parts(org, caller, call, composite::TOOLING)
        }
        ("POST" | "PATCH", ["composite", "sobjects"]) => composite::collection(org, caller, call),
        ("DELETE", ["composite", "sobjects"]) => composite::delete(org, caller, call),
        ("GET" | "POST", ["composite", "sobjects", object]) => {
            composite::retrieve(org, caller, call, object)
        }
        ("POST", ["tooling", "sobjects", "CustomField"]) => tooling::create(org, &call.json()?),
        ("GET", ["tooling", "sobjects", "CustomField", id]) => tooling::get(org, id),
        ("PATCH", ["tooling", "sobjects", "CustomField", id]) => {
            tooling::change(org, id, &call.json()?)
        }
        ("DELETE", ["tooling", "sobjects", "CustomField", id]) => tooling::delete(org, id),
        ("POST", ["ui-api", "list-info", object]) => {
            lists::create(org, caller, object, &call.json()?)
        }
        ("GET", ["ui-api", "list-info", object, view]) => lists::get(org, object, view),
        ("DELETE", ["ui-api", "list-info", object, view]) => lists::delete(org, object, view),
        (_, ["jobs", "query", rest @ ..]) => bulk::find(org, caller, call, rest),
        (_, ["jobs", "ingest", rest @ ..]) => ingest::find(org, caller, call, rest),
        (
            _,
            [
                "query" | "queryAll" | "limits" | "composite" | "sobjects" | "tooling" | "ui-api",
                ..,
            ],
        ) if !matches!(method, "GET" | "POST" | "PATCH" | "DELETE" | "HEAD") => {
            Err(not_allowed(method))
        }
        (_, ["query" | "queryAll" | "limits"] | ["composite"]) => Err(not_allowed(method)),
        _ => Err(Refusal::not_found()),
    }
}

/// A method that a resource does not know.
pub fn not_allowed(method: &str) -> Refusal {
    Refusal::new(
        405,
        "METHOD_NOT_ALLOWED",
        format!("HTTP Method '{method}' not allowed. Allowed are GET, HEAD"),
    )
}

fn resources(caller: &Caller) -> Answer {
    let at = |name: &str| format!("/services/data/{}/{name}", caller.version);
    let names = [
        "sobjects",
        "query",
        "queryAll",
        "limits",
        "composite",
        "tooling",
        "jobs",
        "ui-api",
    ];
    let all: serde_json::Map<String, Value> = names
        .into_iter()
        .map(|name| (name.to_owned(), at(name).into()))
        .collect();
    Answer::json(&Value::Object(all))
}

fn limits(org: &Org) -> Answer {
    let (used, limit) = org.usage(&org.world.state());
    let left = limit.saturating_sub(used);
    Answer::json(&json!({
        "DailyApiRequests": {"Max": limit, "Remaining": left},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        "DataStorageMB": {"Max": 10_240, "Remaining": 10_000},
    }))
}
