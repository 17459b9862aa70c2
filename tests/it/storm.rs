//! A short storm of each kind; `cargo bench --bench storm` is the long one.

#[path = "../../benches/storm/play/mod.rs"]
mod play;

use std::time::Duration;

use play::{Kind, Length, Plan, Server, play};

/// Long enough for one thing or two to go wrong.
const BRIEF: Length = Length {
    storm: Duration::from_secs(2),
    freezes: 1,
    connections: 4,
};

async fn is_weathered(kind: Kind, seed: u64) {
    let server = if kind.needs_server() {
        let Some(server) = Server::start().await.unwrap() else {
            return;
        };
        Some(server)
    } else {
        None
    };
    let plan = Plan::draw(seed, kind, BRIEF);

    let played = play(&plan, server.as_ref()).await.unwrap();

    let (wrong, story) = (played.wrong, played.story);
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}\n{story}");
    let (frozen, taken_over, found_lost) = played.frozen;
    println!(
        "{} saved; {frozen} frozen, {taken_over} taken over, {found_lost} leases found lost; idle {:.1?}, \
         {} leases taken up again; at rest within {:.1?}, {:.1?} in all",
        played.saved,
        played.waits.idle,
        played.waits.recoveries.len(),
        played.rest,
        played.took,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_over_one_machine_is_weathered() {
    is_weathered(Kind::Sqlite, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_over_replicas_on_a_server_is_weathered() {
    is_weathered(Kind::Postgres, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_frozen_past_its_lease_takes_nothing_back_on_one_machine() {
    is_weathered(Kind::FrozenSqlite, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_frozen_past_its_lease_takes_nothing_back_on_a_server() {
    is_weathered(Kind::FrozenPostgres, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_and_one_cut_off_leave_no_connection_waiting() {
    is_weathered(Kind::Replicas, 10).await;
}
