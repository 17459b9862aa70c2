//! Where everything is kept: SQLite on one machine, PostgreSQL where replicas meet.
//!
//! Statements are written once and run on both, but for the few that say why not; [`tx`] says how.
//! What a person published or said is only ever added to; their drafts and weeks they write over
//! themselves, and never from a page that did not show what stood there.

pub mod about;
pub mod api_tokens;
pub mod board;
pub mod carriage;
pub mod closings;
pub mod coaching;
pub mod connections;
pub mod consider;
pub mod copy;
pub mod deals;
pub mod drafts;
pub mod embeds;
pub mod forget;
mod keeping;
pub mod ledger;
mod library;
mod locked;
pub mod merged;
pub mod needs;
pub mod nudges;
pub mod obstacles;
pub mod patience;
pub mod people;
pub mod picture;
pub mod place;
pub mod pyramid;
mod rows;
pub mod schedule;
pub mod sealed;
pub mod sessions;
mod sqlite;
pub mod strategies;
pub mod talk;
pub mod team;
pub mod trouble;
pub mod tx;
mod wakeups;
pub mod watch;
pub mod weeks;
pub mod writes;

use std::str::FromStr;
use std::time::Duration;

use patience::{PATIENCE, Timed};
use sqlx::Connection as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
pub use tx::statements;
use tx::{Tx, sql};
pub use wakeups::Wakeups;

/// What the database said no to.
pub type Error = sqlx::Error;
/// Result of a statement.
pub type Result<T> = std::result::Result<T, Error>;

/// The database, and the key that seals secrets in it.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    seal: sealed::Seal,
    noticed: trouble::Noticed,
    patience: Duration,
}

#[derive(Clone)]
enum Pool {
    Sqlite(sqlite::File),
    Postgres(sqlx::PgPool),
}

/// How long a caller waits for a connection of the pool.
const ACQUIRE_SECONDS: u64 = 10;
/// How often the steps of a schema are looked at again on SQLite: more often than there are steps.
const MIGRATE_TRIES: u32 = 20;
/// Connections of one process.
const POOL_SIZE: u32 = 8;
/// A connection nobody used for so long is closed, and with it what it remembers; one always stays.
const IDLE: Duration = Duration::from_secs(60);

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is of no database we know.
    #[error(
        "database.url = \"{0}\": write sqlite://PATH for one machine, or postgres://USER@HOST/NAME for replicas"
    )]
    Address(String),
    /// It does not answer, or refuses us.
    #[error("the database at {address} does not answer")]
    Unreachable {
        /// Where, without password.
        address: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] MigrateError),
}

impl Store {
    /// Opens a database by its address, creating a SQLite file that is not there yet.
    ///
    /// # Errors
    /// When the address is unknown or nothing answers there.
    pub async fn open(address: &str, seal: sealed::Seal) -> std::result::Result<Self, OpenError> {
        Self::open_within(address, seal, PATIENCE).await
    }

