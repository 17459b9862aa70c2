//! The seller's other pages: home, week, obstacles, library.

use reqwest::StatusCode;

use crate::web::site::Site;

#[tokio::test]
async fn a_week_has_at_most_three_things_and_is_ones_own() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let week = sam.get("/week").await.header("location").to_owned();
    assert!(week.starts_with("/week/2026-11-16"), "{week}");

    let form = [
        ("what_0", "Agree the proof"),
        ("how_0", "With Ines"),
        ("what_2", "Renew Vale"),
    ];
    let saved = sam.post(&week, &form).await;

    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = sam.get(&week).await;
    assert!(page.body.contains("Agree the proof") && page.body.contains("Renew Vale"));
    // Two things are said and open; the third waits, folded, until there is one.
    let folded = page.body.matches("Something else that matters").count();
    assert_eq!(folded, 1, "{}", page.body);
    let told = sam.get(saved.header("location")).await.body;
    assert!(told.contains("role=\"status\">Kept.</p>") && !page.body.contains("Kept."));
    assert!(sam.get("/").await.body.contains("Agree the proof"));
    let mia = site.browser_of("mia").await.get(&week).await;
    assert!(!mia.body.contains("Agree the proof"));
}

#[tokio::test]
async fn a_card_that_was_not_sent_up_is_nobody_elses() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let card = sam
        .post("/obstacles", &[("text", "They want single sign-on")])
        .await;
    let card = card.header("location").to_owned();

    assert_eq!(sam.get(&card).await.status, StatusCode::OK);
    for person in ["sue", "mia", "dan", "eva", "pat", "xia"] {
        let answer = site.browser_of(person).await.get(&card).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{person}");
    }
}

#[tokio::test]
async fn a_gap_in_the_product_reaches_its_owner_with_the_managers_backing() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let card = sam
        .post("/obstacles", &[("text", "They want single sign-on")])
        .await;
    let card = card.header("location").to_owned();
    let option = [("kind", "partner"), ("text", "The partner's gateway")];
    sam.post(&format!("{card}/option"), &option).await;
    let need = [
        ("ground", "own_option"),
        ("what", "Single sign-on"),
        ("whom", "Product"),
        ("by", "2026-12-18"),
        ("gap", "yes"),
    ];
    sam.post(&format!("{card}/send"), &need).await;
    let pat = site.browser_of("pat").await.get(&card).await;
    assert_eq!(pat.status, StatusCode::NOT_FOUND);

    let mut mia = site.browser_of("mia").await;
    let owed = mia.get("/answers").await.body;
    assert!(owed.contains("Sam Seller"), "who asks is told: {owed}");
    let backing = [
        ("kind", "passed_up"),
        ("text", "Four of our deals wait for it"),
    ];
    let passed = mia.post(&format!("{card}/answer"), &backing).await;

    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
    let mut pat = site.browser_of("pat").await;
    assert!(pat.get("/answers").await.body.contains("single sign-on"));
    let page = pat.get(&card).await;
    assert!(page.body.contains("The partner") && page.body.contains("Four of our deals"));
    assert_eq!(
        site.browser_of("eva").await.get(&card).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        !site
            .browser_of("max")
            .await
            .get("/answers")
            .await
            .body
            .contains("sign-on")
    );
}
