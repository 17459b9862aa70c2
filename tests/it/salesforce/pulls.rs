//! Pulls: how many calls they cost, and what they ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use latitude::crm::page::{Cursor, Next, Page, Parts, Seen};
use latitude::crm::session::{self, Means};
use latitude::crm::settings::Settings;
use latitude::domain::deal::Deal;
use latitude::http;
use serde_json::json;

use super::{id_of, rule, salesforce};
use crate::bench::{Bench, Memory};

fn queries(bench: &Bench) -> u64 {
    let routes = bench.served.stats.routes();
    let asked = routes.iter().filter(|(route, _)| route.contains("/query"));
    asked.map(|(_, count)| count.calls).sum()
}

#[tokio::test]
async fn a_first_pull_costs_one_call_a_page_and_few_besides() {
    let mut bench = Bench::ready(salesforce(), 6_545).await;
    let means = Means {
        client: http::client().into(),
        env: bench.session.api.env().clone(),
        vault: std::sync::Arc::new(Memory::default()),
    };
    let settings = bench.session.settings.clone();
    let fields = bench.session.fields.clone();
    bench.session = session::open(salesforce(), settings, fields, &means).unwrap();
    bench.served.stats.clear();

    let crm = bench.crm;
    crm.whoami(&bench.session).await.unwrap();
    crm.setup(&bench.session, &bench.blueprint()).await.unwrap();
    crm.stages(&bench.session).await.unwrap();
    crm.people(&bench.session, &Cursor::default())
        .await
        .unwrap();
    let others = bench.served.stats.calls();
    let (seen, _) = bench.pull(&Cursor::default()).await;
    let pages = bench.served.stats.calls() - others;

    // 6,545 deals, 5,999 and one of them open: exactly three full pages.
    assert_eq!(seen.len(), 6_000);
    assert_eq!(pages, 3);
    // Once a day: who is signed in, our fields, sets, views and who lacks a set, stages, people.
    assert!(others <= 7, "{others} calls besides the pages");
}

#[tokio::test]
async fn an_idle_pull_is_one_call_and_brings_nothing() {
    let bench = Bench::ready(salesforce(), 60).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.served.stats.clear();

    let (seen, _) = bench.pull(&place).await;

    assert_eq!(seen, []);
    assert_eq!(queries(&bench), 1);
    assert_eq!(bench.served.stats.calls(), 1);
}

#[tokio::test]
async fn a_change_that_became_visible_late_is_not_lost() {
    let bench = Bench::ready(salesforce(), 30).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    let late = {
        let mut state = bench.served.world.state();
        bench.served.world.touch(&mut state, 3, 1);
        state.deals[3].visible_at = bench.served.world.now() + chrono::TimeDelta::minutes(6);
        state.deals[3].id.clone()
    };
    bench.clock.advance(chrono::TimeDelta::minutes(5));
    bench
        .edit(&id_of(&bench, 4), json!({"name": "Newer"}))
        .await;
    let (early, place) = bench.pull(&place).await;

    bench.clock.advance(chrono::TimeDelta::minutes(2));
    let (seen, _) = bench.pull(&place).await;

    let has = |seen: &[Seen]| {
        seen.iter()
            .any(|one| matches!(one, Seen::Here(deal) if deal.id.as_str() == late))
    };
    assert!(!has(&early), "it was not to be seen yet");
    assert!(has(&seen));
}

#[tokio::test]
async fn an_organisation_with_one_currency_is_asked_once_too_often() {
    let bench = Bench::ready(salesforce(), 30).await;
    rule(&bench, json!({"many_currencies": false})).await;
    bench.served.stats.clear();

    let deals = bench.deals().await;
    bench
        .crm
        .deal(&bench.session, &deals[0].id)
        .await
        .unwrap()
        .unwrap();

    assert!(deals.iter().all(|deal| deal.currency.is_none()));
    assert_eq!(queries(&bench), 3);
}

