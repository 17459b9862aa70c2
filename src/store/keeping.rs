//! Obstacles as they are after a deed, each kept as one card.

use chrono::TimeDelta;
use sqlx::{query, query_as};

use super::Result;
use super::obstacles::{Card, Said};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::hours::Hours;
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::obstacle::Turn;
use crate::domain::obstacle::kinds::{Ended, Ground, State};

impl Tx {
    /// Adds a card.
    pub async fn add_card(&mut self, connection: &ConnectionId, card: &Card) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO obstacle (connection, id, deal, seller, text, state, began_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ).bind(connection.as_str()).bind(&card.id).bind(&card.deal).bind(&card.seller)
            .bind(&card.obstacle.text).bind(card.obstacle.state.word()).bind(card.began_at)
            .bind(card.changed_at).execute(db).await.map(drop))
    }

    /// Takes away a card that nobody but its seller has seen. `false`: it changed meanwhile, or was
    /// sent up, and stays.
    pub async fn drop_card(&mut self, connection: &ConnectionId, card: &Card) -> Result<bool> {
        let rows = sql!(&mut *self, db => query(
            "DELETE FROM obstacle WHERE connection = $1 AND id = $2 AND revision = $3 AND round = 0",
        ).bind(connection.as_str()).bind(&card.id).bind(card.revision).execute(db).await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Ok(false);
        }
        sql!(self, db => query("DELETE FROM option WHERE connection = $1 AND obstacle = $2")
            .bind(connection.as_str()).bind(&card.id).execute(db).await.map(drop))?;
        Ok(true)
    }

    /// Keeps a card as it is after a deed. `hours` are those of whoever's turn is last. `false`:
    /// someone else changed it meanwhile, and nothing was kept.
    pub async fn save_card(
        &mut self,
        connection: &ConnectionId,
        card: &Card,
        hours: &Hours,
        now: Time,
    ) -> Result<bool> {
        let (id, it) = (card.id.as_str(), &card.obstacle);
        let closing = it.closing.as_ref();
        let chosen = it.chosen.and_then(|n| i64::try_from(n).ok());
        let rows = sql!(&mut *self, db => query(
            "UPDATE obstacle SET state = $4, chosen = $5, round = $6, ground = $7, promised = $8,
             outcome = $9, helped = $10, lesson = $11, changed_at = $12, text = $13,
             deal = CASE WHEN round = 0 THEN $14 ELSE deal END,
             revision = revision + 1 WHERE connection = $1 AND id = $2 AND revision = $3",
        ).bind(connection.as_str()).bind(id).bind(card.revision).bind(it.state.word()).bind(chosen)
            .bind(it.round).bind(it.ground.map(Ground::word)).bind(it.promised)
            .bind(closing.map(|it| it.outcome.word())).bind(closing.and_then(|it| it.helped))
            .bind(closing.map(|it| it.lesson.as_str())).bind(now).bind(&it.text)
            .bind(&card.deal).execute(db).await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Ok(false);
        }
        for (position, option) in (0_i64..).zip(&it.options) {
            sql!(&mut *self, db => query(
                "INSERT INTO option (connection, obstacle, position, kind, text)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection, obstacle, position)
                 DO UPDATE SET kind = excluded.kind, text = excluded.text",
            ).bind(connection.as_str()).bind(id).bind(position).bind(option.kind.word())
                .bind(&option.text).execute(db).await.map(drop))?;
        }
        if let (Some(need), Some(ground)) = (&it.need, it.ground) {
            sql!(&mut *self, db => query(
                "INSERT INTO need (connection, obstacle, round, ground, what, whom, by_day, gap, at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            ).bind(connection.as_str()).bind(id).bind(it.round).bind(ground.word()).bind(&need.what)
                .bind(&need.whom).bind(need.by).bind(need.gap).bind(now).execute(db).await.map(drop))?;
        }
        let last = it.turns.len().saturating_sub(1);
        for (n, turn) in it.turns.iter().enumerate() {
            if n < last {
                self.keep_ended(connection, card, n, turn).await?;
            } else {
                self.save_turn(connection, card, n, turn, hours).await?;
            }
        }
        if let (Some(until), Some(turn)) = (it.promised, it.turns.last()) {
            // Kept once is kept, whatever the seller does with the card after that; and what
            // happened in time is kept in time, however late they say so.
            let ends = hours.end_of(until);
            let kept = match it.state {
                State::Kept => Some(now.min(ends)),
                State::Missed => Some(now.max(ends + TimeDelta::seconds(1))),
                _ => None,
            };
            let person = card.said.last().map(|it| it.person.as_str());
            let person = turn.responder.as_ref().map(PersonId::as_str).or(person);
            sql!(&mut *self, db => query(
                "INSERT INTO promise (connection, obstacle, round, person, level, made_at, until, ends_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (connection, obstacle, round) DO UPDATE SET
                 ends_at = excluded.ends_at, kept_at = COALESCE($9, promise.kept_at)",
            ).bind(connection.as_str()).bind(id).bind(it.round).bind(person.unwrap_or_default())
                .bind(turn.level.word()).bind(now).bind(until).bind(ends).bind(kept)
                .execute(db).await.map(drop))?;
        }
        Ok(true)
    }

    /// Whether what was promised in a round happened in time; none where nobody said that it happened.
    pub async fn promise_came(
        &mut self,
        connection: &ConnectionId,
        obstacle: &str,
        round: i64,
    ) -> Result<Option<bool>> {
        let row: Option<(Option<Time>, Time)> = sql!(self, db => query_as(
            "SELECT kept_at, ends_at FROM promise
             WHERE connection = $1 AND obstacle = $2 AND round = $3",
        ).bind(connection.as_str()).bind(obstacle).bind(round).fetch_optional(db).await)?;
        Ok(row.and_then(|(kept_at, ends_at)| Some(kept_at? <= ends_at)))
    }

    /// Keeps a turn that ended. One that was passed on from the round before stands in this one too.
    async fn keep_ended(
        &mut self,
        connection: &ConnectionId,
        card: &Card,
        n: usize,
        turn: &Turn,
    ) -> Result<()> {
        let (ended_at, ended) = turn.ended.unzip();
        sql!(self, db => query(
            "INSERT INTO turn (connection, obstacle, round, position, level, responder, started_at,
             owed_minutes, paused_at, resumed_at, ended_at, ended)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (connection, obstacle, round, position) DO UPDATE SET
             ended_at = excluded.ended_at, ended = excluded.ended",
        ).bind(connection.as_str()).bind(&card.id).bind(card.obstacle.round).bind(n as i64)
            .bind(turn.level.word()).bind(turn.responder.as_ref().map(PersonId::as_str))
            .bind(turn.clock.started_at).bind(turn.clock.owed.num_minutes())
            .bind(turn.clock.paused_at).bind(turn.clock.resumed_at)
            .bind(ended_at).bind(ended.map(Ended::word)).execute(db).await.map(drop))
    }

    async fn save_turn(
        &mut self,
        connection: &ConnectionId,
        card: &Card,
        n: usize,
        turn: &Turn,
        hours: &Hours,
    ) -> Result<()> {
        let clock = &turn.clock;
        let (ended_at, ended) = turn.ended.unzip();
        // A clock that stands still for a question has no times ahead of it.
        let at = |percent| {
            let at = clock.at_percent(hours, percent);
            at.filter(|at| {
                !clock.is_paused() || clock.paused_at.is_some_and(|paused| *at <= paused)
            })
        };
        sql!(self, db => query(
            "INSERT INTO turn (connection, obstacle, round, position, level, responder, started_at,
             owed_minutes, paused_at, resumed_at, half_at, due_at, late_at, ended_at, ended)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (connection, obstacle, round, position) DO UPDATE SET
             paused_at = excluded.paused_at, resumed_at = excluded.resumed_at,
             half_at = excluded.half_at, due_at = excluded.due_at, late_at = excluded.late_at,
             ended_at = excluded.ended_at, ended = excluded.ended",
        ).bind(connection.as_str()).bind(&card.id).bind(card.obstacle.round).bind(n as i64)
            .bind(turn.level.word()).bind(turn.responder.as_ref().map(PersonId::as_str))
            .bind(clock.started_at).bind(clock.owed.num_minutes()).bind(clock.paused_at)
            .bind(clock.resumed_at).bind(at(50)).bind(at(100)).bind(at(150)).bind(ended_at)
            .bind(ended.map(Ended::word)).execute(db).await.map(drop))
    }

    /// Adds what was said about a need.
    pub async fn add_said(
        &mut self,
        connection: &ConnectionId,
        id: &str,
        said: &Said,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO answer (connection, obstacle, position, round, turn, at, person, kind, text, more, until)
             SELECT $1, $2, COALESCE(MAX(position) + 1, 0), $3, $4, $5, $6, $7, $8, $9, $10 FROM answer
             WHERE connection = $1 AND obstacle = $2",
        ).bind(connection.as_str()).bind(id).bind(said.round).bind(said.turn).bind(said.at)
            .bind(&said.person).bind(&said.kind).bind(&said.text).bind(&said.more).bind(said.until)
            .execute(db).await.map(drop))
    }
}
