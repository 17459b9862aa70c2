//! The board: open deals of some sellers, by close date, filtered, one page at a time.

use chrono::NaiveDate;
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::grade::Grade;
use crate::domain::ids::ConnectionId;

/// What is shown of the deals. An empty list filters nothing, except that of sellers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Whose deals: CRM ids. None of them, no deals.
    pub sellers: Vec<String>,
    /// Labels of grades; `No strategy yet` stands for those without any too.
    pub grades: Vec<String>,
    /// Labels of states.
    pub states: Vec<String>,
    /// Labels of weakest parts.
    pub weakest: Vec<String>,
    /// The CRM's ids of stages.
    pub stages: Vec<String>,
    /// Lowest and highest score.
    pub score: (Option<i64>, Option<i64>),
    /// Lowest and highest amount.
    pub amount: (Option<f64>, Option<f64>),
    /// First and last close date.
    pub close_on: (Option<NaiveDate>, Option<NaiveDate>),
}

/// Where a page begins: after this deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// Its close date; none once those without one are being listed.
    pub close_on: Option<NaiveDate>,
    /// Its id.
    pub id: String,
}

/// One deal on the board.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct BoardRow {
    /// The CRM's id.
    pub id: String,
    /// What the seller calls it.
    pub name: String,
    /// The customer.
    pub account: Option<String>,
    /// The CRM's id of the stage.
    pub stage: String,
    /// Value.
    pub amount: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// When it is expected to close.
    pub close_on: Option<NaiveDate>,
    /// The CRM's id of the owner.
    pub seller: Option<String>,
    /// The label of its grade.
    pub grade: Option<String>,
    /// Its score.
    pub score: Option<i64>,
    /// The label of its weakest part.
    pub weakest: Option<String>,
    /// The label of its state.
    pub state: Option<String>,
}

/// From so many sellers on, deals are looked through in the order they are shown in, rather than
/// fetched seller by seller and then put in order.
const LARGE_TEAM: usize = 100;

/// Whose deals: as a column that an index finds, or as one that leaves the order to another index.
fn seller_column(sellers: &[String]) -> &'static str {
    match sellers.len() {
        ..LARGE_TEAM => "seller",
        _ => "(seller || '')",
    }
}

const COLUMNS: &str = "SELECT id, name, account, stage, amount, currency, close_on, seller, grade,
    score, weakest, state FROM deal WHERE connection = ";

impl Tx {
    /// A page of at most `most` deals, soonest to close first; those without a date come last.
    pub async fn board(
        &mut self,
        connection: &ConnectionId,
        filter: &Filter,
        after: Option<&After>,
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        let mut rows: Vec<BoardRow> = Vec::new();
        if filter.sellers.is_empty() {
            return Ok(rows);
        }
        if after.is_none_or(|after| after.close_on.is_some()) {
            rows = self.page(connection, filter, (true, after), most).await?;
        }
        let dated_only = filter.close_on.0.is_some() || filter.close_on.1.is_some();
        if rows.len() < most && !dated_only {
            let after = after.filter(|after| after.close_on.is_none());
            let rest = most - rows.len();
            rows.extend(self.page(connection, filter, (false, after), rest).await?);
        }
        Ok(rows)
    }

    /// Deals that a talk might help: not thought through, not far away, the largest first.
    pub async fn talk_candidates(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
        until: NaiveDate,
        most: i64,
    ) -> Result<Vec<BoardRow>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(COLUMNS);
            select.push_bind(connection.as_str());
            select.push(
                " AND standing = 'open' AND gone_at IS NULL
                  AND (grade IS NULL OR grade IN ('Thin', 'Developing', 'Not enough yet')
                       OR state IN ('Stage moved on', 'Past check date'))",
            );
            one_of(&mut select, seller_column(sellers), sellers);
            select.push(" AND close_on <= ").push_bind(until);
            select.push(" ORDER BY amount DESC NULLS LAST, id LIMIT ").push_bind(most);
            select.build_query_as().fetch_all(db).await
        })
    }

    async fn page(
        &mut self,
        connection: &ConnectionId,
        filter: &Filter,
        (dated, after): (bool, Option<&After>),
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        sql!(self, db => {
            let mut select = QueryBuilder::new(COLUMNS);
            select.push_bind(connection.as_str());
            select.push(" AND standing = 'open' AND gone_at IS NULL");
            one_of(&mut select, seller_column(&filter.sellers), &filter.sellers);
            one_of(&mut select, "stage", &filter.stages);
            one_of(&mut select, "state", &filter.states);
            one_of(&mut select, "weakest", &filter.weakest);
            if filter.grades.iter().any(|it| it == Grade::NoStrategyYet.label()) {
                one_of(&mut select, "COALESCE(grade, 'No strategy yet')", &filter.grades);
            } else {
                one_of(&mut select, "grade", &filter.grades);
            }
            between(&mut select, "score", filter.score);
            between(&mut select, "amount", filter.amount);
            between(&mut select, "close_on", filter.close_on);
            match (dated, after) {
                (true, Some(After { close_on: Some(date), id })) => {
                    select.push(" AND (close_on, id) > (").push_bind(*date);
                    select.push(", ").push_bind(id.as_str()).push(")");
                }
                (true, _) => {
                    select.push(" AND close_on IS NOT NULL");
                }
                (false, after) => {
                    select.push(" AND close_on IS NULL");
                    if let Some(after) = after {
                        select.push(" AND id > ").push_bind(after.id.as_str());
                    }
                }
            }
            select.push(if dated { " ORDER BY close_on, id" } else { " ORDER BY id" });
            select.push(" LIMIT ").push_bind(most);
            select.build_query_as().fetch_all(db).await
        })
    }
}

fn one_of<'a, DB: Database>(
    select: &mut QueryBuilder<DB>,
    column: &'static str,
    values: &'a [String],
) where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    if values.is_empty() {
        return;
    }
    select.push(" AND ").push(column).push(" IN (");
    let mut list = select.separated(", ");
    for value in values {
        list.push_bind(value.as_str());
    }
    select.push(")");
}

fn between<'a, DB: Database, T>(
    select: &mut QueryBuilder<DB>,
    column: &'static str,
    (from, to): (Option<T>, Option<T>),
) where
    T: Encode<'a, DB> + Type<DB> + Send + 'a,
{
    if let Some(from) = from {
        select
            .push(" AND ")
            .push(column)
            .push(" >= ")
            .push_bind(from);
    }
    if let Some(to) = to {
        select.push(" AND ").push(column).push(" <= ").push_bind(to);
    }
}
