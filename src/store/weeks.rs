//! Sellers' weeks.

use chrono::NaiveDate;
use sqlx::types::Json;
use sqlx::{query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::week::Week;

impl Tx {
    /// A person's week; an empty one where nothing was written.
    pub async fn week(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
        monday: NaiveDate,
    ) -> Result<Week> {
        let row: Option<(Json<Week>,)> = sql!(self, db => query_as(
            "SELECT plan FROM week WHERE connection = $1 AND person = $2 AND monday = $3",
        ).bind(connection.as_str()).bind(person.as_str()).bind(monday).fetch_optional(db).await)?;
        Ok(row.map(|(week,)| week.0).unwrap_or_default())
    }

    /// Keeps a person's week in place of what they had.
    pub async fn save_week(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
        (monday, week): (NaiveDate, &Week),
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO week (connection, person, monday, plan, saved_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection, person, monday) DO UPDATE SET
             plan = excluded.plan, saved_at = excluded.saved_at",
        ).bind(connection.as_str()).bind(person.as_str()).bind(monday).bind(Json(week)).bind(now)
            .execute(db).await.map(drop))
    }

    /// The Mondays of weeks a person wrote, the latest first.
    pub async fn weeks(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
    ) -> Result<Vec<NaiveDate>> {
        let rows: Vec<(NaiveDate,)> = sql!(self, db => query_as(
            "SELECT monday FROM week WHERE connection = $1 AND person = $2
             ORDER BY monday DESC LIMIT 26",
        ).bind(connection.as_str()).bind(person.as_str()).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(monday,)| monday).collect())
    }
}
