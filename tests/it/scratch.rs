//! Fresh databases and folders for a test. Their names are random: the system gives a process
//! number again soon, and a folder may outlive its process.

use std::path::PathBuf;

use latitude::env::Env;
use sqlx::{Connection, Executor};

/// What no other test of this or an earlier run is marked with; fit for a name in a database.
pub fn mark() -> String {
    let bytes = Env::system().bytes::<8>();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder of its own for a test.
pub fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("latitude-test-{}", mark()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The address of a fresh SQLite file.
pub fn sqlite() -> String {
    format!("sqlite://{}/latitude.db", folder().display())
}

/// The server the tests were given.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests are told by the environment"
)]
pub fn server() -> Option<String> {
    std::env::var("LATITUDE_TEST_POSTGRES").ok()
}

/// The address of a fresh PostgreSQL database, where the tests were given a server.
#[expect(
    clippy::disallowed_methods,
    reason = "the name is ours, and DDL takes no bound values"
)]
pub async fn postgres() -> Option<String> {
    let server = server()?;
    let name = format!("latitude_test_{}", mark());
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    Some(url.to_string())
}

/// Addresses of fresh databases: SQLite always, PostgreSQL where the tests were given one.
pub async fn databases() -> Vec<String> {
    let mut all = vec![sqlite()];
    all.extend(postgres().await);
    all
}
