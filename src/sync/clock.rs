//! A clock that was set back leaves everything due in what is now the future: found, and made due.

use chrono::TimeDelta;

use super::worker::{Engine, FAR};
use super::{PULL, RECONCILE};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::store;
use crate::store::ledger::Entry;
use crate::store::tx::Tx;

/// A CRM that asks for more patience than this is not believed; see `http::fault`.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(61);
/// A spent budget comes back within a day.
const LONGEST_BUDGET: TimeDelta = TimeDelta::hours(25);

impl Engine {
    /// Those of these connections of which only a clock that was ahead can have put something off so
    /// far: how far apart polls are, of others another process says.
    pub(super) async fn due_too_late(
        &self,
        tx: &mut Tx,
        among: &[&str],
        now: Time,
    ) -> store::Result<Vec<String>> {
        let usual = now + self.poll_every * 2;
        let latest = (usual, now + LONGEST_WAIT, now + LONGEST_BUDGET);
        tx.due_too_late(among, (PULL, RECONCILE), latest).await
    }

    /// Makes everything of these connections due, and notes it in the ledger.
    pub(super) async fn make_due(
        &self,
        tx: &mut Tx,
        connections: Vec<String>,
        now: Time,
    ) -> store::Result<()> {
        for connection in connections {
            let id = ConnectionId::from(connection.as_str());
            tx.all_due(&id, RECONCILE, now).await?;
            tx.hasten_anyway(&id, RECONCILE, now + FAR).await?;
            let told = "something was put off further than it can be: a clock was ahead and \
                        has been set back, or polls were further apart before";
            tracing::warn!(connection.id = %id, "{told}; everything is due now");
            tx.note(&[Entry {
                connection,
                at: now,
                step: PULL.to_owned(),
                deal: None,
                attempt: 0,
                outcome: "later".to_owned(),
                code: Some("clock".to_owned()),
                message: Some(format!("{told}; what it had put off is due now")),
                version: None,
                mark: None,
            }])
            .await?;
        }
        Ok(())
    }
}
