//! Turns a query into a plan: which values to show, which rows to keep. Unknown fields, hidden
//! fields and values of the wrong kind are refused here.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;

use super::answer::Refusal;
use super::calendar::period;
use super::filter::Test;
use super::ids;
use super::schema::{Cell, Column, Hop, Kind, Table, cell};
use super::soql::{Compare, Filter, Literal};
use super::tables::TABLES;
use super::things::{THINGS, Thing};
use super::within;
use crate::sandbox::world::State;

/// An object, made of the world or kept as data.
#[derive(Clone, Copy)]
pub enum Source {
    Table(&'static Table),
    Thing(&'static Thing),
}

impl Source {
    /// The object of that name, whatever its capitals.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let table = TABLES
            .into_iter()
            .find(|it| it.name.eq_ignore_ascii_case(name));
        let thing = THINGS.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        table.map(Self::Table).or(thing.map(Self::Thing)).ok_or_else(|| {
            Refusal::new(
                400,
                "INVALID_TYPE",
                format!(
                    "sObject type '{name}' is not supported. If you are attempting to use a custom \
                     object, be sure to append the '__c' after the entity name."
                ),
            )
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Table(table) => table.name,
            Self::Thing(thing) => thing.name,
        }
    }

    /// Whether this is the deal.
    pub fn is_deal(self) -> bool {
        self.name() == "Opportunity"
    }
}

/// The custom fields of the deal that a user may read and edit.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub read: BTreeSet<String>,
    pub edit: BTreeSet<String>,
    /// A standard field that this organisation does not have.
    pub lacks: Option<&'static str>,
}

/// What a custom field holds, from its definition.
pub fn custom_kind(definition: &Value) -> Kind {
    let metadata = &definition["Metadata"];
    let length = u32::try_from(metadata["length"].as_u64().unwrap_or(255)).unwrap_or(255);
    match metadata["type"].as_str().unwrap_or_default() {
        "LongTextArea" | "Html" => Kind::LongText(length),
        "Number" => Kind::Number,
        "Percent" => Kind::Percent,
        "Currency" => Kind::Currency,
        "Picklist" => Kind::Picklist,
        "Checkbox" => Kind::Truth,
        "Date" => Kind::Date,
        "DateTime" => Kind::Moment,
        "Url" => Kind::Url,
        "Email" => Kind::Email,
        _ => Kind::Text(length),
    }
}

/// Where a value is found.
#[derive(Clone)]
pub enum Get {
    Column(&'static Column),
    Hop(&'static Hop, Box<Get>),
    Custom(String, Kind),
    Data(&'static str, Kind),
}

impl Get {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Column(column) => column.kind,
            Self::Hop(_, inner) => inner.kind(),
            Self::Custom(_, kind) | Self::Data(_, kind) => *kind,
        }
    }

    /// The value in a row.
    pub fn value<'a>(&self, view: &View<'a>, n: usize) -> Cell<'a> {
        match self {
            Self::Column(column) => (column.get)(view.state, n),
            Self::Hop(hop, inner) => {
                (hop.row)(view.state, n).map_or(Cell::Null, |n| inner.value(view, n))
            }
            Self::Custom(name, kind) => cell(view.state.deals[n].custom.get(name), *kind),
            Self::Data(name, kind) => cell(view.data[n].get(name), *kind),
        }
    }
}

/// The world, and the rows of the object if they are kept as data.
pub struct View<'a> {
    pub state: &'a State,
    pub data: Vec<&'a Value>,
}

impl<'a> View<'a> {
    pub fn of(source: Source, state: &'a State) -> Self {
        let data = match source {
            Source::Table(_) => Vec::new(),
            Source::Thing(thing) => thing.rows(state),
        };
        Self { state, data }
    }
}

/// What a query is planned with.
pub struct Planner<'a> {
    pub source: Source,
    pub state: &'a State,
    pub access: &'a Access,
    pub today: NaiveDate,
}

