//! A seller's week: what one window keeps takes nothing away from another, and what the seller
//! shares is seen by their manager alone.

use reqwest::StatusCode;
use serde_json::json;

use super::site::{Answer, Browser, Site};
use super::tool::ALL;

const PROUD: &str = "I asked the plant lead what he would lose";

/// Which state of the week a page was made from.
fn seen(page: &Answer) -> String {
    let field = page.body.split_once("name=\"seen\" value=\"");
    let (_, rest) = field.unwrap_or_default();
    rest.split('"').next().unwrap().to_owned()
}

async fn keeps(browser: &mut Browser, week: &str, form: &[(&str, &str)]) -> Answer {
    let page = browser.get(week).await;
    let seen = seen(&page);
    let mut form = form.to_vec();
    form.push(("seen", &seen));
    let kept = browser.post(week, &form).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    browser.get(&format!("{week}&look_back=true")).await
}

#[tokio::test]
async fn what_another_window_kept_of_a_week_is_not_overwritten() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    let seen = seen(&sam.get(&week).await);

    let left = [("seen", seen.as_str()), ("what_0", "Agree the proof")];
    let kept = sam.post(&week, &left).await;
    let right = [
        ("seen", seen.as_str()),
        ("what_0", "Renew Vale before Friday"),
        ("need", "An hour of yours"),
    ];
    let other = sam.post(&week, &right).await;
    let twice = sam.post(&week, &left).await;

    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.body);
    for words in ["Renew Vale before Friday", "An hour of yours"] {
        assert!(other.body.contains(words), "given back: {}", other.body);
    }
    assert_eq!(twice.status, StatusCode::SEE_OTHER, "it says the same");
    let page = sam.get(&week).await.body;
    assert!(page.contains("Agree the proof") && !page.contains("Renew Vale"));
    // Whoever looks at the week again may write over it.
    let page = keeps(&mut sam, &week, &right[1..]).await.body;
    assert!(page.contains("Renew Vale before Friday"), "{page}");
}

#[tokio::test]
async fn looking_back_keeps_what_was_typed() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    let page = keeps(&mut sam, &week, &[("what_0", "Agree the proof")]).await;

    let form = [
        ("seen", &*seen(&page)),
        ("what_0", "Agree the proof with Ines"),
        ("look_back", "yes"),
    ];
    let kept = sam.post(&week, &form).await;

    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    let page = sam.get(kept.header("location")).await.body;
    assert!(page.contains("Agree the proof with Ines"), "{page}");
    assert!(page.contains("Looking back"), "{page}");
    let plain = sam.get(&week).await.body;
    assert!(
        plain.contains("name=\"look_back\""),
        "a button of the form: {plain}"
    );
}

#[tokio::test]
async fn what_a_form_does_not_send_stays_as_it_was_written() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    let all = [
        ("what_0", "Agree the proof"),
        ("how_0", "With Ines and her team"),
        ("became_0", "partly"),
        ("difference_0", "She had the numbers ready"),
        ("what_1", "Renew Vale"),
        ("plan_b_1", "By way of their partner"),
        ("need", "An hour of yours"),
        ("proud", PROUD),
        ("proud_shared", "yes"),
    ];
    keeps(&mut sam, &week, &all).await;

    let page = keeps(&mut sam, &week, &[("how_1", "By phone, on Monday")]).await;

    let open = page.body.replace("&#39;", "'");
    let words = all.iter().filter(|(name, _)| !name.contains("_shared"));
    for (name, text) in words.filter(|(name, _)| *name != "became_0") {
        assert!(open.contains(text), "{name}: {open}");
    }
    assert!(open.contains("By phone, on Monday"));
    assert!(open.contains("value=\"partly\" checked") && open.contains("value=\"yes\" checked"));
    // Written without saying what for, words are words all the same.
    let page = keeps(&mut sam, &week, &[("how_2", "Over lunch with Ada")]).await;
    assert!(page.body.contains("Over lunch with Ada"), "{}", page.body);
    // The look back was sent and its box was not ticked: that takes the sharing back.
    let page = keeps(&mut sam, &week, &[("proud", PROUD)]).await;
    assert!(page.body.contains(PROUD) && !page.body.contains("value=\"yes\" checked"));
}

