//! A server that answers as Salesforce does, written from its REST documents: token, query with
//! locators, sObject Collections, Composite. Pages are rendered and packed once and then come out
//! of memory, so that a client's time is its own. It does no work of a CRM: no rules, no locks, and
//! what is written is counted and forgotten.
//!
//! It runs in a process of its own; what it was asked is told at `/__standin/stats`.

mod org;
mod soql;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, patch, post};
use axum::serve::ListenerExt;
use serde::Deserialize;
use serde_json::json;

use super::clock::Shifted;
use org::Org;
pub use org::id;
use soql::Soql;

/// The most rows of a page, as documented.
const PAGE: usize = 2000;
/// How many write bodies are kept, for those who send the same again.
const KEPT: usize = 600;

struct Standin {
    org: Mutex<Org>,
    clock: Shifted,
    /// Packed answers, by resource, query and offset.
    pages: Mutex<HashMap<String, Bytes>>,
    /// Queries that locators stand for.
    locators: Mutex<Vec<String>>,
    written: Mutex<Vec<Bytes>>,
    keeps: AtomicBool,
    calls: AtomicU64,
    rows: AtomicU64,
    page_delay: AtomicU64,
    write_delay: AtomicU64,
}

/// Serves so many deals until the process is ended.
pub fn serve(deals: usize, port: u16, clock: Shifted) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let standin = Arc::new(Standin {
            org: Mutex::new(Org::new(deals, clock.now())),
            clock,
            pages: Mutex::default(),
            locators: Mutex::default(),
            written: Mutex::default(),
            keeps: AtomicBool::new(true),
            calls: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            page_delay: AtomicU64::new(0),
            write_delay: AtomicU64::new(0),
        });
        let app = Router::new()
            .route("/services/oauth2/token", post(token))
            .route("/services/oauth2/userinfo", get(user))
            .route("/services/data/{version}/{query}", get(query))
            .route("/services/data/{version}/{query}/", get(query))
            .route("/services/data/{version}/query/{locator}", get(more))
            .route("/services/data/{version}/composite", post(composite))
            .route(
                "/services/data/{version}/composite/sobjects",
                patch(collection),
            )
            .route("/__standin/stats", get(stats))
            .route("/__standin/set", any(set))
            .route("/__standin/written/{n}", get(written))
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(standin);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        println!("{}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        // Where this fails, answers are a little later.
        let listener = listener.tap_io(|tcp| drop(tcp.set_nodelay(true)));
        Ok(axum::serve(listener, app).await?)
    })
}

type Shared = State<Arc<Standin>>;

impl Standin {
    fn answer(&self, body: impl Into<Body>, packed: bool) -> Response {
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT");
        let mut answer = Response::new(body.into());
        let headers = answer.headers_mut();
        let json = header::HeaderValue::from_static("application/json;charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, json);
        let usage = header::HeaderValue::from_static("api-usage=1/5000000");
        headers.insert("sforce-limit-info", usage);
        if let Ok(date) = date.to_string().parse() {
            headers.insert(header::DATE, date);
        }
        if packed {
            headers.insert(
                header::CONTENT_ENCODING,
                header::HeaderValue::from_static("gzip"),
            );
        }
        answer
    }

    /// A page of a query, packed; rendered at the first asking.
    fn page(&self, resource: &str, text: &str, offset: usize) -> anyhow::Result<Bytes> {
        let key = format!("{resource} {offset} {text}");
        let known = lock(&self.pages).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let soql = Soql::read(text)?;
        let org = lock(&self.org);
        let plain = if soql.by_day {
            org.by_day(&soql)
        } else {
            let range = org.range(&soql, soql.limit);
            let from = (range.start + offset).min(range.end);
            let upto = (from + PAGE).min(range.end);
            let next = (upto < range.end).then(|| {
                let mut locators = lock(&self.locators);
                let place = locators.iter().position(|known| *known == text);
                let place = place.unwrap_or_else(|| {
                    locators.push(text.to_owned());
                    locators.len() - 1
                });
                format!("0r8{place:015}-{}", offset + upto - from)
            });
            org.render(&soql, (range.len(), from..upto), next.as_deref())
        };
        drop(org);
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&plain)?;
        let packed = Bytes::from(packer.finish()?);
        lock(&self.pages).insert(key, packed.clone());
        Ok(packed)
    }

    async fn serve_page(&self, headers: &HeaderMap, page: anyhow::Result<Bytes>) -> Response {
        self.calls.fetch_add(1, Ordering::Relaxed);
        pause(&self.page_delay).await;
        let takes_gzip = headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("gzip"));
        match page {
            Ok(packed) if takes_gzip => self.answer(packed, true),
            Ok(packed) => {
                let mut plain = flate2::write::GzDecoder::new(Vec::new());
                let done = plain.write_all(&packed).and_then(|()| plain.finish());
                done.map_or_else(
                    |error| refused(&error.to_string()),
                    |plain| self.answer(plain, false),
                )
            }
            Err(error) => refused(&format!("{error:#}")),
        }
    }
}

