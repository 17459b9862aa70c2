//! Where changes slip through other integrations: seen late, moved between pages, all of one moment.
//! Each is found, and each is counted once.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use latitude::crm::page::{Cursor, Next, Seen};
use latitude::crm::setup::FieldMap;
use latitude::crm::{ALL, by_id};
use latitude::domain::field::Field;
use latitude::sandbox::weather::Knobs;
use latitude::sync::report::RunState;
use serde_json::json;

use crate::bench::Bench;
use crate::stage::{Stage, databases};

/// How late, in seconds, a CRM may show a change behind its stamp: a transaction that takes so long
/// stamps its records when it begins, and shows them when it ends.
fn lateness(crm: &str) -> i64 {
    match crm {
        "espocrm" => 110,
        _ => 290,
    }
}

/// The name of a field in this CRM, which may be one that only this account knows.
async fn name_of(stage: &Stage, field: Field) -> String {
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    let fields: FieldMap = serde_json::from_value(known.fields.unwrap().0).unwrap();
    fields.name(field).unwrap().to_owned()
}

fn types(stage: &Stage, deal: usize, name: &str, text: &str) {
    let world = &stage.served.world;
    let mut state = world.state();
    state.deals[deal]
        .custom
        .insert(name.to_owned(), text.into());
    let owner = state.deals[deal].owner;
    world.touch(&mut state, deal, owner);
}

#[tokio::test]
async fn a_change_that_is_seen_late_behind_its_stamp_is_found_and_counted_once() {
    for crm in ALL {
        let id = crm.profile().id;
        let stage = Stage::of(*crm, 20).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(30));
        stage.reconcile().await;
        let open: Vec<usize> = {
            let state = stage.served.world.state();
            (0..20).filter(|n| state.deals[*n].stage < 6).collect()
        };
        let (late, other) = (open[0], open[1]);
        stage.clock.advance(TimeDelta::minutes(10));
        let approach = name_of(&stage, Field::Approach).await;
        types(
            &stage,
            late,
            &approach,
            "Ask Ada first, because she owns the gate.",
        );
        let behind = TimeDelta::seconds(lateness(id));
        let shown_at = stage.env.now() + behind;
        stage.served.world.state().deals[late].visible_at = shown_at;
        stage.clock.advance(behind - TimeDelta::seconds(40));
        types(
            &stage,
            other,
            &approach,
            "Ask Bea first, because she signs.",
        );
        stage.clock.advance(TimeDelta::seconds(10));

        // The newer change comes first, so a place that only remembers stamps would be past it.
        let early = stage.reconcile().await;
        stage.clock.advance(TimeDelta::seconds(40));
        let found = stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(1));
        let again = stage.reconcile().await;

        let counted = |report: &latitude::sync::report::Report| report.tally.read;
        assert_eq!((counted(&early), counted(&found)), (1, 1), "{id}");
        assert_eq!(again.tally.pulled, 0, "{id}");
        let strategy = name_of(&stage, Field::Strategy).await;
        let shown = stage.served.world.state().deals[late].custom[&strategy].to_string();
        assert!(shown.contains("owns the gate"), "{id}: {shown}");
    }
}

