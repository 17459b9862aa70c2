//! The whole story from both ends, with a moved clock: panel to CRM field, obstacle to answer.

use std::sync::Arc;

use latitude::domain::field::Field;
use latitude::domain::obstacle::kinds::State;
use latitude::store::obstacles::{Card, Which};
use reqwest::{Method, StatusCode};

use super::floor::Floor;
use crate::stage::{Stage, sqlite};
use crate::web::site::Browser;

const APPROACH: &str = "Walk Ines through the close of a peer on Thursday, because she trusts \
    peers more than slides; if IT stalls we start with one plant.";

fn words(csrf_free: &str) -> Vec<(&'static str, String)> {
    [
        (
            "customer_outcome",
            "Ines, the CFO, wants to close the books in three days instead of nine.",
        ),
        (
            "conversation_goal",
            "Ines names who signs and agrees the date of the proof by 24 November.",
        ),
        ("approach", APPROACH),
        (
            "obstacles",
            "IT may refuse; then I start with one plant, or bring the partner's gateway.",
        ),
        ("need", ""),
        ("check_on", "2026-11-24"),
        ("confidence", "60"),
        ("base", csrf_free),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .to_vec()
}

async fn post(
    browser: &mut Browser,
    path: &str,
    form: &[(&'static str, String)],
) -> crate::web::site::Answer {
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    browser.post(path, &form).await
}

async fn cards(floor: &Floor) -> Vec<Card> {
    let store = &floor.stage.engine.store;
    let which = Which::OfSeller(floor.seller.id.as_str());
    store
        .read()
        .await
        .unwrap()
        .cards(&floor.stage.id, which)
        .await
        .unwrap()
}

async fn begins(floor: &Floor, text: &str) -> String {
    let mut sam = floor.browser_of(&floor.seller).await;
    let deal = format!("{}/{}", floor.stage.id, floor.deal);
    let answer = sam
        .post("/obstacles", &[("text", text), ("deal", &deal)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.header("location").to_owned()
}

fn send_up(ground: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("ground", ground),
        ("what", "Two days of an architect"),
        ("whom", "Ines of pre-sales"),
        ("by", "2026-11-30"),
    ]
}

#[tokio::test]
async fn what_a_seller_publishes_in_the_panel_stands_in_the_crm() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();

    let page = sam.get(&panel).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("my strategy") && page.body.contains("Publish"));
    let base = page.body.split("name=\"base\" value=\"").nth(1).unwrap();
    let base = base.split('"').next().unwrap().to_owned();
    let form = words(&base);

    let preview = post(&mut sam, &format!("{panel}/preview"), &form).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    let preview: serde_json::Value = serde_json::from_str(&preview.body).unwrap();
    assert!(preview["grade"].is_string() && preview["notes"].as_array().unwrap().len() <= 2);

    let kept = post(&mut sam, &format!("{panel}/draft"), &form).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    let page = floor.browser_of(&floor.seller).await.get(&panel).await;
    assert!(page.body.contains("names who signs and agrees") && page.body.contains("Draft kept"));
    assert!(
        floor
            .browser_of(&floor.manager)
            .await
            .get(&panel)
            .await
            .status
            == StatusCode::NOT_FOUND
    );

    let published = post(&mut sam, &panel, &form).await;
    assert_eq!(
        published.status,
        StatusCode::SEE_OTHER,
        "{}",
        published.body
    );
    let page = sam.get(&panel).await;
    assert!(
        page.body.contains("Saved. On its way to the CRM."),
        "{}",
        page.body
    );

    floor.settle().await;

    let state = sam.get(&format!("{panel}/state")).await;
    assert!(
        state
            .body
            .contains("Published, and in the CRM: last written there "),
        "{}",
        state.body
    );
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), APPROACH);
    let grade = preview["grade"].as_str().unwrap();
    assert_eq!(floor.stage.shown(floor.place, Field::Grade), grade);
}

#[tokio::test]
async fn an_edit_in_the_crm_at_the_same_time_keeps_both_and_the_seller_picks() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let page = sam.get(&panel).await;
    let base = page.body.split("name=\"base\" value=\"").nth(1).unwrap();
    let base = base.split('"').next().unwrap().to_owned();
    let theirs = "Call the plant manager on Friday, since he owns the downtime.";
    floor.stage.types(floor.place, Field::Approach, theirs);

    post(&mut sam, &panel, &words(&base)).await;
    floor.settle().await;

    let page = sam.get(&panel).await;
    assert!(page.body.contains("Two versions at once"), "{}", page.body);
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), theirs);
    let picked = sam
        .post(&format!("{panel}/pick"), &[("pick", "mine")])
        .await;
    assert_eq!(picked.status, StatusCode::SEE_OTHER, "{}", picked.body);
    floor.settle().await;
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), APPROACH);
    assert!(!sam.get(&panel).await.body.contains("Two versions at once"));
}

