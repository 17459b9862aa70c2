//! Rows counted by the day of a moment: the one form of GROUP BY that is understood.
//!
//! `SELECT DAY_ONLY(m) a, COUNT(Id) b FROM … GROUP BY DAY_ONLY(m) ORDER BY DAY_ONLY(m) DESC LIMIT n`.
//! A grouped query has no pages: a limit beyond 2,000 rows, or none where there are more, is refused.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::plan::{Planner, View};
use super::query::PAGE;
use super::schema::{Cell, Kind};
use super::soql::Reader;

/// What is counted, and what the columns are called.
#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    path: String,
    /// The names of both columns; `expr0` and `expr1` where the query gives none.
    names: [String; 2],
    descending: bool,
}

impl Reader {
    /// After `SELECT DAY_ONLY`.
    pub(super) fn days(&mut self) -> Result<Days, Refusal> {
        let path = self.in_parentheses()?;
        let day = self.alias("expr0")?;
        self.must(",")?;
        self.must("COUNT")?;
        let counted = self.in_parentheses()?;
        if !counted.eq_ignore_ascii_case("Id") {
            return Err(Refusal::malformed_query("only COUNT(Id) is known here"));
        }
        Ok(Days {
            path,
            names: [day, self.alias("expr1")?],
            descending: false,
        })
    }

    /// After the conditions.
    pub(super) fn group_by_day(&mut self, days: &mut Days) -> Result<(), Refusal> {
        self.must("GROUP")?;
        self.must("BY")?;
        self.same_day(days)?;
        if self.takes("ORDER") {
            self.must("BY")?;
            self.same_day(days)?;
            days.descending = !self.takes("ASC") && self.takes("DESC");
        }
        Ok(())
    }

    fn same_day(&mut self, days: &Days) -> Result<(), Refusal> {
        self.must("DAY_ONLY")?;
        let path = self.in_parentheses()?;
        if path.eq_ignore_ascii_case(&days.path) {
            return Ok(());
        }
        Err(Refusal::malformed_query(format!(
            "field must be grouped or aggregated: {}",
            days.path
        )))
    }

    fn in_parentheses(&mut self) -> Result<String, Refusal> {
        self.must("(")?;
        let word = self.word()?;
        self.must(")")?;
        Ok(word)
    }

    fn alias(&mut self, otherwise: &str) -> Result<String, Refusal> {
        if self.is(",") || self.is("FROM") {
            return Ok(otherwise.to_owned());
        }
        self.word()
    }
}

/// Counts rows.
pub fn count(
    planner: &Planner<'_>,
    view: &View<'_>,
    (days, limit): (&Days, Option<usize>),
    rows: &[usize],
) -> Outcome {
    let get = planner.path(&days.path)?;
    if get.kind() != Kind::Moment {
        let why = format!("DAY_ONLY is not known for {}", days.path);
        return Err(Refusal::malformed_query(why));
    }
    let mut counts: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for n in rows {
        if let Cell::Stamp(seconds) = get.value(view, *n) {
            let moment = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            *counts.entry(moment.date_naive()).or_default() += 1;
        }
    }
    let most = limit.unwrap_or(counts.len());
    if most > PAGE {
        return Err(Refusal::new(
            400,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
             single batch",
        ));
    }
    let record = |(day, count): (NaiveDate, usize)| {
        json!({
            "attributes": {"type": "AggregateResult"},
            (days.names[0].as_str()): day.to_string(),
            (days.names[1].as_str()): count,
        })
    };
    let records: Vec<Value> = match days.descending {
        true => counts.into_iter().rev().take(most).map(record).collect(),
        false => counts.into_iter().take(most).map(record).collect(),
    };
    Ok(Answer::json(
        &json!({"totalSize": records.len(), "done": true, "records": records}),
    ))
}
