//! Deals where a talk would help: those with most at stake that the plan does not cover.
//!
//! Amounts of different currencies are not compared: forty million in one may be less than four
//! hundred thousand in another. So each currency gives its largest first, in turn, and none pushes
//! another out.

use chrono::NaiveDate;
use sqlx::{Database, Encode, QueryBuilder, Type, query_scalar};

use super::Result;
use super::board::{BoardRow, LOOKED_THROUGH, OPEN_DEALS, SHOWN, Way, count, joined};
use super::rows::one_of;
use super::tx::{Tx, sql};
use crate::domain::ids::ConnectionId;

/// What the index of the same name orders by, in its very words: what is at stake times what the
/// plan lacks.
pub const AT_STAKE: &str = "(COALESCE(amount, 0) * CASE
    WHEN grade IS NULL OR grade = 'No strategy yet' THEN 1.0
    WHEN grade = 'Not enough yet' THEN CASE WHEN state IN ('Stage moved on', 'Past check date', 'Getting old') THEN 1.0 ELSE 0.9 END
    WHEN grade = 'Thin' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 1.0 WHEN state = 'Getting old' THEN 0.9 ELSE 0.8 END
    WHEN grade = 'Developing' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.75 WHEN state = 'Getting old' THEN 0.6 ELSE 0.5 END
    WHEN grade = 'Solid' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.4 WHEN state = 'Getting old' THEN 0.25 ELSE 0.15 END
    WHEN state IN ('Stage moved on', 'Past check date') THEN 0.25 WHEN state = 'Getting old' THEN 0.1 ELSE 0.0 END)";

/// At least so many deals of a currency are looked through, however many currencies there are.
const LEAST_LOOKED_THROUGH: i64 = 500;

/// Every currency of open deals, one step of the index each, and none last.
const CURRENCIES: &str = "WITH RECURSIVE found(currency) AS (
       SELECT MIN(currency) FROM deal WHERE standing = 'open' AND gone_at IS NULL
         AND state IS NOT NULL AND connection = $1
     UNION ALL
       SELECT (SELECT MIN(d.currency) FROM deal d WHERE d.standing = 'open' AND d.gone_at IS NULL
         AND d.state IS NOT NULL AND d.connection = $1 AND d.currency > found.currency)
       FROM found WHERE found.currency IS NOT NULL)
     SELECT currency FROM found";

/// Whether a plan lacks enough for a talk to help.
const LACKS: &str = " AND (grade IS NULL OR grade IN ('Thin', 'Developing', 'Not enough yet')
     OR state IN ('Stage moved on', 'Past check date'))";

impl Tx {
    /// Deals that a talk might help: of all that close by a day, those with most at stake that the
    /// plan does not cover, each currency's largest first. At most `most` where all are of one
    /// currency, and of one currency at least its share of them.
    pub async fn talk_candidates(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
        until: NaiveDate,
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        for way in Way::of(sellers) {
            match way {
                Way::Gather => return self.gathered(connection, sellers, until, most).await,
                Way::LookThrough => {
                    let found: Vec<Option<String>> = sql!(&mut *self, db =>
                        query_scalar(CURRENCIES).bind(connection.as_str()).fetch_all(db).await)?;
                    let named = found.iter().flatten().count().max(1);
                    let share = most.div_ceil(named);
                    let each = i64::try_from(named).unwrap_or(i64::MAX);
                    let each = (LOOKED_THROUGH / each).max(LEAST_LOOKED_THROUGH);
                    let (mut rows, mut enough) = (Vec::new(), true);
                    for currency in &found {
                        let of = (currency.as_deref(), each);
                        let more = self.looked_through(connection, sellers, until, of, share);
                        let more = more.await?;
                        let few = more.len() < share;
                        enough &= !(few && self.more_than(connection, of).await?);
                        rows.extend(more);
                    }
                    if enough {
                        return Ok(rows);
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    /// Everything that these sellers have, put in order within each currency.
    async fn gathered(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
        until: NaiveDate,
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        sql!(&mut *self, db => {
            let mut select = QueryBuilder::new(SHOWN);
            select.push("(SELECT id, place FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY currency
                ORDER BY at_stake DESC, id) AS place FROM (SELECT id, close_on, currency, ");
            at_stake(&mut select, connection);
            select.push(LACKS);
            one_of(&mut select, "seller", sellers);
            select.push(" LIMIT ").push_bind(i64::MAX);
            select.push(") AS near WHERE (close_on IS NULL OR close_on <= ").push_bind(until).push(")");
            select.push(") AS placed ORDER BY place, id LIMIT ").push_bind(count(most));
            joined(&mut select, connection, "chosen.place, chosen.id");
            // Never kept prepared, for the reason the board's pages are not.
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// The first so many of a currency in order, whoever's they are, then those that fit.
    async fn looked_through(
        &mut self,
        connection: &ConnectionId,
        sellers: &[String],
        until: NaiveDate,
        (currency, looked): (Option<&str>, i64),
        most: usize,
    ) -> Result<Vec<BoardRow>> {
        sql!(&mut *self, db => {
            let mut select = QueryBuilder::new(SHOWN);
            select.push("(SELECT id, at_stake FROM (SELECT id, seller, close_on, grade, state, ");
            at_stake(&mut select, connection);
            in_currency(&mut select, currency);
            select.push(" ORDER BY ").push(AT_STAKE).push(" DESC, id LIMIT ").push_bind(looked);
            select.push(") AS near WHERE (close_on IS NULL OR close_on <= ").push_bind(until).push(")");
            select.push(LACKS);
            one_of(&mut select, "seller", sellers);
            select.push(" ORDER BY at_stake DESC, id LIMIT ").push_bind(count(most));
            joined(&mut select, connection, "chosen.at_stake DESC, chosen.id");
            select.build_query_as().persistent(false).fetch_all(db).await
        })
    }

    /// Whether more than so many open deals are in a currency.
    async fn more_than(
        &mut self,
        connection: &ConnectionId,
        (currency, looked): (Option<&str>, i64),
    ) -> Result<bool> {
        sql!(&mut *self, db => {
            let mut select = QueryBuilder::new("SELECT EXISTS (SELECT 1");
            select.push(OPEN_DEALS).push_bind(connection.as_str());
            in_currency(&mut select, currency);
            select.push(" LIMIT 1 OFFSET ").push_bind(looked).push(")");
            select.build_query_scalar().fetch_one(db).await
        })
    }
}

fn in_currency<'a, DB: Database>(select: &mut QueryBuilder<DB>, currency: Option<&'a str>)
where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    match currency {
        Some(code) => select.push(" AND currency = ").push_bind(code),
        None => select.push(" AND currency IS NULL"),
    };
}

fn at_stake<'a, DB: Database>(select: &mut QueryBuilder<DB>, connection: &'a ConnectionId)
where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    select.push(AT_STAKE).push(" AS at_stake").push(OPEN_DEALS);
    select.push_bind(connection.as_str());
}
