//! Obstacles with everything that came of them, each read and kept as one card.

use std::collections::HashMap;

use chrono::{NaiveDate, TimeDelta};
use sqlx::{FromRow, QueryBuilder, query};

use super::Result;
use super::library;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::hours::{Clock, Hours};
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::obstacle::kinds::{Ended, Ground, Kind, Level, Outcome, State};
use crate::domain::obstacle::{Choice, Closing, Need, Obstacle, Turn};

/// Cards read at once at most.
pub(super) const MOST: usize = 200;

/// An obstacle, whose it is, and what was said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// 128 random bits, as hex.
    pub id: String,
    /// The CRM's id of the deal it stands in the way of, where it is one deal's.
    pub deal: Option<String>,
    /// The CRM's id of the seller.
    pub seller: String,
    /// When it was first written down.
    pub began_at: Time,
    /// When anything last changed.
    pub changed_at: Time,
    /// Counts up with every change, so that two cannot change it at once.
    pub revision: i64,
    /// The obstacle itself.
    pub obstacle: Obstacle,
    /// What was said about the need, first to last, all rounds.
    pub said: Vec<Said>,
}

/// Something said about a need.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Said {
    /// Which time it had been sent up.
    pub round: i64,
    /// In whose turn.
    pub turn: i64,
    /// When.
    pub at: Time,
    /// The CRM's id of who said it.
    pub person: String,
    /// The word of the answer, or `reply`.
    pub kind: String,
    /// What was said.
    pub text: String,
    /// The second half, where the answer has one.
    pub more: String,
    /// Until when the seller's time is covered.
    pub until: Option<NaiveDate>,
}

