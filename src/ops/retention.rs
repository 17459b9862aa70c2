//! Nothing is kept longer than the configuration says.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::env::Env;
use crate::store::Store;

/// How often what is past its time is looked for. Every process may look: what is gone is gone.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How long what is kept; 0 keeps it for good.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Entries of the ledger.
    pub ledger_days: u32,
    /// Runs of connections.
    pub run_days: u32,
    /// Strategies, questions and drafts of deals that are closed or gone.
    pub closed_deal_days: u32,
}

/// Nobody is reminded again for the same reason within this time.
const REMINDED: TimeDelta = TimeDelta::days(365);

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Entries of the ledger.
    pub entries: u64,
    /// Runs.
    pub runs: u64,
    /// Deals whose strategies went.
    pub deals: u64,
}

/// Drops what is past its time.
///
/// # Errors
/// The database's.
pub async fn prune(store: &Store, env: &Env, keep: Retention) -> crate::store::Result<Dropped> {
    let before = |days: u32| (days > 0).then(|| env.now() - TimeDelta::days(days.into()));
    let mut dropped = Dropped::default();
    let mut tx = store.write_unhurried().await?;
    if let Some(before) = before(keep.ledger_days) {
        dropped.entries = tx.prune_ledger(before).await?;
    }
    if let Some(before) = before(keep.run_days) {
        dropped.runs = tx.prune_runs(before).await?;
    }
    if let Some(before) = before(keep.closed_deal_days) {
        dropped.deals = tx.prune_closed(before).await?;
    }
    tx.prune_sessions(env.now()).await?;
    tx.prune_reasons(env.now() - REMINDED).await?;
    tx.commit().await?;
    Ok(dropped)
}

/// Drops what is past its time now and every hour, until told to stop.
pub async fn keep(store: Store, env: Env, keep: Retention, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match prune(&store, &env, keep).await {
            Ok(dropped) if dropped == Dropped::default() => {}
            Ok(Dropped {
                entries,
                runs,
                deals,
            }) => tracing::info!(entries, runs, deals, "dropped what is past its time"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what is past its time could not be dropped; tried again in an hour"
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
