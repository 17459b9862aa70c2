//! Signing in with the connected CRM, through its sandbox: there, back, and in as who the CRM says;
//! once, in the same browser, and nothing of it is kept.

use latitude::crm::{self, Crm};
use latitude::web::settings::SignIn;
use reqwest::header;

use super::floor::Floor;
use crate::web::site::{Answer, Browser};

async fn floor(crm: &'static dyn Crm) -> Floor {
    Floor::behind(crm, |settings| settings.sign_in = SignIn::Crm).await
}

/// Those whose sign-in says who one is.
fn telling() -> impl Iterator<Item = &'static dyn Crm> {
    let all = crm::ALL.iter().copied();
    all.filter(|crm| crm.profile().people.is_some())
}

/// Leaves for the CRM, where someone agrees; the path one comes back to.
async fn there(floor: &Floor, browser: &mut Browser, hint: Option<&str>) -> String {
    let door = browser.get("/sign-in?next=/library").await;
    let link = door
        .body
        .split('"')
        .find(|it| it.starts_with("/sign-in/crm/"))
        .unwrap_or_else(|| panic!("no way in: {}", door.body))
        .replace("&#38;", "&");
    let leave = browser.get(&link).await;
    assert_eq!(leave.status, 303, "{}", leave.body);
    let mut url = url::Url::parse(leave.header("location")).unwrap();
    assert!(url.query_pairs().any(|(name, _)| name == "state"));
    let pkce = url.query_pairs().any(|(name, _)| name == "code_challenge");
    assert!(pkce, "{url}");
    for lasting in ["refresh_token", "offline"] {
        assert!(!url.as_str().contains(lasting), "{url}");
    }
    if let Some(hint) = hint {
        url.query_pairs_mut().append_pair("login_hint", hint);
    }
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let sent = latitude::http::client().execute(request).await.unwrap();
    assert!(sent.status().is_redirection(), "{}", sent.status());
    let back = sent.headers()[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned();
    back.strip_prefix(&floor.base).unwrap().to_owned()
}

fn is_in(answer: &Answer) -> bool {
    answer.status == 303 && answer.header("location") == "/library"
}

#[tokio::test]
async fn a_person_of_the_crm_comes_in_as_themselves_and_nothing_is_kept() {
    let mut came = Vec::new();
    for crm in telling() {
        let floor = floor(crm).await;
        let tokens = async || {
            let mut bytes = Vec::new();
            let store = &floor.stage.engine.store;
            latitude::ops::copy::export(store, &mut bytes, floor.stage.env.now())
                .await
                .unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let rows = text.lines().filter(|it| it.contains("\"connection\""));
            let of_connection = rows.filter(|it| it.contains("\"tokens\""));
            of_connection.map(str::to_owned).collect::<Vec<_>>()
        };
        let before = tokens().await;
        let mut browser = Browser::on(&floor.base);
        let hint = floor.seller.email.clone().unwrap();

        let path = there(&floor, &mut browser, Some(&hint)).await;
        let back = browser.get(&path).await;

        let name = crm.profile().id;
        if back.status == 403 && back.body.contains("The CRM knows you") {
            // This sandbox signs in a user who owns nothing, such as an app's own.
            continue;
        }
        assert!(is_in(&back), "{name}: {} {}", back.status, back.body);
        let home = browser.get("/").await;
        assert_eq!(home.status, 200, "{name}");
        assert!(home.body.contains("who-name"), "{name}");
        assert_eq!(tokens().await, before, "{name}: a token was kept");
        came.push((name, home.body.contains(&floor.seller.name)));
    }
    assert!(came.contains(&("salesforce", true)), "{came:?}");
    assert!(came.len() >= 2, "{came:?}");
}

#[tokio::test]
async fn what_comes_back_is_good_once_and_only_in_the_browser_that_left() {
    let floor = floor(crm::by_id(crm::PREFERRED).unwrap()).await;
    let mut sam = Browser::on(&floor.base);
    let path = there(&floor, &mut sam, None).await;

    let thief = Browser::on(&floor.base).get(&path).await;
    let mut other = Browser::on(&floor.base);
    there(&floor, &mut other, None).await;
    let mixed = other.get(&path).await;
    let stateless = sam.get(path.split("&state=").next().unwrap()).await;
    let elsewhere = sam.get(&path.replace("/acme/", "/other/")).await;
    let first = sam.get(&path).await;
    let again = sam.get(&path).await;

    for (what, answer) in [
        ("another browser", &thief),
        ("another sign-in", &mixed),
        ("no state", &stateless),
        ("again", &again),
    ] {
        assert_eq!(answer.status, 403, "{what}: {}", answer.body);
        assert!(answer.headers.get("set-cookie").is_none(), "{what}");
    }
    assert_eq!(elsewhere.status, 404);
    assert!(is_in(&first), "{} {}", first.status, first.body);
}

#[tokio::test]
async fn a_sign_in_that_takes_too_long_or_is_refused_lets_nobody_in() {
    let floor = floor(crm::by_id(crm::PREFERRED).unwrap()).await;
    let mut sam = Browser::on(&floor.base);
    let path = there(&floor, &mut sam, None).await;
    let state = path.split("state=").nth(1).unwrap().to_owned();
    let back = path.split('?').next().unwrap();

    let refused = format!("{back}?error=access_denied&error_description=no&state={state}");
    let denied = sam.get(&refused).await;
    let path = there(&floor, &mut sam, None).await;
    floor.stage.clock.advance(chrono::TimeDelta::minutes(11));
    let late = sam.get(&path).await;

    assert_eq!(denied.status, 403, "{}", denied.body);
    assert!(denied.body.contains("The CRM did not sign you in"));
    assert_eq!(late.status, 403, "{}", late.body);
}

#[tokio::test]
async fn a_user_of_another_organisation_is_nobody_here() {
    let floor = floor(crm::by_id(crm::PREFERRED).unwrap()).await;
    let mut tx = floor.stage.engine.store.write().await.unwrap();
    let whose = ("00D000000000099AAA", "005000000000099AAA");
    let (fields, now) = (serde_json::json!({}), floor.stage.env.now());
    tx.save_setup(&floor.stage.id, whose, "", &fields, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut sam = Browser::on(&floor.base);
    let path = there(&floor, &mut sam, None).await;

    let stranger = sam.get(&path).await;

    assert_eq!(stranger.status, 403, "{}", stranger.body);
    assert!(stranger.body.contains("another organisation"));
}

#[tokio::test]
async fn nobody_is_offered_a_way_in_that_does_not_say_who_they_are() {
    for crm in crm::ALL.iter().filter(|it| it.profile().people.is_none()) {
        let floor = floor(*crm).await;
        let mut sam = Browser::on(&floor.base);

        let door = sam.get("/sign-in").await;
        let leave = sam.get("/sign-in/crm/acme").await;

        let name = crm.profile().id;
        assert!(!door.body.contains("/sign-in/crm/"), "{name}");
        assert!(door.body.contains("OpenID provider"), "{name}");
        assert_eq!(leave.status, 404, "{name}");
    }
    let demo = Floor::open().await;
    let closed = Browser::on(&demo.base).get("/sign-in/crm/acme").await;
    assert_eq!(closed.status, 404, "only where the configuration says so");
}
