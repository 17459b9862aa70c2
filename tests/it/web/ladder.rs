//! Whom a need goes to next: the levels that someone fills, in this company as it is.

use chrono::TimeDelta;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;
use reqwest::StatusCode;

use super::pyramid::send_up;
use super::site::Site;

/// People beside the company of every test: id and whom they report to.
pub(super) async fn beside(site: &Site, people: &[(&str, Option<&str>)]) {
    let people: Vec<Person> = people
        .iter()
        .map(|(id, manager)| Person {
            id: (*id).into(),
            name: format!("Person {id}"),
            email: Some(format!("{id}@acme.test")),
            active: true,
            manager: manager.map(Into::into),
            time_zone: Some("Europe/Berlin".to_owned()),
        })
        .collect();
    let mut tx = site.store.write().await.unwrap();
    let acme = ConnectionId::from("acme");
    tx.save_people(&acme, &people).await.unwrap();
    tx.commit().await.unwrap();
}

const BACKING: [(&str, &str); 2] = [("kind", "passed_up"), ("text", "It opens the account")];

#[tokio::test]
async fn nothing_is_passed_up_where_nobody_is_above() {
    let site = Site::open().await;
    beside(&site, &[("boss", None), ("ben", Some("boss"))]).await;
    let card = send_up(&site, "ben", "Their audit blocks us", true).await;
    let mut boss = site.browser_of("boss").await;
    let page = boss.get(&card).await.body;
    assert!(page.contains("No, because"), "{page}");
    // There is a product owner: a gap may go to the queue, and from there nowhere.
    assert!(page.contains("Passed up with my backing"), "{page}");
    let plain = send_up(&site, "ben", "Legal has not looked at it", false).await;
    let page = boss.get(&plain).await.body;
    assert!(!page.contains("Passed up with my backing"), "{page}");
    let anyway = boss.post(&format!("{plain}/answer"), &BACKING).await;
    assert_eq!(anyway.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!anyway.body.contains("Ask your admin"), "{}", anyway.body);

    site.clock.advance(TimeDelta::days(7));
    let mut ben = site.browser_of("ben").await;
    let page = ben.get(&plain).await.body;
    assert!(page.contains("No answer yet"), "{page}");
    assert!(!page.contains("Pass it up"), "{page}");
    let anyway = ben.post(&format!("{plain}/over"), &[]).await;
    assert_eq!(anyway.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!anyway.body.contains("Ask your admin"), "{}", anyway.body);
}

#[tokio::test]
async fn a_level_that_nobody_fills_is_skipped() {
    let site = Site::open().await;
    let people = [("top", None), ("lea", Some("top")), ("cy", Some("lea"))];
    beside(&site, &people).await;
    let card = send_up(&site, "cy", "They need single sign-on", true).await;
    let mut lea = site.browser_of("lea").await;
    lea.get(&card).await;
    let passed = lea.post(&format!("{card}/answer"), &BACKING).await;
    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
    site.clock.advance(TimeDelta::days(21));

    // Product kept silent; no director leads between Lea and the top.
    let mut cy = site.browser_of("cy").await;
    assert!(cy.get(&card).await.body.contains("Pass it up"));
    let over = cy.post(&format!("{card}/over"), &[]).await;

    assert_eq!(over.status, StatusCode::SEE_OTHER, "{}", over.body);
    let answers = site.browser_of("top").await.get("/answers").await.body;
    assert!(answers.contains("They need single sign-on"), "{answers}");
    let page = cy.get(&card).await.body;
    assert!(page.contains("Due from Person top by"), "{page}");
}

#[tokio::test]
async fn a_gap_goes_up_the_line_where_nobody_owns_the_product() {
    let site = Site::with(|settings| settings.roles.clear()).await;
    let card = send_up(&site, "sam", "They need single sign-on", true).await;
    let mut mia = site.browser_of("mia").await;
    mia.get(&card).await;

    let passed = mia.post(&format!("{card}/answer"), &BACKING).await;

    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
    let answers = site.browser_of("dan").await.get("/answers").await.body;
    assert!(answers.contains("They need single sign-on"), "{answers}");
}

#[tokio::test]
async fn whoever_reports_to_nobody_is_told_so_before_they_write() {
    let site = Site::open().await;
    let mut eva = site.browser_of("eva").await;
    let made = eva.post("/obstacles", &[("text", "The board waits")]).await;
    let card = made.header("location").to_owned();

    let page = eva.get(&card).await.body;

    assert!(!page.contains(&format!("{card}/send")), "{page}");
    assert!(page.contains("names nobody you report to"), "{page}");
}
