//! A deal strategy travels from the CRM through Latitude and back.

use chrono::TimeDelta;
use latitude::domain::field::{Field, Owner};
use latitude::sync::report::RunState;
use serde_json::Value;

use crate::stage::{Stage, databases};

const THOUGHT_THROUGH: &str = "Their plant lead Ines Duarte wants rework under 4 % before the \
    audit in March, because two customers have put them on watch.";

#[tokio::test]
async fn every_open_deal_ends_up_with_grade_state_and_questions_in_the_crm() {
    for database in databases().await {
        let stage = Stage::set(&database, 60).await;

        let report = stage.reconcile().await;

        assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
        let state = stage.served.world.state();
        let open: Vec<usize> = (0..60).filter(|n| state.deals[*n].stage < 6).collect();
        drop(state);
        assert_eq!(report.tally.written, open.len() as u64);
        for n in open {
            for field in [
                Field::Grade,
                Field::State,
                Field::Prompt,
                Field::Framework,
                Field::Panel,
            ] {
                assert!(
                    stage.shown(n, field).is_string(),
                    "deal {n} has no {}",
                    field.name()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_full_pull_and_write_back_use_the_fewest_calls() {
    let stage = Stage::set(&crate::stage::sqlite(), 4_400).await;
    stage.served.stats.clear();

    let report = stage.reconcile().await;

    let open = report.tally.pulled;
    let routes = stage.served.stats.routes();
    let least = open.div_ceil(2_000) + open.div_ceil(1_000);
    assert!(
        report.calls <= least + 6,
        "{} calls for {open} deals: {routes:?}",
        report.calls
    );
}

#[tokio::test]
async fn an_edit_in_the_crm_comes_back_graded_and_then_all_is_quiet() {
    for database in databases().await {
        let stage = Stage::set(&database, 30).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(20));
        stage.types(3, Field::CustomerOutcome, THOUGHT_THROUGH);
        stage.types(
            3,
            Field::ConversationGoal,
            "Ines names the line and signs off the test plan.",
        );

        let edited = stage.reconcile().await;
        let quiet = stage.reconcile().await;

        assert_eq!(edited.tally.read, 1);
        assert_eq!(edited.tally.assessed, 1);
        assert!(
            stage
                .shown(3, Field::Strategy)
                .as_str()
                .unwrap()
                .contains("Ines Duarte")
        );
        assert_ne!(
            stage.shown(3, Field::Grade),
            Value::String("No strategy yet".to_owned())
        );
        assert_eq!((quiet.tally.written, quiet.tally.read), (0, 0));
        assert!(
            quiet.calls <= 4,
            "an idle cycle costs {} calls",
            quiet.calls
        );
        let id = stage.served.world.state().deals[3].id.clone();
        let mut tx = stage.engine.store.read().await.unwrap();
        let versions = tx.versions(&stage.id, &id.into()).await.unwrap();
        assert_eq!(
            versions.first().unwrap().answers.customer_outcome,
            THOUGHT_THROUGH
        );
    }
}

#[tokio::test]
async fn a_sellers_words_are_never_changed_whatever_they_are() {
    for database in databases().await {
        let stage = Stage::set(&database, 12).await;
        let longest = format!("{}\u{1F469}\u{200D}\u{1F467}", "ä✓ ".repeat(43_689));
        let words = [
            longest.as_str(),
            "  outer blanks and a tab\t ",
            "line\r\nbreaks\nof both kinds",
            "שלום עולם \u{202E}right to left",
            "e\u{301} combining, \u{FEFF}a mark, 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        ];
        for (n, text) in words.iter().enumerate() {
            stage.types(n, Field::Approach, text);
        }
        let before = stage.everything_shown();

        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(20));
        stage.reconcile().await;

        let after = stage.everything_shown();
        for field in Field::ALL
            .into_iter()
            .filter(|it| it.owner() != Owner::Latitude)
        {
            let name = stage.field(field);
            for (n, (was, is)) in before.iter().zip(&after).enumerate() {
                assert_eq!(was.get(&name), is.get(&name), "deal {n}, {}", field.name());
            }
        }
        for (n, text) in words.iter().enumerate() {
            let id = stage.served.world.state().deals[n].id.clone();
            let mut tx = stage.engine.store.read().await.unwrap();
            let versions = tx.versions(&stage.id, &id.into()).await.unwrap();
            // Line ends are read as one kind; in the CRM they stay as they were.
            let plain = |text: &str| text.replace("\r\n", "\n");
            let kept = plain(&versions[0].answers.approach);
            assert!(kept == plain(text), "text {n} changed on its way");
        }
    }
}

#[tokio::test]
async fn a_blank_never_wipes_what_stood_there() {
    let stage = Stage::set(&crate::stage::sqlite(), 12).await;
    stage.types(
        1,
        Field::Approach,
        "Begin with the night shift, because they log every stop.",
    );
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(20));
    stage.types(1, Field::Approach, "");

    let report = stage.reconcile().await;

    assert_eq!(report.tally.read, 0);
    let id = stage.served.world.state().deals[1].id.clone();
    let mut tx = stage.engine.store.read().await.unwrap();
    let latest = tx.versions(&stage.id, &id.into()).await.unwrap().remove(0);
    assert!(
        latest
            .answers
            .approach
            .starts_with("Begin with the night shift")
    );
}

#[tokio::test]
async fn a_fact_changed_by_hand_is_put_right() {
    let stage = Stage::set(&crate::stage::sqlite(), 12).await;
    stage.reconcile().await;
    let right = stage.shown(2, Field::Grade);
    stage.clock.advance(TimeDelta::minutes(20));
    stage.types(2, Field::Grade, "Strong");

    stage.reconcile().await;

    assert_eq!(stage.shown(2, Field::Grade), right);
}

#[tokio::test]
async fn a_managers_question_joins_the_coaching() {
    let stage = Stage::set(&crate::stage::sqlite(), 12).await;
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(20));
    stage.types(4, Field::ManagerQuestion, "Who signs if Ines is away?");

    stage.reconcile().await;

    let coaching = stage.shown(4, Field::Coaching);
    assert!(
        coaching
            .as_str()
            .unwrap()
            .contains("Who signs if Ines is away?"),
        "{coaching}"
    );
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let mut stage = Stage::set(&crate::stage::sqlite(), 12).await;
    let before = stage.everything_shown();
    // The session that set the fields up is open; a fresh engine takes the new settings up.
    let mut engine = latitude::sync::worker::Engine::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        stage.engine.framework.clone(),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    let mut settings = stage.served.settings.clone();
    settings.dry_run = true;
    engine.add(stage.id.clone(), settings).unwrap();
    stage.engine = engine;
    let report = stage.reconcile().await;

    assert!(report.tally.pulled > 0);
    assert_eq!(report.tally.written, 0);
    assert_eq!(stage.everything_shown(), before);
}
