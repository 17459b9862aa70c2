//! HubSpot: the window of its search, batches that are refused whole, tokens of half an hour.

use std::collections::BTreeSet;

use latitude::crm::page::{Cursor, Next, Seen};
use latitude::crm::setup::{Step, steps_to_destroy};
use latitude::crm::write::{Outcome, Update};
use latitude::crm::{Crm, by_id};
use latitude::domain::field::{Field, Value};
use latitude::http::fault::Fault;
use latitude::sandbox::weather::Knobs;
use latitude::sync::report::RunState;
use serde_json::json;

use crate::bench::Bench;
use crate::stage::Stage;

fn hubspot() -> &'static dyn Crm {
    by_id("hubspot").unwrap()
}

/// A search gives no more than 10,000 results, and a bulk import stamps more than that alike.
#[tokio::test]
async fn twelve_thousand_changes_of_one_moment_are_all_found() {
    let bench = Bench::ready(hubspot(), 20).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(chrono::TimeDelta::minutes(10));
    {
        let mut state = bench.served.world.state();
        let now = bench.served.world.now();
        let id = |n: usize| state.deals[n].id.parse::<usize>().unwrap();
        let (first, step) = (id(0), id(1) - id(0));
        for n in state.deals.len()..12_000 {
            let mut deal = state.deals[n % 20].clone();
            deal.id = (first + n * step).to_string();
            state.deals.push(deal);
        }
        for deal in &mut state.deals {
            (deal.changed_at, deal.visible_at) = (now, now);
        }
    }

    let (seen, _) = bench.pull(&place).await;

    let ids: BTreeSet<&str> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Here(deal) => Some(deal.id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 12_000);
    assert_eq!(seen.len(), 12_000, "no page came twice");
}

#[tokio::test]
async fn one_bad_value_among_a_hundred_is_singled_out() {
    let bench = Bench::ready(hubspot(), 120).await;
    let deals = bench.deals().await;
    let update = |n: usize| Update {
        deal: deals[n].id.clone(),
        fields: vec![(
            Field::Grade,
            Value::text(if n == 37 { "Superb" } else { "Solid" }),
        )],
        revision: None,
    };
    let batch: Vec<Update> = (0..100).map(update).collect();
    let before = bench.session.api.calls();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert!(bench.session.api.calls() - before <= 15);
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Written => assert_ne!(n, 37),
            Outcome::Refused(refusal) => {
                assert_eq!(n, 37);
                assert_eq!(refusal.code, "INVALID_OPTION");
                assert_eq!(refusal.fields, [Field::Grade]);
            }
            other => panic!("{n}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_property_that_was_deleted_is_a_matter_of_set_up_and_costs_no_halving() {
    let bench = Bench::ready(hubspot(), 40).await;
    let deals = bench.deals().await;
    let score = bench.session.fields.name(Field::Score).unwrap().to_owned();
    bench.served.world.state().remove_field(&score);
    let update = |n: usize| Update {
        deal: deals[n].id.clone(),
        fields: match n % 2 {
            0 => vec![(Field::Score, Value::Number(40))],
            _ => vec![(Field::State, Value::text("Current"))],
        },
        revision: None,
    };
    let batch: Vec<Update> = (0..30).map(update).collect();
    let before = bench.session.api.calls();

    let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

    assert_eq!(bench.session.api.calls() - before, 2);
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Refused(refusal) if n % 2 == 0 => assert!(refusal.setup),
            outcome => assert_eq!((n % 2, outcome), (1, &Outcome::Written)),
        }
    }
}

#[tokio::test]
async fn a_token_that_ends_amid_the_pages_is_renewed_without_a_word() {
    let bench = Bench::ready(hubspot(), 1_500).await;
    let session = bench.installed("eu1-sandbox-refresh-token").await;
    bench.served.world.weather().set(Knobs {
        expire: 0.3,
        ..Knobs::default()
    });

    let (mut place, mut ids) = (Cursor::default(), BTreeSet::new());
    loop {
        // Twice in a row the fresh token is struck as well; then the engine would look again later.
        let page = match bench.crm.deals(&session, &place).await {
            Err(Fault::Reconnect(_)) => continue,
            page => page.unwrap(),
        };
        ids.extend(page.items.into_iter().filter_map(|seen| match seen {
            Seen::Here(deal) => Some(deal.id),
            _ => None,
        }));
        match page.next {
            Next::More(next) => place = next,
            Next::Done(_) => break,
        }
    }

    let state = bench.served.world.state();
    let open = state.deals.iter().filter(|deal| deal.stage < 6).count();
    assert_eq!(ids.len(), open);
}

#[tokio::test]
async fn a_day_that_is_used_up_is_told_from_a_burst() {
    let bench = Bench::bare(hubspot(), 5).await;
    let limits = |limits| {
        let mut state = bench.served.world.state();
        state.things.insert("limits".to_owned(), limits);
    };

    limits(json!({"ten_secondly": 0}));
    let burst = bench.crm.whoami(&bench.session).await;
    limits(json!({"daily": 0}));
    let day = bench.crm.whoami(&bench.session).await;

    let now = bench.served.world.now();
    let Err(Fault::Later { at: Some(at), .. }) = burst else {
        panic!("{burst:?}")
    };
    assert_eq!((at - now).num_seconds(), 10);
    assert!(matches!(day, Err(Fault::Spent { .. })), "{day:?}");
}

