//! The ledger and connecting, on pages, for those who run Latitude.

use latitude::domain::role::Role;
use latitude::sandbox::world::Trouble;
use latitude::sync::report::RunState;
use latitude::web::ops_door::link;
use reqwest::StatusCode;

use super::floor::{Floor, databases, sqlite};
use crate::web::site::Browser;

/// Someone of the sandbox's company, as the pages know them.
fn someone(floor: &Floor) -> String {
    let state = floor.served.world.state();
    let person = state.people.iter().find(|it| it.email.contains('@'));
    format!("acme:{}", person.expect("a person").id)
}

/// The address in a page's link to the CRM.
fn there(body: &str) -> url::Url {
    let (_, rest) = body.split_once("button primary\" href=\"").unwrap();
    let address = rest.split('"').next().unwrap().replace("&amp;", "&");
    let address = address.replace("&#38;", "&");
    url::Url::parse(&address).unwrap()
}

/// Agrees in the CRM; answers with the path and query the browser comes back to.
async fn agreed(floor: &Floor, there: url::Url) -> String {
    let request = reqwest::Request::new(reqwest::Method::GET, there);
    let reply = floor.client.execute(request).await.unwrap();
    let back = url::Url::parse(reply.headers()["location"].to_str().unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

#[tokio::test]
async fn the_ledger_lists_parked_deals_with_the_reason_and_tries_again_when_asked() {
    for database in databases().await {
        let floor = Floor::ready(&database, 5).await;
        let whom = someone(&floor);
        let pages = floor
            .pages_with(|settings| settings.ops.push(whom.clone()))
            .await;
        let told = "Amounts over 1 need a <sponsor>".to_owned();
        floor.served.world.state().deals[0].trouble = Some(Trouble::Refused(told));
        assert_eq!(floor.reconcile().await.state, RunState::Partly);
        let mut ops = Browser::on(&pages);
        ops.sign_in(&whom).await;

        let before = ops.get("/ledger").await;
        floor.served.world.state().deals[0].trouble = None;
        let asked = ops.post("/ledger/acme/retry", &[]).await;
        let unknown = ops.post("/ledger/nobody/retry", &[]).await;
        let report = floor.work().await;
        let after = ops.get("/ledger").await;

        assert_eq!(before.status, StatusCode::OK);
        assert!(
            before
                .body
                .contains("Amounts over 1 need a &#60;sponsor&#62;"),
            "{}",
            before.body
        );
        assert!(before.body.contains(">partly<"));
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        assert_eq!(report.state, RunState::Ok);
        assert!(after.body.contains(">ok<"));
        assert!(!after.body.contains("will not take"));
    }
}

#[tokio::test]
async fn only_those_who_run_latitude_see_how_it_runs() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    let whom = someone(&floor);
    let pages = floor
        .pages_with(|settings| {
            settings.roles.insert(whom.clone(), Role::Executive);
        })
        .await;
    let mut executive = Browser::on(&pages);
    executive.sign_in(&whom).await;

    for path in ["/ledger", "/connect", "/connect/acme", "/connect/acme/back"] {
        let seen = executive.get(path).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        let outside = Browser::on(&pages).get(path).await;
        assert!(
            outside.header("location").starts_with("/sign-in"),
            "{path}: {}",
            outside.status
        );
    }
    for path in [
        "/ledger/acme/retry",
        "/connect/acme/leave",
        "/connect/acme/prove",
    ] {
        let done = executive.post(path, &[]).await;
        assert_eq!(done.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_link_of_the_command_lets_one_browser_walk_through_connecting() {
    for database in databases().await {
        let floor = Floor::laid(&database, 3, Some("authorization_code")).await;
        let pages = floor.pages().await;
        let path = link(&floor.engine.store, &floor.env).await.unwrap();
        let key = path.split('=').nth(1).unwrap().to_owned();
        let mut ops = Browser::on(&pages);

        assert!(ops.get(&path).await.status.is_success());
        let entered = ops.post("/connect/enter", &[("key", &key)]).await;
        let again = Browser::on(&pages)
            .post("/connect/enter", &[("key", &key)])
            .await;
        assert_eq!(entered.header("location"), "/connect");
        assert_eq!(again.status, StatusCode::FORBIDDEN, "a link works once");
        for closed in ["/", "/board", "/answers"] {
            let seen = ops.get(closed).await;
            assert!(
                seen.header("location").starts_with("/sign-in"),
                "{closed} shows strategies"
            );
        }

        let list = ops.get("/connect").await;
        assert!(list.body.contains("/connect/acme"), "{}", list.body);
        let walk = ops.get("/connect/acme").await;
        let redirect = format!("{pages}/connect/acme/back");
        assert!(walk.body.contains(&redirect), "{}", walk.body);
        assert!(walk.body.contains("stay signed in without you"));
        let unsigned = ops.post("/connect/acme/prove", &[]).await;
        assert!(unsigned.body.contains("role=\"alert\""));

        let left = ops.post("/connect/acme/leave", &[]).await;
        let back = agreed(&floor, there(&left.body)).await;
        let stranger = Browser::on(&pages).get(&back).await;
        assert!(stranger.header("location").starts_with("/sign-in"));
        let came = ops.get(&back).await;
        assert_eq!(came.header("location"), "/connect/acme", "{}", came.body);
        let twice = ops.get(&back).await;
        assert_eq!(twice.status, StatusCode::FORBIDDEN);

        let bare = ops.post("/connect/acme/prove", &[]).await;
        assert!(bare.body.contains("crm plan --connection acme"));
        floor.set_up().await;
        let proven = ops.post("/connect/acme/prove", &[]).await;
        assert!(proven.body.contains("Signed in as user"), "{}", proven.body);
        assert!(proven.body.contains("Wrote the field that names"));
        assert!(!proven.body.contains(">fails<"));
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
    }
}
