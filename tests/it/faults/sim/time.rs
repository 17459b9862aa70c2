//! Time that only moves when it is moved: the true time, and what a machine's clock says of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use latitude::domain::Time;
use latitude::env::Clock;

use super::lock;

/// The true time, which the CRM keeps.
pub struct Truth {
    began: Time,
    passed: Mutex<Duration>,
}

impl Truth {
    pub fn at(time: Time) -> Arc<Self> {
        Arc::new(Self {
            began: time,
            passed: Mutex::default(),
        })
    }

    pub fn advance(&self, by: TimeDelta) {
        *lock(&self.passed) += by.to_std().expect("time only goes forward");
    }

    pub fn at_now(&self) -> Time {
        self.began + self.lived()
    }

    pub fn lived(&self) -> TimeDelta {
        TimeDelta::from_std(*lock(&self.passed)).expect("a short life")
    }
}

impl Clock for Truth {
    fn now(&self) -> Time {
        self.at_now()
    }

    fn elapsed(&self) -> Duration {
        *lock(&self.passed)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        // Nothing else runs meanwhile, so that the wait is over at once.
        *lock(&self.passed) += time;
        async {}.boxed()
    }

    fn timer(&self, _: Duration) -> BoxFuture<'static, ()> {
        // What takes too long is ended by the way to the CRM, as a client's own time-out would.
        std::future::pending().boxed()
    }
}

/// The clock of one machine, which someone may set wrong.
pub struct Local {
    truth: Arc<Truth>,
    ahead: Mutex<TimeDelta>,
}

impl Local {
    pub fn of(truth: &Arc<Truth>) -> Arc<Self> {
        Arc::new(Self {
            truth: truth.clone(),
            ahead: Mutex::default(),
        })
    }

    /// Sets the clock so much ahead of the truth, or behind it.
    pub fn set(&self, ahead: TimeDelta) {
        *lock(&self.ahead) = ahead;
    }
}

impl Clock for Local {
    fn now(&self) -> Time {
        self.truth.at_now() + *lock(&self.ahead)
    }

    fn elapsed(&self) -> Duration {
        self.truth.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.truth.sleep(time)
    }

    fn timer(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.truth.timer(time)
    }
}
