//! Outbound calls: the only door to the network.
//!
//! A call passes, outside in: [`budget`] (may we spend a call now?) → [`token`] (who are we?) →
//! [`guard`] (may this host be reached?) → the client, with its time-outs. What comes back is
//! judged once, by the CRM's own `fault` function, into a decision: see [`fault::Fault`].
//!
//! Nothing here waits for long or tries for ever: one retry in place, and only for a call that is
//! safe to repeat and broke, or met a server error without a stated wait. Longer waits belong to the
//! schedule.

pub mod app;
pub mod budget;
pub mod call;
pub mod client;
mod discovery;
pub mod fault;
pub mod guard;
pub mod id_token;
pub mod masked;
pub mod oauth;
pub mod openid;
mod refusal;
mod resolve;
pub mod scopes;
pub mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use url::Url;

use crate::domain::Time;
use crate::env::Env;
use crate::env::fate::Flaw;
use budget::Budget;
use call::{Call, Reply};
pub use client::Client;
use fault::{Cause, Fault};
use guard::Guard;
use token::Credentials;

/// How long a connection may take to open.
const CONNECT_SECONDS: u64 = 5;
/// How long a whole call may take.
const LONGEST_CALL: Duration = Duration::from_secs(20);
/// The largest answer that is read, after unpacking.
pub const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// A client that follows names wherever they lead: for what an admin put next door. Like all of them
/// it speaks rustls and gzip, follows no redirect, and goes through a proxy where `HTTPS_PROXY`,
/// `HTTP_PROXY` and `NO_PROXY` say so.
pub fn client() -> reqwest::Client {
    built(|client| client)
}

/// A client that follows no name into a private network. Behind a proxy it is the proxy that looks
/// names up.
pub fn outward_client() -> reqwest::Client {
    built(|client| client.dns_resolver(Arc::new(resolve::Public::beside_proxies())))
}

