//! A unit of work, and the macro that runs one statement on whichever database this is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Result;

/// A unit of work. Dropped without [`Tx::commit`], it never happened.
pub enum Tx {
    /// On SQLite.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On PostgreSQL.
    Postgres(super::patience::Timed),
}

/// Runs the same statement on whichever database this is.
macro_rules! sql {
    ($tx:expr, $db:ident => $run:expr) => {{
        $crate::store::tx::count();
        match $tx {
            $crate::store::tx::Tx::Sqlite(tx) => {
                let $db = &mut **tx;
                $run
            }
            $crate::store::tx::Tx::Postgres(tx) => {
                let patience = tx.patience();
                let $db = &mut **tx;
                $crate::store::patience::within(patience, async { $run }).await
            }
        }
    }};
}
pub(super) use sql;

static STATEMENTS: AtomicU64 = AtomicU64::new(0);

pub(super) fn count() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

/// How many statements this process has run, in whatever database. What a move costs is told by
/// the difference.
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

impl Tx {
    /// Makes it happen.
    ///
    /// # Errors
    /// When the database does not confirm; whether it happened is then unknown.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}
