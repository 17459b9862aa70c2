//! Refusals, storms, lost places: nothing is lost, nothing is called fine that is not.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::strategy::Part;
use latitude::sandbox::weather::Weather;
use latitude::sandbox::world::Trouble;
use latitude::store::ledger::Entry;
use latitude::sync::report::RunState;
use latitude::sync::{PULL, RECONCILE};
use sqlx::{Connection, Executor};

use crate::stage::{Stage, databases, sqlite};

#[tokio::test]
async fn a_refused_deal_is_parked_with_the_crms_words_and_the_state_says_so() {
    for database in databases().await {
        let stage = Stage::set(&database, 24).await;
        let rule = "Close date cannot be in the past";
        stage.served.world.state().deals[5].trouble = Some(Trouble::Refused(rule.to_owned()));

        let report = stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(20));
        let still = stage.reconcile().await;

        assert_eq!(report.state, RunState::Partly);
        assert_eq!(report.rejected.len(), 1);
        assert!(
            report.rejected[0].reason.contains(rule),
            "{:?}",
            report.rejected
        );
        assert_eq!(
            still.state,
            RunState::Partly,
            "never fine while a record is rejected"
        );
        let mut tx = stage.engine.store.read().await.unwrap();
        let id = stage.served.world.state().deals[5].id.clone();
        let ledger = tx.ledger(&stage.id, Some(&id), 10).await.unwrap();
        assert!(
            ledger
                .iter()
                .any(|it| it.message.as_deref().is_some_and(|it| it.contains(rule)))
        );
        drop(tx);

        stage.served.world.state().deals[5].trouble = None;
        stage.types(5, Field::Approach, "Ask Ada, because she owns the gate.");
        let mended = stage.reconcile().await;

        assert_eq!(mended.state, RunState::Ok);
        assert!(stage.shown(5, Field::Grade).is_string());
    }
}

#[tokio::test]
async fn a_refused_deal_that_is_no_longer_to_be_seen_troubles_nobody() {
    for database in databases().await {
        let stage = Stage::set(&database, 24).await;
        let rule = Trouble::Refused("Close date cannot be in the past".to_owned());
        stage.served.world.state().deals[5].trouble = Some(rule);
        assert_eq!(stage.reconcile().await.state, RunState::Partly);

        // As where sharing changes: nothing is told, it is only not there any more.
        stage.served.world.state().deals.remove(5);
        stage.clock.advance(TimeDelta::hours(1));
        hasten(&stage, RECONCILE).await;
        let report = stage.reconcile().await;

        assert_eq!(report.state, RunState::Ok, "{database}: {report:?}");
        assert_eq!(report.rejected_in_all, 0, "{database}");
    }
}

#[tokio::test]
async fn a_rule_that_refuses_every_deal_is_told_with_the_first_hundred() {
    let stage = Stage::set(&sqlite(), 130).await;
    for deal in &mut stage.served.world.state().deals {
        deal.trouble = Some(Trouble::Refused("A reason is required".to_owned()));
    }

    let report = stage.reconcile().await;

    assert_eq!(report.rejected.len(), 100);
    assert!(report.rejected_in_all > 100, "{}", report.rejected_in_all);
}

