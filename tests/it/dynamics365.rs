//! What only this CRM's habits make hard.

use chrono::TimeDelta;
use latitude::crm;
use latitude::crm::page::{Cursor, Seen};
use latitude::crm::setup::{Access, Blueprint, Step, steps_to_apply};
use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};
use latitude::domain::ids::DealId;
use latitude::http::fault::Fault;
use latitude::sync::RECONCILE;
use latitude::sync::report::RunState;
use serde_json::json;

use crate::bench::Bench;
use crate::stage::Stage;

fn score(deal: &DealId, revision: Option<String>) -> Update {
    Update {
        deal: deal.clone(),
        fields: vec![(Field::Score, Value::Number(50))],
        revision,
    }
}

#[tokio::test]
async fn a_write_to_an_unknown_id_makes_no_deal() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
    let unknown = DealId::from("00000000-0000-4000-8000-00000000dead");

    let outcomes = bench
        .crm
        .write(&bench.session, &[score(&unknown, None)])
        .await;

    assert_eq!(outcomes.unwrap(), [Outcome::Gone]);
    assert_eq!(bench.served.world.state().deals.len(), 20);
}

#[tokio::test]
async fn a_write_for_an_older_revision_is_told_apart_from_its_neighbours() {
    for id in ["dynamics365", "zoho"] {
        let bench = Bench::ready(crm::by_id(id).unwrap(), 20).await;
        let deals = bench.deals().await;
        bench.clock.advance(TimeDelta::minutes(1));
        bench
            .edit(deals[1].id.as_str(), json!({"amount": 17.0}))
            .await;

        let batch: Vec<Update> = deals[..3]
            .iter()
            .map(|deal| score(&deal.id, deal.revision.clone()))
            .collect();
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

        let wanted = [Outcome::Written, Outcome::Changed, Outcome::Written];
        assert_eq!(outcomes, wanted, "{id}");
    }
}

#[tokio::test]
async fn what_was_deleted_while_the_tracking_link_lapsed_is_found_gone_at_once() {
    let stage = Stage::of(crm::by_id("dynamics365").unwrap(), 30).await;
    assert_eq!(stage.reconcile().await.state, RunState::Ok);
    let open = {
        let state = stage.served.world.state();
        let mut deals = state.deals.iter();
        deals
            .position(|it| it.stage < 6 && it.deleted_at.is_none())
            .unwrap()
    };
    let deal = stage.deal_id(open);
    stage.clock.advance(TimeDelta::days(8));
    // The reconcile of that night has been, and found it.
    let mut tx = stage.engine.store.write().await.unwrap();
    let now = stage.env.now();
    for due in tx.due(&stage.id, now).await.unwrap() {
        if due.step == RECONCILE {
            let at = now + TimeDelta::hours(20);
            let put = tx.reschedule(&stage.id, &due, (at, now), (false, now));
            put.await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    {
        let world = &stage.served.world;
        let mut state = world.state();
        state.deals[open].deleted_at = Some(now);
        let owner = state.deals[open].owner;
        world.touch(&mut state, open, owner);
    }

    let report = stage.reconcile().await;

    assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.dossier(&stage.id, &deal).await.unwrap();
    assert!(known.is_none(), "{known:?}");
}

#[tokio::test]
async fn a_deal_that_closes_is_seen_as_closed() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
    let deal = bench.deals().await.remove(0);
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(TimeDelta::minutes(1));

    bench
        .edit(deal.id.as_str(), json!({"stage": "Closed Won"}))
        .await;
    let (seen, _) = bench.pull(&place).await;

    let Some(Seen::Here(closed)) = seen.last() else {
        panic!("{seen:?}")
    };
    let pipelines = bench.crm.stages(&bench.session).await.unwrap();
    let stage = pipelines[0]
        .stages
        .iter()
        .find(|stage| stage.id == closed.stage);
    assert_eq!(stage.unwrap().name, "Closed Won");
    assert_eq!(closed.standing, latitude::domain::deal::Standing::Won);
}

fn tracking(bench: &Bench, how: &str) {
    let mut state = bench.served.world.state();
    state.things.insert("tracking".to_owned(), json!(how));
}

/// Deletes a deal in the CRM a minute later; what a pull from there sees of it.
async fn sees_a_delete(bench: &Bench, deal: usize, place: &Cursor) -> (bool, Cursor) {
    bench.clock.advance(TimeDelta::minutes(1));
    let id = {
        let world = &bench.served.world;
        let mut state = world.state();
        state.deals[deal].deleted_at = Some(world.now());
        let owner = state.deals[deal].owner;
        world.touch(&mut state, deal, owner);
        state.deals[deal].id.clone()
    };
    bench.clock.advance(TimeDelta::minutes(1));
    let (seen, place) = bench.pull(place).await;
    (seen.contains(&Seen::Gone(DealId::from(id))), place)
}

#[tokio::test]
async fn deletes_are_told_again_a_day_after_tracking_was_refused() {
    for how in ["off", "narrow"] {
        let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
        tracking(&bench, how);
        let (first, place) = bench.pull(&Cursor::default()).await;
        assert!(!first.is_empty(), "{how}: content is read all the same");
        let before = bench.session.api.calls();
        bench.clock.advance(TimeDelta::hours(2));
        let (_, place) = bench.pull(&place).await;
        assert_eq!(
            bench.session.api.calls(),
            before + 1,
            "{how}: tried again at once"
        );

        tracking(&bench, "");
        bench.clock.advance(TimeDelta::hours(23));
        let (_, place) = bench.pull(&place).await;
        let (told, _) = sees_a_delete(&bench, 3, &place).await;

        assert!(told, "{how}");
    }
}

#[tokio::test]
async fn a_last_page_without_a_link_leaves_the_link_before_in_its_place() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(TimeDelta::minutes(1));
    tracking(&bench, "linkless");
    let (_, place) = bench.pull(&place).await;
    tracking(&bench, "");

    let (told, _) = sees_a_delete(&bench, 3, &place).await;

    assert!(told);
}

#[tokio::test]
async fn a_place_that_is_lost_is_not_taken_for_a_table_without_tracking() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
    tracking(&bench, "stale");

    let read = bench.crm.deals(&bench.session, &Cursor::default()).await;

    assert!(matches!(read, Err(Fault::Lost(_))), "{read:?}");
}

/// A solution of ours would hold nothing.
#[tokio::test]
async fn where_every_column_is_the_customers_own_no_solution_is_wanted() {
    let mut bench = Bench::bare(crm::by_id("dynamics365").unwrap(), 5).await;
    bench.set_up().await;
    let wanted = bench.blueprint();
    let gone = bench
        .crm
        .apply(&bench.session, &wanted, &Step::Revoke)
        .await;
    gone.unwrap();
    let ours = bench.crm.setup(&bench.session, &wanted).await.unwrap();
    let name = |field| (field, bench.crm.field_name("latitude_", field));
    let own = Blueprint {
        mapped: Field::ALL.into_iter().map(name).collect(),
        ..wanted
    };

    let theirs = bench.crm.setup(&bench.session, &own).await.unwrap();

    assert_eq!(ours.access, Access::Missing);
    assert_eq!(theirs.access, Access::NotNeeded);
    assert_eq!(steps_to_apply(&own, &theirs), []);
}
