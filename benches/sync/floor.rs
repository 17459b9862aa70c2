//! Floors: the least a client can do. One connection, one thread, straight on; the same bytes from
//! the same server, the same rows into the same tables, no thought about what they mean.

use std::collections::BTreeMap;

use anyhow::Context;
use latitude::domain::strategy::Answers;
use latitude::http;
use reqwest::{Method, Request};
use rusqlite::params;
use serde::Deserialize;
use serde_json::Value;
use sqlx::Connection as _;

use super::measure::{Taken, Watch};
use super::setting::Setting;

/// An answer as the floor reads it: typed, into text and numbers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    records: Vec<Row>,
    next_records_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    name: String,
    stage_name: String,
    amount: Option<f64>,
    currency_iso_code: Option<String>,
    close_date: Option<String>,
    owner_id: Option<String>,
    account: Option<Account>,
    #[serde(rename = "Latitude_Customer_Outcome__c")]
    customer_outcome: Option<String>,
    #[serde(rename = "Latitude_Conversation_Goal__c")]
    conversation_goal: Option<String>,
    #[serde(rename = "Latitude_Approach__c")]
    approach: Option<String>,
    #[serde(rename = "Latitude_Obstacles__c")]
    obstacles: Option<String>,
    #[serde(rename = "Latitude_Need__c")]
    need: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: Option<String>,
}

impl Row {
    /// The answers as they are kept, where there are any.
    fn answers(&self) -> Option<String> {
        self.customer_outcome.as_ref().or(self.approach.as_ref())?;
        let answers = Answers {
            customer_outcome: self.customer_outcome.clone().unwrap_or_default(),
            conversation_goal: self.conversation_goal.clone().unwrap_or_default(),
            approach: self.approach.clone().unwrap_or_default(),
            obstacles: self.obstacles.clone().unwrap_or_default(),
            check_on: None,
            need: self.need.clone().unwrap_or_default(),
        };
        serde_json::to_string(&answers).ok()
    }
}

/// What a floor does with a page.
pub enum Keep {
    /// Nothing: how fast the server is.
    Bytes,
    /// Into SQLite.
    Sqlite(rusqlite::Connection),
    /// Into PostgreSQL.
    Postgres(sqlx::PgConnection),
}

/// A mark is as long as Latitude's.
const MARK: &str = "0123456789abcdef01234567";
const STAMP: &str = "2026-11-01T00:00:00+00:00";

const DEAL: &str = "INSERT INTO deal (connection, id, name, account, stage, amount, currency,
    close_on, seller, standing, seen_mark, answers_mark, question_mark, seen_at, look_at, version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open', ?10, ?10, ?10, ?11, ?11, ?12)
    ON CONFLICT (connection, id) DO UPDATE SET name = excluded.name, stage = excluded.stage,
    amount = excluded.amount, close_on = excluded.close_on, seen_mark = excluded.seen_mark";
