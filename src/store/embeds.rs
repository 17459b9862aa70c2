//! Panels inside a CRM's page: signed embeds that were used, and our own short-lived tokens.

use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, DealId, PersonId};

/// Whose panel a token opens: one person's, for one deal.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PanelKey {
    /// The connection.
    pub connection: String,
    /// The CRM's id of the person.
    pub person: String,
    /// The CRM's id of the deal.
    pub deal: String,
}

/// A token that opens a panel now, and for how long.
#[derive(Clone, Debug, FromRow)]
pub struct PanelToken {
    /// Whose panel it opens.
    #[sqlx(flatten)]
    pub key: PanelKey,
    /// Until when, if it is not used again.
    pub until: Time,
    /// When it ends however much it is used; `None`: use does not prolong it.
    pub ends_at: Option<Time>,
}

impl Tx {
    /// Remembers a single-use mark until it lapses. `false`: it was used before.
    pub async fn use_nonce(
        &mut self,
        connection: &ConnectionId,
        nonce: &str,
        (now, until): (Time, Time),
    ) -> Result<bool> {
        sql!(&mut *self, db => query("DELETE FROM embed_nonce WHERE until < $1")
            .bind(now).execute(db).await.map(drop))?;
        let rows = sql!(self, db => query(
            "INSERT INTO embed_nonce (connection, nonce, until) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        ).bind(connection.as_str()).bind(nonce).bind(until).execute(db).await
            .map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Keeps a token, by its hash: until when it opens, and when it ends however much it is used.
    pub async fn add_panel_token(
        &mut self,
        hash: &str,
        (connection, person, deal): (&ConnectionId, &PersonId, &DealId),
        (now, until, ends_at): (Time, Time, Option<Time>),
    ) -> Result<()> {
        sql!(&mut *self, db => query("DELETE FROM panel_token WHERE until < $1")
            .bind(now).execute(db).await.map(drop))?;
        sql!(self, db => query(
            "INSERT INTO panel_token (hash, connection, person, deal, until, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        ).bind(hash).bind(connection.as_str()).bind(person.as_str()).bind(deal.as_str()).bind(until)
            .bind(ends_at).execute(db).await.map(drop))
    }

    /// Has a token open its panel until then.
    pub async fn prolong_panel_token(&mut self, hash: &str, until: Time) -> Result<()> {
        sql!(self, db => query("UPDATE panel_token SET until = $2 WHERE hash = $1")
            .bind(hash).bind(until).execute(db).await.map(drop))
    }

    /// The token of a hash, where it opens a panel at this moment.
    pub async fn panel_token(&mut self, hash: &str, now: Time) -> Result<Option<PanelToken>> {
        sql!(self, db => query_as(
            "SELECT t.connection, t.person, t.deal, t.until, t.ends_at FROM panel_token t JOIN person p
               ON p.connection = t.connection AND p.id = t.person
             WHERE t.hash = $1 AND t.until > $2 AND p.active",
        ).bind(hash).bind(now).fetch_optional(db).await)
    }

    /// Uses up a single-use token: whose panel it opens, the first time and in time.
    pub async fn take_panel_token(&mut self, hash: &str, now: Time) -> Result<Option<PanelKey>> {
        sql!(self, db => query_as(
            "DELETE FROM panel_token WHERE hash = $1 AND until > $2
             RETURNING connection, person, deal",
        ).bind(hash).bind(now).fetch_optional(db).await)
    }
}
