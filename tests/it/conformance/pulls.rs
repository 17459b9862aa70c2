//! Reading deals.

use std::collections::BTreeSet;

use latitude::crm::ALL;
use latitude::crm::page::{Cursor, Next, Seen};
use latitude::crm::setup::steps_to_destroy;
use latitude::crm::write::Update;
use latitude::domain::deal::Standing;
use latitude::domain::field::{Field, Value};
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn the_same_world_is_the_same_deals_through_every_crm() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 40).await;

        let deals = bench.deals().await;

        let id = crm.profile().id;
        let people = bench
            .crm
            .people(&bench.session, &Cursor::default())
            .await
            .unwrap()
            .items;
        let pipelines = bench.crm.stages(&bench.session).await.unwrap();
        let state = bench.served.world.state();
        let open = state.deals.iter().filter(|deal| deal.stage < 6).count();
        let pulled = deals
            .iter()
            .filter(|deal| deal.standing == Standing::Open)
            .count();
        assert_eq!(pulled, open, "{id}: open deals");
        for deal in &deals {
            let told = &state.deals[state.deal_at(deal.id.as_str()).expect(id)];
            assert_eq!(deal.name, told.name, "{id}");
            assert_eq!(deal.account.as_deref(), Some(told.account.as_str()), "{id}");
            assert_eq!(deal.amount, told.amount, "{id}");
            assert_eq!(deal.close_on, Some(told.close_on), "{id}");
            let stage = pipelines
                .iter()
                .flat_map(|pipeline| &pipeline.stages)
                .find(|stage| stage.id == deal.stage)
                .unwrap_or_else(|| panic!("{id}: stage {} is unknown", deal.stage));
            assert_eq!(stage.name, state.stages[told.stage].name, "{id}");
            assert_eq!(stage.standing, state.stages[told.stage].standing, "{id}");
            let owner = &state.people[told.owner];
            let seller = people
                .iter()
                .find(|person| Some(&person.id) == deal.seller.as_ref())
                .unwrap_or_else(|| panic!("{id}: seller {:?} is unknown", deal.seller));
            assert_eq!(seller.email.as_deref(), Some(owner.email.as_str()), "{id}");
            let mind = |part: &str| told.mind.get(part).map_or("", String::as_str);
            assert_eq!(
                deal.answers.customer_outcome,
                mind("customer_outcome"),
                "{id}"
            );
            assert_eq!(deal.answers.approach, mind("approach"), "{id}");
            assert_eq!(
                deal.answers
                    .check_on
                    .map(|date| date.to_string())
                    .unwrap_or_default(),
                mind("check_on"),
                "{id}"
            );
        }
    }
}

/// A pull starts one overlap before the CRM's own time (`Date` header) of the pull before it, not
/// before the newest stamp seen: whatever is older cannot become visible late any more.
#[tokio::test]
async fn a_second_pull_finds_nothing_new_and_costs_next_to_nothing() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 30).await;
        let (_, place) = bench.pull(&Cursor::default()).await;
        let before = bench.session.api.calls();

        let (seen, next) = bench.pull(&place).await;

        let id = crm.profile().id;
        assert!(seen.is_empty(), "{id}: {} deals came again", seen.len());
        assert!(
            bench.session.api.calls() - before <= 2,
            "{id}: an idle pull costs too much"
        );
        let (again, _) = bench.pull(&next).await;
        assert!(again.is_empty(), "{id}");
    }
}

