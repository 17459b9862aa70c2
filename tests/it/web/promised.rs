//! What was promised: it lasts to the end of its day, and a day that went by is the end of nothing.

use chrono::TimeDelta;
use latitude::domain::ids::ConnectionId;
use latitude::domain::role::Role;
use reqwest::StatusCode;

use super::ladder::beside;
use super::pyramid::send_up;
use super::site::{Answer, Browser, Site};

/// A leader's promises: kept, and kept or missed.
async fn record(site: &Site, leader: &str) -> (i64, i64) {
    let mut tx = site.store.read().await.unwrap();
    let acme = ConnectionId::from("acme");
    tx.own_promises(&acme, leader, site.env.now())
        .await
        .unwrap()
}

async fn does(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Answer {
    let answer = browser.post(path, form).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{path}: {}",
        answer.body
    );
    answer
}

/// Sam's need, backed by Mia until that day.
async fn promised(site: &Site, until: &str) -> String {
    let card = send_up(site, "sam", "Their audit blocks us", false).await;
    let mut mia = site.browser_of("mia").await;
    mia.get(&card).await;
    let form = [("kind", "backed"), ("until", until)];
    does(&mut mia, &format!("{card}/answer"), &form).await;
    card
}

#[tokio::test]
async fn a_promise_for_a_day_lasts_to_the_end_of_that_day_where_the_responder_is() {
    let site = Site::open().await;
    // Sunday, 19:00 in Berlin: nobody works, and the form's first day is today.
    site.clock.advance(TimeDelta::days(5) + TimeDelta::hours(9));
    let card = send_up(&site, "sam", "Their audit blocks us", false).await;
    let mut mia = site.browser_of("mia").await;
    let page = mia.get(&card).await.body;
    assert!(page.contains("name=\"until\" min=\"2026-11-22\""), "{page}");
    let form = [("kind", "backed"), ("until", "2026-11-22")];
    does(&mut mia, &format!("{card}/answer"), &form).await;
    let mut sam = site.browser_of("sam").await;
    let page = sam.get(&card).await.body;
    assert!(
        page.contains("Promised") && !page.contains("Missed"),
        "{page}"
    );

    // 23:59 in Berlin.
    site.clock
        .advance(TimeDelta::hours(4) + TimeDelta::minutes(59));
    let page = sam.get(&card).await.body;
    assert!(!page.contains("Missed"), "{page}");
    assert_eq!(record(&site, "mia").await, (0, 0), "its day is not over");
    does(&mut sam, &format!("{card}/kept"), &[]).await;

    site.clock.advance(TimeDelta::days(3));
    assert_eq!(record(&site, "mia").await, (1, 1));
}

#[tokio::test]
async fn what_happened_in_time_may_be_said_later_and_what_happened_late_is_late() {
    let site = Site::open().await;
    let in_time = promised(&site, "2026-11-20").await;
    let late = promised(&site, "2026-11-20").await;
    let mut sam = site.browser_of("sam").await;
    sam.get(&late).await;
    let early = sam.post(&format!("{late}/late"), &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    site.clock.advance(TimeDelta::days(4));
    assert_eq!(record(&site, "mia").await, (0, 2), "nobody said a word yet");
    let mut sam = site.browser_of("sam").await;
    let page = sam.get(&in_time).await.body;
    assert!(page.contains("Missed"), "{page}");
    assert!(!page.contains("and did not"), "nobody said so: {page}");

    does(&mut sam, &format!("{in_time}/kept"), &[]).await;
    does(&mut sam, &format!("{late}/late"), &[]).await;

    assert_eq!(record(&site, "mia").await, (1, 2));
    let page = sam.get(&in_time).await.body;
    assert!(
        page.contains("Kept") && page.contains("It happened."),
        "{page}"
    );
    let page = sam.get(&late).await.body;
    assert!(page.contains("It happened, late."), "{page}");
    let close = [("outcome", "removed"), ("helped", "yes")];
    does(&mut sam, &format!("{late}/close"), &close).await;
    assert_eq!(record(&site, "mia").await, (1, 2), "closing it keeps both");
    let home = sam.get("/").await.body;
    // What happened stands there until it is closed too.
    assert!(!home.contains(&late) && home.contains(&in_time), "{home}");
}

#[tokio::test]
async fn after_a_missed_promise_the_seller_goes_on_as_they_like() {
    let site = Site::open().await;
    let card = promised(&site, "2026-11-20").await;
    let option = [("kind", "partner"), ("text", "Northgate has a gateway")];
    let mut sam = site.browser_of("sam").await;
    sam.get(&card).await;
    let early = sam.post(&format!("{card}/option"), &option).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!early.body.contains("owes you"), "{}", early.body);
    site.clock.advance(TimeDelta::days(4));

    let mut sam = site.browser_of("sam").await;
    let page = sam.get(&card).await.body;
    for offered in ["/option", "/send", "/late", "/kept", "/over", "/close"] {
        let form = format!("action=\"{card}{offered}\"");
        assert!(page.contains(&form), "{offered}: {page}");
    }
    does(&mut sam, &format!("{card}/option"), &option).await;
    does(&mut sam, &format!("{card}/choose"), &[("option", "0")]).await;
    let page = sam.get(&card).await.body;
    assert!(page.contains("Partner, chosen"), "{page}");
    let again = [
        ("ground", "own_option"),
        ("what", "A lawyer for an hour"),
        ("whom", "Legal"),
        ("by", "2026-12-11"),
    ];
    does(&mut sam, &format!("{card}/send"), &again).await;

    let answers = site.browser_of("mia").await.get("/answers").await.body;
    assert!(answers.contains("Their audit blocks us"), "{answers}");
    assert_eq!(record(&site, "mia").await, (0, 1), "missed is missed");
}

