//! Set-up as code: there and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use latitude::crm::ALL;
use latitude::crm::settings::Settings;
use latitude::crm::setup::{Setup, Step, steps_to_apply, steps_to_destroy};
use latitude::domain::field::Field;
use latitude::ops::keep::keep;
use latitude::ops::provision::{Way, plan};
use latitude::sandbox::world::Deal;
use latitude::sync::report::RunState;
use serde_json::Value;

use crate::bench::Bench;
use crate::stage::Stage;

#[tokio::test]
async fn applying_twice_creates_once() {
    for crm in ALL {
        let mut bench = Bench::bare(*crm, 5).await;
        assert!(bench.set_up().await > 0, "{}", crm.profile().id);

        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        let left: Vec<_> = steps_to_apply(&wanted, &found)
            .into_iter()
            .filter(|step| bench.crm.by_hand(&wanted, step).is_none())
            .collect();

        assert_eq!(left, [], "{}", crm.profile().id);
    }
}

#[tokio::test]
async fn destroying_leaves_the_metadata_as_it_was() {
    for crm in ALL {
        let mut bench = Bench::bare(*crm, 5).await;
        let before = {
            let state = bench.served.world.state();
            (state.fields.clone(), state.things.clone())
        };
        bench.set_up().await;

        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        for step in steps_to_destroy(&wanted, &found) {
            bench
                .crm
                .apply(&bench.session, &wanted, &step)
                .await
                .unwrap();
        }

        let state = bench.served.world.state();
        assert_eq!(state.fields, before.0, "{}", crm.profile().id);
        assert_eq!(state.things, before.1, "{}", crm.profile().id);
    }
}

#[tokio::test]
async fn before_they_go_what_the_fields_hold_is_saved_of_closed_deals_too() {
    for crm in ALL {
        let name = crm.profile().id;
        let stage = Stage::of(*crm, 8).await;
        let typed = |n: usize| format!("Ask number {n} to show us the gate, because it is theirs.");
        let session = stage.engine.session(&stage.id).await.unwrap();
        let there = plan(*crm, &session, Way::Apply).await.unwrap();
        // One CRM gives fields names of its own.
        let approach = there
            .found
            .field_map()
            .name(Field::Approach)
            .unwrap()
            .to_owned();
        for n in 0..8 {
            let world = &stage.served.world;
            let mut state = world.state();
            let text = Value::String(typed(n));
            state.deals[n].custom.insert(approach.clone(), text);
            let owner = state.deals[n].owner;
            world.touch(&mut state, n, owner);
        }
        stage.clock.advance(chrono::TimeDelta::minutes(20));
        assert_eq!(stage.reconcile().await.state, RunState::Ok, "{name}");
        let open: Vec<usize> = {
            let state = stage.served.world.state();
            let open =
                |n: &usize| state.deals[*n].stage < 6 && state.deals[*n].deleted_at.is_none();
            (0..8).filter(open).collect()
        };
        {
            let world = &stage.served.world;
            let mut state = world.state();
            state.deals[open[0]].stage = 6;
            let owner = state.deals[open[0]].owner;
            world.touch(&mut state, open[0], owner);
        }
        stage.clock.advance(chrono::TimeDelta::minutes(20));
        let mut session = stage.engine.session(&stage.id).await.unwrap();
        let plan = plan(*crm, &session, Way::Destroy).await.unwrap();
        session.fields = plan.found.field_map();
        let file = crate::scratch::folder().join(format!("{name}.jsonl"));

        let save = async || keep((*crm, &session), (&stage.engine.store, &stage.id), &file).await;
        let lines = save().await.unwrap();
        let again = save().await.unwrap_err();

        let saved: BTreeMap<String, Value> = std::fs::read_to_string(&file)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .map(|line: Value| (line["deal"].as_str().unwrap().to_owned(), line))
            .collect();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(saved.len(), lines, "{name}: each deal once");
        for n in open {
            let id = stage.served.world.state().deals[n].id.clone();
            let fields = &saved[&id]["fields"];
            assert_eq!(fields["approach"], typed(n), "{name}: deal {n}");
            assert!(fields["grade"].is_string(), "{name}: deal {n}: {fields}");
        }
        assert!(again.to_string().contains("--export"), "{again}");
    }
}

