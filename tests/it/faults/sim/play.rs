//! What happens in one run: a storm of some hours, then calm, then the reckoning.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::TimeDelta;
use latitude::sandbox::weather::Knobs;
use latitude::sync::report::RunState;
use latitude::sync::work::LEASE;
use latitude::sync::{PULL, RECONCILE, account};

use super::{ENGINES, POLL, Sim, lock};

/// Real time after which a turn is one that never ends, on a machine with other things to do as well.
const NEVER_ENDS: Duration = Duration::from_secs(120);
/// How long after the storm everything must stand as it should: the longest pause is a quarter of
/// an hour, after a sign-in that failed.
const CALM: usize = 40;
/// A connection whose sign-in was refused, or whose machine's clock was wrong, is left alone so long.
const TURNED_AWAY: TimeDelta = TimeDelta::minutes(15);

pub async fn play(sim: &Arc<Sim>) {
    let steps = sim.roll(8..24);
    for _ in 0..steps {
        step(sim).await;
        if !sim.state().outcome.findings.is_empty() {
            return;
        }
    }
    calm(sim).await;
}

async fn step(sim: &Arc<Sim>) {
    match sim.roll(0..100) {
        0..25 => sim.people_act(true).await,
        25..40 => {
            let seconds = *sim.pick(&[1, 5, 30, 70, 300, 900, 3600]);
            sim.truth.advance(TimeDelta::seconds(seconds));
        }
        40..50 => weather(sim),
        50..53 => clock(sim),
        53..56 => sim.back_up_or_restore().await,
        56..60 => hasten(sim, RECONCILE).await,
        60..68 => {
            // A push, perhaps told more than once.
            for _ in 0..sim.roll(1..4) {
                sim.count("push");
                hasten(sim, PULL).await;
            }
        }
        _ => {
            let place = sim.roll(0..ENGINES);
            sim.turn(place).await;
        }
    }
}

fn weather(sim: &Sim) {
    let mut knobs = Knobs::default();
    for _ in 0..sim.roll(0..4) {
        match sim.roll(0..8) {
            0 => knobs.throttle = 0.2,
            1 => knobs.outage = 0.2,
            2 => knobs.reset = 0.1,
            3 => knobs.reset_after = 0.15,
            4 => knobs.expire = 0.1,
            5 => knobs.duplicate = 0.5,
            6 => knobs.late_seconds = 3,
            _ => knobs.busy = 0.2,
        }
    }
    sim.count("change of weather");
    sim.say(&format!("the weather turns {knobs:?}"));
    sim.served.world.weather().set(knobs);
}

fn clock(sim: &Sim) {
    let place = sim.roll(0..ENGINES);
    let ahead: i64 = *sim.pick(&[-86_400, -600, -45, 0, 0, 45, 240, 600, 86_400]);
    sim.count("clock set");
    sim.state().was_ahead |= ahead > 0;
    sim.say(&format!(
        "the clock of engine {place} is set {ahead} s ahead"
    ));
    sim.locals[place].set(TimeDelta::seconds(ahead));
}

async fn hasten(sim: &Sim, step: &str) {
    let mut tx = sim.store.write().await.expect("the database");
    let done = tx.hasten(&sim.id, step, sim.truth.at_now()).await;
    done.expect("a hint");
    tx.commit().await.expect("a hint");
}

/// The storm is over; what was hindered is put right; then everything must come to stand.
async fn calm(sim: &Arc<Sim>) {
    sim.say("calm");
    sim.state().calm = true;
    sim.served.world.weather().set(Knobs::default());
    sim.locals.iter().for_each(|it| it.set(TimeDelta::zero()));
    // Leases run out, who was turned away comes back, and the next poll is due: it ends one that was
    // broken off, and the poll after that reads what came meanwhile.
    let mut began = sim.truth.at_now();
    for pause in [TURNED_AWAY, POLL.max(LEASE * 2)] {
        sim.truth.advance(pause + TimeDelta::seconds(1));
        began = sim.truth.at_now();
        if !comes_to_rest(sim, began).await {
            return;
        }
    }
    sim.check_refusals().await;
    sim.clear_troubles();
    let retried = account::retry(&sim.store, &sim.id, sim.truth.at_now()).await;
    retried.expect("the database");
    if !comes_to_rest(sim, began).await {
        return;
    }
    sim.check_the_end().await;
    sim.check_idle().await;
}

/// Turns and waits until nothing is due but the next poll.
async fn comes_to_rest(sim: &Arc<Sim>, began: latitude::domain::Time) -> bool {
    for _ in 0..CALM {
        sim.turn(0).await;
        if !sim.state().outcome.findings.is_empty() {
            return false;
        }
        if sim.is_settled().await {
            return true;
        }
        sim.truth.advance(TimeDelta::seconds(60));
    }
    let why = sim.unsettled().await;
    let lasted = (sim.truth.at_now() - began).num_minutes();
    sim.find(format!(
        "I2: {lasted} minutes after the storm, not everything stands: {why}"
    ));
    false
}

impl Sim {
    /// One engine works what is due, until it is done or dies.
    pub async fn turn(self: &Arc<Self>, place: usize) {
        if self.state().dying.contains(&place) {
            return;
        }
        let engine = self.engine(place);
        {
            let mut state = self.state();
            state.depth += 1;
            state.steps.remove(&place);
            state.keeping.remove(&place);
        }
        self.count("turns");
        let mut work = Box::pin(engine.turn(None));
        let dead = std::future::poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            match polled {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if self.state().dying.contains(&place) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let ended = tokio::time::timeout(NEVER_ENDS, dead).await;
        // A process that dies takes everything with it that it had begun.
        drop(work);
        self.state().depth -= 1;
        match ended {
            Err(_) => {
                self.find(format!("I8: a turn of engine {place} never ended"));
                lock(&self.engines)[place] = None;
            }
            Ok(None) => {
                self.state().dying.remove(&place);
                let now = self.truth.at_now();
                self.state().died_at = Some(now);
                lock(&self.engines)[place] = None;
            }
            Ok(Some(Ok(Some(report)))) => {
                self.state().refused_at = None;
                let cause = report.cause.as_deref().unwrap_or_default();
                let ok = report.state == RunState::Ok;
                self.say(&format!("engine {place} ends: {:?} {cause}", report.state));
                if !ok {
                    self.count("runs that did not end well");
                }
            }
            Ok(Some(Ok(None))) => self.check_claimable(place).await,
            Ok(Some(Err(error))) => {
                self.say(&format!("engine {place} ends: {error}"));
                self.count("runs that the database ended");
                if self.state().calm {
                    self.find(format!("the database ended a run in calm weather: {error}"));
                }
            }
        }
        self.check_versions().await;
    }
}