/// Has a move made at once.
async fn hasten(stage: &Stage, step: &str) {
    let mut tx = stage.engine.store.write().await.unwrap();
    let due = tx.hasten_anyway(&stage.id, step, stage.env.now());
    due.await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_a_crm_quotes_of_the_words_that_it_refuses_is_kept_nowhere() {
    let stage = Stage::set(&sqlite(), 6).await;
    stage.reconcile().await;
    let words = "Ask Ada for the gate, because she owns the budget of both plants";
    {
        let mut state = stage.served.world.state();
        // Since set-up an admin made the field shorter.
        let field = state.fields.get_mut(&stage.field(Field::Approach)).unwrap();
        field["Metadata"]["length"] = 16.into();
        let said = format!("Nobody may write \"{words}\" here");
        state.deals[2].trouble = Some(Trouble::Refused(said));
        assert!(state.deals[2].stage < 6 && state.deals[3].stage < 6);
    }

    for deal in [2, 3] {
        stage.publishes(deal, Part::Approach, words).await;
    }
    stage.reconcile().await;

    let mut tx = stage.engine.store.read().await.unwrap();
    let ledger = tx.ledger(&stage.id, None, 100).await.unwrap();
    drop(tx);
    let told: Vec<String> = ledger.into_iter().filter_map(|it| it.message).collect();
    let told = told.join("\n");
    let parked = stage.dossier(2).await.parked.unwrap();
    assert!(
        told.contains("data value too large: … (max length=16)"),
        "{told}"
    );
    assert!(parked.contains("Nobody may write \"…\" here"), "{parked}");
    assert!(
        !told.contains("budget") && !parked.contains("budget"),
        "{told}"
    );
}

#[tokio::test]
async fn a_busy_deal_is_tried_again() {
    let stage = Stage::set(&crate::stage::sqlite(), 24).await;
    stage.served.world.state().deals[5].trouble = Some(Trouble::Busy(1));

    let mut tx = stage.engine.store.write().await.unwrap();
    tx.hasten(&stage.id, latitude::sync::PULL, stage.env.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let clock = stage.clock.clone();
    let moved = async {
        // The engine waits for the record; the clock is moved on until it is done.
        loop {
            tokio::task::yield_now().await;
            clock.advance(TimeDelta::seconds(1));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let reports = tokio::select! {
        reports = stage.engine.run_until_quiet(None) => reports.unwrap(),
        () = moved => unreachable!("the clock never ends"),
    };

    assert_eq!(reports[0].state, RunState::Ok);
    assert!(stage.shown(5, Field::Grade).is_string());
}

#[tokio::test]
async fn after_a_storm_everything_stands_as_in_calm_weather() {
    let mut ends = Vec::new();
    for weather in ["calm", "storm"] {
        let stage = Stage::in_real_time(&crate::stage::sqlite(), 30).await;
        stage
            .served
            .world
            .weather()
            .set(Weather::named(weather).unwrap());

        let mut report = stage.reconcile().await;
        stage
            .served
            .world
            .weather()
            .set(Weather::named("calm").unwrap());
        if report.state != RunState::Ok {
            report = stage.reconcile().await;
        }

        assert_eq!(report.state, RunState::Ok, "{weather}: {:?}", report.cause);
        let stamped = stage.field(Field::AssessedAt);
        let shown: Vec<_> = stage
            .everything_shown()
            .into_iter()
            .map(|mut fields| {
                // When it was assessed differs from run to run, as it should.
                fields.remove(&stamped);
                fields
            })
            .collect();
        ends.push(shown);
        let sent = writes(&stage);
        assert!(!sent.is_empty());
        for (deal, contents) in sent {
            let first = &contents[0];
            assert!(
                contents.iter().all(|it| it == first),
                "{weather}: {deal} was written with different content: {contents:?}"
            );
        }
    }

    assert_eq!(ends[0], ends[1]);
}

/// What the CRM was told to write, deal by deal, in the order it was told; without the time of the
/// assessment.
fn writes(stage: &Stage) -> BTreeMap<String, Vec<serde_json::Value>> {
    let stamped = stage.field(Field::AssessedAt);
    let mut writes: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for call in &stage.served.world.state().calls {
        if call.method != "PATCH" {
            continue;
        }
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        for record in body["records"].as_array().unwrap() {
            let mut fields = record.as_object().unwrap().clone();
            fields.remove(&stamped);
            let deal = fields["id"].as_str().unwrap().to_owned();
            writes.entry(deal).or_default().push(fields.into());
        }
    }
    writes
}

#[tokio::test]
async fn what_failed_too_often_in_a_row_is_not_waited_for() {
    for database in databases().await {
        let stage = Stage::set(&database, 4).await;
        stage.reconcile().await;
        let mut tx = stage.engine.store.write().await.unwrap();
        for _ in 0..6 {
            let soon = stage.env.now() + TimeDelta::seconds(2);
            tx.put_off(&stage.id, &[PULL], soon).await.unwrap();
        }
        tx.commit().await.unwrap();

        // The clock stands still, so a wait for the next try would never end.
        let quiet = stage.engine.run_until_quiet(None);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), quiet).await;

        assert!(ended.is_ok(), "{database}");
    }
}

#[tokio::test]
async fn a_deal_that_vanished_with_new_words_keeps_nobody_busy() {
    for database in databases().await {
        let stage = Stage::set(&database, 24).await;
        stage.reconcile().await;
        let deal = stage.served.world.state().deals[5].id.clone();
        let deal = latitude::domain::ids::DealId::from(deal.as_str());
        stage
            .publishes(
                5,
                Part::Approach,
                "Ask Ada for the gate because she owns it.",
            )
            .await;
        let mut tx = stage.engine.store.write().await.unwrap();
        let now = stage.env.now();
        tx.deal_gone(&stage.id, &deal, now).await.unwrap();
        tx.commit().await.unwrap();

        let quiet = stage.engine.run_until_quiet(None);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), quiet).await;

        assert!(ended.is_ok(), "{database}: it is never done");
    }
}

