//! A connection that was taken out of the configuration: it rests, until it is forgotten.

use std::process::{Command, Output};
use std::sync::Arc;

use chrono::TimeDelta;
use latitude::sync::report::RunState;
use latitude::web::App;
use latitude::web::settings::Settings;

use super::floor::{Floor, databases, folder, page};

/// The command on the floor's database; `table` is what the configuration says of its connection.
fn disconnect(floor: &Floor, table: &str, words: &[&str]) -> Output {
    let within = folder();
    let config = format!(
        "{table}\n[database]\nurl = \"{}\"\n[secrets]\nkey = \"{KEY}\"\n",
        floor.database
    );
    std::fs::write(within.join("latitude.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_latitude"));
    command
        .current_dir(&within)
        .args(["disconnect", "--config", "latitude.toml"]);
    command.args(["--connection", "acme"]).args(words);
    command.output().unwrap()
}

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn told(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(error)
    )
}

#[tokio::test]
async fn what_the_configuration_does_not_have_is_not_worked_and_no_trouble() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        floor.advance(TimeDelta::hours(2));
        let mut without = floor.config();
        without.connections.clear();
        let engine = without.engine(&floor.env, None).await.unwrap();

        assert!(
            engine.run_until_quiet(None).await.unwrap().is_empty(),
            "{database}"
        );

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = App::new(Arc::new(engine), Settings::demo(&address));
        let (_stop, stopping) = tokio::sync::watch::channel(false);
        tokio::spawn(latitude::web::serve(app, listener, stopping));
        let (status, ready) = page(&format!("{address}/ready")).await;
        assert_eq!(status, 200);
        assert!(!ready.contains("acme"), "{ready}");
        // One that polls others more often than this one was polled is no reason to hurry.
        let mut others = floor.config();
        let settings = others.connections.remove("acme").unwrap();
        others.connections.insert("other".to_owned(), settings);
        others.sync.poll_seconds = 1;
        let theirs = others.engine(&floor.env, None).await.unwrap();
        floor.reconcile().await;
        theirs.turn(None).await.unwrap();
        let mut tx = floor.engine.store.read().await.unwrap();
        let due = tx.due(&floor.id, floor.env.now()).await.unwrap();
        assert!(due.is_empty(), "{database}: {due:?}");
        drop(tx);
        // Put back, it goes on where it was.
        assert_eq!(floor.reconcile().await.state, RunState::Ok, "{database}");
    }
}

#[tokio::test]
async fn a_connection_is_forgotten_with_all_that_is_kept_of_it_but_never_while_it_is_configured() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        floor.reconcile().await;
        let rows = async || {
            let mut copy = Vec::new();
            let written =
                latitude::ops::copy::export(&floor.engine.store, &mut copy, floor.env.now());
            written.await.unwrap();
            let copy = String::from_utf8(copy).unwrap();
            copy.lines().filter(|it| it.contains("\"acme\"")).count()
        };
        let before = rows().await;

        let configured = disconnect(
            &floor,
            "[connections.acme]\ncrm = \"salesforce\"",
            &["--yes"],
        );
        let shown = disconnect(&floor, "", &[]);
        assert_eq!(rows().await, before, "{database}");
        let done = disconnect(&floor, "", &["--yes"]);
        let again = disconnect(&floor, "", &["--yes"]);

        assert!(!configured.status.success());
        assert!(
            told(&configured).contains("is in the configuration"),
            "{}",
            told(&configured)
        );
        assert!(
            shown.status.success() && told(&shown).contains("--yes"),
            "{}",
            told(&shown)
        );
        assert!(done.status.success(), "{}", told(&done));
        assert!(before > 12 && rows().await == 0, "{database}");
        assert!(!again.status.success());
        assert!(told(&again).contains("nothing is kept"), "{}", told(&again));
    }
}
