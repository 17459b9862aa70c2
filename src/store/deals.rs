//! Deals as last seen, and where each stands between the CRM and Latitude.

use std::collections::HashMap;

use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, query, query_scalar};

use super::Result;
use super::rows::{ROWS, rows};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::grade::Assessment;
use crate::domain::ids::{ConnectionId, DealId, PersonId, PipelineId};
use crate::domain::strategy::Answers;

/// What is known of a deal before a page of the pull is taken up.
#[derive(Clone, Debug, FromRow)]
pub struct Known {
    /// The CRM's id.
    pub id: String,
    /// The mark of facts and words as last seen.
    pub seen_mark: String,
    /// The mark of the seller's words as last seen in the CRM.
    pub answers_mark: String,
    /// The mark of the manager's question as last seen.
    pub question_mark: String,
    /// When it was found to be gone.
    pub gone_at: Option<Time>,
    /// The latest strategy version; 0 for none.
    pub version: i64,
    /// The mark of the facts we wrote last.
    pub written_facts: Option<String>,
    /// When we wrote last.
    pub written_at: Option<Time>,
    /// The version still to be carried to the CRM.
    pub carry_version: Option<i64>,
    /// Why writing to it has been given up until something changes.
    pub parked: Option<String>,
}

/// The marks of a deal as just seen.
#[derive(Clone, Debug)]
pub struct Marks {
    /// Facts and words.
    pub seen: String,
    /// The seller's words.
    pub answers: String,
    /// The manager's question.
    pub question: String,
}

/// Everything needed to decide what should stand in a deal's fields.
#[derive(Clone, Debug, FromRow)]
pub struct Dossier<A = Assessment> {
    /// The CRM's id.
    pub id: String,
    /// What the seller calls it.
    pub name: String,
    /// The customer.
    pub account: Option<String>,
    /// The CRM's id of the pipeline.
    pub pipeline: Option<String>,
    /// The CRM's id of the stage.
    pub stage: String,
    /// Value.
    pub amount: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// When it is expected to close.
    pub close_on: Option<chrono::NaiveDate>,
    /// The CRM's id of the owner.
    pub seller: Option<String>,
    /// The word of its standing.
    pub standing: String,
    /// The latest strategy version; 0 for none.
    pub version: i64,
    /// The label of its grade.
    pub grade: Option<String>,
    /// Its score.
    pub score: Option<i64>,
    /// The label of its weakest part.
    pub weakest: Option<String>,
    /// The label of its state.
    pub state: Option<String>,
    /// When it was last asked for.
    pub asked_at: Option<Time>,
    /// The word of the reason.
    pub asked_reason: Option<String>,
    /// The mark of what should stand in the CRM.
    pub desired_mark: Option<String>,
    /// The mark of what was written last.
    pub written_mark: Option<String>,
    /// How often writing failed in a row.
    pub write_failures: i64,
    /// Why writing to it has been given up until something changes.
    pub parked: Option<String>,
    /// The version still to be carried to the CRM.
    pub carry_version: Option<i64>,
    /// The version that was published while the CRM's words changed, until the seller picks.
    pub conflict_version: Option<i64>,
    /// The mark of the seller's words as last seen in the CRM.
    pub answers_mark: String,
    /// The latest answers.
    pub answers: Option<Json<Answers>>,
    /// When they were published.
    pub published_at: Option<Time>,
    /// The stage then.
    pub then_stage: Option<String>,
    /// The amount then.
    pub then_amount: Option<f64>,
    /// The close date then.
    pub then_close_on: Option<chrono::NaiveDate>,
    /// The latest assessment, or as much of it as is wanted.
    pub assessment: Option<Json<A>>,
    /// When it was made.
    pub assessed_at: Option<Time>,
}

/// The columns of a [`Dossier`], and where they come from.
pub(super) const DOSSIER: &str = "SELECT d.id, d.name, d.account, d.pipeline, d.stage, d.amount,
    d.currency, d.close_on, d.seller, d.standing, d.version, d.grade, d.score, d.weakest, d.state,
    d.asked_at, d.asked_reason, d.desired_mark, d.written_mark, d.write_failures, d.parked,
    d.carry_version, d.conflict_version, d.answers_mark, v.answers, v.at AS published_at, v.stage AS then_stage,
    v.amount AS then_amount, v.close_on AS then_close_on, a.assessment, a.at AS assessed_at
    FROM deal d
    LEFT JOIN strategy_version v
      ON v.connection = d.connection AND v.deal = d.id AND v.version = d.version
    LEFT JOIN assessment a
      ON a.connection = d.connection AND a.deal = d.id AND a.version = d.assessed_version";

