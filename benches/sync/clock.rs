//! A clock that runs, but from a Tuesday morning: on a Sunday nobody is asked for a strategy.

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use latitude::env::{Clock, Env};

/// The real time, moved by a whole number of seconds that every process of a run is told.
#[derive(Clone, Copy)]
pub struct Shifted(pub i64);

impl Shifted {
    /// Moved to ten o'clock of the last Tuesday.
    pub fn to_tuesday() -> Self {
        let now = real();
        let days = i64::from((now.weekday().num_days_from_monday() + 6) % 7);
        let seconds = i64::from(now.num_seconds_from_midnight()) - 10 * 3600;
        Self(-(days * 86_400 + seconds))
    }

    /// What this clock shows.
    pub fn now(self) -> DateTime<Utc> {
        real() + TimeDelta::seconds(self.0)
    }

    /// For Latitude.
    pub fn env(self) -> Env {
        Env::seeded(Arc::new(self), 7)
    }
}

impl Clock for Shifted {
    fn now(&self) -> DateTime<Utc> {
        (*self).now()
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn real() -> DateTime<Utc> {
    Utc::now()
}
