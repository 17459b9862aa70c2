//! People and stages, as last read from the CRM.

use std::collections::{BTreeMap, HashSet};

use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::forget::mark_of_person;
use super::rows::ROWS;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::deal::{Pipeline, Standing};
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::people::Person;

#[derive(FromRow)]
struct PersonRow {
    id: String,
    name: String,
    email: Option<String>,
    active: bool,
    manager: Option<String>,
    time_zone: Option<String>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            email: row.email,
            active: row.active,
            manager: row.manager.map(Into::into),
            time_zone: row.time_zone,
        }
    }
}

/// A stage as last read.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StageRow {
    /// The CRM's id of its pipeline.
    pub pipeline: String,
    /// The CRM's id.
    pub id: String,
    /// What people call the pipeline.
    pub pipeline_name: String,
    /// What people call the stage.
    pub name: String,
    /// The word of its [`Standing`].
    pub standing: String,
    /// Its place in the pipeline.
    pub position: i64,
}

impl Tx {
    /// Takes up people as the CRM shows them.
    pub async fn save_people(&mut self, id: &ConnectionId, people: &[Person]) -> Result<()> {
        let erased = self.erased(id).await?;
        let stays = |it: &PersonId| !erased.contains(&mark_of_person(id, it.as_str()));
        let people: Vec<&Person> = people.iter().filter(|it| stays(&it.id)).collect();
        for some in people.chunks(ROWS) {
            sql!(&mut *self, db => {
                let mut insert = QueryBuilder::new(
                    "INSERT INTO person (connection, id, name, email, active, manager, time_zone) ",
                );
                insert.push_values(some, |mut row, person| {
                    row.push_bind(id.as_str())
                        .push_bind(person.id.as_str())
                        .push_bind(&person.name)
                        .push_bind(&person.email)
                        .push_bind(person.active)
                        .push_bind(
                            person
                                .manager
                                .as_ref()
                                .filter(|it| stays(it))
                                .map(PersonId::as_str),
                        )
                        .push_bind(&person.time_zone);
                });
                insert.push(
                    " ON CONFLICT (connection, id) DO UPDATE SET name = excluded.name,
                      email = excluded.email, active = excluded.active,
                      manager = excluded.manager, time_zone = excluded.time_zone",
                );
                insert.build().execute(db).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Has people report to whom the configuration says, a leader to their reports, each by e-mail
    /// address or by the CRM's id; for everyone else the CRM's word stands. Whom nobody knows is
    /// passed over, and so is a leader's address that two share: whoever copies it would read the
    /// plans of that team.
    pub async fn lead(
        &mut self,
        id: &ConnectionId,
        teams: &BTreeMap<String, Vec<String>>,
    ) -> Result<()> {
        for (leader, reports) in teams {
            let found = match self.face(id, leader).await? {
                None => self.face_at(id, leader).await?,
                by_id => by_id,
            };
            let Some(leader) = found.map(|it| it.id) else {
                continue;
            };
            for report in reports {
                sql!(&mut *self, db => query(
                    "UPDATE person SET manager = $3 WHERE connection = $1 AND id <> $3
                     AND (id = $2 OR lower(email) = lower($2))",
                ).bind(id.as_str()).bind(report).bind(&leader).execute(db).await
                    .map(drop))?;
            }
        }
        Ok(())
    }

    /// Notes that those who are not in the CRM's list any more have left: most CRMs leave out who was
    /// deleted or may not sign in. A list of nobody says nothing about anyone.
    pub async fn people_left(&mut self, id: &ConnectionId, listed: &HashSet<String>) -> Result<()> {
        if listed.is_empty() {
            return Ok(());
        }
        let active: Vec<String> = sql!(&mut *self, db => query_scalar(
            "SELECT id FROM person WHERE connection = $1 AND active",
        ).bind(id.as_str()).fetch_all(db).await)?;
        for person in active.iter().filter(|it| !listed.contains(*it)) {
            sql!(&mut *self, db => query(
                "UPDATE person SET active = FALSE WHERE connection = $1 AND id = $2",
            ).bind(id.as_str()).bind(person).execute(db).await.map(drop))?;
        }
        Ok(())
    }

    /// Has the answers that people owed who have left, or were erased, be owed by whoever the seller
    /// reports to now; where that is nobody, they stay as they are.
    pub async fn hand_over_turns(&mut self, id: &ConnectionId) -> Result<()> {
        sql!(self, db => query(
            "UPDATE turn SET responder = COALESCE((
               SELECT m.id FROM obstacle o
               JOIN person s ON s.connection = o.connection AND s.id = o.seller AND s.active
               JOIN person m ON m.connection = o.connection AND m.id = s.manager AND m.active
                 AND m.id <> s.id
               WHERE o.connection = turn.connection AND o.id = turn.obstacle), responder)
             WHERE connection = $1 AND ended_at IS NULL AND level <> 'product'
               AND NOT EXISTS (SELECT 1 FROM person r
                 WHERE r.connection = turn.connection AND r.id = turn.responder AND r.active)",
        ).bind(id.as_str()).execute(db).await.map(drop))
    }

    /// Notes that people have been read.
    pub async fn people_read(&mut self, id: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET people_at = $2 WHERE id = $1")
            .bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Everyone known in a connection, by name.
    pub async fn people(&mut self, id: &ConnectionId) -> Result<Vec<Person>> {
        let rows: Vec<PersonRow> = sql!(self, db => query_as(
            "SELECT id, name, email, active, manager, time_zone FROM person
             WHERE connection = $1 ORDER BY name, id",
        ).bind(id.as_str()).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Person::from).collect())
    }

    /// Takes up pipelines and stages in place of what was known.
    pub async fn save_stages(
        &mut self,
        id: &ConnectionId,
        pipelines: &[Pipeline],
        now: Time,
    ) -> Result<()> {
        sql!(&mut *self, db => query("DELETE FROM stage WHERE connection = $1")
            .bind(id.as_str()).execute(db).await.map(drop))?;
        for pipeline in pipelines {
            for (position, stage) in (0_i64..).zip(&pipeline.stages) {
                sql!(&mut *self, db => query(
                    "INSERT INTO stage (connection, pipeline, id, pipeline_name, name, standing, position)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                ).bind(id.as_str()).bind(pipeline.id.as_str()).bind(stage.id.as_str())
                    .bind(&pipeline.name).bind(&stage.name).bind(stage.standing.as_str())
                    .bind(position).execute(db).await.map(drop))?;
            }
        }
        sql!(self, db => query("UPDATE connection SET stages_at = $2 WHERE id = $1")
            .bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// The stages of a connection, in order.
    pub async fn stages(&mut self, id: &ConnectionId) -> Result<Vec<StageRow>> {
        sql!(self, db => query_as(
            "SELECT pipeline, id, pipeline_name, name, standing, position FROM stage
             WHERE connection = $1 ORDER BY pipeline, position",
        ).bind(id.as_str()).fetch_all(db).await)
    }
}

impl StageRow {
    /// What a deal in it counts as.
    pub fn standing(&self) -> Standing {
        Standing::named(&self.standing)
    }
}
