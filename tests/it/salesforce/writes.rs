//! Writes: how many calls, what stands in their way, and what a revision guards.

use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};
use latitude::http::fault::Fault;
use serde_json::json;

use super::{rule, salesforce, trouble};
use crate::bench::Bench;

fn score(deal: &latitude::domain::deal::Deal, revision: Option<String>) -> Update {
    Update {
        deal: deal.id.clone(),
        fields: vec![(Field::Score, Value::Number(72))],
        revision,
    }
}

/// A score for each of the first deals.
async fn scores(bench: &Bench, most: usize) -> Vec<Update> {
    let deals = bench.deals().await;
    deals
        .iter()
        .take(most)
        .map(|deal| score(deal, None))
        .collect()
}

#[tokio::test]
async fn two_hundred_deals_are_one_call() {
    let bench = Bench::ready(salesforce(), 240).await;
    let batch = scores(&bench, 200).await;
    bench.served.stats.clear();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert_eq!(outcomes, vec![Outcome::Written; 200]);
    assert_eq!(bench.served.stats.calls(), 1);
}

#[tokio::test]
async fn a_thousand_deals_are_one_call() {
    let bench = Bench::ready(salesforce(), 1100).await;
    let batch = scores(&bench, 1000).await;
    bench.served.stats.clear();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert_eq!(outcomes, vec![Outcome::Written; 1000]);
    assert_eq!(bench.served.stats.calls(), 1);
}

#[tokio::test]
async fn what_is_too_much_for_one_transaction_goes_in_smaller_ones() {
    let bench = Bench::ready(salesforce(), 1100).await;
    let batch = scores(&bench, 1000).await;
    rule(&bench, json!({"rows_in_one_composite": 650})).await;
    bench.served.stats.clear();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert_eq!(outcomes, vec![Outcome::Written; 1000]);
    assert_eq!(bench.served.stats.calls(), 3, "one, and two parts again");
}

#[tokio::test]
async fn each_trouble_is_told_apart() {
    let bench = Bench::ready(salesforce(), 30).await;
    let deals = bench.deals().await;
    let troubles = [
        trouble("busy", &json!(1)),
        json!({"trouble": "locked"}),
        json!({"trouble": "read_only"}),
        trouble("refused", &json!("Say why.")),
    ];
    for (deal, trouble) in deals.iter().zip(troubles) {
        bench.edit(deal.id.as_str(), trouble).await;
    }
    let batch: Vec<Update> = deals.iter().take(5).map(|deal| score(deal, None)).collect();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();
    let again = bench.crm.write(&bench.session, &batch[..1]).await.unwrap();

    let told = |n: usize| match &outcomes[n] {
        Outcome::Busy(refusal) => ("busy", refusal.code.clone()),
        Outcome::Refused(refusal) => ("refused", refusal.code.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(0), ("busy", "UNABLE_TO_LOCK_ROW".to_owned()));
    assert_eq!(told(1), ("busy", "ENTITY_IS_LOCKED".to_owned()));
    assert_eq!(
        told(2),
        ("refused", "INSUFFICIENT_ACCESS_OR_READONLY".to_owned())
    );
    assert_eq!(
        told(3),
        ("refused", "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned())
    );
    assert_eq!(outcomes[4], Outcome::Written);
    assert_eq!(again, [Outcome::Written]);
}

#[tokio::test]
async fn a_field_that_was_taken_away_is_named() {
    let bench = Bench::ready(salesforce(), 10).await;
    let deal = bench.deals().await.remove(0);
    let name = bench.session.fields.name(Field::Score).unwrap().to_owned();
    bench.served.world.state().remove_field(&name);

    let outcomes = bench
        .crm
        .write(&bench.session, &[score(&deal, None)])
        .await
        .unwrap();
    let pull = bench
        .crm
        .deals(&bench.session, &Default::default())
        .await
        .unwrap_err();

    let Outcome::Refused(refusal) = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(refusal.fields, [Field::Score]);
    assert!(refusal.setup);
    assert!(
        matches!(&pull, Fault::Setup(cause) if cause.message.contains(&name)),
        "{pull:?}"
    );
}

#[tokio::test]
async fn an_update_for_an_older_revision_is_not_written() {
    let bench = Bench::ready(salesforce(), 10).await;
    let deals = bench.deals().await;
    bench.clock.advance(chrono::TimeDelta::minutes(1));
    bench
        .edit(deals[0].id.as_str(), json!({"name": "Changed meanwhile"}))
        .await;
    let batch = [
        score(&deals[0], deals[0].revision.clone()),
        score(&deals[1], deals[1].revision.clone()),
        score(&deals[2], None),
    ];

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert_eq!(
        outcomes,
        [Outcome::Changed, Outcome::Written, Outcome::Written]
    );
}

#[tokio::test]
async fn a_used_up_day_stops_all_calls() {
    let bench = Bench::ready(salesforce(), 10).await;
    rule(
        &bench,
        json!({"calls_per_day": 1000, "used_by_others": 1000}),
    )
    .await;

    let first = bench.crm.stages(&bench.session).await.unwrap_err();
    assert!(
        matches!(&first, Fault::Spent { until: Some(_), .. }),
        "{first:?}"
    );

    rule(&bench, json!({"used_by_others": 0, "crowded": true})).await;
    let crowded = bench.crm.stages(&bench.session).await.unwrap_err();
    assert!(matches!(&crowded, Fault::Later { .. }), "{crowded:?}");

    // Others have used most of the day: Latitude leaves the rest to them.
    rule(&bench, json!({"crowded": false, "used_by_others": 900})).await;
    bench.crm.stages(&bench.session).await.unwrap();
    bench.served.stats.clear();
    let spent = bench.crm.stages(&bench.session).await.unwrap_err();
    assert!(matches!(&spent, Fault::Spent { .. }), "{spent:?}");
    assert_eq!(bench.served.stats.calls(), 0);
}