#[tokio::test]
async fn a_merged_deal_is_seen_to_go_on_in_another() {
    let bench = Bench::ready(hubspot(), 10).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    let deals = bench.deals().await;
    let (winner, loser) = (&deals[0].id, &deals[1].id);
    bench.clock.advance(chrono::TimeDelta::minutes(1));
    let call = bench.session.api.post("/crm/objects/2026-03/deals/merge");
    let merge = json!({"primaryObjectId": winner, "objectIdToMerge": loser});
    call.json(&merge).reply().await.unwrap();

    let (seen, _) = bench.pull(&place).await;

    let merged = Seen::Merged {
        from: loser.clone(),
        into: winner.clone(),
    };
    assert!(seen.contains(&merged), "{seen:?}");
    assert!(!seen.contains(&Seen::Gone(loser.clone())));
    let gone = bench.crm.deal(&bench.session, loser).await.unwrap();
    assert_eq!(gone, None);
}

/// A deleted property keeps its name: it stands in the settings until an admin restores it or
/// deletes it for good.
#[tokio::test]
async fn a_deleted_property_is_told_with_the_place_where_an_admin_finds_it() {
    let mut bench = Bench::bare(hubspot(), 5).await;
    bench.set_up().await;
    let wanted = bench.blueprint();
    let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
    for step in steps_to_destroy(&wanted, &found) {
        let removed = bench.crm.apply(&bench.session, &wanted, &step).await;
        removed.unwrap();
    }

    let create = Step::CreateField(Field::Score);
    let refused = bench.crm.apply(&bench.session, &wanted, &create).await;

    let Err(Fault::Setup(cause)) = refused else {
        panic!("{refused:?}")
    };
    for told in [
        "latitude_score",
        "18 more",
        "Settings → Properties → Archived",
    ] {
        assert!(cause.message.contains(told), "{cause}");
    }
    for field in Field::ALL {
        let name = bench.crm.field_name("latitude_", field);
        // One is wanted back, the others are not.
        let method = match field {
            Field::Score => reqwest::Method::POST,
            _ => reqwest::Method::DELETE,
        };
        let place = format!("archived-properties/{name}");
        bench.control(method, &place, None).await;
    }
    // Looks for gaps itself.
    bench.set_up().await;
}

/// Portals of one currency leave a deal's own empty.
#[tokio::test]
async fn a_deal_of_a_portal_with_one_currency_carries_that_of_the_account() {
    let stage = Stage::of(hubspot(), 6).await;
    {
        let mut state = stage.served.world.state();
        state.things.insert("one_currency".to_owned(), json!(true));
        assert!(state.deals[0].stage < 6);
    }

    stage.reconcile().await;

    assert_eq!(stage.dossier(0).await.currency.as_deref(), Some("EUR"));
    let session = stage.engine.session(&stage.id).await.unwrap();
    let id = stage.deal_id(0);
    let now = stage
        .crm
        .deals_now(&session, std::slice::from_ref(&id))
        .await
        .unwrap();
    let one = stage.crm.deal(&session, &id).await.unwrap();
    for deal in [&now[0], &one] {
        let currency = deal.as_ref().unwrap().currency.as_deref();
        assert_eq!(currency, Some("EUR"));
    }
}

/// The documents ask to wait two seconds for a lock, not to look for the record that is locked.
#[tokio::test]
async fn a_batch_that_is_locked_waits_whole_and_is_written_after_two_seconds() {
    let stage = Stage::of(hubspot(), 120).await;
    let writes = || {
        let state = stage.served.world.state();
        let is_write = |target: &str| target.ends_with("/deals/batch/update");
        let asked = state.calls.iter().filter(|call| is_write(&call.target));
        asked.count()
    };
    let open = {
        let state = stage.served.world.state();
        state.deals.iter().filter(|deal| deal.stage < 6).count()
    };
    let batches = open.div_ceil(100);
    stage.served.world.weather().set(Knobs {
        busy: 1.0,
        ..Knobs::default()
    });

    stage.hasten().await;
    stage.engine.turn(None).await.unwrap();
    let locked = writes();
    stage.served.world.weather().set(Knobs::default());
    stage.clock.advance(chrono::TimeDelta::milliseconds(1_900));
    stage.engine.turn(None).await.unwrap();
    let early = writes();
    stage.clock.advance(chrono::TimeDelta::milliseconds(200));
    let report = stage.engine.turn(None).await.unwrap().unwrap();

    assert_eq!((locked, early), (batches, batches));
    assert_eq!(writes(), 2 * batches);
    assert_eq!(report.state, RunState::Ok, "{report:?}");
    assert!(stage.shown(0, Field::Grade).is_string());
}