/// What stands after those steps of a set-up, made as set-up makes them, under names that are not ours.
async fn set_up_under_another_name(bench: &mut Bench, makes: impl Fn(&Step) -> bool) -> Setup {
    let settings = Settings::clone(&bench.session.settings);
    bench.session.settings = Arc::new(Settings {
        prefix: Some("own_".to_owned()),
        ..settings
    });
    let wanted = bench.blueprint();
    let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
    for step in steps_to_apply(&wanted, &found) {
        if makes(&step) && bench.crm.by_hand(&wanted, &step).is_none() {
            let made = bench.crm.apply(&bench.session, &wanted, &step).await;
            made.unwrap();
        }
    }
    bench.crm.setup(&bench.session, &wanted).await.unwrap()
}

#[tokio::test]
async fn a_field_of_the_customers_own_that_is_mapped_is_used_and_never_removed() {
    for crm in ALL {
        let name = crm.profile().id;
        let mut bench = Bench::bare(*crm, 5).await;
        let usual = bench.session.settings.clone();
        let approach = |step: &Step| matches!(step, Step::CreateField(Field::Approach));
        let is_list = |step: &Step| matches!(step, Step::CreateView(_));
        let found = set_up_under_another_name(&mut bench, |step| !is_list(step)).await;
        let own = found.field_map();
        let own = own.name(Field::Approach).unwrap().to_owned();

        bench.session.settings = Arc::new(Settings {
            fields: [(Field::Approach, own.clone())].into(),
            ..Settings::clone(&usual)
        });
        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        let steps = steps_to_apply(&wanted, &found);
        bench.set_up().await;
        bench.clock.advance(chrono::TimeDelta::minutes(30));
        let id = {
            let world = &bench.served.world;
            let mut state = world.state();
            let open = |deal: &Deal| deal.stage < 6 && deal.deleted_at.is_none();
            let n = state.deals.iter().position(open).unwrap();
            let typed = Value::String("By way of Ines".to_owned());
            state.deals[n].custom.insert(own.clone(), typed);
            let owner = state.deals[n].owner;
            world.touch(&mut state, n, owner);
            state.deals[n].id.clone()
        };
        bench.clock.advance(chrono::TimeDelta::minutes(30));
        let deals = bench.deals().await;
        let read = deals.iter().find(|deal| deal.id.as_str() == id).unwrap();

        assert!(!steps.iter().any(approach), "{name}: {steps:?}");
        assert_eq!(bench.session.fields.name(Field::Approach), Some(&*own));
        assert_eq!(read.answers.approach, "By way of Ines", "{name}");
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        for step in steps_to_destroy(&wanted, &found) {
            let removed = bench.crm.apply(&bench.session, &wanted, &step).await;
            removed.unwrap();
        }
        let left = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        let left: Vec<Field> = left.fields.iter().map(|it| it.field).collect();
        assert_eq!(left, [Field::Approach], "{name}: theirs, and no other");
    }
}

/// Then nothing is ours to show or to take away.
#[tokio::test]
async fn a_plan_settles_where_every_field_is_the_customers_own() {
    for crm in ALL {
        let name = crm.profile().id;
        let mut bench = Bench::bare(*crm, 5).await;
        let usual = bench.session.settings.clone();
        let is_field = |step: &Step| matches!(step, Step::CreateField(_));
        let mut found = set_up_under_another_name(&mut bench, is_field).await;
        if found.fields.is_empty() {
            // Nobody sees them before they may.
            let wanted = bench.blueprint();
            let seen = bench.crm.apply(&bench.session, &wanted, &Step::Grant).await;
            seen.unwrap();
            found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        }
        let own = found.fields.iter();
        let own: BTreeMap<Field, String> =
            own.map(|it| (it.field, it.place.name.clone())).collect();
        assert_eq!(own.len(), Field::ALL.len(), "{name}");
        bench.session.settings = Arc::new(Settings {
            fields: own,
            ..Settings::clone(&usual)
        });

        bench.set_up().await;

        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        let left: Vec<Step> = steps_to_apply(&wanted, &found)
            .into_iter()
            .filter(|step| bench.crm.by_hand(&wanted, step).is_none())
            .collect();
        assert_eq!(left, [], "{name}");
    }
}
