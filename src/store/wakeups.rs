//! Waking other processes: PostgreSQL carries the word. Polling stands behind it, so a word that
//! is lost costs time and nothing else.

use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};

use super::patience::within;
use super::{Pool, Result, Store};

/// The channel that the word goes over.
const CHANNEL: &str = "latitude";
/// How long a broken line rests before it is tried again.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);
/// After so long without a word we ask whether the line still stands: one that the network has
/// forgotten is as silent as one that nobody speaks over.
const QUIET: Duration = Duration::from_secs(60);

/// Words from other processes that something is due.
pub struct Wakeups {
    store: Store,
    listener: Option<PgListener>,
    /// Whether it was said that the line is down.
    down: bool,
}

impl Wakeups {
    /// Waits for the next; for ever where none can come. A line that breaks, or that cannot be had
    /// at first, is tried again and again; when it stands again that is a word too: some may have
    /// been lost.
    pub async fn next(&mut self) {
        loop {
            match self.heard().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    self.listener = None;
                    if !self.down {
                        tracing::warn!(%error, "waking by the database is interrupted; polling goes on");
                        self.down = true;
                    }
                    tokio::time::sleep(AFTER_TROUBLE).await;
                }
            }
        }
    }

    /// Whether a word was heard in a while.
    async fn heard(&mut self) -> Result<bool> {
        let Pool::Postgres(pool) = &self.store.pool else {
            return std::future::pending().await;
        };
        let patience = Some(self.store.patience);
        let Some(listener) = &mut self.listener else {
            // A connection of its own, which a dead line may keep: one of the pool's would be missed.
            let own = (*pool.connect_options()).clone();
            let own = PgPoolOptions::new()
                .max_connections(1)
                .connect_lazy_with(own);
            let listening = async {
                let mut listener = PgListener::connect_with(&own).await?;
                listener.listen(CHANNEL).await?;
                Ok(listener)
            };
            self.listener = Some(within(patience, listening).await?);
            return Ok(std::mem::take(&mut self.down));
        };
        match tokio::time::timeout(QUIET, listener.recv()).await {
            Ok(heard) => heard.map(|_| true),
            Err(_) => {
                within(patience, listener.execute("SELECT 1")).await?;
                Ok(false)
            }
        }
    }
}

impl Store {
    /// Listens for words from other processes. SQLite has none: one process is all there is.
    pub fn wakeups(&self) -> Wakeups {
        Wakeups {
            store: self.clone(),
            listener: None,
            down: false,
        }
    }

    /// Tells every listening process that something is due.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wake(&self) -> Result<()> {
        if let Pool::Postgres(pool) = &self.pool {
            let told = sqlx::query("SELECT pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(pool);
            within(Some(self.patience), told).await?;
        }
        Ok(())
    }
}
