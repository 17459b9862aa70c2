//! As much of SOQL as a pull needs. Anything else is refused, so that no client is told something
//! it did not ask for.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};

/// A query over Opportunity, in the order of `(SystemModstamp, Id)`.
pub struct Soql {
    /// What is asked for, in order.
    pub columns: Vec<String>,
    /// Rows of this stamp or later; with an id, rows after exactly that place.
    pub from: Option<(DateTime<Utc>, Option<String>)>,
    /// Rows before this stamp.
    pub before: Option<DateTime<Utc>>,
    /// The most rows.
    pub limit: usize,
    /// How many rows each day has, in place of the rows.
    pub by_day: bool,
}

impl Soql {
    /// Reads a query.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let rest = text.trim().strip_prefix("SELECT ").context("SELECT")?;
        let (columns, rest) = rest.split_once(" FROM Opportunity").context("FROM")?;
        let (rest, limit) = match rest.split_once(" LIMIT ") {
            Some((rest, limit)) => (rest, limit.trim().parse()?),
            None => (rest, usize::MAX),
        };
        let (rest, order) = rest.split_once(" ORDER BY ").unwrap_or((rest, ""));
        let (rest, group) = rest.split_once(" GROUP BY ").unwrap_or((rest, ""));
        let by_day = group == "DAY_ONLY(SystemModstamp)";
        if !(group.is_empty() || by_day) {
            bail!("GROUP BY {group}");
        }
        if !by_day && !["", "SystemModstamp ASC, Id ASC"].contains(&order) {
            bail!("ORDER BY {order}");
        }
        let mut soql = Self {
            columns: columns.split(',').map(|it| it.trim().to_owned()).collect(),
            from: None,
            before: None,
            limit,
            by_day,
        };
        if let Some(conditions) = rest.trim().strip_prefix("WHERE ") {
            soql.conditions(conditions)?;
        }
        Ok(soql)
    }

    fn conditions(&mut self, text: &str) -> anyhow::Result<()> {
        let mut text = text.to_owned();
        // The place after a row: (SystemModstamp > T OR (SystemModstamp = T AND Id > 'X'))
        if let Some((before, rest)) = text.split_once("(SystemModstamp > ") {
            let (stamp, rest) = rest.split_once(" OR (SystemModstamp = ").context("OR")?;
            let (same, rest) = rest.split_once(" AND Id > '").context("Id")?;
            let (id, after) = rest.split_once("'))").context("'))")?;
            if same != stamp {
                bail!("two stamps");
            }
            self.from = Some((stamp.parse()?, Some(id.to_owned())));
            text = format!("{before}{after}");
        }
        for condition in text.split(" AND ").map(str::trim) {
            if let Some(stamp) = condition.strip_prefix("SystemModstamp >= ") {
                let stamp = stamp.parse()?;
                if self.from.is_none() {
                    self.from = Some((stamp, None));
                }
            } else if let Some(stamp) = condition.strip_prefix("SystemModstamp < ") {
                self.before = Some(stamp.parse()?);
            } else if !["", "IsClosed = false"].contains(&condition) {
                bail!("WHERE {condition}");
            }
        }
        Ok(())
    }
}
