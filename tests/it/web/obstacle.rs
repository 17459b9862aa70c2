//! The pages of an obstacle: what they say first, and what they offer.

use reqwest::StatusCode;

use super::site::Site;

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
