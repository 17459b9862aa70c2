//! What is one person's does not pass to another: not with a deal that is handed over, and not with
//! an address that someone else takes.

use std::collections::BTreeMap;

use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;
use latitude::domain::role::Role;
use reqwest::{Method, StatusCode};

use super::site::{Site, plain_deal, strategy};

/// What the rubric asked the writer of a strategy alone.
const PRIVATE: &str = "Which part of this can you move yourself?";

#[tokio::test]
async fn a_private_note_stays_with_its_writer_when_the_deal_is_handed_over() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut sam = site.browser_of("sam").await;
    let before = sam.get("/deals/acme/one").await.body;

    let handed = plain_deal("xia", "one");
    site.take_up("acme", &handed).await;
    let mut xia = site.browser_of("xia").await;
    let page = xia.get("/deals/acme/one").await;
    let copy = xia.get("/mine.json").await.body;
    site.write(&handed, 2, &strategy(), Grade::Thin).await;
    let own = xia.get("/deals/acme/one").await.body;
    let own_copy = xia.get("/mine.json").await.body;

    assert!(before.contains(PRIVATE), "{before}");
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains(PRIVATE), "{}", page.body);
    assert!(
        copy.contains("one_option"),
        "the assessment is there: {copy}"
    );
    assert!(!copy.contains(PRIVATE), "{copy}");
    assert!(own.contains(PRIVATE), "{own}");
    assert_eq!(own_copy.matches(PRIVATE).count(), 1, "{own_copy}");
}

/// Has someone take another's address, as they may in some CRMs.
async fn takes_address(site: &Site, who: &str, of: &str) {
    let acme = ConnectionId::from("acme");
    let mut tx = site.store.write().await.unwrap();
    let people = tx.people(&acme).await.unwrap();
    let one = people.into_iter().find(|it| it.id.as_str() == who);
    let taken = Person {
        email: Some(format!("{of}@ACME.test")),
        ..one.unwrap()
    };
    tx.save_people(&acme, &[taken]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_address_that_two_share_gives_neither_of_them_a_role() {
    let site = Site::with(|settings| {
        settings
            .roles
            .insert("eva@acme.test".to_owned(), Role::Executive);
        settings.ops = vec!["eva@acme.test".to_owned()];
    })
    .await;
    let mut eva = site.browser_of("eva").await;
    let mut xia = site.browser_of("xia").await;
    for path in ["/ledger", "/pyramid"] {
        assert_eq!(eva.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(xia.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }

    takes_address(&site, "xia", "eva").await;

    for path in ["/ledger", "/pyramid"] {
        assert_eq!(xia.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(eva.get("/ledger").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_address_that_two_share_leads_no_team() {
    let site = Site::open().await;
    let acme = ConnectionId::from("acme");
    let lead = async |leader: &str| {
        let teams = BTreeMap::from([(leader.to_owned(), vec!["xia@acme.test".to_owned()])]);
        let mut tx = site.store.write().await.unwrap();
        tx.lead(&acme, &teams).await.unwrap();
        let people = tx.people(&acme).await.unwrap();
        tx.commit().await.unwrap();
        let xia = people.into_iter().find(|it| it.id.as_str() == "xia");
        xia.unwrap().manager.unwrap().as_str().to_owned()
    };
    assert_eq!(lead("mia@acme.test").await, "mia");
    assert_eq!(lead("max@acme.test").await, "max");

    takes_address(&site, "dan", "mia").await;

    assert_eq!(lead("mia@acme.test").await, "max");
    assert_eq!(lead("mia").await, "mia", "an id is one person's");
}

#[tokio::test]
async fn whoever_came_by_an_operators_link_can_leave() {
    let site = Site::open().await;
    let link = latitude::web::ops_door::link(&site.store, &site.env).await;
    let key = link.unwrap();
    let (_, key) = key.split_once("key=").unwrap();
    let mut ops = site.browser();
    let entered = ops.post("/connect/enter", &[("key", key)]).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
    let page = ops.get("/ledger").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("action=\"/sign-out\""), "{}", page.body);
    let kept = ops.cookies.clone();

    let left = ops.post("/sign-out", &[]).await;
    ops.cookies = kept;
    let after = ops.get("/ledger").await;

    assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.body);
    assert_ne!(after.status, StatusCode::OK, "the session is over");
}

#[tokio::test]
async fn long_texts_that_share_little_are_told_apart_without_comparing_every_word() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    let words = |first: &str, second: &str| {
        let mut answers = strategy();
        let pair = |n: usize| if n.is_multiple_of(3) { first } else { second };
        answers.approach = (0..60_000).map(pair).collect::<Vec<_>>().join(" ");
        answers
    };
    site.write(&deal, 1, &words("we", "go"), Grade::Thin).await;
    site.write(&deal, 2, &words("go", "to"), Grade::Thin).await;
    let mut sam = site.browser_of("sam").await;

    let page = sam.get("/deals/acme/one").await;

    assert_eq!(page.status, StatusCode::OK);
    let removed = page.body.matches("<del").count();
    assert_eq!(removed, 1, "one text stands in place of the other");
}

#[tokio::test]
async fn a_tool_is_counted_by_its_token_whatever_cookie_it_shows() {
    let site = Site::with(|settings| settings.calls_a_minute = 2).await;
    let token = site
        .tool_of("acme:sam", &["deals"])
        .await
        .token()
        .to_owned();
    let mut told = Vec::new();
    for n in 0..3 {
        let mut browser = site.browser();
        browser.cookies.insert("latitude".to_owned(), n.to_string());
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = browser.send(Method::GET, "/api/v1/me", None, &headers);
        told.push(answer.await.status.as_u16());
    }
    assert_eq!(told, [200, 200, 429]);
}
