//! Pipedrive: the company's tokens for the day, deals that are put away, managers by role.

use latitude::crm::page::{Cursor, Seen};
use latitude::crm::write::{Outcome, Update};
use latitude::crm::{Crm, by_id};
use latitude::domain::field::{Field, Value};
use latitude::domain::ids::PersonId;
use latitude::http::fault::Fault;
use serde_json::json;

use crate::bench::Bench;

fn pipedrive() -> &'static dyn Crm {
    by_id("pipedrive").unwrap()
}

#[tokio::test]
async fn when_the_companys_tokens_are_used_up_nothing_more_is_asked() {
    let bench = Bench::bare(pipedrive(), 5).await;
    let limits = |limits| {
        let mut state = bench.served.world.state();
        state.things.insert("limits".to_owned(), limits);
    };

    limits(json!({"burst": 0}));
    let burst = bench.crm.whoami(&bench.session).await;
    limits(json!({"daily": 1}));
    let day = bench.crm.whoami(&bench.session).await;

    let now = bench.served.world.now();
    let Err(Fault::Later { at: Some(at), .. }) = burst else {
        panic!("{burst:?}")
    };
    assert_eq!((at - now).num_seconds(), 2);
    assert!(matches!(day, Err(Fault::Spent { .. })), "{day:?}");
}

#[tokio::test]
async fn only_our_share_of_the_companys_tokens_is_spent() {
    let bench = Bench::bare(pipedrive(), 5).await;
    let limits = json!({"daily": 100});
    let things = ("limits".to_owned(), limits);
    bench.served.world.state().things.extend([things]);

    bench.crm.stages(&bench.session).await.unwrap();
    let people = bench
        .crm
        .people(&bench.session, &Cursor::default())
        .await
        .map(|page| page.items);

    // A fifth of a hundred: two lists of five went through, one of twenty does not fit any more.
    assert!(matches!(people, Err(Fault::Spent { .. })), "{people:?}");
    assert_eq!(bench.session.api.calls(), 2);
}

#[tokio::test]
async fn a_deal_that_was_put_away_is_seen_as_gone_within_the_hour() {
    let bench = Bench::ready(pipedrive(), 10).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    let deal = bench.deals().await.remove(0).id;
    bench.clock.advance(chrono::TimeDelta::minutes(1));
    let call = bench.session.api.patch(format!("/api/v2/deals/{deal}"));
    let body = json!({"is_archived": true});
    call.json(&body).reply().await.unwrap();
    bench.clock.advance(chrono::TimeDelta::minutes(61));

    let (seen, _) = bench.pull(&place).await;

    assert_eq!(seen, [Seen::Gone(deal.clone())]);
    let gone = bench.crm.deal(&bench.session, &deal).await.unwrap();
    assert_eq!(gone, None);
}

#[tokio::test]
async fn managers_are_read_from_the_roles() {
    let bench = Bench::bare(pipedrive(), 80).await;

    let page = bench.crm.people(&bench.session, &Cursor::default()).await;

    let people = page.unwrap().items;
    let state = bench.served.world.state();
    for (person, told) in people.iter().zip(&state.people) {
        let manager = told.manager.map(|n| state.people[n].id.as_str());
        let seen = person.manager.as_ref().map(PersonId::as_str);
        assert_eq!(seen, manager, "{}", told.name());
    }
}

#[tokio::test]
async fn an_installed_app_calls_where_its_token_says() {
    let mut bench = Bench::ready(pipedrive(), 10).await;
    let deal = bench.deals().await.remove(0).id;
    bench.session = bench.installed("1:1:sandbox-refresh-token").await;
    let update = Update {
        deal: deal.clone(),
        fields: vec![(Field::Grade, Value::text("Thin"))],
        revision: None,
    };

    let outcomes = bench.crm.write(&bench.session, &[update]).await.unwrap();

    assert_eq!(outcomes, [Outcome::Written]);
    assert_eq!(
        bench.session.api.base().await.unwrap().port(),
        bench.served.base.port()
    );
}
