//! A worker that stood still, a clock that was set wrong: what another did meanwhile stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use latitude::crm::{self, Crm};
use latitude::domain::Time;
use latitude::domain::field::Field;
use latitude::domain::ids::{ConnectionId, PersonId};
use latitude::env::fate::{Fate, Point};
use latitude::env::{Clock, Env, Frozen};
use latitude::sandbox::weather::Knobs;
use latitude::store::Store;
use latitude::sync::publish::{Published, publish};
use latitude::sync::report::RunState;
use latitude::sync::worker::Engine;
use latitude::sync::{PULL, RECONCILE, WRITE_BACK};
use serde_json::Value;

use crate::stage::{Stage, databases, postgres, sqlite};

const DEALS: usize = 24;
const WORDS: &str = "Ask Ada for the gate because she owns it.";

type Event = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Something that happens once, the first time an engine comes to a point.
struct Once {
    point: Point,
    happened: AtomicBool,
    what: Event,
}

impl Fate for Once {
    fn at(&self, point: Point) -> BoxFuture<'_, ()> {
        async move {
            if point == self.point && !self.happened.swap(true, Ordering::Relaxed) {
                (self.what)().await;
            }
        }
        .boxed()
    }
}

pub fn event<F: Future<Output = ()> + Send + 'static>(
    what: impl Fn() -> F + Send + Sync + 'static,
) -> Event {
    Box::new(move || what().boxed())
}

/// Another process takes the connection over, after its holder has stood still.
async fn taken_over(store: Store, id: ConnectionId, clock: Arc<Frozen>) {
    clock.advance(TimeDelta::seconds(61));
    let now = clock.now();
    let mut tx = store.write().await.unwrap();
    let until = now + TimeDelta::seconds(60);
    assert!(
        tx.claim(&[id.as_str()], now, until)
            .await
            .unwrap()
            .is_some()
    );
    tx.commit().await.unwrap();
}

/// A process of its own on the stage's database, to which something happens at a point.
pub fn another(stage: &Stage, point: Point, what: Event) -> Engine {
    let fate = Arc::new(Once {
        point,
        happened: AtomicBool::new(false),
        what,
    });
    let env = Env::seeded(stage.clock.clone(), 8).under(fate);
    stage.another_engine(env)
}

async fn hasten(stage: &Stage, moves: &[&str]) {
    let mut tx = stage.engine.store.write().await.unwrap();
    for step in moves {
        tx.hasten(&stage.id, step, stage.env.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_worker_that_was_overtaken_says_nothing_about_the_connection() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        let mut tx = stage.engine.store.read().await.unwrap();
        let runs = tx.runs(&stage.id, 100).await.unwrap();
        drop(tx);
        stage.clock.advance(TimeDelta::minutes(10));
        stage.types(5, Field::Approach, WORDS);
        hasten(&stage, &[PULL, WRITE_BACK]).await;
        let (store, id) = (stage.engine.store.clone(), stage.id.clone());
        let clock = stage.clock.clone();
        let what = event(move || taken_over(store.clone(), id.clone(), clock.clone()));
        let overtaken = another(&stage, Point::Packed, what);

        overtaken.turn(None).await.unwrap();

        let mut tx = stage.engine.store.read().await.unwrap();
        assert_eq!(tx.runs(&stage.id, 100).await.unwrap(), runs, "{database}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_during_the_nightly_reconcile_makes_no_deal_vanish() {
    let stage = Stage::set(&sqlite(), DEALS).await;
    stage.reconcile().await;
    let mut tx = stage.engine.store.read().await.unwrap();
    let before = tx.deal_ids(&stage.id).await.unwrap();
    drop(tx);
    hasten(&stage, &[RECONCILE]).await;
    let clock = stage.clock.clone();
    let what = event(move || {
        clock.advance(-TimeDelta::minutes(4));
        async {}
    });
    let engine = another(&stage, Point::PageRead, what);

    engine.turn(None).await.unwrap();
    stage.clock.advance(TimeDelta::minutes(10));
    stage.engine.turn(None).await.unwrap();

    let mut tx = stage.engine.store.read().await.unwrap();
    assert_eq!(tx.deal_ids(&stage.id).await.unwrap(), before);
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_put_off_is_due_once_it_is_right() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        let day = TimeDelta::days(1);
        let ahead = stage.env.now() + day;
        let mut tx = stage.engine.store.write().await.unwrap();
        // A process whose clock is a day ahead polled, claimed again, and died.
        for due in tx.due(&stage.id, ahead).await.unwrap() {
            let next = ahead + TimeDelta::hours(1);
            tx.reschedule(&stage.id, &due, (next, next), (true, ahead))
                .await
                .unwrap();
        }
        tx.hasten(&stage.id, PULL, ahead).await.unwrap();
        let lease = tx
            .claim(&[stage.id.as_str()], ahead + day, ahead + day)
            .await
            .unwrap();
        assert!(lease.is_some());
        tx.commit().await.unwrap();
        stage.clock.advance(TimeDelta::minutes(10));
        stage.types(5, Field::Approach, WORDS);

        stage.engine.run_until_quiet(None).await.unwrap();
        stage.engine.run_until_quiet(None).await.unwrap();

        let strategy = stage.shown(5, Field::Strategy);
        assert!(strategy.as_str().unwrap().contains("Ask Ada"), "{database}");
    }
}

/// The clock of a machine that is set ahead of everyone else's.
struct Ahead(Arc<Frozen>, TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> Time {
        self.0.now() + self.1
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[tokio::test]
async fn what_someone_changes_just_after_a_clock_that_is_ahead_wrote_it_is_written_again() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        stage.types(5, Field::Approach, WORDS);
        hasten(&stage, &[PULL]).await;
        let ahead = Arc::new(Ahead(stage.clock.clone(), TimeDelta::minutes(4)));
        let engine = stage.another_engine(Env::seeded(ahead, 8));
        engine.turn(None).await.unwrap();
        let grade = stage.shown(5, Field::Grade);
        assert!(grade.as_str().is_some_and(|it| it != "Strong"));

        stage.clock.advance(TimeDelta::seconds(3));
        set(&stage, 5, Field::Grade, "Strong".into());
        stage.clock.advance(TimeDelta::minutes(10));
        hasten(&stage, &[PULL]).await;
        stage.engine.run_until_quiet(None).await.unwrap();

        assert_eq!(stage.shown(5, Field::Grade), grade, "{database}");
    }
}

#[tokio::test]
async fn a_worker_that_was_overtaken_puts_nothing_off() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        // Long enough for the sign-in to be renewed.
        stage.clock.advance(TimeDelta::hours(13));
        hasten(&stage, &[PULL]).await;
        let (store, id) = (stage.engine.store.clone(), stage.id.clone());
        let clock = stage.clock.clone();
        let world = stage.served.world.clone();
        let what = event(move || {
            world.weather().set(Knobs {
                outage: 1.0,
                ..Knobs::default()
            });
            taken_over(store.clone(), id.clone(), clock.clone())
        });
        let overtaken = another(&stage, Point::TokenClaimed, what);

        let report = overtaken.turn(None).await.unwrap().unwrap();

        assert_ne!(report.state, RunState::Ok, "{database}: it met the outage");
        let mut tx = stage.engine.store.read().await.unwrap();
        let failures = tx.failures(&stage.id, &[PULL, WRITE_BACK]).await.unwrap();
        assert_eq!(failures, 0, "{database}: it says when the other may call");
    }
}