fn refused(why: &str) -> Response {
    let body = json!([{"errorCode": "MALFORMED_QUERY", "message": why}]).to_string();
    (StatusCode::BAD_REQUEST, body).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pause(delay: &AtomicU64) {
    let millis = delay.load(Ordering::Relaxed);
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

async fn token(State(it): Shared, headers: HeaderMap) -> Response {
    it.calls.fetch_add(1, Ordering::Relaxed);
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let body = json!({
        "access_token": "00D000000000001!standin",
        "instance_url": format!("http://{}", host.unwrap_or("127.0.0.1")),
        "token_type": "Bearer",
    });
    it.answer(body.to_string(), false)
}

async fn user(State(it): Shared) -> Response {
    it.calls.fetch_add(1, Ordering::Relaxed);
    let body = json!({"user_id": "005000000000001", "organization_id": "00D000000000001"});
    it.answer(body.to_string(), false)
}

#[derive(Deserialize)]
struct Asked {
    q: String,
}

async fn query(
    State(it): Shared,
    Path((_, resource)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let page = it.page(&resource, &asked.q, 0);
    it.serve_page(&headers, page).await
}

async fn more(
    State(it): Shared,
    Path((_, locator)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let place = locator
        .strip_prefix("0r8")
        .and_then(|it| it.split_once('-'));
    let place =
        place.and_then(|(n, offset)| Some((n.parse::<usize>().ok()?, offset.parse().ok()?)));
    let text = place.and_then(|(n, _)| lock(&it.locators).get(n).cloned());
    let page = match (text, place) {
        (Some(text), Some((_, offset))) => it.page("query", &text, offset),
        _ => Err(anyhow::anyhow!("no such locator")),
    };
    it.serve_page(&headers, page).await
}

#[derive(Deserialize)]
struct Records {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(alias = "Id")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    composite_request: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    reference_id: String,
    body: Records,
}

impl Standin {
    fn saved(&self, records: &Records, to: &mut String) {
        self.rows
            .fetch_add(records.records.len() as u64, Ordering::Relaxed);
        to.push('[');
        for (n, record) in records.records.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            to.push_str(&format!(
                "{comma}{{\"id\":\"{}\",\"success\":true,\"errors\":[]}}",
                record.id
            ));
        }
        to.push(']');
    }

    fn keep(&self, body: &Bytes) {
        let mut written = lock(&self.written);
        if written.len() < KEPT && self.keeps.load(Ordering::Relaxed) {
            written.push(body.clone());
        }
    }
}

async fn collection(State(it): Shared, body: Bytes) -> Response {
    it.calls.fetch_add(1, Ordering::Relaxed);
    pause(&it.write_delay).await;
    let Ok(records) = serde_json::from_slice::<Records>(&body) else {
        return refused("records");
    };
    if records.records.len() > 200 {
        return refused("more than 200 records");
    }
    it.keep(&body);
    let mut told = String::new();
    it.saved(&records, &mut told);
    it.answer(told, false)
}

async fn composite(State(it): Shared, body: Bytes) -> Response {
    it.calls.fetch_add(1, Ordering::Relaxed);
    pause(&it.write_delay).await;
    let Ok(composite) = serde_json::from_slice::<Composite>(&body) else {
        return refused("compositeRequest");
    };
    let parts = composite.composite_request;
    if parts.len() > 5 || parts.iter().any(|part| part.body.records.len() > 200) {
        return refused("more than 5 collections of 200");
    }
    it.keep(&body);
    let mut told = "{\"compositeResponse\":[".to_owned();
    for (n, part) in parts.iter().enumerate() {
        told.push_str(if n > 0 { ",{\"body\":" } else { "{\"body\":" });
        it.saved(&part.body, &mut told);
        told.push_str(&format!(
            ",\"httpHeaders\":{{}},\"httpStatusCode\":200,\"referenceId\":\"{}\"}}",
            part.reference_id
        ));
    }
    told.push_str("]}");
    it.answer(told, false)
}

async fn stats(State(it): Shared) -> Response {
    let body = json!({
        "calls": it.calls.load(Ordering::Relaxed),
        "rows_written": it.rows.load(Ordering::Relaxed),
        "bodies": lock(&it.written).len(),
        "page_bytes": lock(&it.pages).values().map(Bytes::len).sum::<usize>(),
        "cpu": super::measure::cpu_seconds().unwrap_or_default(),
    });
    it.answer(body.to_string(), false)
}

#[derive(Deserialize)]
struct Set {
    /// Milliseconds that a page, and a write call, takes from now on.
    page: Option<u64>,
    write: Option<u64>,
    /// One deal in so many changes now.
    touch: Option<usize>,
    /// Write bodies are forgotten, and kept from now on …
    forget: Option<bool>,
    /// … or are no longer kept: others send the same again.
    enough: Option<bool>,
}

async fn set(State(it): Shared, Query(set): Query<Set>) -> Response {
    if let Some(page) = set.page {
        it.page_delay.store(page, Ordering::Relaxed);
    }
    if let Some(write) = set.write {
        it.write_delay.store(write, Ordering::Relaxed);
    }
    if let Some(every) = set.touch {
        lock(&it.org).touch(every, it.clock.now());
        lock(&it.pages).clear();
    }
    if set.forget == Some(true) {
        lock(&it.written).clear();
        it.keeps.store(true, Ordering::Relaxed);
    }
    if set.enough == Some(true) {
        it.keeps.store(false, Ordering::Relaxed);
    }
    it.answer("{}", false)
}

async fn written(State(it): Shared, Path(n): Path<usize>) -> Response {
    let body = lock(&it.written).get(n).cloned();
    match body.context("no such body") {
        Ok(body) => it.answer(body, false),
        Err(error) => refused(&error.to_string()),
    }
}
