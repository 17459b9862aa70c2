//! Doctor: each thing that is wrong is named with its remedy.

use chrono::TimeDelta;
use latitude::ops::doctor::{Check, look_with};
use latitude::sandbox::world::Trouble;
use serde_json::json;

use super::floor::{Floor, databases, sqlite};

async fn bad(floor: &Floor) -> Vec<Check> {
    let checks = look_with(&floor.config(), &floor.env).await;
    checks.into_iter().filter(|check| !check.ok).collect()
}

fn is_said(bad: &[Check], check: &str, remedy: &str) {
    let found = bad.iter().find(|it| it.check.contains(check));
    let found = found.unwrap_or_else(|| panic!("nothing about {check} in {bad:#?}"));
    assert!(found.remedy.contains(remedy), "{found:?}");
}

#[tokio::test]
async fn a_connection_that_is_set_up_is_green() {
    for database in databases().await {
        let floor = Floor::ready(&database, 3).await;
        floor.reconcile().await;

        assert_eq!(bad(&floor).await.len(), 0, "{:#?}", bad(&floor).await);
    }
}

#[tokio::test]
async fn every_cause_is_named_with_its_remedy() {
    let floor = Floor::laid(&sqlite(), 3, Some("authorization_code")).await;
    is_said(&bad(&floor).await, "acme: sign-in", "latitude connect");

    floor.sign_in().await;
    is_said(&bad(&floor).await, "acme: fields and views", "crm apply");

    floor.set_up().await;
    floor.clock.advance(TimeDelta::minutes(10));
    is_said(&bad(&floor).await, "acme: clock", "time service");
    floor.crm_clock.advance(TimeDelta::minutes(10));

    floor.served.world.state().deals[0].trouble = Some(Trouble::Refused("No".to_owned()));
    floor.reconcile().await;
    is_said(&bad(&floor).await, "acme: parked deals", "latitude retry");

    floor
        .control(
            "org",
            &json!({"end_sessions": true, "used_by_others": 1_000_000}),
        )
        .await;
    assert!(!bad(&floor).await.is_empty());
}

#[tokio::test]
async fn another_key_and_a_missing_database_are_named() {
    let floor = Floor::laid(&sqlite(), 3, Some("authorization_code")).await;
    floor.sign_in().await;
    let mut config = floor.config();
    config.secrets.key = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".into();
    let checks: Vec<Check> = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "key", "secrets.key");

    config.database.url = "postgres://nobody@127.0.0.1:1/none".into();
    let checks = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "database", "start the database");

    config.database.url = sqlite().as_str().into();
    let checks = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "migrations", "latitude migrate");
}

#[tokio::test]
async fn a_sqlite_file_that_is_outgrown_is_named_with_the_way_out() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    let mut config = floor.config();
    for n in 0..8 {
        let more = config.connections["acme"].clone();
        config.connections.insert(format!("more{n}"), more);
    }

    let checks = look_with(&config, &floor.env).await;

    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "database", "latitude export");
}

#[tokio::test]
async fn a_second_process_on_a_sqlite_file_is_told_where_replicas_meet() {
    let floor = Floor::ready(&sqlite(), 3).await;
    let file = floor.database.trim_start_matches("sqlite://");
    let first = std::fs::File::create(format!("{file}.worker")).unwrap();
    first.lock().unwrap();
    let config = super::floor::folder().join("latitude.toml");
    let text = format!(
        "[database]\nurl = \"{}\"\n[secrets]\nkey = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n",
        floor.database
    );
    std::fs::write(&config, text).unwrap();

    let second = std::process::Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(["worker", "--config"])
        .arg(&config)
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(told.contains("another process"), "{told}");
    assert!(told.contains("latitude export"), "{told}");
}