#[tokio::test]
async fn tokens_that_another_process_saved_meanwhile_are_not_written_over() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::hours(13));
        hasten(&stage, &[PULL]).await;
        let (store, id) = (stage.engine.store.clone(), stage.id.clone());
        let what = event(move || {
            let (store, id) = (store.clone(), id.clone());
            async move {
                let mut tx = store.write().await.unwrap();
                let version = tx.tokens(&id).await.unwrap().unwrap().token_version;
                let saved = tx.save_tokens(&id, b"theirs", version).await.unwrap();
                assert_eq!(saved, Some(version + 1));
                tx.commit().await.unwrap();
            }
        });
        let slow = another(&stage, Point::TokenBought, what);

        slow.turn(None).await.unwrap();

        let mut tx = stage.engine.store.read().await.unwrap();
        let tokens = tx.tokens(&stage.id).await.unwrap().unwrap().tokens;
        assert_eq!(tokens.as_deref(), Some(&b"theirs"[..]), "{database}");
    }
}

#[tokio::test]
async fn a_publish_that_meets_a_pull_of_the_same_deal_is_told_apart_and_fails_neither() {
    // On SQLite there is one writer at a time.
    let Some(database) = postgres().await else {
        return;
    };
    let stage = Stage::set(&database, DEALS).await;
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(10));
    stage.types(5, Field::Approach, WORDS);
    hasten(&stage, &[PULL]).await;
    let deal = stage.served.world.state().deals[5].id.clone();
    let (send, mut publishes) = tokio::sync::mpsc::unbounded_channel();
    let (store, id, now) = (
        stage.engine.store.clone(),
        stage.id.clone(),
        stage.env.now(),
    );
    let framework = stage.engine.framework.clone();
    let what = event(move || {
        let (store, id, send) = (store.clone(), id.clone(), send.clone());
        let (framework, deal) = (framework.clone(), deal.as_str().into());
        async move {
            let mut tx = store.write().await.unwrap();
            let dossier = tx.dossier(&id, &deal).await.unwrap().unwrap();
            let published = tokio::spawn(async move {
                let mut answers = dossier.answers.clone().map(|it| it.0).unwrap_or_default();
                answers.need = "A reference customer in logistics.".to_owned();
                let (seller, at) = (PersonId::from("someone"), (&dossier, dossier.version));
                let words = (&seller, &answers);
                let done = publish(&mut tx, &id, at, words, &framework, now).await?;
                tx.commit().await.map(|()| done)
            });
            send.send(published).unwrap();
        }
    });
    let engine = another(&stage, Point::PageInHand, what);

    engine.turn(None).await.unwrap();

    let published = publishes.recv().await.unwrap().await.unwrap().unwrap();
    assert!(matches!(published, Published::Overtaken(_)));
    let mut tx = stage.engine.store.read().await.unwrap();
    let deal = stage.served.world.state().deals[5].id.clone();
    let dossier = tx.dossier(&stage.id, &deal.as_str().into()).await.unwrap();
    assert_eq!(dossier.unwrap().answers.unwrap().approach, WORDS);
}

