//! Whose turn it is, on the card and in the lists: by name, and with the question that was asked between.

use chrono::TimeDelta;
use latitude::domain::deal::Standing;
use reqwest::StatusCode;

use super::pyramid::send_up;
use super::site::{Answer, Browser, Site};

const QUESTION: [(&str, &str); 2] = [("kind", "one_question"), ("text", "Which clause?")];

async fn does(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Answer {
    let answer = browser.post(path, form).await;
    let status = answer.status;
    assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
    answer
}

#[tokio::test]
async fn the_one_question_stays_in_the_history_of_whose_turn_it_was() {
    let site = Site::open().await;
    let card = send_up(&site, "sam", "Legal has not looked at it", false).await;
    // Asked an hour after the promised day was over, and answered two days later.
    site.clock.advance(TimeDelta::hours(25));
    let mut mia = site.browser_of("mia").await;
    does(&mut mia, &format!("{card}/answer"), &QUESTION).await;
    site.clock.advance(TimeDelta::days(2));
    let reply = [("text", "The seventh")];
    let mut sam = site.browser_of("sam").await;
    does(&mut sam, &format!("{card}/reply"), &reply).await;

    let page = sam.get(&card).await.body;

    let turns = page.split("id=\"turns\"").nth(1).unwrap();
    let turns = turns.split("</section>").next().unwrap();
    let rows: Vec<&str> = turns.split("<li>").skip(1).collect();
    assert_eq!(rows.len(), 3, "{turns}");
    for (row, (who, how)) in rows.iter().zip([
        ("Manager, since 17 Nov", "asked one question, 18 Nov"),
        ("Seller, since 18 Nov", "replied, 20 Nov"),
        ("Manager, since 20 Nov", "to answer"),
    ]) {
        assert!(
            row.starts_with(who) && row.contains(how),
            "{who}, {how}: {row}"
        );
    }
    // The time had run out before the question: that is said, and is not for the reply.
    assert!(page.contains("Overdue:"), "{page}");
    assert!(page.contains("before the question"), "{page}");
    assert!(page.contains("Mia Manager promised an answer"), "{page}");
}

#[tokio::test]
async fn the_clock_names_whoever_owes_the_answer_and_the_product_owner_reads_of_themselves() {
    let site = Site::open().await;
    let card = send_up(&site, "sam", "They need single sign-on", true).await;
    let mut mia = site.browser_of("mia").await;
    let before = site.browser_of("sam").await.get(&card).await.body;
    let backing = [("kind", "passed_up"), ("text", "Four deals wait for it")];
    does(&mut mia, &format!("{card}/answer"), &backing).await;
    let mut pat = site.browser_of("pat").await;

    let queued = pat.get("/queue").await.body;
    let told = site.browser_of("sam").await.get(&card).await.body;
    does(&mut pat, &format!("{card}/answer"), &QUESTION).await;
    let [queue, answers] = [pat.get("/queue").await.body, pat.get("/answers").await.body];

    assert!(before.contains("Mia Manager answers by"), "{before}");
    assert!(queued.contains("Due from us by"), "{queued}");
    assert!(told.contains("Due from Product by"), "{told}");
    // What waits for the seller stands apart from what waits for an answer.
    for page in [queue, answers] {
        let (first, theirs) = page.split_once("The seller’s turn").unwrap();
        assert!(!first.contains("They need single sign-on"), "{page}");
        assert!(theirs.contains("They need single sign-on"), "{page}");
    }
}

#[tokio::test]
async fn a_kept_promise_is_still_told_as_kept_once_its_obstacle_is_closed() {
    let site = Site::open().await;
    for (deed, told) in [("kept", "It happened."), ("late", "It happened, late.")] {
        let card = send_up(&site, "sam", &format!("Audit {deed}"), false).await;
        let mut mia = site.browser_of("mia").await;
        let until = site.env.now().date_naive().to_string();
        let backed = [("kind", "backed"), ("until", until.as_str())];
        does(&mut mia, &format!("{card}/answer"), &backed).await;
        if deed == "late" {
            site.clock.advance(TimeDelta::days(1));
        }
        let mut sam = site.browser_of("sam").await;
        does(&mut sam, &format!("{card}/{deed}"), &[]).await;
        let close = [("outcome", "removed"), ("text", "")];
        does(&mut sam, &format!("{card}/close"), &close).await;

        let page = sam.get(&card).await.body;

        assert!(page.contains(told), "{told}: {page}");
        assert!(!page.contains("It was to happen by"), "{page}");
    }
}

#[tokio::test]
async fn an_obstacle_that_nobody_else_has_seen_is_given_to_a_deal_and_taken_from_it() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    site.deal("sue", "hers").await;
    let mut sam = site.browser_of("sam").await;
    let begun = sam.post("/obstacles", &[("text", "Legal is slow")]).await;
    let card = begun.header("location").to_owned();
    let reword = format!("{card}/reword");
    let mut ended = site.deal("sam", "over").await;
    let page = sam.get(&card).await.body;
    assert!(
        page.contains("<option value=\"acme/one\">Deal one"),
        "{page}"
    );

    let text = ("text", "Legal is slow");
    does(&mut sam, &reword, &[text, ("deal", "acme/one")]).await;
    let given = sam.get(&card).await.body;
    let on_deal = sam.get("/deals/acme/one").await.body;
    // A form that says nothing of the deal leaves it.
    does(&mut sam, &reword, &[text]).await;
    let left = sam.get(&card).await.body;
    let foreign = sam.post(&reword, &[text, ("deal", "acme/hers")]).await;
    does(&mut sam, &reword, &[text, ("deal", "")]).await;
    let taken = sam.get(&card).await.body;

    assert!(
        given.contains("href=\"/panel/acme/one\">Deal one</a>"),
        "{given}"
    );
    assert!(on_deal.contains("Legal is slow"), "{on_deal}");
    assert!(
        left.contains("href=\"/panel/acme/one\">Deal one</a>"),
        "{left}"
    );
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", foreign.body);
    assert!(!taken.contains("href=\"/panel/acme/one\""), "{taken}");

    // A deal that ended is not lost by other words.
    let over = ("deal", "acme/over");
    does(&mut sam, &reword, &[text, over]).await;
    ended.standing = Standing::Lost;
    site.take_up("acme", &ended).await;
    let page = sam.get(&card).await.body;
    assert!(
        page.contains("<option value=\"acme/over\" selected"),
        "{page}"
    );
    does(&mut sam, &reword, &[text, over]).await;
    assert!(sam.get(&card).await.body.contains("Deal lost"));
}
