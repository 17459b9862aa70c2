//! Tokens for other tools: only their SHA-256 is kept, with whose they are and what they open.

use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ApiToken {
    /// SHA-256 of the token, as hex.
    pub mark: String,
    /// The connection.
    pub connection: String,
    /// The CRM's id of the person it stands for.
    pub person: String,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// What it opens, separated by blanks.
    pub scopes: String,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub ends_at: Time,
}

/// Digits of a token's mark that name it to people.
pub const SHOWN: usize = 12;

impl ApiToken {
    /// What people call it: the beginning of its mark, which says nothing of the token.
    pub fn id(&self) -> String {
        self.mark.chars().take(SHOWN).collect()
    }
}

impl Tx {
    /// Keeps a token.
    pub async fn add_api_token(&mut self, token: &ApiToken) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO api_token (mark, connection, person, name, scopes, created_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        ).bind(&token.mark).bind(&token.connection).bind(&token.person).bind(&token.name)
            .bind(&token.scopes).bind(token.created_at).bind(token.ends_at).execute(db).await
            .map(drop))
    }

    /// The token of a mark, unless it has ended.
    pub async fn api_token(&mut self, mark: &str, now: Time) -> Result<Option<ApiToken>> {
        sql!(self, db => query_as("SELECT * FROM api_token WHERE mark = $1 AND ends_at > $2")
            .bind(mark).bind(now).fetch_optional(db).await)
    }

    /// Every token that has not ended, oldest first.
    pub async fn api_tokens(&mut self, now: Time) -> Result<Vec<ApiToken>> {
        sql!(self, db => query_as(
            "SELECT * FROM api_token WHERE ends_at > $1 ORDER BY created_at, mark",
        ).bind(now).fetch_all(db).await)
    }

    /// Those of a person that have not ended, oldest first.
    pub async fn api_tokens_of(
        &mut self,
        (connection, person): (&ConnectionId, &str),
        now: Time,
    ) -> Result<Vec<ApiToken>> {
        sql!(self, db => query_as(
            "SELECT * FROM api_token WHERE connection = $1 AND person = $2 AND ends_at > $3
             ORDER BY created_at, mark",
        ).bind(connection.as_str()).bind(person).bind(now).fetch_all(db).await)
    }

    /// Ends the token whose mark begins so. Returns how many that were: 0 or 1, never several.
    pub async fn end_api_token(&mut self, beginning: &str) -> Result<u64> {
        let like = format!("{beginning}%");
        sql!(self, db => query(
            "DELETE FROM api_token WHERE mark LIKE $1
             AND (SELECT COUNT(*) FROM api_token WHERE mark LIKE $1) = 1",
        ).bind(like).execute(db).await.map(|done| done.rows_affected()))
    }

    /// Ends every token of a person.
    pub async fn end_api_tokens(&mut self, connection: &ConnectionId, person: &str) -> Result<()> {
        sql!(self, db => query("DELETE FROM api_token WHERE connection = $1 AND person = $2")
            .bind(connection.as_str()).bind(person).execute(db).await.map(drop))
    }
}
