//! A database per test: a SQLite file always, a PostgreSQL database where one is offered.

use std::path::PathBuf;
use std::str::FromStr;

use latitude::env::{Env, Frozen};
use latitude::store::Store;
use latitude::store::sealed::Seal;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::bench::MORNING;

/// A database that goes away with the test.
pub struct Shelf {
    pub store: Store,
    folder: Option<PathBuf>,
}

/// Randomness that differs from process to process, the clock at [`MORNING`].
pub fn env() -> Env {
    let seed = Env::system().bytes::<8>();
    Env::seeded(
        Frozen::at(MORNING.parse().unwrap()),
        u64::from_le_bytes(seed),
    )
}

/// A fresh database of each kind.
pub async fn shelves() -> Vec<Shelf> {
    let env = env();
    let mark: String = env
        .bytes::<8>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let folder = std::env::temp_dir().join(format!("latitude-{mark}"));
    let mut places = vec![(format!("sqlite://{}/it.db", folder.display()), Some(folder))];
    if let Some(server) = server() {
        let name = format!("latitude_{mark}");
        let options = PgConnectOptions::from_str(&server).unwrap();
        let mut admin = options.clone().connect().await.unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the name is ours, and DDL takes no bound values"
        )]
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        admin.execute(sqlx::raw_sql(create)).await.unwrap();
        admin.close().await.unwrap();
        places.push((options.database(&name).to_url_lossy().to_string(), None));
    }
    let mut shelves = Vec::new();
    for (place, folder) in places {
        let store = Store::open(&place, Seal::random(&env)).await.unwrap();
        store.migrate().await.unwrap();
        shelves.push(Shelf { store, folder });
    }
    shelves
}

#[expect(
    clippy::disallowed_methods,
    reason = "which databases are there is the machine's say"
)]
fn server() -> Option<String> {
    std::env::var("LATITUDE_TEST_POSTGRES").ok()
}

impl Drop for Shelf {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}
