//! What a seller clears or changes back in the panel: it counts where they mean it, and is said where
//! it does not. Nothing is emptied by accident.

use latitude::domain::field::Field;
use reqwest::StatusCode;
use serde_json::Value;

use super::floor::Floor;
use crate::stage::{Stage, databases};
use crate::web::site::Browser;

const APPROACH: &str = "Walk Ines through the close of a peer, because she trusts peers.";
const OUTCOME: &str = "Ines, the CFO, wants to close the books in three days.";
const GOAL: &str = "Ines names who signs.";
const OBSTACLES: &str = "IT may say no; then we start with one plant.";
const NEED: &str = "Two days of an architect, from Ines of pre-sales, by 20 November.";

/// What one page of the panel was made from.
async fn base(browser: &mut Browser, panel: &str) -> String {
    let page = browser.get(panel).await.body;
    let base = page.split("name=\"base\" value=\"").nth(1).unwrap();
    base.split('"').next().unwrap().to_owned()
}

/// Publishes all the fields that the page has, with these in place of what stands there.
async fn publishes(browser: &mut Browser, panel: &str, other: &[(&str, &str)]) -> String {
    let base = base(browser, panel).await;
    let mut form = vec![
        ("customer_outcome", OUTCOME),
        ("conversation_goal", GOAL),
        ("approach", APPROACH),
        ("obstacles", OBSTACLES),
        ("need", NEED),
        ("check_on", "2026-11-24"),
        ("confidence", "40"),
        ("base", &base),
    ];
    form.retain(|(name, _)| other.iter().all(|(another, _)| name != another));
    form.extend(other);
    let answer = browser.post(panel, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    browser.get(answer.header("location")).await.body
}

fn between<'a>(body: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = body.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

/// What stands in the field of the need.
fn need(body: &str) -> &str {
    let field = between(body, "<textarea id=\"need\"", "</textarea>");
    field.split_once(">\n").unwrap().1
}

async fn version(floor: &Floor) -> i64 {
    floor.stage.dossier(floor.place).await.version
}

#[tokio::test]
async fn what_a_seller_takes_back_is_gone_here_and_in_the_crm() {
    for database in databases().await {
        let floor = Floor::on(Stage::set(&database, 20).await, |_| {}).await;
        let mut sam = floor.browser_of(&floor.seller).await;
        let panel = floor.panel();
        publishes(&mut sam, &panel, &[]).await;
        floor.settle().await;
        assert_eq!(floor.stage.shown(floor.place, Field::Need), NEED);
        let before = version(&floor).await;

        let cleared = [
            ("need", " "),
            ("take_back_need", "yes"),
            ("check_on", ""),
            ("take_back_check_on", "yes"),
        ];
        let page = publishes(&mut sam, &panel, &cleared).await;
        floor.settle().await;

        assert_eq!(need(&page), "");
        assert!(!page.contains("Not changed") && !page.contains("Draft kept"));
        let state = sam.get(&format!("{panel}/state")).await.body;
        assert!(
            state.contains("Published, and in the CRM: last written there "),
            "{state}"
        );
        for field in [Field::Need, Field::CheckOn] {
            let there = floor.stage.shown(floor.place, field);
            assert!(there == Value::Null || there == "", "{field:?}: {there}");
        }
        assert_eq!(floor.stage.shown(floor.place, Field::Approach), APPROACH);
        // What the CRM then tells is what was meant: no version of its own, no conflict.
        floor.stage.clock.advance(chrono::TimeDelta::minutes(20));
        floor.settle().await;
        assert_eq!(version(&floor).await, before + 1, "{database}");
        assert!(!sam.get(&panel).await.body.contains("Two versions"));
    }
}

#[tokio::test]
async fn an_empty_field_alone_takes_nothing_away_and_that_is_said() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    publishes(&mut sam, &panel, &[]).await;
    let before = version(&floor).await;

    let alone = publishes(&mut sam, &panel, &[("need", ""), ("check_on", "")]).await;
    let unchanged = version(&floor).await;
    let more = [
        ("need", ""),
        ("obstacles", "IT may say no; then their partner."),
    ];
    let with_more = publishes(&mut sam, &panel, &more).await;

    assert!(
        alone.contains("Not changed: What I need, Check on."),
        "{alone}"
    );
    assert_eq!(need(&alone), NEED);
    assert!(!alone.contains("Draft kept"));
    assert_eq!(unchanged, before);
    assert!(with_more.contains("Not changed: What I need."));
    assert!(need(&with_more) == NEED && with_more.contains("then their partner"));
    assert_eq!(version(&floor).await, before + 1);
}

#[tokio::test]
async fn neither_a_page_that_shows_no_such_field_nor_an_old_one_empties_anything() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let old = base(&mut sam, &panel).await;
    publishes(&mut sam, &panel, &[]).await;
    floor.settle().await;

    let page = base(&mut sam, &panel).await;
    let form = [("approach", "Ask Ada."), ("base", page.as_str())];
    let part = sam.post(&panel, &form).await;
    let form = [
        ("need", ""),
        ("take_back_need", "yes"),
        ("base", old.as_str()),
    ];
    sam.post(&panel, &form).await;
    floor.settle().await;

    assert!(part.header("location").ends_with(&panel), "nothing to say");
    assert_eq!(floor.stage.shown(floor.place, Field::Need), NEED);
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), "Ask Ada.");
}

