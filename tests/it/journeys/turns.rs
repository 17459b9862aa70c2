//! Whose turn it is: published words do not wait for long pulls, and what takes many turns goes on
//! where it was.

use std::time::Duration;

use chrono::TimeDelta;
use latitude::crm::by_id;
use latitude::domain::field::Field;
use latitude::domain::strategy::Part;
use latitude::http::budget::Budget;
use latitude::sandbox::weather::Knobs;
use latitude::store::ledger::Entry;
use latitude::sync::report::RunState;
use latitude::sync::{BETWEEN_PULLS, PULL, RECONCILE, WRITE_BACK};

use crate::stage::{Stage, databases};

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
async fn spend_all_but(stage: &Stage, budget: &Budget, calls: u64) {
    let limit = budget.left().map_or(1_000, |left| left + budget.used());
    budget.allow_per_day(limit);
    let spent = i64::try_from(limit - limit / 10 - calls).unwrap();
    let now = stage.env.now();
    let mut tx = stage.engine.store.write().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    let today = known.calls_reset_at.is_some_and(|at| at > now);
    let more = spent - if today { known.calls_today } else { 0 };
    tx.save_spending(&stage.id, more, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn hasten(stage: &Stage, step: &str) {
    let mut tx = stage.engine.store.write().await.unwrap();
    tx.hasten_anyway(&stage.id, step, stage.env.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// The CRM tells of a change.
async fn pushes(stage: &Stage) {
    let mut tx = stage.engine.store.write().await.unwrap();
    let at = (stage.env.now(), BETWEEN_PULLS);
    tx.hint(&stage.id, PULL, at).await.unwrap();
    tx.commit().await.unwrap();
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
        stage.publishes(deal, Part::ConversationGoal, words).await;
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
    spend_all_but(&stage, budget, 8).await;
    let broken = stage.engine.run_until_quiet(None).await.unwrap();
    let then = calls(&stage, "/deals") - before;
    spend_all_but(&stage, budget, 500).await;
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
    stage
        .publishes(
            deal,
            Part::ConversationGoal,
            "Ada says which date her board needs.",
        )
        .await;
    let before = calls(&stage, "/batch/read");

    let seller = async {
        // The deal has been read; the write is under way.
        until(|| calls(&stage, "/batch/read") > before).await;
        stage
            .publishes(deal, Part::ConversationGoal, "Ada names the one who signs.")
            .await;
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
        stage
            .publishes(
                *deal,
                Part::ConversationGoal,
                &format!("Ada answers question {deal}."),
            )
            .await;
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
    spend_all_but(&stage, budget, 0).await;
    stage.types(other, Field::ConversationGoal, "Bea says who decides.");
    hasten(&stage, PULL).await;
    let pulled = stage.engine.run_until_quiet(None).await.unwrap();
    stage
        .publishes(
            deal,
            Part::ConversationGoal,
            "Ada says which date her board needs.",
        )
        .await;

    stage.engine.run_until_quiet(None).await.unwrap();

    assert_eq!(pulled[0].state, RunState::Budget);
    assert_eq!(pulled[0].calls, 0, "nobody waits for a poll");
    assert_eq!(
        stage.shown(deal, Field::ConversationGoal),
        "Ada says which date her board needs."
    );
    assert!(budget.left().unwrap() > 0);
    rests_in_peace(&stage).await;

    // As soon as before, however soon the day is over.
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    drop(tx);
    let rest = known.calls_reset_at.unwrap() - stage.env.now();
    stage.clock.advance(rest - TimeDelta::minutes(20));
    let words = "Ada shows her board both dates.";
    stage.publishes(deal, Part::ConversationGoal, words).await;
    stage.engine.run_until_quiet(None).await.unwrap();
    assert_eq!(stage.shown(deal, Field::ConversationGoal), words);
    rests_in_peace(&stage).await;

    stage.clock.advance(TimeDelta::minutes(21));
    let next_day = stage.engine.run_until_quiet(None).await.unwrap();
    assert_eq!(next_day[0].state, RunState::Ok);
    let versions = stage.versions(other).await;
    assert_eq!(
        versions[0].answers.conversation_goal,
        "Bea says who decides."
    );
}

/// A connection whose day is spent says so, and nobody takes its rest for a clock that was ahead.
async fn rests_in_peace(stage: &Stage) {
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    assert_eq!(known.state, RunState::Budget.word());
    let ledger = tx.ledger(&stage.id, None, 100).await.unwrap();
    let clock = |entry: &&Entry| entry.code.as_deref() == Some("clock");
    assert_eq!(ledger.iter().find(clock), None);
}

#[tokio::test]
async fn pushes_one_after_the_other_make_pulls_that_are_seconds_apart() {
    for database in databases().await {
        let stage = Stage::set(&database, 20).await;
        let hinted = async || {
            pushes(&stage).await;
            let reports = stage.engine.run_until_quiet(None).await.unwrap();
            reports.iter().map(|it| it.calls).sum::<u64>()
        };
        stage.reconcile().await;
        stage.clock.advance(BETWEEN_PULLS);

        let first = hinted().await;
        let mut at_once = 0;
        for _ in 0..4 {
            stage.clock.advance(TimeDelta::seconds(1));
            at_once += hinted().await;
        }
        stage.clock.advance(TimeDelta::seconds(1));
        let due = stage.engine.run_until_quiet(None).await.unwrap();

        assert!(first > 0, "the first is heard at once");
        assert_eq!(at_once, 0);
        assert_eq!(due.iter().map(|it| it.calls).sum::<u64>(), first);
    }
}

#[tokio::test]
async fn pushes_while_the_crm_is_away_make_no_pause_longer() {
    for database in databases().await {
        let stage = Stage::set(&database, 20).await;
        stage.reconcile().await;
        stage.served.world.weather().set(Knobs {
            outage: 1.0,
            ..Knobs::default()
        });
        hasten(&stage, PULL).await;
        stage.engine.turn(None).await.unwrap();
        let failures = async || {
            let mut tx = stage.engine.store.read().await.unwrap();
            tx.failures(&stage.id, &[PULL]).await.unwrap()
        };
        let before = failures().await;
        for _ in 0..5 {
            pushes(&stage).await;
            stage.engine.turn(None).await.unwrap();
        }

        assert!(before > 0);
        assert_eq!(failures().await, before);
    }
}

#[tokio::test]
async fn publishes_while_the_crm_is_away_make_no_pause_longer_and_arrive_after_it() {
    for database in databases().await {
        let stage = Stage::set(&database, 20).await;
        stage.reconcile().await;
        stage.served.world.weather().set(Knobs {
            outage: 1.0,
            ..Knobs::default()
        });
        let failures = async || {
            let mut tx = stage.engine.store.read().await.unwrap();
            tx.failures(&stage.id, &[PULL, WRITE_BACK]).await.unwrap()
        };
        for n in 0..8 {
            let text = format!("Ada says by talk {n} who signs, because she owns the gate.");
            stage.publishes(2, Part::Approach, &text).await;
            stage.engine.turn(None).await.unwrap();
        }
        let after_eight = failures().await;
        stage.served.world.weather().set(Knobs::default());
        stage.clock.advance(TimeDelta::seconds(2));
        stage.engine.turn(None).await.unwrap();

        assert_eq!(after_eight, 1, "one pause, however many publish in it");
        let shown = stage.shown(2, Field::Approach);
        assert!(shown.as_str().unwrap().contains("talk 7"), "{shown}");
    }
}

#[tokio::test]
async fn all_processes_share_one_day_of_calls() {
    for database in databases().await {
        let stage = Stage::set(&database, 20).await;
        stage.reconcile().await;
        let other = stage.another_engine(stage.env.clone());
        hasten(&stage, PULL).await;
        other.run_until_quiet(None).await.unwrap();
        hasten(&stage, PULL).await;
        stage.engine.run_until_quiet(None).await.unwrap();

        let session = stage.engine.session(&stage.id).await.unwrap();
        let of_the_other = other.session(&stage.id).await.unwrap().api.calls();
        let mut tx = stage.engine.store.read().await.unwrap();
        let known = tx.connection(&stage.id).await.unwrap().unwrap();

        assert!(of_the_other > 0);
        let all = session.api.calls() + of_the_other;
        assert_eq!(u64::try_from(known.calls_today).unwrap(), all);
        assert_eq!(session.api.budget().used(), all);
    }
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
    stage
        .publishes(
            deal,
            Part::ConversationGoal,
            "Ada says which date her board needs.",
        )
        .await;
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
