//! A database that takes no writes: a full disk, a replica that only reads. Named everywhere while it
//! lasts, in the ledger afterwards, over without a restart.

use chrono::TimeDelta;
use latitude::ops::doctor::look_on;
use latitude::ops::ledger::accounts;
use latitude::store::Store;
use latitude::store::tx::Tx;
use latitude::sync::report::RunState;
use serde_json::Value;
use sqlx::{Connection, Executor};

use super::floor::{Floor, page, postgres, sqlite};

/// How far a SQLite file may grow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// No further than it is.
    None,
    /// By so little that a small row fits, and a page of deals does not.
    Little,
    /// As far as it likes.
    Plenty,
}

/// Gives a SQLite file room, by the one connection that writes.
async fn disk(store: &Store, room: Room) {
    let Tx::Sqlite(mut tx) = store.write().await.unwrap() else {
        panic!("only SQLite's file can be kept from growing");
    };
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    // SQLite takes a limit below the file's size as that size.
    let limit = match room {
        Room::None => 1,
        Room::Little => pages + 32,
        Room::Plenty => 1_000_000,
    };
    let mut set = sqlx::QueryBuilder::<sqlx::Sqlite>::new("PRAGMA max_page_count = ");
    set.push(limit).build().execute(&mut *tx).await.unwrap();
}

/// A connection that met the full disk is replaced by a new one, which must meet it too.
async fn still_full(floor: &Floor, room: Room) {
    if !floor.engine.store.is_shared() {
        disk(&floor.engine.store, room).await;
    }
}

async fn is_named(floor: &Floor, pages: &str, word: &str) {
    still_full(floor, Room::None).await;
    let (status, ready) = page(&format!("{pages}/ready")).await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(status, 503);
    assert_eq!(ready["database"], word);
    still_full(floor, Room::None).await;
    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    assert!(metrics.contains("latitude_database_up 1"), "{metrics}");
    assert!(
        metrics.contains("latitude_database_writable 0"),
        "{metrics}"
    );
    still_full(floor, Room::None).await;
    let checks = look_on(&floor.config(), &floor.env, &floor.engine.store).await;
    let told = checks.iter().find(|it| it.check == "database").unwrap();
    assert!(
        !told.ok && told.remedy.contains("free its disk"),
        "{told:?}"
    );
    let (live, _) = page(&format!("{pages}/live")).await;
    assert_eq!(live, 200, "a restart would not help");
}

async fn is_over(floor: &Floor, pages: &str, word: &str) {
    let (status, _) = page(&format!("{pages}/ready")).await;
    assert_eq!(status, 200);
    // A lease that could not be given back runs out by itself.
    floor.advance(TimeDelta::minutes(2));
    let report = floor.reconcile().await;
    assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
    let found = accounts(&floor.engine.store, Some("acme"), None, 500)
        .await
        .unwrap();
    let told = found[0]
        .entries
        .iter()
        .find(|it| it.code.as_deref() == Some("database"))
        .expect("the ledger tells of it");
    let told = told.message.as_deref().unwrap();
    assert!(told.contains(word), "{told}");
    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    assert!(
        metrics.contains("latitude_database_writable 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_full_disk_is_named_and_room_on_it_ends_it() {
    let floor = Floor::ready(&sqlite(), 400).await;
    let pages = floor.pages().await;
    disk(&floor.engine.store, Room::None).await;

    assert!(floor.engine.run_until_quiet(None).await.is_err());
    let word = "takes no writes: its disk is full";
    is_named(&floor, &pages, word).await;

    disk(&floor.engine.store, Room::Plenty).await;
    is_over(&floor, &pages, word).await;
}

#[tokio::test]
async fn a_disk_with_room_for_little_is_full_as_long_as_work_does_not_fit() {
    let floor = Floor::ready(&sqlite(), 400).await;
    let pages = floor.pages().await;
    disk(&floor.engine.store, Room::Little).await;
    assert!(
        floor.engine.store.can_write().await.is_ok(),
        "a little fits"
    );

    assert!(floor.engine.run_until_quiet(None).await.is_err());
    still_full(&floor, Room::Little).await;
    let (status, ready) = page(&format!("{pages}/ready")).await;

    assert_eq!(status, 503);
    let word = "takes no writes: its disk is full";
    assert!(ready.contains(word), "{ready}");
    disk(&floor.engine.store, Room::Plenty).await;
    is_over(&floor, &pages, word).await;
}

async fn reads_only(database: &str, only: bool) {
    let mut db = sqlx::PgConnection::connect(database).await.unwrap();
    let mut set = sqlx::QueryBuilder::<sqlx::Postgres>::new("ALTER DATABASE ");
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&mut db)
        .await
        .unwrap();
    set.push(name);
    set.push(if only {
        " SET default_transaction_read_only = on"
    } else {
        " SET default_transaction_read_only = off"
    });
    db.execute("SET default_transaction_read_only = off")
        .await
        .unwrap();
    set.build().execute(&mut db).await.unwrap();
    // As a failover does: whoever was connected is not any more.
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_database_that_only_reads_is_named_and_one_that_writes_ends_it() {
    let Some(database) = postgres().await else {
        return;
    };
    let floor = Floor::ready(&database, 5).await;
    let pages = floor.pages().await;
    reads_only(&database, true).await;

    assert!(floor.engine.run_until_quiet(None).await.is_err());
    is_named(&floor, &pages, "takes no writes").await;

    reads_only(&database, false).await;
    is_over(&floor, &pages, "takes no writes").await;
}
