//! Obstacles that nobody else has seen yet: whose they are, and how many are read at once.

use std::ops::Range;

use chrono::TimeDelta;
use latitude::domain::answer::Answer;
use latitude::domain::hours::Hours;
use latitude::domain::ids::ConnectionId;
use latitude::domain::obstacle::kinds::{Ground, Level};
use latitude::domain::obstacle::{Deed, Need, Obstacle, To};
use latitude::store::obstacles::{Card, Said};
use latitude::store::tx::statements;
use reqwest::StatusCode;

use super::pyramid::send_up;
use super::site::Site;

const BLAME: &str = "Why does legal never look at it?";

#[tokio::test]
async fn words_that_open_as_blame_stay_out_of_the_address_and_whole() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    for text in [
        BLAME.to_owned(),
        format!("{BLAME} {}", "word ".repeat(2400)),
    ] {
        let form = [("text", text.as_str()), ("deal", "acme/one")];
        let offered = sam.post("/obstacles", &form).await;

        assert_eq!(offered.status, StatusCode::OK, "{}", offered.body);
        assert!(offered.body.contains("What can I do to…"));
        assert!(offered.body.contains(text.trim()), "her words are there");
        assert!(offered.body.contains("value=\"acme/one\" selected"));
        let anyway = [form[0], form[1], ("anyway", "yes")];
        let taken = sam.post("/obstacles", &anyway).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        let page = sam.get(taken.header("location")).await.body;
        assert!(page.contains(text.trim()));
    }
}