#[tokio::test]
async fn a_missed_promise_may_be_passed_up_and_the_next_level_promises_for_itself() {
    let site = Site::open().await;
    let card = promised(&site, "2026-11-20").await;
    site.clock.advance(TimeDelta::days(4));
    let mut sam = site.browser_of("sam").await;
    sam.get(&card).await;

    does(&mut sam, &format!("{card}/over"), &[]).await;

    let mut dan = site.browser_of("dan").await;
    assert!(dan.get("/answers").await.body.contains("Their audit"));
    let page = dan.get(&card).await.body;
    assert!(page.contains("20 Nov 2026"), "what Mia promised: {page}");
    let mut mia = site.browser_of("mia").await;
    assert_eq!(mia.get(&card).await.status, StatusCode::OK);
    let form = [("kind", "backed"), ("until", "2026-11-24")];
    does(&mut dan, &format!("{card}/answer"), &form).await;
    does(&mut sam, &format!("{card}/kept"), &[]).await;
    assert_eq!(record(&site, "dan").await, (1, 1));
    assert_eq!(record(&site, "mia").await, (0, 1));
}

#[tokio::test]
async fn what_was_kept_and_does_not_help_may_be_sent_up_again() {
    let site = Site::open().await;
    let card = promised(&site, "2026-11-20").await;
    let mut sam = site.browser_of("sam").await;
    sam.get(&card).await;
    does(&mut sam, &format!("{card}/kept"), &[]).await;
    let again = [
        ("ground", "think_with_me"),
        ("what", "An hour of yours"),
        ("whom", "Mia"),
        ("by", "2026-12-11"),
    ];

    does(&mut sam, &format!("{card}/send"), &again).await;

    assert!(sam.get(&card).await.body.contains("Asked"));
    assert_eq!(record(&site, "mia").await, (1, 1));
}

#[tokio::test]
async fn everyone_who_owes_answers_finds_the_page_that_promises_them() {
    let site = Site::open().await;
    for (who, owes) in [
        ("sam", false),
        ("mia", true),
        ("dan", true),
        ("eva", true),
        ("pat", true),
    ] {
        let mut browser = site.browser_of(who).await;
        let home = browser.get("/").await.body;
        let page = browser.get("/promise").await;

        assert_eq!(home.contains("href=\"/promise\""), owes, "{who}");
        assert_eq!(page.status == StatusCode::OK, owes, "{who}");
    }
}

#[tokio::test]
async fn a_gap_is_answered_within_the_shortest_time_that_its_owners_promised() {
    let site = Site::with(|settings| {
        settings.roles.insert("acme:eva".to_owned(), Role::Product);
    })
    .await;
    for (owner, days) in [("pat", "2"), ("eva", "3")] {
        let mut browser = site.browser_of(owner).await;
        let form = [("connection", "acme"), ("days", days)];
        does(&mut browser, "/promise", &form).await;
    }
    let card = send_up(&site, "sam", "No single sign-on", true).await;
    let mut mia = site.browser_of("mia").await;
    let form = [("kind", "passed_up"), ("text", "Four deals wait for it")];
    does(&mut mia, &format!("{card}/answer"), &form).await;

    let page = site.browser_of("pat").await.get("/queue").await.body;

    // Two business days, this one among them, where five are usual.
    assert!(page.contains("We answer by 18 Nov 2026"), "{page}");
}

#[tokio::test]
async fn nobody_is_charged_with_a_promise_that_they_never_made() {
    let site = Site::open().await;
    beside(&site, &[("boss", Some("dan")), ("ben", Some("boss"))]).await;
    send_up(&site, "ben", "Their audit blocks us", false).await;
    let (mut ben, mut boss) = (site.browser_of("ben").await, site.browser_of("boss").await);
    let usual = "by 18 Nov 2026, 10:00 CET (the usual 1 business day)";

    let owed = ben.get("/").await.body;
    assert!(
        owed.contains(&format!("Due from Person boss {usual}")),
        "{owed}"
    );
    assert!(owed.contains("Person boss has not said yet how soon they answer."));
    let owes = boss.get("/").await.body;
    assert!(owes.contains(&format!("Due from me {usual}")), "{owes}");
    site.clock.advance(TimeDelta::days(7));
    let (mut ben, mut boss) = (site.browser_of("ben").await, site.browser_of("boss").await);
    let owed = ben.get("/").await.body;
    assert!(owed.contains(&format!("No answer yet: due from Person boss {usual}")));
    let owes = boss.get("/").await.body;
    assert!(owes.contains(&format!("No answer yet: due from me {usual}")));
    for page in [owed, owes] {
        assert!(!page.contains("promised"), "{page}");
    }

    // What is asked from now on runs by the promise; what was asked before does not.
    let promise = [("connection", "acme"), ("days", "2"), ("text", "")];
    does(&mut boss, "/promise", &promise).await;
    send_up(&site, "ben", "Legal has not looked at it", false).await;
    let owed = ben.get("/").await.body;
    assert!(
        owed.contains("Person boss answers by 26 Nov 2026"),
        "{owed}"
    );
    assert!(
        owed.contains("No answer yet: due from Person boss"),
        "{owed}"
    );
}
