//! Who is who across connections, and who reports to whom.

use std::collections::{BTreeSet, HashMap};

use sqlx::{FromRow, QueryBuilder, query_as};

use super::Result;
use super::rows::{ROWS, one_of};
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

    /// Who an address stands for, by connection: one person in each, for an address that two share
    /// says nothing about which of them is meant.
    pub async fn faces_of(&mut self, email: &str) -> Result<Vec<Face>> {
        let faces = self.faces_at(email).await?;
        let in_connection = faces.chunk_by(|one, other| one.connection == other.connection);
        let alone = in_connection.filter(|it| it.len() == 1);
        Ok(alone.flatten().cloned().collect())
    }

    /// Who an address stands for in a connection: nobody where two share it.
    pub async fn face_at(
        &mut self,
        connection: &ConnectionId,
        email: &str,
    ) -> Result<Option<Face>> {
        let mut faces = self.faces_of(email).await?.into_iter();
        Ok(faces.find(|it| it.connection == connection.as_str()))
    }

    /// The people of that address who may still sign in to the CRM, by connection.
    async fn faces_at(&mut self, email: &str) -> Result<Vec<Face>> {
        sql!(self, db => query_as(
            "SELECT connection, id, name, email, manager, time_zone FROM person
             WHERE lower(email) = lower($1) AND active ORDER BY connection, id",
        ).bind(email).fetch_all(db).await)
    }

    /// Everyone of that address in any connection, also who has left: connection and id.
    pub async fn everyone_at(&mut self, email: &str) -> Result<Vec<(ConnectionId, String)>> {
        let found: Vec<(String, String)> = sql!(self, db => query_as(
            "SELECT connection, id FROM person WHERE lower(email) = lower($1)
             ORDER BY connection, id",
        ).bind(email).fetch_all(db).await)?;
        Ok(found
            .into_iter()
            .map(|(connection, id)| (connection.into(), id))
            .collect())
    }

    /// Everyone who may still sign in to the CRM, by connection and name.
    pub async fn faces(&mut self, most: i64) -> Result<Vec<Face>> {
        sql!(self, db => query_as(
            "SELECT connection, id, name, email, manager, time_zone FROM person
             WHERE active ORDER BY connection, name, id LIMIT $1",
        ).bind(most).fetch_all(db).await)
    }

    /// Those of whom a configuration says who they are: by an e-mail address, or `connection:id`.
    pub async fn named(&mut self, whom: &[String]) -> Result<Vec<Face>> {
        let mut found: Vec<Face> = Vec::new();
        for key in whom {
            let mut faces = self.faces_of(key).await?;
            if let Some((connection, id)) = key.split_once(':') {
                faces.extend(self.face(&connection.into(), id).await?);
            }
            faces.retain(|it| !found.contains(it));
            found.extend(faces);
        }
        Ok(found)
    }

    /// Those above a person, the one they report to first, up to where someone has left.
    pub async fn above(&mut self, connection: &ConnectionId, person: &str) -> Result<Vec<Face>> {
        let mut faces: Vec<Face> = sql!(self, db => query_as(
            "WITH RECURSIVE line (id, depth) AS (
               SELECT manager, 1 FROM person WHERE connection = $1 AND id = $2 AND active
               UNION
               SELECT p.manager, l.depth + 1 FROM line l CROSS JOIN person p
               WHERE p.connection = $1 AND p.id = l.id AND p.active AND l.depth < $3)
             SELECT p.connection, p.id, p.name, p.email, p.manager, p.time_zone
             FROM line l CROSS JOIN person p
             WHERE p.connection = $1 AND p.id = l.id AND p.active ORDER BY l.depth",
        ).bind(connection.as_str()).bind(person).bind(DEEPEST).fetch_all(db).await)?;
        // Where people report to each other in a circle, it ends where it began.
        let mut known = vec![person.to_owned()];
        let end = faces.iter().position(|it| {
            let again = known.contains(&it.id);
            known.push(it.id.clone());
            again
        });
        faces.truncate(end.unwrap_or(faces.len()));
        Ok(faces)
    }

    /// Those who report to a person directly and lead nobody themselves, by name.
    pub async fn own_sellers(
        &mut self,
        connection: &ConnectionId,
        boss: &str,
    ) -> Result<Vec<Face>> {
        sql!(self, db => query_as(
            "SELECT p.connection, p.id, p.name, p.email, p.manager, p.time_zone FROM person p
             WHERE p.connection = $1 AND p.manager = $2 AND p.id <> $2
               AND NOT EXISTS (SELECT 1 FROM person below
                 WHERE below.connection = $1 AND below.manager = p.id AND below.id <> p.id)
             ORDER BY p.name, p.id",
        ).bind(connection.as_str()).bind(boss).fetch_all(db).await)
    }

    /// The time zones of people, where the CRM knows them.
    pub async fn time_zones(
        &mut self,
        connection: &ConnectionId,
        people: &[&str],
    ) -> Result<HashMap<String, String>> {
        self.words_for(
            "SELECT id, time_zone FROM person WHERE active AND time_zone IS NOT NULL AND connection = ",
            connection,
            people,
        )
        .await
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
        let select = "SELECT id, name FROM person WHERE connection = ";
        self.words_for(select, connection, people).await
    }

    /// What sellers call these deals.
    pub async fn deal_names(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
    ) -> Result<HashMap<String, String>> {
        let select = "SELECT id, name FROM deal WHERE connection = ";
        self.words_for(select, connection, deals).await
    }

    /// Which of these deals ended, each with the word of how: `won` or `lost`.
    pub async fn deal_ends(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
    ) -> Result<HashMap<String, String>> {
        let select = "SELECT id, standing FROM deal WHERE standing <> 'open' AND connection = ";
        self.words_for(select, connection, deals).await
    }

    /// A word about each of these, by id; each asked for once.
    async fn words_for(
        &mut self,
        select: &'static str,
        connection: &ConnectionId,
        ids: &[&str],
    ) -> Result<HashMap<String, String>> {
        let ids: Vec<&str> = ids
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut found = HashMap::new();
        for some in ids.chunks(ROWS) {
            let rows: Vec<(String, String)> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(select);
                select.push_bind(connection.as_str());
                one_of(&mut select, "id", some);
                select.build_query_as().fetch_all(db).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }
}
