//! Whose turn it is: published words do not wait for long pulls, and what takes many turns goes on
//! where it was.

use std::time::Duration;

use chrono::TimeDelta;
use latitude::crm::by_id;
use latitude::domain::field::Field;
use latitude::domain::ids::{DealId, PersonId};
use latitude::domain::strategy::Answers;
use latitude::http::budget::Budget;
use latitude::sandbox::weather::Knobs;
use latitude::sync::publish::{Published, publish};
use latitude::sync::report::RunState;
use latitude::sync::{PULL, RECONCILE};

use crate::stage::Stage;

/// A CRM whose lists give a hundred deals a page, so that a few hundred are many pages.
async fn paged(deals: usize) -> Stage {
    Stage::of(by_id("hubspot").unwrap(), deals).await
}

/// Calls about deals to a path that ends so.
fn calls(stage: &Stage, end: &str) -> usize {
    let state = stage.served.world.state();
    let about = |target: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // A poll lists what was deleted at the same place; that is no page of deals.
        path.contains("/objects/")
            && path.contains("/deals")
            && path.ends_with(end)
            && !query.contains("archived=true")
    };
    state.calls.iter().filter(|it| about(&it.target)).count()
}

/// Leaves so many calls of the day for what nobody waits for, and the reserve.
fn spend_all_but(stage: &Stage, budget: &Budget, calls: u64) {
    let left = budget.left();
    budget.allow_per_day(u64::MAX);
    let used = u64::MAX - budget.left().unwrap();
    let limit = left.map_or(1_000, |left| left + used);
    budget.allow_per_day(limit);
    let tomorrow = stage.env.now() + TimeDelta::hours(20);
    budget.carry(limit - limit / 10 - calls, tomorrow);
}

