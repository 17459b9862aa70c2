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
