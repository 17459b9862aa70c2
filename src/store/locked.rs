//! SQLite that is locked by another process just while it is opened.
//!
//! A statement waits for whoever writes. Turning a fresh file to write-ahead logging does not: where
//! two processes do it at once, SQLite sees that each might wait for the other, and turns one away
//! without waiting (`SQLITE_BUSY`, <https://www.sqlite.org/rescode.html#busy>).

use std::time::Duration;

use super::Error;
use super::sqlite::BUSY_SECONDS;

/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(20);
/// As long as a statement waits, all in all.
const TRIES: u64 = BUSY_SECONDS * 1_000 / 20;

/// How often something was tried again.
#[derive(Default)]
pub struct Tries(u64);

impl Tries {
    /// Whether what ended so is to be tried again, after a pause that has passed by then: another process
    /// has the file locked, and has had it for no longer than a statement would wait.
    pub async fn go_on_after(&mut self, error: &Error) -> bool {
        let again = is_locked(error) && self.0 < TRIES;
        if again {
            self.0 += 1;
            tokio::time::sleep(PAUSE).await;
        }
        again
    }
}

/// Whether SQLite says that it is busy or locked, by the low byte of its code.
fn is_locked(error: &Error) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|it| it.parse::<i32>().ok());
    code.is_some_and(|code| [BUSY, LOCKED].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Connection, SqliteConnection, query};

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_locked_is_tried_again_until_it_is_not() -> anyhow::Result<()> {
        let name = format!("latitude-locked-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .busy_timeout(Duration::ZERO);
        let mut holder = options.connect().await?;
        query("BEGIN EXCLUSIVE").execute(&mut holder).await?;
        let (mut second, mut tries) = (options.connect().await?, Tries::default());
        let refused = query("CREATE TABLE t (a)").execute(&mut second).await;
        let is_away = refused
            .err()
            .is_some_and(|it| super::super::trouble::is_away(&it));
        assert!(
            is_away,
            "to whoever waits it is as if there were no database"
        );

        let done = loop {
            if tries.0 == 2 {
                query("COMMIT").execute(&mut holder).await?;
            }
            match query("CREATE TABLE t (a)").execute(&mut second).await {
                Err(error) if tries.go_on_after(&error).await => {}
                done => break done,
            }
        };

        holder.close().await?;
        second.close().await?;
        std::fs::remove_file(&file)?;
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(tries.0, 2);
        Ok(())
    }

    #[tokio::test]
    async fn what_is_wrong_for_another_reason_is_told_at_once() -> anyhow::Result<()> {
        let mut db = SqliteConnection::connect("sqlite::memory:").await?;
        let refused = query("SELECT nothing FROM nowhere").execute(&mut db).await;

        let error = refused.err();
        let error = error
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("it was taken"))?;
        assert!(!Tries::default().go_on_after(error).await);
        Ok(())
    }
}