async fn hasten(stage: &Stage, step: &str) {
    let mut tx = stage.engine.store.write().await.unwrap();
    tx.hasten(&stage.id, step, stage.env.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// The seller of a deal publishes in the panel.
async fn publishes(stage: &Stage, deal: usize, goal: &str) {
    let id = DealId::from(stage.served.world.state().deals[deal].id.as_str());
    let mut tx = stage.engine.store.write().await.unwrap();
    let dossier = tx.dossier(&stage.id, &id).await.unwrap().unwrap();
    let words = Answers {
        conversation_goal: goal.to_owned(),
        ..Answers::default()
    };
    let author = PersonId::from("someone");
    let at = (&dossier, dossier.version);
    let framework = &stage.engine.framework;
    let done = publish(
        &mut tx,
        &stage.id,
        at,
        (&author, &words),
        framework,
        stage.env.now(),
    );
    assert!(matches!(done.await.unwrap(), Published::Saved(_)));
    tx.commit().await.unwrap();
    stage.engine.wake().await;
}

/// Waits for something that happens by itself.
async fn until(what: impl Fn() -> bool) {
    let waited = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waited).await;
    assert!(waited.is_ok(), "it did not happen");
}

/// An open deal.
fn open_deal(stage: &Stage) -> usize {
    let state = stage.served.world.state();
    state.deals.iter().position(|deal| deal.stage < 6).unwrap()
}

#[tokio::test]
async fn words_published_during_a_long_reconcile_do_not_wait_for_its_end() {
    let stage = paged(2_000).await;
    stage.reconcile().await;
    // Pages take their time, as over a network: a page a moment would leave nobody else the database.
    stage.served.world.weather().set(Knobs {
        slow: 1.0,
        slow_ms: 60,
        ..Knobs::default()
    });
    let deal = open_deal(&stage);
    let before = calls(&stage, "/deals");
    let all = before; // The first pull lists everything once; the reconcile will do it again.
    hasten(&stage, RECONCILE).await;

    let seller = async {
        until(|| calls(&stage, "/deals") >= before + 2).await;
        let words = "Ada says which date her board needs.";
        publishes(&stage, deal, words).await;
        until(|| stage.shown(deal, Field::ConversationGoal) == words).await;
        calls(&stage, "/deals") - before
    };
    let (reports, pages) = tokio::join!(stage.engine.run_until_quiet(None), seller);

    assert_eq!(reports.unwrap()[0].state, RunState::Ok);
    let read = calls(&stage, "/deals") - before;
    assert!(pages + 3 < read, "{pages} pages of {read} were read first");
    assert_eq!(read, all, "no page was read twice");
}

#[tokio::test]
async fn a_reconcile_that_was_broken_off_goes_on_where_it_was_and_counts_what_was_missed() {
    let stage = paged(700).await;
    stage.reconcile().await;
    let pages = calls(&stage, "/deals");
    let missed = open_deal(&stage);
    stage.clock.advance(TimeDelta::hours(5));
    stage.reconcile().await;
    // A change whose stamp the pulls have long passed, as after an import with stamps of its own.
    "Renamed behind our backs".clone_into(&mut stage.served.world.state().deals[missed].name);
    stage.clock.advance(TimeDelta::hours(1));
    stage.reconcile().await;
    let before = calls(&stage, "/deals");
    let session = stage.engine.session(&stage.id).await.unwrap();
    let budget = session.api.budget();
    hasten(&stage, RECONCILE).await;

    // Enough for some pages; what is left of the day's share is for people.
    spend_all_but(&stage, budget, 8);
    let broken = stage.engine.run_until_quiet(None).await.unwrap();
    let then = calls(&stage, "/deals") - before;
    spend_all_but(&stage, budget, 500);
    hasten(&stage, RECONCILE).await;
    let ended = stage.engine.run_until_quiet(None).await.unwrap();
    let read = calls(&stage, "/deals") - before;

    assert_eq!(broken[0].state, RunState::Budget);
    assert!(then > 0 && then < pages, "{then} of {pages} pages");
    assert_eq!(read, pages, "each page once");
    assert_eq!(broken[0].tally.repaired + ended[0].tally.repaired, 1);
    let known = stage.engine.store.read().await.unwrap();
    let known = { known }.connection(&stage.id).await.unwrap().unwrap();
    assert_eq!(known.reconcile_began, None);
    assert_eq!(known.full_pull_at, Some(stage.env.now()));
}

#[tokio::test]
async fn words_published_while_earlier_ones_are_on_their_way_follow_them() {
    let stage = paged(20).await;
    stage.reconcile().await;
    let deal = open_deal(&stage);
    stage.served.world.weather().set(Knobs {
        slow: 1.0,
        slow_ms: 150,
        ..Knobs::default()
    });
    publishes(&stage, deal, "Ada says which date her board needs.").await;
    let before = calls(&stage, "/batch/read");

    let seller = async {
        // The deal has been read; the write is under way.
        until(|| calls(&stage, "/batch/read") > before).await;
        publishes(&stage, deal, "Ada names the one who signs.").await;
    };
    let (reports, ()) = tokio::join!(stage.engine.run_until_quiet(None), seller);

    assert_eq!(reports.unwrap()[0].state, RunState::Ok);
    assert_eq!(
        stage.shown(deal, Field::ConversationGoal),
        "Ada names the one who signs."
    );
    let state = stage.served.world.state();
    let wrote = |call: &&latitude::sandbox::world::CallSeen| call.body.contains("which date");
    assert_eq!(state.calls.iter().filter(wrote).count(), 1);
}

#[tokio::test]
async fn many_published_words_cost_one_read_and_one_write_of_many() {
    let stage = paged(60).await;
    stage.reconcile().await;
    let open: Vec<usize> = {
        let state = stage.served.world.state();
        (0..60).filter(|n| state.deals[*n].stage < 6).collect()
    };
    for deal in &open {
        publishes(&stage, *deal, &format!("Ada answers question {deal}.")).await;
    }
    let before = stage.served.stats.calls();

    let reports = stage.engine.run_until_quiet(None).await.unwrap();

    assert_eq!(reports[0].tally.written, open.len() as u64);
    for deal in &open {
        let there = stage.shown(*deal, Field::ConversationGoal);
        assert_eq!(there, format!("Ada answers question {deal}."));
    }
    assert_eq!(stage.served.stats.calls() - before, 2);
}

#[tokio::test]
async fn the_last_part_of_the_days_calls_is_kept_for_published_words() {
    let stage = paged(20).await;
    stage.reconcile().await;
    let (deal, other) = (open_deal(&stage), open_deal(&stage) + 1);
    let session = stage.engine.session(&stage.id).await.unwrap();
    let budget = session.api.budget();
    spend_all_but(&stage, budget, 0);
    stage.types(other, Field::ConversationGoal, "Bea says who decides.");
    hasten(&stage, PULL).await;
    let pulled = stage.engine.run_until_quiet(None).await.unwrap();
    publishes(&stage, deal, "Ada says which date her board needs.").await;

    stage.engine.run_until_quiet(None).await.unwrap();

    assert_eq!(pulled[0].state, RunState::Budget);
    assert_eq!(pulled[0].calls, 0, "nobody waits for a poll");
    assert_eq!(
        stage.shown(deal, Field::ConversationGoal),
        "Ada says which date her board needs."
    );
    assert!(budget.left().unwrap() > 0);
}

/// A worker that is cut off from the database cannot hold its lease for longer; by then another
/// may have the connection, so no call of its own may still be under way.
#[tokio::test]
async fn no_call_to_the_crm_outlives_the_lease_it_is_made_under() {
    let stage = Stage::of_in_real_time(by_id("hubspot").unwrap(), 20).await;
    stage.reconcile().await;
    let deal = open_deal(&stage);
    let mut engine = latitude::sync::worker::Engine::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        stage.engine.framework.clone(),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    // Its last twelfth is what is left for saying why, on a busy machine too.
    engine.lease = TimeDelta::milliseconds(1_800);
    let settings = stage.served.settings.clone();
    engine.add(stage.id.clone(), settings).unwrap();
    stage.served.world.weather().set(Knobs {
        slow: 1.0,
        slow_ms: 6_000,
        ..Knobs::default()
    });
    publishes(&stage, deal, "Ada says which date her board needs.").await;
    let since = stage.env.now();

    let worked = engine.run_until_quiet(None);
    drop(tokio::time::timeout(Duration::from_millis(4_000), worked).await);

    let mut tx = stage.engine.store.read().await.unwrap();
    let ledger = tx.ledger(&stage.id, None, 5).await.unwrap();
    let told = ledger.iter().find(|it| it.at >= since).unwrap();
    assert_eq!(told.code.as_deref(), Some("lease"), "{ledger:?}");
    let there = stage.shown(deal, Field::ConversationGoal);
    assert_ne!(there, "Ada says which date her board needs.");
}
