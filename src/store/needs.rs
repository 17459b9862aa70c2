//! What the CRM's need fields say, and when that changes by itself.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, query_scalar};

use super::Result;
use super::rows::{ROWS, one_of};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::domain::obstacle::kinds::Level;
use crate::domain::obstacle::need_state;

/// What a deal's need fields say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NeedShown {
    /// The label of the need's state; none where nothing was asked.
    pub state: Option<&'static str>,
    /// When an answer is due.
    pub due: Option<Time>,
    /// When time alone changes what is shown.
    pub look_at: Option<Time>,
}

#[derive(FromRow)]
struct Row {
    deal: String,
    level: Option<String>,
    due_at: Option<Time>,
}

impl Tx {
    /// What the need fields of these deals say; deals about which nobody was asked are left out.
    ///
    /// Of several needs the one that waits longest is shown: first those overdue, then those still
    /// waiting, then those answered.
    pub async fn needs_shown(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
        now: Time,
    ) -> Result<HashMap<String, NeedShown>> {
        let mut shown: HashMap<String, NeedShown> = HashMap::new();
        for some in deals.chunks(ROWS) {
            let rows: Vec<Row> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT o.deal, t.level, t.due_at FROM obstacle o LEFT JOIN turn t
                       ON t.connection = o.connection AND t.obstacle = o.id AND t.round = o.round
                       AND t.ended_at IS NULL
                     WHERE o.round > 0 AND o.state <> 'closed' AND o.connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND o.deal IN (");
                let mut list = select.separated(", ");
                for deal in some {
                    list.push_bind(*deal);
                }
                select.push(") ORDER BY o.deal, CASE WHEN t.level IS NULL THEN 1 ELSE 0 END,
                     t.due_at NULLS LAST, o.id");
                select.build_query_as().fetch_all(db).await
            })?;
            for row in rows {
                let level = row.level.as_deref().and_then(Level::named);
                let it = shown.entry(row.deal).or_default();
                if let Some(due) = row.due_at.filter(|due| *due > now) {
                    it.look_at = Some(it.look_at.map_or(due, |at| at.min(due)));
                }
                if it.state.is_none() {
                    it.state = Some(need_state(level.map(|level| (level, row.due_at)), now));
                    it.due = row.due_at;
                }
            }
        }
        Ok(shown)
    }

    /// The business days a person published as the time to a real answer, if they did.
    pub async fn promised_days(
        &mut self,
        connection: &ConnectionId,
        person: &str,
    ) -> Result<Option<i64>> {
        sql!(self, db => query_scalar(
            "SELECT answer_days FROM team_promise WHERE connection = $1 AND person = $2
             ORDER BY at DESC LIMIT 1",
        ).bind(connection.as_str()).bind(person).fetch_optional(db).await)
    }

    /// Since when each of these people has said how soon they answer; who never did is missing.
    pub async fn promised_since(
        &mut self,
        connection: &ConnectionId,
        people: &[&str],
    ) -> Result<HashMap<String, Time>> {
        let mut found = HashMap::new();
        for some in people.chunks(ROWS) {
            let rows: Vec<(String, Time)> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT person, MIN(at) AS at FROM team_promise WHERE connection = ",
                );
                select.push_bind(connection.as_str());
                one_of(&mut select, "person", some);
                select.push(" GROUP BY person");
                select.build_query_as().fetch_all(db).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }
}
