//! What a database does meanwhile, as PostgreSQL itself counts it.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use super::rig::{cpu_of, now};

/// A watch over one database.
pub struct Load {
    door: PgConnection,
    began: Instant,
    before: (i64, f64, Duration),
}

/// What was seen.
pub struct Seen {
    /// Transactions a second.
    pub transactions: f64,
    /// Share of one core that its processes used, as far as they still run.
    pub cpu: f64,
    /// Statements under way at once, on the average.
    pub active: f64,
}

impl Load {
    /// Begins to watch.
    pub async fn of(database: &str) -> anyhow::Result<Self> {
        let mut door = PgConnection::connect(database).await?;
        let before = counts(&mut door).await?;
        Ok(Self {
            door,
            began: now(),
            before,
        })
    }

    /// What happened since.
    pub async fn seen(mut self) -> anyhow::Result<Seen> {
        // Processes tell the server what they did once a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let took = self.began.elapsed().as_secs_f64() - 1.1;
        let after = counts(&mut self.door).await?;
        let cpu = after.2.saturating_sub(self.before.2);
        Ok(Seen {
            transactions: (after.0 - self.before.0) as f64 / took,
            cpu: cpu.as_secs_f64() / took,
            active: (after.1 - self.before.1) / 1000.0 / took,
        })
    }
}

/// Transactions, milliseconds in statements, CPU time.
async fn counts(door: &mut PgConnection) -> anyhow::Result<(i64, f64, Duration)> {
    let (transactions, active): (i64, f64) = sqlx::query_as(
        "SELECT xact_commit + xact_rollback, active_time FROM pg_stat_database
         WHERE datname = current_database()",
    )
    .fetch_one(&mut *door)
    .await?;
    let backends: Vec<i32> = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
         AND pid <> pg_backend_pid()",
    )
    .fetch_all(door)
    .await?;
    let cpu = backends.into_iter().filter_map(|it| u32::try_from(it).ok());
    Ok((transactions, active, cpu.map(cpu_of).sum()))
}
