//! What sellers said about their closed deals. Only added to; the newest stands.

use chrono::{NaiveDate, TimeDelta};
use sqlx::types::Json;
use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::closing::Said;
use crate::domain::deal::Standing;
use crate::domain::ids::{ConnectionId, DealId};

/// What a seller said about a deal, once.
#[derive(Clone, Debug, FromRow)]
pub struct LookBack {
    /// When.
    pub at: Time,
    /// The word of how the deal ended.
    pub standing: String,
    /// Each question with its answer; empty where there was nothing to say.
    pub said: Json<Vec<Said>>,
    /// Whether the manager may read it.
    pub shared: bool,
}

impl LookBack {
    /// What is said now; later than what was said before, so that both are kept.
    pub fn new(
        standing: Standing,
        said: Vec<Said>,
        shared: bool,
        (now, before): (Time, Option<&Self>),
    ) -> Self {
        let next = before.map(|it| it.at + TimeDelta::milliseconds(1));
        Self {
            at: next.map_or(now, |next| now.max(next)),
            standing: standing.as_str().to_owned(),
            shared: shared && !said.is_empty(),
            said: Json(said),
        }
    }
}

/// A closed deal that its seller has not looked back on.
#[derive(Clone, Debug, FromRow)]
pub struct Ended {
    /// The CRM's id.
    pub id: String,
    /// What the seller calls it.
    pub name: String,
    /// The word of how it ended.
    pub standing: String,
}

impl Tx {
    /// Adds what a seller said.
    pub async fn add_look_back(
        &mut self,
        connection: &ConnectionId,
        (deal, person): (&DealId, &str),
        new: &LookBack,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO closing (connection, deal, person, at, standing, said, shared)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person).bind(new.at)
            .bind(&new.standing).bind(&new.said).bind(new.shared).execute(db).await.map(drop))
    }

    /// What a seller said last about a deal.
    pub async fn look_back(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &str,
    ) -> Result<Option<LookBack>> {
        sql!(self, db => query_as(
            "SELECT at, standing, said, shared FROM closing
             WHERE connection = $1 AND deal = $2 AND person = $3 ORDER BY at DESC LIMIT 1",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person).fetch_optional(db).await)
    }

    /// A seller's deals that ended since a day, had a strategy, and were not looked back on; the
    /// latest first.
    pub async fn ended_lately(
        &mut self,
        connection: &ConnectionId,
        person: &str,
        (since, seen_since): (NaiveDate, Time),
    ) -> Result<Vec<Ended>> {
        sql!(self, db => query_as(
            "SELECT d.id, d.name, d.standing FROM deal d
             WHERE d.connection = $1 AND d.seller = $2 AND d.standing IN ('won', 'lost')
               AND d.version > 0 AND d.gone_at IS NULL AND d.seen_at >= $4
               AND (d.close_on IS NULL OR d.close_on >= $3)
               AND NOT EXISTS (SELECT 1 FROM closing c WHERE c.connection = d.connection
                 AND c.deal = d.id AND c.person = $2)
             ORDER BY d.close_on DESC NULLS LAST, d.id LIMIT 3",
        ).bind(connection.as_str()).bind(person).bind(since).bind(seen_since)
            .fetch_all(db).await)
    }
}
