//! From our pages back to the CRM's.

use latitude::crm::ALL;
use url::Url;

use crate::stage::Stage;

#[tokio::test]
async fn a_deal_has_an_address_in_every_crm() {
    for crm in ALL {
        let stage = Stage::of(*crm, 3).await;
        stage.reconcile().await;
        let id = crm.profile().id;
        let deal = stage.served.world.state().deals[0].id.clone();

        let mut tx = stage.engine.store.read().await.unwrap();
        let known = tx.connection(&stage.id).await.unwrap().unwrap();
        let pages: Url = known.pages.expect(id).parse().expect(id);
        let there = crm.deal_url(&pages, &deal.as_str().into()).expect(id);

        assert!(there.contains(&deal), "{id}: {there}");
        let parsed: Url = there.parse().expect(id);
        assert_eq!(parsed.host(), pages.host(), "{id}: {there}");
    }
}