#[tokio::test]
async fn what_was_taken_back_stays_so_where_the_seller_picks_it() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    publishes(&mut sam, &panel, &[]).await;
    floor.settle().await;
    let theirs = "Call the plant manager on Friday, since he owns the downtime.";
    floor.stage.types(floor.place, Field::Approach, theirs);
    let cleared = [("need", ""), ("take_back_need", "yes")];
    publishes(&mut sam, &panel, &cleared).await;
    floor.settle().await;
    assert!(sam.get(&panel).await.body.contains("Two versions at once"));
    assert_eq!(floor.stage.shown(floor.place, Field::Need), NEED);

    sam.post(&format!("{panel}/pick"), &[("pick", "mine")])
        .await;
    floor.settle().await;

    let there = floor.stage.shown(floor.place, Field::Need);
    assert!(there == Value::Null || there == "", "{there}");
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), APPROACH);
}

#[tokio::test]
async fn confidence_alone_is_kept_changed_and_taken_back_without_a_version() {
    for database in databases().await {
        let floor = Floor::on(Stage::set(&database, 20).await, |_| {}).await;
        let mut sam = floor.browser_of(&floor.seller).await;
        let panel = floor.panel();
        publishes(&mut sam, &panel, &[]).await;
        let before = version(&floor).await;

        let higher = publishes(&mut sam, &panel, &[("confidence", "70")]).await;
        let base = base(&mut sam, &panel).await;
        let form = [
            ("customer_outcome", OUTCOME),
            ("conversation_goal", GOAL),
            ("approach", APPROACH),
            ("obstacles", OBSTACLES),
            ("need", NEED),
            ("check_on", "2026-11-24"),
            ("base", &base),
            ("confidence", "20"),
        ];
        sam.post(&format!("{panel}/draft"), &form).await;
        let draft = sam.get(&panel).await.body;
        let lower = publishes(&mut sam, &panel, &[("confidence", "20")]).await;
        let none = publishes(&mut sam, &panel, &[("confidence", "")]).await;
        let same = publishes(&mut sam, &panel, &[("confidence", "")]).await;

        for (page, percent) in [(&higher, "70"), (&draft, "20"), (&lower, "20")] {
            let chosen = format!("value=\"{percent}\" selected");
            assert!(page.contains(&chosen), "{percent}: {page}");
        }
        assert!(higher.contains("Your confidence is kept"), "{higher}");
        assert!(draft.contains("Draft kept") && !lower.contains("Draft kept"));
        assert!(!none.contains("selected"), "{none}");
        assert!(
            same.contains("Nothing has changed since you last published"),
            "{same}"
        );
        assert_eq!(version(&floor).await, before, "{database}");
    }
}

#[tokio::test]
async fn a_draft_that_was_changed_back_is_none() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    publishes(&mut sam, &panel, &[]).await;
    let base = base(&mut sam, &panel).await;
    let draft = format!("{panel}/draft");
    let mut form = vec![
        ("approach", "Ask Ada."),
        ("customer_outcome", OUTCOME),
        ("conversation_goal", GOAL),
        ("obstacles", OBSTACLES),
        ("need", NEED),
        ("check_on", "2026-11-24"),
        ("confidence", "40"),
        ("base", base.as_str()),
        ("window", "left"),
    ];
    sam.post(&draft, &form).await;
    assert!(sam.get(&panel).await.body.contains("Draft kept"));

    form[0].1 = APPROACH;
    sam.post(&draft, &form).await;

    let page = sam.get(&panel).await.body;
    assert!(!page.contains("Draft kept") && page.contains("value=\"40\" selected"));
}

#[tokio::test]
async fn a_date_that_cannot_be_read_is_refused_in_words_and_given_back() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    for (date, known) in [
        ("4.12.2026", false),
        ("+262142-12-31", false),
        ("2026-12-04", true),
    ] {
        for what in ["", "/draft"] {
            let base = base(&mut sam, &panel).await;
            let form = [("approach", APPROACH), ("check_on", date), ("base", &base)];

            let answer = sam.post(&format!("{panel}{what}"), &form).await;

            if known {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
                continue;
            }
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            let told = format!("Check on: “{}” is no day", date.replace('+', "&#43;"));
            let body = answer.body.replace('+', "&#43;");
            assert!(body.contains(&told), "{body}");
            assert!(body.contains("such as 2026-12-04") && body.contains(APPROACH));
        }
    }
}

#[tokio::test]
async fn a_browser_lets_go_of_words_only_once_they_have_arrived() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let began = base(&mut sam, &panel).await;
    let asked = format!("{panel}/arrived");
    let words = |approach: &'static str, base: &str| {
        let form = [("approach", approach), ("confidence", "40"), ("base", base)];
        form.map(|(name, text)| (name, text.to_owned()))
    };
    let arrived = async |sam: &mut Browser, approach: &'static str, base: &str| {
        let form = words(approach, base);
        let form: Vec<(&str, &str)> = form.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let answer = sam.post(&asked, &form).await;
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        told["arrived"].as_bool().unwrap()
    };

    // Another version was made meanwhile, and these words are in none.
    floor
        .stage
        .types(floor.place, Field::Approach, "Call the plant manager.");
    floor.settle().await;
    assert_ne!(base(&mut sam, &panel).await, began);
    assert!(!arrived(&mut sam, APPROACH, &began).await);
    // Words of a version from before the one they began from have not arrived again.
    let then = base(&mut sam, &panel).await;
    let drafted = words("Ask Ada.", &then);
    let drafted: Vec<(&str, &str)> = drafted.iter().map(|(a, b)| (*a, b.as_str())).collect();
    sam.post(&format!("{panel}/draft"), &drafted).await;
    assert!(arrived(&mut sam, "Ask Ada.", &then).await, "as a draft");
    publishes(&mut sam, &panel, &[]).await;
    assert!(arrived(&mut sam, APPROACH, &then).await, "as a version");
    let now = base(&mut sam, &panel).await;
    assert!(!arrived(&mut sam, "Call the plant manager.", &now).await);
    assert!(!arrived(&mut sam, "Show Ines both plants.", &then).await);
}
