//! What is to be written to the CRM, and what became of it.

use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::rows::rows;
use super::schedule::{CLOCKS_APART, LATEST_ARRIVAL};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::grade::Verdict;
use crate::domain::ids::ConnectionId;
use crate::domain::strategy::Answers;

/// Deals whose seller's words are carried in one unit of work: what came meanwhile goes with the
/// next, and a long row of them keeps nobody waiting for its end.
const WORDS: usize = 400;

/// How many of the deals given up on are listed: a rule of the CRM that all of them break parks them
/// all, for one reason.
pub const PARKED_SHOWN: i64 = 100;

/// A deal whose fields do not hold what they should: what is needed to write them, and no more, for
/// each column of each row costs.
#[derive(Clone, Debug, FromRow)]
pub struct ToWrite {
    /// The CRM's id.
    pub id: String,
    /// The CRM's id of the stage.
    pub stage: String,
    /// The latest strategy version; 0 for none.
    pub version: i64,
    /// The label of its state.
    pub state: Option<String>,
    /// The word of the reason it is asked for, if it is.
    pub asked_reason: Option<String>,
    /// The mark of what should stand in the CRM.
    pub desired_mark: Option<String>,
    /// How often writing failed in a row.
    pub write_failures: i64,
    /// The version still to be carried to the CRM.
    pub carry_version: Option<i64>,
    /// The mark of the seller's words as last seen in the CRM.
    pub answers_mark: String,
    /// The latest answers.
    pub answers: Option<Json<Answers>>,
    /// The latest assessment.
    pub assessment: Option<Json<Verdict>>,
    /// When it was made.
    pub assessed_at: Option<Time>,
}

/// The columns of a [`ToWrite`], and where they come from.
const TO_WRITE: &str = "SELECT d.id, d.stage, d.version, d.state, d.asked_reason, d.desired_mark,
    d.write_failures, d.carry_version, d.answers_mark, v.answers, a.assessment,
    a.at AS assessed_at
    FROM deal d
    LEFT JOIN strategy_version v
      ON v.connection = d.connection AND v.deal = d.id AND v.version = d.version
    LEFT JOIN assessment a
      ON a.connection = d.connection AND a.deal = d.id AND a.version = d.assessed_version";

/// A deal whose fields now hold what they should.
#[derive(Clone, Debug)]
pub struct Written {
    /// The CRM's id.
    pub id: String,
    /// The mark of what was written.
    pub mark: String,
    /// The mark of the facts among it.
    pub facts: String,
    /// The deal's version that what was written is about.
    pub version: i64,
    /// The mark of the seller's words, where the write carried them.
    pub answers: Option<String>,
}

