//! Bringing everything up to date once.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use latitude::sync::report::RunState;

use super::floor::{Floor, databases};

#[tokio::test]
async fn once_ends_when_all_is_done_however_often_the_crm_is_polled() {
    for database in databases().await {
        let mut floor = Floor::ready(&database, 8).await;
        let engine = Arc::get_mut(&mut floor.engine).expect("nobody else holds it");
        engine.poll_every = TimeDelta::seconds(1);

        let report = tokio::time::timeout(Duration::from_secs(30), floor.work()).await;

        let report = report.expect("it ends by itself");
        assert_eq!(report.state, RunState::Ok);
        assert!(report.tally.written > 0);
    }
}
