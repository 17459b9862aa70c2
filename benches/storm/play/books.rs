//! What Latitude's database says, read past Latitude.

use std::time::Duration;

use chrono::{DateTime, Utc};
use latitude::domain::strategy::Answers;
use sqlx::{Connection, FromRow, PgConnection, SqliteConnection};

/// A door to the database.
pub enum Door {
    /// A file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// A question that may take so long.
const PATIENCE: Duration = Duration::from_secs(5);

macro_rules! ask {
    ($door:expr, $sqlite:expr, $postgres:expr) => {{
        let asked = async {
            Ok::<_, sqlx::Error>(match $door {
                Door::Sqlite(db) => sqlx::query_as($sqlite).fetch_all(db).await?,
                Door::Postgres(db) => sqlx::query_as($postgres).fetch_all(db).await?,
            })
        };
        Ok(tokio::time::timeout(PATIENCE, asked).await??)
    }};
}

/// Who works a connection.
#[derive(Clone, Debug, FromRow)]
pub struct Held {
    /// The connection.
    pub id: String,
    /// The fence.
    pub attempt: i64,
    /// Until when it is held.
    pub locked_until: Option<DateTime<Utc>>,
    /// When the move that is due next is.
    pub due_at: Option<DateTime<Utc>>,
}

/// An entry of the ledger.
#[derive(Clone, Debug, FromRow)]
pub struct Noted {
    /// When.
    pub at: DateTime<Utc>,
    /// The move.
    #[sqlx(rename = "move")]
    pub step: String,
    /// The connection.
    pub connection: String,
    /// The deal, where it is about one.
    pub deal: Option<String>,
    /// The fence it was done under.
    pub attempt: i64,
    /// What became of it.
    pub outcome: String,
    /// The CRM's words.
    pub message: Option<String>,
    /// The strategy's version.
    pub version: Option<i64>,
}

/// A version of a strategy.
#[derive(Clone, Debug, FromRow)]
pub struct Version {
    /// The connection.
    pub connection: String,
    /// The deal.
    pub deal: String,
    /// Its number.
    pub version: i64,
    /// The words.
    #[sqlx(json)]
    pub answers: Answers,
}

/// Where a deal stands.
#[derive(Clone, Debug, FromRow)]
pub struct Standing {
    /// The connection.
    pub connection: String,
    /// The deal.
    pub id: String,
    /// Whether anything of it is still to be done.
    pub open_ends: bool,
    /// Why writing was given up.
    pub parked: Option<String>,
}

/// When a move of a connection is made.
#[derive(Clone, Debug, FromRow)]
pub struct Planned {
    /// The connection.
    pub connection: String,
    /// The move.
    #[sqlx(rename = "move")]
    pub step: String,
    /// When next.
    pub run_at: DateTime<Utc>,
    /// How often it failed in a row.
    pub failures: i64,
    /// When it last ended well; nothing before the first time.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Door {
    /// Opens it.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        Ok(if address.starts_with("sqlite") {
            Self::Sqlite(SqliteConnection::connect(address).await?)
        } else {
            let opened = PgConnection::connect(address);
            Self::Postgres(tokio::time::timeout(PATIENCE, opened).await??)
        })
    }

    /// Who works which connection now.
    ///
    /// # Errors
    /// The database's.
    pub async fn held(&mut self) -> anyhow::Result<Vec<Held>> {
        const HELD: &str = "SELECT id, attempt, locked_until,
            (SELECT MIN(run_at) FROM schedule WHERE connection = connection.id) AS due_at
            FROM connection ORDER BY id";
        ask!(self, HELD, HELD)
    }

    /// The ledger, in the order it was written.
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger(&mut self) -> anyhow::Result<Vec<Noted>> {
        ask!(
            self,
            "SELECT * FROM ledger ORDER BY rowid",
            // The fence is one row, so who writes under it begins to write after the one before.
            "SELECT * FROM ledger ORDER BY CAST(CAST(xmin AS TEXT) AS BIGINT), ctid"
        )
    }

    /// Every version there is.
    ///
    /// # Errors
    /// The database's.
    pub async fn versions(&mut self) -> anyhow::Result<Vec<Version>> {
        const VERSIONS: &str = "SELECT connection, deal, version, answers FROM strategy_version
            ORDER BY connection, deal, version";
        ask!(self, VERSIONS, VERSIONS)
    }

    /// When every move is made.
    ///
    /// # Errors
    /// The database's.
    pub async fn plan(&mut self) -> anyhow::Result<Vec<Planned>> {
        const PLAN: &str = "SELECT connection, move, run_at, failures, ended_at FROM schedule
            ORDER BY connection, move";
        ask!(self, PLAN, PLAN)
    }

    /// Where every deal stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn standings(&mut self) -> anyhow::Result<Vec<Standing>> {
        const STANDINGS: &str = "SELECT connection, id, parked,
            (write_at IS NOT NULL OR carry_version IS NOT NULL OR desired_mark IS NULL
             OR written_mark IS NULL OR desired_mark <> written_mark
             OR assessed_version < version) AS open_ends FROM deal";
        ask!(self, STANDINGS, STANDINGS)
    }
}