#[tokio::test]
async fn deals_that_vanish_or_change_between_two_pages_hide_no_other() {
    for crm in ALL {
        let id = crm.profile().id;
        let mut bench = Bench::bare(*crm, 1_200).await;
        bench.set_up().await;
        bench.clock.advance(TimeDelta::minutes(30));
        let open: BTreeSet<String> = {
            let state = bench.served.world.state();
            let open = state.deals.iter().filter(|deal| deal.stage < 6);
            open.map(|deal| deal.id.clone()).collect()
        };
        let (mut place, mut seen, mut moved) = (Cursor::default(), Vec::new(), Vec::new());
        let mut gone = false;
        loop {
            let page = crm.deals(&bench.session, &place).await.unwrap();
            let here = page.items.iter().filter_map(|seen| match seen {
                Seen::Here(deal) => Some(deal.id.as_str().to_owned()),
                _ => None,
            });
            seen.extend(here);
            gone |= page.items.iter().any(|seen| matches!(seen, Seen::Gone(_)));
            // One that was read is deleted, one that was read changes: what is behind moves up.
            if let [first, second, ..] = &seen[..]
                && moved.len() < 6
            {
                let n = moved.len() / 2 * 7;
                let (first, second) = match seen.get(n + 1) {
                    Some(next) => (seen[n].clone(), next.clone()),
                    None => (first.clone(), second.clone()),
                };
                bench.clock.advance(TimeDelta::seconds(1));
                bench.edit(&first, json!({"deleted": true})).await;
                bench.edit(&second, json!({"name": "Moved"})).await;
                moved.extend([first, second]);
            }
            match page.next {
                Next::More(next) => place = next,
                Next::Done(next) => {
                    place = next;
                    break;
                }
            }
        }
        bench.clock.advance(TimeDelta::minutes(1));
        let (later, _) = bench.pull(&place).await;

        let found: BTreeSet<String> = seen.iter().cloned().collect();
        let lost: Vec<&String> = open.difference(&found).collect();
        assert_eq!(lost, Vec::<&String>::new(), "{id}");
        // Those that changed meanwhile come with the next pull, as they are now.
        gone |= later.iter().any(|seen| matches!(seen, Seen::Gone(_)));
        assert!(gone || moved.is_empty(), "{id}: {moved:?}");
        for renamed in moved.iter().skip(1).step_by(2) {
            let now = later.iter().any(|seen| match seen {
                Seen::Here(deal) => deal.id.as_str() == renamed && deal.name == "Moved",
                _ => false,
            });
            let before = seen.iter().filter(|it| *it == renamed).count() > 1;
            assert!(now || before, "{id}: {renamed} is as it was");
        }
    }
}

#[tokio::test]
async fn who_is_no_longer_in_the_crms_list_of_people_has_left() {
    // HubSpot leaves owners out who are archived.
    let stage = Stage::of(by_id("hubspot").unwrap(), 20).await;
    stage.reconcile().await;
    let active = async || {
        let mut tx = stage.engine.store.read().await.unwrap();
        let people = tx.people(&stage.id).await.unwrap();
        let active = people.into_iter().filter(|it| it.active);
        active.map(|it| it.id).collect::<BTreeSet<_>>()
    };
    let before = active().await;
    let (gone, id) = {
        let mut state = stage.served.world.state();
        let gone = state.deals[0].owner;
        state.people[gone].active = false;
        (gone, state.people[gone].id.clone())
    };
    stage.clock.advance(TimeDelta::hours(25));
    stage.reconcile().await;
    let after = active().await;

    assert!(gone > 0);
    let left: Vec<_> = before.difference(&after).collect();
    assert_eq!(left, [&id.as_str().into()]);
    stage.served.world.state().people[gone].active = true;
    stage.clock.advance(TimeDelta::hours(25));
    stage.reconcile().await;
    assert_eq!(active().await, before, "and may come back");
}

/// A move that has nothing to do for a day is not taken for one that a wrong clock put off: else
/// everything is tried again at once, whatever pause was due.
#[tokio::test]
async fn a_crm_that_is_down_is_asked_at_growing_pauses_where_nothing_waits_to_be_written() {
    for database in databases().await {
        let stage = Stage::set(&database, 6).await;
        assert_eq!(stage.reconcile().await.state, RunState::Ok);
        stage.clock.advance(TimeDelta::hours(1));
        stage.served.world.weather().set(Knobs {
            outage: 1.0,
            ..Knobs::default()
        });

        let mut tries = 0;
        for _ in 0..60 {
            let run = stage.engine.turn(None).await.unwrap();
            tries += usize::from(run.is_some_and(|run| run.calls > 0));
            stage.clock.advance(TimeDelta::minutes(1));
        }

        // One a minute at first, then every two and a half to five minutes.
        assert!((10..=30).contains(&tries), "{database}: {tries} tries");
        stage.served.world.weather().set(Knobs::default());
        stage.clock.advance(TimeDelta::minutes(5));
        let calm = stage.engine.turn(None).await.unwrap().unwrap();
        assert_eq!(calm.state, RunState::Ok, "{database}");
    }
}
