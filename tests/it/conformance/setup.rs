//! Set-up as code: there and back.

use latitude::crm::ALL;
use latitude::crm::setup::{steps_to_apply, steps_to_destroy};

use crate::bench::Bench;

#[tokio::test]
async fn applying_twice_creates_once() {
    for crm in ALL {
        let mut bench = Bench::bare(*crm, 5).await;
        assert!(bench.set_up().await > 0, "{}", crm.profile().id);

        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        let left: Vec<_> = steps_to_apply(&wanted, &found)
            .into_iter()
            .filter(|step| bench.crm.by_hand(&wanted, step).is_none())
            .collect();

        assert_eq!(left, [], "{}", crm.profile().id);
    }
}

#[tokio::test]
async fn destroying_leaves_the_metadata_as_it_was() {
    for crm in ALL {
        let mut bench = Bench::bare(*crm, 5).await;
        let before = {
            let state = bench.served.world.state();
            (state.fields.clone(), state.things.clone())
        };
        bench.set_up().await;

        let wanted = bench.blueprint();
        let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
        for step in steps_to_destroy(&wanted, &found) {
            bench
                .crm
                .apply(&bench.session, &wanted, &step)
                .await
                .unwrap();
        }

        let state = bench.served.world.state();
        assert_eq!(state.fields, before.0, "{}", crm.profile().id);
        assert_eq!(state.things, before.1, "{}", crm.profile().id);
    }
}
