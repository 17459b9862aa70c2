//! A deal that is won takes Latitude's goodbye where the CRM lets it, and leaves no trouble where
//! it does not.

use latitude::crm::ALL;
use latitude::sync::report::RunState;

use crate::stage::Stage;

#[tokio::test]
async fn a_deal_that_closes_leaves_the_run_whole() {
    for crm in ALL {
        let stage = Stage::of(*crm, 12).await;
        stage.reconcile().await;
        {
            let world = &stage.served.world;
            let mut state = world.state();
            let n = state.deals.iter().position(|deal| deal.stage < 6).unwrap();
            state.deals[n].stage = 6;
            let owner = state.deals[n].owner;
            world.touch(&mut state, n, owner);
        }
        stage.clock.advance(chrono::TimeDelta::minutes(20));

        let report = stage.reconcile().await;

        let name = crm.profile().id;
        assert_eq!(report.state, RunState::Ok, "{name}: {:?}", report.cause);
        assert_eq!(report.tally.pulled, 1, "{name}");
    }
}
