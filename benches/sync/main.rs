//! How long keeping in step takes, beside floors measured in the same run: a bare client that
//! moves the same bytes and inserts the same rows, and one that sends the same write bodies.
//!
//! `cargo bench --bench sync`, or with another number of deals: `cargo bench --bench sync -- 20000`.
//! SQLite always; PostgreSQL where `LATITUDE_TEST_POSTGRES` names one. Every case runs in a process
//! of its own, so that its peak memory is its own; so does the server, which is driven once without
//! any work on the client's side to show that it is not what is measured.

mod cases;
mod clock;
mod floor;
mod measure;
mod parent;
mod peers;
mod setting;
mod standin;

use clock::Shifted;
use setting::Setting;
use sqlx::Connection as _;

/// Deals, unless said otherwise.
const DEALS: usize = 100_000;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["standin", deals, port, shift] => {
            standin::serve(deals.parse()?, port.parse()?, Shifted(shift.parse()?))
        }
        ["case", name, crm, database, shift, deals] => {
            let setting = Setting {
                crm: (*crm).to_owned(),
                database: (*database).to_owned(),
                clock: Shifted(shift.parse()?),
            };
            let taken = runtime(name)?.block_on(case(name, &setting, deals.parse()?))?;
            println!("{}", serde_json::to_string(&taken)?);
            Ok(())
        }
        words => {
            let deals = words.iter().find_map(|it| it.parse().ok()).unwrap_or(DEALS);
            let has = |word: &str| words.contains(&word);
            runtime("parent")?.block_on(parent::run(deals, has("only-latency"), has("no-latency")))
        }
    }
}

/// A floor has one thread, as a script has; Latitude has its own runtime.
fn runtime(name: &str) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match name.starts_with("floor") {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

async fn case(name: &str, setting: &Setting, deals: usize) -> anyhow::Result<measure::Taken> {
    let soql = floor::soql(&Setting::names()?);
    match name {
        "found" => {
            setting.found(deals).await?;
            Ok(measure::Taken::default())
        }
        "floor-bytes" => floor::pull(setting, &soql, floor::Keep::Bytes).await,
        "floor-sqlite" => {
            let path = setting.database.trim_start_matches("sqlite://");
            let db = rusqlite::Connection::open(path)?;
            db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
            floor::pull(setting, &soql, floor::Keep::Sqlite(db)).await
        }
        "floor-postgres" => {
            let db = sqlx::PgConnection::connect(&setting.database).await?;
            floor::pull(setting, &soql, floor::Keep::Postgres(db)).await
        }
        "floor-write" => floor::write(setting).await,
        _ => cases::run(name, setting).await,
    }
}
