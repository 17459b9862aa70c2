//! A seller's words between the panel and the CRM: whole, graded as they are, and never left on the way.

use std::sync::Arc;

use chrono::TimeDelta;
use latitude::crm::by_id;
use latitude::domain::field::Field;
use latitude::domain::ids::PersonId;
use latitude::domain::strategy::{Answers, Part};
use latitude::env::fate::Point;
use latitude::sandbox::world::Trouble;
use latitude::store::drafts::Draft;
use latitude::store::tx::Tx;
use latitude::sync::report::RunState;
use latitude::sync::{ASK, PULL};
use serde_json::json;

use super::overtaken::{another, event};
use crate::stage::{Stage, databases, postgres, sqlite};

const DEALS: usize = 12;
const OPEN: usize = 5;

#[tokio::test]
async fn words_that_the_crms_field_holds_in_part_stay_whole_here() {
    let goal = "Ada says which of the two plants goes first, and on which day her board decides.";
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        stage.goals_hold(40).await;
        stage.publishes(OPEN, Part::ConversationGoal, goal).await;
        for _ in 0..2 {
            stage.reconcile().await;
            stage.clock.advance(TimeDelta::minutes(10));
        }

        let there = stage.shown(OPEN, Field::ConversationGoal);
        let versions = stage.versions(OPEN).await;

        let there = there.as_str().unwrap();
        assert!(there.chars().count() <= 40, "{there}");
        let begun = there.trim_end_matches('…');
        assert!(begun.len() > 30 && goal.starts_with(begun), "{there}");
        assert_eq!(versions[0].answers.conversation_goal, goal);
        assert_eq!(versions[0].source, "panel");

        // What the field holds is no edit when another part is edited beside it, either.
        stage.types(OPEN, Field::Approach, "Show Ada both plants.");
        stage.reconcile().await;

        let versions = stage.versions(OPEN).await;
        assert_eq!(versions[0].source, "crm");
        assert_eq!(versions[0].answers.approach, "Show Ada both plants.");
        assert_eq!(versions[0].answers.conversation_goal, goal);
    }
}

#[tokio::test]
async fn words_that_met_an_edit_which_was_taken_back_reach_the_crm_after_all() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.types(OPEN, Field::Approach, "Ask Ada for the gate.");
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        stage
            .publishes(OPEN, Part::Approach, "Show Ada both plants.")
            .await;
        stage.types(OPEN, Field::Approach, "Ask Ada for the gat");
        let (world, name) = (stage.served.world.clone(), stage.field(Field::Approach));
        // They are seen there as the words are about to go out, and undone before the next poll.
        let undone = event(move || {
            let mut state = world.state();
            let deal = &mut state.deals[OPEN];
            deal.custom
                .insert(name.clone(), "Ask Ada for the gate.".into());
            let owner = deal.owner;
            world.touch(&mut state, OPEN, owner);
            async {}
        });
        let engine = another(&stage, Point::Packed, undone);
        engine.turn(None).await.unwrap();
        assert_eq!(stage.shown(OPEN, Field::Approach), "Ask Ada for the gate.");

        stage.clock.advance(TimeDelta::minutes(2));
        engine.run_until_quiet(None).await.unwrap();

        assert_eq!(stage.shown(OPEN, Field::Approach), "Show Ada both plants.");
        assert_eq!(stage.dossier(OPEN).await.conflict_version, None);
    }
}

#[tokio::test]
async fn a_refusal_of_earlier_words_does_not_hold_up_those_published_since() {
    for database in databases().await {
        let stage = Arc::new(Stage::set(&database, DEALS).await);
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        let trouble = |stage: &Stage, what| stage.served.world.state().deals[OPEN].trouble = what;
        let refused = Trouble::Refused("Close date cannot be in the past".to_owned());
        trouble(&stage, Some(refused));
        stage
            .publishes(OPEN, Part::Approach, "The first way.")
            .await;
        let of_the_seller = stage.clone();
        // The CRM has refused the first words, and nobody has noted it yet.
        let published = event(move || {
            let stage = of_the_seller.clone();
            async move {
                trouble(&stage, None);
                stage
                    .publishes(OPEN, Part::Approach, "The second way.")
                    .await;
            }
        });
        let engine = another(&stage, Point::Answered, published);

        engine.run_until_quiet(None).await.unwrap();
        stage.clock.advance(TimeDelta::minutes(1));
        engine.run_until_quiet(None).await.unwrap();

        assert_eq!(stage.shown(OPEN, Field::Approach), "The second way.");
        let known = stage.dossier(OPEN).await;
        assert_eq!((known.parked, known.carry_version), (None, None));
    }
}

