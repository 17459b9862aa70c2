//! What a connection may spend: so many calls at once, so many a day, a reserve for the customer's
//! other integrations, and of our own share the last part for what people wait for.
//!
//! A connection is worked by one replica at a time, so this count in memory is the whole truth
//! about its pace. Of the day it is what this replica knows: what the others spent is carried over
//! from the database each time it takes the connection up, and what it spends itself goes there.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Pace, RateLimiter};

use super::fault::{Cause, Fault};
use crate::domain::Time;
use crate::env::Env;

/// So many units in so much time, as the CRM's documents state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls, points or tokens, in the CRM's own unit.
    pub calls: u32,
    /// The time they may be spent in.
    pub per: Duration,
}

/// What a daily quota is for.
const DAY: TimeDelta = TimeDelta::days(1);

/// A connection's budget.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    env: Env,
    paces: Vec<Limiter>,
    lanes: Mutex<BTreeMap<&'static str, Arc<Limiter>>>,
    daily: Mutex<Daily>,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Steady, NoOpMiddleware<Duration>>;

/// Time that never jumps: a pace must not stand still for a day because someone set the clock.
#[derive(Clone)]
struct Steady(Env);

impl Clock for Steady {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Clone, Copy, Default)]
struct Daily {
    /// What Latitude may spend until `resets_at`.
    limit: Option<u64>,
    /// What Latitude has spent in this day, as far as this process knows.
    used: u64,
    /// The part of it that is not in the database yet.
    unsaved: u64,
    resets_at: Option<Time>,
    /// Set by a connector whose CRM says that nothing is left for anyone; in time that passes, so
    /// that it ends whatever is done to the clock.
    closed_until: Option<Duration>,
}

impl Daily {
    /// What may be spent by what nobody waits for.
    fn routine_limit(&self) -> Option<u64> {
        self.limit.map(|limit| limit - limit / RESERVE)
    }
}

impl Budget {
    /// Spends at most the quotas, and at most `per_day` units a day where that is known.
    pub fn new(env: Env, quotas: &[Quota], per_day: Option<u64>) -> Self {
        let paces = quotas.iter().filter_map(|it| limiter(it, &env)).collect();
        let daily = Daily {
            limit: per_day,
            ..Daily::default()
        };
        Self(Arc::new(Inner {
            env,
            paces,
            lanes: Mutex::default(),
            daily: Mutex::new(daily),
        }))
    }

    /// Waits for a turn in a lane of calls that the CRM gives a pace of their own, such as searches.
    pub async fn turn(&self, lane: &'static str, pace: Quota) {
        let limiter = {
            let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            match lanes.get(lane) {
                Some(known) => Some(known.clone()),
                None => limiter(&pace, &self.0.env).map(Arc::new).inspect(|fresh| {
                    lanes.insert(lane, fresh.clone());
                }),
            }
        };
        if let Some(limiter) = limiter {
            self.pass(&limiter, NonZeroU32::MIN).await;
        }
    }

    /// Waits until a pace lets so many units through; all at once where it never lets so many.
    async fn pass(&self, pace: &Limiter, mut units: NonZeroU32) {
        loop {
            match pace.check_n(units) {
                Ok(Ok(())) => return,
                Ok(Err(early)) => {
                    let wait = early.wait_time_from(pace.clock().now());
                    self.0.env.sleep(wait).await;
                }
                Err(_) => units = NonZeroU32::MIN,
            }
        }
    }

    /// Takes up the day's count as the database has it, beside what it has not been told yet. A day
    /// that ends later than one from now was begun by a clock that was ahead.
    pub fn carry(&self, used: u64, resets_at: Time) {
        let mut daily = self.daily();
        daily.used = used + daily.unsaved;
        daily.resets_at = Some(resets_at.min(self.0.env.now() + DAY));
    }

    /// Units spent that the database has not been told of.
    pub fn unsaved(&self) -> u64 {
        self.daily().unsaved
    }

