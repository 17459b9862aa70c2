//! Nudges on their way: an outbox. A reason is used up and its message put in by one unit of work, so
//! that a crash neither loses nor doubles it; a message keeps its id however often it is tried.

use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;

/// Something that someone may be nudged about.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Reason {
    /// The connection.
    pub connection: String,
    /// The CRM's id of the person.
    pub person: String,
    /// The reason itself: the same one never comes twice.
    pub reason: String,
    /// The deal; none where it is about an answer that is owed.
    pub deal: Option<String>,
    /// Whether the promised time is over.
    pub late: bool,
    /// The time zone of the person, where the CRM knows it.
    pub time_zone: Option<String>,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Addressee {
    /// The person's address.
    pub email: String,
    /// Their time zone, where the CRM knows it.
    pub time_zone: Option<String>,
}

/// A message to one person.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Nudge {
    /// Its id, the same at every try.
    pub id: String,
    /// The connection.
    pub connection: String,
    /// The CRM's id of the person.
    pub person: String,
    /// `answers` or `checks`.
    pub kind: String,
    /// `email` or `chat`.
    pub way: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// How often it was tried, this time included.
    pub tries: i64,
}

impl Tx {
    /// Answers that are owed and whose promised time is half over, or over; to be told by `way`.
    /// What product owes, each of its `owners` does: connection and the CRM's id.
    pub async fn owed_answers(
        &mut self,
        way: &str,
        now: Time,
        owners: &[(String, String)],
    ) -> Result<Vec<Reason>> {
        let shared = matches!(self, Self::Postgres(_));
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT due.*, p.time_zone FROM (SELECT owed.connection, owed.person,
                   'need:' || owed.obstacle || ':' || owed.round || ':' || owed.position || ':' ||
                     CASE WHEN owed.late THEN 'due' ELSE 'half' END AS reason,
                   NULL AS deal, owed.late FROM (
                     SELECT t.*, t.responder AS person, COALESCE(t.due_at <= ",
            );
            select.push_bind(now).push(
                ", FALSE) AS late FROM turn t
                     WHERE t.ended_at IS NULL AND t.responder IS NOT NULL AND t.half_at <= ",
            );
            select.push_bind(now).push(
                " UNION ALL
                     SELECT t.*, o.value ->> 1 AS person, COALESCE(t.due_at <= ",
            );
            select.push_bind(now).push(", FALSE) AS late FROM ");
            select.push(if shared { "jsonb_array_elements(" } else { "json_each(" });
            select.push_bind(Json(owners)).push(
                ") AS o JOIN turn t ON t.connection = o.value ->> 0 AND t.level = 'product'
                     WHERE t.ended_at IS NULL AND t.responder IS NULL AND t.half_at <= ",
            );
            select.push_bind(now).push(
                ") AS owed) AS due JOIN person p ON p.connection = due.connection
                   AND p.id = due.person AND p.active AND p.email IS NOT NULL
                 WHERE NOT EXISTS (SELECT 1 FROM nudge_off u
                     WHERE u.connection = due.connection AND u.person = due.person)
                   AND NOT EXISTS (SELECT 1 FROM nudge_reason r WHERE r.connection = due.connection
                     AND r.person = due.person AND r.reason = due.reason AND r.way = ",
            );
            select.push_bind(way).push(") ORDER BY due.connection, due.person, due.reason");
            select.build_query_as().fetch_all(db).await
        })
    }

    /// Strategies past their own check date, of sellers who were told of none since `since`; to be
    /// told by `way`.
    pub async fn passed_checks(&mut self, way: &str, since: Time) -> Result<Vec<Reason>> {
        // The state is said in the words of the index.
        sql!(self, db => query_as(
            "SELECT passed.*, p.time_zone FROM (
               SELECT d.connection, d.seller AS person, d.id AS deal, FALSE AS late,
                 'check:' || d.id || ':' || d.version AS reason
               FROM deal d WHERE d.standing = 'open' AND d.gone_at IS NULL
                 AND d.state = 'Past check date'
                 AND d.seller IS NOT NULL AND d.version > 0
             ) AS passed JOIN person p ON p.connection = passed.connection AND p.id = passed.person
               AND p.active AND p.email IS NOT NULL
             WHERE NOT EXISTS (SELECT 1 FROM nudge_off u
                 WHERE u.connection = passed.connection AND u.person = passed.person)
               AND NOT EXISTS (SELECT 1 FROM nudge n WHERE n.connection = passed.connection
                 AND n.person = passed.person AND n.way = $1 AND n.kind = 'checks' AND n.at > $2)
               AND NOT EXISTS (SELECT 1 FROM nudge_reason r WHERE r.connection = passed.connection
                 AND r.person = passed.person AND r.way = $1 AND r.reason = passed.reason)
             ORDER BY passed.connection, passed.person, passed.reason",
        ).bind(way).bind(since).fetch_all(db).await)
    }

    /// Uses up a reason. `false`: another process did.
    pub async fn use_up(
        &mut self,
        reason: &Reason,
        (way, nudge): (&str, &str),
        now: Time,
    ) -> Result<bool> {
        let rows = sql!(self, db => query(
            "INSERT INTO nudge_reason (connection, person, way, reason, nudge, at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        ).bind(&reason.connection).bind(&reason.person).bind(way).bind(&reason.reason)
            .bind(nudge).bind(now).execute(db).await.map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Drops reasons that were used up before a time.
    pub async fn prune_reasons(&mut self, before: Time) -> Result<()> {
        sql!(self, db => query("DELETE FROM nudge_reason WHERE at < $1")
            .bind(before).execute(db).await.map(drop))
    }

    /// Puts a message into the outbox.
    pub async fn put_out(&mut self, nudge: &Nudge, now: Time) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO nudge (id, connection, person, kind, way, subject, body, at, run_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        ).bind(&nudge.id).bind(&nudge.connection).bind(&nudge.person).bind(&nudge.kind)
            .bind(&nudge.way).bind(&nudge.subject).bind(&nudge.body).bind(now)
            .execute(db).await.map(drop))
    }

    /// Takes the next message that is due, for as long as `until`; of all that ask together, one
    /// gets it.
    pub async fn next_nudge(&mut self, now: Time, until: Time) -> Result<Option<Nudge>> {
        sql!(self, db => query_as(
            "UPDATE nudge SET claimed_until = $2, tries = tries + 1
             WHERE id = (SELECT id FROM nudge WHERE sent_at IS NULL AND gave_up IS NULL
                 AND run_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
               ORDER BY run_at, id LIMIT 1)
               AND sent_at IS NULL AND (claimed_until IS NULL OR claimed_until <= $1)
             RETURNING id, connection, person, kind, way, subject, body, tries",
        ).bind(now).bind(until).fetch_optional(db).await)
    }

    /// Where a message goes, unless they left or want none.
    pub async fn address_of(&mut self, nudge: &Nudge) -> Result<Option<Addressee>> {
        sql!(self, db => query_as(
            "SELECT p.email, p.time_zone FROM person p WHERE p.connection = $1 AND p.id = $2 AND p.active
               AND p.email IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nudge_off u
                 WHERE u.connection = p.connection AND u.person = p.id)",
        ).bind(&nudge.connection).bind(&nudge.person).fetch_optional(db).await)
    }

    /// Notes that the other side took a message.
    pub async fn nudge_sent(&mut self, id: &str, now: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE nudge SET sent_at = $2, claimed_until = NULL WHERE id = $1",
        ).bind(id).bind(now).execute(db).await.map(drop))
    }

    /// Gives a message back untried, to be sent from a later time on.
    pub async fn put_off_nudge(&mut self, id: &str, at: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE nudge SET run_at = $2, claimed_until = NULL, tries = tries - 1 WHERE id = $1",
        ).bind(id).bind(at).execute(db).await.map(drop))
    }

    /// Puts a message off, or gives it up with the reason.
    pub async fn nudge_failed(&mut self, id: &str, at: Time, gave_up: Option<&str>) -> Result<()> {
        sql!(self, db => query(
            "UPDATE nudge SET run_at = $2, claimed_until = NULL, gave_up = $3 WHERE id = $1",
        ).bind(id).bind(at).bind(gave_up).execute(db).await.map(drop))
    }

    /// Whom a message went to, and whether they want no more of them.
    pub async fn nudged(&mut self, id: &str) -> Result<Option<(String, String, bool)>> {
        sql!(self, db => query_as(
            "SELECT n.connection, n.person, EXISTS (SELECT 1 FROM nudge_off u
               WHERE u.connection = n.connection AND u.person = n.person)
             FROM nudge n WHERE n.id = $1",
        ).bind(id).fetch_optional(db).await)
    }

    /// Takes note that someone wants no nudges, or wants them again.
    pub async fn want_nudges(
        &mut self,
        (connection, person): (&str, &str),
        wanted: bool,
        now: Time,
    ) -> Result<()> {
        if wanted {
            return sql!(self, db => query(
                "DELETE FROM nudge_off WHERE connection = $1 AND person = $2",
            ).bind(connection).bind(person).execute(db).await.map(drop));
        }
        sql!(self, db => query(
            "INSERT INTO nudge_off (connection, person, at) VALUES ($1, $2, $3)
             ON CONFLICT (connection, person) DO NOTHING",
        ).bind(connection).bind(person).bind(now).execute(db).await.map(drop))
    }

    /// Drops what was sent or given up before a time.
    pub async fn prune_nudges(&mut self, before: Time) -> Result<()> {
        sql!(&mut *self, db => query(
            "DELETE FROM nudge WHERE at < $1 AND (sent_at IS NOT NULL OR gave_up IS NOT NULL)",
        ).bind(before).execute(db).await.map(drop))
    }
}
