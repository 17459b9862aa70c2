//! What pages withstand.

use latitude::domain::grade::Grade;
use reqwest::{Method, StatusCode};

use super::site::{Site, plain_deal, strategy};

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_in_check() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    for path in [
        "/board",
        "/sign-in",
        "/live",
        "/nothing",
        "/deals/acme/none",
        "/assets/x.css",
    ] {
        let answer = browser.get(path).await;

        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn nothing_changes_without_proof_that_our_own_page_sent_it() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    browser.get("/board").await;
    let (origin, csrf) = (site.base.clone(), browser.csrf.clone());
    let other_session = {
        let mut other = site.browser_of("mia").await;
        other.get("/board").await;
        other.csrf.clone()
    };
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], &csrf),
        (&[("origin", "https://evil.test")], &csrf),
        (&[("origin", "null")], &csrf),
        (
            &[("origin", &origin), ("sec-fetch-site", "cross-site")],
            &csrf,
        ),
        (&[("origin", &origin)], ""),
        (&[("origin", &origin)], &other_session),
    ];
    for (headers, csrf) in cases {
        let form = [("csrf", csrf)];
        let answer = browser
            .send(Method::POST, "/sign-out", Some(&form), headers)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?} {csrf}");
    }
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
}

#[tokio::test]
async fn text_from_the_crm_is_text_on_every_page() {
    let site = Site::open().await;
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";
    let mut deal = plain_deal("sam", "x\"><script>");
    deal.name = hostile.to_owned();
    deal.account = Some(hostile.to_owned());
    site.take_up("acme", &deal).await;
    let mut answers = strategy();
    answers.approach = format!("{hostile} because {hostile}");
    site.write(&deal, 1, &answers, Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;

    for path in ["/board", "/deals/acme/x%22%3E%3Cscript%3E"] {
        let page = mia.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("alert(1)"), "{path}");
        for raw in ["<script>alert", "<img src=x", "<svg/onload"] {
            assert!(!page.body.contains(raw), "{path}: {raw}");
        }
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    let large = "x".repeat(2 * 1024 * 1024);

    let answer = browser.post("/sign-out", &[("text", &large)]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_an_address_of_their_content() {
    let site = Site::open().await;
    let mut browser = site.browser();
    let page = browser.get("/sign-in").await;
    let style = page
        .body
        .split("rel=\"stylesheet\" href=\"")
        .nth(1)
        .unwrap();
    let style = style.split('"').next().unwrap();

    let answer = browser.get(style).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").contains("immutable"));
    let first = page.body.len() + answer.body.len();
    assert!(first < 100 * 1024, "the first page weighs {first} bytes");
}
