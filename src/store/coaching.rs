//! What passes between a manager and a seller about a deal: when they spoke, help offered, another
//! view, what the manager promised the team; and who opened a seller's strategy.

use chrono::NaiveDate;
use sqlx::{FromRow, QueryBuilder, query, query_as};

use super::Result;
use super::rows::ROWS;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// When two people last spoke about a deal, and how it stood then.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Talk {
    /// When.
    pub at: Time,
    /// The strategy version then; 0 for none.
    pub version: i64,
    /// The CRM's id of the stage then.
    pub stage: String,
    /// The amount then.
    pub amount: Option<f64>,
    /// The close date then.
    pub close_on: Option<NaiveDate>,
    /// The label of the grade then.
    pub grade: Option<String>,
}

/// What a manager said about a deal.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Word {
    /// When.
    pub at: Time,
    /// The CRM's id of who said it.
    pub person: String,
    /// `help` or `view`.
    pub kind: String,
    /// What was said.
    pub text: String,
}

/// A deal whose seller published after someone's question.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct AnsweredQuestion {
    /// The CRM's id of the deal.
    pub deal: String,
    /// What it is called.
    pub name: String,
    /// The CRM's id of its seller.
    pub seller: Option<String>,
    /// When they published first after it.
    pub at: Time,
}

#[derive(FromRow)]
struct WordOf {
    deal: String,
    #[sqlx(flatten)]
    word: Word,
}

/// What a manager promises the team.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct TeamPromise {
    /// Since when.
    pub at: Time,
    /// Business days to a real answer.
    pub answer_days: i64,
    /// In the manager's own words.
    pub text: String,
}

/// Someone who opened a seller's strategy.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Opening {
    /// The CRM's id of who.
    pub person: String,
    /// Display name.
    pub name: String,
    /// When last.
    pub at: Time,
}

