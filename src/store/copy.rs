//! Every table, row by row, in a form that either database gives and takes: for export and import.
//!
//! Tables and columns come from the database's own catalogue, so that a table that is added later
//! is copied without anyone thinking of it.

use chrono::SecondsFormat;
use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{QueryBuilder, Row, query_as};

use super::Result;
use super::tx::Tx;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// Tables that hold nothing worth keeping: who is signed in at this moment.
const PASSING: [&str; 4] = ["embed_nonce", "panel_token", "session", "sign_in"];

/// A table as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, JSON as text included.
    Text,
    /// JSON, where the database knows it.
    Json,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Real,
    /// Yes or no: `1` or `0`.
    Bool,
    /// A moment, RFC 3339.
    Time,
    /// A day.
    Date,
    /// Bytes, as hexadecimal digits.
    Bytes,
}

/// Rows of a person.
#[derive(Clone, Debug)]
pub struct Of<'a> {
    /// Which, with `$1` for the connection and `$2` for the person.
    pub condition: String,
    /// The connection.
    pub connection: &'a ConnectionId,
    /// The CRM's id of the person.
    pub person: &'a str,
}

/// A value that [`Tx::copy_out`] showed, as JSON.
pub fn shown(kind: Kind, value: Option<String>) -> Value {
    let Some(value) = value else {
        return Value::Null;
    };
    match kind {
        Kind::Number => value.parse::<i64>().map_or(Value::Null, Value::from),
        Kind::Real => value.parse::<f64>().map_or(Value::Null, Value::from),
        Kind::Bool => Value::Bool(value == "1"),
        Kind::Time => match value.parse::<chrono::DateTime<chrono::Utc>>() {
            Ok(at) => Value::String(in_one_form(at)),
            Err(_) => Value::String(value),
        },
        Kind::Text | Kind::Json | Kind::Date | Kind::Bytes => Value::String(value),
    }
}

/// The form in which SQLite keeps moments, so that their text sorts as they do.
fn in_one_form(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

impl Kind {
    fn named(declared: &str) -> Self {
        match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Self::Number,
            "real" | "double precision" => Self::Real,
            "boolean" => Self::Bool,
            "datetime" | "timestamp with time zone" => Self::Time,
            "date" => Self::Date,
            "blob" | "bytea" => Self::Bytes,
            "jsonb" => Self::Json,
            _ => Self::Text,
        }
    }
}

impl Tx {
    /// Every table that is worth keeping, those that others refer to first.
    pub async fn tables(&mut self) -> Result<Vec<Table>> {
        let rows: Vec<(String, String, String)> = match self {
            Self::Sqlite(tx) => {
                let columns = query_as(
                    "SELECT m.name, p.name, p.type FROM sqlite_master m
                     JOIN pragma_table_info(m.name) p WHERE m.type = 'table'
                       AND m.name NOT LIKE 'sqlite_%' AND m.name <> '_sqlx_migrations'
                     ORDER BY m.name, p.cid",
                );
                columns.fetch_all(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                let columns = query_as(
                    "SELECT table_name::text, column_name::text, data_type::text
                     FROM information_schema.columns WHERE table_schema = current_schema()
                       AND table_name <> '_sqlx_migrations' ORDER BY table_name, ordinal_position",
                );
                columns.fetch_all(&mut **tx).await?
            }
        };
        let mut tables: Vec<Table> = Vec::new();
        for (table, name, declared) in rows {
            if PASSING.contains(&table.as_str()) {
                continue;
            }
            let kind = Kind::named(&declared);
            match tables.last_mut().filter(|last| last.name == table) {
                Some(last) => last.columns.push(Column { name, kind }),
                None => tables.push(Table {
                    name: table,
                    columns: vec![Column { name, kind }],
                }),
            }
        }
        tables.sort_by_key(|table| table.name != "connection");
        Ok(tables)
    }

    /// Shows every row of a table, or those of a person, its values in the order of the columns.
    pub async fn copy_out(
        &mut self,
        table: &Table,
        of: Option<&Of<'_>>,
        mut each: impl FnMut(Vec<Option<String>>) -> std::io::Result<()>,
    ) -> Result<()> {
        macro_rules! copied {
            ($tx:expr, $shown:expr) => {{
                let mut select = QueryBuilder::new("SELECT ");
                for (n, column) in table.columns.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    select.push(comma).push($shown(column));
                }
                select.push(" FROM ").push(quoted(&table.name));
                if let Some(of) = of {
                    select.push(" WHERE ").push(&of.condition);
                }
                let mut query = select.build();
                if let Some(of) = of {
                    query = query.bind(of.connection.as_str()).bind(of.person);
                }
                let mut rows = query.fetch(&mut **$tx);
                while let Some(row) = rows.try_next().await? {
                    let values = (0..table.columns.len()).map(|n| row.try_get(n));
                    each(values.collect::<Result<_>>()?)?;
                }
            }};
        }
        match self {
            Self::Sqlite(tx) => copied!(tx, shown_by_sqlite),
            Self::Postgres(tx) => copied!(tx, shown_by_postgres),
        }
        Ok(())
    }

