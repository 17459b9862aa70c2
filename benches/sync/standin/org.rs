//! The deals, made of their number: the same on every machine. Three in ten carry a strategy, in
//! the words of people who were asked to write one.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use latitude::domain::strategy::{Answers, Part};
use latitude::ops::evaluate::rated;

use super::soql::Soql;

/// The stamps begin so long ago …
const DAYS: i64 = 300;
/// … and end so long ago.
const LAST_DAYS: i64 = 2;
/// Sellers; each has so many deals.
const DEALS_A_SELLER: usize = 20;
const STAGES: [&str; 6] = [
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
];

static PLANS: LazyLock<Vec<Answers>> = LazyLock::new(|| {
    let set = rated(&include_bytes!("../../../rated/fit.jsonl")[..]).unwrap_or_default();
    set.into_iter().map(|rated| rated.answers).collect()
});

/// A deal: its place in the changes, and its number.
struct Row {
    stamp: DateTime<Utc>,
    n: usize,
    changed: bool,
}

/// The organisation.
pub struct Org {
    rows: Vec<Row>,
}

/// Fifteen letters and the three that check them, as documented.
pub fn id(prefix: &str, n: usize) -> String {
    let fifteen = format!("{prefix}{n:012}");
    let check = fifteen.as_bytes().chunks(5).map(|five| {
        let bits = five.iter().enumerate();
        let place: usize = bits
            .map(|(bit, letter)| usize::from(letter.is_ascii_uppercase()) << bit)
            .sum();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[place])
    });
    let check: String = check.collect();
    fifteen + &check
}