#[tokio::test]
async fn words_that_arrived_without_our_hearing_of_it_do_not_overtake_newer_ones() {
    let (first, second) = ("Ask Ada for the gate.", "Show Ada both plants first.");
    let database = sqlite();
    let stage = Stage::set(&database, 6).await;
    stage.reconcile().await;
    let deal = 2;
    assert!(stage.served.world.state().deals[deal].stage < 6, "is open");
    stage.publishes(deal, Part::Approach, first).await;
    // The process dies between the CRM's answer and its note of it.
    let mut door = sqlx::SqliteConnection::connect(&database).await.unwrap();
    let dies = "CREATE TRIGGER dies BEFORE INSERT ON ledger WHEN NEW.outcome = 'written'
        BEGIN SELECT RAISE(ABORT, 'killed'); END";
    door.execute(dies).await.unwrap();
    let died = stage.engine.turn(None).await.unwrap().unwrap();
    assert_ne!(died.state, RunState::Ok);
    assert_eq!(stage.shown(deal, Field::Approach), first);
    door.execute("DROP TRIGGER dies").await.unwrap();

    stage.publishes(deal, Part::Approach, second).await;
    for _ in 0..3 {
        stage.clock.advance(TimeDelta::minutes(5));
        stage.reconcile().await;
    }

    assert_eq!(stage.shown(deal, Field::Approach), second);
    let versions = stage.versions(deal).await;
    assert_eq!(versions[0].answers.approach, second);
    assert_eq!(versions[1].answers.approach, first);
}

#[tokio::test]
async fn an_automation_that_sets_our_fields_back_each_time_is_named_and_left_alone_for_an_hour() {
    for database in databases().await {
        let stage = Stage::set(&database, 6).await;
        stage.reconcile().await;
        let deal = 2;
        let (grade, own) = (stage.shown(deal, Field::Grade), stage.deal_id(deal));
        let sets_back = || {
            let name = stage.field(Field::Grade);
            let world = &stage.served.world;
            let mut state = world.state();
            state.deals[deal].custom.insert(name, "Strong".into());
            let somebody = state.deals[deal].owner;
            world.touch(&mut state, deal, somebody);
        };
        assert_ne!(grade, "Strong");

        let mut written = 0;
        for _ in 0..30 {
            stage.clock.advance(TimeDelta::minutes(1));
            if stage.shown(deal, Field::Grade) == grade {
                sets_back();
            }
            written += stage.reconcile().await.tally.written;
        }
        let mut tx = stage.engine.store.read().await.unwrap();
        let ledger = tx.ledger(&stage.id, Some(own.as_str()), 50).await.unwrap();
        drop(tx);
        let named = |it: &&Entry| it.outcome == "held back";
        let told = ledger.iter().find(named).and_then(|it| it.message.clone());
        stage.clock.advance(TimeDelta::minutes(61));
        stage.reconcile().await;

        assert!(
            (4..=6).contains(&written),
            "{written} times in half an hour"
        );
        assert!(told.is_some_and(|it| it.contains("automation")));
        assert_eq!(
            stage.shown(deal, Field::Grade),
            grade,
            "right once it is quiet"
        );
    }
}
