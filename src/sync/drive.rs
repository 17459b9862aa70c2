//! Claims connections and works several at once, as a service or until nothing is due.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::PULL;
use super::report::{Report, log};
use super::work::LEASE;
use super::worker::Engine;
use crate::store::schedule::Lease;
use crate::store::{self, Wakeups};

/// Connections that one process works at once: a slow CRM must not keep the others waiting.
const LANES: usize = 4;
/// A process with nothing to do looks again after this long, woken or not.
const IDLE_POLL: Duration = Duration::from_secs(1);
/// The same, where the database does not answer.
const TROUBLE_POLL: Duration = Duration::from_secs(5);
/// When told to run until quiet, a wait up to this long is waited out, but for the next poll.
const PATIENCE: TimeDelta = TimeDelta::seconds(65);
/// When told to run until quiet, the shortest wait before the schedule is looked at again.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

impl Engine {
    /// Works whatever is due until `stop` says so; then finishes the units of work under way.
    /// Every run is logged and shown to `told`.
    pub async fn run(&self, stop: watch::Receiver<bool>, told: impl Fn(&Report) + Send + Sync) {
        let mut wakeups = self.store.wakeups().await;
        let mut stopping = stop.clone();
        let mut running = FuturesUnordered::new();
        while !*stop.borrow() || !running.is_empty() {
            let room = !*stop.borrow() && running.len() < LANES;
            let mut pause = IDLE_POLL;
            if room {
                match self.claim(None).await {
                    Ok(Some(lease)) => {
                        running.push(self.work(lease, &stop));
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        silent(&error);
                        pause = TROUBLE_POLL;
                    }
                }
            }
            tokio::select! {
                Some(done) = running.next() => match done {
                    Ok(report) => {
                        log(&report);
                        told(&report);
                    }
                    Err(error) => silent(&error),
                },
                () = self.woken(&mut wakeups), if room => {}
                () = tokio::time::sleep(pause), if room => {}
                _ = stopping.changed(), if !*stop.borrow() => {}
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
        let mut reports: BTreeMap<String, Report> = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        loop {
            if running.len() < LANES
                && let Some(lease) = self.claim(only).await?
            {
                running.push(self.work(lease, &stop));
                continue;
            }
            let wait = match self.wait(only).await? {
                None if running.is_empty() => return Ok(reports.into_values().collect()),
                wait => wait.unwrap_or(IDLE_POLL),
            };
            tokio::select! {
                Some(done) = running.next() => {
                    let report = done?;
                    match reports.get_mut(&report.connection) {
                        Some(before) => before.add(report),
                        None => drop(reports.insert(report.connection.clone(), report)),
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
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

    async fn woken(&self, others: &mut Wakeups) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = others.next() => {}
        }
    }

    async fn claim(&self, only: Option<&str>) -> store::Result<Option<Lease>> {
        let now = self.env.now();
        let mut tx = self.store.write().await?;
        let lease = tx.claim(only, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(lease)
    }

    /// How long until something is due; `None` where it is not worth waiting for.
    async fn wait(&self, only: Option<&str>) -> store::Result<Option<Duration>> {
        let now = self.env.now();
        let next = self.store.read().await?.next_due(only, PULL, now).await?;
        let near = next.filter(|at| *at <= now + PATIENCE);
        Ok(near.map(|at| (at - now).to_std().unwrap_or_default().max(SHORTEST_WAIT)))
    }
}

fn silent(error: &store::Error) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the database does not answer"
    );
}
