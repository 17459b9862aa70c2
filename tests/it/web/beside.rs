//! What stands beside a deal: what is needed for it, whose turn it is, and what became of a question.

use chrono::TimeDelta;
use latitude::domain::cadence::{Reason, State};
use latitude::domain::grade::Grade;
use latitude::domain::people::Person;
use latitude::store::consider::Considered;
use latitude::store::tx::statements;
use reqwest::StatusCode;

use super::site::{Browser, Site, strategy};

/// An obstacle to a deal of Sam's, as far as it was written down.
async fn begun(sam: &mut Browser, text: &str, deal: &str) -> String {
    let deal = format!("acme/{deal}");
    let form = [("text", text), ("deal", &*deal)];
    let begun = sam.post("/obstacles", &form).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    begun.header("location").to_owned()
}

/// The same, sent up to Mia.
async fn sent_up(sam: &mut Browser, text: &str, deal: &str) -> String {
    let card = begun(sam, text, deal).await;
    let form = [
        ("ground", "think_with_me"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2026-11-30"),
    ];
    let sent = sam.post(&format!("{card}/send"), &form).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    card
}

#[tokio::test]
async fn a_deal_says_what_is_needed_for_it_to_whoever_may_see_that() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.deal("sam", "two").await;
    let mut sam = site.browser_of("sam").await;
    let card = sent_up(&mut sam, "Legal has not looked at it", "one").await;
    begun(&mut sam, "Their audit is a mess", "one").await;
    sent_up(&mut sam, "Quite another thing", "two").await;

    let own = sam.get("/deals/acme/one").await.body;
    let panel = sam.get("/panel/acme/one").await.body;
    let shown = sam.get("/deals/acme/one/card").await.body;
    let mut mia = site.browser_of("mia").await;
    let led = mia.get("/deals/acme/one").await.body;
    let talk = mia.get("/deals/acme/one/card").await.body;
    let above = site.browser_of("dan").await.get("/deals/acme/one").await;

    for (name, page) in [
        ("own", &own),
        ("panel", &panel),
        ("shown", &shown),
        ("led", &led),
        ("talk", &talk),
    ] {
        let (_, needs) = page.split_once("Needs on this deal").unwrap();
        assert!(
            needs.contains("Legal has not looked at it"),
            "{name}: {page}"
        );
        assert!(needs.contains(&card), "{name}: {page}");
        let private = page.contains("Their audit is a mess");
        assert_eq!(private, ["own", "panel"].contains(&name), "{name}: {page}");
        assert!(!page.contains("Quite another thing"), "{name}: {page}");
    }
    assert!(led.contains("I answer by"), "{led}");
    assert!(own.contains("href=\"/obstacles?deal=acme%2Fone\""), "{own}");
    assert_eq!(above.status, StatusCode::OK);
    assert!(
        !above.body.contains("Legal has not looked at it"),
        "it was not their turn"
    );
}

#[tokio::test]
async fn a_managers_open_question_comes_first_on_the_talk_card_and_is_said_to_be_answered() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.clock.advance(TimeDelta::hours(1));
    let mut mia = site.browser_of("mia").await;
    let question = [("text", "Who else must agree?")];
    mia.post("/deals/acme/one/question", &question).await;

    let card = mia.get("/deals/acme/one/card").await.body;
    let (_, asked) = card
        .split_once("Questions to think about together")
        .unwrap();
    let (_, first) = asked.split_once("<li>").unwrap();
    assert!(first.starts_with("Who else must agree?"), "{card}");
    assert!(!mia.get("/").await.body.contains("answered your question"));
    assert!(
        !mia.get("/deals/acme/one")
            .await
            .body
            .contains("Answered by")
    );

    site.clock.advance(TimeDelta::days(1));
    site.write(&deal, 2, &strategy(), Grade::Solid).await;
    let mut mia = site.browser_of("mia").await;
    let page = mia.get("/deals/acme/one").await.body;
    assert!(
        page.contains("Answered by version 2, 18 Nov 2026"),
        "{page}"
    );
    let home = mia.get("/").await.body;
    let told = "href=\"/deals/acme/one\">Sam Seller answered your question on Deal one";
    assert!(home.contains(told), "{home}");
    let card = mia.get("/deals/acme/one/card").await.body;
    assert!(!card.contains("Who else must agree?"), "{card}");
    for other in ["dan", "sam", "max"] {
        let home = site.browser_of(other).await.get("/").await.body;
        assert!(!home.contains("answered your question"), "{other}: {home}");
    }
    site.clock.advance(TimeDelta::days(8));
    let home = site.browser_of("mia").await.get("/").await.body;
    assert!(!home.contains("answered your question"), "no news any more");
}

