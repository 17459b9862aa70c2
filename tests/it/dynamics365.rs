//! What only this CRM's habits make hard.

use latitude::crm;
use latitude::crm::page::{Cursor, Seen};
use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};
use latitude::domain::ids::DealId;
use serde_json::json;

use crate::bench::Bench;

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
        bench.clock.advance(chrono::TimeDelta::minutes(1));
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
async fn a_tracking_link_that_lapsed_starts_a_full_pull() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 30).await;
    let (first, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(chrono::TimeDelta::days(8));

    let (seen, next) = bench.pull(&place).await;

    let here = |seen: &[Seen]| {
        seen.iter()
            .filter(|seen| matches!(seen, Seen::Here(_)))
            .count()
    };
    assert_eq!(here(&seen), here(&first));
    let (again, _) = bench.pull(&next).await;
    assert!(again.is_empty());
}

#[tokio::test]
async fn a_deal_that_closes_is_seen_as_closed() {
    let bench = Bench::ready(crm::by_id("dynamics365").unwrap(), 20).await;
    let deal = bench.deals().await.remove(0);
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(chrono::TimeDelta::minutes(1));

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