/// The client of a connection, or of a provider, that may reach private networks or may not.
pub fn client_for(allow_private: bool) -> reqwest::Client {
    if allow_private {
        client()
    } else {
        outward_client()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn built(change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    // Fails only when a provider is already installed, which is just as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .timeout(LONGEST_CALL)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("Latitude/", env!("CARGO_PKG_VERSION")));
    change(client)
        .build()
        .unwrap_or_else(|error| unreachable!("the client is built from constants: {error}"))
}

/// The status with which an address of our own answers: whether it can be reached from here.
///
/// # Errors
/// Why no answer came, in words.
pub async fn answers(url: &Url) -> Result<u16, String> {
    hears(url).await.map(|(status, _)| status)
}

/// The status and the first words with which an address answers.
///
/// # Errors
/// Why no answer came, in words.
pub async fn hears(url: &Url) -> Result<(u16, String), String> {
    let request = reqwest::Request::new(Method::GET, url.clone());
    // A proxy is never the way to this machine itself.
    let client = match guard::is_this_machine(url) {
        true => built(reqwest::ClientBuilder::no_proxy),
        false => client(),
    };
    read(client.execute(request).await).await
}

async fn read(reply: reqwest::Result<reqwest::Response>) -> Result<(u16, String), String> {
    /// More than any sentence of ours.
    const WORDS: usize = 4096;
    let plain = |error: reqwest::Error| call::plain(&error);
    let mut reply = reply.map_err(plain)?;
    let status = reply.status().as_u16();
    let mut words = Vec::new();
    while words.len() < WORDS
        && let Some(more) = reply.chunk().await.map_err(plain)?
    {
        words.extend_from_slice(&more);
    }
    words.truncate(WORDS);
    Ok((status, String::from_utf8_lossy(&words).into_owned()))
}

/// The status and the first words with which an address answers an empty message that nobody signed.
///
/// # Errors
/// Why no answer came, in words.
pub async fn knock(url: &Url) -> Result<(u16, String), String> {
    let request = reqwest::Request::new(Method::POST, url.clone());
    read(client().execute(request).await).await
}

/// The status with which an address takes a message in JSON.
///
/// # Errors
/// Why no answer came, in words.
pub async fn tell(url: &Url, body: &serde_json::Value) -> Result<u16, String> {
    let mut request = reqwest::Request::new(Method::POST, url.clone());
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    *request.body_mut() = Some(body.to_string().into());
    let reply = client().execute(request).await;
    reply
        .map(|reply| reply.status().as_u16())
        .map_err(|error| call::plain(&error))
}

/// Says what a refusal means: the CRM's own `fault` function.
pub type Judge = Box<dyn Fn(&Reply) -> Fault + Send + Sync>;

/// One connection's way to its CRM: signs calls, spends its budget, judges its answers.
#[derive(Clone)]
pub struct Api(Arc<Inner>, Manner);

/// How calls are made, apart from what all of a connection share.
#[derive(Clone, Default)]
struct Manner {
    /// When they must have ended.
    deadline: Option<Deadline>,
    /// Whether nobody waits for them: they leave the day's reserve alone.
    routine: bool,
}

/// Until when calls may be under way; moved on by who holds the right to make them, and shared by
/// clones. It is kept in time that passes, not in the clock's, which someone may set.
#[derive(Clone, Default)]
pub struct Deadline(Arc<AtomicU64>);

impl Deadline {
    /// Calls may be under way until [`Env::elapsed`] says so.
    pub fn set(&self, until: Duration) {
        let until = u64::try_from(until.as_millis()).unwrap_or(0);
        self.0.store(until, Ordering::Relaxed);
    }

    /// What is left until then; none when it is past.
    fn left(&self, env: &Env) -> Option<Duration> {
        let until = Duration::from_millis(self.0.load(Ordering::Relaxed));
        let left = until.saturating_sub(env.elapsed());
        (!left.is_zero()).then_some(left)
    }
}

struct Inner {
    client: Client,
    env: Env,
    credentials: Arc<dyn Credentials>,
    budget: Budget,
    guard: Guard,
    judge: Judge,
    calls: AtomicU64,
    /// The CRM's clock, in milliseconds, less [`Env::elapsed`].
    theirs: AtomicI64,
}

impl Inner {
    fn note_their_clock(&self, date: Time) {
        let theirs = date.timestamp_millis() - self.passed();
        self.theirs.store(theirs, Ordering::Relaxed);
    }

    /// The CRM's clock now, in milliseconds; none while no answer has told it.
    fn their_clock(&self) -> Option<i64> {
        let theirs = self.theirs.load(Ordering::Relaxed);
        (theirs != NOT_TOLD).then(|| theirs + self.passed())
    }

    /// [`Env::elapsed`] in milliseconds.
    fn passed(&self) -> i64 {
        i64::try_from(self.env.elapsed().as_millis()).unwrap_or(0)
    }
}

/// The call would outlast the right to make it.
fn out_of_time() -> Fault {
    let told = "the right to work this connection ends before the call could; it is made later";
    Fault::Later {
        at: None,
        cause: Cause::told("lease", told),
    }
}

/// Stands for a clock that was never told.
const NOT_TOLD: i64 = i64::MIN;

impl Api {
    /// A way to the CRM whose answers `judge` understands.
    pub fn new(
        client: Client,
        env: Env,
        credentials: Arc<dyn Credentials>,
        budget: Budget,
        guard: Guard,
        judge: Judge,
    ) -> Self {
        Self(
            Arc::new(Inner {
                client,
                env,
                credentials,
                budget,
                guard,
                judge,
                calls: AtomicU64::new(0),
                theirs: AtomicI64::new(NOT_TOLD),
            }),
            Manner::default(),
        )
    }

    /// The same way, for calls that must have ended by a deadline: none begins after it, and one
    /// under way is given up then. Calls and budget stay shared.
    #[must_use]
    pub fn by(&self, deadline: &Deadline) -> Self {
        let manner = Manner {
            deadline: Some(deadline.clone()),
            ..self.1.clone()
        };
        Self(self.0.clone(), manner)
    }

    /// The same way, for calls that nobody waits for: they leave the last part of the day's budget
    /// to those that carry people's words.
    #[must_use]
    pub fn routine(&self) -> Self {
        let manner = Manner {
            routine: true,
            ..self.1.clone()
        };
        Self(self.0.clone(), manner)
    }

    /// How long a call that begins now may take, where there is a deadline.
    ///
    /// # Errors
    /// [`Fault::Later`] when it is past.
    fn time_left(&self) -> Result<Option<Duration>, Fault> {
        let Some(deadline) = &self.1.deadline else {
            return Ok(None);
        };
        if self.0.env.makes(Flaw::NoFence) {
            return Ok(None);
        }
        let left = deadline.left(&self.0.env);
        left.map(Some).ok_or_else(out_of_time)
    }

    /// Goes on with a call only while there is time left. A process that stood still past its
    /// deadline must not send now what it was about to send then: a timer alone is looked at only
    /// after the call went on.
    async fn while_held<T>(
        &self,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| match self.time_left() {
            Ok(_) => call.as_mut().poll(context),
            Err(past) => Poll::Ready(Err(past)),
        })
        .await
    }

    /// Reads; repeated once if the connection breaks before an answer.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Method::GET, path.into()).idempotent()
    }

    /// Creates or asks; not repeated unless [`Call::idempotent`] is said.
    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Method::POST, path.into())
    }

    /// Changes; not repeated unless [`Call::idempotent`] is said.
    pub fn patch(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Method::PATCH, path.into())
    }

    /// Replaces; not repeated unless [`Call::idempotent`] is said.
    pub fn put(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Method::PUT, path.into())
    }

    /// Removes; not repeated unless [`Call::idempotent`] is said.
    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Method::DELETE, path.into())
    }

    /// How many calls have gone out to the CRM, refused ones and repeats included.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// How far the CRM's clock is ahead of ours, to the second, by the last answer that told its
    /// time and what has passed since: also where someone has set ours meanwhile.
    pub fn skew(&self) -> Option<chrono::TimeDelta> {
        let ahead = self.0.their_clock()? - self.0.env.now().timestamp_millis();
        Some(chrono::TimeDelta::seconds(ahead / 1000))
    }

    /// The time by the CRM's clock, so that it compares with what the CRM stamps; by ours while no
    /// answer has told it. Never late, and at most a second early: answers tell whole seconds.
    pub fn their_time(&self) -> Time {
        let told = self.0.their_clock().and_then(Time::from_timestamp_millis);
        told.unwrap_or_else(|| self.0.env.now())
    }

    /// The budget this connection spends; connectors report what the CRM's headers say to it.
    pub fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// The time, as every part of Latitude sees it.
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// Where calls go; from the token answer where the CRM says so there.
    ///
    /// # Errors
    /// When signing in is needed to know it, and fails.
    pub async fn base(&self) -> Result<Url, Fault> {
        Ok(self.0.credentials.standing(&self.0.env).await?.base)
    }
}
