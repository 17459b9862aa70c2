//! Sellers' weeks.

use chrono::{NaiveDate, TimeDelta};
use sqlx::types::Json;
use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::week::Week;

/// A week as it was kept last.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Kept {
    /// What it says.
    #[sqlx(rename = "plan")]
    pub week: Json<Week>,
    /// When it was kept; of two that were kept, the later one says a later time.
    #[sqlx(rename = "saved_at")]
    pub at: Time,
}

/// What a seller shares of a week with their manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The CRM's id of the seller.
    pub person: String,
    /// Display name.
    pub name: String,
    /// The Monday of the week.
    pub monday: NaiveDate,
    /// What they are proud of.
    pub text: String,
}

impl Tx {
    /// A person's week as it was kept last, if it was.
    pub async fn kept_week(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
        monday: NaiveDate,
    ) -> Result<Option<Kept>> {
        sql!(self, db => query_as(
            "SELECT plan, saved_at FROM week WHERE connection = $1 AND person = $2 AND monday = $3",
        ).bind(connection.as_str()).bind(person.as_str()).bind(monday).fetch_optional(db).await)
    }

    /// A person's week; an empty one where nothing was written.
    pub async fn week(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
        monday: NaiveDate,
    ) -> Result<Week> {
        let kept = self.kept_week(connection, person, monday).await?;
        Ok(kept.map(|it| it.week.0).unwrap_or_default())
    }

    /// Keeps a person's week in place of the one that was kept at a time, or of none. `false`:
    /// another was kept since, and stands.
    pub async fn save_week(
        &mut self,
        connection: &ConnectionId,
        person: &PersonId,
        (monday, week): (NaiveDate, &Week),
        (before, now): (Option<Time>, Time),
    ) -> Result<bool> {
        let at = before.map_or(now, |before| now.max(before + TimeDelta::milliseconds(1)));
        sql!(self, db => query(
            "INSERT INTO week (connection, person, monday, plan, saved_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection, person, monday) DO UPDATE SET
             plan = excluded.plan, saved_at = excluded.saved_at WHERE week.saved_at = $6",
        ).bind(connection.as_str()).bind(person.as_str()).bind(monday).bind(Json(week)).bind(at)
            .bind(before).execute(db).await.map(|done| done.rows_affected() == 1))
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

    /// What those who report to a person directly share with them of some weeks, the latest first.
    pub async fn shared_weeks(
        &mut self,
        connection: &ConnectionId,
        manager: &str,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Vec<Shared>> {
        let rows: Vec<(String, String, NaiveDate, Json<Week>)> = sql!(self, db => query_as(
            "SELECT w.person, p.name, w.monday, w.plan FROM week w
             JOIN person p ON p.connection = w.connection AND p.id = w.person
             WHERE w.connection = $1 AND p.manager = $2 AND p.id <> $2 AND p.active
               AND w.monday >= $3 AND w.monday <= $4 ORDER BY w.monday DESC, p.name, p.id",
        ).bind(connection.as_str()).bind(manager).bind(from).bind(to).fetch_all(db).await)?;
        let shared = |(person, name, monday, week): (_, _, _, Json<Week>)| {
            let text = week.shared()?.to_owned();
            Some(Shared {
                person,
                name,
                monday,
                text,
            })
        };
        Ok(rows.into_iter().filter_map(shared).collect())
    }
}
