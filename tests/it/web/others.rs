//! What is someone else's stays theirs, by whatever address it is asked for.

use latitude::domain::grade::Grade;
use reqwest::StatusCode;

use super::site::{Site, strategy};

const FORM: [(&str, &str); 15] = [
    ("text", "Which of these would you try first, and why?"),
    ("more", "A second lawyer"),
    ("kind", "partner"),
    ("option", "0"),
    ("ground", "think_with_me"),
    ("what", "Two hours"),
    ("whom", "Legal"),
    ("by", "2026-11-30"),
    ("until", "2026-11-30"),
    ("outcome", "removed"),
    ("helped", "yes"),
    ("note", "one_option"),
    ("approach", "Taken over"),
    ("base", "1"),
    ("pick", "crm"),
];

#[tokio::test]
async fn nobody_does_anything_to_an_obstacle_that_is_not_theirs() {
    let site = Site::open().await;
    site.found("other").await;
    let mut sam = site.browser_of("sam").await;
    let text = [("text", "Their audit blocks us")];
    let card = sam
        .post("/obstacles", &text)
        .await
        .header("location")
        .to_owned();
    let before = sam.get(&card).await.body;
    for who in [
        "acme:sue",
        "acme:mia",
        "acme:dan",
        "acme:eva",
        "acme:pat",
        "other:sam",
    ] {
        let mut browser = site.browser();
        browser.sign_in(who).await;
        for card in [card.clone(), card.replace("/acme/", "/other/")] {
            for deed in [
                "option", "choose", "send", "reply", "over", "kept", "close", "answer",
            ] {
                let answer = browser.post(&format!("{card}/{deed}"), &FORM).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{who} {card}/{deed}");
            }
            assert_eq!(browser.get(&card).await.status, StatusCode::NOT_FOUND);
        }
    }
    let after = sam.get(&card).await.body;
    let told = |page: &str| page.split("<h1>").nth(1).map(str::len);
    assert_eq!(told(&after), told(&before));
    // Whoever answers may answer, and do nothing in the seller's name.
    sam.post(&format!("{card}/send"), &FORM).await;
    let mut mia = site.browser_of("mia").await;
    for deed in ["option", "choose", "send", "reply", "over", "kept", "close"] {
        let answer = mia.post(&format!("{card}/{deed}"), &FORM).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "mia {deed}");
    }
    let own = sam.post(&format!("{card}/answer"), &FORM).await;
    assert_eq!(
        own.status,
        StatusCode::NOT_FOUND,
        "nobody answers themselves"
    );
}

#[tokio::test]
async fn nobody_writes_into_anothers_panel_or_sees_a_draft_there() {
    let site = Site::open().await;
    site.found("other").await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut sam = site.browser_of("sam").await;
    let draft = [("approach", "My secret draft"), ("base", "1")];
    let kept = sam.post("/panel/acme/one/draft", &draft).await;
    assert!(kept.status.is_success() || kept.status.is_redirection());
    for who in [
        "acme:sue",
        "acme:mia",
        "acme:dan",
        "acme:eva",
        "acme:pat",
        "other:sam",
    ] {
        let mut browser = site.browser();
        browser.sign_in(who).await;
        for panel in ["/panel/acme/one", "/panel/other/one"] {
            assert_eq!(browser.get(panel).await.status, 404, "{who} {panel}");
            for route in latitude::web::table().routes() {
                let Some(rest) = route.path.strip_prefix("/panel/{connection}/{deal}/") else {
                    continue;
                };
                let path = format!("{panel}/{rest}");
                let answer = match route.method {
                    "GET" => browser.get(&path).await,
                    _ => browser.post(&path, &FORM).await,
                };
                assert_eq!(answer.status, 404, "{who} {} {path}", route.method);
                assert!(!answer.body.contains("secret draft"));
            }
        }
    }
    assert!(
        sam.get("/panel/acme/one")
            .await
            .body
            .contains("My secret draft")
    );
}

#[tokio::test]
async fn a_connection_that_does_not_know_someone_shows_them_nothing() {
    let site = Site::open().await;
    site.found("other").await;
    site.deal("sue", "hers").await;
    let mut sam = site.browser_of("sam").await;
    for path in [
        "/week/2026-11-16?connection=other",
        "/board?connection=other",
        "/board.csv?connection=other",
        "/library?connection=other",
        "/promise?connection=other",
    ] {
        assert_eq!(sam.get(path).await.status, 404, "{path}");
    }
    let week = [("what_0", "Mine"), ("connection", "other")];
    assert_eq!(sam.post("/week/2026-11-16", &week).await.status, 404);
    // An obstacle in the way of a deal that is another's, or in another connection.
    for deal in ["acme/hers", "other/hers", "other/", "acme/none"] {
        let form = [("text", "Their audit blocks us"), ("deal", deal)];
        assert_eq!(sam.post("/obstacles", &form).await.status, 404, "{deal}");
    }
    // The board takes one seller as a filter, never as a key.
    let board = sam.get("/board?seller=sue").await;
    assert!(!board.body.contains("Deal hers"));
}
