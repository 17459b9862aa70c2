//! How often someone may knock: on sign-in by address, on the live preview by session.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::settings::Settings;

/// Live previews of one session in a minute: several a second while someone types.
const PREVIEWS_A_MINUTE: NonZeroU32 = NonZeroU32::new(240).expect("not zero");
/// Who knocks too often waits this long.
const WAIT_SECONDS: u64 = 60;
/// Callers remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts who knocked how often.
pub struct Limits {
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
    preview: DefaultKeyedRateLimiter<[u8; 32]>,
    forwarded_hops: usize,
}

impl Limits {
    /// Nobody has knocked yet.
    pub fn new(settings: &Settings) -> Self {
        let sign_ins = NonZeroU32::new(settings.sign_ins_a_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            sign_in: RateLimiter::keyed(Quota::per_minute(sign_ins)),
            preview: RateLimiter::keyed(Quota::per_minute(PREVIEWS_A_MINUTE)),
            forwarded_hops: settings.forwarded_hops,
        }
    }

    fn allows(&self, request: &Request) -> bool {
        let path = request.uri().path();
        if path.starts_with("/sign-in") && (request.method() == "POST" || path != "/sign-in") {
            if self.sign_in.len() > REMEMBERED {
                self.sign_in.retain_recent();
            }
            return match caller(request, self.forwarded_hops) {
                Some(address) => self.sign_in.check_key(&address).is_ok(),
                None => true,
            };
        }
        if path.ends_with("/preview") {
            if self.preview.len() > REMEMBERED {
                self.preview.retain_recent();
            }
            return self.preview.check_key(&proof(request.headers())).is_ok();
        }
        true
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

fn proof(headers: &HeaderMap) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in [header::AUTHORIZATION, header::COOKIE] {
        hash.update(headers.get(&name).map_or(&[][..], HeaderValue::as_bytes));
        hash.update([0]);
    }
    hash.finalize().into()
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
