//! What objects are made of: fields, what they hold, and how a row's value is found.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::sandbox::world::State;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'a, str>),
    Date(NaiveDate),
    /// Whole seconds since 1970.
    Stamp(i64),
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Id,
    Reference(&'static str),
    Text(u32),
    LongText(u32),
    Picklist,
    Truth,
    Whole,
    Number,
    Currency,
    Percent,
    Date,
    Moment,
    Email,
    Url,
}

/// Finds a value in a row; rows are numbered as their table says.
pub type Get = for<'a> fn(&'a State, usize) -> Cell<'a>;

/// A standard field.
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether the API may set it.
    pub writable: bool,
    pub get: Get,
}

/// A relationship to a parent, and how its row is found.
pub struct Hop {
    pub name: &'static str,
    pub to: &'static Table,
    pub row: fn(&State, usize) -> Option<usize>,
}

/// An object.
pub struct Table {
    pub name: &'static str,
    pub prefix: &'static str,
    pub columns: &'static [Column],
    pub hops: &'static [Hop],
    /// The rows that exist, in no particular order.
    pub rows: fn(&State) -> Vec<usize>,
}

/// A value kept as data, as a cell.
pub fn cell(value: Option<&Value>, kind: Kind) -> Cell<'_> {
    match (value, kind) {
        (Some(Value::String(date)), Kind::Date) => date.parse().map_or(Cell::Null, Cell::Date),
        (Some(Value::String(time)), Kind::Moment) => {
            moment(time).map_or(Cell::Null, |time| Cell::Stamp(time.timestamp()))
        }
        (Some(Value::String(text)), _) => Cell::Text(Cow::Borrowed(text)),
        (Some(Value::Bool(truth)), _) => Cell::Truth(*truth),
        (Some(Value::Number(number)), Kind::Whole) => {
            Cell::Whole(number.as_i64().unwrap_or_default())
        }
        (Some(Value::Number(number)), _) => Cell::Number(number.as_f64().unwrap_or_default()),
        (_, Kind::Truth) => Cell::Truth(false),
        _ => Cell::Null,
    }
}

/// A moment as bodies write it, with or without a colon in the offset.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, STAMP))
        .map(|time| time.to_utc())
        .ok()
}

/// How moments are written: `2026-11-20T10:15:07.000+0000`.
pub const STAMP: &str = "%Y-%m-%dT%H:%M:%S%.3f%z";
