//! The front door: what a person needs next.

use chrono::TimeDelta;
use latitude::domain::cadence::{Reason, State};
use latitude::domain::grade::Grade;
use latitude::store::consider::Considered;
use reqwest::StatusCode;

use super::site::{Browser, Site, strategy};

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
    assert!(!nothing.contains("Asked of me") && nothing.contains("You have no open deals"));
}

/// An obstacle of Sam's that was sent up on a ground which takes no option.
async fn sent_up(sam: &mut Browser, text: &str) -> String {
    let card = sam.post("/obstacles", &[("text", text)]).await;
    let card = card.header("location").to_owned();
    let need = [
        ("ground", "think_with_me"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2026-11-30"),
    ];
    let sent = sam.post(&format!("{card}/send"), &need).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    card
}

#[tokio::test]
async fn an_answer_that_came_stands_on_the_sellers_home_until_they_close_it() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let mut mia = site.browser_of("mia").await;
    let refused = sent_up(&mut sam, "Legal has not looked at it").await;
    let backed = sent_up(&mut sam, "Their plant has no network").await;
    let no = [
        ("kind", "no"),
        ("text", "We have no lawyer for this until the spring"),
        ("more", "A second lawyer"),
    ];
    mia.post(&format!("{refused}/answer"), &no).await;
    let yes = [("kind", "backed"), ("until", "2026-11-20")];
    mia.post(&format!("{backed}/answer"), &yes).await;
    sam.post(&format!("{backed}/kept"), &[]).await;

    let home = sam.get("/").await.body;
    let close = [("outcome", "accepted"), ("text", "")];
    for card in [&refused, &backed] {
        let closed = sam.post(&format!("{card}/close"), &close).await;
        assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.body);
    }
    let after = sam.get("/").await.body;

    let came = home
        .split("id=\"came\"")
        .nth(1)
        .unwrap_or_else(|| panic!("{home}"));
    for told in [
        refused.as_str(),
        &backed,
        "Mia Manager: No, because",
        "We have no lawyer for this until the spring",
    ] {
        assert!(came.contains(told), "{told}: {came}");
    }
    assert!(!home.contains("No one owes you an answer"), "{home}");
    assert!(!after.contains("id=\"came\""), "{after}");
    // Whoever has nobody above them is not told to send anything up.
    let eva = site.browser_of("eva").await.get("/").await.body;
    assert!(!eva.contains("Send up a need"), "{eva}");
}
