//! What people wrote, and what the rubric says about it.

use std::collections::HashMap;

use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, query, query_as};

use super::Result;
use super::rows::{ROWS, rows};
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::grade::{Assessment, Dimension, Grade};
use crate::domain::ids::{ConnectionId, DealId};
use crate::domain::strategy::Answers;

/// A version to be added.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// The CRM's id of the deal.
    pub deal: &'a str,
    /// One above the version before.
    pub version: i64,
    /// What the seller wrote.
    pub answers: Answers,
    /// `crm`, `panel`, `merge` or `import`.
    pub source: &'static str,
    /// The CRM's id of who wrote it, where known.
    pub author: Option<&'a str>,
    /// When.
    pub at: Time,
    /// The deal's stage then.
    pub stage: &'a str,
    /// The deal's amount then.
    pub amount: Option<f64>,
    /// The deal's close date then.
    pub close_on: Option<chrono::NaiveDate>,
}

/// A version as it was published.
#[derive(Clone, Debug, FromRow)]
pub struct Version {
    /// Counts up from 1.
    pub version: i64,
    /// What the seller wrote.
    pub answers: Json<Answers>,
    /// Where it came from.
    pub source: String,
    /// The CRM's id of who wrote it.
    pub author: Option<String>,
    /// When.
    pub at: Time,
    /// The CRM's id of the stage the deal was in then.
    pub stage: String,
    /// What the rubric said about it.
    pub assessment: Option<Json<Assessment>>,
}

/// The latest version of a deal, with what it takes to assess it.
#[derive(Clone, Debug, FromRow)]
pub struct Written {
    /// The CRM's id of the deal.
    pub deal: String,
    /// Which version.
    pub version: i64,
    /// What the seller calls the deal.
    pub name: String,
    /// The customer.
    pub account: Option<String>,
    /// The CRM's id of the deal's owner.
    pub seller: Option<String>,
    /// When it was written.
    pub at: Time,
    /// What the seller wrote.
    pub answers: Json<Answers>,
}

/// What the rubric said of a version.
#[derive(Clone, Debug)]
pub struct Assessed<'a> {
    /// The CRM's id of the deal.
    pub deal: &'a str,
    /// Which version.
    pub version: i64,
    /// What was said.
    pub assessment: Assessment,
}

/// A question of a manager.
#[derive(Clone, Debug, FromRow)]
pub struct Question {
    /// The CRM's id of the deal.
    pub deal: String,
    /// When it was first seen.
    pub at: Time,
    /// `crm` or `board`.
    pub source: String,
    /// The CRM's id of who asked, where known.
    pub author: Option<String>,
    /// What was asked.
    pub text: String,
}

