//! A form that was not taken: what the person wrote into it comes back with the reason.

use chrono::TimeDelta;
use latitude::domain::grade::Grade;
use reqwest::{Method, StatusCode};

use super::site::{Site, strategy};

const WORDS: &str = "Think about <b>who else</b> decides there & by when";

#[tokio::test]
async fn words_that_were_refused_come_back_with_the_reason() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    let (csrf, origin) = (mia.csrf.clone(), site.base.clone());
    let page = format!("{origin}/deals/acme/one");
    let headers = [("origin", origin.as_str()), ("referer", page.as_str())];
    let form = [("csrf", csrf.as_str()), ("text", WORDS)];

    let path = "/deals/acme/one/question";
    let answer = mia.send(Method::POST, path, Some(&form), &headers).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("end it with a question mark"));
    let shown = "Think about &#60;b&#62;who else&#60;/b&#62; decides there &#38; by when";
    assert!(answer.body.contains(shown), "{}", answer.body);
    assert!(answer.body.contains("href=\"/deals/acme/one\""));
    assert!(!answer.body.contains(&csrf), "only words come back");
    assert!(
        answer.body.contains("href=\"/board\""),
        "and there is a way on"
    );
}

#[tokio::test]
async fn whoever_was_signed_out_while_writing_keeps_the_words() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/week/2026-11-16").await;
    site.clock.advance(TimeDelta::days(3));

    let plan = [("what_0", WORDS), ("how_0", "Ask Ada")];
    let answer = sam.post("/week/2026-11-16", &plan).await;
    let nothing = sam.post("/week/2026-11-16", &[("what_0", "")]).await;

    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
    assert!(answer.body.contains("signed out meanwhile"));
    assert!(answer.body.contains("Ask Ada") && answer.body.contains("who else"));
    assert_eq!(nothing.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_another_site_sent_is_not_shown() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let headers = [
        ("origin", "https://evil.test"),
        ("referer", "https://evil.test/trap"),
    ];
    let form = [("text", "Call this number now")];

    let path = "/obstacles";
    let answer = sam.send(Method::POST, path, Some(&form), &headers).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!answer.body.contains("Call this number") && !answer.body.contains("evil.test"));
}

#[tokio::test]
async fn words_of_every_script_come_back_by_the_name_of_their_field() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/obstacles").await;
    let stale = sam.csrf.replace(|it: char| it.is_ascii_hexdigit(), "0");
    let origin = site.base.clone();
    let text = "先方の法務部が契約書をまだ見ていない";
    let form = [
        ("csrf", stale.as_str()),
        ("text", text),
        ("how_0", "Anrufen"),
    ];

    let headers = [("origin", origin.as_str())];
    let answer = sam
        .send(Method::POST, "/obstacles", Some(&form), &headers)
        .await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    for shown in [text, "Anrufen", ">Text</h3>", ">How 1</h3>"] {
        assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
    }
    assert!(!answer.body.contains(&stale) && !answer.body.contains("Csrf"));
}

#[tokio::test]
async fn a_form_that_is_too_large_comes_back_whole() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let long = format!("{} and that is all", "Ask Ada. ".repeat(130_000));

    let answer = sam.post("/obstacles", &[("text", &long)]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("1 MB at most"));
    assert!(answer.body.contains(&long), "{} bytes", answer.body.len());
}