    /// Adds a row: these columns with these values.
    pub async fn copy_in(
        &mut self,
        table: &str,
        columns: &[&Column],
        values: &[Option<String>],
    ) -> Result<()> {
        macro_rules! copied {
            ($tx:expr, $taken:expr) => {{
                let mut insert = QueryBuilder::new("INSERT INTO ");
                insert.push(quoted(table)).push(" (");
                for (n, column) in columns.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    insert.push(comma).push(quoted(&column.name));
                }
                insert.push(") VALUES (");
                for (n, (column, value)) in columns.iter().zip(values).enumerate() {
                    let (before, after) = $taken(column.kind);
                    insert.push(if n == 0 { "" } else { ", " }).push(before);
                    insert.push_bind(value.as_deref()).push(after);
                }
                insert.push(")");
                insert.build().execute(&mut **$tx).await.map(drop)
            }};
        }
        match self {
            Self::Sqlite(tx) => copied!(tx, taken_by_sqlite),
            Self::Postgres(tx) => copied!(tx, taken_by_postgres),
        }
    }

    /// Whether a table holds nothing.
    pub async fn is_empty(&mut self, table: &Table) -> Result<bool> {
        macro_rules! looked {
            ($tx:expr) => {{
                let mut select = QueryBuilder::new("SELECT 1 FROM ");
                select.push(quoted(&table.name)).push(" LIMIT 1");
                select.build().fetch_optional(&mut **$tx).await?.is_none()
            }};
        }
        Ok(match self {
            Self::Sqlite(tx) => looked!(tx),
            Self::Postgres(tx) => looked!(tx),
        })
    }
}

/// A name as the catalogue gave it, as part of a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn shown_by_sqlite(column: &Column) -> String {
    let name = quoted(&column.name);
    match column.kind {
        // Seventeen digits bring every number back as it was.
        Kind::Real => {
            format!("CASE WHEN {name} IS NOT NULL THEN printf('%!.17g', {name}) END")
        }
        Kind::Bytes => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        _ => format!("CAST({name} AS TEXT)"),
    }
}

fn shown_by_postgres(column: &Column) -> String {
    let name = quoted(&column.name);
    match column.kind {
        Kind::Bytes => format!("encode({name}, 'hex')"),
        Kind::Bool => format!("CASE WHEN {name} THEN '1' WHEN NOT {name} THEN '0' END"),
        Kind::Time => {
            format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"+00:00\"')")
        }
        _ => format!("{name}::text"),
    }
}

fn taken_by_sqlite(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Number | Kind::Bool => ("CAST(", " AS INTEGER)"),
        Kind::Real => ("CAST(", " AS REAL)"),
        Kind::Bytes => ("unhex(", ")"),
        Kind::Text | Kind::Json | Kind::Time | Kind::Date => ("", ""),
    }
}

fn taken_by_postgres(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Number => ("CAST(", "::text AS bigint)"),
        Kind::Bool => ("CAST(", "::text AS boolean)"),
        Kind::Real => ("CAST(", "::text AS double precision)"),
        Kind::Bytes => ("decode(", "::text, 'hex')"),
        Kind::Json => ("CAST(", "::text AS jsonb)"),
        Kind::Time => ("CAST(", "::text AS timestamptz)"),
        Kind::Date => ("CAST(", "::text AS date)"),
        Kind::Text => ("", ""),
    }
}