#[tokio::test]
async fn a_need_is_backed_and_kept() {
    let floor = Floor::open().await;
    let card = begins(&floor, "Their security team wants single sign-on").await;
    let mut sam = floor.browser_of(&floor.seller).await;

    let bare = sam
        .post(&format!("{card}/send"), &send_up("own_option"))
        .await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        bare.body.contains("at least one option of your own"),
        "{}",
        bare.body
    );
    let before = floor.browser_of(&floor.manager).await.get(&card).await;
    assert_eq!(before.status, StatusCode::NOT_FOUND);
    let sent = sam
        .post(&format!("{card}/send"), &send_up("think_with_me"))
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);

    floor.settle().await;
    assert_eq!(
        floor.stage.shown(floor.place, Field::NeedState),
        "With manager"
    );
    let mut mia = floor.browser_of(&floor.manager).await;
    let page = mia.get("/answers").await;
    assert!(page.body.contains("single sign-on"), "{}", page.body);
    assert_eq!(
        floor
            .browser_of(&floor.director)
            .await
            .get(&card)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let seen = mia
        .post(&format!("{card}/answer"), &[("kind", "seen")])
        .await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    let short = mia
        .post(
            &format!("{card}/answer"),
            &[("kind", "no"), ("text", "Too dear"), ("more", "Budget")],
        )
        .await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let asked = mia
        .post(
            &format!("{card}/answer"),
            &[("kind", "one_question"), ("text", "Which system?")],
        )
        .await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    assert!(sam.get(&card).await.body.contains("Which system?"));
    let replied = sam
        .post(&format!("{card}/reply"), &[("text", "Billing")])
        .await;
    assert_eq!(replied.status, StatusCode::SEE_OTHER, "{}", replied.body);
    let backed = mia
        .post(
            &format!("{card}/answer"),
            &[("kind", "backed"), ("until", "2026-11-24")],
        )
        .await;
    assert_eq!(backed.status, StatusCode::SEE_OTHER, "{}", backed.body);
    let own = mia.post(&format!("{card}/kept"), &[]).await;
    assert_eq!(own.status, StatusCode::NOT_FOUND);

    floor.settle().await;
    assert_eq!(floor.stage.shown(floor.place, Field::NeedState), "Answered");
    assert!(sam.get("/").await.body.contains("Promised"));
    let kept = sam.post(&format!("{card}/kept"), &[]).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    assert_eq!(cards(&floor).await[0].obstacle.state, State::Kept);
    let close = [
        ("outcome", "worked_around"),
        ("helped", "yes"),
        ("text", "Their gateway did it"),
    ];
    sam.post(&format!("{card}/close"), &close).await;
    let library = floor
        .browser_of(&floor.director)
        .await
        .get("/library?q=gateway")
        .await;
    assert!(
        library.body.contains("Their gateway did it"),
        "{}",
        library.body
    );
}

