//! From our pages back to the CRM's.

use latitude::crm::ALL;
use url::Url;

use crate::stage::Stage;

/// The CRM's id of the first deal, where the CRM's pages begin, and the address of the deal.
async fn first_deal(stage: &Stage) -> (String, Url, Url) {
    let id = stage.crm.profile().id;
    let deal = stage.served.world.state().deals[0].id.clone();
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    let pages: Url = known.pages.expect(id).parse().expect(id);
    let there = stage.crm.deal_url(&pages, &deal.as_str().into()).expect(id);
    (deal, pages, there.parse().expect(id))
}

#[tokio::test]
async fn a_deal_has_an_address_in_every_crm() {
    for crm in ALL {
        let stage = Stage::of(*crm, 3).await;
        stage.reconcile().await;
        let id = crm.profile().id;

        let (deal, pages, there) = first_deal(&stage).await;

        assert!(there.as_str().contains(&deal), "{id}: {there}");
        assert_eq!(there.host(), pages.host(), "{id}: {there}");
    }
}

#[tokio::test]
async fn the_address_of_a_deal_leads_to_its_record_in_every_sandbox() {
    for crm in ALL {
        let stage = Stage::of(*crm, 3).await;
        stage.reconcile().await;
        let id = crm.profile().id;
        let (deal, _, there) = first_deal(&stage).await;
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
