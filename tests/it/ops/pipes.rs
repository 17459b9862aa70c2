//! `latitude … | head`: a reader that has read enough is no error.

use std::process::{Command, Stdio};

use crate::stage::{Stage, sqlite};

#[tokio::test(flavor = "multi_thread")]
async fn every_command_ends_quietly_when_nobody_reads_any_more() {
    let database = sqlite();
    let stage = Stage::in_real_time(&database, 5).await;
    stage.reconcile().await;
    let config = stage.configuration(&database);
    let config = config.to_str().unwrap();
    let there: &[&[&str]] = &[
        &["--help"],
        &["completions", "bash"],
        &["crm", "list"],
        &["config", "--config", config],
        &["privacy", "--config", config],
        &["doctor", "--config", config],
        &["ledger", "--config", config],
        &["ledger", "--json", "--config", config],
        &["sync", "--once", "--config", config],
        &["retry", "--connection", "acme", "--config", config],
        &["export", "--config", config],
        &["token", "list", "--config", config],
        &["migrate", "--config", config],
        &["crm", "plan", "--connection", "acme", "--config", config],
        &["crm", "stages", "--connection", "acme", "--config", config],
        &["key"],
    ];
    for words in there {
        let mut process = Command::new(env!("CARGO_BIN_EXE_latitude"))
            .args(*words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(process.stdout.take());
        let ended = process.wait_with_output().unwrap();

        let told = String::from_utf8_lossy(&ended.stderr);
        let loud = told.contains("panicked") || told.contains("Broken pipe");
        assert!(!loud, "latitude {}: {told}", words.join(" "));
        assert!(ended.status.code().is_some(), "{words:?}: {}", ended.status);
    }
}

/// Runs a command whose output nobody reads; how it ended, and what it said beside.
fn unread(words: &[&str]) -> (Option<i32>, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let ended = process.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_when_nobody_reads_and_its_exit_code_is_true() {
    let database = sqlite();
    let stage = Stage::in_real_time(&database, 5).await;
    stage.reconcile().await;
    let config = stage.configuration(&database);
    let config = config.to_str().unwrap();
    let with = |words: &[&str]| unread(&[words, &["--config", config]].concat());
    let fields = || {
        let state = stage.served.world.state();
        state
            .fields
            .keys()
            .filter(|it| it.to_lowercase().contains("latitude"))
            .count()
    };
    assert!(fields() > 0);

    let saved = crate::scratch::folder().join("fields.jsonl");
    let saved = saved.to_str().unwrap();
    let destroyed = with(&[
        "crm",
        "destroy",
        "--connection",
        "acme",
        "--yes",
        "--export",
        saved,
    ]);
    assert_eq!(destroyed.0, Some(0), "{}", destroyed.1);
    assert_eq!(fields(), 0, "half of it was left");

    let doctor = with(&["doctor"]);
    assert_eq!(doctor.0, Some(1), "fields are missing: {}", doctor.1);
    let synced = with(&["sync", "--once"]);
    assert_eq!(synced.0, Some(1), "it is blocked: {}", synced.1);
    let copy = with(&["export"]);
    assert_eq!(copy.0, Some(1), "a copy that is not whole: {}", copy.1);

    let applied = with(&["crm", "apply", "--connection", "acme"]);
    assert_eq!(applied.0, Some(0), "{}", applied.1);
    assert!(fields() > 0, "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_go_to_a_file_have_no_colours() {
    let database = sqlite();
    let stage = Stage::in_real_time(&database, 5).await;
    let config = stage.configuration(&database);

    let ended = Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(["sync", "--once", "--config"])
        .arg(&config)
        .env("LATITUDE_LOG__FORMAT", "text")
        .env("LATITUDE_LOG__LEVEL", "debug")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(told.contains("DEBUG") || told.contains("INFO"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
}
