//! Only our own pages change things.
//!
//! Two proofs for every request that changes something in the name of a cookie: the browser says
//! that it came from our own pages (`Origin`, `Sec-Fetch-Site`), and it carries a token that only
//! those pages know. Sign-in, where there is no session yet, rests on the first alone.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::error::Problem;
use super::session::cookie_name;
use super::{App, Shared};
use crate::env::Env;

/// The largest form our pages send …
const LARGEST_FORM: usize = 1024 * 1024;
/// … and the largest whose words are given back where it is not taken.
const LARGEST_GIVEN_BACK: usize = 4 * LARGEST_FORM;
/// A form that says it is larger than this waits until others of its kind were read …
const SMALL: usize = 64 * 1024;
/// … of which so many are at once: whoever sends slowly has what came so far held in memory.
static LARGE_AT_ONCE: Semaphore = Semaphore::const_new(16);
/// The header scripts send the token in.
pub const HEADER: &str = "x-csrf-token";

/// A token of a session, masked anew each time so that compression cannot betray it.
pub fn token(env: &Env, session: &str) -> String {
    let mask = env.bytes::<32>();
    let masked = proof(session);
    let masked = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
    mask.iter()
        .copied()
        .chain(masked)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The token of whoever sent these headers, as their cookie says; empty where it says nothing.
pub fn token_of(app: &App, headers: &HeaderMap) -> String {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(cookie_name(&app.settings));
    cookie.map_or_else(String::new, |it| token(&app.env, it.value()))
}

fn proof(session: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(session.as_bytes())
        .unwrap_or_else(|_| unreachable!("a key of any length will do"));
    mac.update(b"csrf");
    mac.finalize().into_bytes().into()
}

fn fits(token: &str, session: &str) -> bool {
    let bytes: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok())
        .collect();
    let Some((mask, masked)) = bytes.as_deref().and_then(|it| it.split_at_checked(32)) else {
        return false;
    };
    let sent: Vec<u8> = mask
        .iter()
        .zip(masked)
        .map(|(mask, byte)| mask ^ byte)
        .collect();
    masked.len() == 32 && bool::from(sent.as_slice().ct_eq(&proof(session)))
}

/// Lets through what reads, and what our own pages sent.
pub async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return next.run(request).await;
    }
    match check(&app, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The form that a request brought, for whoever let it in: what became of it is not told by who took
/// it, who may be cut off.
#[derive(Clone, Default)]
pub struct Brought(Arc<OnceLock<Bytes>>);

impl Brought {
    /// What was written into it; none where no form of a page of ours was read.
    pub fn wrote(&self) -> Option<Wrote> {
        self.0.get().map(|form| Wrote::of(form))
    }
}

/// What a form that was not taken carried, so that the page that says so can make it anew: no browser
/// keeps what was typed into a page that may not be stored.
///
/// Each name with what stood there; never a proof.
#[derive(Clone, Debug, Default)]
pub struct Wrote(pub Vec<(String, String)>);

/// What is never given back: proofs, and keys that open something.
const PROOFS: [&str; 2] = ["csrf", "key"];

impl Wrote {
    fn of(form: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(form);
        let given = fields.filter(|(name, _)| !PROOFS.contains(&&**name));
        Self(
            given
                .map(|(name, text)| (name.into_owned(), text.trim().to_owned()))
                .collect(),
        )
    }

    /// What stood under a name; empty where there was no such field.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, text)| text)
    }
}

/// More was sent than is read at all.
pub fn too_much() -> Problem {
    Problem::Unfit("That is more than a page can take: 1 MB at most.".to_owned())
}

async fn check(app: &App, request: Request) -> Result<Request, Problem> {
    if !from_our_pages(app, request.headers()) {
        return Err(Problem::Refused(
            "This did not come from one of our own pages.",
        ));
    }
    let jar = CookieJar::from_headers(request.headers());
    let session = jar
        .get(cookie_name(&app.settings))
        .map(|it| it.value().to_owned());
    // Whoever was signed out gets their words back too; of strangers nothing large is read.
    if session.is_none() && !is_short(request.headers()) {
        return Ok(request);
    }
    let in_header = request
        .headers()
        .get(HEADER)
        .and_then(|it| it.to_str().ok())
        .map(str::to_owned);
    let (parts, body) = request.into_parts();
    let body = read(&parts.headers, body).await?;
    if let Some(brought) = parts.extensions.get::<Brought>() {
        // The first form is the only one.
        drop(brought.0.set(body.clone()));
    }
    if body.len() > LARGEST_FORM {
        return Err(too_much());
    }
    let Some(session) = session else {
        return Ok(Request::from_parts(parts, Body::from(body)));
    };
    let sent = in_header.or_else(|| {
        let mut pairs = url::form_urlencoded::parse(&body);
        pairs
            .find(|(key, _)| key == "csrf")
            .map(|(_, value)| value.into_owned())
    });
    if sent.is_some_and(|token| fits(&token, &session)) {
        Ok(Request::from_parts(parts, Body::from(body)))
    } else {
        Err(Problem::Refused(
            "This page was open for too long, and nothing of this was kept. Send it again.",
        ))
    }
}

/// Reads what a request brought, whoever sent it, so that all of them together hold no more memory
/// than a small machine has.
///
/// # Errors
/// [`too_much`].
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let is_small = says_length(headers).is_some_and(|it| it <= SMALL);
    let _turn = match is_small {
        true => None,
        false => LARGE_AT_ONCE.acquire().await.ok(),
    };
    let body = to_bytes(body, LARGEST_GIVEN_BACK).await;
    body.map_err(|_| too_much())
}

/// Whether a request says itself that it is no larger than a form of ours.
fn is_short(headers: &HeaderMap) -> bool {
    says_length(headers).is_some_and(|it| it <= LARGEST_FORM)
}

fn says_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH);
    length.and_then(|it| it.to_str().ok()?.parse().ok())
}

fn from_our_pages(app: &App, headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|it: &header::HeaderValue| it.to_str().ok())
    };
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = text("origin") else {
        return site.is_some();
    };
    let ours = url::Url::parse(&app.settings.public_url).ok();
    let same = ours.is_some_and(|ours| ours.origin().ascii_serialization() == origin);
    // A second name for this machine, such as localhost: the browser names the host it called.
    let host = origin.split_once("://").map(|(_, host)| host);
    same || (host.is_some() && host == text("host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_own_session_only() {
        let env = Env::system();
        let (one, two) = (token(&env, "a"), token(&env, "a"));
        let (_, cut) = one.split_at(2);

        assert_ne!(one, two);
        assert!(fits(&one, "a") && fits(&two, "a"));
        assert!(!fits(&one, "b"));
        for bad in ["", "0", "zz", cut, &format!("{one}00")] {
            assert!(!fits(bad, "a"), "{bad}");
        }
    }
}
