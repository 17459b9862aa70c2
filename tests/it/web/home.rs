//! The front door: what a person needs next.

use chrono::TimeDelta;
use latitude::domain::cadence::{Reason, State};
use latitude::domain::grade::Grade;
use latitude::store::consider::Considered;
use reqwest::StatusCode;

use super::site::{Site, strategy};

#[tokio::test]
async fn home_begins_with_what_is_asked_of_the_seller_a_leaders_question_first() {
    let site = Site::open().await;
    let asked = site.deal("sam", "asked").await;
    let fine = site.deal("sam", "fine").await;
    let coached = site.deal("sam", "coached").await;
    for deal in [&fine, &coached] {
        site.write(deal, 1, &strategy(), Grade::Solid).await;
    }
    let mut tx = site.store.write().await.unwrap();
    let is_asked = Considered {
        id: asked.id.as_str().to_owned(),
        state: State::Asked.label(),
        asked_at: Some(site.env.now()),
        asked_reason: Some(Reason::NewDeal.word()),
        look_at: None,
        desired_mark: String::new(),
        write_at: None,
    };
    tx.save_considered(&"acme".into(), &[is_asked])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    site.clock.advance(TimeDelta::minutes(1));
    let mut mia = site.browser_of("mia").await;
    let question = [("text", "Who else decides?")];
    let put = mia.post("/deals/acme/coached/question", &question).await;
    assert_eq!(put.status, StatusCode::SEE_OTHER, "{}", put.body);

    let home = site.browser_of("sam").await.get("/").await.body;

    let wanted = home.split("Asked of me").nth(1).unwrap();
    let wanted = wanted.split("By check date").next().unwrap();
    let at = |words: &str| {
        wanted
            .find(words)
            .unwrap_or_else(|| panic!("{words}: {wanted}"))
    };
    assert!(at("Who else decides?") < at("This deal has no strategy yet."));
    assert!(at("Deal coached") < at("Mia Manager asks:"));
    assert!(!wanted.contains("Deal fine"));
    let nothing = site.browser_of("sue").await.get("/").await.body;
    assert!(!nothing.contains("Asked of me") && nothing.contains("No open deals of yours"));
}
