//! Many rows in one statement.

use sqlx::{Database, Encode, QueryBuilder, Type};

/// The most rows put into one statement on SQLite, which takes some thirty thousand values in one.
pub(super) const ROWS: usize = 500;

/// How many of the rows that are left go into the next statement. A statement of each of these
/// sizes is prepared once and kept; one of every size would fill the memory.
pub(super) fn some_of(left: usize) -> usize {
    let sizes = [ROWS, 100, 20, 5, 1];
    sizes.into_iter().find(|size| *size <= left).unwrap_or(left)
}

/// Narrows a selection to the rows of which a column holds one of these; no values narrow nothing.
pub(super) fn one_of<'a, DB: Database>(
    select: &mut QueryBuilder<DB>,
    column: &'static str,
    values: &'a [impl AsRef<str>],
) where
    &'a str: Encode<'a, DB> + Type<DB>,
{
    if values.is_empty() {
        return;
    }
    select.push(" AND ").push(column).push(" IN (");
    let mut list = select.separated(", ");
    for value in values {
        list.push_bind(value.as_ref());
    }
    select.push(")");
}

/// Runs `head`, rows, `tail` as a statement, where the rows are what an `INSERT` or a `FROM` takes
/// them from; their columns are called `column1`, `column2` and so on.
///
/// The two databases are spoken to differently here, for speed: SQLite gets a list of values,
/// PostgreSQL an array a column, so that it plans one statement of a few parameters and not one of
/// thousands for every number of rows (`docs/decisions/0030-rows-as-arrays.md`).
macro_rules! rows {
    ($tx:expr, $head:expr, $rows:expr, |$row:ident| [$($column:expr),+ $(,)?], $tail:expr) => {{
        let rows = $rows;
        match $tx {
            $crate::store::tx::Tx::Sqlite(tx) => {
                let mut left: &[_] = rows;
                while !left.is_empty() {
                    let (some, rest) = left.split_at($crate::store::rows::some_of(left.len()));
                    left = rest;
                    $crate::store::tx::count();
                    let mut statement = sqlx::QueryBuilder::<sqlx::Sqlite>::new($head);
                    statement.push_values(some, |mut values, $row| {
                        $(values.push_bind($column);)+
                    });
                    statement.push($tail).build().execute(&mut **tx).await?;
                }
            }
            $crate::store::tx::Tx::Postgres(tx) if !rows.is_empty() => {
                $crate::store::tx::count();
                let mut statement = sqlx::QueryBuilder::<sqlx::Postgres>::new($head);
                statement.push("SELECT * FROM UNNEST(");
                let mut names = Vec::new();
                $(
                    if !names.is_empty() {
                        statement.push(", ");
                    }
                    names.push(format!("column{}", names.len() + 1));
                    let column = rows.iter().map(|$row| {
                        // Some columns hold the same in every row.
                        let _ = $row;
                        $column
                    });
                    statement.push_bind(column.collect::<Vec<_>>());
                )+
                statement.push(format!(") AS n ({})", names.join(", ")));
                let patience = tx.patience();
                let run = statement.push($tail).build().execute(&mut **tx);
                $crate::store::patience::within(patience, run).await?;
            }
            $crate::store::tx::Tx::Postgres(_) => {}
        }
    }};
}
pub(super) use rows;
