//! What goes wrong between two machines, drawn from a seed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// The weather of a sandbox; clones are the same weather.
#[derive(Clone)]
pub struct Weather(Arc<Mutex<Sky>>);

struct Sky {
    knobs: Knobs,
    dice: ChaCha12Rng,
}

/// How often what goes wrong: shares of calls, from 0 to 1, and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Knobs {
    /// Calls answered with "too many requests", in the CRM's own form.
    pub throttle: f64,
    /// Calls answered with 500, 502 or 503, sometimes as a web page.
    pub outage: f64,
    /// Connections cut before the call is carried out.
    pub reset: f64,
    /// Connections cut after the call was carried out: the caller cannot know.
    pub reset_after: f64,
    /// Calls that take `slow_ms` longer.
    pub slow: f64,
    /// How much longer slow calls take.
    pub slow_ms: u64,
    /// Calls whose access token is declared expired.
    pub expire: f64,
    /// Pages that repeat a record.
    pub duplicate: f64,
    /// Changes that queries see up to this many seconds after their stamp.
    pub late_seconds: u32,
    /// Writes that find the record busy.
    pub busy: f64,
}

/// What happens to one call instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// Too many requests.
    Throttled,
    /// An error of the server, with this status.
    Outage(u16),
    /// The access token is no longer good.
    Expired,
}

impl Weather {
    /// Calm, with dice of that seed.
    pub fn new(seed: u64) -> Self {
        let sky = Sky {
            knobs: Knobs::default(),
            dice: ChaCha12Rng::seed_from_u64(seed),
        };
        Self(Arc::new(Mutex::new(sky)))
    }

    /// The knobs of a word: `calm`, `breezy` or `storm`.
    pub fn named(word: &str) -> Option<Knobs> {
        match word {
            "calm" => Some(Knobs::default()),
            "breezy" => Some(Knobs {
                throttle: 0.02,
                outage: 0.02,
                reset: 0.01,
                slow: 0.05,
                slow_ms: 150,
                expire: 0.01,
                duplicate: 0.05,
                busy: 0.01,
                ..Knobs::default()
            }),
            "storm" => Some(Knobs {
                throttle: 0.10,
                outage: 0.10,
                reset: 0.05,
                reset_after: 0.05,
                slow: 0.10,
                slow_ms: 300,
                expire: 0.05,
                duplicate: 0.20,
                late_seconds: 3,
                busy: 0.05,
            }),
            _ => None,
        }
    }

    /// The knobs as they are.
    pub fn knobs(&self) -> Knobs {
        self.sky().knobs
    }

    /// Changes the weather.
    pub fn set(&self, knobs: Knobs) {
        self.sky().knobs = knobs;
    }

    /// What happens to the next call, if anything. Asked by each sandbox, which answers it in its
    /// CRM's own form.
    pub fn strike(&self) -> Option<Strike> {
        let mut sky = self.sky();
        let Knobs {
            throttle,
            outage,
            expire,
            ..
        } = sky.knobs;
        let roll: f64 = sky.dice.random();
        if roll < throttle {
            Some(Strike::Throttled)
        } else if roll < throttle + outage {
            let status = [500, 502, 503][sky.dice.random_range(0..3)];
            Some(Strike::Outage(status))
        } else if roll < throttle + outage + expire {
            Some(Strike::Expired)
        } else {
            None
        }
    }

    /// Whether to cut the connection before or after the call; asked by the common server.
    pub fn reset(&self) -> Option<Reset> {
        let mut sky = self.sky();
        let Knobs {
            reset, reset_after, ..
        } = sky.knobs;
        let roll: f64 = sky.dice.random();
        if roll < reset {
            Some(Reset::Before)
        } else if roll < reset + reset_after {
            Some(Reset::After)
        } else {
            None
        }
    }

    /// How much longer the next call takes, in milliseconds; asked by the common server.
    pub fn delay_ms(&self) -> u64 {
        let mut sky = self.sky();
        let Knobs { slow, slow_ms, .. } = sky.knobs;
        if sky.dice.random::<f64>() < slow {
            slow_ms
        } else {
            0
        }
    }

    /// Whether the next page repeats a record.
    pub fn duplicates(&self) -> bool {
        let mut sky = self.sky();
        let share = sky.knobs.duplicate;
        sky.dice.random::<f64>() < share
    }

    /// Whether the next record written is busy.
    pub fn busy(&self) -> bool {
        let mut sky = self.sky();
        let share = sky.knobs.busy;
        sky.dice.random::<f64>() < share
    }

    /// How much later than its stamp the next change is seen.
    pub fn lateness(&self) -> TimeDelta {
        let mut sky = self.sky();
        let most = sky.knobs.late_seconds;
        let seconds = if most == 0 {
            0
        } else {
            sky.dice.random_range(0..=most)
        };
        TimeDelta::seconds(i64::from(seconds))
    }

    fn sky(&self) -> std::sync::MutexGuard<'_, Sky> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Before the call is carried out.
    Before,
    /// After it was carried out, before the answer.
    After,
}