#[tokio::test]
async fn silence_reminds_the_responder_then_goes_up() {
    let floor = Floor::open().await;
    let card = begins(&floor, "Legal has not looked at the contract").await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let option = [
        ("kind", "terms"),
        ("text", "Their own paper, with our annex"),
    ];
    sam.post(&format!("{card}/option"), &option).await;
    sam.post(&format!("{card}/choose"), &[("option", "0")])
        .await;
    let sent = sam
        .post(&format!("{card}/send"), &send_up("own_option"))
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let clock = cards(&floor).await[0]
        .obstacle
        .turn()
        .unwrap()
        .clock
        .clone();
    let hours = floor.hours(&floor.manager);
    let at = |percent| clock.at_percent(&hours, percent).unwrap();

    floor.move_to(at(50));
    let page = floor.browser_of(&floor.manager).await.get("/answers").await;
    assert!(
        page.body.contains("half the time has gone"),
        "{}",
        page.body
    );

    floor.move_to(at(100));
    let page = floor.browser_of(&floor.manager).await.get("/").await;
    assert!(page.body.contains("Overdue"), "{}", page.body);
    floor.settle().await;
    assert_eq!(floor.stage.shown(floor.place, Field::NeedState), "Overdue");
    let mut sam = floor.browser_of(&floor.seller).await;
    assert!(!sam.get(&card).await.body.contains("Pass it up"));
    let early = sam.post(&format!("{card}/over"), &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);

    floor.move_to(at(150));
    let mut sam = floor.browser_of(&floor.seller).await;
    assert!(sam.get(&card).await.body.contains("Pass it up"));
    let over = sam.post(&format!("{card}/over"), &[]).await;
    assert_eq!(over.status, StatusCode::SEE_OTHER, "{}", over.body);
    floor.settle().await;
    assert_eq!(
        floor.stage.shown(floor.place, Field::NeedState),
        "With director"
    );
    let mut dan = floor.browser_of(&floor.director).await;
    assert!(
        dan.get("/answers")
            .await
            .body
            .contains("Legal has not looked")
    );
    let page = dan.get(&card).await;
    assert!(page.body.contains("no answer yet"), "{}", page.body);
    let until = (floor.stage.env.now() + chrono::TimeDelta::days(7))
        .date_naive()
        .to_string();
    let backed = dan
        .post(
            &format!("{card}/answer"),
            &[("kind", "backed"), ("until", &until)],
        )
        .await;
    assert_eq!(backed.status, StatusCode::SEE_OTHER, "{}", backed.body);
}

#[tokio::test]
async fn a_draft_is_kept_without_script_and_thrown_away_once_published() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let form = words("0");
    let origin = floor.base.clone();
    sam.get(&panel).await;
    let csrf = sam.csrf.clone();
    let plain: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();

    let script = sam
        .send(
            Method::POST,
            &format!("{panel}/draft"),
            Some(&plain),
            &[("origin", &origin), ("x-csrf-token", &csrf)],
        )
        .await;

    assert_eq!(script.status, StatusCode::NO_CONTENT, "{}", script.body);
}

#[tokio::test]
async fn a_field_that_shows_little_says_so_where_one_types() {
    let floor = Floor::open().await;
    let mut browser = floor.browser_of(&floor.seller).await;
    let before = browser.get(&floor.panel()).await;
    floor.stage.goals_hold(255).await;

    let after = browser.get(&floor.panel()).await;

    assert!(!before.body.contains("shows the first"));
    assert_eq!(
        after.body.matches("shows the first 255 characters").count(),
        1
    );
}

#[tokio::test]
async fn a_need_by_a_day_that_is_over_is_refused_in_words() {
    let floor = Floor::open().await;
    let card = begins(&floor, "Legal has not looked at the contract").await;
    let mut sam = floor.browser_of(&floor.seller).await;
    for (by, said) in [
        ("2020-01-01", "1 Jan 2020 is over"),
        ("4.12.2026", "“4.12.2026” is no day"),
        ("+262142-12-31", "is no day"),
        ("", "by when"),
    ] {
        let mut form = send_up("think_with_me");
        form.retain(|(name, _)| *name != "by");
        form.push(("by", by));

        let refused = sam.post(&format!("{card}/send"), &form).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{by}");
        assert!(refused.body.contains(said), "{by}: {}", refused.body);
        assert!(refused.body.contains("Two days of an architect"));
    }
    assert_eq!(cards(&floor).await[0].obstacle.state, State::Draft);
}

#[tokio::test]
async fn a_question_stands_in_the_crm_under_the_day_it_was_by_the_companys_clock() {
    let mut stage = Stage::set(&sqlite(), 20).await;
    let mut framework = (*stage.engine.framework).clone();
    framework.cadence.time_zone = "America/New_York".to_owned();
    stage.engine.framework = Arc::new(framework);
    let floor = Floor::on(stage, |_| {}).await;
    floor.move_to("2026-11-30T02:44:00Z".parse().unwrap());
    let mut mia = floor.browser_of(&floor.manager).await;
    let deal = floor.panel().replace("/panel/", "/deals/");

    let asked = [("text", "Who besides Ines would notice?")];
    mia.get(&deal).await;
    let posted = mia.post(&format!("{deal}/question"), &asked).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{}", posted.body);
    floor.settle().await;

    let coaching = floor.stage.shown(floor.place, Field::Coaching);
    let coaching = coaching.as_str().unwrap();
    assert!(
        coaching.contains("2026-11-29 — your manager asks"),
        "{coaching}"
    );
}
