//! A deal that the CRM merged into another: what people wrote about it goes there.

use sqlx::QueryBuilder;
use sqlx::query;

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, DealId};

/// How the windows are called from which words of a merged deal seem to come.
pub const MERGED: &str = "merged:";

/// What is said about a deal, and what tells it apart from what is said about another.
const SAID: [(&str, &[&str]); 6] = [
    ("obstacle", &["id"]),
    ("question", &["at"]),
    ("manager_word", &["at", "person"]),
    ("talk", &["person"]),
    ("closing", &["person", "at"]),
    ("set_aside", &["person", "browser_window"]),
];

impl Tx {
    /// Notes in which deal one that is gone goes on.
    pub async fn goes_on_in(
        &mut self,
        connection: &ConnectionId,
        (from, into): (&DealId, &DealId),
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET merged_into = $3 WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(from.as_str()).bind(into.as_str())
            .execute(db).await.map(drop))
    }

    /// Moves what people wrote about a deal to the one it was merged into: obstacles with all that
    /// hangs on them, questions, talks, what was said at its end. Drafts, and a strategy where the
    /// other deal has one of its own, are offered to who wrote them as words kept in another window.
    pub async fn move_words(
        &mut self,
        connection: &ConnectionId,
        (from, into): (&DealId, &DealId),
        now: Time,
    ) -> Result<()> {
        let id = connection.as_str();
        for (table, keys) in SAID {
            sql!(&mut *self, db => {
                let mut update = QueryBuilder::new("UPDATE ");
                update.push(table).push(" SET deal = ").push_bind(into.as_str());
                update.push(" WHERE connection = ").push_bind(id);
                update.push(" AND deal = ").push_bind(from.as_str());
                update.push(" AND NOT EXISTS (SELECT 1 FROM ").push(table);
                update.push(" o WHERE o.connection = ").push_bind(id);
                update.push(" AND o.deal = ").push_bind(into.as_str());
                for key in keys {
                    update.push(" AND o.").push(key).push(" = ").push(table).push(".").push(key);
                }
                update.push(")").build().execute(db).await.map(drop)
            })?;
        }
        let window = format!("{MERGED}{from}");
        sql!(&mut *self, db => query(
            "INSERT INTO set_aside
               (connection, deal, person, browser_window, answers, confidence, base_version, saved_at)
             SELECT x.connection, o.id, x.person, $4, x.answers, x.confidence, o.version, x.saved_at
             FROM draft x JOIN deal o ON o.connection = x.connection AND o.id = $3
             WHERE x.connection = $1 AND x.deal = $2 ON CONFLICT DO NOTHING",
        ).bind(id).bind(from.as_str()).bind(into.as_str()).bind(&window).execute(db).await.map(drop))?;
        sql!(&mut *self, db => query(
            "DELETE FROM draft WHERE connection = $1 AND deal = $2
               AND EXISTS (SELECT 1 FROM deal o WHERE o.connection = $1 AND o.id = $3)",
        ).bind(id).bind(from.as_str()).bind(into.as_str()).execute(db).await.map(drop))?;
        sql!(self, db => query(
            "INSERT INTO set_aside
               (connection, deal, person, browser_window, answers, base_version, saved_at)
             SELECT d.connection, o.id, d.seller, $4, v.answers, o.version, $5 FROM deal d
             JOIN strategy_version v
               ON v.connection = d.connection AND v.deal = d.id AND v.version = d.version
             JOIN deal o ON o.connection = d.connection AND o.id = $3 AND o.version > 0
             WHERE d.connection = $1 AND d.id = $2 AND d.seller IS NOT NULL
             ON CONFLICT DO NOTHING",
        ).bind(id).bind(from.as_str()).bind(into.as_str()).bind(format!("{window}:strategy")).bind(now)
            .execute(db).await.map(drop))
    }
}
