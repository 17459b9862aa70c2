//! Which questions a seller is asked back, in the CRM and on every page: those that apply here.

use chrono::TimeDelta;
use latitude::domain::field::Field;
use reqwest::StatusCode;

use super::embed::{enter, signed};
use super::floor::Floor;
use crate::web::site::{Answer, Browser, Site};

/// A plan that raises more questions than are shown.
const THIN: [(&str, &str); 4] = [
    (
        "customer_outcome",
        "The bakery wants a new oven for the second shop in town",
    ),
    (
        "conversation_goal",
        "Present our oven range and go over the quote",
    ),
    (
        "approach",
        "Show the brochure and explain our warranty and energy class",
    ),
    ("obstacles", "The price of the oven"),
];

fn typed<'a>(base: &'a str, more: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let mut form = THIN.to_vec();
    form.push(("base", base));
    form.extend(more);
    form
}

async fn publishes(sam: &mut Browser, panel: &str, form: &[(&str, &str)]) {
    sam.get(panel).await;
    let published = sam.post(panel, form).await;
    assert_eq!(
        published.status,
        StatusCode::SEE_OTHER,
        "{}",
        published.body
    );
}

/// The names and texts of the questions that the panel asks, each with its "does not apply here".
async fn asked(sam: &mut Browser, panel: &str) -> Vec<(String, String)> {
    let page = plain(&sam.get(panel).await);
    let (_, notes) = page.split_once("<div id=\"notes\">").unwrap();
    let (notes, _) = notes.split_once("id=\"private-notes\"").unwrap();
    let notes = notes.split("<div class=\"note\"><p>").skip(1);
    notes
        .map(|note| {
            let (text, rest) = note.split_once("</p>").unwrap();
            let (_, name) = rest.split_once("name=\"note\" value=\"").unwrap();
            let name = name.split('"').next().unwrap();
            (name.to_owned(), text.to_owned())
        })
        .collect()
}

fn plain(page: &Answer) -> String {
    page.body.replace("&#39;", "'").replace("&#34;", "\"")
}

fn coaching(floor: &Floor) -> String {
    let shown = floor.stage.shown(floor.place, Field::Coaching);
    shown.as_str().unwrap_or_default().to_owned()
}

fn shows(page: &Answer, text: &str) -> bool {
    plain(page).contains(text)
}