    /// The database has been told of so many units.
    pub fn saved(&self, units: u64) {
        let mut daily = self.daily();
        daily.unsaved = daily.unsaved.saturating_sub(units);
    }

    /// Units that Latitude has spent in this day.
    pub fn used(&self) -> u64 {
        self.daily().used
    }

    /// Sets what Latitude may spend a day, once the CRM has said how much there is.
    pub fn allow_per_day(&self, units: u64) {
        self.daily().limit = Some(units);
    }

    /// Spends nothing more until then: the CRM asked for a pause, or its quota is used up.
    pub fn close_until(&self, until: Time) {
        let env = &self.0.env;
        let wait = (until - env.now()).to_std().unwrap_or_default();
        self.daily().closed_until = Some(env.elapsed() + wait);
    }

    /// Units left for today; none where there is no daily limit.
    pub fn left(&self) -> Option<u64> {
        let daily = self.daily();
        daily.limit.map(|limit| limit.saturating_sub(daily.used))
    }

    /// Whether what nobody waits for has spent its part of the day; the fault with which it ends.
    pub fn routine_is_spent(&self, now: Time) -> Option<Fault> {
        let daily = self.daily();
        let (limit, resets_at) = (daily.routine_limit()?, daily.resets_at?);
        (daily.used >= limit && resets_at > now).then(|| used_up(resets_at))
    }

    /// Takes `cost` from the day, and waits for the pace; `routine` is what nobody waits for.
    pub(super) async fn spend(&self, cost: u32, routine: bool) -> Result<(), Fault> {
        let now = self.0.env.now();
        {
            let mut daily = self.daily();
            let closed = daily.closed_until.unwrap_or_default();
            let closed_for = closed.saturating_sub(self.0.env.elapsed());
            if !closed_for.is_zero() {
                let until = now + TimeDelta::from_std(closed_for).unwrap_or(DAY);
                return Err(spent(until, "the CRM asked to be left alone for a while"));
            }
            daily.closed_until = None;
            if daily.resets_at.is_none_or(|at| at <= now) {
                daily.used = 0;
                daily.resets_at = Some(now + DAY);
            }
            let used = daily.used + u64::from(cost);
            let limit = match routine {
                true => daily.routine_limit(),
                false => daily.limit,
            };
            if let (Some(limit), Some(at)) = (limit, daily.resets_at)
                && used > limit
            {
                return Err(used_up(at));
            }
            daily.used = used;
            daily.unsaved += u64::from(cost);
        }
        let Some(cost) = NonZeroU32::new(cost) else {
            return Ok(());
        };
        for pace in &self.0.paces {
            // A cost above the burst can never be met at once; it then takes the whole burst.
            self.pass(pace, cost.min(BURST_CAP)).await;
        }
        Ok(())
    }

    fn daily(&self) -> std::sync::MutexGuard<'_, Daily> {
        self.0.daily.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limiter(quota: &Quota, env: &Env) -> Option<Limiter> {
    let calls = NonZeroU32::new(quota.calls)?;
    let pace = Pace::with_period(quota.per / quota.calls)?.allow_burst(calls);
    Some(RateLimiter::direct_with_clock(pace, Steady(env.clone())))
}

/// One part in so many of a day's share is kept for what people wait for: words that a seller
/// published still reach the CRM when polling and grading have spent the rest.
const RESERVE: u64 = 10;
/// No single call is counted for more than this against the pace.
const BURST_CAP: NonZeroU32 = match NonZeroU32::new(10_000) {
    Some(cap) => cap,
    None => NonZeroU32::MIN,
};

fn used_up(until: Time) -> Fault {
    spent(
        until,
        "Latitude's share of the CRM's daily quota is used up",
    )
}

fn spent(until: Time, message: &str) -> Fault {
    Fault::Spent {
        until: Some(until),
        cause: Cause::told("budget", message),
    }
}
