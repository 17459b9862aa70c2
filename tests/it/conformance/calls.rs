//! What work costs in calls, for each CRM, beside the fewest there can be. A call more for every
//! record would be seen here; `docs/scale.md` shows the same table.

use chrono::TimeDelta;
use latitude::crm::page::Cursor;
use latitude::crm::write::Update;
use latitude::crm::{ALL, Crm};
use latitude::domain::field::{Field, Value};
use latitude::sync::RECONCILE;

use crate::bench::Bench;
use crate::stage::Stage;

/// Deals of the company; some are closed, and those are not read.
const DEALS: usize = 600;

/// What one CRM costs.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    crm: &'static str,
    /// Calls of a first pull of so many open deals, and the pages among them.
    pull: (u64, u64),
    /// Calls that write two batches and one deal (450 at most), and the fewest there can be.
    write: (u64, u64),
    /// Calls of a poll that finds nothing.
    poll: u64,
}

/// Open deals on a page of the first pull, the most the CRM gives.
fn page(crm: &str) -> u64 {
    match crm {
        "dynamics365" => 5_000,
        "hubspot" => 100,
        "odoo" => 1_000,
        "pipedrive" => 500,
        "espocrm" => 200,
        _ => 2_000,
    }
}

async fn cost(crm: &'static dyn Crm) -> Cost {
    let bench = Bench::ready(crm, DEALS).await;
    let open = {
        let state = bench.served.world.state();
        state.deals.iter().filter(|deal| deal.stage < 6).count() as u64
    };
    let calls = || bench.session.api.calls();

    let before = calls();
    let (seen, place) = bench.pull(&Cursor::default()).await;
    let pull = calls() - before;
    let (_, place) = bench.pull(&place).await;
    bench.clock.advance(TimeDelta::minutes(1));
    let before = calls();
    bench.pull(&place).await;
    let poll = calls() - before;

    let deals = bench.deals().await;
    assert!(seen.len() as u64 >= open && deals.len() >= 450);
    let update = |deal: &latitude::domain::deal::Deal| Update {
        deal: deal.id.clone(),
        fields: vec![
            (Field::Score, Value::Number(71)),
            (Field::Grade, Value::text("Solid")),
            (Field::Coaching, Value::text("Who else has to agree?")),
            (Field::State, Value::text("Current")),
        ],
        revision: None,
    };
    let batch = crm.profile().write_batch;
    let many = (2 * batch + 1).min(450);
    let updates: Vec<Update> = deals[..many].iter().map(update).collect();
    let before = calls();
    for some in updates.chunks(batch) {
        crm.write(&bench.session, some).await.unwrap();
    }
    let write = calls() - before;

    let id = crm.profile().id;
    Cost {
        crm: id,
        pull: (pull, open.div_ceil(page(id))),
        write: (write, many.div_ceil(batch) as u64),
        poll,
    }
}

#[tokio::test]
async fn no_crm_is_asked_more_often_than_is_written_down() {
    let mut costs = Vec::new();
    for crm in ALL {
        costs.push(cost(*crm).await);
    }

    assert_eq!(costs, written_down());
}

/// Beside the pages of open deals a first pull costs: Dynamics 365 one call for the link that tells
/// of deletions; EspoCRM one for stages and one count that would betray deletions; HubSpot the names
/// of companies and the deletions; Odoo the same count; Pipedrive the names of organizations; Zoho
/// the deletions. A poll costs one page, and where deletions do not come with it one call for them.
fn written_down() -> Vec<Cost> {
    let cost = |crm, pull, write, poll| Cost {
        crm,
        pull,
        write,
        poll,
    };
    vec![
        cost("dynamics365", (2, 1), (3, 3), 2),
        cost("espocrm", (5, 3), (3, 3), 2),
        cost("hubspot", (8, 6), (3, 3), 2),
        cost("odoo", (2, 1), (3, 3), 2),
        cost("pipedrive", (3, 2), (3, 3), 1),
        cost("salesforce", (1, 1), (1, 1), 1),
        cost("zoho", (2, 1), (3, 3), 2),
    ]
}

#[tokio::test]
async fn a_poll_that_finds_nothing_costs_a_connection_four_calls_at_most() {
    for crm in ALL {
        let stage = Stage::of(*crm, 30).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::hours(1));
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));

        let idle = stage.reconcile().await;

        let id = crm.profile().id;
        assert!(idle.calls <= 4, "{id}: {} calls", idle.calls);
        assert_eq!(idle.tally, latitude::sync::work::Tally::default(), "{id}");
    }
}

/// The nightly reconcile costs what a first pull costs, and finds nothing where nothing was missed.
#[tokio::test]
async fn a_reconcile_finds_nothing_where_the_pulls_missed_nothing() {
    for crm in ALL {
        let stage = Stage::of(*crm, 30).await;
        let first = stage.reconcile().await;
        stage.clock.advance(TimeDelta::hours(1));
        let mut tx = stage.engine.store.write().await.unwrap();
        tx.hasten(&stage.id, RECONCILE, stage.env.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let report = stage.engine.run_until_quiet(None).await.unwrap();

        let id = crm.profile().id;
        assert_eq!(report[0].tally.repaired, 0, "{id}");
        assert_eq!(report[0].tally.written, 0, "{id}");
        assert!(report[0].calls <= first.calls, "{id}: {}", report[0].calls);
    }
}
