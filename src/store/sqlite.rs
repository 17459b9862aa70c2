//! A SQLite file: one connection that writes, and a few that read beside it.
//!
//! SQLite lets one write at a time. Whoever comes second in this process waits in a row for the
//! connection that writes, and not in SQLite, which only looks again now and then; and since what
//! moves deals always meets that one, it alone keeps much of the file in memory.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};

use super::locked::Tries;
use super::{ACQUIRE_SECONDS, Error, IDLE, POOL_SIZE, Result};

/// How long a statement waits for a writer of another process.
pub const BUSY_SECONDS: u64 = 10;
/// What the connection that writes may keep of the file in memory, as `PRAGMA cache_size` takes it:
/// 8 MiB, so that the indexes of a first pull are not read from the file for each row.
const CACHE_OF_WRITER: &str = "-8192";
/// … and what each of the others may.
const CACHE_OF_READER: &str = "-2048";
/// After so many pages of 4 KiB what was written is moved from the log into the file, which is waited
/// for twice on the disk. SQLite's own 1,000 are what a single load of a write-back fills.
const PAGES_IN_LOG: &str = "4000";

/// The connections to a file.
#[derive(Clone)]
pub struct File {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl File {
    /// Opens a file by its address, creating it and its folder where they are not there yet.
    ///
    /// # Errors
    /// When the address is none, or the file cannot be made or opened.
    pub async fn open(address: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(address)?;
        let folder = options.get_filename().parent();
        if let Some(folder) = folder.filter(|it| *it != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(Error::Io)?;
        }
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A seller who was told "saved" must find it after a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(BUSY_SECONDS));
        let writer = options
            .clone()
            .pragma("cache_size", CACHE_OF_WRITER)
            .pragma("wal_autocheckpoint", PAGES_IN_LOG);
        let reader = options
            .pragma("cache_size", CACHE_OF_READER)
            .pragma("query_only", "ON");
        Ok(Self {
            // First, for it makes the file.
            writer: pool(writer, 1).await?,
            readers: pool(reader, POOL_SIZE - 1).await?,
        })
    }

    /// Begins a unit of work that only reads.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        self.readers.begin().await
    }

    /// Begins a unit of work that may write.
    ///
    /// # Errors
    /// When another writer holds the file for too long.
    pub async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        // Taken at once: a read that turns into a write later would fail instead of waiting.
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// The connection that writes, for the steps of the schema.
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Waits for open work to end and closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// At most so many connections.
async fn pool(options: SqliteConnectOptions, most: u32) -> Result<SqlitePool> {
    let of_pool = SqlitePoolOptions::new()
        .max_connections(most)
        .min_connections(1)
        .idle_timeout(IDLE)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
        // SQLite rolls back by itself when its disk is full; the driver then believes that
        // the unit of work is still open, and the connection is good for nothing.
        .before_acquire(|db, _| Box::pin(async { Ok(!db.is_in_transaction()) }));
    let mut tries = Tries::default();
    loop {
        match of_pool.clone().connect_with(options.clone()).await {
            Err(error) if tries.go_on_after(&error).await => {}
            done => return done,
        }
    }
}