impl Tx {
    /// The latest answers of these deals; those without any are left out.
    pub async fn latest_answers(
        &mut self,
        connection: &ConnectionId,
        deals: &[(&str, i64)],
    ) -> Result<HashMap<String, Answers>> {
        let mut latest = HashMap::with_capacity(deals.len());
        for some in deals.chunks(ROWS) {
            let rows: Vec<(String, i64, Json<Answers>)> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT v.deal, v.version, v.answers FROM strategy_version v
                     JOIN deal d ON d.connection = v.connection AND d.id = v.deal
                       AND d.version = v.version
                     WHERE v.connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND v.deal IN (");
                let mut list = select.separated(", ");
                for (deal, _) in some {
                    list.push_bind(*deal);
                }
                select.push(")");
                select.build_query_as().fetch_all(db).await
            })?;
            latest.extend(rows.into_iter().map(|(deal, _, answers)| (deal, answers.0)));
        }
        Ok(latest)
    }

    /// Whether this is still the latest version of a deal; holds the deal against others who would
    /// add one, until this unit of work ends.
    pub async fn is_latest(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
        version: i64,
    ) -> Result<bool> {
        let rows = sql!(self, db => query(
            "UPDATE deal SET version = version WHERE connection = $1 AND id = $2 AND version = $3",
        ).bind(connection.as_str()).bind(deal).bind(version).execute(db).await
            .map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Adds versions and makes each the latest of its deal.
    pub async fn add_versions(
        &mut self,
        connection: &ConnectionId,
        versions: &[NewVersion<'_>],
    ) -> Result<()> {
        self.insert_versions(connection, versions).await?;
        rows!(
            self,
            "UPDATE deal SET version = n.column3 FROM (",
            versions,
            |new| [connection.as_str(), new.deal, new.version],
            ") AS n WHERE deal.connection = n.column1 AND deal.id = n.column2"
        );
        Ok(())
    }

    /// Adds versions that their deals name as the latest already: a row that is written once costs
    /// half of one that is written twice.
    pub async fn insert_versions(
        &mut self,
        connection: &ConnectionId,
        versions: &[NewVersion<'_>],
    ) -> Result<()> {
        rows!(
            self,
            "INSERT INTO strategy_version (connection, deal, version, answers, source, author, at,
             stage, amount, close_on) ",
            versions,
            |new| [
                connection.as_str(),
                new.deal,
                new.version,
                Json(&new.answers),
                new.source,
                new.author,
                new.at,
                new.stage,
                new.amount,
                new.close_on,
            ],
            ""
        );
        Ok(())
    }

    /// Versions whose deal waits for the rubric, seller by seller.
    pub async fn unassessed(
        &mut self,
        connection: &ConnectionId,
        most: i64,
    ) -> Result<Vec<Written>> {
        sql!(self, db => query_as(
            "SELECT v.deal, v.version, d.name, d.account, d.seller, v.at, v.answers
             FROM deal d JOIN strategy_version v
               ON v.connection = d.connection AND v.deal = d.id AND v.version = d.version
             WHERE d.connection = $1 AND d.assessed_version < d.version
             ORDER BY d.seller, d.id LIMIT $2",
        ).bind(connection.as_str()).bind(most).fetch_all(db).await)
    }

    /// The strategies of some sellers as they stand, seller by seller: of those `most` deals of each
    /// that close last. One in which there was not enough to grade is not among them.
    ///
    /// Meant for a few sellers: each is a part of the one statement.
    pub async fn standing_strategies(
        &mut self,
        connection: &ConnectionId,
        sellers: &[&str],
        most: i64,
    ) -> Result<HashMap<String, Vec<Written>>> {
        if sellers.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<Written> = sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT v.deal, v.version, d.name, d.account, d.seller, v.at, v.answers FROM (",
            );
            for (n, seller) in sellers.iter().enumerate() {
                select.push(if n > 0 { " UNION ALL " } else { "" });
                select.push(
                    "SELECT * FROM (SELECT id, name, account, seller, version, grade FROM deal
                     WHERE connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND seller = ").push_bind(*seller);
                select.push(" AND gone_at IS NULL ORDER BY close_on DESC NULLS LAST, id DESC LIMIT ");
                select.push_bind(most).push(") AS of_one");
            }
            select.push(") AS d JOIN strategy_version v ON v.connection = ");
            select.push_bind(connection.as_str());
            select.push(
                " AND v.deal = d.id AND v.version = d.version
                 WHERE d.grade IS NULL OR d.grade <> ",
            );
            select.push_bind(Grade::NotEnoughYet.label());
            select.build_query_as().fetch_all(db).await
        })?;
        let mut standing: HashMap<String, Vec<Written>> = HashMap::new();
        for row in rows {
            let seller = row.seller.clone().unwrap_or_default();
            standing.entry(seller).or_default().push(row);
        }
        Ok(standing)
    }

    /// Takes up what the rubric said; each deal is to be looked at. A deal that has a newer version
    /// meanwhile keeps what was said of that one.
    pub async fn save_assessments(
        &mut self,
        connection: &ConnectionId,
        framework: &str,
        assessed: &[Assessed<'_>],
        now: Time,
    ) -> Result<()> {
        rows!(
            &mut *self,
            "INSERT INTO assessment (connection, deal, version, framework, assessment, at) ",
            assessed,
            |it| [
                connection.as_str(),
                it.deal,
                it.version,
                framework,
                Json(&it.assessment),
                now,
            ],
            " ON CONFLICT (connection, deal, version) DO UPDATE SET
             framework = excluded.framework, assessment = excluded.assessment, at = excluded.at"
        );
        rows!(
            self,
            "UPDATE deal SET assessed_version = n.column3, grade = n.column4, score = n.column5,
             weakest = n.column6, look_at = n.column7 FROM (",
            assessed,
            |it| [
                connection.as_str(),
                it.deal,
                it.version,
                it.assessment.grade.label(),
                it.assessment.score.map(i64::from),
                it.assessment.weakest_part().map(Dimension::label),
                now,
            ],
            ") AS n WHERE deal.connection = n.column1 AND deal.id = n.column2
             AND deal.version = n.column3"
        );
        Ok(())
    }

    /// Every version of a deal, newest first, with what the rubric said.
    pub async fn versions(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
    ) -> Result<Vec<Version>> {
        sql!(self, db => query_as(
            "SELECT v.version, v.answers, v.source, v.author, v.at, v.stage, a.assessment
             FROM strategy_version v LEFT JOIN assessment a
               ON a.connection = v.connection AND a.deal = v.deal AND a.version = v.version
             WHERE v.connection = $1 AND v.deal = $2 ORDER BY v.version DESC",
        ).bind(connection.as_str()).bind(deal.as_str()).fetch_all(db).await)
    }

    /// Adds a manager's question to the thread; the deal is to be looked at.
    pub async fn add_question(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
        (source, author, text): (&str, Option<&str>, &str),
        now: Time,
    ) -> Result<()> {
        sql!(&mut *self, db => query(
            "INSERT INTO question (connection, deal, at, source, author, text)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        ).bind(connection.as_str()).bind(deal).bind(now).bind(source).bind(author).bind(text)
            .execute(db).await.map(drop))?;
        sql!(self, db => query(
            "UPDATE deal SET look_at = $3 WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(deal).bind(now).execute(db).await.map(drop))
    }

    /// The questions of these deals, newest first.
    pub async fn questions(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
    ) -> Result<HashMap<String, Vec<Question>>> {
        let mut questions: HashMap<String, Vec<Question>> = HashMap::new();
        for some in deals.chunks(ROWS) {
            let rows: Vec<Question> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT deal, at, source, author, text FROM question WHERE connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND deal IN (");
                let mut list = select.separated(", ");
                for deal in some {
                    list.push_bind(*deal);
                }
                select.push(") ORDER BY at DESC");
                select.build_query_as().fetch_all(db).await
            })?;
            for row in rows {
                questions.entry(row.deal.clone()).or_default().push(row);
            }
        }
        Ok(questions)
    }
}
