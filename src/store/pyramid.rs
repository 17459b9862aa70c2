//! What each level owes the one it serves, and whether promises were kept: figures of groups, each
//! with how many people it stands for. Whoever asks is left out of them, so that knowing one's own
//! part takes nothing away from a group.

use sqlx::{FromRow, QueryBuilder};

use super::Result;
use super::picture::list;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// How open deals stand, as a whole.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FrontLine {
    /// How many sellers they belong to.
    pub people: i64,
    /// Open deals.
    pub deals: i64,
    /// … without a strategy.
    pub without: i64,
    /// … past the check date the seller set.
    pub past_check: i64,
}

/// Needs that wait for an answer.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Owed {
    /// `managers` or `leaders`, those above them.
    pub level: String,
    /// How many people were ever asked there; a queue counts for one.
    pub people: i64,
    /// Waiting now.
    pub waiting: i64,
    /// … beyond the promised time.
    pub overdue: i64,
}

/// What became of promises whose day has come.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Promises {
    /// The word of the level.
    pub level: String,
    /// How many people made them.
    pub people: i64,
    /// Kept.
    pub kept: i64,
    /// Kept or missed; not those that the seller needed no more before their day.
    pub due: i64,
}

/// How deals ended, by the grade of the first plan written in their last stage.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Ended {
    /// The label of the grade.
    pub grade: String,
    /// How many sellers they belonged to.
    pub people: i64,
    /// Won.
    pub won: i64,
    /// Won or lost.
    pub closed: i64,
}

/// A promise that was kept; what happened after its day was not.
const KEPT: &str = "COUNT(CASE WHEN p.kept_at <= p.ends_at THEN 1 END)";

/// Which promises of `p` on obstacles `o` count, up to the moment that follows: those of which the
/// seller said that it happened, and those whose day has come. One that the seller needed no more
/// before its day is neither kept nor missed.
const DUE: &str =
    "(p.kept_at IS NOT NULL OR NOT (o.state = 'closed' AND o.changed_at <= p.ends_at))
     AND (p.kept_at IS NOT NULL OR p.ends_at <= ";

impl Tx {
    /// How the open deals of these sellers stand.
    pub async fn front_line(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
    ) -> Result<FrontLine> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT COUNT(*) AS people, CAST(COALESCE(SUM(deals), 0) AS BIGINT) AS deals,
                 CAST(COALESCE(SUM(without), 0) AS BIGINT) AS without,
                 CAST(COALESCE(SUM(past_check), 0) AS BIGINT) AS past_check FROM (
                   SELECT seller, COUNT(*) AS deals,
                   COUNT(CASE WHEN COALESCE(grade, 'No strategy yet') = 'No strategy yet' THEN 1 END)
                     AS without,
                   COUNT(CASE WHEN state = 'Past check date' THEN 1 END) AS past_check
                   FROM deal WHERE connection = ",
            );
            select.push_bind(connection.as_str());
            select.push(" AND standing = 'open' AND gone_at IS NULL AND state IS NOT NULL AND seller IN (");
            list(&mut select, sellers);
            select.push(") GROUP BY seller) AS each");
            select.build_query_as().persistent(false).fetch_one(db).await
        })
    }

    /// What others than `me` owe on needs of these sellers.
    pub async fn owed_by_others(
        &mut self,
        connection: &ConnectionId,
        (me, sellers): (&str, &[String]),
        now: Time,
    ) -> Result<Vec<Owed>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT CASE WHEN t.level = 'manager' THEN 'managers' ELSE 'leaders' END AS level,
                 COUNT(DISTINCT COALESCE(t.responder, '')) AS people,
                 COUNT(CASE WHEN t.ended_at IS NULL THEN 1 END) AS waiting,
                 COUNT(CASE WHEN t.ended_at IS NULL AND t.due_at <= ",
            );
            select.push_bind(now);
            select.push(
                " THEN 1 END) AS overdue FROM turn t
                 JOIN obstacle o ON o.connection = t.connection AND o.id = t.obstacle
                 WHERE t.connection = ",
            );
            select.push_bind(connection.as_str());
            select.push(" AND COALESCE(t.responder, '') <> ").push_bind(me);
            select.push(" AND o.seller IN (");
            list(&mut select, sellers);
            select.push(") GROUP BY 1 ORDER BY 1");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// What became of the promises that others than `me` made to these sellers, by level.
    pub async fn promises_of_others(
        &mut self,
        connection: &ConnectionId,
        (me, sellers): (&str, &[String]),
        now: Time,
    ) -> Result<Vec<Promises>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT p.level, COUNT(DISTINCT p.person) AS people, ",
            );
            select.push(KEPT).push(
                " AS kept, COUNT(*) AS due FROM promise p
                 JOIN obstacle o ON o.connection = p.connection AND o.id = p.obstacle
                 WHERE ",
            );
            select.push(DUE).push_bind(now).push(") AND p.connection = ").push_bind(connection.as_str());
            select.push(" AND p.person <> ").push_bind(me).push(" AND o.seller IN (");
            list(&mut select, sellers);
            select.push(") GROUP BY p.level ORDER BY p.level");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// What became of one's own promises: kept, and kept or missed.
    pub async fn own_promises(
        &mut self,
        connection: &ConnectionId,
        me: &str,
        now: Time,
    ) -> Result<(i64, i64)> {
        sql!(self, db => {
            let mut select = QueryBuilder::new("SELECT ");
            select.push(KEPT).push(
                ", COUNT(*) FROM promise p
                 JOIN obstacle o ON o.connection = p.connection AND o.id = p.obstacle WHERE ",
            );
            select.push(DUE).push_bind(now).push(") AND p.connection = ").push_bind(connection.as_str());
            select.push(" AND p.person = ").push_bind(me);
            select.build_query_as().fetch_one(db).await
        })
    }

    /// How the closed deals of these sellers ended, by the grade of the first plan that was
    /// written in the last stage before.
    pub async fn ended_by_grade(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
    ) -> Result<Vec<Ended>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT a.assessment ->> 'grade' AS grade, COUNT(DISTINCT d.seller) AS people,
                 COUNT(CASE WHEN d.standing = 'won' THEN 1 END) AS won, COUNT(*) AS closed
                 FROM deal d
                 JOIN strategy_version l ON l.connection = d.connection AND l.deal = d.id
                   AND l.version = d.version
                 JOIN assessment a ON a.connection = d.connection AND a.deal = d.id
                   AND a.version = (SELECT MIN(f.version) FROM strategy_version f
                     WHERE f.connection = d.connection AND f.deal = d.id AND f.stage = l.stage)
                 WHERE d.standing <> 'open' AND d.standing IN ('won', 'lost') AND d.gone_at IS NULL
                   AND d.connection = ",
            );
            select.push_bind(connection.as_str()).push(" AND d.seller IN (");
            list(&mut select, sellers);
            select.push(") GROUP BY 1");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }
}
