//! The only doors to time and randomness.
//!
//! Everything that needs "now" or a fresh id holds an [`Env`]; tests hand out one whose clock
//! stands still and whose ids are drawn from a seed.

pub mod fate;

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use chrono::{SubsecRound, TimeDelta};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand::rngs::ChaCha12Rng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use crate::domain::Time;
use fate::{Fate, Flaw, Point};

/// Time and randomness, as this process sees them.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    dice: Arc<Mutex<ChaCha12Rng>>,
    fate: Option<Arc<dyn Fate>>,
}

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time; may jump either way when someone sets the machine's clock.
    fn now(&self) -> Time;

    /// Time since some moment of the past; never jumps, whatever is done to the clock.
    fn elapsed(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGAN.elapsed()
    }

    /// Ends when so much time has passed.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time).boxed()
    }

    /// As [`Clock::sleep`], while something else goes on that takes time of its own.
    fn timer(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.sleep(time)
    }
}

impl Env {
    /// The real clock, and randomness from the operating system.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn system() -> Self {
        let dice = ChaCha12Rng::from_rng(&mut rand::rng());
        Self {
            clock: Arc::new(System),
            dice: Arc::new(Mutex::new(dice)),
            fate: None,
        }
    }

    /// A given clock, and randomness drawn from a seed.
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            clock,
            dice: Arc::new(Mutex::new(ChaCha12Rng::seed_from_u64(seed))),
            fate: None,
        }
    }

    /// The same, with someone who may step in at every [`Point`]: for a fault harness.
    pub fn under(mut self, fate: Arc<dyn Fate>) -> Self {
        self.fate = Some(fate);
        self
    }

    /// The current time, cut to the millisecond.
    pub fn now(&self) -> Time {
        self.clock.now().trunc_subsecs(3)
    }

    /// Time that has passed, immune to whoever sets the clock; for pauses and paces.
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Ends when so much time has passed.
    pub async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// What something comes to, if it does within so much time; it is given up then.
    pub async fn within<T>(&self, time: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.clock.timer(time) => None,
        }
    }

    /// A named place between two side effects. Nothing happens here, but under a fault harness.
    pub async fn at(&self, point: Point) {
        if let Some(fate) = &self.fate {
            fate.at(point).await;
        }
    }

    /// Whether a mistake is made on purpose, so that a fault harness can show that it finds it.
    /// Never in a release build.
    pub fn makes(&self, flaw: Flaw) -> bool {
        cfg!(debug_assertions) && self.fate.as_ref().is_some_and(|fate| fate.makes(flaw))
    }

    /// So many fresh random bytes as text, two hexadecimal digits each.
    pub fn hex<const N: usize>(&self) -> String {
        let bytes = self.bytes::<N>();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
pub struct Frozen(Mutex<Moved>);

struct Moved {
    to: Time,
    /// Moved on by so much; it is not time that passes when it is set back.
    on: Duration,
}

impl Frozen {
    /// Standing at `time`.
    pub fn at(time: Time) -> Arc<Self> {
        let on = Duration::ZERO;
        Arc::new(Self(Mutex::new(Moved { to: time, on })))
    }

    /// Moves it on; set back by less than nothing.
    pub fn advance(&self, by: TimeDelta) {
        let mut moved = self.moved();
        moved.to += by;
        moved.on += by.to_std().unwrap_or_default();
    }

    fn moved(&self) -> std::sync::MutexGuard<'_, Moved> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for Frozen {
    fn now(&self) -> Time {
        self.moved().to
    }

    fn elapsed(&self) -> Duration {
        System.elapsed() + self.moved().on
    }
}
