//! `latitude export`, `latitude import`, `latitude erase`: what is kept belongs to those it is
//! about.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use clap::Args;
use serde_json::{Map, Value, json};

use super::cli::WithConfig;
use super::say::say;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::Store;
use crate::store::copy::{Column, Kind, Table};
use crate::store::forget::mark_of_person;

/// Write everything that is kept, one JSON object a line.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    at: WithConfig,
    /// The file to write; standard output where it is not given
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
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

/// Forget one person: what they wrote, owned and did.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    at: WithConfig,
    /// An e-mail address, or CONNECTION:ID
    #[arg(long, value_name = "WHO")]
    person: String,
    /// Do it; without this, only show who would be forgotten
    #[arg(long)]
    yes: bool,
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
        tx.copy_out(&table, |values| {
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

fn shown(kind: Kind, value: Option<String>) -> Value {
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
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        });
    }
    Ok((columns, values))
}

impl Export {
    /// Writes it.
    ///
    /// # Errors
    /// What the configuration, the database or the file refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store(&env).await?;
        let rows = match &self.to {
            Some(place) => {
                let file = File::create(place)
                    .with_context(|| format!("--to {} cannot be written", place.display()))?;
                export(&store, &mut BufWriter::new(file), env.now()).await?
            }
            None => export(&store, &mut std::io::stdout(), env.now()).await?,
        };
        eprintln!("{rows} rows were written. Sign-ins in them are sealed: keep the key with them.");
        store.close().await;
        Ok(ExitCode::SUCCESS)
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
        eprintln!("{rows} rows were taken up.");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Erase {
    /// Forgets them.
    ///
    /// # Errors
    /// What the configuration or the database refuses; a person nobody knows.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store(&env).await?;
        let found = find(&store, &self.person).await?;
        if found.is_empty() {
            bail!(
                "--person {}: nobody is known by that; write an e-mail address or CONNECTION:ID",
                self.person
            );
        }
        for (connection, id) in &found {
            if self.yes {
                erase(&store, connection, id, env.now()).await?;
            }
            let done = if self.yes {
                "forgotten"
            } else {
                "would be forgotten"
            };
            say!("{connection}: person {id} {done}");
        }
        if self.yes {
            say!(
                "What stands in the CRM, and in backups made before, is not touched: docs/operations.md."
            );
        } else {
            say!("Nothing was changed. Add --yes to do it.");
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn find(store: &Store, person: &str) -> anyhow::Result<Vec<(ConnectionId, String)>> {
    let mut tx = store.read().await?;
    if let Some((connection, id)) = person.split_once(':') {
        let id_of = ConnectionId::from(connection);
        let people = tx.people(&id_of).await?;
        let known = people.into_iter().filter(|it| it.id.as_str() == id);
        return Ok(known
            .map(|it| (id_of.clone(), it.id.as_str().to_owned()))
            .collect());
    }
    let faces = tx.faces_of(person).await?;
    Ok(faces
        .into_iter()
        .map(|face| (ConnectionId::from(face.connection), face.id))
        .collect())
}

/// Forgets one person of a connection.
///
/// # Errors
/// The database's.
pub async fn erase(
    store: &Store,
    connection: &ConnectionId,
    person: &str,
    now: Time,
) -> crate::store::Result<()> {
    let mut tx = store.write_unhurried().await?;
    tx.erase(connection, person, &mark_of_person(connection, person), now)
        .await?;
    // Deals may have fallen back to a version of which the grade is forgotten.
    for step in [crate::sync::ASSESS, crate::sync::ASK] {
        tx.hasten(connection, step, now).await?;
    }
    tx.commit().await
}
