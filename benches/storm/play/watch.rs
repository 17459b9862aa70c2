//! Watches who holds which connection, and how long one that is due waits for a worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use latitude::env::Env;
use tokio::task::JoinHandle;

use super::books::{Door, Held};
use super::story::now;

/// How often the database is asked.
const OFTEN: Duration = Duration::from_millis(25);

/// One look at the database.
struct Look {
    at: Instant,
    time: DateTime<Utc>,
    held: Vec<Held>,
}

/// The watch.
pub struct Watch {
    looks: Arc<Mutex<Vec<Look>>>,
    /// Since when, or until when, nobody could work: the database away, every worker down.
    helpless: Mutex<Vec<(Instant, bool)>>,
    watching: JoinHandle<()>,
}

/// How long connections waited for a worker while there was one that could.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// From the last sign of life of a holder that was lost to the next claim; by connection.
    pub recoveries: Vec<(String, Duration)>,
    /// The longest that a connection was due and nobody took it up.
    pub idle: Duration,
}

impl Watch {
    /// Begins.
    pub fn over(address: &str) -> Self {
        let looks: Arc<Mutex<Vec<Look>>> = Arc::default();
        let (seen, address, env) = (looks.clone(), address.to_owned(), Env::system());
        let watching = tokio::spawn(async move {
            let mut door = None;
            loop {
                tokio::time::sleep(OFTEN).await;
                let mut open = match door.take() {
                    Some(open) => open,
                    None => match Door::open(&address).await {
                        Ok(open) => open,
                        Err(_) => continue,
                    },
                };
                if let Ok(held) = open.held().await {
                    let (at, time) = (now(), env.now());
                    let look = Look { at, time, held };
                    seen.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(look);
                    door = Some(open);
                }
            }
        });
        Self {
            looks,
            helpless: Mutex::default(),
            watching,
        }
    }

    /// From now on nobody can work, or someone can again.
    pub fn nobody_can_work(&self, so: bool) {
        let mut helpless = self.helpless.lock().unwrap_or_else(PoisonError::into_inner);
        if helpless.last().is_some_and(|(_, before)| *before) != so {
            helpless.push((now(), so));
        }
    }

    /// The fence of a connection that someone holds now.
    pub fn holder(&self, id: &str) -> Option<i64> {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looks.last()?;
        let one = last.held.iter().find(|it| it.id == id)?;
        one.locked_until
            .filter(|until| *until > last.time)
            .map(|_| one.attempt)
    }

    /// The fence of a connection, held or not.
    pub fn attempt(&self, id: &str) -> i64 {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let one = looks
            .last()
            .and_then(|it| it.held.iter().find(|it| it.id == id));
        one.map_or(0, |it| it.attempt)
    }

    /// What was seen so far.
    pub fn waits(&self, lease: TimeDelta) -> Waits {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = Waits::default();
        let mut before: BTreeMap<&str, (&Held, Option<Instant>)> = BTreeMap::new();
        for look in looks.iter() {
            for held in &look.held {
                let known = before.get(held.id.as_str()).copied();
                let nobody = held.locked_until.is_none_or(|until| until <= look.time);
                let is_due = held.due_at.is_some_and(|at| at <= look.time);
                let mut since = known.and_then(|(_, since)| since);
                match (nobody && is_due, known) {
                    (true, Some((last, _))) if last.attempt == held.attempt => {
                        let since = *since.get_or_insert(look.at);
                        waits.idle = waits.idle.max(self.able(since, look.at));
                    }
                    _ => since = None,
                }
                if let Some((last, _)) = known
                    && last.attempt < held.attempt
                    && let Some(until) = last.locked_until.filter(|until| *until <= look.time)
                {
                    let lost = look.time - (until - lease);
                    let lost = lost.to_std().unwrap_or_default();
                    let from = look.at.checked_sub(lost).unwrap_or(look.at);
                    waits
                        .recoveries
                        .push((held.id.clone(), self.able(from, look.at)));
                }
                before.insert(&held.id, (held, since));
            }
        }
        waits
    }

    /// How much of a time someone could work.
    fn able(&self, from: Instant, to: Instant) -> Duration {
        let helpless = self.helpless.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut able, mut at, mut can) = (Duration::ZERO, from, true);
        for (when, nobody) in helpless.iter() {
            let when = (*when).clamp(from, to);
            if can {
                able += when - at;
            }
            (at, can) = (when, !nobody);
        }
        if can { able + (to - at) } else { able }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
