//! A short storm of each kind; `cargo bench --bench storm` is the long one.

#[path = "../../benches/storm/play/mod.rs"]
mod play;

use play::{Kind, Length, Plan, Server, play};

async fn is_weathered(kind: Kind, seed: u64) {
    let server = if kind.needs_server() {
        let Some(server) = Server::start().await.unwrap() else {
            return;
        };
        Some(server)
    } else {
        None
    };
    let plan = Plan::draw(seed, kind, Length::BRIEF);

    let played = play(&plan, server.as_ref()).await.unwrap();

    let (wrong, story) = (played.wrong, played.story);
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}\n{story}");
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
