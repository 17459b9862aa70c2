//! The only doors to time and randomness.
//!
//! Everything that needs "now" or a fresh id holds an [`Env`]; tests hand out one whose clock
//! stands still and whose ids are drawn from a seed.

use std::sync::Arc;
use std::sync::Mutex;

use chrono::{SubsecRound, TimeDelta};
use rand::rngs::ChaCha12Rng;
use rand::{Rng, SeedableRng};

use crate::domain::Time;

/// Time and randomness, as this process sees them.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    dice: Arc<Mutex<ChaCha12Rng>>,
}

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Time;
}

impl Env {
    /// The real clock, and randomness from the operating system.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn system() -> Self {
        let dice = ChaCha12Rng::from_rng(&mut rand::rng());
        Self {
            clock: Arc::new(System),
            dice: Arc::new(Mutex::new(dice)),
        }
    }

    /// A given clock, and randomness drawn from a seed.
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            clock,
            dice: Arc::new(Mutex::new(ChaCha12Rng::seed_from_u64(seed))),
        }
    }

    /// The current time, cut to the millisecond.
    pub fn now(&self) -> Time {
        self.clock.now().trunc_subsecs(3)
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.dice
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }

    /// A number in `0.0..1.0`, for jitter.
    pub fn fraction(&self) -> f64 {
        f64::from(u32::from_le_bytes(self.bytes())) / f64::from(u32::MAX)
    }
}

struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn now(&self) -> Time {
        chrono::Utc::now()
    }
}

/// A clock that stands still until it is moved.
pub struct Frozen(Mutex<Time>);

impl Frozen {
    /// Standing at `time`.
    pub fn at(time: Time) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    /// Moves it on.
    pub fn advance(&self, by: TimeDelta) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) += by;
    }
}

impl Clock for Frozen {
    fn now(&self) -> Time {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
