//! A connection being worked: what every move needs, and what it counts.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use super::Stop;
use super::around::Around;
use super::scene::Scene;
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::domain::Time;
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::env::fate::Flaw;
use crate::http::Deadline;
use crate::store::Store;
use crate::store::ledger::Entry;
use crate::store::schedule::Lease;
use crate::store::tx::Tx;

/// Connections that one process works at once, unless the configuration says otherwise.
pub const LANES: usize = 8;
/// How long a lease is taken for, unless the configuration says otherwise. No call is under way at
/// its end.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// No call is under way in the last part of a lease, one in so many: nobody can call it back from
/// the network, and another process may be at work by the time it arrives.
const SPARE: i32 = 12;

/// How long calls may be under way in a lease that is taken now.
pub fn calls_may_last(lease: TimeDelta) -> Duration {
    (lease - lease / SPARE).to_std().unwrap_or_default()
}

/// A connection that this process holds the lease of.
pub struct Work<'a> {
    /// The database.
    pub store: &'a Store,
    /// Time and randomness.
    pub env: &'a Env,
    /// The connector.
    pub crm: &'static dyn Crm,
    /// The signed-in session.
    pub session: Session,
    /// The guardrails.
    pub framework: Arc<Framework>,
    /// Where Latitude's own pages are, without a slash at the end.
    pub public_url: &'a str,
    /// The right to work the connection.
    pub lease: Lease,
    /// How long it is held for at a time.
    pub lease_for: TimeDelta,
    /// Until when calls may be under way once the database has confirmed the lease.
    pub calls_until: Duration,
    /// When the session's calls must have ended: shortly before the lease does.
    pub deadline: Deadline,
    /// The stages, once they were needed: they are brought up to date before the moves.
    pub around: Option<Arc<Around>>,
    /// Deals that are to be considered next, the most valuable first.
    pub backlog: VecDeque<String>,
    /// Moves that had more to do than they do at once.
    pub busy: HashSet<&'static str>,
    /// What has been done so far.
    pub tally: Tally,
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Deals read that were new or changed.
    pub pulled: u64,
    /// New asks.
    pub asked: u64,
    /// Strategies found: new versions.
    pub read: u64,
    /// Strategies assessed.
    pub assessed: u64,
    /// Deals written.
    pub written: u64,
    /// Fields written.
    pub fields: u64,
    /// Deals repaired by a nightly reconcile.
    pub repaired: u64,
    /// Grades given, by label.
    pub grades: BTreeMap<&'static str, u64>,
}

impl<'a> Work<'a> {
    /// The connection.
    pub fn id(&self) -> &ConnectionId {
        &self.lease.connection
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.env.now()
    }

    /// Begins a unit of work that proves, when it commits, that the lease was held.
    ///
    /// # Errors
    /// [`Stop::LeaseLost`] when it was not.
    pub async fn begin(&mut self) -> Result<Tx, Stop> {
        let mut tx = self.store.write().await?;
        // Both before asking: who stood still since must not think that time still is to come.
        let now = self.now();
        let calls_until = self.env.elapsed() + calls_may_last(self.lease_for);
        let until = now + self.lease_for;
        if !tx.hold(&self.lease, now, until).await? && !self.env.makes(Flaw::NoFence) {
            return Err(Stop::LeaseLost);
        }
        self.lease.until = until;
        self.calls_until = calls_until;
        Ok(tx)
    }

    /// Holds the lease for longer, before something that takes a while.
    ///
    /// # Errors
    /// [`Stop::LeaseLost`] when it is no longer held.
    pub async fn hold(&mut self) -> Result<(), Stop> {
        let tx = self.begin().await?;
        self.commit(tx).await
    }

    /// Ends a unit of work that [`Work::begin`] began; calls may now take as long as the lease is
    /// held.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit(&self, tx: Tx) -> Result<(), Stop> {
        tx.commit().await?;
        self.held();
        Ok(())
    }

    /// Takes note that the database has confirmed the lease as it stands.
    pub fn held(&self) {
        self.deadline.set(self.calls_until);
    }

    /// Holds the lease for longer where less than half of it is left.
    ///
    /// # Errors
    /// [`Stop::LeaseLost`] when it is no longer held.
    pub async fn keep_hold(&mut self) -> Result<(), Stop> {
        if self.lease.until - self.now() < self.lease_for / 2 {
            self.hold().await?;
        }
        Ok(())
    }

    /// Called by a move that has more to do than it does at once: the database looks at how much there
    /// is by now, once a run for each move.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_much(&mut self, step: &'static str) -> Result<(), Stop> {
        if self.busy.insert(step) {
            self.store.take_stock().await?;
        }
        Ok(())
    }

    /// What deals are considered and written with in this move.
    ///
    /// # Errors
    /// The database's.
    pub async fn scene(&mut self) -> Result<Scene<'a>, Stop> {
        Ok(Scene {
            store: self.store,
            env: self.env,
            crm: self.crm,
            connection: self.id().clone(),
            session: self.session.clone(),
            around: self.around().await?,
            framework: self.framework.clone(),
            public_url: self.public_url,
        })
    }

    /// What is known of stages, read once for all moves.
    ///
    /// # Errors
    /// The database's.
    async fn around(&mut self) -> Result<Arc<Around>, Stop> {
        if let Some(around) = &self.around {
            return Ok(around.clone());
        }
        let around = Arc::new(Around::read(self).await?);
        self.around = Some(around.clone());
        Ok(around)
    }

    /// An entry for the ledger about one deal, or about the whole move.
    pub fn entry(&self, step: &str, deal: Option<&str>, outcome: &str) -> Entry {
        Entry {
            connection: self.id().as_str().to_owned(),
            at: self.now(),
            step: step.to_owned(),
            deal: deal.map(str::to_owned),
            attempt: self.lease.attempt,
            outcome: outcome.to_owned(),
            code: None,
            message: None,
            version: None,
            mark: None,
        }
    }
}
