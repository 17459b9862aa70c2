//! How every connection is doing, for those who watch: the ledger, `/ready`, `/metrics`, doctor.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// How one connection is doing. Holds no plan text and no person's name, except that `message`
/// repeats the CRM's own words.
#[derive(Clone, Debug, FromRow, serde::Serialize)]
pub struct Standing {
    /// The connection.
    pub connection: String,
    /// The CRM's id.
    pub crm: String,
    /// The word of its state, such as `ok` or `blocked: login`.
    pub state: String,
    /// The code of what blocks it.
    pub code: Option<String>,
    /// What blocks it, in the CRM's words.
    pub message: Option<String>,
    /// When that state was last found.
    pub since: Option<Time>,
    /// Open deals, where they were counted ([`Tx::count_open_deals`]).
    #[sqlx(skip)]
    pub deals: Option<i64>,
    /// Deals given up on until something changes.
    pub parked: i64,
    /// Deals whose fields are yet to be written.
    pub waiting: i64,
    /// Since when the longest waiting of them waits.
    pub waiting_since: Option<Time>,
    /// Units spent of today's budget.
    pub calls_today: i64,
    /// Units left of it, where there is a limit.
    pub calls_left: Option<i64>,
    /// How far the CRM's clock is ahead of ours.
    pub skew_seconds: Option<i64>,
    /// When it is worked next.
    pub due_at: Option<Time>,
    /// When its last run ended.
    pub worked_at: Option<Time>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Tx {
    /// Writes a row of so many times 64 KiB, under the name of no connection.
    pub(super) async fn write_a_trial(&mut self, blocks: usize) -> Result<()> {
        // Further apart than a database looks for what repeats.
        let block: Vec<String> = (0..1024)
            .map(|n: u32| hex(&Sha256::digest(n.to_be_bytes())))
            .collect();
        let row = block.concat().repeat(blocks);
        sql!(self, db => query(
            "INSERT INTO ledger (connection, at, move, attempt, outcome, message)
             VALUES ('', '1970-01-01T00:00:00+00:00', 'trial', 0, 'trial', $1)",
        ).bind(row).execute(db).await.map(drop))
    }

    /// Takes every such row away.
    pub(super) async fn forget_trials(&mut self) -> Result<()> {
        sql!(self, db => query("DELETE FROM ledger WHERE connection = ''")
            .execute(db).await.map(drop))
    }

    /// How every connection is doing, by name. Asked every few seconds by those who watch: it reads
    /// what waits and what is parked, never all deals there are.
    pub async fn standings(&mut self) -> Result<Vec<Standing>> {
        sql!(self, db => query_as(
            "SELECT c.id AS connection, c.crm, c.state, c.state_code AS code,
               c.state_message AS message, c.state_at AS since,
               (SELECT COUNT(*) FROM deal d WHERE d.connection = c.id
                 AND d.parked IS NOT NULL AND d.gone_at IS NULL) AS parked,
               (SELECT COUNT(*) FROM deal d WHERE d.connection = c.id
                 AND d.write_at IS NOT NULL AND d.gone_at IS NULL) AS waiting,
               (SELECT MIN(d.write_at) FROM deal d WHERE d.connection = c.id
                 AND d.write_at IS NOT NULL AND d.gone_at IS NULL) AS waiting_since,
               c.calls_today, h.calls_left, h.skew_seconds,
               (SELECT MIN(s.run_at) FROM schedule s WHERE s.connection = c.id) AS due_at,
               (SELECT r.finished_at FROM run r WHERE r.connection = c.id
                 ORDER BY r.started_at DESC LIMIT 1) AS worked_at
             FROM connection c LEFT JOIN connection_health h ON h.connection = c.id
             ORDER BY c.id",
        ).fetch_all(db).await)
    }

    /// Adds how many open deals each has; looks at each of them.
    pub async fn count_open_deals(&mut self, standings: &mut [Standing]) -> Result<()> {
        let counted: Vec<(String, i64)> = sql!(self, db => query_as(
            "SELECT connection, COUNT(*) FROM deal WHERE standing = 'open' AND gone_at IS NULL
             GROUP BY connection",
        ).fetch_all(db).await)?;
        let counted: HashMap<String, i64> = counted.into_iter().collect();
        for one in standings {
            one.deals = Some(counted.get(&one.connection).copied().unwrap_or(0));
        }
        Ok(())
    }

    /// Notes what a run found out about its surroundings.
    pub async fn save_health(
        &mut self,
        id: &ConnectionId,
        calls_left: Option<u64>,
        skew_seconds: Option<i64>,
        now: Time,
    ) -> Result<()> {
        let left = calls_left.map(|left| i64::try_from(left).unwrap_or(i64::MAX));
        sql!(self, db => query(
            "INSERT INTO connection_health (connection, calls_left, skew_seconds, at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (connection) DO UPDATE SET
             calls_left = $2, skew_seconds = $3, at = $4",
        ).bind(id.as_str()).bind(left).bind(skew_seconds).bind(now).execute(db).await.map(drop))
    }
}
