//! Whose turn it is: which move of a connection is made next, how long a move that reads page after
//! page goes on, and when a connection gives way to others.

use chrono::TimeDelta;

use super::MOVES;
use super::work::Work;
use crate::domain::Time;
use crate::store;
use crate::store::schedule::Due;

/// Pages read before other moves get their turn.
const PAGES_A_TURN: usize = 25;
/// … and the longest time, however few they are.
const LONGEST_TURN: TimeDelta = TimeDelta::seconds(5);
/// A move that was passed over so often is made next, whatever else is due: a stream of publishes
/// must not keep the CRM's own changes away, nor a long pull the publishes.
const MOST_PASSED: u32 = 4;
/// A connection that is due for so long and that nobody has taken up waits for a lane.
const WAITING: TimeDelta = TimeDelta::seconds(1);

/// Picks the next move of a connection.
#[derive(Default)]
pub struct Order {
    passed: [u32; MOVES.len()],
}

impl Order {
    /// The first of those that are due in the order of [`MOVES`]; one that was passed over too
    /// often before it.
    pub fn next(&mut self, due: Vec<Due>) -> Option<Due> {
        let place = |due: &Due| MOVES.iter().position(|it| *it == due.step);
        let next = due
            .iter()
            .filter_map(place)
            .min_by_key(|n| (self.passed[*n] < MOST_PASSED, *n))?;
        for n in 0..MOVES.len() {
            let waits = n != next && due.iter().filter_map(place).any(|it| it == n);
            self.passed[n] = if waits { self.passed[n] + 1 } else { 0 };
        }
        due.into_iter().find(|it| place(it) == Some(next))
    }
}

/// The turn of a move that reads page after page.
pub struct Turn {
    pages: usize,
    until: Time,
}

impl Turn {
    /// Begins now.
    pub fn begin(work: &Work<'_>) -> Self {
        Self {
            pages: 0,
            until: work.now() + LONGEST_TURN,
        }
    }

    /// Asked with each page: whether it is to be the last for now. So it is when the turn was long
    /// enough, and at once when words that a seller published could be carried.
    ///
    /// # Errors
    /// The database's.
    pub async fn ends(&mut self, work: &Work<'_>) -> store::Result<bool> {
        self.pages += 1;
        let now = work.now();
        if self.pages > PAGES_A_TURN || now >= self.until {
            return Ok(true);
        }
        work.store.read().await?.words_wait(work.id(), now).await
    }
}

/// Whether a connection that has been worked since `since` is to be let go for others of `among` that
/// wait for a lane. It stays due, and comes back when it is the longest due.
///
/// # Errors
/// The database's.
pub async fn gives_way(work: &Work<'_>, among: &[&str], since: Time) -> store::Result<bool> {
    let now = work.now();
    if now - since < LONGEST_TURN {
        return Ok(false);
    }
    work.store
        .read()
        .await?
        .may_claim(among, now - WAITING, (now, now + work.lease_for))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{ASK, ASSESS, PULL, RECONCILE, WRITE_BACK};

    fn due(steps: &[&str]) -> Vec<Due> {
        let one = |step: &&str| Due {
            step: (*step).to_owned(),
            run_at: Time::UNIX_EPOCH,
            failures: 0,
            hints: 0,
        };
        steps.iter().map(one).collect()
    }

    #[test]
    fn words_go_out_before_changes_come_in() {
        let mut order = Order::default();
        let next = order.next(due(&[RECONCILE, PULL, WRITE_BACK]));
        assert_eq!(next.map(|it| it.step).as_deref(), Some(WRITE_BACK));
        assert!(order.next(Vec::new()).is_none());
    }

    #[test]
    fn no_move_that_is_due_waits_for_ever_behind_others() {
        let mut order = Order::default();
        let all = [ASSESS, ASK, WRITE_BACK, PULL, RECONCILE];
        let made: Vec<String> = (0..40)
            .filter_map(|_| order.next(due(&all)))
            .map(|it| it.step)
            .collect();
        assert_eq!(made.len(), 40);
        for step in all {
            let places: Vec<usize> = (0..40).filter(|n| made[*n] == step).collect();
            assert!(places.len() >= 4, "{step} among {made:?}");
            let longest = places.windows(2).map(|it| it[1] - it[0]).max();
            assert!(longest <= Some(10), "{step} waited for {longest:?} others");
        }
    }
}
