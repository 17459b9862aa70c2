//! SIGTERM, in the middle of work: what is under way is finished, nothing is done twice, no lease is
//! left.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use latitude::sandbox::weather::Knobs;
use latitude::store::Store;
use latitude::store::tx::Tx;
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Stage, databases};

/// Deals of the company: several batches of writes.
const DEALS: usize = 700;
/// After so many calls to the CRM a process is stopped: while it reads, and while it writes.
const AFTER_CALLS: [usize; 2] = [3, 6];
/// Orchestrators kill what has not ended by then.
const GRACE: Duration = Duration::from_secs(30);
/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(5);

fn started(command: &str, config: &std::path::Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args([command, "--config"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Tells a process to stop, and waits for it.
async fn stopped(mut process: Child) -> ExitStatus {
    let began = tokio::time::Instant::now();
    kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
    let status = tokio::task::spawn_blocking(move || process.wait());
    let status = status.await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took < GRACE, "it took {took:?}");
    status
}

/// How often each deal was changed in the CRM.
fn revisions(stage: &Stage) -> Vec<u64> {
    let state = stage.served.world.state();
    state.deals.iter().map(|deal| deal.revision).collect()
}

/// Leases that somebody holds.
async fn leases(store: &Store) -> i64 {
    const HELD: &str = "SELECT COUNT(*) FROM connection WHERE locked_until IS NOT NULL";
    match &mut store.read().await.unwrap() {
        Tx::Sqlite(tx) => sqlx::query_scalar(HELD).fetch_one(&mut **tx).await,
        Tx::Postgres(tx) => sqlx::query_scalar(HELD).fetch_one(&mut **tx).await,
    }
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_told_to_stop_finishes_what_is_under_way_and_leaves_no_lease() {
    for after in AFTER_CALLS {
        for database in databases().await {
            let stage = Stage::in_real_time(&database, DEALS).await;
            let config = stage.configuration(&database);
            let calls = || stage.served.world.state().calls.len();
            stage.served.world.weather().set(Knobs {
                slow: 1.0,
                slow_ms: 100,
                ..Knobs::default()
            });

            let (before, untouched) = (calls(), revisions(&stage));
            let process = started("worker", &config);
            // In the middle of its work: some calls were answered, others are under way.
            let began = tokio::time::Instant::now();
            while calls() < before + after {
                assert!(began.elapsed() < GRACE, "{database}: {} calls", calls());
                tokio::time::sleep(LOOK).await;
            }
            let status = stopped(process).await;

            assert_eq!(status.code(), Some(0), "{database} after {after}");
            let left = leases(&stage.engine.store).await;
            assert_eq!(left, 0, "{database} after {after}");
            stage.served.world.weather().set(Knobs::default());
            let end = Command::new(env!("CARGO_BIN_EXE_latitude"))
                .args(["sync", "--once", "--config"])
                .arg(&config)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&end.stdout);
            assert!(end.status.success(), "{told}");
            let written = revisions(&stage).into_iter().zip(untouched);
            let written: Vec<u64> = written.map(|(now, before)| now - before).collect();
            assert!(written.iter().sum::<u64>() > DEALS as u64 / 2, "{database}");
            let twice = written.iter().position(|times| *times > 1);
            assert_eq!(twice, None, "{database}: a deal was written twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_core_dump() {
    let database = crate::stage::sqlite();
    let stage = Stage::in_real_time(&database, 4).await;
    let config = stage.configuration(&database);
    let before = stage.served.world.state().calls.len();
    let mut process = started("worker", &config);
    while stage.served.world.state().calls.len() == before {
        tokio::time::sleep(LOOK).await;
    }

    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    kill_process(Pid::from_child(&process), Signal::ABORT).unwrap();
    let status = process.wait().unwrap();

    let core = limits.lines().find(|line| line.contains("core file size"));
    let allowed: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(allowed, ["0", "0"]);
    assert!(!std::os::unix::process::ExitStatusExt::core_dumped(&status));
}
