//! What is kept about one person: read for them, and the private part of it forgotten.
//!
//! Which tables speak of a person is read from the catalogue, as for forgetting them, so that a table
//! that is added later is not left out.

use std::collections::HashSet;

use serde_json::{Map, Value};
use sqlx::{QueryBuilder, query_as};

use super::Result;
use super::copy::{Of, Table, quoted, shown};
use super::forget::{OWNERS, STAY};
use super::tx::{Tx, sql};
use crate::domain::ids::ConnectionId;

/// Tables whose rows another person made and was to tell whoever sells the deal or has the obstacle.
const TOLD: [&str; 5] = ["answer", "manager_word", "opening", "promise", "question"];
/// What only its writer ever sees, by table and what narrows it down.
const PRIVATE: [(&str, &str); 5] = [
    ("draft", ""),
    ("set_aside", ""),
    ("confidence", ""),
    ("week", ""),
    ("closing", " AND NOT shared"),
];
/// An obstacle that was never sent up.
const UNSENT: &str = "connection = $1 AND seller = $2 AND round = 0";

impl Tx {
    /// Everything that is kept about a person, by table; marks and other sums of what stands beside
    /// them are left out.
    pub async fn about_person(
        &mut self,
        connection: &ConnectionId,
        person: &str,
    ) -> Result<Map<String, Value>> {
        let mut kept = Map::new();
        for mut table in self.tables().await? {
            let Some(condition) = of_person(&table) else {
                continue;
            };
            table.columns.retain(|it| !it.name.ends_with("mark"));
            let of = Of {
                condition,
                connection,
                person,
            };
            let mut rows = Vec::new();
            self.copy_out(&table, Some(&of), |values| {
                let cells = table.columns.iter().zip(values);
                let row: Map<String, Value> = cells
                    .map(|(column, value)| (column.name.clone(), shown(column.kind, value)))
                    .collect();
                rows.push(Value::Object(row));
                Ok(())
            })
            .await?;
            if table.name == "assessment" {
                let others = self.of_others(connection, person).await?;
                rows.iter_mut()
                    .for_each(|row| without_private(row, &others));
            }
            if !rows.is_empty() {
                kept.insert(table.name, Value::Array(rows));
            }
        }
        Ok(kept)
    }

    /// The versions in a person's deals that someone else wrote, before the deal was theirs.
    async fn of_others(
        &mut self,
        connection: &ConnectionId,
        person: &str,
    ) -> Result<HashSet<(String, i64)>> {
        let found: Vec<(String, i64)> = sql!(self, db => query_as(
            "SELECT v.deal, v.version FROM strategy_version v
             JOIN deal d ON d.connection = v.connection AND d.id = v.deal
             WHERE v.connection = $1 AND d.seller = $2 AND v.author <> $2",
        ).bind(connection.as_str()).bind(person).fetch_all(db).await)?;
        Ok(found.into_iter().collect())
    }

    /// Forgets what a person wrote for themselves: drafts, words that were set aside, how likely they
    /// thought it, weeks, closing words that were not shared, obstacles that were never sent up.
    pub async fn forget_private(&mut self, connection: &ConnectionId, person: &str) -> Result<()> {
        let options = format!(
            "DELETE FROM option WHERE connection = $1
             AND obstacle IN (SELECT id FROM obstacle WHERE {UNSENT})"
        );
        let obstacles = format!("DELETE FROM obstacle WHERE {UNSENT}");
        let rest = PRIVATE.iter().map(|(table, narrower)| {
            format!("DELETE FROM {table} WHERE connection = $1 AND person = $2{narrower}")
        });
        for delete in [options, obstacles].into_iter().chain(rest) {
            sql!(&mut *self, db => {
                let mut statement = QueryBuilder::new("");
                statement.push(&delete);
                let statement = statement.build().bind(connection.as_str()).bind(person);
                statement.execute(db).await.map(drop)
            })?;
        }
        Ok(())
    }
}

/// Takes the notes that were for its writer's eyes alone out of an assessment, where that is someone
/// else.
fn without_private(row: &mut Value, others: &HashSet<(String, i64)>) {
    let of = row["deal"].as_str().zip(row["version"].as_i64());
    let Some((deal, version)) = of else {
        return;
    };
    if !others.contains(&(deal.to_owned(), version)) {
        return;
    }
    // What cannot be read is told of nobody.
    let told = row["assessment"].as_str().unwrap_or_default();
    let mut told: Map<String, Value> = serde_json::from_str(told).unwrap_or_default();
    told.remove("private_notes");
    row["assessment"] = Value::String(Value::Object(told).to_string());
}

/// Which rows of a table are about a person; none where the table says nothing of people.
fn of_person(table: &Table) -> Option<String> {
    let has = |name: &str| table.columns.iter().any(|it| it.name == name);
    if !has("connection") {
        return None;
    }
    let mut any = Vec::new();
    if table.name == "person" {
        any.push("id = $2".to_owned());
    }
    let owners: Vec<&str> = OWNERS.into_iter().filter(|it| has(it)).collect();
    for column in owners.iter().copied().chain(["responder"]) {
        if has(column) {
            any.push(format!("{} = $2", quoted(column)));
        }
    }
    let told = TOLD.contains(&table.name.as_str());
    if (owners.is_empty() || told) && !STAY.contains(&table.name.as_str()) {
        for parent in ["obstacle", "deal"].into_iter().filter(|it| has(it)) {
            any.push(format!(
                "{parent} IN (SELECT id FROM {parent} WHERE connection = $1 AND seller = $2)"
            ));
        }
    }
    (!any.is_empty()).then(|| format!("connection = $1 AND ({})", any.join(" OR ")))
}