/// Its API does not tell which currency that is, so an admin does.
#[tokio::test]
async fn deals_of_one_currency_carry_the_one_that_the_admin_named() {
    let mut bench = Bench::ready(salesforce(), 30).await;
    bench.session.settings = Arc::new(Settings {
        currency: Some("GBP".to_owned()),
        ..Settings::clone(&bench.session.settings)
    });
    let told = bench.deals().await;
    rule(&bench, json!({"many_currencies": false})).await;

    let deals = bench.deals().await;
    let one = bench.crm.deal(&bench.session, &deals[0].id).await.unwrap();

    let currencies = |deals: &[Deal]| -> BTreeSet<String> {
        let all = deals.iter().filter_map(|deal| deal.currency.clone());
        all.collect()
    };
    assert!(currencies(&told).contains("EUR"), "what is told stands");
    assert_eq!(currencies(&deals), BTreeSet::from(["GBP".to_owned()]));
    assert!(deals.iter().all(|deal| deal.currency.is_some()));
    assert_eq!(one.unwrap().currency.as_deref(), Some("GBP"));
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_of_a_pull_is_not_noticed() {
    let bench = Bench::ready(salesforce(), 4_500).await;
    let page = bench
        .crm
        .deals(&bench.session, &Cursor::default())
        .await
        .unwrap();
    let Next::More(place) = page.next else {
        panic!("a second page")
    };

    rule(&bench, json!({"end_sessions": true})).await;
    let (seen, _) = bench.pull(&place).await;

    let open = bench
        .served
        .world
        .state()
        .deals
        .iter()
        .filter(|deal| deal.stage < 6)
        .count();
    assert_eq!(page.items.len() + seen.len(), open);
}

#[tokio::test]
async fn a_pull_survives_wide_rows_that_shrink_its_pages() {
    let bench = Bench::ready(salesforce(), 300).await;
    let approach = bench
        .session
        .fields
        .name(latitude::domain::field::Field::Approach)
        .unwrap();
    for deal in &mut bench.served.world.state().deals {
        deal.custom
            .insert(approach.to_owned(), json!("w".repeat(131_072)));
    }

    let deals = bench.deals().await;

    assert_eq!(deals.len(), 275);
    assert!(
        deals
            .iter()
            .all(|deal| deal.answers.approach.len() == 131_072)
    );
}

/// Gives every deal a stamp of its own, over the days before the test's morning.
fn spread(bench: &Bench, days: i64) {
    let now = bench.served.world.now();
    let mut state = bench.served.world.state();
    let many = i64::try_from(state.deals.len()).unwrap();
    for (n, deal) in (0..).zip(&mut state.deals) {
        deal.changed_at =
            now - TimeDelta::days(days) + TimeDelta::seconds(n * days * 86_000 / many);
        deal.visible_at = deal.changed_at;
    }
}

/// The first page of a large pull, and the parts that the rest is split into.
async fn split(bench: &Bench) -> (Page<Seen>, Parts) {
    let crm = bench.crm;
    let first = crm.deals(&bench.session, &Cursor::default()).await.unwrap();
    let Next::More(rest) = &first.next else {
        panic!("a second page")
    };
    let parts = crm.split(&bench.session, rest).await.unwrap();
    (first, parts.expect("parts"))
}

#[tokio::test]
async fn the_parts_of_a_large_pull_hold_every_deal_once_and_cost_few_calls_more() {
    let bench = Bench::ready(salesforce(), 11_000).await;
    spread(&bench, 40);
    bench.served.stats.clear();

    let (first, parts) = split(&bench).await;
    let mut ids: Vec<String> = Vec::new();
    let mut keep = |items: Vec<Seen>| {
        ids.extend(items.into_iter().map(|one| match one {
            Seen::Here(deal) => deal.id.as_str().to_owned(),
            other => panic!("{other:?}"),
        }));
    };
    keep(first.items);
    for part in &parts.side_by_side {
        keep(bench.pull(part).await.0);
    }
    let calls = queries(&bench);
    let (after, _) = bench.pull(&parts.then).await;

    let state = bench.served.world.state();
    let open = state.deals.iter().filter(|deal| deal.stage < 6);
    let open: BTreeSet<String> = open.map(|deal| deal.id.clone()).collect();
    assert_eq!(parts.side_by_side.len(), 2);
    assert_eq!(ids.len(), open.len());
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), open);
    // Each part may end with a page that is not full, and the days are counted once.
    assert!(
        calls <= open.len().div_ceil(2_000) as u64 + 2 + 1,
        "{calls} calls"
    );
    assert_eq!(after, []);
}

#[tokio::test]
async fn what_changes_while_parts_are_read_is_found_after_them_and_in_none_of_them() {
    let bench = Bench::ready(salesforce(), 11_000).await;
    spread(&bench, 40);
    let (_, parts) = split(&bench).await;
    let names = |seen: Vec<Seen>| -> Vec<String> {
        let names = seen.into_iter().filter_map(|one| match one {
            Seen::Here(deal) => Some(deal.name),
            _ => None,
        });
        names.filter(|name| name.starts_with("Moved")).collect()
    };

    bench
        .edit(&id_of(&bench, 6_001), json!({"name": "Moved meanwhile"}))
        .await;
    let mut within = Vec::new();
    for part in &parts.side_by_side {
        within.extend(names(bench.pull(part).await.0));
    }
    let after = names(bench.pull(&parts.then).await.0);

    // Seen twice, an older page that is saved later would bring back what stood there before.
    assert_eq!(within, Vec::<String>::new());
    assert_eq!(after, ["Moved meanwhile"]);
}

#[tokio::test]
async fn a_small_pull_and_one_stamp_for_all_are_not_split() {
    for (deals, days) in [(2_400, 40), (11_000, 0)] {
        let bench = Bench::ready(salesforce(), deals).await;
        spread(&bench, days);
        let first = bench
            .crm
            .deals(&bench.session, &Cursor::default())
            .await
            .unwrap();
        let Next::More(rest) = &first.next else {
            panic!("a second page")
        };

        let parts = bench.crm.split(&bench.session, rest).await.unwrap();

        assert_eq!(parts, None, "{deals} deals over {days} days");
    }
}
