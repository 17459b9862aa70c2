//! Several connections at once in one process.

use chrono::TimeDelta;
use latitude::crm::by_id;
use latitude::domain::field::Field;
use latitude::domain::ids::ConnectionId;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::weather::Knobs;
use latitude::sandbox::world::World;
use latitude::sync::worker::Engine;

use crate::stage::{Stage, databases};

const COMPANIES: usize = 6;
const DEALS: usize = 40;

/// One more company behind the same kind of CRM, connected and set up.
async fn another(engine: &mut Engine, stage: &Stage, n: usize) -> Served {
    let world = World::new(stage.env.clone(), n as u64, DEALS);
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
    served
}

#[tokio::test]
async fn one_process_works_several_connections_at_once() {
    for database in databases().await {
        let stage = Stage::set(&database, DEALS).await;
        let mut engine = Engine::new(
            stage.engine.store.clone(),
            stage.env.clone(),
            stage.engine.framework.clone(),
            "https://latitude.test",
            TimeDelta::hours(1),
        );
        let mut companies = Vec::new();
        for n in 0..COMPANIES {
            companies.push(another(&mut engine, &stage, n).await);
        }
        stage.clock.advance(TimeDelta::minutes(30));

        engine.run_until_quiet(None).await.unwrap();

        let grade = stage.field(Field::Grade);
        for (n, company) in companies.iter().enumerate() {
            let state = company.world.state();
            let graded = state
                .deals
                .iter()
                .filter(|it| it.custom.contains_key(&grade));
            let open = state.deals.iter().filter(|it| it.stage < 6).count();
            assert_eq!(graded.count(), open, "company {n} on {database}");
        }
    }
}

#[tokio::test]
async fn a_long_first_pull_gives_way_to_a_connection_that_waits_for_the_lane() {
    // A CRM of a hundred deals a page.
    let stage = Stage::of(by_id("hubspot").unwrap(), 600).await;
    let mut engine = Engine::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        stage.engine.framework.clone(),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    engine.lanes = 1;
    let settings = stage.served.settings.clone();
    engine.add(stage.id.clone(), settings).unwrap();
    let small = another(&mut engine, &stage, 0).await;
    stage.served.world.weather().set(Knobs {
        slow: 1.0,
        slow_ms: 100,
        ..Knobs::default()
    });
    // The small one has been due since before the long one's first page.
    stage.clock.advance(TimeDelta::seconds(5));
    let (grade, clock) = (stage.field(Field::Grade), stage.clock.clone());
    let graded = |company: &Served| {
        let state = company.world.state();
        state.deals.iter().any(|it| it.custom.contains_key(&grade))
    };
    let pages = || {
        let state = stage.served.world.state();
        let page = |target: &str| target.split('?').next() == Some("/crm/objects/2026-03/deals");
        state.calls.iter().filter(|it| page(&it.target)).count()
    };

    let small_first = async {
        let wait = async || tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        while pages() == 0 {
            wait().await;
        }
        // Longer than a turn; from here on the clock stands still, so nobody else gives way.
        clock.advance(TimeDelta::seconds(12));
        while !graded(&small) {
            wait().await;
        }
        pages()
    };
    let (done, read) = tokio::join!(engine.run_until_quiet(None), small_first);

    done.unwrap();
    assert!(read >= 1, "the long one was longest due");
    assert!(
        read + 1 < pages(),
        "{read} of {} pages came before",
        pages()
    );
}