#[tokio::test]
async fn a_question_about_an_obstacle_makes_it_the_sellers_turn_on_every_page() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    site.deal("sam", "one").await;
    let card = sent_up(&mut sam, "Legal has not looked at it", "one").await;
    sent_up(&mut sam, "Their audit blocks us", "one").await;
    // Asked when the answer was overdue already: it is the seller's turn all the same.
    site.clock.advance(TimeDelta::days(2));
    let (mut sam, mut mia) = (site.browser_of("sam").await, site.browser_of("mia").await);
    let answer = [("kind", "one_question"), ("text", "Which clause?")];
    let asked = mia.post(&format!("{card}/answer"), &answer).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    let told = mia.get(asked.header("location")).await.body;
    assert!(
        told.contains("Your question is on its way to Sam Seller."),
        "{told}"
    );

    let home = sam.get("/").await.body;
    let (_, wanted) = home.split_once("Asked of me").unwrap();
    let (wanted, rest) = wanted.split_once("Who owes me an answer").unwrap();
    let told = "Mia Manager asked a question. Your reply restarts the clock.";
    assert!(
        wanted.contains(told) && wanted.contains("Which clause?"),
        "{wanted}"
    );
    assert!(!rest.contains("Legal has not looked at it"), "{rest}");
    assert!(rest.contains("Their audit blocks us"), "{rest}");
    let page = sam.get(&card).await.body;
    let (_, turns) = page.split_once("Whose turn").unwrap();
    assert!(turns.contains("asked one question"), "{turns}");
    assert!(
        turns.contains("Seller, since") && turns.contains("to reply"),
        "{turns}"
    );
    for path in ["/", "/answers", "/board"] {
        let page = mia.get(path).await.body;
        let due = page.find("Their audit blocks us").unwrap();
        let waits = page.find("Legal has not looked at it").unwrap();
        let theirs = page.find("The seller’s turn").unwrap();
        assert!(due < theirs && theirs < waits, "{path}: {page}");
        let page = page.replace("&#39;", "'");
        assert!(
            page.contains("Waiting for Sam Seller’s reply"),
            "{path}: {page}"
        );
    }

    sam.post(&format!("{card}/reply"), &[("text", "Clause 7")])
        .await;
    let home = sam.get("/").await.body;
    assert!(!home.contains("restarts the clock"), "{home}");
    let (_, owed) = home.split_once("Who owes me an answer").unwrap();
    assert!(owed.contains("Legal has not looked at it"), "{owed}");
}

#[tokio::test]
async fn a_seller_finds_what_their_manager_promised_where_it_counts() {
    let site = Site::open().await;
    let mut mia = site.browser_of("mia").await;
    let words = "Before ten I answer at once.";
    let promise = [("connection", "acme"), ("days", "1"), ("text", words)];
    mia.post("/promise", &promise).await;
    let mut sam = site.browser_of("sam").await;
    site.deal("sam", "one").await;
    let card = begun(&mut sam, "Legal has not looked at it", "one").await;

    for path in ["/", &card] {
        let page = sam.get(path).await.body;
        assert!(
            page.contains("Mia Manager answers within 1 business day."),
            "{page}"
        );
        assert!(page.contains(words), "{page}");
    }
    let home = site.browser_of("eva").await.get("/").await.body;
    assert!(!home.contains("answers within"), "nobody leads her: {home}");
}

#[tokio::test]
async fn whoever_has_just_written_a_strategy_is_not_told_that_there_is_none() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    let asked = Considered {
        id: deal.id.as_str().to_owned(),
        state: State::Asked.label(),
        asked_at: Some(site.env.now()),
        asked_reason: Some(Reason::NewDeal.word()),
        look_at: None,
        desired_mark: String::new(),
        write_at: None,
    };
    let mut tx = site.store.write().await.unwrap();
    tx.save_considered(&"acme".into(), &[asked]).await.unwrap();
    tx.commit().await.unwrap();
    const NONE: &str = "This deal has no strategy yet.";
    let mut sam = site.browser_of("sam").await;
    assert!(sam.get("/panel/acme/one").await.body.contains(NONE));

    site.write(&deal, 1, &strategy(), Grade::Thin).await;

    for path in ["/panel/acme/one", "/deals/acme/one", "/"] {
        let page = sam.get(path).await.body;
        assert!(!page.contains(NONE), "{path}: {page}");
    }
}

/// Mia asks her one question, Sam replies, and Mia says no.
async fn talked_over(site: &Site, card: &str) {
    let question = [("kind", "one_question"), ("text", "Who there signs?")];
    let no = [
        ("kind", "no"),
        ("text", "Their paper is what we sign with everyone"),
        ("more", "A clause that we cannot carry"),
    ];
    for (who, deed, form) in [
        ("mia", "answer", &question[..]),
        ("sam", "reply", &[("text", "Ines does")]),
        ("mia", "answer", &no),
    ] {
        let mut browser = site.browser_of(who).await;
        browser.get(card).await;
        let done = browser.post(&format!("{card}/{deed}"), form).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}

#[tokio::test]
async fn whoever_said_something_keeps_their_name_when_they_leave_however_much_they_said() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let (talked, quiet) = (
        sent_up(&mut sam, "Legal has not looked at it", "one").await,
        sent_up(&mut sam, "Quite another thing", "one").await,
    );
    talked_over(&site, &talked).await;
    let no = [
        ("kind", "no"),
        ("text", "There is another way to the same end"),
        ("more", "A second lawyer"),
    ];
    let mut mia = site.browser_of("mia").await;
    mia.get(&quiet).await;
    mia.post(&format!("{quiet}/answer"), &no).await;
    let mut tx = site.store.write().await.unwrap();
    let left = Person {
        id: "mia".into(),
        name: "Mia Manager".to_owned(),
        email: None,
        active: false,
        manager: None,
        time_zone: None,
    };
    tx.save_people(&"acme".into(), &[left]).await.unwrap();
    tx.commit().await.unwrap();

    let mut costs = Vec::new();
    for card in [&talked, &quiet] {
        let before = statements();
        let page = sam.get(card).await.body;
        costs.push(statements() - before);
        assert!(page.contains("Mia Manager"), "{page}");
        assert!(!page.contains("Someone who has left"), "{page}");
    }
    let mut tool = site.tool_of("acme:sam", &["obstacles"]).await;
    let id = talked.rsplit('/').next().unwrap();
    let told = tool.json(&format!("/api/v1/obstacles/{id}")).await;

    assert_eq!(costs[0], costs[1]);
    assert_eq!(told["said"][0]["who"], "Mia Manager", "{told}");
    assert_eq!(told["said"][1]["who"], "Sam Seller", "{told}");
}
