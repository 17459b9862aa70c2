//! One deal's page.

use chrono::TimeDelta;
use latitude::domain::cadence::{Reason, State};
use latitude::domain::deal::Deal;
use latitude::domain::framework::Framework;
use latitude::domain::grade::Grade;
use latitude::domain::strategy::{Answers, Part};
use latitude::store::consider::Considered;
use reqwest::StatusCode;

use super::site::{Site, plain_deal, strategy};

#[tokio::test]
async fn a_deal_shows_the_strategy_with_the_words_that_earned_points() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    let mut changed = strategy();
    changed.conversation_goal = "Ines names who signs and by when.".to_owned();
    site.write(&deal, 2, &changed, Grade::Strong).await;

    let page = site.browser_of("mia").await.get("/deals/acme/one").await;

    assert_eq!(page.status, StatusCode::OK);
    let marked = page.body.split_once("<mark class=\"earned\" title=\"");
    let (rules, words) = marked.unwrap().1.split_once("\">").unwrap();
    assert!(
        !rules.is_empty() && words.starts_with("because she trusts peers"),
        "{words}"
    );
    assert!(
        page.body
            .contains("What would you try if that door were closed?")
    );
    assert!(
        page.body.contains("<ins>signs and by when.</ins>"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<del>signs.</del>"));
    assert!(page.body.contains("Strong") && page.body.contains("90 of 100"));
}

#[tokio::test]
async fn the_seller_gets_from_the_page_of_a_deal_to_its_questions_and_nobody_else_does() {
    let site = Site::open().await;
    site.deal("sam", "one").await;

    let own = site.browser_of("sam").await.get("/deals/acme/one").await;
    let manager = site.browser_of("mia").await.get("/deals/acme/one").await;

    assert!(
        own.body
            .contains("href=\"/panel/acme/one\">Write my strategy")
    );
    assert!(!manager.body.contains("/panel/"));
}

#[tokio::test]
async fn words_that_were_not_scored_are_not_marked_as_having_earned_anything() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    site.deal("sam", "one").await;
    sam.get("/panel/acme/one").await;
    let waits = "Nothing to do until marketing delivers the case study. Legal is slow as always \
        and product still has not built the connector.";
    let form = [("approach", waits)];

    let preview = sam.post("/panel/acme/one/preview", &form).await;

    let preview: serde_json::Value = serde_json::from_str(&preview.body).unwrap();
    assert_eq!(preview["grade"], "Not enough yet");
    assert_eq!(preview["parts"], serde_json::json!([]), "{preview}");
}

#[tokio::test]
async fn who_types_what_they_wrote_for_another_customer_reads_so_before_publishing() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let one = site.deal("sam", "one").await;
    site.write(&one, 1, &strategy(), Grade::Solid).await;
    let two = Deal {
        account: Some("Bolt Works".to_owned()),
        ..plain_deal("sam", "two")
    };
    site.take_up("acme", &two).await;
    sam.get("/panel/acme/two").await;
    let told = strategy();
    let form = [
        ("customer_outcome", told.customer_outcome.as_str()),
        ("conversation_goal", &told.conversation_goal),
        ("approach", &told.approach),
        ("obstacles", &told.obstacles),
        ("base", "0"),
    ];

    let preview = sam.post("/panel/acme/two/preview", &form).await;
    let published = sam.post("/panel/acme/two", &form).await;

    let preview: serde_json::Value = serde_json::from_str(&preview.body).unwrap();
    assert_eq!(preview["grade"], "Not enough yet");
    let asked = "much like your plan for Deal one";
    let notes = preview["private_notes"].to_string();
    assert!(notes.contains(asked), "{preview}");
    assert_eq!(published.status, StatusCode::SEE_OTHER);
    let own = sam.get("/deals/acme/two").await;
    let manager = site.browser_of("mia").await.get("/deals/acme/two").await;
    assert!(own.body.contains(asked) && manager.body.contains("Not enough yet"));
    assert!(!manager.body.contains(asked));
}

#[tokio::test]
async fn private_notes_are_for_the_seller_alone() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    let private = "Which part of this can you move yourself?";

    let own = site.browser_of("sam").await.get("/deals/acme/one").await;
    let manager = site.browser_of("mia").await.get("/deals/acme/one").await;

    assert!(own.body.contains(private));
    assert_eq!(manager.status, StatusCode::OK);
    assert!(!manager.body.contains(private));
}

