//! The pages of an obstacle: what they say first, and what they offer.

use latitude::domain::grade::Grade;
use latitude::domain::strategy::Answers;
use reqwest::StatusCode;

use super::site::{Site, strategy};

#[tokio::test]
async fn words_that_open_as_blame_are_said_not_to_be_kept_before_anything_else() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let text = [("text", "Why does product never deliver what we sold?")];

    let page = sam.post("/obstacles", &text).await;

    assert_eq!(page.status, StatusCode::OK);
    let (first, rest) = page.body.split_once("<h2 id=\"open\">").unwrap();
    for told in [
        "Not kept yet. Keep it as it is, or begin with one of these.",
        "What can I do to…",
        "never deliver what we sold?</textarea>",
        " autofocus",
        ">Keep it as it is</button>",
    ] {
        assert!(first.contains(told), "{told}: {}", page.body);
    }
    assert!(!rest.contains("<form"), "one form: {rest}");
    let list = sam.get("/obstacles").await.body;
    assert!(!list.contains("never deliver") && list.contains(">Write it down</button>"));
}

#[tokio::test]
async fn a_card_offers_what_applies_to_it_under_names_of_its_own() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let begun = [("text", "Their audit blocks us")];
    let card = sam.post("/obstacles", &begun).await;
    let card = card.header("location").to_owned();
    let option = [("kind", "reshape"), ("text", "Begin with one plant")];
    sam.post(&format!("{card}/option"), &option).await;

    let draft = sam.get(&card).await.body;
    let need = [
        ("ground", "own_option"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2026-11-30"),
    ];
    sam.post(&format!("{card}/send"), &need).await;
    let asked = sam.get(&card).await.body;
    let no = [
        ("kind", "no"),
        ("text", "We have no lawyer for this until the spring"),
        ("more", "A second lawyer"),
    ];
    let mut mia = site.browser_of("mia").await;
    mia.post(&format!("{card}/answer"), &no).await;
    let answered = sam.get(&card).await.body;

    assert!(draft.contains("Edit this option<"), "{draft}");
    assert!(draft.contains("<summary>Edit what stands in the way</summary>"));
    assert!(draft.contains("selected>Reshape: another scope, size or order<"));
    for page in [draft, asked] {
        assert!(page.contains("What became of it"), "{page}");
        assert!(!page.contains("Did the answer help?"), "{page}");
    }
    assert!(answered.contains("Did the answer help?"), "{answered}");
}

#[tokio::test]
async fn what_a_strategy_needs_is_said_to_reach_nobody_and_is_taken_along_to_be_sent_up() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    let words = Answers {
        need: "Half a day of an architect".to_owned(),
        ..strategy()
    };
    site.write(&deal, 1, &words, Grade::Solid).await;
    let mut sam = site.browser_of("sam").await;

    let panel = sam.get("/panel/acme/one").await.body;
    let link = "/obstacles?need=yes&#38;deal=acme%2Fone";
    let published = sam.get(&link.replace("&#38;", "&")).await.body;
    let typed = [("need", "A whole day of an architect"), ("base", "1")];
    sam.post("/panel/acme/one/draft", &typed).await;
    let drafted = sam.get(&link.replace("&#38;", "&")).await.body;
    let mut sue = site.browser_of("sue").await;
    let hers = sue.get(&link.replace("&#38;", "&")).await.body;

    assert!(
        panel.contains("Only a note until you send it up"),
        "{panel}"
    );
    assert!(panel.contains(link), "{panel}");
    for (page, need) in [(published, "Half a day"), (drafted, "A whole day")] {
        assert!(
            page.contains(&format!("{need} of an architect</textarea>")),
            "{page}"
        );
        assert!(page.contains("value=\"acme/one\" selected"), "{page}");
    }
    assert!(!hers.contains("of an architect"), "{hers}");
}