fn postgres_of(tx: &mut Tx) -> &mut sqlx::PgConnection {
    match tx {
        Tx::Postgres(db) => db,
        Tx::Sqlite(_) => unreachable!("it was opened on PostgreSQL"),
    }
}

#[tokio::test]
async fn words_that_come_while_their_deal_is_considered_are_carried_all_the_same() {
    // On SQLite there is one writer at a time.
    let Some(database) = postgres().await else {
        return;
    };
    let stage = Stage::set(&database, DEALS).await;
    stage.types(OPEN, Field::Approach, "Ask Ada for the gate.");
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(10));
    let (id, now) = (stage.id.clone(), stage.env.now());
    let deal = stage.served.world.state().deals[OPEN].id.as_str().into();
    let mut tx = stage.engine.store.write().await.unwrap();
    tx.reconsider_all(&id, now).await.unwrap();
    tx.hasten(&id, ASK, now).await.unwrap();
    tx.commit().await.unwrap();
    // The words' row is touched and not yet let go when the deal is considered.
    let mut words = stage.engine.store.write().await.unwrap();
    words.carry(&id, &deal, now).await.unwrap();
    let holder: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(postgres_of(&mut words))
        .await
        .unwrap();
    let waits = async {
        let mut tx = stage.engine.store.read().await.unwrap();
        loop {
            let waits: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))",
            )
            .bind(holder)
            .fetch_one(postgres_of(&mut tx))
            .await
            .unwrap();
            if waits {
                break;
            }
            tokio::task::yield_now().await;
        }
        words.commit().await.unwrap();
    };

    let (turned, ()) = tokio::join!(stage.engine.turn(None), waits);
    turned.unwrap();
    stage.engine.run_until_quiet(None).await.unwrap();

    assert_eq!(stage.dossier(OPEN).await.carry_version, None);
}

#[tokio::test]
async fn words_published_while_earlier_ones_are_assessed_keep_their_own_grade() {
    // PostgreSQL does the same by the same statement; here the two units of work are one after the other.
    let stage = Arc::new(Stage::set(&sqlite(), DEALS).await);
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(10));
    stage.types(OPEN, Field::Approach, "Later.");
    let of_the_seller = stage.clone();
    let published = event(move || {
        let stage = of_the_seller.clone();
        async move {
            let words = "Ask Ada for the gate because she owns it.";
            stage.publishes(OPEN, Part::Approach, words).await;
        }
    });
    let engine = another(&stage, Point::Assessed, published);
    let mut tx = stage.engine.store.write().await.unwrap();
    tx.hasten(&stage.id, PULL, stage.env.now()).await.unwrap();
    tx.commit().await.unwrap();

    let reports = engine.run_until_quiet(None).await.unwrap();

    assert_eq!(reports[0].state, RunState::Ok);
    let (known, versions) = (stage.dossier(OPEN).await, stage.versions(OPEN).await);
    let newest = versions[0].assessment.as_ref().unwrap();
    assert_eq!(known.version, versions[0].version);
    assert_eq!(known.grade.as_deref(), Some(newest.grade.label()));
    assert_eq!(known.assessment.map(|it| it.0), Some(newest.0.clone()));
}

#[tokio::test]
async fn what_people_wrote_about_a_merged_deal_is_found_at_the_one_that_goes_on() {
    found_after_a_merge(None).await;
}

