//! What a connection has spent of its CRM's day: every process that works it counts its own calls,
//! and the database all of them.

use super::work::Work;
use crate::crm::session::Session;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::http::fault::Fault;
use crate::store::connections::Connection;
use crate::store::{Result, Store};

/// Takes up what all processes have spent, as the connection's row has it, before calls are made.
pub fn take_up(known: &Connection, session: &Session) {
    if let Some(resets_at) = known.calls_reset_at {
        let used = u64::try_from(known.calls_today).unwrap_or(0);
        session.api.budget().carry(used, resets_at);
    }
}

/// When the day's calls come back, where only those are left that are kept for published words.
pub fn reserve_until(work: &Work<'_>) -> Option<Time> {
    let budget = work.session.api.budget();
    let left = budget.left().is_none_or(|left| left > 0);
    match budget.routine_is_spent(work.now()).filter(|_| left)? {
        Fault::Spent { until, .. } => until,
        _ => None,
    }
}

/// Adds what this process has spent since, and what it was told of the CRM's limits and clock.
///
/// # Errors
/// The database's; it is told with the next run then.
pub async fn hand_in(store: &Store, env: &Env, id: &ConnectionId, session: &Session) -> Result<()> {
    let budget = session.api.budget();
    let spent = budget.unsaved();
    let units = i64::try_from(spent).unwrap_or(i64::MAX);
    let skew = session.api.skew().map(|it| it.num_seconds());
    let now = env.now();
    let mut tx = store.write().await?;
    tx.save_spending(id, units, now).await?;
    tx.save_health(id, budget.left(), skew, now).await?;
    tx.commit().await?;
    budget.saved(spent);
    Ok(())
}
