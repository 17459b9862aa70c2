//! Waking other processes: PostgreSQL carries the word. Polling stands behind it, so a word that
//! is lost costs time and nothing else.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::{Pool, Result, Store};

/// The channel that the word goes over.
const CHANNEL: &str = "latitude";
/// How long a broken line rests before it is tried again.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// Words from other processes that something is due.
pub struct Wakeups(Option<PgListener>);

impl Wakeups {
    /// Waits for the next; for ever where none can come.
    pub async fn next(&mut self) {
        let heard = match &mut self.0 {
            Some(listener) => listener.recv().await.map(drop),
            None => std::future::pending().await,
        };
        if let Err(error) = heard {
            // It connects anew by itself, at the next try.
            tracing::warn!(%error, "waking by the database is interrupted; polling goes on");
            tokio::time::sleep(AFTER_TROUBLE).await;
        }
    }
}

impl Store {
    /// Listens for words from other processes. SQLite has none: one process is all there is.
    pub async fn wakeups(&self) -> Wakeups {
        let Pool::Postgres(pool) = &self.pool else {
            return Wakeups(None);
        };
        let listening = async {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match listening.await {
            Ok(listener) => Wakeups(Some(listener)),
            Err(error) => {
                tracing::warn!(%error, "waking by the database cannot be had; polling goes on");
                Wakeups(None)
            }
        }
    }

    /// Tells every listening process that something is due.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wake(&self) -> Result<()> {
        if let Pool::Postgres(pool) = &self.pool {
            sqlx::query("SELECT pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(pool)
                .await?;
        }
        Ok(())
    }
}