#[tokio::test]
async fn an_edit_is_seen_by_the_next_pull() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let (seen, place) = bench.pull(&Cursor::default()).await;
        let Some(Seen::Here(deal)) = seen.into_iter().next() else {
            panic!("a deal")
        };
        let field = bench
            .session
            .fields
            .name(latitude::domain::field::Field::Approach)
            .unwrap();
        bench.clock.advance(chrono::TimeDelta::minutes(1));

        bench
            .edit(
                deal.id.as_str(),
                json!({"stage": "Proposal", field: "Ask Ada first."}),
            )
            .await;
        bench.clock.advance(chrono::TimeDelta::minutes(1));
        let (seen, _) = bench.pull(&place).await;

        let id = crm.profile().id;
        let Some(Seen::Here(now)) = seen.into_iter().last() else {
            panic!("{id}: nothing seen")
        };
        assert_eq!(now.id, deal.id, "{id}");
        assert_eq!(now.answers.approach, "Ask Ada first.", "{id}");
        assert_eq!(
            bench
                .crm
                .deal(&bench.session, &deal.id)
                .await
                .unwrap()
                .unwrap(),
            *now,
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_deleted_deal_is_seen_as_gone() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let (seen, place) = bench.pull(&Cursor::default()).await;
        let Some(Seen::Here(deal)) = seen.into_iter().next() else {
            panic!("a deal")
        };
        bench.clock.advance(chrono::TimeDelta::minutes(1));

        bench.edit(deal.id.as_str(), json!({"deleted": true})).await;
        bench.clock.advance(chrono::TimeDelta::minutes(1));
        let (seen, _) = bench.pull(&place).await;

        let id = crm.profile().id;
        assert!(
            seen.contains(&Seen::Gone(deal.id.clone())),
            "{id}: {seen:?}"
        );
        assert_eq!(
            bench.crm.deal(&bench.session, &deal.id).await.unwrap(),
            None,
            "{id}"
        );
    }
}

#[tokio::test]
async fn equal_timestamps_over_a_page_boundary_lose_nothing() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 4_500).await;
        let stamp = bench.served.world.now() - chrono::TimeDelta::hours(3);
        for deal in &mut bench.served.world.state().deals {
            deal.changed_at = stamp;
            deal.visible_at = stamp;
        }

        let mut ids = BTreeSet::new();
        let mut place = Cursor::default();
        loop {
            let page = bench.crm.deals(&bench.session, &place).await.unwrap();
            for seen in page.items {
                if let Seen::Here(deal) = seen
                    && deal.standing == Standing::Open
                {
                    ids.insert(deal.id);
                }
            }
            match page.next {
                Next::More(next) => {
                    assert_ne!(next, place, "{}: the pull stands still", crm.profile().id);
                    place = next;
                }
                Next::Done(_) => break,
            }
        }

        let state = bench.served.world.state();
        let open = state.deals.iter().filter(|deal| deal.stage < 6).count();
        assert_eq!(ids.len(), open, "{}", crm.profile().id);
    }
}

#[tokio::test]
async fn no_activity_is_ever_asked_for_and_the_canary_stays_out() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;

        // A connection's whole life: sign-in, stages, people, deals, a write, removal.
        let who = bench.crm.whoami(&bench.session).await.unwrap();
        let stages = bench.crm.stages(&bench.session).await.unwrap();
        let deals = bench.deals().await;
        let people = bench
            .crm
            .people(&bench.session, &Cursor::default())
            .await
            .unwrap();
        let score = Update {
            deal: deals[0].id.clone(),
            fields: vec![(Field::Score, Value::Number(50))],
            revision: None,
        };
        bench.crm.write(&bench.session, &[score]).await.unwrap();
        let one = bench.crm.deal(&bench.session, &deals[0].id).await.unwrap();
        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        for step in steps_to_destroy(&wanted, &found) {
            let step = bench.crm.apply(&bench.session, &wanted, &step).await;
            step.unwrap();
        }

        let id = crm.profile().id;
        let read = format!("{who:?} {stages:?} {deals:?} {one:?} {:?}", people.items);
        assert!(
            !read.contains(latitude::sandbox::world::CANARY),
            "{id}: the canary was read"
        );
        for call in &bench.served.world.state().calls {
            let asked = format!("{} {}", call.target, call.body).to_lowercase();
            for word in [
                "activit",
                "task",
                "event",
                "meeting",
                "engagement",
                "appointment",
            ] {
                assert!(
                    !asked.contains(word),
                    "{id}: {} {} asks for {word}",
                    call.method,
                    call.target
                );
            }
        }
    }
}
