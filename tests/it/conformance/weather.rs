//! Whatever goes wrong on the way, the end is the same: throttling in each CRM's own words, sessions
//! that end amid the pages, answers that never come, records that come twice.

use futures_util::future::join_all;
use latitude::crm::{ALL, Crm};
use latitude::domain::field::Field;
use latitude::sandbox::weather::Knobs;
use latitude::sync::report::RunState;
use serde_json::Value;

use crate::stage::Stage;

const DEALS: usize = 16;

/// What managers filter by, deal by deal.
fn shown(stage: &Stage) -> Vec<[Value; 3]> {
    (0..DEALS)
        .map(|n| [Field::Grade, Field::Score, Field::State].map(|field| stage.shown(n, field)))
        .collect()
}

async fn ends_as_in_calm(crm: &'static dyn Crm, knobs: Knobs) {
    let name = crm.profile().id;
    let calm = Stage::of_in_real_time(crm, DEALS).await;
    calm.reconcile().await;
    let stage = Stage::of_in_real_time(crm, DEALS).await;
    stage.served.world.weather().set(knobs);

    stage.reconcile().await;
    stage.served.world.weather().set(Knobs::default());
    let report = stage.reconcile().await;

    assert_eq!(report.state, RunState::Ok, "{name}: {:?}", report.cause);
    assert_eq!(shown(&stage), shown(&calm), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_and_calls_that_are_throttled_change_nothing() {
    let knobs = Knobs {
        expire: 0.15,
        throttle: 0.1,
        ..Knobs::default()
    };
    join_all(ALL.iter().map(|crm| ends_as_in_calm(*crm, knobs))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_and_records_that_come_twice_change_nothing() {
    let knobs = Knobs {
        outage: 0.1,
        reset: 0.05,
        reset_after: 0.1,
        duplicate: 0.3,
        busy: 0.1,
        ..Knobs::default()
    };
    join_all(ALL.iter().map(|crm| ends_as_in_calm(*crm, knobs))).await;
}
