//! Who is who across connections, and who reports to whom.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::ids::ConnectionId;

/// A person of one connection.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Face {
    /// The connection.
    pub connection: String,
    /// The CRM's id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Work address, where the CRM shows it.
    pub email: Option<String>,
    /// Whom this person reports to, where the CRM knows it.
    pub manager: Option<String>,
    /// IANA name, where the CRM knows it.
    pub time_zone: Option<String>,
}

/// Someone below a person, directly or not.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Member {
    /// The CRM's id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// 1 for those who report directly.
    pub depth: i64,
}

/// Deeper hierarchies than this are taken for a circle.
const DEEPEST: i64 = 16;

impl Tx {
    /// One person who may still sign in to the CRM.
    pub async fn face(&mut self, connection: &ConnectionId, id: &str) -> Result<Option<Face>> {
        sql!(self, db => query_as(
            "SELECT connection, id, name, email, manager, time_zone FROM person
             WHERE connection = $1 AND id = $2 AND active",
        ).bind(connection.as_str()).bind(id).fetch_optional(db).await)
    }

    /// The people of that address in any connection, by connection.
    pub async fn faces_of(&mut self, email: &str) -> Result<Vec<Face>> {
        sql!(self, db => query_as(
            "SELECT connection, id, name, email, manager, time_zone FROM person
             WHERE lower(email) = lower($1) AND active ORDER BY connection, id",
        ).bind(email).fetch_all(db).await)
    }

    /// Everyone who may still sign in to the CRM, by connection and name.
    pub async fn faces(&mut self, most: i64) -> Result<Vec<Face>> {
        sql!(self, db => query_as(
            "SELECT connection, id, name, email, manager, time_zone FROM person
             WHERE active ORDER BY connection, name, id LIMIT $1",
        ).bind(most).fetch_all(db).await)
    }

    /// Everyone below a person, directly or not, by name.
    pub async fn team(&mut self, connection: &ConnectionId, boss: &str) -> Result<Vec<Member>> {
        // `CROSS JOIN` tells SQLite to go from the team to people; else it may read everyone for
        // each of the team, which took two seconds where a thousand report to one.
        sql!(self, db => query_as(
            "WITH RECURSIVE team (id, depth) AS (
               SELECT id, 1 FROM person WHERE connection = $1 AND manager = $2
               UNION
               SELECT p.id, t.depth + 1 FROM team t CROSS JOIN person p
               WHERE p.connection = $1 AND p.manager = t.id AND t.depth < $3)
             SELECT p.id, p.name, CAST(MIN(t.depth) AS BIGINT) AS depth
             FROM team t CROSS JOIN person p
             WHERE p.connection = $1 AND p.id = t.id AND p.id <> $2 GROUP BY p.id, p.name ORDER BY p.name, p.id",
        ).bind(connection.as_str()).bind(boss).bind(DEEPEST).fetch_all(db).await)
    }

    /// What people call these people.
    pub async fn names(
        &mut self,
        connection: &ConnectionId,
        people: &[&str],
    ) -> Result<HashMap<String, String>> {
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(String, String)> = sql!(self, db => {
            let mut select = QueryBuilder::new("SELECT id, name FROM person WHERE connection = ");
            select.push_bind(connection.as_str()).push(" AND id IN (");
            let mut list = select.separated(", ");
            for person in people {
                list.push_bind(*person);
            }
            select.push(")");
            select.build_query_as().fetch_all(db).await
        })?;
        Ok(rows.into_iter().collect())
    }
}