impl Tx {
    /// At most `most` deals to be written by `now` that are not `under_way`: first those whose seller's
    /// words are on their way, then the longest due.
    pub async fn to_write(
        &mut self,
        connection: &ConnectionId,
        now: Time,
        (most, under_way): (usize, &[&str]),
    ) -> Result<Vec<ToWrite>> {
        let mut due: Vec<ToWrite> = Vec::new();
        // Said in two ways, so that SQLite takes the index of the few for the few.
        for (words, due_by) in [
            (
                "IS NOT NULL",
                " AND NOT (d.write_at IS NULL OR d.write_at > ",
            ),
            ("IS NULL", " AND (d.write_at IS NOT NULL AND d.write_at <= "),
        ] {
            let left = most.saturating_sub(due.len());
            let left = match words {
                "IS NULL" => left,
                _ => left.min(WORDS),
            };
            let shared = matches!(self, Self::Postgres(_));
            let more: Vec<ToWrite> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(TO_WRITE);
                select.push(" WHERE d.connection = ").push_bind(connection.as_str());
                select.push(" AND d.carry_version ").push(words);
                select.push(due_by).push_bind(now).push(") AND d.gone_at IS NULL");
                if !under_way.is_empty() {
                    // One value, so that it is one statement however many they are.
                    select.push(" AND d.id NOT IN (SELECT value FROM ");
                    select.push(if shared { "jsonb_array_elements_text(" } else { "json_each(" });
                    select.push_bind(Json(under_way)).push("))");
                }
                select.push(" ORDER BY d.write_at LIMIT ").push_bind(left as i64);
                select.build_query_as().fetch_all(db).await
            })?;
            due.extend(more);
        }
        Ok(due)
    }

    /// Whether words that a seller published could be carried to the CRM now.
    pub async fn words_wait(&mut self, connection: &ConnectionId, now: Time) -> Result<bool> {
        sql!(self, db => query_scalar(
            "SELECT EXISTS (SELECT 1 FROM schedule s JOIN deal d ON d.connection = s.connection
             WHERE s.connection = $1 AND s.move = 'write_back' AND s.run_at <= $2
               AND d.carry_version IS NOT NULL AND NOT (d.write_at IS NULL OR d.write_at > $2)
               AND d.gone_at IS NULL)",
        ).bind(connection.as_str()).bind(now).fetch_one(db).await)
    }

    /// Notes deals whose fields hold what they should, as of `at`. One whose wish has changed
    /// meanwhile, or whose seller has published again, stays due; where published words are still to
    /// be carried, it is due `again`. One that words were carried to is no longer as it was seen: if
    /// someone puts back what stood there before, the next pull takes that for the edit it is.
    pub async fn save_written(
        &mut self,
        connection: &ConnectionId,
        written: &[&Written],
        (at, again): (Time, Time),
    ) -> Result<()> {
        rows!(
            self,
            "UPDATE deal SET written_mark = n.column3, written_facts = n.column4,
             answers_mark = COALESCE(n.column5, answers_mark),
             seen_mark = CASE WHEN n.column5 IS NULL THEN seen_mark ELSE '' END,
             carry_version = CASE WHEN n.column5 IS NOT NULL AND carry_version = n.column6
               THEN NULL ELSE carry_version END,
             write_failures = 0, written_at = n.column7, write_at = CASE
               WHEN desired_mark = n.column3 AND carry_version = n.column6 AND n.column5 IS NULL
               THEN n.column8
               WHEN desired_mark = n.column3
               AND (carry_version IS NULL OR carry_version = n.column6)
               THEN NULL ELSE write_at END FROM (",
            written,
            |one| [
                connection.as_str(),
                one.id.as_str(),
                one.mark.as_str(),
                one.facts.as_str(),
                one.answers.as_deref(),
                one.version,
                at,
                again,
            ],
            ") AS n WHERE deal.connection = n.column1 AND deal.id = n.column2"
        );
        Ok(())
    }

    /// How often what a deal's fields hold now was written since a time.
    pub async fn written_alike_since(
        &mut self,
        connection: &ConnectionId,
        id: &str,
        since: Time,
    ) -> Result<i64> {
        sql!(self, db => query_scalar(
            "SELECT COUNT(*) FROM ledger l JOIN deal d ON d.connection = l.connection AND d.id = l.deal
             WHERE l.connection = $1 AND l.deal = $2 AND l.at > $3 AND l.outcome = 'written'
               AND l.mark = d.written_mark",
        ).bind(connection.as_str()).bind(id).bind(since).fetch_one(db).await)
    }

    /// Has deals written once more that were written while something sent by a process that lost
    /// its lease may still have been under way: it may have come to stand over what is newer, and
    /// most of what it left there is not read back. Returns how many.
    pub async fn write_overtaken_again(
        &mut self,
        connection: &ConnectionId,
        now: Time,
    ) -> Result<u64> {
        let span: Option<(Option<Time>, Option<Time>)> = sql!(&mut *self, db => query_as(
            "SELECT overtaken_from, overtaken_to FROM connection WHERE id = $1",
        ).bind(connection.as_str()).fetch_optional(db).await)?;
        let Some((Some(from), Some(to))) = span else {
            return Ok(0);
        };
        sql!(self, db => query(
            "UPDATE deal SET written_mark = NULL, written_facts = NULL, look_at = $4
             WHERE connection = $1 AND written_at >= $2 AND written_at <= $3
               AND gone_at IS NULL AND written_mark IS NOT NULL",
        ).bind(connection.as_str()).bind(from - CLOCKS_APART).bind(to + LATEST_ARRIVAL).bind(now)
            .execute(db).await.map(|done| done.rows_affected()))
    }

    /// Makes every write due that waits for a time.
    pub async fn writes_due(&mut self, connection: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET write_at = $2 WHERE connection = $1 AND write_at > $2",
        ).bind(connection.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Tries a deal again at a time, where `version` is still its latest: what was published
    /// meanwhile waits for nothing.
    pub async fn write_later(
        &mut self,
        connection: &ConnectionId,
        (id, version): (&str, i64),
        at: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET write_at = $4, write_failures = write_failures + 1
             WHERE connection = $1 AND id = $2 AND version = $3",
        ).bind(connection.as_str()).bind(id).bind(version).bind(at).execute(db).await.map(drop))
    }

    /// Gives writing to a deal up until it, its set-up or someone changes something, where `version`
    /// is still its latest: what was published meanwhile has not been refused.
    pub async fn park(
        &mut self,
        connection: &ConnectionId,
        (id, version): (&str, i64),
        why: &str,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET parked = $4, write_at = NULL
             WHERE connection = $1 AND id = $2 AND version = $3",
        ).bind(connection.as_str()).bind(id).bind(version).bind(why).execute(db).await.map(drop))
    }

    /// Tries every parked deal of a connection again, but for those that could not be taken up
    /// ([`Tx::set_deal_aside`]): these stay parked until they are read. Returns how many.
    pub async fn unpark(&mut self, connection: &ConnectionId, now: Time) -> Result<u64> {
        sql!(self, db => query(
            "UPDATE deal SET parked = NULL, write_at = $2, write_failures = 0
             WHERE connection = $1 AND parked IS NOT NULL AND seen_mark <> ''",
        ).bind(connection.as_str()).bind(now).execute(db).await.map(|done| done.rows_affected()))
    }

    /// Deals given up on, with the CRM's reason: the first [`PARKED_SHOWN`], or one where it is among
    /// them all.
    pub async fn parked(
        &mut self,
        connection: &ConnectionId,
        deal: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        sql!(self, db => query_as(
            "SELECT id, parked FROM deal WHERE connection = $1 AND parked IS NOT NULL
             AND gone_at IS NULL AND id = COALESCE($2, id) ORDER BY id LIMIT $3",
        ).bind(connection.as_str()).bind(deal).bind(PARKED_SHOWN).fetch_all(db).await)
    }

    /// How many deals were given up on.
    pub async fn count_parked(&mut self, connection: &ConnectionId) -> Result<i64> {
        sql!(self, db => query_scalar(
            "SELECT COUNT(*) FROM deal
             WHERE connection = $1 AND parked IS NOT NULL AND gone_at IS NULL",
        ).bind(connection.as_str()).fetch_one(db).await)
    }

    /// How many deals are parked because they could not be taken up ([`Tx::set_deal_aside`]).
    pub async fn deals_set_aside(&mut self, connection: &ConnectionId) -> Result<i64> {
        sql!(self, db => query_scalar(
            "SELECT COUNT(*) FROM deal
             WHERE connection = $1 AND parked IS NOT NULL AND seen_mark = '' AND gone_at IS NULL",
        ).bind(connection.as_str()).fetch_one(db).await)
    }

    /// How many deals are due to be written now or later.
    pub async fn waiting_writes(&mut self, connection: &ConnectionId) -> Result<i64> {
        sql!(self, db => query_scalar(
            "SELECT COUNT(*) FROM deal WHERE connection = $1 AND write_at IS NOT NULL",
        ).bind(connection.as_str()).fetch_one(db).await)
    }

    /// Notes that a published version was overtaken by an edit in the CRM: both stay, and the
    /// seller picks.
    pub async fn note_conflict(
        &mut self,
        connection: &ConnectionId,
        id: &str,
        version: i64,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET conflict_version = $3, carry_version = NULL
             WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(id).bind(version).execute(db).await.map(drop))
    }
}