#[tokio::test]
async fn words_that_are_sent_twice_at_once_are_one_version_and_no_conflict() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        let dossier = stage.dossier(5).await;
        let mut answers = dossier.answers.clone().map(|it| it.0).unwrap_or_default();
        answers.need = "A reference customer in logistics.".to_owned();
        let seller = PersonId::from("someone");
        let mut done = Vec::new();
        for _ in 0..2 {
            let mut tx = stage.engine.store.write().await.unwrap();
            let at = (&dossier, dossier.version);
            let (words, framework) = ((&seller, &answers), &stage.engine.framework);
            let sent = publish(&mut tx, &stage.id, at, words, framework, stage.env.now());
            done.push(sent.await.unwrap());
            tx.commit().await.unwrap();
        }

        let version = dossier.version + 1;
        let wanted = [Published::Saved(version), Published::Unchanged(version)];
        assert_eq!(done, wanted, "{database}");
    }
}

#[tokio::test]
async fn what_an_overtaken_worker_had_on_the_network_is_put_right_by_the_nightly_reconcile() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        stage.reconcile().await;
        let older = stage.shown(5, Field::Strategy);
        stage.clock.advance(TimeDelta::minutes(10));
        stage.types(5, Field::Approach, WORDS);
        hasten(&stage, &[PULL]).await;
        let (store, id) = (stage.engine.store.clone(), stage.id.clone());
        let clock = stage.clock.clone();
        let what = event(move || taken_over(store.clone(), id.clone(), clock.clone()));
        another(&stage, Point::Packed, what)
            .turn(None)
            .await
            .unwrap();
        stage.clock.advance(TimeDelta::seconds(61));
        stage.reconcile().await;
        let newer = stage.shown(5, Field::Strategy);
        assert_ne!(older, newer, "{database}");

        // What the overtaken one had sent arrives; none of what managers filter by differs.
        set(&stage, 5, Field::Strategy, older);
        stage.clock.advance(TimeDelta::hours(12));
        hasten(&stage, &[PULL, RECONCILE]).await;
        stage.engine.run_until_quiet(None).await.unwrap();

        assert_eq!(stage.shown(5, Field::Strategy), newer, "{database}");
        let before = stage.served.stats.calls();
        hasten(&stage, &[RECONCILE]).await;
        stage.engine.run_until_quiet(None).await.unwrap();
        let writes = stage.served.stats.calls() - before;
        assert!(
            writes <= 3,
            "{database}: it writes every night: {writes} calls"
        );
    }
}

/// A field of a deal is written by someone who is not its owner.
fn set(stage: &Stage, deal: usize, field: Field, value: Value) {
    let world = &stage.served.world;
    let mut state = world.state();
    state.deals[deal].custom.insert(stage.field(field), value);
    world.touch(&mut state, deal, 0);
}

/// A CRM whose lists give a hundred deals a page.
fn paged() -> &'static dyn Crm {
    crm::by_id("hubspot").unwrap()
}

#[tokio::test]
async fn a_deal_that_a_pull_brings_behind_the_back_of_a_reconcile_is_not_held_for_gone() {
    let stage = Stage::of(paged(), 350).await;
    stage.reconcile().await;
    stage.clock.advance(TimeDelta::minutes(10));
    hasten(&stage, &[RECONCILE]).await;
    let (world, clock) = (stage.served.world.clone(), stage.clock.clone());
    let (store, id) = (stage.engine.store.clone(), stage.id.clone());
    // The first page is kept, the turn is over, and a pull comes between.
    let what = event(move || {
        clock.advance(TimeDelta::seconds(6));
        {
            let mut state = world.state();
            let owner = state.deals[0].owner;
            state.deals[0].amount = Some(77_000.0);
            world.touch(&mut state, 0, owner);
        }
        let (store, id, now) = (store.clone(), id.clone(), clock.now());
        async move {
            let mut tx = store.write().await.unwrap();
            tx.hasten(&id, PULL, now).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    let engine = another(&stage, Point::PageKept, what);

    engine.run_until_quiet(None).await.unwrap();

    let first = stage.served.world.state().deals[0].id.clone();
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.dossier(&stage.id, &first.as_str().into()).await.unwrap();
    assert!(known.is_some_and(|deal| deal.amount == Some(77_000.0)));
    let connection = tx.connection(&stage.id).await.unwrap().unwrap();
    assert!(connection.reconcile_began.is_none(), "it came to its end");
}
