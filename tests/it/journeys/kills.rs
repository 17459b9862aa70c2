//! `kill -9` at a random moment, over and over: after the last restart everything stands as if
//! nothing had happened.

use std::process::{Command, Stdio};
use std::time::Duration;

use latitude::domain::field::Field;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use crate::stage::{Stage, databases};

/// How often the process is killed on each database.
const KILLS: usize = 50;

// The sandbox answers on threads of its own while this one waits for a process to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_nothing_undone_and_nothing_done_twice() {
    for database in databases().await {
        // The stage's own engine only sets the fields up; the work is done by processes.
        let stage = Stage::in_real_time(&database, 300).await;
        let mut dice = ChaCha12Rng::seed_from_u64(11);
        let config = stage.configuration(&database);

        for _ in 0..KILLS {
            let mut process = latitude(&config).spawn().unwrap();
            let lived = Duration::from_millis(dice.random_range(5..250));
            tokio::time::sleep(lived).await;
            process.kill().unwrap();
            process.wait().unwrap();
            // A killed process cannot give its lease back; waiting it out would take a minute.
            stage.break_lease().await;
        }
        let end = latitude(&config).output().unwrap();

        let told = String::from_utf8_lossy(&end.stdout);
        assert!(
            end.status.success(),
            "{told} {}",
            String::from_utf8_lossy(&end.stderr)
        );
        for n in 0..300 {
            let open = stage.served.world.state().deals[n].stage < 6;
            assert_eq!(stage.shown(n, Field::Grade).is_string(), open, "deal {n}");
        }
        let mut tx = stage.engine.store.read().await.unwrap();
        let deals: Vec<String> = stage
            .served
            .world
            .state()
            .deals
            .iter()
            .map(|deal| deal.id.clone())
            .collect();
        for deal in deals {
            let versions = tx.versions(&stage.id, &deal.as_str().into()).await.unwrap();
            assert!(
                versions.len() <= 1,
                "deal {deal} has {} versions of one text",
                versions.len()
            );
        }
    }
}

fn latitude(config: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latitude"));
    command
        .args(["sync", "--once", "--json", "--config"])
        .arg(config);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
