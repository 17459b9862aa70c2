//! Tokens for other tools, made and revoked on a page.

use chrono::TimeDelta;
use latitude::ops::token::{Wish, make as make_token};
use latitude::store::tx::statements;

use super::site::{Browser, Site};

/// The token that a page shows.
fn shown(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("value=\"latitude_")?;
    let (secret, _) = rest.split_once('"')?;
    Some(format!("latitude_{secret}"))
}

/// Fields and what is typed into them.
type Form<'a> = &'a [(&'a str, &'a str)];

/// Where a page revokes the token of a name.
fn revokes(body: &str, name: &str) -> String {
    let (_, rest) = body
        .split_once(&format!("<strong>{name}</strong>"))
        .unwrap();
    let (_, rest) = rest.split_once("action=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn make(browser: &mut Browser, name: &str) -> String {
    let form = [("name", name), ("opens_deals", "yes"), ("days", "30")];
    let made = browser.post("/tokens", &form).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    shown(&made.body).unwrap()
}

#[tokio::test]
async fn a_person_makes_a_token_sees_it_once_and_revokes_it() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;

    let token = make(&mut sam, "Weekly report").await;
    let mut tool = site.tool_with(&token);
    let deals = tool.json("/api/v1/deals").await;
    let week = tool.get("/api/v1/week/2026-11-16").await;
    let listed = sam.get("/tokens").await;
    let revoke = revokes(&listed.body, "Weekly report");
    let back = sam.post(&revoke, &[]).await;
    let after = sam.get("/tokens").await;

    assert_eq!(deals["deals"][0]["id"], "one");
    assert_eq!(week.status, 403, "it opens what was picked: {}", week.body);
    assert!(listed.body.contains("Opens Deals. Ends on 17 Dec 2026."));
    assert_eq!(shown(&listed.body), None, "it is shown once");
    assert_eq!(back.header("location"), "/tokens");
    assert!(!after.body.contains("<strong>Weekly report"));
    assert_eq!(tool.get("/api/v1/deals").await.status, 401);
}

#[tokio::test]
async fn nobody_sees_or_revokes_a_token_of_someone_else_but_those_who_run_latitude() {
    let site = Site::with(|settings| settings.ops.push("acme:mia".to_owned())).await;
    let mut sam = site.browser_of("sam").await;
    let token = make(&mut sam, "Weekly report").await;
    let revoke = revokes(&sam.get("/tokens").await.body, "Weekly report");
    let mut tool = site.tool_with(&token);

    for other in ["sue", "dan", "max"] {
        let mut other = site.browser_of(other).await;
        let page = other.get("/tokens").await;
        assert!(!page.body.contains("<strong>Weekly report"));
        assert_eq!(other.post(&revoke, &[]).await.status, 404);
    }
    assert_eq!(tool.get("/api/v1/me").await.status, 200);

    let mut mia = site.browser_of("mia").await;
    let page = mia.get("/tokens").await;
    assert!(page.body.contains("Sam Seller, in acme. Opens Deals."));
    assert_eq!(shown(&page.body), None);
    // Everyone's are read at once.
    let cost = async |mia: &mut Browser| {
        let before = statements();
        mia.get("/tokens").await;
        statements() - before
    };
    let few = cost(&mut mia).await;
    for other in ["sue", "sid", "sol"] {
        make(&mut site.browser_of(other).await, "Weekly report").await;
    }
    assert_eq!(cost(&mut mia).await, few);
    assert_eq!(mia.post(&revoke, &[]).await.status, 303);
    assert_eq!(tool.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn what_makes_no_token_is_said_and_makes_none() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    make(&mut sam, "Report").await;
    let long = "x".repeat(61);
    let cases: [(Form<'_>, u16, &str); 6] = [
        (
            &[("name", " "), ("opens_deals", "yes"), ("days", "30")],
            422,
            "what the token is for",
        ),
        (
            &[("name", &long), ("opens_deals", "yes"), ("days", "30")],
            422,
            "at most 60",
        ),
        (
            &[("name", "Two"), ("days", "30")],
            422,
            "at least one thing",
        ),
        // It opens nothing for a seller, so it is not offered to one.
        (
            &[("name", "Two"), ("opens_pyramid", "yes"), ("days", "30")],
            422,
            "at least one thing",
        ),
        (
            &[("name", "Two"), ("opens_deals", "yes"), ("days", "401")],
            422,
            "1 to 400 days",
        ),
        (
            &[("name", "Report"), ("opens_deals", "yes"), ("days", "30")],
            409,
            "of that name",
        ),
    ];
    for (form, status, told) in cases {
        let answer = sam.post("/tokens", form).await;
        assert_eq!(answer.status, status, "{form:?}: {}", answer.body);
        assert!(answer.body.contains(told), "{form:?}: {}", answer.body);
        assert_eq!(shown(&answer.body), None);
    }
    let now = site.env.now();
    let kept = site.store.read().await.unwrap().api_tokens(now).await;
    assert_eq!(kept.unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_ends_by_itself_and_makes_room_for_another_of_its_name() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let token = make(&mut sam, "Report").await;
    site.clock.advance(TimeDelta::days(30));
    let mut sam = site.browser_of("sam").await;

    let ended = site.tool_with(&token).get("/api/v1/me").await;
    let page = sam.get("/tokens").await;
    let again = make(&mut sam, "Report").await;

    assert_eq!(ended.status, 401);
    assert!(page.body.contains("None yet."));
    assert_ne!(again, token);
}

#[tokio::test]
async fn whoever_runs_latitude_makes_a_token_for_a_person_by_their_address_too() {
    let site = Site::open().await;
    site.deal("sam", "one").await;

    let mut tool = site.tool_of("Sam@acme.test", &["deals"]).await;
    let me = tool.json("/api/v1/deals").await;
    site.found("other").await;
    let wish = |person| Wish {
        person,
        name: "a test",
        scopes: &[],
        days: 1,
    };
    let nobody = make_token(&site.store, &site.env, &wish("sam@nowhere.test")).await;

    assert_eq!(me["deals"][0]["id"], "one");
    let told = nobody.unwrap_err().to_string();
    assert!(
        told.contains("an e-mail address or CONNECTION:ID"),
        "{told}"
    );
}
