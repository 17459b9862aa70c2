//! `latitude export`, `latitude import`: a copy of what is kept.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::cli::WithConfig;
use super::person;
use super::say::{self, remark};
use super::whole::Whole;
use crate::domain::Time;
use crate::domain::text::without_nul;
use crate::env::Env;
use crate::store::Store;
use crate::store::copy::{Column, Kind, Table, shown};

/// Write everything that is kept, one JSON object a line; or what is kept about one person.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    at: WithConfig,
    /// The file to write; standard output where it is not given
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Only what is kept about this person, as one JSON object: an e-mail address, or CONNECTION:ID
    #[arg(long, value_name = "WHO")]
    person: Option<String>,
}

/// Take up what `export` wrote, into an empty database of either kind.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    at: WithConfig,
    /// The file to read; standard input where it is not given
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Writes every row of every table; returns how many. Sign-ins stay sealed.
///
/// # Errors
/// The database's, or those of the place it is written to.
pub async fn export(store: &Store, to: &mut (impl Write + Send), now: Time) -> anyhow::Result<u64> {
    writeln!(
        to,
        "{}",
        json!({"latitude": env!("CARGO_PKG_VERSION"), "at": now})
    )?;
    let mut rows = 0;
    // One unit of work: everything as of one moment.
    let mut tx = store.snapshot().await?;
    for table in tx.tables().await? {
        tx.copy_out(&table, None, |values| {
            rows += 1;
            let row: Map<String, Value> = table
                .columns
                .iter()
                .zip(values)
                .map(|(column, value)| (column.name.clone(), shown(column.kind, value)))
                .collect();
            writeln!(to, "{}", json!({"table": table.name, "row": row}))
        })
        .await?;
    }
    writeln!(to, "{}", json!({"end": true, "rows": rows}))?;
    to.flush()?;
    Ok(rows)
}

/// Takes up what [`export`] wrote: all of it, or nothing. Returns how many rows.
///
/// # Errors
/// When the database is not empty, or a line is not one that `export` writes.
pub async fn import(store: &Store, from: impl BufRead) -> anyhow::Result<u64> {
    let mut tx = store.write_unhurried().await?;
    let tables = tx.tables().await?;
    for table in &tables {
        if !tx.is_empty(table).await? {
            bail!(
                "the database is not empty: table {} has rows; import into a fresh one",
                table.name
            );
        }
    }
    let (mut rows, mut ended) = (0, false);
    for (n, line) in from.lines().enumerate() {
        let place = || format!("line {}", n + 1);
        let line: Value = serde_json::from_str(&line?).with_context(place)?;
        if let Some(told) = line.get("rows").and_then(Value::as_u64) {
            if told != rows {
                bail!("{}: the file says {told} rows, and holds {rows}", place());
            }
            ended = true;
        } else if let (Some(name), Some(row)) = (line["table"].as_str(), line["row"].as_object()) {
            let table = tables.iter().find(|it| it.name == name);
            let table = table.with_context(|| {
                format!(
                    "{}: there is no table {name}; import with a newer release",
                    place()
                )
            })?;
            let (columns, values) = taken(table, row).with_context(place)?;
            tx.copy_in(name, &columns, &values)
                .await
                .with_context(place)?;
            rows += 1;
        } else if line.get("latitude").is_none() {
            bail!("{}: this is not a line that export writes", place());
        }
    }
    if !ended {
        bail!("the file ends early: its last line is missing; nothing was imported");
    }
    tx.commit().await?;
    Ok(rows)
}

type Taken<'a> = (Vec<&'a Column>, Vec<Option<String>>);

fn taken<'a>(table: &'a Table, row: &Map<String, Value>) -> anyhow::Result<Taken<'a>> {
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (name, value) in row {
        let column = table.columns.iter().find(|it| it.name == *name);
        let column = column.with_context(|| {
            format!(
                "table {} has no column {name}; import with a newer release",
                table.name
            )
        })?;
        columns.push(column);
        values.push(match value {
            Value::Null => None,
            Value::Bool(yes) => Some(u8::from(*yes).to_string()),
            Value::String(text) => Some(fit_for_any(column.kind, text)),
            other => Some(other.to_string()),
        });
    }
    Ok((columns, values))
}

/// A text as either database takes it: SQLite keeps U+0000, PostgreSQL does not.
fn fit_for_any(kind: Kind, text: &str) -> String {
    let text = text.replace('\0', "");
    match kind {
        // SQLite keeps JSON as text.
        Kind::Json | Kind::Text if text.starts_with(['{', '[']) => {
            let bytes = without_nul(text.into_bytes());
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => text,
    }
}

impl Export {
    /// Writes it.
    ///
    /// # Errors
    /// What the configuration, the database or the file refuses; a person nobody knows; a reader that
    /// went away before the end.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store_that_is_there(&env).await?;
        let written = match &self.to {
            Some(place) => {
                let begun = Whole::begin(place)
                    .with_context(|| format!("--to {} cannot be written", place.display()))?;
                let mut to = BufWriter::new(begun);
                let written = self.write(&store, &mut to, env.now()).await?;
                let whole = to.into_inner().map_err(std::io::IntoInnerError::into_error);
                whole
                    .and_then(Whole::end)
                    .with_context(|| format!("--to {}: it could not be ended", place.display()))?;
                written
            }
            None => {
                let written = self.write(&store, &mut std::io::stdout(), env.now()).await;
                match written {
                    Err(error) if say::nobody_reads(&error) => {
                        bail!("whoever read the copy went away before its end: it is not whole")
                    }
                    written => written?,
                }
            }
        };
        remark!("{written}");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes it there; says what it was.
    async fn write(
        &self,
        store: &Store,
        to: &mut (impl Write + Send),
        now: Time,
    ) -> anyhow::Result<String> {
        if let Some(person) = &self.person {
            let about = person::about(store, person, now).await?;
            serde_json::to_writer_pretty(&mut *to, &about)?;
            writeln!(to)?;
            to.flush()?;
            return Ok(format!("What is kept about {person} was written."));
        }
        let rows = export(store, to, now).await?;
        Ok(format!(
            "{rows} rows were written. Sign-ins in them are sealed: keep the key with them."
        ))
    }
}

impl Import {
    /// Takes it up.
    ///
    /// # Errors
    /// What the configuration, the database or the file refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store(&env).await?;
        let rows = match &self.from {
            Some(place) => {
                let file = File::open(place)
                    .with_context(|| format!("--from {} cannot be read", place.display()))?;
                import(&store, BufReader::new(file)).await?
            }
            None => import(&store, BufReader::new(std::io::stdin())).await?,
        };
        remark!("{rows} rows were taken up.");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
