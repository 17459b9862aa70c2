//! Several processes on one database: one of them does the work, and any of them may.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::ids::ConnectionId;
use latitude::env::Env;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::weather::Knobs;
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::stage::{Stage, databases, postgres, sqlite};

const COMPANIES: usize = 16;
/// Short, so that the test is; calls of the sandboxes are shorter still.
const LEASE: TimeDelta = TimeDelta::seconds(2);

/// A process, as far as its work goes: an engine of its own, with a store of its own.
struct Replica {
    engine: Arc<Engine>,
    working: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Replica {
    async fn start(database: &str, stage: &Stage, companies: &[(ConnectionId, Served)]) -> Self {
        let env = Env::system();
        let seal = Seal::new(&[vec![7; 32]], env.clone()).unwrap();
        let store = Store::open(database, seal).await.unwrap();
        let framework = stage.engine.framework.clone();
        let poll = TimeDelta::milliseconds(300);
        let mut engine = Engine::new(store, env, framework, "https://latitude.test", poll);
        engine.lease = LEASE;
        engine.lanes = COMPANIES;
        for (id, served) in companies {
            engine.add(id.clone(), served.settings.clone()).unwrap();
        }
        engine.enrol().await.unwrap();
        let engine = Arc::new(engine);
        let (stop, stopping) = watch::channel(false);
        let runs = engine.clone();
        let working = tokio::spawn(async move { runs.run(stopping, |_| {}).await });
        Self {
            engine,
            working,
            _stop: stop,
        }
    }

    /// As `kill -9` does: nothing is finished, nothing is handed back.
    fn dies(&self) {
        self.working.abort();
    }
}

async fn companies(stage: &Stage) -> Vec<(ConnectionId, Served)> {
    let mut all = Vec::new();
    let mut engine = Engine::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        stage.engine.framework.clone(),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    for n in 0..COMPANIES {
        let world = World::new(stage.env.clone(), n as u64, 4);
        let served = serve(stage.crm, world, 0, std::future::pending())
            .await
            .unwrap();
        let id = ConnectionId::from(format!("company{n}").as_str());
        engine.add(id.clone(), served.settings.clone()).unwrap();
        engine.enrol().await.unwrap();
        let session = engine.session(&id).await.unwrap();
        let plan = plan(stage.crm, &session, Way::Apply).await.unwrap();
        let done = carry_out(stage.crm, &session, &plan, |_| {}).await;
        assert!(done.is_ok());
        all.push((id, served));
    }
    all
}

fn type_into_all(stage: &Stage, companies: &[(ConnectionId, Served)], text: &str) {
    let name = stage.field(Field::ConversationGoal);
    for (_, served) in companies {
        let mut state = served.world.state();
        let deal = state.deals.iter().position(|it| it.stage < 6).unwrap();
        state.deals[deal].custom.insert(name.clone(), text.into());
        let owner = state.deals[deal].owner;
        served.world.touch(&mut state, deal, owner);
    }
}

/// Waits until what was typed stands in the strategy of every company.
async fn told_by_all(stage: &Stage, companies: &[(ConnectionId, Served)], text: &str) {
    let name = stage.field(Field::Strategy);
    let told = |served: &Served| {
        let state = served.world.state();
        let mut deals = state.deals.iter();
        deals.any(|deal| {
            let strategy = deal.custom.get(&name).and_then(|it| it.as_str());
            strategy.is_some_and(|it| it.contains(text))
        })
    };
    let waited = async {
        while !companies.iter().all(|(_, served)| told(served)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let left = companies.iter().filter(|(_, served)| !told(served));
    let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
    assert!(waited.is_ok(), "{} companies wait for ever", left.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_at_work_is_replaced_on_every_connection() {
    let Some(database) = postgres().await else {
        return;
    };
    let stage = Stage::in_real_time(&database, 1).await;
    let companies = companies(&stage).await;
    let first = Replica::start(&database, &stage, &companies).await;
    type_into_all(&stage, &companies, "Ada says which date her board needs.");
    told_by_all(&stage, &companies, "which date").await;
    // Slow calls: the first holds leases of most connections when it dies.
    for (_, served) in &companies {
        served.world.weather().set(Knobs {
            slow: 1.0,
            slow_ms: 200,
            ..Knobs::default()
        });
    }
    let second = Replica::start(&database, &stage, &companies).await;

    type_into_all(&stage, &companies, "Ada names the one who signs.");
    tokio::time::sleep(Duration::from_millis(150)).await;
    first.dies();

    told_by_all(&stage, &companies, "one who signs").await;
    assert!(!second.working.is_finished());
    let mut tx = second.engine.store.read().await.unwrap();
    for (id, served) in &companies {
        let deals: Vec<String> = {
            let state = served.world.state();
            state.deals.iter().map(|deal| deal.id.clone()).collect()
        };
        for deal in deals {
            let versions = tx.versions(id, &deal.as_str().into()).await.unwrap();
            let mut texts: Vec<String> = versions
                .iter()
                .map(|it| it.answers.0.conversation_goal.clone())
                .collect();
            let all = texts.len();
            texts.dedup();
            assert_eq!(texts.len(), all, "{id}: the same words were taken up twice");
        }
    }
}

#[tokio::test]
async fn two_processes_that_bring_the_schema_up_to_date_at_once_do_not_disturb_each_other() {
    let mut all = databases().await;
    all.extend((0..4).map(|_| sqlite()));
    for database in all {
        let opens = async || {
            let seal = Seal::random(&Env::system());
            let store = Store::open(&database, seal).await.unwrap();
            store.migrate().await.map(|()| store)
        };

        let (one, two, three) = tokio::join!(opens(), opens(), opens());

        for store in [one, two, three] {
            let store = store.unwrap_or_else(|error| panic!("{database}: {error:?}"));
            assert_eq!(store.pending_migrations().await.unwrap(), 0, "{database}");
        }
    }
}