const VERSION: &str = "INSERT INTO strategy_version (connection, deal, version, answers, source,
    author, at, stage, amount, close_on) VALUES (?1, ?2, 1, ?3, 'crm', ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO NOTHING";

/// Pulls everything with a bare client, by the server's own locators.
pub async fn pull(setting: &Setting, soql: &str, mut keep: Keep) -> anyhow::Result<Taken> {
    let client = http::client();
    let watch = Watch::start()?;
    let mut rows = 0;
    let mut url = format!("{}/services/data/v67.0/query", setting.crm);
    let mut first = Some(soql);
    loop {
        let mut address = url::Url::parse(&url)?;
        if let Some(soql) = first.take() {
            address.query_pairs_mut().append_pair("q", soql);
        }
        let answer = client.execute(Request::new(Method::GET, address)).await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        let body = answer.bytes().await?;
        let next = if let Keep::Bytes = keep {
            rows += body.len() as u64;
            locator(&body)
        } else {
            let page: Answer = serde_json::from_slice(&body)?;
            drop(body);
            rows += page.records.len() as u64;
            match &mut keep {
                Keep::Bytes => {}
                Keep::Sqlite(db) => into_sqlite(db, &page.records)?,
                Keep::Postgres(db) => into_postgres(db, &page.records).await?,
            }
            page.next_records_url
        };
        match next {
            Some(next) => url = format!("{}{next}", setting.crm),
            None => break,
        }
    }
    watch.stop(rows)
}

/// The next page's address, from the head of an answer.
fn locator(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(body.get(..200.min(body.len()))?);
    let (_, rest) = head.split_once("\"nextRecordsUrl\":\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// A row at a time, prepared once, a transaction a page: nothing is faster there.
fn into_sqlite(db: &mut rusqlite::Connection, rows: &[Row]) -> anyhow::Result<()> {
    let tx = db.transaction()?;
    {
        let mut deal = tx.prepare(DEAL)?;
        let mut version = tx.prepare(VERSION)?;
        for row in rows {
            let answers = row.answers();
            deal.execute(params![
                super::setting::CONNECTION,
                row.id,
                row.name,
                row.account.as_ref().and_then(|it| it.name.as_ref()),
                row.stage_name,
                row.amount,
                row.currency_iso_code,
                row.close_date,
                row.owner_id,
                MARK,
                STAMP,
                i64::from(answers.is_some()),
            ])?;
            if let Some(answers) = answers {
                version.execute(params![
                    super::setting::CONNECTION,
                    row.id,
                    answers,
                    row.owner_id,
                    STAMP,
                    row.stage_name,
                    row.amount,
                    row.close_date,
                ])?;
            }
        }
    }
    Ok(tx.commit()?)
}

/// A statement a table and page, each column an array.
async fn into_postgres(db: &mut sqlx::PgConnection, rows: &[Row]) -> anyhow::Result<()> {
    let column = |of: fn(&Row) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
    let amounts: Vec<Option<f64>> = rows.iter().map(|row| row.amount).collect();
    let answers: Vec<Option<String>> = rows.iter().map(Row::answers).collect();
    let mut tx = db.begin().await?;
    sqlx::query(
        "INSERT INTO deal (connection, id, name, account, stage, amount, currency, close_on,
         seller, standing, seen_mark, answers_mark, question_mark, seen_at, look_at, version)
         SELECT $1, id, name, account, stage, amount, currency, close_on::date, seller, 'open',
         $2, $2, $2, $3::timestamptz, $3::timestamptz, version
         FROM UNNEST($4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::text[],
           $10::text[], $11::text[], $12::bigint[])
           AS page (id, name, account, stage, amount, currency, close_on, seller, version)
         ON CONFLICT (connection, id) DO UPDATE SET name = excluded.name, stage = excluded.stage,
         amount = excluded.amount, close_on = excluded.close_on, seen_mark = excluded.seen_mark",
    )
    .bind(super::setting::CONNECTION)
    .bind(MARK)
    .bind(STAMP)
    .bind(column(|row| Some(row.id.clone())))
    .bind(column(|row| Some(row.name.clone())))
    .bind(column(|row| row.account.as_ref()?.name.clone()))
    .bind(column(|row| Some(row.stage_name.clone())))
    .bind(&amounts)
    .bind(column(|row| row.currency_iso_code.clone()))
    .bind(column(|row| row.close_date.clone()))
    .bind(column(|row| row.owner_id.clone()))
    .bind(
        answers
            .iter()
            .map(|it| i64::from(it.is_some()))
            .collect::<Vec<_>>(),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO strategy_version (connection, deal, version, answers, source, author, at,
         stage, amount, close_on)
         SELECT $1, id, 1, answers::jsonb, 'crm', seller, $2::timestamptz, stage, amount,
         close_on::date
         FROM UNNEST($3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::text[])
           AS page (id, answers, seller, stage, amount, close_on)
         WHERE answers IS NOT NULL ON CONFLICT DO NOTHING",
    )
    .bind(super::setting::CONNECTION)
    .bind(STAMP)
    .bind(column(|row| Some(row.id.clone())))
    .bind(&answers)
    .bind(column(|row| row.owner_id.clone()))
    .bind(column(|row| Some(row.stage_name.clone())))
    .bind(&amounts)
    .bind(column(|row| row.close_date.clone()))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Sends the write bodies that the stand-in has kept once more, one after the other, with nothing
/// remembered about them.
pub async fn write(setting: &Setting) -> anyhow::Result<Taken> {
    let client = http::client();
    let stats = setting.stats().await?;
    let many = stats["bodies"].as_u64().context("bodies")?;
    let mut bodies = Vec::new();
    for n in 0..many {
        let address = format!("{}/__standin/written/{n}", setting.crm).parse()?;
        let answer = client.execute(Request::new(Method::GET, address)).await?;
        bodies.push(answer.bytes().await?);
    }
    let watch = Watch::start()?;
    let mut saved = 0_usize;
    for body in bodies {
        let composite = body
            .windows(18)
            .take(4000)
            .any(|it| it == b"\"compositeRequest\"");
        let composite = composite || body.starts_with(b"{\"allOrNone\":false,\"compositeRequest");
        let (method, path) = match composite {
            true => (Method::POST, "composite"),
            false => (Method::PATCH, "composite/sobjects"),
        };
        let address = format!("{}/services/data/v67.0/{path}", setting.crm).parse()?;
        let mut request = Request::new(method, address);
        *request.body_mut() = Some(body.into());
        let answer = client.execute(request).await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        let told: Value = serde_json::from_slice(&answer.bytes().await?)?;
        saved += match told.get("compositeResponse") {
            Some(Value::Array(parts)) => parts
                .iter()
                .filter_map(|part| part["body"].as_array())
                .map(Vec::len)
                .sum::<usize>(),
            _ => told.as_array().map_or(0, Vec::len),
        };
    }
    watch.stop(saved as u64)
}

/// The column list of a full pull, as Latitude asks for it.
pub fn soql(fields: &BTreeMap<String, String>) -> String {
    let ours: Vec<&str> = fields.values().map(String::as_str).collect();
    format!(
        "SELECT Id, SystemModstamp, LastModifiedDate, Name, StageName, Amount, CloseDate, OwnerId, \
         Account.Name, IsClosed, IsWon, CurrencyIsoCode, {} FROM Opportunity \
         WHERE IsClosed = false ORDER BY SystemModstamp ASC, Id ASC",
        ours.join(", ")
    )
}