#[tokio::test]
async fn what_a_seller_shares_of_a_week_is_seen_by_their_manager_and_nobody_else() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    let all = [
        ("what_0", "Agree the proof"),
        ("how_0", "With Ines and her team"),
        ("difference_0", "She had the numbers ready"),
        ("need", "An hour of yours"),
        ("proud", PROUD),
    ];
    keeps(&mut sam, &week, &all).await;
    let board = site.browser_of("mia").await.get("/board").await.body;
    assert!(!board.contains(PROUD), "it was not shared");

    keeps(
        &mut sam,
        &week,
        &[("proud", PROUD), ("proud_shared", "yes")],
    )
    .await;

    let board = site.browser_of("mia").await.get("/board").await.body;
    assert!(
        board.contains(PROUD) && board.contains("Sam Seller"),
        "{board}"
    );
    for (name, text) in &all[..4] {
        assert!(!board.contains(text), "{name}: {board}");
    }
    let path = "/api/v1/week/2026-11-16";
    let mut mia = site.tool_of("acme:mia", &["week"]).await;
    let told = mia.json(path).await;
    let shared = json!([{"person": "sam", "name": "Sam Seller", "text": PROUD}]);
    assert_eq!(told["shared_with_me"], shared);
    assert_eq!(told["outcomes"], json!([]), "nothing else of it");
    assert_eq!(
        mia.json("/api/v1/week/2026-11-09").await["shared_with_me"],
        json!([])
    );
    for nobody in ["dan", "eva", "max", "pat", "sue", "xia"] {
        let page = site.browser_of(nobody).await.get("/board").await;
        assert!(!page.body.contains(PROUD), "{nobody}: {}", page.body);
        let mut tool = site.tool_of(&format!("acme:{nobody}"), &ALL).await;
        let told = tool.json(path).await;
        assert_eq!(told["shared_with_me"], json!([]), "{nobody}");
    }
    let none = site.tool_of("acme:mia", &["deals"]).await.get(path).await;
    assert_eq!(none.status, StatusCode::FORBIDDEN);

    keeps(&mut sam, &week, &[("proud", PROUD)]).await;
    let board = site.browser_of("mia").await.get("/board").await.body;
    assert!(!board.contains(PROUD), "it was taken back");
}

#[tokio::test]
async fn what_a_seller_needs_from_their_manager_can_be_sent_up() {
    const NEED: &str = "An hour of yours with their controller";
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    let page = sam.get(&week).await.body;
    let (_, asked) = page.split_once("What do I need from my manager?").unwrap();
    let (label, _) = asked.split_once("</label>").unwrap();
    assert!(label.contains("for my eyes alone"), "{label}");
    assert!(!page.contains("/obstacles?week="), "there is nothing yet");

    let page = keeps(&mut sam, &week, &[("need", NEED)]).await.body;

    let path = "/obstacles?week=2026-11-16&connection=acme";
    let page = page.replace("&#38;", "&").replace("&amp;", "&");
    assert!(page.contains(path), "{page}");
    let form = sam.get(path).await.body;
    let (_, text) = form.split_once("name=\"text\"").unwrap();
    let (text, _) = text.split_once("</textarea>").unwrap();
    assert!(text.contains(NEED), "{text}");
    for other in ["mia", "sue"] {
        let theirs = site.browser_of(other).await.get(path).await.body;
        assert!(!theirs.contains(NEED), "{other}");
    }
}

#[tokio::test]
async fn one_week_leads_to_the_next() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let next = "/week/2026-11-23?connection=acme";
    for week in [next, "/week/2026-11-09?connection=acme"] {
        keeps(&mut sam, week, &[("what_0", "Agree the proof")]).await;
    }

    let page = sam.get("/week/2026-11-16?connection=acme").await.body;

    let (around, earlier) = page.split_once("Earlier weeks").unwrap();
    assert!(around.contains(&format!("href=\"{next}\"")), "{around}");
    assert!(around.contains("href=\"/week/2026-11-09?connection=acme\""));
    assert!(!earlier.contains("2026-11-23"), "{earlier}");
    assert!(earlier.contains("2026-11-09"), "{earlier}");
    let ahead = sam.get(next).await.body;
    assert!(
        ahead.contains("href=\"/week/2026-11-16?connection=acme\""),
        "{ahead}"
    );
}