#[tokio::test]
async fn a_write_that_meets_a_merged_deal_before_the_poll_does_not_cut_off_its_words() {
    found_after_a_merge(Some("Ask Ada for the yard.")).await;
}

/// Two deals are merged; `meanwhile`, words are published about the one that is no more.
async fn found_after_a_merge(meanwhile: Option<&str>) {
    let stage = Stage::of(by_id("hubspot").unwrap(), DEALS).await;
    stage.reconcile().await;
    let (stays, goes) = (stage.deal_id(OPEN), stage.deal_id(OPEN - 1));
    let now = stage.env.now();
    stage
        .publishes(OPEN, Part::Approach, "Show Ada both plants.")
        .await;
    stage
        .publishes(OPEN - 1, Part::Approach, "Ask Ada for the gate.")
        .await;
    stage.reconcile().await;
    let seller = PersonId::from(stage.dossier(OPEN - 1).await.seller.unwrap().as_str());
    let mut tx = stage.engine.store.write().await.unwrap();
    let question = ("panel", Some("mia"), "What would Ada say no to?");
    tx.add_question(&stage.id, goes.as_str(), question, now)
        .await
        .unwrap();
    let typed = Answers {
        need: "A reference in logistics.".to_owned(),
        ..Answers::default()
    };
    let draft = Draft::of(typed, None, 1, now);
    tx.keep_draft((&stage.id, &goes, &seller), &draft, "")
        .await
        .unwrap();
    tx.commit().await.unwrap();

    stage.clock.advance(TimeDelta::minutes(2));
    let session = stage.engine.session(&stage.id).await.unwrap();
    let merge = json!({"primaryObjectId": stays, "objectIdToMerge": goes});
    let call = session.api.post("/crm/objects/2026-03/deals/merge");
    call.json(&merge).reply().await.unwrap();
    if let Some(words) = meanwhile {
        stage.publishes(OPEN - 1, Part::Approach, words).await;
        stage.engine.turn(None).await.unwrap();
    }
    stage.clock.advance(TimeDelta::minutes(2));
    stage.reconcile().await;

    let mut tx = stage.engine.store.read().await.unwrap();
    assert!(tx.dossier(&stage.id, &goes).await.unwrap().is_none());
    let questions = tx.questions(&stage.id, &[stays.as_str()]).await.unwrap();
    assert_eq!(
        questions[stays.as_str()][0].text,
        "What would Ada say no to?"
    );
    let kept = tx.drafts_aside(&stage.id, &stays, &seller).await.unwrap();
    let words: Vec<&str> = kept.iter().map(|it| it.answers.approach.as_str()).collect();
    let newest = meanwhile.unwrap_or("Ask Ada for the gate.");
    assert!(words.contains(&newest), "{words:?}");
    assert!(
        kept.iter()
            .any(|it| it.answers.need == "A reference in logistics.")
    );
    assert_eq!(
        stage.versions(OPEN).await[0].answers.approach,
        "Show Ada both plants."
    );
}

#[tokio::test]
async fn words_put_back_in_the_crm_before_a_poll_saw_the_new_ones_are_an_edit() {
    for database in databases().await {
        let stage = Stage::set(&database, 24).await;
        let (old, new) = (
            "Ask Ada for the gate because she owns it.",
            "Ask Bea for the gate because Ada left.",
        );
        stage.types(5, Field::Approach, old);
        stage.reconcile().await;
        stage.publishes(5, Part::Approach, new).await;
        stage.engine.turn(None).await.unwrap();
        let carried = stage.shown(5, Field::Approach);

        stage.types(5, Field::Approach, old);
        stage.reconcile().await;
        stage
            .publishes(
                5,
                Part::ConversationGoal,
                "Ada names the day she hands over.",
            )
            .await;
        stage.reconcile().await;

        assert_eq!(carried, new);
        let versions = stage.versions(5).await;
        assert_eq!(versions[0].answers.approach, old, "{database}");
        let goal = stage.shown(5, Field::ConversationGoal);
        assert_eq!(goal, "Ada names the day she hands over.", "{database}");
    }
}