impl Tx {
    /// Notes that someone spoke with the seller about a deal.
    pub async fn save_talk(
        &mut self,
        connection: &ConnectionId,
        (deal, person): (&str, &str),
        talk: &Talk,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO talk (connection, deal, person, at, version, stage, amount, close_on, grade)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (connection, deal, person) DO UPDATE SET at = excluded.at,
             version = excluded.version, stage = excluded.stage, amount = excluded.amount,
             close_on = excluded.close_on, grade = excluded.grade",
        ).bind(connection.as_str()).bind(deal).bind(person).bind(talk.at).bind(talk.version)
            .bind(&talk.stage).bind(talk.amount).bind(talk.close_on).bind(&talk.grade)
            .execute(db).await.map(drop))
    }

    /// When someone last spoke with the seller about a deal.
    pub async fn talk(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
        person: &str,
    ) -> Result<Option<Talk>> {
        sql!(self, db => query_as(
            "SELECT at, version, stage, amount, close_on, grade FROM talk
             WHERE connection = $1 AND deal = $2 AND person = $3",
        ).bind(connection.as_str()).bind(deal).bind(person).fetch_optional(db).await)
    }

    /// Adds what a manager said about a deal.
    pub async fn add_word(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
        word: &Word,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO manager_word (connection, deal, at, person, kind, text)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        ).bind(connection.as_str()).bind(deal).bind(word.at).bind(&word.person).bind(&word.kind)
            .bind(&word.text).execute(db).await.map(drop))
    }

    /// What managers said about a deal, newest first.
    pub async fn words(&mut self, connection: &ConnectionId, deal: &str) -> Result<Vec<Word>> {
        sql!(self, db => query_as(
            "SELECT at, person, kind, text FROM manager_word
             WHERE connection = $1 AND deal = $2 ORDER BY at DESC",
        ).bind(connection.as_str()).bind(deal).fetch_all(db).await)
    }

    /// The same, of what its seller has not put away.
    pub async fn words_to_read(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
    ) -> Result<Vec<Word>> {
        sql!(self, db => query_as(
            "SELECT at, person, kind, text FROM manager_word
             WHERE connection = $1 AND deal = $2 AND put_away_at IS NULL ORDER BY at DESC",
        ).bind(connection.as_str()).bind(deal).fetch_all(db).await)
    }

    /// Notes that the seller of a deal has put away what was said at a moment.
    pub async fn put_word_away(
        &mut self,
        connection: &ConnectionId,
        (deal, at): (&str, Time),
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE manager_word SET put_away_at = $4
             WHERE connection = $1 AND deal = $2 AND at = $3 AND put_away_at IS NULL",
        ).bind(connection.as_str()).bind(deal).bind(at).bind(now).execute(db).await.map(drop))
    }

    /// What managers said lately about any of these deals and their seller has not put away, newest
    /// first, each with its deal.
    pub async fn words_since(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
        since: Time,
    ) -> Result<Vec<(String, Word)>> {
        let mut words = Vec::new();
        for some in deals.chunks(ROWS) {
            let rows: Vec<WordOf> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT deal, at, person, kind, text FROM manager_word WHERE connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND at > ").push_bind(since);
                select.push(" AND deal IN (");
                let mut list = select.separated(", ");
                for deal in some {
                    list.push_bind(*deal);
                }
                select.push(") AND put_away_at IS NULL ORDER BY at DESC");
                select.build_query_as().fetch_all(db).await
            })?;
            words.extend(rows.into_iter().map(|it| (it.deal, it.word)));
        }
        Ok(words)
    }

    /// The deals on which a person's last question was answered since then, the latest first.
    pub async fn answered(
        &mut self,
        connection: &ConnectionId,
        author: &str,
        since: Time,
    ) -> Result<Vec<AnsweredQuestion>> {
        sql!(self, db => query_as(
            "SELECT d.id AS deal, d.name, d.seller, MIN(v.at) AS at FROM deal d
             JOIN (SELECT deal, MAX(at) AS at FROM question WHERE connection = $1 AND author = $2
               GROUP BY deal) q ON q.deal = d.id
             JOIN strategy_version v ON v.connection = d.connection AND v.deal = d.id AND v.at > q.at
             WHERE d.connection = $1 AND d.gone_at IS NULL AND d.standing = 'open'
             GROUP BY d.id, d.name, d.seller HAVING MIN(v.at) > $3
             ORDER BY MIN(v.at) DESC, d.id",
        ).bind(connection.as_str()).bind(author).bind(since).fetch_all(db).await)
    }

    /// Adds what a manager promises the team; it stands from now.
    pub async fn add_team_promise(
        &mut self,
        connection: &ConnectionId,
        person: &str,
        promise: &TeamPromise,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO team_promise (connection, person, at, answer_days, text)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (connection, person, at) DO UPDATE SET
             answer_days = excluded.answer_days, text = excluded.text",
        ).bind(connection.as_str()).bind(person).bind(promise.at).bind(promise.answer_days)
            .bind(&promise.text).execute(db).await.map(drop))
    }

    /// What a manager promises the team now.
    pub async fn team_promise(
        &mut self,
        connection: &ConnectionId,
        person: &str,
    ) -> Result<Option<TeamPromise>> {
        sql!(self, db => query_as(
            "SELECT at, answer_days, text FROM team_promise
             WHERE connection = $1 AND person = $2 ORDER BY at DESC LIMIT 1",
        ).bind(connection.as_str()).bind(person).fetch_optional(db).await)
    }

    /// Notes that someone opened a seller's strategy.
    pub async fn save_opening(
        &mut self,
        connection: &ConnectionId,
        (deal, person): (&str, &str),
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO opening (connection, deal, person, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection, deal, person) DO UPDATE SET at = excluded.at",
        ).bind(connection.as_str()).bind(deal).bind(person).bind(now).execute(db).await.map(drop))
    }

    /// Who opened a strategy, latest first. Not how often.
    pub async fn openings(
        &mut self,
        connection: &ConnectionId,
        deal: &str,
    ) -> Result<Vec<Opening>> {
        sql!(self, db => query_as(
            "SELECT o.person, COALESCE(p.name, o.person) AS name, o.at FROM opening o
             LEFT JOIN person p ON p.connection = o.connection AND p.id = o.person
             WHERE o.connection = $1 AND o.deal = $2 ORDER BY o.at DESC, o.person",
        ).bind(connection.as_str()).bind(deal).fetch_all(db).await)
    }
}
