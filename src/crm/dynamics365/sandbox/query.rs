//! Query options, paging and next links, the same for every table.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::filter::{Cell, Filter};
use super::links::{After, cookie, link, options};
use super::{Answer, Ask, data, refuse};

/// The most rows a page holds, whatever is preferred.
const LARGEST_PAGE: usize = 5_000;

/// What is asked of a list, or of one row.
pub struct Query {
    pub select: Vec<String>,
    pub filter: Option<Filter>,
    /// Column, and whether it goes down.
    pub order: Vec<(String, bool)>,
    /// Navigation property and the columns of it.
    pub expand: Vec<(String, Vec<String>)>,
    pub top: Option<usize>,
    pub count: bool,
    pub delta: Option<String>,
    pub page_size: usize,
    pub tracking: bool,
    pub annotations: String,
    after: Option<After>,
}

/// A table, as far as lists need to know it.
pub trait Table {
    /// What a column holds in a row; none where there is no such column.
    fn cell(&self, row: usize, column: &str) -> Option<Cell<'_>>;
    /// Whether there is such a column.
    fn has(&self, column: &str) -> bool;
    /// The row as JSON.
    fn shown(&self, row: usize, query: &Query) -> Map<String, Json>;
    /// The plural name.
    fn set(&self) -> &'static str;
    /// The singular name.
    fn name(&self) -> &'static str;
}

impl Query {
    /// Reads the options of a request.
    pub fn read(ask: &Ask) -> Result<Self, Answer> {
        let mut query = Self {
            select: Vec::new(),
            filter: None,
            order: Vec::new(),
            expand: Vec::new(),
            top: None,
            count: false,
            delta: None,
            page_size: ask
                .preference("odata.maxpagesize")
                .and_then(|size| size.parse().ok())
                .unwrap_or(LARGEST_PAGE)
                .clamp(1, LARGEST_PAGE),
            tracking: ask.prefers("odata.track-changes"),
            annotations: annotations(ask.header("prefer")),
            after: None,
        };
        for (name, value) in options(&ask.query) {
            let list = || value.split(',').map(|one| one.trim().to_owned());
            match name.as_str() {
                "$select" => query.select = list().filter(|one| !one.is_empty()).collect(),
                "$filter" => {
                    query.filter =
                        Some(Filter::read(&value).map_err(|why| refuse(400, "0x80060888", &why))?);
                }
                "$orderby" => {
                    query.order = list()
                        .map(|one| match one.split_once(' ') {
                            Some((column, way)) => (column.to_owned(), way.trim() == "desc"),
                            None => (one, false),
                        })
                        .collect();
                }
                "$expand" => query.expand = expansions(&value),
                "$top" => query.top = value.parse().ok(),
                "$count" => query.count = value == "true",
                "$deltatoken" => query.delta = Some(value),
                "$skiptoken" => query.after = Some(After::read(&value)?),
                _ if name.starts_with('$') => {
                    let message = format!("The query parameter {name} is not supported");
                    return Err(refuse(400, "0x80060888", &message));
                }
                _ => {}
            }
        }
        query.tracked()
    }

    fn tracked(mut self) -> Result<Self, Answer> {
        self.tracking |= self.delta.is_some();
        let forbidden = [
            ("filter", self.filter.is_some()),
            ("orderby", !self.order.is_empty()),
            ("expand", !self.expand.is_empty()),
            ("top", self.top.is_some()),
        ];
        match forbidden.iter().find(|(_, asked)| self.tracking && *asked) {
            Some((name, _)) => {
                let message = format!(
                    "The \"${name}\" query parameter isn't supported when Change Tracking is enabled."
                );
                Err(refuse(400, "0x80060888", &message))
            }
            None => Ok(self),
        }
    }

    /// Refuses columns that the table does not have.
    pub fn checked(&self, table: &impl Table) -> Result<(), Answer> {
        let filtered = self.filter.iter().flat_map(Filter::columns);
        let ordered = self.order.iter().map(|(column, _)| column.as_str());
        let selected = self.select.iter().map(String::as_str);
        match selected
            .chain(filtered)
            .chain(ordered)
            .find(|column| !table.has(column))
        {
            Some(column) => Err(unknown_column(column, table.name())),
            None => Ok(()),
        }
    }

    /// How many rows the filter lets through, where that was asked; the CRM counts no further than
    /// its largest page.
    pub fn counted(&self, table: &impl Table, rows: impl Iterator<Item = usize>) -> Option<usize> {
        let holds = |row: &usize| {
            let filter = self.filter.as_ref();
            filter.is_none_or(|it| it.holds(&cells(table, *row)))
        };
        self.count
            .then(|| rows.filter(holds).take(LARGEST_PAGE).count())
    }

