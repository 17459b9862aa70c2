//! The ledger: one row per record and attempt, with the CRM's own words; and one row per run.

use sqlx::{FromRow, query, query_as};

use super::Result;
use super::rows::rows;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// What became of one record, or of a whole move, in one attempt. Holds no plan text.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Entry {
    /// The connection.
    pub connection: String,
    /// When.
    pub at: Time,
    /// `pull`, `ask`, `assess` or `write_back`.
    #[sqlx(rename = "move")]
    #[serde(rename = "move")]
    pub step: String,
    /// The deal; none where it is about the whole move.
    pub deal: Option<String>,
    /// The fence it was done under.
    pub attempt: i64,
    /// `written`, `gone`, `busy`, `refused`, `changed`, or the decision of a fault.
    pub outcome: String,
    /// The CRM's error code.
    pub code: Option<String>,
    /// The CRM's message.
    pub message: Option<String>,
    /// The strategy version that was carried.
    pub version: Option<i64>,
    /// The mark of what was written.
    pub mark: Option<String>,
}

/// One run of a connection, from claim to quiet.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Run {
    /// The connection.
    pub connection: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Time,
    /// `ok`, `partly`, `failed`, `skipped: budget`, `blocked: login`, `blocked: config`.
    pub state: String,
    /// Deals read.
    pub pulled: i64,
    /// New asks.
    pub asked: i64,
    /// Strategies assessed.
    pub assessed: i64,
    /// Deals written.
    pub written: i64,
    /// Deals the CRM would not take.
    pub rejected: i64,
    /// Calls made.
    pub calls: i64,
    /// Deals a nightly reconcile had to repair.
    pub repaired: i64,
}

impl Tx {
    /// Adds entries.
    pub async fn note(&mut self, entries: &[Entry]) -> Result<()> {
        rows!(
            self,
            "INSERT INTO ledger (connection, at, move, deal, attempt, outcome, code, message,
             version, mark) ",
            entries,
            |entry| [
                entry.connection.as_str(),
                entry.at,
                entry.step.as_str(),
                entry.deal.as_deref(),
                entry.attempt,
                entry.outcome.as_str(),
                entry.code.as_deref(),
                entry.message.as_deref(),
                entry.version,
                entry.mark.as_deref(),
            ],
            ""
        );
        Ok(())
    }

    /// The newest entries of a connection, of one deal where that is given.
    pub async fn ledger(
        &mut self,
        id: &ConnectionId,
        deal: Option<&str>,
        most: i64,
    ) -> Result<Vec<Entry>> {
        match deal {
            Some(deal) => sql!(self, db => query_as(
                "SELECT * FROM ledger WHERE connection = $1 AND deal = $2 ORDER BY at DESC LIMIT $3",
            ).bind(id.as_str()).bind(deal).bind(most).fetch_all(db).await),
            None => sql!(self, db => query_as(
                "SELECT * FROM ledger WHERE connection = $1 ORDER BY at DESC LIMIT $2",
            ).bind(id.as_str()).bind(most).fetch_all(db).await),
        }
    }

    /// Adds a run.
    pub async fn save_run(&mut self, run: &Run) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO run (connection, started_at, finished_at, state, pulled, asked, assessed,
             written, rejected, calls, repaired)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (connection, started_at) DO NOTHING",
        ).bind(&run.connection).bind(run.started_at).bind(run.finished_at).bind(&run.state)
            .bind(run.pulled).bind(run.asked).bind(run.assessed).bind(run.written)
            .bind(run.rejected).bind(run.calls).bind(run.repaired).execute(db).await.map(drop))
    }

    /// The newest runs of a connection.
    pub async fn runs(&mut self, id: &ConnectionId, most: i64) -> Result<Vec<Run>> {
        sql!(self, db => query_as(
            "SELECT * FROM run WHERE connection = $1 ORDER BY started_at DESC LIMIT $2",
        ).bind(id.as_str()).bind(most).fetch_all(db).await)
    }
}
