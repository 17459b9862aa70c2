//! One call: what is asked, and what came back.

use std::fmt::Display;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;
use url::Url;

use super::fault::{Cause, Fault, retry_after};
use super::{Api, Client, LARGEST_BODY, LONGEST_CALL};
use crate::domain::Time;
use crate::domain::text::without_nul;

/// How long after a broken call its one repeat goes out.
const REPEAT_AFTER: Duration = Duration::from_millis(200);

/// A call being put together; nothing happens until one of the last four methods is awaited.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Option<(HeaderValue, Vec<u8>)>,
    idempotent: bool,
    less_instead: bool,
    cost: u32,
}

impl<'a> Call<'a> {
    pub(super) fn new(api: &'a Api, method: Method, path: String) -> Self {
        Self {
            api,
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            idempotent: false,
            less_instead: false,
            cost: 1,
        }
    }

    /// Adds a query parameter, encoded as needed.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header. A value that cannot stand in a header is left out.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Sends JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(body)
            .unwrap_or_else(|error| unreachable!("our own bodies are plain data: {error}"));
        self.body = Some((HeaderValue::from_static("application/json"), bytes));
        self
    }

    /// Sends bytes of another media type.
    pub fn body(mut self, media_type: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some((HeaderValue::from_static(media_type), bytes.into()));
        self
    }

    /// Says that repeating the call does no harm, so that a broken connection may be tried again.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Says that less is asked for where this takes too long, so that it is not repeated as it is.
    pub fn or_less(mut self) -> Self {
        self.less_instead = true;
        self
    }

    /// What the call costs in the CRM's own unit, where that is not one.
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// The decoded answer.
    ///
    /// # Errors
    /// As [`Call::reply`]; an answer of another shape is [`Fault::Unknown`].
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, Fault> {
        let judge = &self.api.0.judge;
        let reply = self.reply().await?;
        reply
            .decode()
            .map_err(|fault| match reply.looks_like_page() {
                // A page where data should be is a gateway or a maintenance notice.
                true => judge(&Reply {
                    status: 503,
                    ..reply
                }),
                false => fault,
            })
    }

    /// The answer, if its status is one of success.
    ///
    /// # Errors
    /// What the CRM's `fault` function makes of any other.
    pub async fn reply(self) -> Result<Reply, Fault> {
        let judge = &self.api.0.judge;
        let reply = self.any_reply().await?;
        if (200..300).contains(&reply.status) {
            Ok(reply)
        } else {
            Err(judge(&reply))
        }
    }

    /// The answer, whatever its status; an ended session is renewed and the call repeated once.
    ///
    /// # Errors
    /// No answer, a spent budget, a host that may not be reached, a sign-in that is refused.
    pub async fn any_reply(self) -> Result<Reply, Fault> {
        let inner = &*self.api.0;
        let standing = inner.credentials.standing(&inner.env).await?;
        let reply = self.send(&standing.base, &standing).await?;
        let ended = !(200..300).contains(&reply.status)
            && matches!((inner.judge)(&reply), Fault::Expired(_));
        if !ended {
            return Ok(reply);
        }
        let fresh = match inner.credentials.renew(&inner.env, &standing).await? {
            Some(fresh) => fresh,
            None => return Err(Fault::Reconnect((inner.judge)(&reply).cause().clone())),
        };
        let again = self.send(&fresh.base, &fresh).await?;
        match (inner.judge)(&again) {
            Fault::Expired(cause) if !(200..300).contains(&again.status) => {
                Err(Fault::Reconnect(cause))
            }
            _ => Ok(again),
        }
    }

    async fn send(&self, base: &Url, standing: &super::token::Standing) -> Result<Reply, Fault> {
        let url = self.url(base)?;
        let first = self.send_once(&url, standing).await;
        let broken = match &first {
            Ok(reply) => matches!(reply.status, 500 | 502..=504) && reply.retry_at().is_none(),
            Err(Fault::Later { at: None, cause }) => cause.code.as_deref() == Some("no_answer"),
            Err(_) => false,
        };
        let slow = |fault: &Fault| self.less_instead && fault.asks_for_less();
        if !(broken && self.idempotent) || first.as_ref().is_err_and(slow) {
            return first;
        }
        self.api.0.env.sleep(REPEAT_AFTER).await;
        self.send_once(&url, standing).await
    }

    async fn send_once(
        &self,
        url: &Url,
        standing: &super::token::Standing,
    ) -> Result<Reply, Fault> {
        let inner = &*self.api.0;
        inner.guard.allows(url)?;
        self.api.time_left()?;
        let routine = self.api.1.routine;
        inner.budget.spend(self.cost, routine).await?;
        let left = self.api.time_left()?;
        let mut request = Request::new(self.method.clone(), url.clone());
        *request.timeout_mut() = left.map(|left| left.min(LONGEST_CALL));
        *request.headers_mut() = self.headers.clone();
        if let Some((media_type, bytes)) = &self.body {
            request
                .headers_mut()
                .insert(reqwest::header::CONTENT_TYPE, media_type.clone());
            *request.body_mut() = Some(Body::from(bytes.clone()));
        }
        inner.credentials.sign(standing, &mut request)?;
        inner.calls.fetch_add(1, Ordering::Relaxed);
        // Neither path nor query: a record's id is enough to find a person by.
        let span = tracing::info_span!(
            "call",
            http.request.method = %self.method,
            server.address = url.host_str(),
            http.response.status_code = tracing::field::Empty,
        );
        let answer = exchange(&inner.client, request, inner.env.now()).instrument(span.clone());
        let reply = match left {
            None => answer.await?,
            Some(left) => {
                let in_time = inner.env.within(left, self.api.while_held(answer)).await;
                in_time.ok_or_else(super::out_of_time)??
            }
        };
        span.record("http.response.status_code", reply.status);
        if !reply.header("date").is_empty() {
            inner.note_their_clock(reply.date());
        }
        Ok(reply)
    }

    fn url(&self, base: &Url) -> Result<Url, Fault> {
        let joined = if self.path.starts_with("http") {
            Url::parse(&self.path)
        } else {
            let base = base.as_str().trim_end_matches('/');
            Url::parse(&format!("{base}/{}", self.path.trim_start_matches('/')))
        };
        let mut url = joined.map_err(|error| {
            Fault::Setup(Cause::told(
                "bad_url",
                format!("{} is not an address: {error}", self.path),
            ))
        })?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// Sends one request and reads the whole answer, up to [`LARGEST_BODY`]. No text in it holds U+0000:
/// every CRM's words come in here.
pub(super) async fn exchange(client: &Client, request: Request, now: Time) -> Result<Reply, Fault> {
    let (method, path) = (
        request.method().to_string(),
        request.url().path().to_owned(),
    );
    let response = client.execute(request).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Fault::no_answer(plain(&error)))?;
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(Fault::Unknown(Cause::told(
                TOO_LARGE,
                "the answer exceeds 32 MiB",
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        method,
        path,
        status,
        headers,
        body: without_nul(body),
        now,
    })
}

/// How an error begins where nobody listens at an address.
pub const NOBODY: &str = "could not connect";
/// How an error begins where no whole answer came in time.
pub(super) const SLOW: &str = "timed out";
/// The code of an answer that is larger than any that is read.
pub(super) const TOO_LARGE: &str = "too_large";

/// What went wrong on the wire, without the address, which may carry words of a person.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        SLOW
    } else if error.is_connect() {
        NOBODY
    } else {
        "the connection broke"
    };
    let mut source: &dyn std::error::Error = error;
    while let Some(deeper) = source.source() {
        source = deeper;
    }
    format!("{kind}: {source}")
}

/// An answer: status, headers and the whole body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The method that was used.
    pub method: String,
    /// The path that was asked, without query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body, unpacked.
    pub body: Vec<u8>,
    /// When it arrived.
    pub now: Time,
}

impl Reply {
    /// A header's text; empty where it is missing or not text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The CRM's own clock, from the `Date` header; ours where it is missing.
    pub fn date(&self) -> Time {
        chrono::DateTime::parse_from_rfc2822(self.header("date"))
            .map_or(self.now, |date| date.to_utc())
    }

    /// When to come back, from `Retry-After`.
    pub fn retry_at(&self) -> Option<Time> {
        retry_after(self.header("retry-after"), self.now)
    }

    /// Whether the body is a web page where data was expected.
    pub fn looks_like_page(&self) -> bool {
        self.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
    }

    /// The body as data.
    ///
    /// # Errors
    /// [`Fault::Unknown`] naming what was wrong with the shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Fault::Unknown(Cause {
                status: Some(self.status),
                code: Some("bad_body".to_owned()),
                message: format!("{} {}: {error}", self.method, self.path),
            })
        })
    }
}
