//! The way between an engine and the CRM: calls are carried in the same thread, and looked at.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use axum::body::Body;
use axum::http;
use chrono::TimeDelta;
use latitude::env::Clock;
use latitude::http::client::Carrier;
use latitude::http::fault::Fault;
use reqwest::{Request, Response};
use tower::ServiceExt;

use super::Sim;

/// The most bytes of one answer.
const LARGEST: usize = 64 * 1024 * 1024;

/// The way of one engine.
pub struct Wire {
    sim: Weak<Sim>,
    place: usize,
}

impl Wire {
    pub fn new(sim: &Arc<Sim>, place: usize) -> Self {
        Self {
            sim: Arc::downgrade(sim),
            place,
        }
    }
}

#[async_trait]
impl Carrier for Wire {
    async fn carry(&self, request: Request) -> Result<Response, Fault> {
        let Some(sim) = self.sim.upgrade() else {
            return Err(Fault::no_answer("the world has ended"));
        };
        sim.carry(self.place, request).await
    }
}

impl Sim {
    async fn carry(self: &Arc<Self>, place: usize, request: Request) -> Result<Response, Fault> {
        let told = format!("{} {}", request.method(), request.url().path());
        let storm = !self.state().calm;
        let (began, limit) = (self.truth.elapsed(), request.timeout().copied());
        self.step(place).await;
        self.check_token(&request);
        let mut late = false;
        if storm && self.chance(0.02) && self.may_happen(place) {
            self.people_act(self.checks_revisions()).await;
            self.state().happening = false;
        }
        if storm && self.chance(0.01) && self.may_happen(place) {
            // Already on its way when the lease runs out: nobody can call it back.
            self.count("call delayed in the network past its lease");
            late = self.freeze(place, "with a call on the network").await;
            self.state().happening = false;
        }
        let may_die = storm && !self.state().happening;
        if may_die && self.chance(0.01) {
            self.count("crash before a call");
            self.crash(place, "before a call").await;
        }
        let before = self.written();
        let answer = self.router.clone().oneshot(inbound(&request)).await;
        let answer = answer.unwrap_or_else(|never| match never {});
        *self
            .state()
            .outcome
            .counts
            .entry("calls".to_owned())
            .or_default() += 1;
        self.look_at_writes(place, &before, late);
        let (parts, body) = answer.into_parts();
        if !self.is_being_set_up() {
            self.say(&format!("engine {place}: {told} {}", parts.status.as_u16()));
        }
        if may_die && self.chance(0.01) {
            self.count("crash after a call");
            self.crash(place, "after a call").await;
        }
        if limit.is_some_and(|limit| self.truth.elapsed() > began + limit) {
            self.count("answer came too late");
            return Err(Fault::no_answer("timed out: no answer came in time"));
        }
        let Ok(bytes) = axum::body::to_bytes(body, LARGEST).await else {
            self.count("connection cut");
            return Err(Fault::no_answer("the connection broke: cut by the weather"));
        };
        let mut bytes = bytes.to_vec();
        if storm && self.chance(0.02) {
            let odd = self.roll(0..4);
            self.count("odd answer");
            match odd {
                0 => bytes.truncate(bytes.len() / 2),
                1 => bytes = b"<html><body>Please wait</body></html>".to_vec(),
                2 => bytes.clear(),
                _ => {
                    self.truth.advance(TimeDelta::seconds(20));
                    return Err(Fault::no_answer("timed out: no whole answer came"));
                }
            }
        }
        let mut response = http::Response::builder().status(parts.status);
        if let Some(headers) = response.headers_mut() {
            *headers = parts.headers;
        }
        Ok(response.body(bytes).expect("an answer").into())
    }
}

impl Sim {
    /// Whether something that takes a while may happen to an engine with a call on its way.
    fn may_happen(&self, place: usize) -> bool {
        let mut state = self.state();
        let may = !state.happening && !state.keeping.contains(&place);
        state.happening |= may;
        may
    }
}

/// The call as the sandbox's server would see it.
fn inbound(request: &Request) -> http::Request<Body> {
    let url = request.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let body = request
        .body()
        .and_then(reqwest::Body::as_bytes)
        .unwrap_or_default();
    let mut call = http::Request::builder()
        .method(request.method())
        .uri(target);
    if let Some(headers) = call.headers_mut() {
        *headers = request.headers().clone();
        let host = http::HeaderValue::from_str(&host).expect("a host");
        headers.insert(http::header::HOST, host);
    }
    call.body(Body::from(body.to_vec())).expect("a call")
}
