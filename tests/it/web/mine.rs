//! What is kept about oneself: a copy, and being forgotten.

use latitude::domain::grade::Grade;
use latitude::domain::ids::{ConnectionId, DealId, PersonId};
use latitude::domain::strategy::Answers;
use latitude::store::coaching::Word;
use latitude::store::drafts::Draft;
use serde_json::Value;

use super::site::{Browser, Site, strategy};

/// A draft that only its writer sees.
const DRAFT: &str = "Ask Ines for the key to the vault.";

/// Sam and Sue with a deal, a strategy and a draft each; Mia has opened Sam's.
async fn furnished() -> Site {
    let site = Site::open().await;
    let acme = ConnectionId::from("acme");
    for (seller, id) in [("sam", "one"), ("sue", "two")] {
        let deal = site.deal(seller, id).await;
        let words = Answers {
            approach: format!("The way of {seller}, because it is short."),
            ..strategy()
        };
        site.write(&deal, 1, &words, Grade::Solid).await;
        let typed = Answers {
            approach: format!("{DRAFT} ({seller})"),
            ..Answers::default()
        };
        let draft = Draft::of(typed, Some(70), 1, site.env.now());
        let mut tx = site.store.write().await.unwrap();
        let (deal, person) = (DealId::from(id), PersonId::from(seller));
        tx.save_draft(&acme, &deal, &person, &draft).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut mia = site.browser_of("mia").await;
    assert_eq!(mia.get("/deals/acme/one").await.status, 200);
    let word = Word {
        at: site.env.now(),
        person: "mia".to_owned(),
        kind: "help".to_owned(),
        text: "I can call their works council.".to_owned(),
    };
    let mut tx = site.store.write().await.unwrap();
    tx.add_word(&acme, "one", &word).await.unwrap();
    tx.commit().await.unwrap();
    site
}

/// What a person is given as their copy.
async fn copy(browser: &mut Browser) -> Value {
    let answer = browser.get("/mine.json").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("content-disposition").contains("attachment"));
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_str(&answer.body).unwrap()
}

/// The rows of a table in it.
fn rows<'a>(copy: &'a Value, table: &str) -> &'a [Value] {
    let rows = copy["about"][0]["kept"][table].as_array();
    rows.map(Vec::as_slice).unwrap_or_default()
}

#[tokio::test]
async fn a_person_has_a_copy_of_all_that_is_kept_about_them_and_of_nobody_else() {
    let site = furnished().await;
    let mut sam = site.browser_of("sam").await;

    let page = sam.get("/mine").await;
    let home = sam.get("/").await;
    let mine = copy(&mut sam).await;
    let told = mine.to_string();
    let mias = copy(&mut site.browser_of("mia").await).await.to_string();

    assert_eq!(page.status, 200);
    assert!(page.body.contains("href=\"/mine.json\""), "{}", page.body);
    assert!(home.body.contains("href=\"/mine\""), "it is in the menu");
    for (table, many) in [
        ("person", 1),
        ("deal", 1),
        ("strategy_version", 1),
        ("assessment", 1),
        ("draft", 1),
        ("opening", 1),
        ("manager_word", 1),
    ] {
        assert_eq!(rows(&mine, table).len(), many, "{table}: {mine:#}");
    }
    assert!(told.contains("The way of sam") && told.contains("sam@acme.test"));
    assert!(told.contains(&format!("{DRAFT} (sam)")), "{mine:#}");
    for not_theirs in ["The way of sue", "(sue)", "sue@acme.test", "mia@acme.test"] {
        assert!(!told.contains(not_theirs), "{not_theirs}: {mine:#}");
    }
    assert!(!told.contains("_mark"), "sums are no one's words: {mine:#}");
    assert!(mias.contains("I answer within a day."), "{mias}");
    assert!(
        !mias.contains(DRAFT) && !mias.contains("The way of sam"),
        "{mias}"
    );
}

#[tokio::test]
async fn what_one_wrote_for_oneself_is_forgotten_and_the_rest_stays() {
    let site = furnished().await;
    let mut sam = site.browser_of("sam").await;
    let kept = sam.get("/panel/acme/one").await;
    assert!(kept.body.contains(DRAFT), "{}", kept.body);

    let unsure = sam.post("/mine/private", &[]).await;
    assert_eq!(unsure.status, 422, "{}", unsure.body);
    let told = "Nothing was forgotten: to go on, tick the box.";
    assert!(unsure.body.contains(told), "{}", unsure.body);
    assert!(unsure.body.contains("name=\"sure\" value=\"yes\""));
    assert_eq!(rows(&copy(&mut sam).await, "draft").len(), 1);
    let done = sam.post("/mine/private", &[("sure", "yes")]).await;

    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("is forgotten"), "{}", done.body);
    let mine = copy(&mut sam).await;
    assert!(rows(&mine, "draft").is_empty(), "{mine:#}");
    assert_eq!(rows(&mine, "strategy_version").len(), 1, "{mine:#}");
    let sues = copy(&mut site.browser_of("sue").await).await;
    assert_eq!(rows(&sues, "draft").len(), 1, "another's stays");
}

#[tokio::test]
async fn who_has_themselves_forgotten_is_gone_and_only_they() {
    let site = furnished().await;
    let mut sam = site.browser_of("sam").await;
    let mut elsewhere = site.browser_of("sam").await;
    assert_eq!(elsewhere.get("/mine").await.status, 200);

    for unsure in ["", "yes", "forget"] {
        let refused = sam.post("/mine/all", &[("sure", unsure)]).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.contains("Nothing was forgotten"));
    }
    assert_eq!(rows(&copy(&mut sam).await, "person").len(), 1);

    let done = sam.post("/mine/all", &[("sure", " Forget me ")]).await;

    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("You are forgotten"), "{}", done.body);
    assert!(sam.cookies.is_empty(), "{:?}", sam.cookies);
    let other = elsewhere.get("/mine").await;
    let away = other.header("location").starts_with("/sign-in");
    assert!(away, "signed out everywhere: {other:?}");
    let mut everything = Vec::new();
    latitude::ops::copy::export(&site.store, &mut everything, site.env.now())
        .await
        .unwrap();
    let everything = String::from_utf8(everything).unwrap();
    for gone in ["Sam Seller", "sam@acme.test", "The way of sam", "(sam)"] {
        assert!(!everything.contains(gone), "{gone}");
    }
    assert!(
        everything.contains("Deal one"),
        "the deal is the customer's"
    );
    assert!(everything.contains("The way of sue"));
}
