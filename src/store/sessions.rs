//! Who is signed in. Cookies are kept as marks (SHA-256), never as they are.

use sqlx::{FromRow, query, query_as, query_scalar};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;

/// A person signed in on one browser.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRow {
    /// The mark of the cookie.
    pub mark: String,
    /// The connection through which the person is known.
    pub connection: String,
    /// The CRM's id of the person.
    pub person: String,
    /// How they signed in.
    pub way: String,
    /// An address they have proven to own; reaches their rows in other connections.
    pub email: Option<String>,
    /// When they signed in.
    pub created_at: Time,
    /// When they were last here, to the minute.
    pub seen_at: Time,
    /// When the session ends whatever they do.
    pub ends_at: Time,
}

impl Tx {
    /// Begins a session.
    pub async fn add_session(&mut self, new: &SessionRow) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO session (mark, connection, person, way, email, created_at, seen_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ).bind(&new.mark).bind(&new.connection).bind(&new.person).bind(&new.way).bind(&new.email)
            .bind(new.created_at).bind(new.seen_at).bind(new.ends_at).execute(db).await.map(drop))
    }

    /// The session of a mark, unless it has ended or nobody was here since `idle_since`.
    pub async fn session(
        &mut self,
        mark: &str,
        now: Time,
        idle_since: Time,
    ) -> Result<Option<SessionRow>> {
        sql!(self, db => query_as(
            "SELECT * FROM session WHERE mark = $1 AND ends_at > $2 AND seen_at > $3",
        ).bind(mark).bind(now).bind(idle_since).fetch_optional(db).await)
    }

    /// Notes that someone was here.
    pub async fn touch_session(&mut self, mark: &str, now: Time) -> Result<()> {
        sql!(self, db => query("UPDATE session SET seen_at = $2 WHERE mark = $1")
            .bind(mark).bind(now).execute(db).await.map(drop))
    }

    /// Ends one session.
    pub async fn end_session(&mut self, mark: &str) -> Result<()> {
        sql!(self, db => query("DELETE FROM session WHERE mark = $1")
            .bind(mark).execute(db).await.map(drop))
    }

    /// Ends every session, API token and open panel of a person.
    pub async fn end_sessions(&mut self, connection: &str, person: &str) -> Result<()> {
        sql!(&mut *self, db => query("DELETE FROM session WHERE connection = $1 AND person = $2")
            .bind(connection).bind(person).execute(db).await.map(drop))?;
        sql!(&mut *self, db => query("DELETE FROM panel_token WHERE connection = $1 AND person = $2")
            .bind(connection).bind(person).execute(db).await.map(drop))?;
        self.end_api_tokens(&connection.into(), person).await
    }

    /// Forgets sessions and sign-ins that have ended.
    pub async fn prune_sessions(&mut self, now: Time) -> Result<()> {
        sql!(&mut *self, db => query("DELETE FROM session WHERE ends_at <= $1")
            .bind(now).execute(db).await.map(drop))?;
        sql!(self, db => query("DELETE FROM sign_in WHERE ends_at <= $1")
            .bind(now).execute(db).await.map(drop))
    }

    /// Keeps a sign-in under way.
    pub async fn add_sign_in(
        &mut self,
        mark: &str,
        browser: &str,
        sealed: &[u8],
        ends_at: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO sign_in (mark, browser, sealed, ends_at) VALUES ($1, $2, $3, $4)",
        ).bind(mark).bind(browser).bind(sealed).bind(ends_at).execute(db).await.map(drop))
    }

    /// Takes a sign-in under way: once, and only in the browser that began it.
    pub async fn take_sign_in(
        &mut self,
        mark: &str,
        browser: &str,
        now: Time,
    ) -> Result<Option<Vec<u8>>> {
        sql!(self, db => query_scalar(
            "DELETE FROM sign_in WHERE mark = $1 AND browser = $2 AND ends_at > $3
             RETURNING sealed",
        ).bind(mark).bind(browser).bind(now).fetch_optional(db).await)
    }

    /// Whether the database answers.
    pub async fn ping(&mut self) -> Result<()> {
        sql!(self, db => query("SELECT id FROM connection LIMIT 1").fetch_optional(db).await.map(drop))
    }
}
