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

#[tokio::test]
async fn the_address_of_a_deal_leads_to_its_record_in_every_sandbox() {
    for crm in ALL {
        let stage = Stage::of(*crm, 3).await;
        stage.reconcile().await;
        let id = crm.profile().id;
        let deal = stage.served.world.state().deals[0].id.clone();
        let mut tx = stage.engine.store.read().await.unwrap();
        let known = tx.connection(&stage.id).await.unwrap().unwrap();
        let pages: Url = known.pages.expect(id).parse().expect(id);
        let there = crm.deal_url(&pages, &deal.as_str().into()).expect(id);
        let there: Url = there.parse().expect(id);
        assert_eq!(there.origin(), stage.served.base.origin(), "{id}: {there}");

        let request = reqwest::Request::new(reqwest::Method::GET, there.clone());
        let answer = latitude::http::client().execute(request).await.unwrap();

        let record = format!("/__sandbox/record/{deal}");
        let location = answer.headers().get("location").cloned();
        match there.fragment() {
            None => assert_eq!(location.expect(id), record, "{id}: {there}"),
            // A script of the page leads on: nobody else is told what stands there.
            Some(fragment) => {
                let before = fragment.strip_suffix(deal.as_str()).expect(id);
                let page = answer.text().await.unwrap();
                assert!(page.contains(&format!("\"#{before}\"")), "{id}: {page}");
                assert!(page.contains("/__sandbox/record/"), "{id}: {page}");
            }
        }
    }
}