impl Tx {
    /// Every deal of a connection that is not gone.
    pub async fn deal_ids(&mut self, id: &ConnectionId) -> Result<Vec<String>> {
        sql!(self, db => query_scalar(
            "SELECT id FROM deal WHERE connection = $1 AND gone_at IS NULL ORDER BY id",
        ).bind(id.as_str()).fetch_all(db).await)
    }

    /// What is known of these deals.
    pub async fn known(
        &mut self,
        connection: &ConnectionId,
        ids: &[&str],
    ) -> Result<HashMap<String, Known>> {
        self.known_by(connection, ids, "").await
    }

    /// Holds deals against others who would change them, until this unit of work ends; what is known
    /// of them is brought up to date.
    pub async fn hold_known(
        &mut self,
        connection: &ConnectionId,
        known: &mut HashMap<String, Known>,
        ids: &[&str],
    ) -> Result<()> {
        // On SQLite there is one writer at a time anyway.
        if matches!(self, Self::Postgres(_)) && !ids.is_empty() {
            known.extend(self.known_by(connection, ids, " FOR UPDATE").await?);
        }
        Ok(())
    }

    async fn known_by(
        &mut self,
        connection: &ConnectionId,
        ids: &[&str],
        hold: &str,
    ) -> Result<HashMap<String, Known>> {
        let mut known = HashMap::with_capacity(ids.len());
        for some in ids.chunks(ROWS) {
            let rows: Vec<Known> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT id, seen_mark, answers_mark, question_mark, gone_at, version,
                     written_facts, written_at, carry_version, parked FROM deal
                     WHERE connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND id IN (");
                let mut list = select.separated(", ");
                for id in some {
                    list.push_bind(*id);
                }
                select.push(")").push(hold);
                select.build_query_as().fetch_all(db).await
            })?;
            known.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(known)
    }

