//! Several connections at once in one process.

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::ids::ConnectionId;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
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