    /// A page of the rows, with the link to the next.
    pub fn page(
        &self,
        ask: &Ask,
        table: &impl Table,
        rows: impl Iterator<Item = usize>,
    ) -> (Vec<usize>, Option<String>) {
        let size = self.top.unwrap_or(self.page_size).min(LARGEST_PAGE);
        let mut found: Vec<(Vec<Cell<'_>>, usize)> = rows
            .filter(|row| {
                self.filter
                    .as_ref()
                    .is_none_or(|it| it.holds(&cells(table, *row)))
            })
            .map(|row| (self.key(table, row), row))
            .filter(|(key, row)| {
                let after = self.after.as_ref();
                after.is_none_or(|it| self.order_of((key, *row), (&it.key, it.row)).is_gt())
            })
            .collect();
        let more = found.len() > size && self.top.is_none();
        let order = |a: &(Vec<Cell<'_>>, usize), b: &(Vec<Cell<'_>>, usize)| {
            self.order_of((&a.0, a.1), (&b.0, b.1))
        };
        if found.len() > size {
            found.select_nth_unstable_by(size, order);
            found.truncate(size);
        }
        found.sort_unstable_by(order);
        let page = self.after.as_ref().map_or(1, |after| after.page);
        let next = found.last().filter(|_| more).map(|(key, row)| {
            let token = cookie(page + 1, key, *row, self.tracking);
            link(ask, "$skiptoken", &token)
        });
        (found.into_iter().map(|(_, row)| row).collect(), next)
    }

    fn key<'a>(&self, table: &'a impl Table, row: usize) -> Vec<Cell<'a>> {
        self.order
            .iter()
            .map(|(column, _)| table.cell(row, column).unwrap_or(Cell::Null))
            .collect()
    }

    fn order_of(&self, a: (&[Cell<'_>], usize), b: (&[Cell<'_>], usize)) -> Ordering {
        for ((x, y), (_, down)) in a.0.iter().zip(b.0).zip(&self.order) {
            let order = x.order(y);
            if order.is_ne() {
                return if *down { order.reverse() } else { order };
            }
        }
        a.1.cmp(&b.1)
    }

    /// The whole answer to a list.
    pub fn answer(
        &self,
        ask: &Ask,
        table: &impl Table,
        rows: &[Json],
        next: Option<String>,
        count: Option<usize>,
    ) -> Answer {
        let columns = self.select.join(",");
        let delta = if self.delta.is_some() { "/$delta" } else { "" };
        let mut body = json!({
            "@odata.context": format!("{}/$metadata#{}({columns}){delta}", ask.root, table.set()),
            "value": rows,
        });
        if self.annotations.contains('*') {
            body["@Microsoft.Dynamics.CRM.totalrecordcount"] = json!(-1);
            body["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] = json!(false);
            body["@Microsoft.Dynamics.CRM.globalmetadataversion"] = json!("6012567");
        }
        if let Some(count) = count {
            body["@odata.count"] = json!(count);
        }
        if let Some(next) = next {
            body["@odata.nextLink"] = Json::from(next);
        }
        let mut answer = data(&body);
        let mut applied = Vec::new();
        if ask.prefers("odata.maxpagesize") {
            applied.push(format!("odata.maxpagesize={}", self.page_size));
        }
        if self.tracking {
            applied.push("odata.track-changes".to_owned());
        }
        if !applied.is_empty() {
            answer
                .headers
                .push(("preference-applied", applied.join(",")));
        }
        answer
    }

    /// Whether labels and names stand beside values.
    pub fn formatted(&self) -> bool {
        self.annotations.contains('*') || self.annotations.contains("FormattedValue")
    }

    /// Whether the kind of a row stands beside its id.
    pub fn kinds(&self) -> bool {
        self.annotations.contains('*') || self.annotations.contains("lookuplogicalname")
    }
}

fn cells<'a>(table: &'a impl Table, row: usize) -> impl Fn(&str) -> Cell<'a> {
    move |column| table.cell(row, column).unwrap_or(Cell::Null)
}

/// The refusal of a column that a table does not have.
pub fn unknown_column(column: &str, table: &str) -> Answer {
    let message = format!(
        "Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.{table}'."
    );
    refuse(400, "0x80060888", &message)
}

/// The value of `odata.include-annotations`, which may hold commas.
fn annotations(prefer: &str) -> String {
    let Some((_, rest)) = prefer.split_once("odata.include-annotations=") else {
        return String::new();
    };
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
        None => rest.split(',').next().unwrap_or_default().to_owned(),
    }
}

/// `a($select=x,y),b` as names and columns.
fn expansions(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim().to_owned();
        let tail = rest.get(end..).unwrap_or_default();
        let (inner, tail) = match tail.strip_prefix('(') {
            Some(tail) => tail.split_once(')').unwrap_or((tail, "")),
            None => ("", tail),
        };
        let columns = inner.strip_prefix("$select=").unwrap_or_default();
        let columns = columns.split(',').filter(|one| !one.is_empty());
        found.push((name, columns.map(str::to_owned).collect()));
        rest = tail.trim_start_matches(',');
    }
    found
}