    /// Takes up deals as just seen, with the latest version of each one's strategy, 0 for none; each is
    /// to be looked at, and none is parked any more. While a pull of everything is under way, they
    /// are `seen` by it. A version that is newer here stays.
    pub async fn save_deals(
        &mut self,
        connection: &ConnectionId,
        deals: &[(&Deal, &Marks, i64)],
        (seen, now): (Time, Time),
    ) -> Result<()> {
        rows!(
            self,
            "INSERT INTO deal (connection, id, name, account, pipeline, stage, amount, currency,
             close_on, seller, standing, seen_mark, answers_mark, question_mark, seen_at, look_at, version) ",
            deals,
            |it| [
                connection.as_str(),
                it.0.id.as_str(),
                it.0.name.as_str(),
                it.0.account.as_deref(),
                it.0.pipeline.as_ref().map(PipelineId::as_str),
                it.0.stage.as_str(),
                it.0.amount,
                it.0.currency.as_deref(),
                it.0.close_on,
                it.0.seller.as_ref().map(PersonId::as_str),
                it.0.standing.as_str(),
                it.1.seen.as_str(),
                it.1.answers.as_str(),
                it.1.question.as_str(),
                seen,
                now,
                it.2,
            ],
            " ON CONFLICT (connection, id) DO UPDATE SET name = excluded.name,
             account = excluded.account, pipeline = excluded.pipeline,
             stage = excluded.stage, amount = excluded.amount,
             currency = excluded.currency, close_on = excluded.close_on,
             seller = excluded.seller, standing = excluded.standing, gone_at = NULL,
             seen_mark = excluded.seen_mark, answers_mark = excluded.answers_mark,
             question_mark = excluded.question_mark, seen_at = excluded.seen_at,
             look_at = excluded.look_at, parked = NULL, write_failures = 0,
             version = CASE WHEN excluded.version > deal.version THEN excluded.version ELSE deal.version END"
        );
        Ok(())
    }

    /// Parks a deal that could not be taken up as the CRM shows it, with why: what was known of it
    /// stays, and it is new when it is read again. One that was not known is kept by its id alone.
    pub async fn set_deal_aside(
        &mut self,
        connection: &ConnectionId,
        id: &str,
        why: &str,
        seen: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO deal (connection, id, name, stage, standing, seen_mark, answers_mark,
               question_mark, seen_at, parked) VALUES ($1, $2, $2, '', 'open', '', '', '', $4, $3)
             ON CONFLICT (connection, id) DO UPDATE SET parked = excluded.parked,
               seen_mark = '', seen_at = excluded.seen_at, write_at = NULL",
        ).bind(connection.as_str()).bind(id).bind(why).bind(seen).execute(db).await.map(drop))
    }

    /// Marks a deal whose facts in the CRM are no longer what we wrote, to be written again at a time.
    pub async fn facts_drifted(
        &mut self,
        connection: &ConnectionId,
        id: &str,
        at: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET written_mark = NULL, written_facts = NULL, look_at = $3
             WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(id).bind(at).execute(db).await.map(drop))
    }

    /// Marks a deal as gone from the CRM; what was written about it stays.
    pub async fn deal_gone(
        &mut self,
        connection: &ConnectionId,
        id: &DealId,
        now: Time,
    ) -> Result<bool> {
        let rows = sql!(self, db => query(
            "UPDATE deal SET gone_at = $3, merged_into = NULL, look_at = NULL, write_at = NULL,
             parked = NULL, seen_mark = '' WHERE connection = $1 AND id = $2 AND gone_at IS NULL",
        ).bind(connection.as_str()).bind(id.as_str()).bind(now).execute(db).await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Marks open deals that the pull of everything that began then did not see as gone. Returns
    /// how many.
    ///
    /// What it saw carries its name. A time since it began is of a release that wrote the time
    /// instead, so that deal was seen as well; one that is still to come is of a clock that was
    /// ahead.
    pub async fn unseen_since(
        &mut self,
        connection: &ConnectionId,
        since: Time,
        now: Time,
    ) -> Result<u64> {
        sql!(self, db => query(
            "UPDATE deal SET gone_at = $3, look_at = NULL, write_at = NULL, parked = NULL,
             seen_mark = '' WHERE connection = $1 AND seen_at <> $2 AND (seen_at < $2 OR seen_at > $3)
               AND gone_at IS NULL AND standing = 'open'",
        ).bind(connection.as_str()).bind(since).bind(now).execute(db).await
            .map(|done| done.rows_affected()))
    }

    /// Notes that deals were seen by the pull of everything that began then.
    pub async fn seen_again(
        &mut self,
        connection: &ConnectionId,
        ids: &[&str],
        began: Time,
    ) -> Result<()> {
        for some in ids.chunks(ROWS) {
            sql!(&mut *self, db => {
                let mut update = QueryBuilder::new("UPDATE deal SET seen_at = ");
                update.push_bind(began).push(" WHERE connection = ").push_bind(connection.as_str());
                update.push(" AND id IN (");
                let mut list = update.separated(", ");
                for id in some {
                    list.push_bind(*id);
                }
                update.push(")");
                update.build().execute(db).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// One deal with everything known of it.
    pub async fn dossier(
        &mut self,
        connection: &ConnectionId,
        id: &DealId,
    ) -> Result<Option<Dossier>> {
        self.dossier_where(connection, id, " AND d.gone_at IS NULL")
            .await
    }

    /// The same of one that is gone, too, as long as nothing is known of its going on in another.
    pub async fn dossier_before_merge(
        &mut self,
        connection: &ConnectionId,
        id: &DealId,
    ) -> Result<Option<Dossier>> {
        self.dossier_where(connection, id, " AND d.merged_into IS NULL")
            .await
    }

    async fn dossier_where(
        &mut self,
        connection: &ConnectionId,
        id: &DealId,
        condition: &str,
    ) -> Result<Option<Dossier>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(DOSSIER);
            select.push(" WHERE d.connection = ").push_bind(connection.as_str());
            select.push(" AND d.id = ").push_bind(id.as_str()).push(condition);
            select.build_query_as().fetch_optional(db).await
        })
    }
}