/// Which cards.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// One, by its id.
    One(&'a str),
    /// A seller's, closed ones included.
    OfSeller(&'a str),
    /// A deal's.
    OfDeal(&'a str),
    /// Those that wait for an answer of a person.
    WaitingOn(&'a str),
    /// Those in the queue of a level that has no person of its own.
    QueueOf(Level),
    /// Those that were ever a person's turn, open or not.
    EverAskedOf(&'a str),
    /// Worked-around ones, by words in them; all where there are none.
    Library(&'a str),
}

#[derive(FromRow)]
struct Row {
    id: String,
    deal: Option<String>,
    seller: String,
    text: String,
    state: String,
    chosen: Option<i64>,
    round: i64,
    ground: Option<String>,
    promised: Option<NaiveDate>,
    outcome: Option<String>,
    helped: Option<bool>,
    lesson: Option<String>,
    revision: i64,
    began_at: Time,
    changed_at: Time,
}

#[derive(FromRow)]
struct OptionRow {
    obstacle: String,
    kind: String,
    text: String,
}

#[derive(FromRow)]
struct NeedRow {
    obstacle: String,
    what: String,
    whom: String,
    by_day: NaiveDate,
    gap: bool,
}

#[derive(FromRow)]
struct TurnRow {
    obstacle: String,
    level: String,
    responder: Option<String>,
    started_at: Time,
    owed_minutes: i64,
    paused_at: Option<Time>,
    resumed_at: Option<Time>,
    ended_at: Option<Time>,
    ended: Option<String>,
}

#[derive(FromRow)]
struct SaidRow {
    obstacle: String,
    #[sqlx(flatten)]
    said: Said,
}

impl Tx {
    /// The cards of that kind, the ones that changed last first.
    pub async fn cards(
        &mut self,
        connection: &ConnectionId,
        which: Which<'_>,
    ) -> Result<Vec<Card>> {
        let most = match which {
            Which::Library(words) => library::most(words),
            _ => MOST as i64,
        };
        let mut rows: Vec<Row> = sql!(&mut *self, db => {
            let mut select = QueryBuilder::new(
                "SELECT o.id, o.deal, o.seller, o.text, o.state, o.chosen, o.round, o.ground,
                 o.promised, o.outcome, o.helped, o.lesson, o.revision, o.began_at, o.changed_at
                 FROM obstacle o WHERE o.connection = ",
            );
            select.push_bind(connection.as_str());
            const TURN: &str = " AND EXISTS (SELECT 1 FROM turn t WHERE t.connection = o.connection
                 AND t.obstacle = o.id AND ";
            match which {
                Which::One(id) => { select.push(" AND o.id = ").push_bind(id); }
                Which::OfSeller(id) => { select.push(" AND o.seller = ").push_bind(id); }
                Which::OfDeal(id) => { select.push(" AND o.deal = ").push_bind(id); }
                Which::WaitingOn(id) => {
                    select.push(TURN).push("t.ended_at IS NULL AND t.responder = ");
                    select.push_bind(id).push(")");
                }
                Which::QueueOf(level) => {
                    select.push(TURN).push("t.ended_at IS NULL AND t.responder IS NULL AND t.level = ");
                    select.push_bind(level.word()).push(")");
                }
                Which::EverAskedOf(id) => {
                    select.push(TURN).push("t.responder = ").push_bind(id).push(")");
                }
                Which::Library(words) => {
                    select.push(" AND o.outcome = 'worked_around'");
                    for word in library::searched(words) {
                        let like = format!("%{}%", library::roughly(&word));
                        select.push(" AND (lower(o.text) LIKE ").push_bind(like.clone());
                        select.push(" ESCAPE '!' OR lower(o.lesson) LIKE ").push_bind(like);
                        select.push(" ESCAPE '!')");
                    }
                }
            }
            select.push(" ORDER BY o.changed_at DESC, o.id LIMIT ").push_bind(most);
            select.build_query_as().fetch_all(db).await
        })?;
        if let Which::Library(words) = which {
            rows.retain(|it| library::fits(words, &[&it.text, it.lesson.as_deref().unwrap_or("")]));
            rows.truncate(MOST);
        }
        self.fill(connection, rows).await
    }

    /// One card.
    pub async fn card(&mut self, connection: &ConnectionId, id: &str) -> Result<Option<Card>> {
        Ok(self.cards(connection, Which::One(id)).await?.pop())
    }

    async fn fill(&mut self, connection: &ConnectionId, rows: Vec<Row>) -> Result<Vec<Card>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let options: Vec<OptionRow> = self
            .beside(
                "SELECT x.obstacle, x.kind, x.text FROM option x WHERE x.connection = ",
                connection,
                &ids,
                " ORDER BY x.position",
            )
            .await?;
        let needs: Vec<NeedRow> = self
            .beside(
                "SELECT x.obstacle, x.what, x.whom, x.by_day, x.gap FROM need x
             JOIN obstacle o ON o.connection = x.connection AND o.id = x.obstacle
               AND o.round = x.round WHERE x.connection = ",
                connection,
                &ids,
                "",
            )
            .await?;
        let turns: Vec<TurnRow> = self.beside(
            "SELECT x.obstacle, x.level, x.responder, x.started_at, x.owed_minutes, x.paused_at,
             x.resumed_at, x.ended_at, x.ended FROM turn x
             JOIN obstacle o ON o.connection = x.connection AND o.id = x.obstacle
               AND o.round = x.round WHERE x.connection = ",
            connection, &ids, " ORDER BY x.position").await?;
        let said: Vec<SaidRow> = self.beside(
            "SELECT x.obstacle, x.round, x.turn, x.at, x.person, x.kind, x.text, x.more, x.until
             FROM answer x WHERE x.connection = ",
            connection, &ids, " ORDER BY x.position").await?;
        let mut options = grouped(options, |it| &it.obstacle);
        let mut needs = grouped(needs, |it| &it.obstacle);
        let mut turns = grouped(turns, |it| &it.obstacle);
        let mut said = grouped(said, |it| &it.obstacle);
        Ok(rows
            .into_iter()
            .map(|row| {
                let id = row.id.clone();
                let options = options.remove(&id).unwrap_or_default();
                let need = needs.remove(&id).unwrap_or_default().pop();
                let turns = turns.remove(&id).unwrap_or_default();
                let said = said.remove(&id).unwrap_or_default();
                card(row, options, need, turns, said)
            })
            .collect())
    }

    async fn beside<T>(
        &mut self,
        from: &'static str,
        connection: &ConnectionId,
        ids: &[String],
        order: &'static str,
    ) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> FromRow<'r, sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        sql!(self, db => {
            let mut select = QueryBuilder::new(from);
            select.push_bind(connection.as_str()).push(" AND x.obstacle IN (");
            let mut list = select.separated(", ");
            for id in ids {
                list.push_bind(id.as_str());
            }
            select.push(")").push(order);
            select.build_query_as().fetch_all(db).await
        })
    }

    /// Adds a card.
    pub async fn add_card(&mut self, connection: &ConnectionId, card: &Card) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO obstacle (connection, id, deal, seller, text, state, began_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ).bind(connection.as_str()).bind(&card.id).bind(&card.deal).bind(&card.seller)
            .bind(&card.obstacle.text).bind(card.obstacle.state.word()).bind(card.began_at)
            .bind(card.changed_at).execute(db).await.map(drop))
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
             outcome = $9, helped = $10, lesson = $11, changed_at = $12, revision = revision + 1
             WHERE connection = $1 AND id = $2 AND revision = $3",
        ).bind(connection.as_str()).bind(id).bind(card.revision).bind(it.state.word()).bind(chosen)
            .bind(it.round).bind(it.ground.map(Ground::word)).bind(it.promised)
            .bind(closing.map(|it| it.outcome.word())).bind(closing.and_then(|it| it.helped))
            .bind(closing.map(|it| it.lesson.as_str())).bind(now).execute(db).await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Ok(false);
        }
        for (position, option) in (0_i64..).zip(&it.options) {
            sql!(&mut *self, db => query(
                "INSERT INTO option (connection, obstacle, position, kind, text)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
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
                self.end_turn(connection, card, n, turn).await?;
            } else {
                self.save_turn(connection, card, n, turn, hours).await?;
            }
        }
        if let (Some(until), Some(turn)) = (it.promised, it.turns.last()) {
            // Kept once is kept, whatever the seller does with the card after that.
            let kept = (it.state == State::Kept).then_some(now);
            let person = card.said.last().map(|it| it.person.as_str());
            let person = turn.responder.as_ref().map(PersonId::as_str).or(person);
            sql!(&mut *self, db => query(
                "INSERT INTO promise (connection, obstacle, round, person, level, made_at, until, ends_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (connection, obstacle, round) DO UPDATE SET
                 kept_at = COALESCE(promise.kept_at, $9)",
            ).bind(connection.as_str()).bind(id).bind(it.round).bind(person.unwrap_or_default())
                .bind(turn.level.word()).bind(now).bind(until).bind(hours.close_of(until)).bind(kept)
                .execute(db).await.map(drop))?;
        }
        Ok(true)
    }

    async fn end_turn(
        &mut self,
        connection: &ConnectionId,
        card: &Card,
        n: usize,
        turn: &Turn,
    ) -> Result<()> {
        let (ended_at, ended) = turn.ended.unzip();
        sql!(self, db => query(
            "UPDATE turn SET ended_at = $5, ended = $6
             WHERE connection = $1 AND obstacle = $2 AND round = $3 AND position = $4",
        ).bind(connection.as_str()).bind(&card.id).bind(card.obstacle.round).bind(n as i64)
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

fn grouped<T>(rows: Vec<T>, key: impl Fn(&T) -> &String) -> HashMap<String, Vec<T>> {
    let mut groups: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        let key = key(&row).clone();
        groups.entry(key).or_default().push(row);
    }
    groups
}

fn card(
    row: Row,
    options: Vec<OptionRow>,
    need: Option<NeedRow>,
    turns: Vec<TurnRow>,
    said: Vec<SaidRow>,
) -> Card {
    let closing = row
        .outcome
        .as_deref()
        .and_then(Outcome::named)
        .map(|outcome| Closing {
            outcome,
            helped: row.helped,
            lesson: row.lesson.clone().unwrap_or_default(),
        });
    let obstacle = Obstacle {
        text: row.text,
        state: State::named(&row.state).unwrap_or(State::Draft),
        options: options
            .into_iter()
            .map(|it| Choice {
                kind: Kind::named(&it.kind).unwrap_or(Kind::WithinReach),
                text: it.text,
            })
            .collect(),
        chosen: row.chosen.and_then(|n| usize::try_from(n).ok()),
        round: row.round,
        ground: row.ground.as_deref().and_then(Ground::named),
        need: need.map(|it| Need {
            what: it.what,
            whom: it.whom,
            by: it.by_day,
            gap: it.gap,
        }),
        turns: turns.into_iter().map(turn).collect(),
        promised: row.promised,
        closing,
    };
    Card {
        id: row.id,
        deal: row.deal,
        seller: row.seller,
        began_at: row.began_at,
        changed_at: row.changed_at,
        revision: row.revision,
        obstacle,
        said: said.into_iter().map(|it| it.said).collect(),
    }
}

fn turn(row: TurnRow) -> Turn {
    let ended = row.ended.as_deref().and_then(Ended::named);
    Turn {
        level: Level::named(&row.level).unwrap_or(Level::Manager),
        responder: row.responder.map(Into::into),
        clock: Clock {
            started_at: row.started_at,
            owed: TimeDelta::minutes(row.owed_minutes),
            paused_at: row.paused_at,
            resumed_at: row.resumed_at,
        },
        ended: row.ended_at.zip(ended),
    }
}
