//! Signing in, staying, leaving.

use chrono::TimeDelta;
use latitude::domain::ids::{ConnectionId, DealId, PersonId};
use latitude::domain::people::Person;
use latitude::store::sessions::SessionRow;
use latitude::web::session::mark;
use reqwest::StatusCode;

use super::site::Site;

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_back() {
    let site = Site::open().await;
    let mut browser = site.browser();

    let answer = browser.get("/board?grade=Thin").await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        "/sign-in?next=%2Fboard%3Fgrade%3DThin"
    );
    let page = browser.get(answer.header("location")).await;
    assert!(
        page.body.contains("value=\"/board?grade=Thin\""),
        "{}",
        page.body
    );
    assert!(page.body.contains("Mia Manager"));
    let form = [("person", "acme:mia"), ("next", "/board?grade=Thin")];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.header("location"), "/board?grade=Thin");
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_never_leads_to_another_site() {
    let site = Site::open().await;
    for next in [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "javascript:alert(1)",
    ] {
        let mut browser = site.browser();

        let form = [("person", "acme:mia"), ("next", next)];
        let answer = browser.post("/sign-in", &form).await;

        assert_eq!(answer.header("location"), "/", "{next}");
    }
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_the_latest_after_a_day() {
    let site = Site::open().await;
    let mut idle = site.browser_of("mia").await;
    let mut busy = site.browser_of("mia").await;

    for _ in 0..4 {
        site.clock.advance(TimeDelta::hours(5));
        assert_eq!(busy.get("/board").await.status, StatusCode::OK);
    }
    assert_eq!(idle.get("/board").await.status, StatusCode::SEE_OTHER);
    site.clock.advance(TimeDelta::hours(5));
    assert_eq!(busy.get("/board").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_signing_out_ends_it() {
    let site = Site::open().await;
    let mut browser = site.browser();
    browser
        .cookies
        .insert("latitude".to_owned(), "planted".to_owned());

    let answer = browser.get("/sign-in").await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut clean = site.browser_of("mia").await;
    let stolen = clean.cookies.clone();
    assert_ne!(stolen["latitude"], "planted");

    clean.post("/sign-out", &[]).await;
    assert!(clean.cookies.is_empty());
    let mut thief = site.browser();
    thief.cookies = stolen;
    assert_eq!(thief.get("/board").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_again_ends_the_session_the_browser_had() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    let before = browser.cookies.clone();

    browser.get("/board").await;
    browser.sign_in("acme:max").await;

    assert_ne!(browser.cookies, before);
    browser.cookies = before;
    assert_eq!(browser.get("/board").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_that_person_alone() {
    let site = Site::open().await;
    let mut here = site.browser_of("mia").await;
    let mut there = site.browser_of("mia").await;
    let mut other = site.browser_of("max").await;

    here.post("/sign-out-everywhere", &[]).await;

    assert_eq!(there.get("/board").await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.get("/board").await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_everywhere_closes_the_panels_inside_the_crm_as_well() {
    let site = Site::open().await;
    let (acme, now) = (ConnectionId::from("acme"), site.env.now());
    let (deal, until) = (DealId::from("one"), now + TimeDelta::hours(1));
    let mut tx = site.store.write().await.unwrap();
    for person in ["mia", "max"] {
        let whose = (&acme, &PersonId::from(person), &deal);
        tx.add_panel_token(person, whose, (now, until, None))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    let mut mia = site.browser_of("mia").await;
    mia.post("/sign-out-everywhere", &[]).await;

    let mut tx = site.store.read().await.unwrap();
    assert!(tx.panel_token("mia", now).await.unwrap().is_none());
    assert!(tx.panel_token("max", now).await.unwrap().is_some());
}

#[tokio::test]
async fn the_cookie_itself_is_in_no_row() {
    let site = Site::open().await;
    let browser = site.browser_of("mia").await;
    let cookie = &browser.cookies["latitude"];

    let mut tx = site.store.read().await.unwrap();
    let long_ago = "2000-01-01T00:00:00Z".parse().unwrap();
    let by_cookie = tx.session(cookie, site.env.now(), long_ago).await.unwrap();
    let mark = latitude::web::session::mark(cookie);
    let by_mark = tx.session(&mark, site.env.now(), long_ago).await.unwrap();

    assert_eq!(cookie.len(), 64);
    assert!(by_cookie.is_none());
    assert_eq!(by_mark.unwrap().person, "mia");
}

#[tokio::test]
async fn whoever_stands_elsewhere_in_another_connection_is_led_to_all_that_is_theirs() {
    let site = Site::open().await;
    site.found("other").await;
    // Who owns the product here stands at the top there.
    let at_the_top = Person {
        id: "eva".into(),
        name: "Pat Product".to_owned(),
        email: Some("pat@acme.test".to_owned()),
        active: true,
        manager: None,
        time_zone: None,
    };
    let (mut pat, now) = (site.browser(), site.env.now());
    let session = SessionRow {
        mark: mark("a secret"),
        connection: "acme".to_owned(),
        person: "pat".to_owned(),
        way: "openid".to_owned(),
        email: Some("pat@acme.test".to_owned()),
        created_at: now,
        seen_at: now,
        ends_at: now + TimeDelta::hours(1),
    };
    let mut tx = site.store.write().await.unwrap();
    tx.save_people(&"other".into(), &[at_the_top])
        .await
        .unwrap();
    tx.add_session(&session).await.unwrap();
    tx.commit().await.unwrap();
    let cookie = ("latitude".to_owned(), "a secret".to_owned());
    pat.cookies.extend([cookie]);

    let home = pat.get("/").await;
    assert_eq!(home.status, StatusCode::OK, "{}", home.body);
    let places = home.body.split("</nav>").next().unwrap();
    for place in ["/queue", "/pyramid", "/answers"] {
        let link = format!("href=\"{place}\"");
        assert_eq!(places.matches(&link).count(), 1, "{place}: {places}");
        let page = pat.get(place).await;
        assert_eq!(page.status, StatusCode::OK, "{place}: {}", page.body);
    }
    let tokens = pat.get("/tokens").await.body;
    assert!(tokens.contains("opens_pyramid"), "{tokens}");
}

#[tokio::test]
async fn whoever_comes_back_to_the_demos_page_may_pick_someone_else() {
    let site = Site::open().await;
    for idle in [TimeDelta::zero(), TimeDelta::days(3)] {
        let mut browser = site.browser_of("sam").await;
        site.clock.advance(idle);

        let page = browser.get("/sign-in").await.body;
        let (_, form) = page.split_once("class=\"people\"").unwrap();
        let (form, _) = form.split_once("</form>").unwrap();
        assert!(form.contains("name=\"csrf\""), "{idle}: {form}");
        browser.sign_in("acme:mia").await;

        assert!(browser.get("/").await.body.contains("<h1>Mia Manager</h1>"));
    }
    let page = site.browser().get("/sign-in").await.body;
    assert!(
        !page.contains("name=\"csrf\""),
        "there is nothing to prove yet"
    );
}