#[tokio::test]
async fn what_nobody_else_saw_can_be_written_anew_and_deleted() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let made = sam.post("/obstacles", &[("text", "Their audlt")]).await;
    let card = made.header("location").to_owned();
    let option = [("kind", "terms"), ("text", "Their own paper")];
    sam.post(&format!("{card}/option"), &option).await;

    let anew = [("text", "Their audit blocks us")];
    let done = sam.post(&format!("{card}/reword"), &anew).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = sam.get(&card).await.body;
    assert!(
        page.contains("<h1>Their audit blocks us</h1>") && page.contains("Their own paper"),
        "{page}"
    );
    let option = [
        ("option", "0"),
        ("kind", "partner"),
        ("text", "Our partner's paper"),
    ];
    let done = sam.post(&format!("{card}/alter"), &option).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = sam.get(&card).await.body;
    assert!(page.contains("Our partner&#39;s paper"), "{page}");
    assert!(page.contains("Partner") && !page.contains("Their own paper"));
    for [n, text] in [["0", " "], ["1", "Another"]] {
        let none = [("option", n), ("kind", "partner"), ("text", text)];
        let refused = sam.post(&format!("{card}/alter"), &none).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let blank = sam.post(&format!("{card}/reword"), &[("text", " ")]).await;
    assert_eq!(blank.status, StatusCode::UNPROCESSABLE_ENTITY);

    let gone = sam.post(&format!("{card}/delete"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert_eq!(gone.header("location"), "/obstacles?done=delete");
    assert_eq!(sam.get(&card).await.status, StatusCode::NOT_FOUND);
    assert!(!sam.get("/obstacles").await.body.contains("Their audit"));
}

#[tokio::test]
async fn what_was_sent_up_is_neither_written_anew_nor_deleted() {
    let site = Site::open().await;
    let card = send_up(&site, "sam", "Their audit blocks us", true).await;
    let mut sam = site.browser_of("sam").await;
    let page = sam.get(&card).await.body;
    for deed in ["reword", "alter", "delete"] {
        assert!(!page.contains(&format!("{card}/{deed}")), "{page}");
        let form = [
            ("text", "It was never about that"),
            ("kind", "partner"),
            ("option", "0"),
        ];
        let refused = sam.post(&format!("{card}/{deed}"), &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{deed}");
    }
    assert!(sam.get(&card).await.body.contains("Their audit blocks us"));
}

/// Needs of Sam's that wait for Mia, each changed a minute after the one before.
async fn wait_for_mia(site: &Site, some: Range<i64>) {
    wait(site, Level::Manager, some).await;
}

/// The same where Mia passed each up, to those who own the product.
async fn wait(site: &Site, level: Level, some: Range<i64>) {
    let (acme, hours) = (ConnectionId::from("acme"), Hours::default());
    let mut tx = site.store.write().await.unwrap();
    for n in some {
        let at = site.env.now() + TimeDelta::minutes(n);
        let mut card = Card {
            id: format!("{}{n}", level.word()),
            deal: Some("one".to_owned()),
            seller: "sam".to_owned(),
            began_at: at,
            changed_at: at,
            revision: 0,
            obstacle: Obstacle::new(&format!("Need number {n}.")).unwrap(),
            said: Vec::new(),
        };
        tx.add_card(&acme, &card).await.unwrap();
        let need = Need {
            what: "An hour".to_owned(),
            whom: "Mia".to_owned(),
            by: "2026-12-11".parse().unwrap(),
            gap: level == Level::Product,
        };
        let to = To {
            level: Level::Manager,
            responder: Some("mia".into()),
            owed: hours.day(),
        };
        let deed = Deed::SendUp(Ground::ThinkWithMe, need, to);
        card.obstacle.take(deed, at, &hours).unwrap();
        if level == Level::Product {
            let backing = "Four of our deals wait for it".to_owned();
            let said = Said {
                round: 1,
                turn: 0,
                at,
                person: "mia".to_owned(),
                kind: "passed_up".to_owned(),
                text: backing.clone(),
                more: String::new(),
                until: None,
            };
            tx.add_said(&acme, &card.id, &said).await.unwrap();
            let to = To {
                level,
                responder: None,
                owed: hours.day() * 5,
            };
            let deed = Deed::Answer(Answer::PassedUp { backing }, Some(to));
            card.obstacle.take(deed, at, &hours).unwrap();
        }
        assert!(tx.save_card(&acme, &card, &hours, at).await.unwrap());
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_list_is_read_in_as_many_statements_however_long_it_is() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut costs = Vec::new();
    for span in [0..2, 2..12] {
        wait_for_mia(&site, span).await;
        let mut cost = Vec::new();
        for (who, path) in [
            ("mia", "/answers"),
            ("mia", "/"),
            ("mia", "/board"),
            ("sam", "/obstacles"),
            ("sam", "/"),
        ] {
            let mut browser = site.browser_of(who).await;
            browser.get("/library").await;
            let before = statements();
            let page = browser.get(path).await;
            assert!(page.body.contains("Need number 1."), "{}", page.body);
            cost.push((path, statements() - before));
        }
        costs.push(cost);
    }
    assert_eq!(costs[0], costs[1]);
}

#[tokio::test]
async fn the_queue_is_read_in_as_many_statements_however_long_it_is_and_says_where_it_is_cut() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut pat = site.browser_of("pat").await;
    pat.get("/library").await;
    let mut costs = Vec::new();
    for span in [0..2, 2..12] {
        wait(&site, Level::Product, span).await;
        let before = statements();
        let page = pat.get("/queue").await;
        assert!(page.body.contains("Need number 1."), "{}", page.body);
        assert!(page.body.contains("Sam Seller"), "{}", page.body);
        assert!(page.body.contains("Mia Manager stands behind it"));
        assert!(!page.body.contains("of 12"), "nothing is cut");
        costs.push(statements() - before);
    }
    assert_eq!(costs[0], costs[1]);

    wait(&site, Level::Product, 12..60).await;
    let page = pat.get("/queue").await.body;
    let all = pat.get("/answers").await.body;
    assert!(page.contains("50 of 60"), "{page}");
    assert!(page.contains("Need number 49.") && !page.contains("Need number 50."));
    assert!(all.contains("Need number 59."));
}

#[tokio::test]
async fn whoever_waits_longest_is_never_left_out() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    wait_for_mia(&site, 0..203).await;

    let mut mia = site.browser_of("mia").await;
    let answers = mia.get("/answers").await.body;
    let mut tool = site.tool_of("acme:mia", &["obstacles"]).await;
    let told = tool.json("/api/v1/answers").await;
    let mine = site.browser_of("sam").await.get("/obstacles").await.body;

    for n in [0, 1, 202] {
        let text = format!("Need number {n}.");
        assert!(answers.contains(&text), "{text}");
        assert!(mine.contains(&text), "{text}");
    }
    assert_eq!(told["waiting"].as_array().unwrap().len(), 203);
    assert_eq!(told["waiting"][0]["text"], "Need number 0.");
}
