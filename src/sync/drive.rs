//! Claims connections and works several at once, as a service or until nothing is due.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::{join_all, try_join_all};
use tokio::sync::{Mutex, watch};
use tracing::Instrument;

use super::PULL;
use super::report::{Report, log};
use super::worker::Engine;
use crate::domain::ids::ConnectionId;
use crate::store;
use crate::store::schedule::Lease;
use crate::store::trouble::Kind;

/// A process with nothing to do looks again after this long, woken or not.
const IDLE_POLL: Duration = Duration::from_secs(1);
/// The same, where the database does not answer; sooner where leases are shorter.
const TROUBLE_POLL: Duration = Duration::from_secs(5);
/// When told to run until quiet, a wait up to this long is waited out, but for the next poll.
const PATIENCE: TimeDelta = TimeDelta::seconds(65);
/// When told to run until quiet, what failed so often in a row is not waited for any more: about
/// half a minute of growing pauses.
const HOPELESS: i64 = 6;
/// When told to run until quiet, the shortest wait before the schedule is looked at again.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

impl Engine {
    /// Works whatever is due until `stop` says so; then finishes the units of work under way.
    /// Every run is logged and shown to `told`.
    pub async fn run(&self, stop: watch::Receiver<bool>, told: impl Fn(&Report) + Send + Sync) {
        let busy = AtomicUsize::new(0);
        let lanes = (0..self.lanes).map(|_| self.lane(stop.clone(), &told, &busy));
        tokio::join!(join_all(lanes), self.pass_on(stop.clone()));
    }

    async fn lane(
        &self,
        mut stop: watch::Receiver<bool>,
        told: &(impl Fn(&Report) + Send + Sync),
        busy: &AtomicUsize,
    ) {
        while !*stop.borrow() {
            let mut pause = IDLE_POLL;
            match self.one(None, &stop, busy).await {
                Ok(Some(report)) => {
                    log(&report);
                    told(&report);
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    let kind = Kind::of(&error).map_or("did not do as asked", Kind::word);
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the database {kind}"
                    );
                    pause = self.trouble_poll();
                }
            }
            // One idle lane looks by itself for all; who finds something wakes the next.
            let looks_by_itself = async {
                let _lookout = self.lookout.lock().await;
                tokio::time::sleep(pause).await;
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = looks_by_itself => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Passes on what other processes tell.
    async fn pass_on(&self, mut stop: watch::Receiver<bool>) {
        let mut others = self.store.wakeups();
        while !*stop.borrow() {
            tokio::select! {
                () = others.next() => self.wake.notify_one(),
                _ = stop.changed() => {}
            }
        }
    }

    /// Works every connection (or `only` one) until nothing is due, waiting out short pauses, but
    /// not for the next ordinary poll.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_until_quiet(&self, only: Option<&str>) -> store::Result<Vec<Report>> {
        let (_keep, stop) = watch::channel(false);
        let reports = Mutex::new(BTreeMap::<String, Report>::new());
        let busy = AtomicUsize::new(0);
        let lane = async || loop {
            if let Some(report) = self.one(only, &stop, &busy).await? {
                let mut reports = reports.lock().await;
                match reports.get_mut(&report.connection) {
                    Some(before) => before.add(report),
                    None => drop(reports.insert(report.connection.clone(), report)),
                }
                continue;
            }
            let wait = match self.wait(only).await? {
                None if busy.load(Ordering::Relaxed) == 0 => return store::Result::Ok(()),
                wait => wait.unwrap_or(IDLE_POLL),
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        };
        try_join_all((0..self.lanes).map(|_| lane())).await?;
        Ok(reports.into_inner().into_values().collect())
    }

    /// Works one connection that is due (or `only` one), if there is one, until nothing of it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn turn(&self, only: Option<&str>) -> store::Result<Option<Report>> {
        let (_keep, stop) = watch::channel(false);
        self.one(only, &stop, &AtomicUsize::new(0)).await
    }

    /// Works one connection that is due, if there is one, counted in `busy` meanwhile. Another lane
    /// then looks for more.
    async fn one(
        &self,
        only: Option<&str>,
        stop: &watch::Receiver<bool>,
        busy: &AtomicUsize,
    ) -> store::Result<Option<Report>> {
        let claimed = self.claim(only).await;
        self.mind_the_database(&claimed).await?;
        let Some(lease) = claimed? else {
            return Ok(None);
        };
        busy.fetch_add(1, Ordering::Relaxed);
        self.wake.notify_one();
        let span = tracing::info_span!("work", connection.id = %lease.connection);
        let report = self.work(lease.clone(), stop).instrument(span).await;
        if report.is_err() {
            self.drop_lease(&lease).await;
        }
        busy.fetch_sub(1, Ordering::Relaxed);
        self.wake.notify_one();
        self.mind_the_database(&report).await?;
        report.map(Some)
    }

    fn trouble_poll(&self) -> Duration {
        TROUBLE_POLL.min(self.lease.to_std().unwrap_or_default())
    }

    /// Lets a lease end soon whose work the database broke off, so that nobody waits for its end;
    /// but not at once, for the next try may break off as well.
    async fn drop_lease(&self, lease: &Lease) {
        let pause = self.trouble_poll();
        let dropped = async {
            let at = self.env.now() + pause;
            let mut tx = self.store.write().await?;
            tx.let_go_at(lease, at).await?;
            tx.commit().await
        };
        if !matches!(tokio::time::timeout(pause, dropped).await, Ok(Ok(()))) {
            tracing::debug!(connection.id = %lease.connection, "a lease is left to run out");
        }
    }

    /// Looks at the schedule sooner than it would by itself, here and in every other process.
    pub async fn wake(&self) {
        self.wake.notify_one();
        if let Err(error) = self.store.wake().await {
            // They look by themselves soon enough.
            tracing::debug!(%error, "other processes were not woken");
        }
    }

    /// The connections that this process works, or the one asked for: never one that its configuration
    /// does not have, which was taken out of it or is a newer process's.
    pub(super) fn among<'a>(&'a self, only: Option<&'a str>) -> Vec<&'a str> {
        match only {
            Some(id) => vec![id],
            None => self.connections.keys().map(ConnectionId::as_str).collect(),
        }
    }

    async fn claim(&self, only: Option<&str>) -> store::Result<Option<Lease>> {
        let among = self.among(only);
        if among.is_empty() {
            return Ok(None);
        }
        // Asked before: a claim takes SQLite's one writer, and mostly there is nothing to claim.
        let mut tx = self.store.read().await?;
        // The database may have been waited for: what is due is told by the time after that.
        let now = self.env.now();
        let until = now + self.lease;
        let due = tx.may_claim(&among, now, (now, until)).await?;
        let too_late = self.due_too_late(&mut tx, &among, now).await?;
        drop(tx);
        if !due && too_late.is_empty() {
            return Ok(None);
        }
        let mut tx = self.store.write().await?;
        self.make_due(&mut tx, too_late, now).await?;
        let lease = tx.claim(&among, now, until).await?;
        tx.commit().await?;
        Ok(lease)
    }

    /// How long until something is due; `None` where it is not worth waiting for.
    async fn wait(&self, only: Option<&str>) -> store::Result<Option<Duration>> {
        let among = self.among(only);
        if among.is_empty() {
            return Ok(None);
        }
        let now = self.env.now();
        let next = self
            .store
            .read()
            .await?
            .next_due(&among, (PULL, HOPELESS), now)
            .await?;
        let near = next.filter(|at| *at <= now + PATIENCE);
        Ok(near.map(|at| (at - now).to_std().unwrap_or_default().max(SHORTEST_WAIT)))
    }
}
