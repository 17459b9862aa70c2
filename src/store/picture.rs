//! Pictures of a whole team: how plans stand by stage, and how that changed. Groups, never people.

use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// How many open deals of a stage have a grade.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Cell {
    /// The CRM's id of the stage.
    pub stage: String,
    /// The label of the grade.
    pub grade: String,
    /// Deals.
    pub deals: i64,
}

/// A strategy that was published.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Publication {
    /// When.
    pub at: Time,
    /// Whose.
    pub seller: String,
    /// The label of its grade.
    pub grade: String,
}

impl Tx {
    /// How many different sellers have open deals in each stage.
    pub async fn sellers_by_stage(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
    ) -> Result<Vec<(String, i64)>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT stage, COUNT(*) FROM (SELECT DISTINCT seller, stage FROM deal
                 WHERE connection = ",
            );
            select.push_bind(connection.as_str());
            select.push(" AND standing = 'open' AND gone_at IS NULL AND state IS NOT NULL AND seller IN (");
            list(&mut select, sellers);
            select.push(")) AS each GROUP BY stage");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// How many different sellers have open deals.
    pub async fn sellers_with_deals(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
    ) -> Result<i64> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT COUNT(*) FROM (SELECT DISTINCT seller FROM deal WHERE connection = ",
            );
            select.push_bind(connection.as_str());
            select.push(" AND standing = 'open' AND gone_at IS NULL AND state IS NOT NULL AND seller IN (");
            list(&mut select, sellers);
            select.push(")) AS each");
            select.build_query_scalar().persistent(false).fetch_one(db).await
        })
    }

    /// How many open deals of each stage have each grade.
    pub async fn grades_by_stage(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
    ) -> Result<Vec<Cell>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT stage, COALESCE(grade, 'No strategy yet') AS grade,
                 CAST(SUM(deals) AS BIGINT) AS deals FROM (
                   SELECT seller, stage, grade, COUNT(*) AS deals FROM deal WHERE connection = ",
            );
            select.push_bind(connection.as_str());
            select.push(" AND standing = 'open' AND gone_at IS NULL AND state IS NOT NULL AND seller IN (");
            list(&mut select, sellers);
            // Counted per seller first: in the order of an index, nothing is sorted.
            select.push(") GROUP BY seller, stage, grade) AS each GROUP BY 1, 2");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// What these sellers published since a moment, oldest first.
    pub async fn publications(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
        since: Time,
    ) -> Result<Vec<Publication>> {
        // `CROSS JOIN` and `NOT` tell SQLite to go deal by deal, and not by what anyone published
        // lately, which took it seconds where ten sellers have a few hundred of a million deals.
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT v.at, d.seller, a.assessment ->> 'grade' AS grade
                 FROM deal d CROSS JOIN assessment a CROSS JOIN strategy_version v
                 WHERE a.connection = d.connection AND a.deal = d.id
                   AND v.connection = a.connection AND v.deal = a.deal AND v.version = a.version
                   AND NOT v.at < ",
            );
            select.push_bind(since);
            select.push(" AND d.connection = ").push_bind(connection.as_str());
            select.push(" AND d.seller IN (");
            list(&mut select, sellers);
            select.push(") ORDER BY v.at");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }
}

pub(super) fn list<'a, DB: Database>(select: &mut QueryBuilder<DB>, values: &'a [String])
where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    let mut list = select.separated(", ");
    for value in values {
        list.push_bind(value.as_str());
    }
}
