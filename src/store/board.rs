//! The board: open deals of some sellers, by close date, filtered, one page at a time.
//!
//! Over a million deals it must answer at once, for a manager of ten as for a director over a
//! thousand, on either database and without statistics: `benches/web` measures it.

use chrono::NaiveDate;
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::Result;
use super::rows::one_of;
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

/// From so many sellers on, deals are looked through in the order they are shown in.
const LARGE_TEAM: usize = 100;
/// Where so many of them hold too few that fit, those of each seller are gathered after all.
pub(super) const LOOKED_THROUGH: i64 = 5_000;

/// How the deals of a page are found. Either way an index alone answers; then only the rows that
/// are shown are read. A `LIMIT` inside keeps either database from mixing the two steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Everything of each seller that fits, then put in order: costs what these sellers have.
    Gather,
    /// The first so many in order, whoever's they are, then those that fit: costs the same for
    /// however many sellers, but may find too few.
    LookThrough,
}

impl Way {
    /// The ways to try for so many sellers, one after the other.
    pub(super) fn of(sellers: &[String]) -> &'static [Self] {
        match sellers.len() {
            0 => &[],
            1..LARGE_TEAM => &[Self::Gather],
            _ => &[Self::LookThrough, Self::Gather],
        }
    }

    fn most(self) -> i64 {
        match self {
            Self::Gather => i64::MAX,
            Self::LookThrough => LOOKED_THROUGH,
        }
    }
}

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
        for way in Way::of(&filter.sellers) {
            rows = self.page(connection, filter, (*way, after), most).await?;
            if rows.len() >= most {
                break;
            }
        }
        Ok(rows)
    }

    async fn page(
        &mut self,
        connection: &ConnectionId,
        filter: &Filter,
        (way, after): (Way, Option<&After>),
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(SHOWN);
            select.push(
                "(SELECT id, close_on FROM (SELECT id, close_on, seller, stage, grade, state,
                 weakest, score, amount",
            );
            select.push(OPEN_DEALS).push_bind(connection.as_str());
            if way == Way::LookThrough {
                // In the index's own order. Those without a date come when everything is gathered,
                // which fewer than asked for lead to.
                between(&mut select, "close_on", filter.close_on);
                from_place(&mut select, after, way);
                select.push(" ORDER BY close_on, id");
                fence(&mut select, way);
                fitting(&mut select, filter);
            } else {
                fitting(&mut select, filter);
                fence(&mut select, way);
                between(&mut select, "close_on", filter.close_on);
                from_place(&mut select, after, way);
            }
            select.push(" ORDER BY close_on IS NULL, close_on, id LIMIT ").push_bind(count(most));
            joined(&mut select, connection, "chosen.close_on IS NULL, chosen.close_on, chosen.id");
            // Never kept prepared: as many shapes as teams have sizes, and PostgreSQL would
            // plan for any sellers rather than for these.
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }
}

pub(super) const SHOWN: &str =
    "SELECT d.id, d.name, d.account, d.stage, d.amount, d.currency, d.close_on,
    d.seller, d.grade, d.score, d.weakest, d.state FROM ";
pub(super) const OPEN_DEALS: &str = " FROM deal WHERE standing = 'open' AND gone_at IS NULL
    AND state IS NOT NULL AND connection = ";

pub(super) fn count(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Ends the inner statement; what follows is asked of its rows.
fn fence<DB: Database>(select: &mut QueryBuilder<DB>, way: Way)
where
    i64: for<'a> Encode<'a, DB> + Type<DB>,
{
    select.push(" LIMIT ").push_bind(way.most());
    select.push(") AS near WHERE TRUE");
}

/// The whole rows of the chosen deals.
pub(super) fn joined<'a, DB: Database>(
    select: &mut QueryBuilder<DB>,
    connection: &'a ConnectionId,
    order: &'static str,
) where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    select.push(") AS chosen JOIN deal d ON d.id = chosen.id AND d.connection = ");
    select.push_bind(connection.as_str());
    select.push(" ORDER BY ").push(order);
}

fn fitting<'a, DB: Database>(select: &mut QueryBuilder<DB>, filter: &'a Filter)
where
    &'a str: Encode<'a, DB> + Type<DB>,
    i64: Encode<'a, DB> + Type<DB>,
    f64: Encode<'a, DB> + Type<DB>,
{
    one_of(select, "seller", &filter.sellers);
    one_of(select, "stage", &filter.stages);
    one_of(select, "state", &filter.states);
    one_of(select, "weakest", &filter.weakest);
    let none_yet = Grade::NoStrategyYet.label();
    if filter.grades.iter().any(|it| it == none_yet) {
        one_of(select, "COALESCE(grade, 'No strategy yet')", &filter.grades);
    } else {
        one_of(select, "grade", &filter.grades);
    }
    between(select, "score", filter.score);
    between(select, "amount", filter.amount);
}

/// What comes after a place: those with a date first, which is all that is looked through.
fn from_place<'a, DB: Database>(select: &mut QueryBuilder<DB>, after: Option<&'a After>, way: Way)
where
    &'a str: Encode<'a, DB> + Type<DB>,
    NaiveDate: Encode<'a, DB> + Type<DB>,
{
    let undated = match way {
        Way::Gather => "close_on IS NULL OR ",
        Way::LookThrough => "",
    };
    match (after, way) {
        (None, Way::Gather) => {}
        (None, Way::LookThrough) => {
            select.push(" AND close_on IS NOT NULL");
        }
        (Some(After { close_on: None, id }), _) => {
            select
                .push(" AND close_on IS NULL AND id > ")
                .push_bind(id.as_str());
        }
        (
            Some(After {
                close_on: Some(date),
                id,
            }),
            _,
        ) => {
            select
                .push(" AND (")
                .push(undated)
                .push("(close_on, id) > (")
                .push_bind(*date);
            select.push(", ").push_bind(id.as_str()).push("))");
        }
    }
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
