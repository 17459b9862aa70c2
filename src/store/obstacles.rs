//! Obstacles with everything that came of them, each read as one card.

use std::collections::HashMap;

use chrono::{NaiveDate, TimeDelta};
use sqlx::{FromRow, QueryBuilder};

use super::Result;
use super::library;
use super::rows::ROWS;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::hours::Clock;
use crate::domain::ids::ConnectionId;
use crate::domain::obstacle::kinds::{Ended, Ground, Kind, Level, Outcome, State};
use crate::domain::obstacle::{Choice, Closing, Need, Obstacle, Turn};

/// Cards read at once at most, besides those that wait for an answer: of these none is left out.
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
    /// The cards of that kind, the ones that changed last first: all that wait for an answer, and of
    /// the others not too many, open ones before closed ones.
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
                "SELECT * FROM (SELECT o.id, o.deal, o.seller, o.text, o.state, o.chosen, o.round,
                 o.ground, o.promised, o.outcome, o.helped, o.lesson, o.revision, o.began_at,
                 o.changed_at, ROW_NUMBER() OVER (PARTITION BY CASE o.state WHEN 'asked' THEN 1
                 ELSE 0 END ORDER BY CASE o.state WHEN 'closed' THEN 1 ELSE 0 END,
                 o.changed_at DESC, o.id) AS place FROM obstacle o WHERE o.connection = ",
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
            select.push(") AS found WHERE state = 'asked' OR place <= ").push_bind(most);
            select.push(" ORDER BY changed_at DESC, id");
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
        let mut found = Vec::new();
        for some in ids.chunks(ROWS) {
            let more: Vec<T> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(from);
                select.push_bind(connection.as_str()).push(" AND x.obstacle IN (");
                let mut list = select.separated(", ");
                for id in some {
                    list.push_bind(id.as_str());
                }
                select.push(")").push(order);
                select.build_query_as().fetch_all(db).await
            })?;
            found.extend(more);
        }
        Ok(found)
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
