//! How often someone may knock, and how much they may bring.

use reqwest::{Method, StatusCode};

use super::site::Site;

#[tokio::test]
async fn whoever_tries_to_sign_in_too_often_waits_whatever_they_say_of_themselves() {
    let site = Site::with(|settings| settings.sign_ins_a_minute = 3).await;
    let origin = site.base.clone();
    let mut seen = Vec::new();
    for n in 0..5 {
        // A new browser each time, behind a proxy that nobody knows.
        let mut browser = site.browser();
        let from = format!("203.0.113.{n}");
        let headers = [("origin", origin.as_str()), ("x-forwarded-for", &from)];
        let form = [("person", "acme:nobody")];
        let answer = browser.send(Method::POST, "/sign-in", Some(&form), &headers);
        let answer = answer.await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.header("retry-after"), "60");
            assert!(answer.body.contains("Wait a minute"));
        }
        seen.push(answer.status.as_u16());
    }
    assert_eq!(seen, [404, 404, 404, 429, 429]);
    // The way over a provider counts with it; the page itself and all else stays open.
    let mut browser = site.browser();
    for path in ["/sign-in/openid", "/sign-in/openid/back?code=a&state=b"] {
        assert_eq!(browser.get(path).await.status, 429, "{path}");
    }
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::OK);
}

#[tokio::test]
async fn behind_our_own_proxy_each_caller_is_counted_by_the_address_it_names() {
    let site = Site::with(|settings| {
        settings.sign_ins_a_minute = 1;
        settings.forwarded_hops = 1;
    })
    .await;
    let origin = site.base.clone();
    let try_from = async |from: &str| {
        let headers = [("origin", origin.as_str()), ("x-forwarded-for", from)];
        let form = [("person", "acme:nobody")];
        let mut browser = site.browser();
        let answer = browser.send(Method::POST, "/sign-in", Some(&form), &headers);
        answer.await.status.as_u16()
    };
    assert_eq!(try_from("203.0.113.1").await, 404);
    assert_eq!(try_from("203.0.113.2").await, 404);
    assert_eq!(try_from("203.0.113.1").await, 429);
    // What stands further left was sent by the caller.
    assert_eq!(try_from("203.0.113.9, 203.0.113.1").await, 429);
}

#[tokio::test]
async fn a_session_that_asks_for_too_many_previews_waits_whatever_else_it_sends() {
    let site = Site::with(|settings| settings.previews_a_minute = 3).await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let mut seen = Vec::new();
    for n in 0..5 {
        sam.cookies.insert("other".to_owned(), n.to_string());
        let form = [("approach", "Call Ines"), ("base", "0")];
        let answer = sam.post("/panel/acme/one/preview", &form).await;
        seen.push(answer.status.as_u16());
    }
    assert_eq!(seen, [200, 200, 200, 429, 429]);
    let mut again = site.browser_of("sam").await;
    let form = [("approach", "Call Ines"), ("base", "0")];
    let answer = again.post("/panel/acme/one/preview", &form).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_tool_that_asks_too_often_waits() {
    let site = Site::with(|settings| settings.calls_a_minute = 2).await;
    let mut tool = site.tool_of("acme:sam", &["deals"]).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(tool.get("/api/v1/me").await);
    }
    let told: Vec<u16> = seen.iter().map(|it| it.status.as_u16()).collect();
    assert_eq!(told, [200, 200, 429]);
    assert_eq!(seen[2].header("content-type"), "application/problem+json");
    assert_eq!(seen[2].header("retry-after"), "60");
}

#[tokio::test]
async fn no_door_takes_more_than_a_megabyte() {
    let site = Site::open().await;
    let large = "x".repeat(1024 * 1024);
    for path in ["/push/acme", "/embed/acme", "/sign-in"] {
        let origin = site.base.clone();
        let headers = [("origin", origin.as_str())];
        let form = [("person", large.as_str())];
        let answer = site
            .browser()
            .send(Method::POST, path, Some(&form), &headers)
            .await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    let mut tool = site.tool_with(&format!("latitude_{}", "x".repeat(100_000)));
    let answer = tool.get("/api/v1/me").await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}
