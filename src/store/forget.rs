//! Forgetting: one person on request, and what has been kept long enough.
//!
//! Which tables speak of a person or a deal is read from the catalogue, so that a table that is
//! added later is not forgotten here.

use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::copy::quoted;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// Columns that say whose a row is.
pub(super) const OWNERS: [&str; 3] = ["person", "seller", "author"];
/// Columns that name a person in a row that is someone else's.
const MENTIONS: [&str; 2] = ["manager", "responder"];
/// Tables that stay when what was written about a deal goes: the deal itself, and the ledger, which
/// holds no words of people.
pub(super) const STAY: [&str; 2] = ["deal", "ledger"];

/// What people write about a deal for themselves: of a deal that is another's by now, theirs stays.
const ONES_OWN: [(&str, &str); 6] = [
    ("strategy_version", "author"),
    ("draft", "person"),
    ("set_aside", "person"),
    ("confidence", "person"),
    ("closing", "person"),
    ("obstacle", "seller"),
];

/// The mark that is kept of a person who was erased.
pub fn mark_of_person(connection: &ConnectionId, person: &str) -> String {
    let digest = Sha256::digest(format!("{connection}:{person}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Tx {
    /// Tables and their columns, those that pass by themselves included.
    async fn columns(&mut self) -> Result<Vec<(String, String)>> {
        match self {
            Self::Sqlite(tx) => {
                let columns = query_as(
                    "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
                     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2",
                );
                columns.fetch_all(&mut **tx).await
            }
            Self::Postgres(tx) => {
                let columns = query_as(
                    "SELECT table_name::text, column_name::text FROM information_schema.columns
                     WHERE table_schema = current_schema() ORDER BY 1, 2",
                );
                columns.fetch_all(&mut **tx).await
            }
        }
    }

    /// Forgets everything a person wrote, owned or did, and what was said to them; keeps only the mark
    /// that says so.
    ///
    /// Deals stay, since they are the customer's, without this person; what sellers wrote who had them
    /// before stays theirs.
    pub async fn erase(
        &mut self,
        connection: &ConnectionId,
        person: &str,
        mark: &str,
        now: Time,
    ) -> Result<()> {
        let columns = self.columns().await?;
        let has = |table: &str, name: &str| columns.iter().any(|it| it.0 == table && it.1 == name);
        let tables: Vec<&str> = columns
            .iter()
            .filter(|(_, column)| column == "connection")
            .map(|(table, _)| table.as_str())
            .collect();
        let id = connection.as_str();
        for (child, key, parent) in [
            ("obstacle", "obstacle", "obstacle"),
            ("deal", "deal", "deal"),
        ] {
            for table in tables.iter().filter(|table| has(table, child)) {
                if STAY.contains(table) || !has(parent, "seller") {
                    continue;
                }
                sql!(&mut *self, db => {
                    let mut delete = QueryBuilder::new("DELETE FROM ");
                    delete.push(quoted(table)).push(" WHERE connection = ").push_bind(id);
                    delete.push(" AND ").push(quoted(key)).push(" IN (SELECT id FROM ");
                    delete.push(quoted(parent)).push(" WHERE connection = ").push_bind(id);
                    delete.push(" AND seller = ").push_bind(person).push(")");
                    if let Some((_, author)) = ONES_OWN.iter().find(|it| it.0 == *table) {
                        delete.push(" AND COALESCE(").push(*author).push(", ").push_bind(person);
                        delete.push(") = ").push_bind(person);
                    }
                    if *table == "assessment" {
                        delete.push(" AND (deal, version) NOT IN (SELECT deal, version
                            FROM strategy_version WHERE connection = ").push_bind(id);
                        delete.push(" AND author <> ").push_bind(person).push(")");
                    }
                    delete.build().execute(db).await.map(drop)
                })?;
            }
        }
        // What was read in their words, and quotes them, of deals that are someone else's by now.
        sql!(&mut *self, db => query(
            "DELETE FROM assessment WHERE connection = $1 AND (deal, version) IN
               (SELECT deal, version FROM strategy_version WHERE connection = $1 AND author = $2)",
        ).bind(id).bind(person).execute(db).await.map(drop))?;
        for (table, column) in &columns {
            let (owns, mentions) = (
                OWNERS.contains(&column.as_str()) && table != "deal",
                MENTIONS.contains(&column.as_str()) || (table == "deal" && column == "seller"),
            );
            if !(owns || mentions) || !has(table, "connection") {
                continue;
            }
            sql!(&mut *self, db => {
                let mut change = QueryBuilder::new(if owns { "DELETE FROM " } else { "UPDATE " });
                change.push(quoted(table));
                if mentions {
                    change.push(" SET ").push(quoted(column)).push(" = NULL");
                }
                change.push(" WHERE connection = ").push_bind(id);
                change.push(" AND ").push(quoted(column)).push(" = ").push_bind(person);
                change.build().execute(db).await.map(drop)
            })?;
        }
        sql!(&mut *self, db => query("DELETE FROM person WHERE connection = $1 AND id = $2")
            .bind(id).bind(person).execute(db).await.map(drop))?;
        sql!(&mut *self, db => query(
            "INSERT INTO erased (connection, mark, at) VALUES ($1, $2, $3)
             ON CONFLICT (connection, mark) DO UPDATE SET at = $3",
        ).bind(id).bind(mark).bind(now).execute(db).await.map(drop))?;
        self.hand_over_turns(connection).await?;
        self.mend_deals(now).await
    }

    /// Forgets a connection and all that is kept of it.
    pub async fn forget_connection(&mut self, connection: &ConnectionId) -> Result<()> {
        let columns = self.columns().await?;
        for (table, _) in columns.iter().filter(|(_, column)| column == "connection") {
            sql!(&mut *self, db => {
                let mut delete = QueryBuilder::new("DELETE FROM ");
                delete.push(quoted(table)).push(" WHERE connection = ");
                delete.push_bind(connection.as_str()).build().execute(db).await.map(drop)
            })?;
        }
        sql!(self, db => query("DELETE FROM connection WHERE id = $1")
            .bind(connection.as_str()).execute(db).await.map(drop))
    }

    /// The marks of people who were erased from a connection.
    pub async fn erased(&mut self, connection: &ConnectionId) -> Result<Vec<String>> {
        sql!(self, db => query_scalar("SELECT mark FROM erased WHERE connection = $1")
            .bind(connection.as_str()).fetch_all(db).await)
    }

    /// Deals whose newest version is gone fall back to the one before, or to none; each is to be
    /// looked at.
    async fn mend_deals(&mut self, now: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET version = COALESCE((SELECT MAX(v.version) FROM strategy_version v
               WHERE v.connection = deal.connection AND v.deal = deal.id), 0),
             assessed_version = 0, grade = NULL, score = NULL, weakest = NULL,
             carry_version = NULL, conflict_version = NULL, look_at = $1
             WHERE version > 0 AND NOT EXISTS (SELECT 1 FROM strategy_version v
               WHERE v.connection = deal.connection AND v.deal = deal.id
                 AND v.version = deal.version)",
        ).bind(now).execute(db).await.map(drop))
    }

    /// Drops ledger entries from before a time. Returns how many.
    pub async fn prune_ledger(&mut self, before: Time) -> Result<u64> {
        self.prune_each(
            "DELETE FROM ledger WHERE connection = $1 AND at < $2",
            before,
        )
        .await
    }

    /// Drops runs that began before a time. Returns how many.
    pub async fn prune_runs(&mut self, before: Time) -> Result<u64> {
        self.prune_each(
            "DELETE FROM run WHERE connection = $1 AND started_at < $2",
            before,
        )
        .await
    }

    /// Deletes from one connection after the other, as the indexes have them.
    async fn prune_each(&mut self, delete: &'static str, before: Time) -> Result<u64> {
        let ids: Vec<String> = sql!(&mut *self, db => query_scalar("SELECT id FROM connection")
            .fetch_all(db).await)?;
        let mut dropped = 0;
        for id in &ids {
            dropped += sql!(&mut *self, db => query(delete).bind(id).bind(before).execute(db).await
                .map(|done| done.rows_affected()))?;
        }
        Ok(dropped)
    }

    /// Drops what was written about deals that are closed or gone and were last changed before a
    /// time: strategies, questions, drafts, obstacles and all that was said about them. Returns
    /// how many deals lost their strategy.
    pub async fn prune_closed(&mut self, before: Time) -> Result<u64> {
        const OVER: &str = "(standing <> 'open' OR gone_at IS NOT NULL) AND seen_at < ";
        let columns = self.columns().await?;
        // What hangs on an obstacle first: afterwards nothing says which deal it was about.
        for (child, of_obstacle) in [("obstacle", true), ("deal", false)] {
            let tables = columns.iter().filter(|(_, column)| column == child);
            for (table, _) in tables.filter(|(table, _)| !STAY.contains(&table.as_str())) {
                sql!(&mut *self, db => {
                    let mut delete = QueryBuilder::new("DELETE FROM ");
                    delete.push(quoted(table)).push(" WHERE (connection, ");
                    delete.push(quoted(child)).push(") IN (");
                    if of_obstacle {
                        delete.push("SELECT connection, id FROM obstacle WHERE (connection, deal) IN (");
                    }
                    delete.push("SELECT connection, id FROM deal WHERE ").push(OVER);
                    delete.push_bind(before).push(if of_obstacle { "))" } else { ")" });
                    delete.build().execute(db).await.map(drop)
                })?;
            }
        }
        sql!(self, db => {
            let mut update = QueryBuilder::new(
                "UPDATE deal SET version = 0, assessed_version = 0, grade = NULL, score = NULL,
                 weakest = NULL, carry_version = NULL, conflict_version = NULL
                 WHERE version > 0 AND ",
            );
            update.push(OVER).push_bind(before);
            update.build().execute(db).await.map(|done| done.rows_affected())
        })
    }
}
