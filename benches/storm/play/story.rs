//! What happened, told as it happens: printed when a run fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use latitude::env::Env;

/// The time that passes on this machine.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn now() -> Instant {
    Instant::now()
}

/// The story of a run; clones tell the same story.
#[derive(Clone)]
pub struct Story {
    began: Instant,
    lines: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Story {
    /// Begins now.
    pub fn begin() -> Self {
        Self {
            began: now(),
            lines: Arc::default(),
        }
    }

    /// Adds a sentence.
    pub fn tell(&self, what: impl Into<String>) {
        let at = self.began.elapsed();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push((at, what.into()));
    }

    /// How long after its beginning a moment was, in seconds.
    pub fn second(&self, at: DateTime<Utc>) -> f64 {
        let ago = (Env::system().now() - at).as_seconds_f64();
        self.began.elapsed().as_secs_f64() - ago
    }

    /// All of it, a line each.
    pub fn told(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line =
            |(at, what): &(Duration, String)| format!("  {:7.3} s  {what}\n", at.as_secs_f64());
        lines.iter().map(line).collect()
    }

    /// How long it has been going on.
    pub fn took(&self) -> Duration {
        self.began.elapsed()
    }
}