#[tokio::test]
async fn whoever_may_not_see_a_deal_cannot_tell_that_it_exists() {
    let site = Site::open().await;
    site.found("other").await;
    site.deal("sam", "one").await;

    for person in ["xia", "sue", "max", "eva", "pat"] {
        let mut browser = site.browser_of(person).await;
        let theirs = browser.get("/deals/acme/one").await;
        let nothing = browser.get("/deals/acme/none").await;

        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{person}");
        // But for the token of its forms, which is masked anew each time.
        let body = |it: &str| {
            let parts = it.split("name=\"csrf\" value=\"");
            let parts = parts.map(|it| it.split_once('"').map_or(it, |(_, rest)| rest));
            parts.collect::<String>().replace(char::is_numeric, "")
        };
        assert_eq!(body(&theirs.body), body(&nothing.body), "{person}");
    }
    let mut other = site.browser();
    other.sign_in("other:mia").await;
    let answer = other.get("/deals/acme/one").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_check_date_is_a_change_like_any_other() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    mia.post("/deals/acme/one/talked", &[]).await;
    let mut changed = strategy();
    changed.check_on = "2026-12-04".parse().ok();
    site.write(&deal, 2, &changed, Grade::Solid).await;
    changed.check_on = None;
    site.write(&deal, 3, &changed, Grade::Solid).await;

    let panel = site.browser_of("sam").await.get("/panel/acme/one").await;
    let deal = mia.get("/deals/acme/one").await;
    let card = mia.get("/deals/acme/one/card").await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    let told = tool.json("/api/v1/deals/one").await;

    for page in [&panel.body, &deal.body] {
        assert!(!page.contains("No words changed"), "{page}");
        let moved = "<del>24 Nov</del><ins>4 Dec</ins> 2026";
        assert!(page.contains(moved), "{page}");
        assert!(page.contains("<del>4 Dec 2026</del>"), "{page}");
    }
    for page in [&deal.body, &card.body] {
        let since = "<span class=\"quiet\">Check on</span> <del>24 Nov 2026</del> <ins>none</ins>";
        assert!(page.contains(since), "{page}");
    }
    let change = serde_json::json!({"what": "Check on", "before": "24 Nov 2026", "now": "none"});
    let changes = told["since_last_talk"]["changes"].as_array().unwrap();
    assert!(changes.contains(&change), "{told}");
}

#[tokio::test]
async fn days_are_those_of_whoever_reads_them() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    // Half past midnight in Berlin, and still the day before by UTC.
    site.clock.advance(TimeDelta::minutes(14 * 60 + 30));
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    for (what, text) in [
        ("question", "Who else must agree?"),
        ("help", "I know their peer."),
        ("talked", ""),
    ] {
        mia.post(&format!("/deals/acme/one/{what}"), &[("text", text)])
            .await;
    }
    let promise = [("connection", "acme"), ("days", "2"), ("text", "")];
    mia.post("/promise", &promise).await;
    let mut sam = site.browser_of("sam").await;

    let panel = sam.get("/panel/acme/one").await.body;
    let own = sam.get("/deals/acme/one").await.body;
    let led = mia.get("/deals/acme/one").await.body;
    let promised = mia.get("/promise").await.body;
    let card = mia.get("/deals/acme/one/card").await.body;
    let told = site.tool_of("acme:sam", &["deals"]).await;
    let told = { told }.json("/api/v1/deals/one").await;

    assert!(panel.contains("Mia Manager, 18 Nov 2026"), "{panel}");
    assert!(own.contains("last on 18 Nov 2026"), "{own}");
    assert!(led.contains("I know their peer.") && promised.contains("18 Nov 2026"));
    assert_eq!(told["opened_by"][0]["on"], "2026-11-18");
    for page in [panel, own, led, promised, card] {
        assert!(
            !page.contains("17 Nov 2026<") && !page.contains("Manager, 17 Nov"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn answers_stand_under_the_questions_that_were_asked_when_they_were_written() {
    let site = Site::open().await;
    let mut deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    deal.stage = "s3".into();
    site.take_up("acme", &deal).await;
    let is_asked = Considered {
        id: "one".to_owned(),
        state: State::StageMovedOn.label(),
        asked_at: Some(site.env.now()),
        asked_reason: Some(Reason::StageMoved.word()),
        look_at: None,
        desired_mark: String::new(),
        write_at: None,
    };
    let mut tx = site.store.write().await.unwrap();
    tx.save_considered(&"acme".into(), &[is_asked])
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let own = site
        .browser_of("sam")
        .await
        .get("/deals/acme/one")
        .await
        .body;
    let manager = site
        .browser_of("mia")
        .await
        .get("/deals/acme/one")
        .await
        .body;
    let panel = site
        .browser_of("sam")
        .await
        .get("/panel/acme/one")
        .await
        .body;

    let framework = Framework::standard();
    let prompt = |stage| framework.prompt(framework.stage(stage), Part::Approach);
    for page in [&own, &manager] {
        assert!(page.contains(prompt("Proposal")), "{page}");
        assert!(!page.contains(prompt("Negotiation")), "{page}");
        assert!(page.contains("Written in Proposal,"), "{page}");
    }
    assert!(panel.contains(prompt("Negotiation")), "{panel}");
    // Nobody is told that they wrote what another did.
    assert!(own.contains("since you wrote your plan"), "{own}");
    assert!(!manager.contains("since you wrote your plan"), "{manager}");
    assert!(manager.contains("since the plan was written"), "{manager}");
}

#[tokio::test]
async fn a_part_without_a_word_that_earned_nothing_has_no_point_drawn_and_the_bars_are_explained() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    let words = Answers {
        conversation_goal: String::new(),
        ..strategy()
    };
    site.write(&deal, 1, &words, Grade::Solid).await;

    let page = site
        .browser_of("sam")
        .await
        .get("/deals/acme/one")
        .await
        .body;

    let bar = |name: &str| {
        let bar = page.split(&format!("<dt>{name}</dt>")).nth(1).unwrap();
        let told = bar.split("aria-label=\"").nth(1).unwrap();
        told.split(' ').next().unwrap().to_owned()
    };
    assert_eq!((bar("Goal").as_str(), bar("Approach").as_str()), ("0", "3"));
    assert!(
        page.contains("The score weighs the plan as a whole"),
        "{page}"
    );
}