impl Org {
    /// So many deals, last changed over the year before `now`.
    pub fn new(deals: usize, now: DateTime<Utc>) -> Self {
        let span = TimeDelta::days(DAYS - LAST_DAYS).num_seconds();
        let from = (now - TimeDelta::days(DAYS)).timestamp();
        let rows = (0..deals).map(|n| Row {
            stamp: DateTime::from_timestamp(from + span * n as i64 / deals as i64, 0)
                .unwrap_or_default(),
            n,
            changed: false,
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// One deal in so many changes, within the last minute.
    pub fn touch(&mut self, every: usize, now: DateTime<Utc>) {
        for row in self
            .rows
            .iter_mut()
            .filter(|row| row.n.is_multiple_of(every))
        {
            let ago = TimeDelta::seconds((row.n / every % 60) as i64);
            row.stamp = DateTime::from_timestamp((now - ago).timestamp(), 0).unwrap_or_default();
            row.changed = true;
        }
        self.rows.sort_by_key(|row| (row.stamp, row.n));
    }

    /// Where the rows of a query are, so many at most.
    pub fn range(&self, soql: &Soql, most: usize) -> Range<usize> {
        let start = soql.from.as_ref().map_or(0, |(stamp, after)| {
            self.rows.partition_point(|row| match after {
                None => row.stamp < *stamp,
                Some(after) => (row.stamp, id("006", row.n)) <= (*stamp, after.clone()),
            })
        });
        let end = soql.before.map_or(self.rows.len(), |before| {
            self.rows.partition_point(|row| row.stamp < before)
        });
        start..end.max(start).min(start.saturating_add(most))
    }

    /// How many rows each day has.
    pub fn by_day(&self, soql: &Soql) -> Vec<u8> {
        let mut days = std::collections::BTreeMap::<chrono::NaiveDate, usize>::new();
        for row in &self.rows[self.range(soql, usize::MAX)] {
            *days.entry(row.stamp.date_naive()).or_default() += 1;
        }
        let named = soql.columns.iter().filter_map(|it| it.split_once(' '));
        let names: Vec<&str> = named.map(|(_, name)| name).collect();
        let days = days.into_iter().rev().take(soql.limit).map(|(day, deals)| {
            serde_json::json!({
                "attributes": {"type": "AggregateResult"},
                (names.first().copied().unwrap_or("expr0")): day.to_string(),
                (names.get(1).copied().unwrap_or("expr1")): deals,
            })
        });
        let records: Vec<serde_json::Value> = days.collect();
        serde_json::json!({"totalSize": records.len(), "done": true, "records": records})
            .to_string()
            .into_bytes()
    }

    /// A page as documented: how many there are, whether that was all, the rows.
    pub fn render(
        &self,
        soql: &Soql,
        (total, rows): (usize, Range<usize>),
        next: Option<&str>,
    ) -> Vec<u8> {
        let mut page = format!("{{\"totalSize\":{total},\"done\":{}", next.is_none());
        if let Some(next) = next {
            page.push_str(&format!(
                ",\"nextRecordsUrl\":\"/services/data/v67.0/query/{next}\""
            ));
        }
        page.push_str(",\"records\":[");
        for (n, row) in self.rows[rows].iter().enumerate() {
            if n > 0 {
                page.push(',');
            }
            row.render(&soql.columns, &mut page);
        }
        page.push_str("]}");
        page.into_bytes()
    }
}

impl Row {
    fn render(&self, columns: &[String], page: &mut String) {
        let id = id("006", self.n);
        write_to(
            page,
            format_args!(
                "{{\"attributes\":{{\"type\":\"Opportunity\",\"url\":\"/services/data/v67.0/sobjects/Opportunity/{id}\"}}"
            ),
        );
        for column in columns {
            if column == "Account.Name" {
                let n = self.n % 9001;
                write_to(
                    page,
                    format_args!(
                        ",\"Account\":{{\"attributes\":{{\"type\":\"Account\",\"url\":\"/services/data/v67.0/sobjects/Account/{}\"}},\"Name\":\"Grüner & Sons {n}\"}}",
                        self::id("001", n)
                    ),
                );
                continue;
            }
            write_to(page, format_args!(",\"{column}\":"));
            self.value(column, &id, page);
        }
        page.push('}');
    }

    fn value(&self, column: &str, id: &str, page: &mut String) {
        let n = self.n;
        let stamp = || self.stamp.format("\"%Y-%m-%dT%H:%M:%S.000+0000\"");
        match column {
            "Id" => write_to(page, format_args!("\"{id}\"")),
            "SystemModstamp" | "LastModifiedDate" => write_to(page, format_args!("{}", stamp())),
            "Name" => write_to(page, format_args!("\"Renewal and extension, site {n}\"")),
            "StageName" => write_to(page, format_args!("\"{}\"", STAGES[n % STAGES.len()])),
            "Amount" => {
                let amount = (n * 7919 % 500_000) + usize::from(self.changed);
                write_to(page, format_args!("{amount}.0"));
            }
            "CloseDate" => {
                let date = self.stamp.date_naive() + TimeDelta::days(320 + (n % 90) as i64);
                write_to(page, format_args!("\"{date}\""));
            }
            "OwnerId" => {
                let seller = self::id("005", n / DEALS_A_SELLER);
                write_to(page, format_args!("\"{seller}\""));
            }
            "CurrencyIsoCode" => page.push_str("\"EUR\""),
            "IsClosed" | "IsWon" | "IsDeleted" => page.push_str("false"),
            ours => match self.answer(ours) {
                Some(text) => {
                    page.push_str(&serde_json::to_string(&text).unwrap_or_default());
                }
                None => page.push_str("null"),
            },
        }
    }

    /// What the seller wrote into one of our fields; three deals in ten have something.
    fn answer(&self, column: &str) -> Option<String> {
        let n = self.n;
        if n % 10 >= 3 {
            return None;
        }
        let plan = &PLANS[n % PLANS.len()];
        let part = Part::ALL.into_iter().find(|part| {
            column
                .to_ascii_lowercase()
                .trim_end_matches("__c")
                .ends_with(part.name())
        })?;
        let text = plan.part(part);
        (!text.is_empty()).then(|| format!("{text} Site {n}."))
    }
}

fn write_to(page: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    page.write_fmt(what).unwrap_or_default();
}
