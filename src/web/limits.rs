//! How often someone may knock: on sign-in by address, on the live preview by session, on the API
//! by token.

use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::session::cookie_name;
use super::settings::Settings;

/// Who knocks too often waits this long.
const WAIT_SECONDS: u64 = 60;
/// Callers remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts who knocked how often.
pub struct Limits {
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
    preview: DefaultKeyedRateLimiter<[u8; 32]>,
    api: DefaultKeyedRateLimiter<[u8; 32]>,
    forwarded_hops: usize,
    cookie: &'static str,
}

fn a_minute(times: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN))
}

fn allows<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> bool {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(key).is_ok()
}

impl Limits {
    /// Nobody has knocked yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            sign_in: RateLimiter::keyed(a_minute(settings.sign_ins_a_minute)),
            preview: RateLimiter::keyed(a_minute(settings.previews_a_minute)),
            api: RateLimiter::keyed(a_minute(settings.calls_a_minute)),
            forwarded_hops: settings.forwarded_hops,
            cookie: cookie_name(settings),
        }
    }

    fn session(&self, headers: &HeaderMap) -> [u8; 32] {
        let jar = CookieJar::from_headers(headers);
        let cookie = jar.get(self.cookie);
        Sha256::digest(cookie.map_or("", |it| it.value())).into()
    }

    fn allows(&self, request: &Request) -> bool {
        let path = request.uri().path();
        if path.starts_with("/sign-in") && (request.method() == "POST" || path != "/sign-in") {
            return caller(request, self.forwarded_hops)
                .is_none_or(|address| allows(&self.sign_in, &address));
        }
        if path.ends_with("/preview") {
            let whose = match path.starts_with("/embed/") {
                true => token(request.headers()),
                false => self.session(request.headers()),
            };
            return allows(&self.preview, &whose);
        }
        !path.starts_with("/api/") || allows(&self.api, &token(request.headers()))
    }
}

/// The address a request came from; behind known proxies the one they name.
fn caller(request: &Request, forwarded_hops: usize) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|it| it.0.ip());
    if forwarded_hops == 0 {
        return peer;
    }
    // Each proxy adds on the right; what stands further left was sent by the caller.
    let said = request.headers().get_all("x-forwarded-for");
    let addresses: Vec<&str> = said
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .map(str::trim)
        .collect();
    let named = addresses.len().checked_sub(forwarded_hops);
    named
        .and_then(|at| addresses.get(at)?.parse().ok())
        .or(peer)
}

/// Whose request it is: what proves it, and nothing that a caller may add to look like another.
fn token(headers: &HeaderMap) -> [u8; 32] {
    let bearer = headers.get(header::AUTHORIZATION);
    Sha256::digest(bearer.map_or(&[][..], HeaderValue::as_bytes)).into()
}

/// Lets through who does not knock too often.
pub async fn guard(limits: Arc<Limits>, request: Request, next: Next) -> Response {
    if limits.allows(&request) {
        return next.run(request).await;
    }
    let mut response = Problem::TooMany.into_response();
    let wait = HeaderValue::from(WAIT_SECONDS);
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}
