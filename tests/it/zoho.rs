//! What only this CRM's limits make hard.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use latitude::crm;
use latitude::crm::page::{Cursor, Seen};
use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};
use latitude::sync::report::RunState;
use latitude::sync::{BETWEEN_PULLS, PULL};
use secrecy::{ExposeSecret, SecretString};

use crate::bench::Bench;
use crate::stage::Stage;

fn ids(seen: &[Seen]) -> BTreeSet<String> {
    let here = seen.iter().filter_map(|seen| match seen {
        Seen::Here(deal) => Some(deal.id.to_string()),
        _ => None,
    });
    here.collect()
}

/// A list by token ends at 100,000 rows, a query by offset too.
#[tokio::test]
async fn the_last_of_many_deals_is_found() {
    let bench = Bench::bare(crm::by_id("zoho").unwrap(), 110_001).await;
    let before = bench.session.api.calls();

    let (seen, _) = bench.pull(&Cursor::default()).await;

    let state = bench.served.world.state();
    let open = state.deals.iter().filter(|deal| deal.stage < 6);
    let open: BTreeSet<String> = open.map(|deal| deal.id.clone()).collect();
    assert!(open.len() > 100_000);
    assert!(ids(&seen) == open, "{} of {}", seen.len(), open.len());
    let fewest = open.len().div_ceil(2_000) as u64;
    assert!(bench.session.api.calls() - before <= fewest + 2);
}

#[tokio::test]
async fn a_change_of_many_deals_is_read_whole() {
    let bench = Bench::ready(crm::by_id("zoho").unwrap(), 900).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(chrono::TimeDelta::minutes(30));
    let changed: BTreeSet<String> = {
        let world = &bench.served.world;
        let mut state = world.state();
        for n in 0..700 {
            let owner = state.deals[n].owner;
            world.touch(&mut state, n, owner);
        }
        state.deals[..700]
            .iter()
            .map(|deal| deal.id.clone())
            .collect()
    };

    let (seen, _) = bench.pull(&place).await;

    assert_eq!(ids(&seen), changed);
}

#[tokio::test]
async fn tokens_are_bought_once_and_not_beyond_the_ration() {
    let bench = Bench::ready(crm::by_id("zoho").unwrap(), 20).await;
    let deal = bench.deals().await.remove(0);
    let batch = [Update {
        deal: deal.id,
        fields: vec![(Field::Score, Value::Number(50))],
        revision: None,
    }];

    for _ in 0..12 {
        bench.clock.advance(chrono::TimeDelta::minutes(30));
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();
        assert_eq!(outcomes, [Outcome::Written]);
    }

    let tokens = bench.served.stats.routes()["POST /oauth/v2/token"];
    assert!(tokens.calls <= 8 && tokens.refused == 0, "{tokens:?}");
}

/// Zoho gives no more than ten access tokens in ten minutes, counts who asks too early, and is asked
/// again only after that; nobody has to sign in anew.
#[tokio::test]
async fn a_sign_in_that_asked_too_often_is_left_alone_for_ten_minutes() {
    let stage = Stage::of(crm::by_id("zoho").unwrap(), 6).await;
    assert_eq!(stage.reconcile().await.state, RunState::Ok);
    // The token runs out, and something else of the customer's buys all there are.
    stage.clock.advance(TimeDelta::minutes(70));
    for _ in 0..10 {
        another_buys(&stage).await;
    }
    let refused = || {
        let routes = stage.served.stats.routes();
        routes["POST /oauth/v2/token"].refused
    };

    stage.hasten().await;
    let first = stage.engine.turn(None).await.unwrap().unwrap();
    for _ in 0..9 {
        stage.clock.advance(TimeDelta::minutes(1));
        // A webhook asks for a look, too.
        let mut tx = stage.engine.store.write().await.unwrap();
        let at = (stage.env.now(), BETWEEN_PULLS);
        tx.hint(&stage.id, PULL, at).await.unwrap();
        tx.commit().await.unwrap();
        stage.engine.turn(None).await.unwrap();
    }
    let early = refused();
    stage.clock.advance(TimeDelta::seconds(61));
    let after = stage.engine.turn(None).await.unwrap().unwrap();

    assert_eq!(first.state, RunState::Failed, "{:?}", first.cause);
    assert_eq!(early, 1, "it was asked again before its time");
    assert_eq!(after.state, RunState::Ok, "{:?}", after.cause);
    assert_eq!(refused(), 1);
}

/// Another program with the same refresh token buys an access token.
async fn another_buys(stage: &Stage) {
    let settings = &stage.served.settings;
    let secret = |it: &Option<SecretString>| it.as_ref().unwrap().expose_secret().to_owned();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", settings.client_id.as_deref().unwrap())
        .append_pair("client_secret", &secret(&settings.client_secret))
        .append_pair("refresh_token", &secret(&settings.token))
        .finish();
    let place = settings.token_url.clone().unwrap();
    let mut request = reqwest::Request::new(reqwest::Method::POST, place);
    *request.body_mut() = Some(form.into());
    let reply = latitude::http::client().execute(request).await.unwrap();
    assert!(reply.status().is_success());
}
