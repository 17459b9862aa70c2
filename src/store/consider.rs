//! Deals whose time has come: which are to be looked at, what was decided, whom was asked.

use std::collections::{BTreeSet, HashMap};

use sqlx::{QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::deals::{DOSSIER, Dossier};
use super::rows::{ROWS, one_of, rows};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::grade::Verdict;
use crate::domain::ids::ConnectionId;

/// What cadence decided about a deal.
#[derive(Clone, Debug)]
pub struct Considered {
    /// The CRM's id.
    pub id: String,
    /// The label of the state.
    pub state: &'static str,
    /// When it was asked, if it is.
    pub asked_at: Option<Time>,
    /// The word of the reason, if it is asked.
    pub asked_reason: Option<&'static str>,
    /// When time alone next changes something.
    pub look_at: Option<Time>,
    /// The mark of what should stand in the CRM.
    pub desired_mark: String,
    /// When to write it; none where it stands there already or writing is parked.
    pub write_at: Option<Time>,
}

impl Tx {
    /// Deals to be looked at by `now` whose seller's words are on their way to the CRM; the most
    /// valuable first. None that the rubric has yet to read: it would be shown with the grade of
    /// other words. They are held until the end of the unit of work, as those of
    /// [`Tx::to_consider`] are: what is published meanwhile comes after what is decided of them, and
    /// is not undone by it.
    pub async fn carried_to_consider(
        &mut self,
        connection: &ConnectionId,
        now: Time,
        most: i64,
    ) -> Result<Vec<Dossier<Verdict>>> {
        let hold = self.holding();
        sql!(self, db => {
            let mut select = QueryBuilder::new(DOSSIER);
            select.push(" WHERE d.connection = ").push_bind(connection.as_str());
            // Said so that SQLite takes the index of the few that are carried.
            select.push(" AND d.carry_version IS NOT NULL AND NOT (d.look_at IS NULL OR d.look_at > ");
            select.push_bind(now);
            select.push(") AND d.gone_at IS NULL AND d.assessed_version >= d.version ORDER BY d.amount DESC NULLS LAST, d.id LIMIT ");
            select.push_bind(most).push(hold);
            select.build_query_as().fetch_all(db).await
        })
    }

    /// How a statement ends that holds the deals it reads; on SQLite there is one writer at a time
    /// anyway.
    fn holding(&self) -> &'static str {
        match self {
            Self::Postgres(_) => " FOR UPDATE OF d",
            Self::Sqlite(_) => "",
        }
    }

    /// The other deals to be looked at by `now` that the rubric has read, the most valuable first;
    /// their ids alone.
    pub async fn due_to_consider(
        &mut self,
        connection: &ConnectionId,
        now: Time,
        most: i64,
    ) -> Result<Vec<String>> {
        sql!(self, db => query_scalar(
            "SELECT id FROM deal
             WHERE connection = $1 AND look_at IS NOT NULL AND look_at <= $2
               AND carry_version IS NULL AND gone_at IS NULL AND assessed_version >= version
             ORDER BY amount DESC NULLS LAST, id LIMIT $3",
        ).bind(connection.as_str()).bind(now).bind(most).fetch_all(db).await)
    }

    /// Those of these deals that are still to be looked at by `now`, in the order of their ids here.
    pub async fn to_consider(
        &mut self,
        connection: &ConnectionId,
        ids: &[String],
        now: Time,
    ) -> Result<Vec<Dossier<Verdict>>> {
        let mut found: HashMap<String, Dossier<Verdict>> = HashMap::with_capacity(ids.len());
        let hold = self.holding();
        for some in ids.chunks(ROWS) {
            let rows: Vec<Dossier<Verdict>> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(DOSSIER);
                select.push(" WHERE d.connection = ").push_bind(connection.as_str());
                // Said so that SQLite looks the ids up, and not everything that is due.
                select.push(" AND NOT (d.look_at IS NULL OR d.look_at > ").push_bind(now);
                select.push(") AND d.carry_version IS NULL AND d.gone_at IS NULL");
                select.push(" AND d.assessed_version >= d.version AND d.id IN (");
                let mut list = select.separated(", ");
                for id in some {
                    list.push_bind(id.as_str());
                }
                select.push(")").push(hold);
                select.build_query_as().fetch_all(db).await
            })?;
            found.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Takes up what cadence decided.
    pub async fn save_considered(
        &mut self,
        connection: &ConnectionId,
        considered: &[Considered],
    ) -> Result<()> {
        rows!(
            self,
            "UPDATE deal SET state = n.column3, asked_at = n.column4, asked_reason = n.column5,
             look_at = n.column6, desired_mark = n.column7, write_at = n.column8 FROM (",
            considered,
            |one| [
                connection.as_str(),
                one.id.as_str(),
                one.state,
                one.asked_at,
                one.asked_reason,
                one.look_at,
                one.desired_mark.as_str(),
                one.write_at,
            ],
            ") AS n WHERE deal.connection = n.column1 AND deal.id = n.column2"
        );
        Ok(())
    }

    /// Has these deals looked at again.
    pub async fn look_again(
        &mut self,
        connection: &ConnectionId,
        ids: &[&str],
        now: Time,
    ) -> Result<()> {
        for id in ids {
            sql!(&mut *self, db => query(
                "UPDATE deal SET look_at = $3 WHERE connection = $1 AND id = $2",
            ).bind(connection.as_str()).bind(*id).bind(now).execute(db).await.map(drop))?;
        }
        Ok(())
    }

    /// Has every open deal looked at again, as after a change of the framework.
    pub async fn reconsider_all(&mut self, connection: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET look_at = $2
             WHERE connection = $1 AND gone_at IS NULL AND standing = 'open'",
        ).bind(connection.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// When the next deal is to be looked at, and when the next is to be written; deals that are
    /// gone wait for nothing, and those that the rubric has yet to read wait for it.
    pub async fn next_times(
        &mut self,
        connection: &ConnectionId,
    ) -> Result<(Option<Time>, Option<Time>)> {
        let look = sql!(&mut *self, db => query_scalar(
            "SELECT MIN(look_at) FROM deal
             WHERE connection = $1 AND look_at IS NOT NULL AND gone_at IS NULL
               AND assessed_version >= version",
        ).bind(connection.as_str()).fetch_one(db).await)?;
        let write = sql!(self, db => query_scalar(
            "SELECT MIN(write_at) FROM deal
             WHERE connection = $1 AND write_at IS NOT NULL AND gone_at IS NULL",
        ).bind(connection.as_str()).fetch_one(db).await)?;
        Ok((look, write))
    }

    /// New asks since a moment of these sellers, no one among them: who was asked, and when.
    pub async fn asks_since(
        &mut self,
        connection: &ConnectionId,
        sellers: &[Option<&str>],
        since: Time,
    ) -> Result<Vec<(Option<String>, Time)>> {
        let sellers: BTreeSet<Option<&str>> = sellers.iter().copied().collect();
        let mut asks = Vec::new();
        if sellers.contains(&None) {
            asks = sql!(&mut *self, db => query_as(
                "SELECT seller, at FROM ask WHERE connection = $1 AND seller IS NULL AND at >= $2",
            ).bind(connection.as_str()).bind(since).fetch_all(db).await)?;
        }
        let sellers: Vec<&str> = sellers.into_iter().flatten().collect();
        for some in sellers.chunks(ROWS) {
            let more: Vec<_> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new("SELECT seller, at FROM ask WHERE connection = ");
                select.push_bind(connection.as_str());
                select.push(" AND at >= ").push_bind(since);
                one_of(&mut select, "seller", some);
                select.build_query_as().fetch_all(db).await
            })?;
            asks.extend(more);
        }
        Ok(asks)
    }

    /// Adds asks: deal, reason, seller.
    pub async fn save_asks(
        &mut self,
        connection: &ConnectionId,
        asks: &[(&str, &str, Option<&str>)],
        now: Time,
    ) -> Result<()> {
        rows!(
            self,
            "INSERT INTO ask (connection, deal, at, reason, seller) ",
            asks,
            |it| [connection.as_str(), it.0, now, it.1, it.2],
            " ON CONFLICT DO NOTHING"
        );
        Ok(())
    }
}
