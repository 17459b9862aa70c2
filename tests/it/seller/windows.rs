//! A seller with the same deal open in two windows: what either of them kept is not lost.

use chrono::TimeDelta;
use latitude::domain::Time;
use latitude::domain::ids::{ConnectionId, DealId, PersonId};
use latitude::domain::strategy::Answers;
use latitude::store::drafts::{Draft, Window as Opened};
use reqwest::StatusCode;

use super::floor::Floor;
use super::shelf::shelves;
use crate::bench::MORNING;
use crate::web::site::{Answer, Browser};

const LEFT: &str = "Ask Ada who signs at the plant, because she has bought there twice.";
const RIGHT: &str = "Show Ines the close of a peer on Thursday.";

/// A panel as it was opened in one window.
struct Window {
    panel: String,
    hidden: Vec<(String, String)>,
}

impl Window {
    async fn open(browser: &mut Browser, panel: &str) -> Self {
        let page = browser.get(panel).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let hidden = ["base", "window", "seen"].into_iter();
        Self {
            panel: panel.to_owned(),
            hidden: hidden
                .filter_map(|name| Some((name.to_owned(), hidden_value(&page.body, name)?)))
                .collect(),
        }
    }

    async fn sends(&self, browser: &mut Browser, what: &str, approach: &str) -> Answer {
        let mut form = vec![("approach", approach)];
        form.extend(self.hidden.iter().map(|(a, b)| (a.as_str(), b.as_str())));
        let answer = browser.post(&format!("{}{what}", self.panel), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer
    }
}

fn hidden_value(body: &str, name: &str) -> Option<String> {
    let after = body.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(after.split('"').next()?.to_owned())
}

/// What stands in the field.
fn typed(body: &str) -> &str {
    let after = body.split("name=\"approach\"").nth(1).unwrap();
    let after = after.split(">\n").nth(1).unwrap();
    after.split("</textarea>").next().unwrap()
}

#[tokio::test]
async fn a_publish_leaves_what_another_window_kept() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let left = Window::open(&mut sam, &panel).await;
    let right = Window::open(&mut sam, &panel).await;
    right.sends(&mut sam, "/draft", RIGHT).await;

    left.sends(&mut sam, "", LEFT).await;

    let page = sam.get(&panel).await;
    assert_eq!(typed(&page.body), LEFT, "what was published stands");
    assert!(page.body.contains(RIGHT), "the other words are there too");
    let aside = page.body.split("name=\"aside\" value=\"").nth(1).unwrap();
    let aside = aside.split('"').next().unwrap().to_owned();
    let take = [("aside", aside.as_str()), ("what", "take")];
    let taken = sam.post(&format!("{panel}/aside"), &take).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    let page = sam.get(&panel).await;
    assert_eq!(typed(&page.body), RIGHT);
    assert!(!page.body.contains("name=\"aside\""));
}

#[tokio::test]
async fn two_windows_that_type_in_turn_push_nothing_out() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let left = Window::open(&mut sam, &panel).await;
    let right = Window::open(&mut sam, &panel).await;

    left.sends(&mut sam, "/draft", "Ask Ada").await;
    right.sends(&mut sam, "/draft", RIGHT).await;
    left.sends(&mut sam, "/draft", LEFT).await;

    let page = sam.get(&panel).await.body;
    assert_eq!(typed(&page), LEFT);
    assert!(page.contains(RIGHT));
    assert_eq!(page.matches("name=\"aside\" value=").count(), 1, "{page}");
    let aside = hidden_value(&page, "aside").unwrap();
    let drop = [("aside", aside.as_str()), ("what", "drop")];
    sam.post(&format!("{panel}/aside"), &drop).await;
    let page = sam.get(&panel).await.body;
    assert!(typed(&page) == LEFT && !page.contains(RIGHT));
}

#[tokio::test]
async fn a_window_that_goes_on_from_a_kept_draft_leaves_none_behind() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let first = Window::open(&mut sam, &panel).await;
    first.sends(&mut sam, "/draft", "Show Ines").await;
    let second = Window::open(&mut sam, &panel).await;
    second
        .sends(&mut sam, "/draft", "Show Ines the close")
        .await;

    second.sends(&mut sam, "", RIGHT).await;

    let page = sam.get(&panel).await.body;
    assert_eq!(typed(&page), RIGHT);
    assert!(!page.contains("name=\"aside\"") && !page.contains("Draft kept"));
}

fn approach(words: &str) -> Answers {
    Answers {
        approach: words.to_owned(),
        ..Answers::default()
    }
}

#[tokio::test]
async fn a_draft_ends_with_a_publish_unless_its_window_kept_other_words_after_that_was_sent() {
    let sent_at: Time = MORNING.parse().unwrap();
    let whose = (
        &ConnectionId::from("acme"),
        &DealId::from("D1"),
        &PersonId::from("S1"),
    );
    let published = approach(LEFT);
    for shelf in shelves().await {
        for (words, seconds, stays) in [(RIGHT, -1, false), (RIGHT, 1, true), (LEFT, 1, false)] {
            let kept_at = sent_at + TimeDelta::seconds(seconds);
            let draft = Draft::of(approach(words), None, 3, kept_at).in_window("a1");
            let window = Opened {
                name: "a1",
                seen: "",
                words: &published,
            };
            let mut tx = shelf.store.write().await.unwrap();
            tx.keep_draft(whose, &draft, "").await.unwrap();

            let newer = tx.end_draft(whose, (window, sent_at)).await.unwrap();

            let there = tx.draft(whose.0, whose.1, whose.2).await.unwrap();
            let there = there.map(|it| it.answers.0.approach);
            assert_eq!(there.as_deref(), stays.then_some(words), "{seconds} s");
            assert_eq!(newer.is_some(), stays, "{seconds} s");
            let aside = tx.drafts_aside(whose.0, whose.1, whose.2).await.unwrap();
            assert!(aside.is_empty());
        }
    }
}

#[tokio::test]
async fn words_typed_while_a_publish_is_on_its_way_go_on_from_what_it_published() {
    let floor = Floor::open().await;
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let window = Window::open(&mut sam, &panel).await;
    let named = |name| {
        let found = window.hidden.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (deal, person) = (DealId::from(floor.deal.as_str()), &floor.seller.id);
    let later = floor.stage.env.now() + TimeDelta::seconds(1);
    let base: i64 = named("base").parse().unwrap();
    let draft = Draft::of(approach(RIGHT), None, base, later).in_window(named("window"));
    let mut tx = floor.stage.engine.store.write().await.unwrap();
    let whose = (&floor.stage.id, &deal, person);
    tx.keep_draft(whose, &draft, "").await.unwrap();
    tx.commit().await.unwrap();

    window.sends(&mut sam, "", LEFT).await;

    let page = sam.get(&panel).await.body;
    assert_eq!(typed(&page), RIGHT);
    let next = hidden_value(&page, "base").unwrap();
    assert_eq!(next, (base + 1).to_string());
    let window = Window::open(&mut sam, &panel).await;
    window.sends(&mut sam, "", RIGHT).await;
    let page = sam.get(&panel).await.body;
    assert_eq!(hidden_value(&page, "base").unwrap(), (base + 2).to_string());
    assert!(!page.contains("name=\"aside\"") && !page.contains("Draft kept"));
}
