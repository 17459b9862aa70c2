//! What steps in at the named points: a crash, a freeze past the lease, a while, people.

use std::sync::{Arc, Weak};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use latitude::env::fate::{Fate, Flaw, Point};
use latitude::sync::work::LEASE;

use super::Sim;

/// What steps in at the points of one engine.
pub struct Hand {
    sim: Weak<Sim>,
    place: usize,
}

impl Hand {
    pub fn new(sim: &Arc<Sim>, place: usize) -> Self {
        Self {
            sim: Arc::downgrade(sim),
            place,
        }
    }
}

impl Fate for Hand {
    fn at(&self, point: Point) -> BoxFuture<'_, ()> {
        async move {
            if let Some(sim) = self.sim.upgrade() {
                sim.step_in(self.place, point).await;
            }
        }
        .boxed()
    }

    fn makes(&self, flaw: Flaw) -> bool {
        let sim = self.sim.upgrade();
        sim.is_some_and(|sim| sim.options.flaw == Some(flaw))
    }
}

/// A turn of an engine has ended by itself after so many calls and points.
const LONGEST_TURN: u64 = 5000;

impl Sim {
    /// A call or a point of an engine; one that goes on and on is stopped, and told of.
    pub async fn step(self: &Arc<Self>, place: usize) {
        let steps = {
            let mut state = self.state();
            let steps = state.steps.entry(place).or_default();
            *steps += 1;
            *steps
        };
        if steps > LONGEST_TURN {
            self.find(format!("I8: a turn of engine {place} goes on and on"));
            self.crash(place, "of its own endlessness").await;
        }
    }

    async fn step_in(self: &Arc<Self>, place: usize, point: Point) {
        *self.state().visits.entry(point).or_default() += 1;
        self.step(place).await;
        if point == Point::TokenSaved {
            self.note_token();
        }
        match point {
            Point::PageRead => {
                self.state().keeping.insert(place);
            }
            Point::PageKept => {
                self.state().keeping.remove(&place);
            }
            _ => {}
        }
        if self.state().calm {
            return;
        }
        if self.chance(0.03) {
            self.count(&format!("crash at {point:?}"));
            self.crash(place, &format!("at {point:?}")).await;
        }
        if self.chance(0.04) {
            let seconds = self.roll(1..20);
            self.truth.advance(TimeDelta::seconds(seconds));
        }
        if point.is_in_hand() {
            return;
        }
        if self.chance(0.05) {
            self.people_act(point != Point::Packed || self.checks_revisions())
                .await;
        }
        if self.chance(0.04) {
            self.count("frozen past its lease");
            self.freeze(place, &format!("at {point:?}")).await;
        }
    }

    /// The engine dies here: this never answers, and whoever waits for the engine drops it.
    pub async fn crash(self: &Arc<Self>, place: usize, wher: &str) {
        self.say(&format!("engine {place} dies {wher}"));
        self.state().dying.insert(place);
        // The one who waits for the engine is woken with it, and sees that it is dying.
        std::future::pending::<()>().await;
    }

    /// The engine stands still past its lease, while the other one works. `false`: it does not,
    /// because another already waits for it.
    pub async fn freeze(self: &Arc<Self>, place: usize, wher: &str) -> bool {
        if self.state().depth > 1 {
            return false;
        }
        self.say(&format!("engine {place} freezes {wher}"));
        let past = LEASE + TimeDelta::seconds(self.roll(1..200));
        self.truth.advance(past);
        let turns = self.roll(1..4);
        for _ in 0..turns {
            self.people_act(false).await;
            Box::pin(self.turn(1 - place)).await;
            self.truth.advance(TimeDelta::seconds(self.roll(0..20)));
        }
        self.say(&format!("engine {place} thaws"));
        true
    }
}