    /// The same, where a statement on PostgreSQL may take so long and no longer, and a unit of work
    /// of which nothing is heard is given up after so long.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_within(
        address: &str,
        seal: sealed::Seal,
        patience: Duration,
    ) -> std::result::Result<Self, OpenError> {
        let unreachable = |source| OpenError::Unreachable {
            address: plain(address),
            source,
        };
        let pool = if address.starts_with("sqlite:") {
            Pool::Sqlite(sqlite::File::open(address).await.map_err(unreachable)?)
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(address).map_err(unreachable)?;
            let pool = patience::pool(options, patience);
            Pool::Postgres(pool.await.map_err(unreachable)?)
        } else {
            return Err(OpenError::Address(plain(address)));
        };
        Ok(Self {
            pool,
            seal,
            noticed: trouble::Noticed::default(),
            patience,
        })
    }

    /// Brings the schema up to date. Safe to run while older replicas work, and in several processes
    /// at once.
    ///
    /// # Errors
    /// When a migration fails or was changed after it ran.
    pub async fn migrate(&self) -> std::result::Result<(), OpenError> {
        let mut tries = 0;
        loop {
            match self.migrate_once().await {
                // SQLite has no lock for this. Who comes second finds a step done between looking and
                // doing; looking again, it is not to be done.
                Err(OpenError::Migrate(
                    MigrateError::Execute(_) | MigrateError::ExecuteMigration(..),
                )) if tries < MIGRATE_TRIES && !self.is_shared() => {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn migrate_once(&self) -> std::result::Result<(), OpenError> {
        // A newer release may have run before us; what it added is nothing to us.
        let ran = match &self.pool {
            Pool::Sqlite(file) => {
                let mut steps = sqlx::migrate!("migrations/sqlite");
                steps.set_ignore_missing(true).run(file.writer()).await
            }
            Pool::Postgres(pool) => {
                // Over a connection of its own, without limits: a step over a large table takes
                // its time, and who comes second waits for it.
                let options = pool.connect_options();
                let own = sqlx::PgConnection::connect_with(&options).await;
                let mut own = own.map_err(|error| OpenError::Migrate(error.into()))?;
                let mut steps = sqlx::migrate!("migrations/postgres");
                steps.set_ignore_missing(true);
                let ran = steps.run_direct(None, &mut own, false).await;
                ran.and(own.close().await.map_err(MigrateError::from))
            }
        };
        ran.map_err(OpenError::Migrate)
    }

    /// How many migrations this release brings that have not been run yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending_migrations(&self) -> Result<usize> {
        const DONE: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        let (known, done): (_, Result<Vec<i64>>) = match &self.pool {
            Pool::Sqlite(file) => (
                sqlx::migrate!("migrations/sqlite"),
                sqlx::query_scalar(DONE).fetch_all(file.writer()).await,
            ),
            Pool::Postgres(pool) => (
                sqlx::migrate!("migrations/postgres"),
                sqlx::query_scalar(DONE).fetch_all(pool).await,
            ),
        };
        let done = match done {
            Err(Error::Database(error)) if is_no_such_table(error.as_ref()) => Vec::new(),
            other => other?,
        };
        let pending = known.iter().filter(|it| !done.contains(&it.version));
        Ok(pending.count())
    }

    /// Begins a unit of work that only reads.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(&self) -> Result<Tx> {
        Ok(match &self.pool {
            Pool::Sqlite(file) => Tx::Sqlite(file.read().await?),
            Pool::Postgres(pool) => Tx::Postgres(Timed::begin(pool, "BEGIN", self.patience).await?),
        })
    }

    /// Begins a unit of work that sees everything as of one moment, and takes its time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn snapshot(&self) -> Result<Tx> {
        Ok(match &self.pool {
            Pool::Sqlite(file) => Tx::Sqlite(file.read().await?),
            Pool::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                let tx = Timed::begin(pool, begin, self.patience).await?;
                Tx::Postgres(tx.unhurried().await?)
            }
        })
    }

    /// Begins a unit of work that may write.
    ///
    /// # Errors
    /// When the database does not answer, or another writer holds SQLite for too long.
    pub async fn write(&self) -> Result<Tx> {
        Ok(match &self.pool {
            Pool::Sqlite(file) => Tx::Sqlite(file.write().await?),
            Pool::Postgres(pool) => Tx::Postgres(Timed::begin(pool, "BEGIN", self.patience).await?),
        })
    }

    /// The same for what goes over whole tables, and takes its time.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_unhurried(&self) -> Result<Tx> {
        Ok(match self.write().await? {
            Tx::Postgres(tx) => Tx::Postgres(tx.unhurried().await?),
            tx @ Tx::Sqlite(_) => tx,
        })
    }

    /// Has PostgreSQL look at how much there is of what fills at once. It looks by itself only once a
    /// minute; until then it takes a connection of many thousand deals for one of a few, and reads them
    /// all to find some. SQLite needs none of this.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_stock(&self) -> Result<()> {
        const LOOK: &str = "ANALYZE deal, strategy_version, assessment";
        if !self.is_shared() {
            return Ok(());
        }
        let mut tx = self.read().await?;
        sql!(&mut tx, db => sqlx::raw_sql(LOOK).execute(db).await.map(drop))?;
        tx.commit().await
    }

    /// Whether several replicas may meet here.
    pub fn is_shared(&self) -> bool {
        matches!(self.pool, Pool::Postgres(_))
    }

    /// Seals and opens secrets.
    pub fn seal(&self) -> &sealed::Seal {
        &self.seal
    }

    /// Whether the database takes writes: a full or read-only disk says no here.
    ///
    /// # Errors
    /// What it says.
    pub async fn can_write(&self) -> Result<()> {
        // More than what is free by chance.
        self.takes(1).await
    }

    /// Whether the database takes a row of so many times 64 KiB.
    async fn takes(&self, blocks: usize) -> Result<()> {
        let mut tx = self.write().await?;
        tx.write_a_trial(blocks).await?;
        tx.commit().await?;
        let mut tx = self.write().await?;
        tx.forget_trials().await?;
        tx.commit().await
    }

    /// Waits for open work to end and closes every connection; one that does not answer is left to
    /// the end of the process.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(file) => file.close().await,
            Pool::Postgres(pool) => {
                let closed = tokio::time::timeout(self.patience, pool.close()).await;
                if closed.is_err() {
                    tracing::warn!("a connection of the database could not be closed in time");
                }
            }
        }
    }
}

/// The address without its password, nor what follows a question mark, which may hold one too.
fn plain(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else {
        return address.to_owned();
    };
    url.set_query(None);
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "(an address with a password)".to_owned();
    }
    url.to_string()
}

/// Whether a table is missing, as it is in a fresh database; SQLite has no code of its own for that.
fn is_no_such_table(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
}
