//! The schema: the same on both databases, only ever added to, and data outlives an upgrade, a
//! step back, and a restore.

use std::path::{Path, PathBuf};
use std::process::Command;

use latitude::ops::copy::{export, import};
use latitude::store::Store;
use latitude::sync::report::RunState;
use sqlx::migrate::Migrator;
use sqlx::{Connection, Executor};

use super::floor::{Floor, KEY, databases, postgres, sqlite, store};

/// Table, column, kind, and whether it must be given.
type Columns = Vec<(String, String, String, bool)>;

async fn sqlite_columns(database: &str) -> Columns {
    let mut db = sqlx::SqliteConnection::connect(database).await.unwrap();
    let found: Columns = sqlx::query_as(
        "SELECT m.name, p.name, p.type, p.\"notnull\" = 1 OR p.pk > 0
         FROM sqlite_master m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '_sqlx_migrations'
         ORDER BY 1, 2",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    found
}

async fn postgres_columns(database: &str) -> Columns {
    let mut db = sqlx::PgConnection::connect(database).await.unwrap();
    let found: Columns = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO'
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'
         ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    found
}

/// Indexes, and the columns of primary keys, by name.
async fn keys(database: &str) -> Vec<String> {
    if database.starts_with("sqlite") {
        let mut db = sqlx::SqliteConnection::connect(database).await.unwrap();
        let indexes = sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'
             UNION ALL
             SELECT m.name || '.' || p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
             WHERE m.type = 'table' AND p.pk > 0 AND m.name <> '_sqlx_migrations' ORDER BY 1",
        );
        indexes.fetch_all(&mut db).await.unwrap()
    } else {
        let mut db = sqlx::PgConnection::connect(database).await.unwrap();
        let indexes = sqlx::query_scalar(
            "SELECT name FROM (
               SELECT indexname::text AS name FROM pg_indexes
               WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey'
               UNION ALL
               SELECT k.table_name::text || '.' || k.column_name::text
               FROM information_schema.key_column_usage k
               WHERE k.table_schema = current_schema() AND k.constraint_name LIKE '%_pkey'
                 AND k.table_name <> '_sqlx_migrations') AS all_keys
             ORDER BY name COLLATE \"C\"",
        );
        indexes.fetch_all(&mut db).await.unwrap()
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_keys() {
    let Some(second) = postgres().await else {
        return;
    };
    let first = sqlite();
    let env = latitude::env::Env::system();
    for database in [&first, &second] {
        store(database, &[KEY], &env).await.close().await;
    }
    let kind = |postgres: &str| match postgres {
        "timestamp with time zone" => "DATETIME",
        "double precision" => "REAL",
        "bytea" => "BLOB",
        "text" | "jsonb" => "TEXT",
        "bigint" => "BIGINT",
        "boolean" => "BOOLEAN",
        "date" => "DATE",
        other => panic!("{other} has no match in SQLite yet"),
    };
    let there: Columns = postgres_columns(&second)
        .await
        .into_iter()
        .map(|(table, column, is, must)| (table, column, kind(&is).to_owned(), must))
        .collect();

    assert_eq!(sqlite_columns(&first).await, there);
    assert_eq!(keys(&first).await, keys(&second).await);
}

fn folder(database: &str) -> PathBuf {
    let kind = database.split(':').next().unwrap();
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(if kind == "sqlite" { kind } else { "postgres" })
}

/// What a release says that is a part of this one's past: all migrations but the newest.
async fn the_release_before(database: &str) -> Migrator {
    let all = Migrator::new(folder(database)).await.unwrap();
    let mut older = all.migrations.to_vec();
    older.pop().expect("there is one");
    Migrator::with_migrations(older)
}

async fn migrated(database: &str, by: &Migrator) {
    if database.starts_with("sqlite") {
        std::fs::create_dir_all(
            Path::new(database.trim_start_matches("sqlite://"))
                .parent()
                .unwrap(),
        )
        .unwrap();
        let mut db = sqlx::SqliteConnection::connect(&format!("{database}?mode=rwc"))
            .await
            .unwrap();
        by.run(&mut db).await.unwrap();
    } else {
        let mut db = sqlx::PgConnection::connect(database).await.unwrap();
        by.run(&mut db).await.unwrap();
    }
}

async fn executed(database: &str, statements: &'static str) {
    if database.starts_with("sqlite") {
        let mut db = sqlx::SqliteConnection::connect(database).await.unwrap();
        db.execute(statements).await.unwrap();
    } else {
        let mut db = sqlx::PgConnection::connect(database).await.unwrap();
        db.execute(statements).await.unwrap();
    }
}

async fn exported(store: &Store, floor: &Floor) -> Vec<String> {
    let mut bytes = Vec::new();
    export(store, &mut bytes, floor.env.now()).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_migration_only_adds() {
    for kind in ["sqlite", "postgres"] {
        for file in std::fs::read_dir(folder(&format!("{kind}:"))).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap().to_uppercase();
            // An index holds nothing of its own: it may give way to another.
            let text = text.replace("DROP INDEX", "");
            for word in ["DROP ", "RENAME ", "ALTER COLUMN", "DELETE ", "TRUNCATE"] {
                assert!(!text.contains(word), "{} says {word}", path.display());
            }
            for line in text.lines().filter(|line| line.contains("ADD COLUMN")) {
                let may_stay_empty = !line.contains("NOT NULL") || line.contains("DEFAULT");
                assert!(may_stay_empty, "{}: {line}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn an_upgrade_from_the_release_before_keeps_everything() {
    for database in databases().await {
        let floor = Floor::ready(&sqlite(), 8).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        migrated(&database, &the_release_before(&database).await).await;
        let older = Store::open(&database, floor.engine.store.seal().clone())
            .await
            .unwrap();
        assert_eq!(older.pending_migrations().await.unwrap(), 1);
        // As the release before would have kept it: what its tables know.
        let mut bytes = Vec::new();
        export(&floor.engine.store, &mut bytes, floor.env.now())
            .await
            .unwrap();
        let known = older_lines(&database, &bytes).await;
        import(&older, known.join("\n").as_bytes()).await.unwrap();
        let before = exported(&older, &floor).await;

        older.migrate().await.unwrap();

        assert_eq!(older.pending_migrations().await.unwrap(), 0);
        let after = exported(&older, &floor).await;
        // What came with the new release may stand beside it.
        let lost: Vec<&String> = before
            .iter()
            .filter(|line| line.contains("\"row\"") && !after.iter().any(|it| holds(it, line)))
            .collect();
        assert_eq!(lost, Vec::<&String>::new(), "{database}");
        assert!(before.iter().any(|it| it.contains("strategy_version")));
        older.close().await;
        let moved = Floor {
            engine: floor.on(&database).await,
            database: database.clone(),
            ..floor
        };
        let report = moved.reconcile().await;
        assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
        assert_eq!(report.tally.written, 0, "everything stands there already");
    }
}

/// Whether a row of an export is of the same table and has all that another one has.
fn holds(row: &str, other: &str) -> bool {
    let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let (row, other) = (read(row), read(other));
    let mut values = other["row"].as_object().into_iter().flatten();
    row["table"] == other["table"] && values.all(|(name, value)| row["row"][name] == *value)
}

/// The lines of an export whose tables the database has; its last line counts them.
async fn older_lines(database: &str, export: &[u8]) -> Vec<String> {
    let columns: Vec<(String, String)> = if database.starts_with("sqlite") {
        sqlite_columns(database).await
    } else {
        postgres_columns(database).await
    }
    .into_iter()
    .map(|(table, column, ..)| (table, column))
    .collect();
    let text = String::from_utf8(export.to_vec()).unwrap();
    let mut kept = Vec::new();
    for line in text.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(table) = value["table"].as_str() {
            let table = table.to_owned();
            let known = |name: &str| columns.contains(&(table.clone(), name.to_owned()));
            if columns.iter().any(|(it, _)| *it == table) {
                if let Some(row) = value["row"].as_object_mut() {
                    row.retain(|name, _| known(name));
                }
                kept.push(value.to_string());
            }
        } else {
            let rows = kept.iter().filter(|it| it.contains("\"row\"")).count();
            if value["rows"].is_number() {
                value["rows"] = rows.into();
            }
            kept.push(value.to_string());
        }
    }
    kept
}

#[tokio::test]
async fn a_release_works_on_the_schema_of_the_next_and_back() {
    for database in databases().await {
        let floor = Floor::ready(&database, 8).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        // What the next release may do: a table of its own, a column that may stay empty.
        executed(
            &database,
            "CREATE TABLE of_the_next_release (id TEXT PRIMARY KEY, words TEXT NOT NULL);
             INSERT INTO of_the_next_release (id, words) VALUES ('a', 'kept');
             ALTER TABLE deal ADD COLUMN of_the_next_release TEXT;
             ALTER TABLE ledger ADD COLUMN of_the_next_release BIGINT NOT NULL DEFAULT 0;
             UPDATE deal SET of_the_next_release = 'kept';
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99990101, 'of the next release', TRUE, '', 0);",
        )
        .await;

        // The release before starts again on it.
        let back = floor.another(&[KEY]).await;
        floor.advance(chrono::TimeDelta::hours(2));
        let back = Floor {
            engine: back,
            ..floor
        };
        let report = back.reconcile().await;
        back.engine.store.migrate().await.unwrap();

        assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
        assert_eq!(back.engine.store.pending_migrations().await.unwrap(), 0);
        let kept = exported(&back.engine.store, &back).await;
        assert!(kept.iter().any(|it| it.contains("\"kept\"")));
    }
}

/// A program that came with the PostgreSQL on this machine.
/// A program of PostgreSQL's, the newest that is there.
pub fn tool(name: &str) -> Option<PathBuf> {
    let homes = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = homes
        .filter_map(|home| Some(home.ok()?.path().join("bin").join(name)))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop()
}

/// Runs a program that must succeed.
pub fn ran(program: &Path, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{}: {told}", program.display());
}

#[tokio::test]
async fn a_backup_taken_while_it_runs_restores_to_the_same_state() {
    for database in databases().await {
        let floor = Floor::laid(&database, 8, Some("authorization_code")).await;
        floor.sign_in().await;
        floor.set_up().await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let before = exported(&floor.engine.store, &floor).await;
        let restored = if database.starts_with("sqlite") {
            let copy = sqlite();
            let file = copy.trim_start_matches("sqlite://");
            let mut db = sqlx::SqliteConnection::connect(&database).await.unwrap();
            let backup = sqlx::query("VACUUM INTO $1").bind(file);
            backup.execute(&mut db).await.unwrap();
            copy
        } else {
            let (Some(dump), Some(restore)) = (tool("pg_dump"), tool("pg_restore")) else {
                continue;
            };
            let copy = postgres().await.unwrap();
            let file = super::floor::folder().join("backup");
            let file = file.to_str().unwrap();
            ran(&dump, &["--format=custom", "--file", file, &database]);
            ran(&restore, &["--exit-on-error", "--dbname", &copy, file]);
            copy
        };

        let engine = floor.on(&restored).await;
        let same = exported(&engine.store, &floor).await;
        let moved = Floor { engine, ..floor };
        let report = moved.reconcile().await;

        assert_eq!(same, before, "{database}");
        assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
        assert_eq!(report.tally.written, 0, "everything stands there already");
    }
}
