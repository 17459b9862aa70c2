//! Connections: their sign-in, their place in the CRM's changes, how they are doing.

use sqlx::types::Json;
use sqlx::{FromRow, query, query_as, query_scalar};

use super::Result;
use super::schedule::{LATEST_ARRIVAL, absurd};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// A connection as it stands.
#[derive(Clone, Debug, FromRow)]
pub struct Connection {
    /// Its name in the configuration.
    pub id: String,
    /// The CRM's id.
    pub crm: String,
    /// The CRM's id of the organisation, once known.
    pub organisation: Option<String>,
    /// The CRM's id of the signed-in user, once known.
    pub user_id: Option<String>,
    /// Where the CRM's own pages begin, once known.
    pub pages: Option<String>,
    /// Where our fields stand, as JSON, once looked at.
    pub fields: Option<Json<serde_json::Value>>,
    /// When set-up was last looked at.
    pub fields_at: Option<Time>,
    /// Where the next pull of deals starts.
    pub cursor_deals: String,
    /// The framework that was in force last, by [`Framework::edition`].
    ///
    /// [`Framework::edition`]: crate::domain::framework::Framework::edition
    pub framework: Option<String>,
    /// When people were last read in full.
    pub people_at: Option<Time>,
    /// When stages were last read.
    pub stages_at: Option<Time>,
    /// When the last pull of everything ended.
    pub full_pull_at: Option<Time>,
    /// The word of its state, such as `ok` or `blocked: login`.
    pub state: String,
    /// The code of what blocks it.
    pub state_code: Option<String>,
    /// What blocks it, in the CRM's words.
    pub state_message: Option<String>,
    /// Since when.
    pub state_at: Option<Time>,
    /// Units spent of today's budget.
    pub calls_today: i64,
    /// When that count starts over.
    pub calls_reset_at: Option<Time>,
    /// When the reconcile under way began; none where none is.
    pub reconcile_began: Option<Time>,
    /// Where it goes on.
    pub reconcile_place: String,
}

/// Sealed tokens and their version.
#[derive(Clone, Debug, FromRow)]
pub struct SealedTokens {
    /// Sealed; none before the first sign-in.
    pub tokens: Option<Vec<u8>>,
    /// Counts up with every save.
    pub token_version: i64,
}

impl Tx {
    /// Makes sure that a configured connection has its row and its moves are scheduled.
    pub async fn add_connection(
        &mut self,
        id: &ConnectionId,
        crm: &str,
        moves: &[&str],
        now: Time,
    ) -> Result<()> {
        sql!(&mut *self, db => query(
            "INSERT INTO connection (id, crm) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET crm = $2",
        ).bind(id.as_str()).bind(crm).execute(db).await.map(drop))?;
        for step in moves {
            sql!(&mut *self, db => query(
                "INSERT INTO schedule (connection, move, run_at) VALUES ($1, $2, $3)
                 ON CONFLICT (connection, move) DO NOTHING",
            ).bind(id.as_str()).bind(*step).bind(now).execute(db).await.map(drop))?;
        }
        Ok(())
    }

    /// One connection.
    pub async fn connection(&mut self, id: &ConnectionId) -> Result<Option<Connection>> {
        sql!(self, db => query_as("SELECT * FROM connection WHERE id = $1")
            .bind(id.as_str()).fetch_optional(db).await)
    }

    /// All connections, by name.
    pub async fn connections(&mut self) -> Result<Vec<Connection>> {
        sql!(self, db => query_as("SELECT * FROM connection ORDER BY id").fetch_all(db).await)
    }

    /// The sealed tokens of a connection.
    pub async fn tokens(&mut self, id: &ConnectionId) -> Result<Option<SealedTokens>> {
        sql!(self, db => query_as("SELECT tokens, token_version FROM connection WHERE id = $1")
            .bind(id.as_str()).fetch_optional(db).await)
    }

    /// Asks for the right to replace tokens of that version, until `until`.
    ///
    /// Of all that ask together, in any process, exactly one is told yes.
    pub async fn claim_tokens(
        &mut self,
        id: &ConnectionId,
        version: i64,
        now: Time,
        until: Time,
    ) -> Result<bool> {
        let rows = sql!(self, db => query(
            "UPDATE connection SET token_claimed_until = $4 WHERE id = $1 AND token_version = $2
             AND (token_claimed_until IS NULL OR token_claimed_until <= $3
               OR token_claimed_until > $5)",
        ).bind(id.as_str()).bind(version).bind(now).bind(until).bind(absurd(until))
            .execute(db).await.map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Saves tokens in place of those of a version, one version up, and gives the right to replace
    /// them back. `None`: someone else has replaced them meanwhile, and theirs stay.
    pub async fn save_tokens(
        &mut self,
        id: &ConnectionId,
        sealed: &[u8],
        version: i64,
    ) -> Result<Option<i64>> {
        sql!(self, db => query_scalar(
            "UPDATE connection SET tokens = $2, token_version = token_version + 1,
             token_claimed_until = NULL WHERE id = $1 AND token_version = $3
             RETURNING token_version",
        ).bind(id.as_str()).bind(sealed).bind(version).fetch_optional(db).await)
    }

    /// Replaces sealed tokens by the same ones sealed with another key.
    pub async fn reseal_tokens(
        &mut self,
        id: &ConnectionId,
        sealed: &[u8],
        version: i64,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET tokens = $2 WHERE id = $1 AND token_version = $3",
        ).bind(id.as_str()).bind(sealed).bind(version).execute(db).await.map(drop))
    }