#[tokio::test]
async fn what_does_not_apply_here_gives_way_to_the_next_question_on_every_page() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let panel = "/panel/acme/one";
    publishes(&mut sam, panel, &typed("0", &[])).await;
    let first = asked(&mut sam, panel).await;
    assert_eq!(first.len(), 2, "{first:?}");

    for (name, _) in &first {
        let away = sam.post(&format!("{panel}/note"), &[("note", name)]).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
    }

    let next = asked(&mut sam, panel).await;
    assert_eq!(next.len(), 2, "more apply: {next:?}");
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    let told = tool.json("/api/v1/deals/one").await;
    let told = told["assessment"]["coaching"].clone();
    assert_eq!(told, serde_json::json!([next[0].1, next[1].1]));
    let mut mia = site.browser_of("mia").await;
    for page in [
        sam.get("/deals/acme/one").await,
        mia.get("/deals/acme/one").await,
        mia.get("/deals/acme/one/card").await,
    ] {
        for (name, text) in &first {
            assert!(!shows(&page, text), "{name}: {}", page.body);
        }
        for (name, text) in &next {
            assert!(shows(&page, text), "{name}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn what_did_not_apply_can_be_asked_again() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let panel = "/panel/acme/one";
    publishes(&mut sam, panel, &typed("0", &[])).await;
    let before = asked(&mut sam, panel).await;
    let (name, text) = before[0].clone();
    let away = sam.post(&format!("{panel}/note"), &[("note", &name)]).await;
    assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
    let page = plain(&sam.get(panel).await);
    let (_, aside) = page.split_once("id=\"dismissed\"").unwrap();
    assert!(aside.contains(&text), "{aside}");
    let shown = sam
        .post(&format!("{panel}/preview"), &typed("1", &[]))
        .await;
    let shown: serde_json::Value = serde_json::from_str(&shown.body).unwrap();
    assert_eq!(shown["dismissed"][0]["name"], name.as_str(), "{shown}");

    let again = [("note", name.as_str()), ("again", "yes")];
    let back = sam.post(&format!("{panel}/note"), &again).await;

    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
    assert_eq!(asked(&mut sam, panel).await, before);
    let page = plain(&sam.get(panel).await);
    let (_, aside) = page.split_once("id=\"dismissed\"").unwrap();
    assert!(!aside.contains(&text), "{aside}");
}

#[tokio::test]
async fn what_does_not_apply_here_gives_way_in_the_crm_and_in_its_frame_too() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    publishes(&mut sam, &panel, &typed("1", &[("need", "")])).await;
    floor.settle().await;
    let first = asked(&mut sam, &panel).await;
    let shown = coaching(&floor);
    assert!(
        first.len() == 2 && first.iter().all(|(_, text)| shown.contains(text)),
        "{shown}"
    );

    for (name, _) in &first {
        sam.post(&format!("{panel}/note"), &[("note", name)]).await;
    }
    floor.settle().await;

    let next = asked(&mut sam, &panel).await;
    let shown = coaching(&floor);
    assert_eq!(next.len(), 2, "{next:?}");
    assert!(next.iter().all(|(_, text)| shown.contains(text)), "{shown}");
    assert!(
        first.iter().all(|(_, text)| !shown.contains(text)),
        "{shown}"
    );
    let frame = enter(&floor, &signed(&floor, &floor.manager, None, None).await).await;
    assert_eq!(frame.status, StatusCode::OK, "{}", frame.body);
    assert!(
        next.iter().all(|(_, text)| shows(&frame, text)),
        "{}",
        frame.body
    );
    assert!(first.iter().all(|(_, text)| !shows(&frame, text)));
}

#[tokio::test]
async fn whoever_lets_the_check_date_pass_is_asked_by_when_they_will_know() {
    const ASKED: &str = "By when will you know whether this worked?";
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    publishes(&mut sam, &panel, &typed("1", &[("check_on", "2026-11-24")])).await;
    floor.settle().await;
    let before = coaching(&floor);
    assert!(!before.contains(ASKED), "{before}");

    floor.stage.clock.advance(TimeDelta::days(9));
    floor.settle().await;

    let mut sam = floor.browser_of(&floor.seller).await;
    let mut mia = floor.browser_of(&floor.manager).await;
    assert_eq!(
        floor.stage.shown(floor.place, Field::State),
        "Past check date"
    );
    let after = coaching(&floor);
    assert!(after.contains(ASKED), "{after}");
    assert_eq!(after.matches('?').count(), 2, "two at most: {after}");
    let deal = panel.replace("/panel/", "/deals/");
    for page in [sam.get(&panel).await, mia.get(&deal).await] {
        assert!(shows(&page, ASKED), "{}", page.body);
    }
    sam.post(&format!("{panel}/note"), &[("note", "date")])
        .await;
    floor.settle().await;
    assert!(!coaching(&floor).contains(ASKED), "it does not apply");
    assert!(!shows(&mia.get(&deal).await, ASKED));
}

#[tokio::test]
async fn words_that_were_not_scored_are_not_marked_in_the_crms_frame_either() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    sam.get(&panel).await;
    let waits = "Nothing to do until marketing delivers the case study. Legal is slow as always \
        and product still has not built the connector.";
    let mut form: Vec<(&str, &str)> = THIN.iter().map(|(name, _)| (*name, "-")).collect();
    form[2].1 = waits;
    form.push(("base", "1"));
    let published = sam.post(&panel, &form).await;
    assert_eq!(
        published.status,
        StatusCode::SEE_OTHER,
        "{}",
        published.body
    );

    let frame = enter(&floor, &signed(&floor, &floor.manager, None, None).await).await;

    assert!(frame.body.contains("Not enough yet"), "{}", frame.body);
    assert!(frame.body.contains("marketing delivers"), "{}", frame.body);
    assert!(!frame.body.contains("<mark"), "{}", frame.body);
}
