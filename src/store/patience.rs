//! How long PostgreSQL may keep us waiting, and how long we may keep it.
//!
//! A server that stands still, or a network that swallows bytes, says nothing: whoever waits for an
//! answer without a limit waits for ever, and so does everyone behind the connection they hold. A
//! process that was cut off leaves its unit of work open at the server, and in it the row that others
//! wait for. So every statement has a limit at the server and, a little later, one here; and the
//! server gives up a unit of work that nothing is heard of.

use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};

use super::{ACQUIRE_SECONDS, IDLE, POOL_SIZE, Result};

/// How long a statement may take, and a unit of work stand idle, unless the configuration says less.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How much longer than the server we wait: its own word says more than our silence.
const LONGER: Duration = Duration::from_secs(2);
/// A connection that is well answers a bare question within this.
const PING: Duration = Duration::from_secs(5);

/// Set by a question and not when connecting: what pools connections refuses what it does not know.
/// A plan that was kept since a table was empty would read all of it, again and again while it fills
/// (`docs/decisions/0031-plans-made-anew.md`).
const SETTINGS: &str = "SELECT set_config('statement_timeout', $1, false),
    set_config('idle_in_transaction_session_timeout', $1, false),
    set_config('plan_cache_mode', 'force_custom_plan', false)";
/// For a unit of work that takes as long as it takes.
const NO_LIMITS: &str = "SELECT set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)";

/// A unit of work on PostgreSQL, whose statements have a limit or not.
pub struct Timed {
    tx: sqlx::Transaction<'static, sqlx::Postgres>,
    patience: Option<Duration>,
}

impl Timed {
    /// Begins one by this statement, each of whose statements may take so long.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(pool: &PgPool, by: &'static str, patience: Duration) -> Result<Self> {
        let tx = within(Some(patience), pool.begin_with(by)).await?;
        let patience = Some(patience);
        Ok(Self { tx, patience })
    }

    /// Lifts every limit from what follows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unhurried(mut self) -> Result<Self> {
        let lifted = sqlx::query(NO_LIMITS).execute(&mut *self.tx);
        within(self.patience.take(), lifted).await?;
        Ok(self)
    }

    /// The limit of each of its statements.
    pub fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Makes it happen.
    ///
    /// # Errors
    /// When the database does not confirm; whether it happened is then unknown.
    pub async fn commit(self) -> Result<()> {
        within(self.patience, self.tx.commit()).await
    }
}

impl Deref for Timed {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for Timed {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// Waits for an answer for so long, and a little longer.
///
/// # Errors
/// The database's, or that it said nothing: a connection that this happened to is not used again.
pub async fn within<T>(
    patience: Option<Duration>,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(patience) = patience else {
        return answer.await;
    };
    match tokio::time::timeout(patience + LONGER, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(silent()),
    }
}

fn silent() -> sqlx::Error {
    let told = "no answer in time; the statement's outcome is unknown";
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, told))
}

/// Whether a connection answers; it is closed where it does not.
async fn answers(db: &mut PgConnection, within: Duration) -> Result<bool> {
    match tokio::time::timeout(within, db.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(silent()),
    }
}

/// Connections to a server that may keep us waiting for so long.
///
/// # Errors
/// When it does not answer.
pub async fn pool(options: PgConnectOptions, patience: Duration) -> Result<PgPool> {
    let limit = patience.as_millis().to_string();
    let ping = PING.min(patience);
    PgPoolOptions::new()
        .max_connections(POOL_SIZE)
        .min_connections(1)
        .idle_timeout(IDLE)
        .acquire_timeout(patience.min(Duration::from_secs(ACQUIRE_SECONDS)))
        .after_connect(move |db, _| {
            let limit = limit.clone();
            Box::pin(async move {
                sqlx::query(SETTINGS)
                    .bind(limit)
                    .execute(db)
                    .await
                    .map(drop)
            })
        })
        // The pool asks the same before and after use, and waits for the answer for ever: a few
        // connections that the network has forgotten would then be all there are.
        .test_before_acquire(false)
        .before_acquire(move |db, _| Box::pin(answers(db, ping)))
        .after_release(move |db, _| Box::pin(answers(db, ping)))
        .connect_with(options.application_name("latitude"))
        .await
}