    /// Forgets sealed tokens of a version that nobody can open, as if nobody had signed in yet.
    pub async fn forget_tokens(&mut self, id: &ConnectionId, version: i64) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET tokens = NULL, token_version = 0,
             token_claimed_until = NULL WHERE id = $1 AND token_version = $2",
        ).bind(id.as_str()).bind(version).execute(db).await.map(drop))
    }

    /// Gives the right to replace tokens back without new ones.
    pub async fn release_tokens(&mut self, id: &ConnectionId, version: i64) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET token_claimed_until = NULL WHERE id = $1 AND token_version = $2",
        ).bind(id.as_str()).bind(version).execute(db).await.map(drop))
    }

    /// Notes who is signed in, where the CRM's own pages are, and where our fields stand.
    pub async fn save_setup(
        &mut self,
        id: &ConnectionId,
        (organisation, user): (&str, &str),
        pages: &str,
        fields: &serde_json::Value,
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET organisation = $2, user_id = $3, fields = $4, fields_at = $5,
             pages = $6 WHERE id = $1",
        ).bind(id.as_str()).bind(organisation).bind(user).bind(Json(fields)).bind(now).bind(pages)
            .execute(db).await.map(drop))
    }

    /// Forgets where our fields stand, so that the next pull looks again.
    pub async fn forget_setup(&mut self, id: &ConnectionId) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET fields_at = NULL WHERE id = $1")
            .bind(id.as_str()).execute(db).await.map(drop))
    }

    /// Moves the place where the next pull of deals starts; goes with the rows that lead there.
    pub async fn move_cursor(&mut self, id: &ConnectionId, cursor: &str) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET cursor_deals = $2 WHERE id = $1")
            .bind(id.as_str()).bind(cursor).execute(db).await.map(drop))
    }

    /// Begins a reconcile at the very beginning.
    pub async fn reconcile_begins(&mut self, id: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET reconcile_began = $2, reconcile_place = '' WHERE id = $1",
        ).bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Moves the place where the reconcile under way goes on; goes with the rows that lead there.
    pub async fn move_reconcile(&mut self, id: &ConnectionId, place: &str) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET reconcile_place = $2 WHERE id = $1")
            .bind(id.as_str()).bind(place).execute(db).await.map(drop))
    }

    /// Notes that everything has been pulled once.
    pub async fn full_pull_ended(&mut self, id: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET full_pull_at = $2 WHERE id = $1")
            .bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Notes that the reconcile under way has pulled everything.
    pub async fn reconcile_ended(&mut self, id: &ConnectionId, now: Time) -> Result<()> {
        let over = now - LATEST_ARRIVAL;
        sql!(&mut *self, db => query(
            "UPDATE connection SET overtaken_from = NULL, overtaken_to = NULL
             WHERE id = $1 AND overtaken_to < $2",
        ).bind(id.as_str()).bind(over).execute(db).await.map(drop))?;
        sql!(self, db => query(
            "UPDATE connection SET full_pull_at = $2, reconcile_began = NULL, reconcile_place = ''
             WHERE id = $1",
        ).bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Notes how the connection is doing.
    pub async fn save_state(
        &mut self,
        id: &ConnectionId,
        state: &str,
        cause: Option<(&str, &str)>,
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET state = $2, state_code = $3, state_message = $4, state_at = $5
             WHERE id = $1",
        ).bind(id.as_str()).bind(state).bind(cause.map(|it| it.0)).bind(cause.map(|it| it.1))
            .bind(now).execute(db).await.map(drop))
    }

    /// Notes what has been spent of today's budget.
    pub async fn save_spending(&mut self, id: &ConnectionId, spent: i64, now: Time) -> Result<()> {
        let tomorrow = now + chrono::TimeDelta::days(1);
        sql!(self, db => query(
            "UPDATE connection SET
               calls_today = CASE WHEN calls_reset_at > $3 THEN calls_today + $2 ELSE $2 END,
               calls_reset_at = CASE WHEN calls_reset_at > $3 THEN calls_reset_at ELSE $4 END
             WHERE id = $1",
        ).bind(id.as_str()).bind(spent).bind(now).bind(tomorrow).execute(db).await.map(drop))
    }

    /// Notes the framework that is in force; every open deal is looked at again.
    pub async fn take_up_framework(
        &mut self,
        id: &ConnectionId,
        edition: &str,
        now: Time,
    ) -> Result<()> {
        sql!(&mut *self, db => query("UPDATE connection SET framework = $2 WHERE id = $1")
            .bind(id.as_str()).bind(edition).execute(db).await.map(drop))?;
        self.reconsider_all(id, now).await
    }
}