impl Planner<'_> {
    /// Where a path leads.
    pub fn path(&self, path: &str) -> Result<Get, Refusal> {
        let unknown = || self.no_such_column(path);
        match self.source {
            Source::Thing(thing) => {
                let (name, kind) = thing.kind(path).ok_or_else(unknown)?;
                Ok(Get::Data(name, kind))
            }
            Source::Table(_)
                if self
                    .access
                    .lacks
                    .is_some_and(|it| it.eq_ignore_ascii_case(path)) =>
            {
                Err(unknown())
            }
            Source::Table(table) => match in_table(table, path) {
                Some(get) => Ok(get),
                None if self.source.is_deal() => self.custom(path).ok_or_else(unknown),
                None => Err(unknown()),
            },
        }
    }

    fn custom(&self, name: &str) -> Option<Get> {
        let (name, definition) = self
            .state
            .fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        self.access
            .read
            .contains(name)
            .then(|| Get::Custom(name.clone(), custom_kind(definition)))
    }

    fn no_such_column(&self, path: &str) -> Refusal {
        let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
        let entity = parents.rsplit('.').next().filter(|it| !it.is_empty());
        let entity = entity.unwrap_or(self.source.name());
        Refusal::new(
            400,
            "INVALID_FIELD",
            format!(
                "\nSELECT {path} FROM {}\n       ^\nERROR at Row:1:Column:8\nNo such column \
                 '{name}' on entity '{entity}'. If you are attempting to use a custom field, be \
                 sure to append the '__c' after the custom field name. Please reference your WSDL \
                 or the describe call for the appropriate names.",
                self.source.name()
            ),
        )
    }

    /// A filter whose fields are found and whose values fit them.
    pub fn test(&self, filter: &Filter) -> Result<Test, Refusal> {
        let all = |parts: &[Filter]| -> Result<Vec<Test>, Refusal> {
            parts.iter().map(|part| self.test(part)).collect()
        };
        Ok(match filter {
            Filter::All(parts) => Test::All(all(parts)?),
            Filter::Any(parts) => Test::Any(all(parts)?),
            Filter::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            Filter::Is(path, compare, literal) => {
                let get = self.filterable(path)?;
                let (low, high) = self.range(&get, path, literal)?;
                match compare {
                    Compare::Equal if low != high => Test::All(vec![
                        Test::Is(get.clone(), Compare::AtLeast, low),
                        Test::Is(get, Compare::AtMost, high),
                    ]),
                    Compare::More | Compare::AtMost => Test::Is(get, *compare, high),
                    _ => Test::Is(get, *compare, low),
                }
            }
            Filter::Within(path, inside, query) => {
                let test = Test::In(self.filterable(path)?, within::ids(self, path, query)?);
                match inside {
                    true => test,
                    false => Test::Not(Box::new(test)),
                }
            }
            Filter::In(path, inside, literals) => {
                let get = self.filterable(path)?;
                let cells: Result<Vec<_>, _> = literals
                    .iter()
                    .map(|literal| Ok(self.range(&get, path, literal)?.0))
                    .collect();
                let test = Test::In(get, cells?);
                if *inside {
                    test
                } else {
                    Test::Not(Box::new(test))
                }
            }
        })
    }

    fn filterable(&self, path: &str) -> Result<Get, Refusal> {
        let get = self.path(path)?;
        if matches!(get.kind(), Kind::LongText(_)) {
            let why = format!("field '{path}' can not be filtered in a query call");
            return Err(Refusal::new(400, "INVALID_FIELD", why).of_field(path));
        }
        Ok(get)
    }

    /// The least and the greatest value that a literal stands for.
    fn range(
        &self,
        get: &Get,
        path: &str,
        literal: &Literal,
    ) -> Result<(Cell<'static>, Cell<'static>), Refusal> {
        let kind = get.kind();
        let one = |cell: Cell<'static>| Ok((cell.clone(), cell));
        let wrong = |wanted: &str| {
            Err(Refusal::new(
                400,
                "INVALID_FIELD",
                format!(
                    "value of filter criterion for field '{path}' must be of type {wanted} and \
                     should not be enclosed in quotes"
                ),
            ))
        };
        match (kind, literal) {
            (_, Literal::Null) => one(Cell::Null),
            (Kind::Id | Kind::Reference(_), Literal::Text(id)) if ids::is_id(id) => {
                one(Cell::Text(Cow::Owned(ids::checked(id))))
            }
            (Kind::Id | Kind::Reference(_), Literal::Text(id)) => Err(Refusal::new(
                400,
                "INVALID_QUERY_FILTER_OPERATOR",
                format!("invalid ID field: {id}"),
            )),
            (Kind::Moment, Literal::Time(time)) => one(Cell::Stamp(time.timestamp())),
            (Kind::Moment, Literal::Days(word, count)) => {
                let (from, to) = self.days(word, *count);
                Ok((
                    Cell::Stamp(midnight(from)),
                    Cell::Stamp(midnight(to) + 86_399),
                ))
            }
            (Kind::Moment, _) => wrong("dateTime"),
            (Kind::Date, Literal::Date(date)) => one(Cell::Date(*date)),
            (Kind::Date, Literal::Days(word, count)) => {
                let (from, to) = self.days(word, *count);
                Ok((Cell::Date(from), Cell::Date(to)))
            }
            (Kind::Date, _) => wrong("date"),
            (Kind::Truth, Literal::Truth(truth)) => one(Cell::Truth(*truth)),
            (Kind::Truth, _) => wrong("boolean"),
            (Kind::Whole | Kind::Number | Kind::Currency | Kind::Percent, Literal::Number(n)) => {
                one(Cell::Number(*n))
            }
            (Kind::Whole | Kind::Number | Kind::Currency | Kind::Percent, _) => wrong("double"),
            (_, Literal::Text(text)) => one(Cell::Text(Cow::Owned(text.to_lowercase()))),
            _ => wrong("string"),
        }
    }

    fn days(&self, word: &str, count: i64) -> (NaiveDate, NaiveDate) {
        let count = Days::new(u64::try_from(count).unwrap_or_default());
        let today = self.today;
        let (one, before, after) = (Days::new(1), today - count, today + count);
        match word {
            "YESTERDAY" => (today - one, today - one),
            "TOMORROW" => (today + one, today + one),
            "LAST_N_DAYS" => (before, today),
            "NEXT_N_DAYS" => (today + one, after),
            "N_DAYS_AGO" => (before, before),
            _ => period(word, today).unwrap_or((today, today)),
        }
    }
}

fn midnight(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
}

fn in_table(table: &'static Table, path: &str) -> Option<Get> {
    if let Some((first, rest)) = path.split_once('.') {
        let hop = table
            .hops
            .iter()
            .find(|hop| hop.name.eq_ignore_ascii_case(first))?;
        return Some(Get::Hop(hop, Box::new(in_table(hop.to, rest)?)));
    }
    let mut columns = table.columns.iter();
    columns
        .find(|it| it.name.eq_ignore_ascii_case(path))
        .map(Get::Column)
}

/// Today, in the organisation's time zone.
pub fn today(now: DateTime<Utc>) -> NaiveDate {
    now.date_naive()
}
