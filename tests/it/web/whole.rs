//! What was said of a plan as a whole: why it has no grade, or why it is no higher.

use latitude::domain::rubric::{Rubric, assess, says};
use latitude::domain::strategy::Answers;
use reqwest::StatusCode;

use super::site::{Browser, Site};

/// Publishes that approach for deal `one`, and returns the preview from before.
async fn publishes(sam: &mut Browser, approach: &str) -> serde_json::Value {
    sam.get("/panel/acme/one").await;
    let form = [("approach", approach), ("base", "0")];
    let preview = sam.post("/panel/acme/one/preview", &form).await;
    let published = sam.post("/panel/acme/one", &form).await;
    assert_eq!(
        published.status,
        StatusCode::SEE_OTHER,
        "{}",
        published.body
    );
    serde_json::from_str(&preview.body).unwrap()
}

#[tokio::test]
async fn a_plan_that_is_not_enough_says_why_while_it_is_typed_and_after() {
    for approach in [
        "tbd",
        "20 calls, 15 emails and 3 meetings this week, 30 calls next week.",
    ] {
        let site = Site::open().await;
        site.deal("sam", "one").await;
        let mut sam = site.browser_of("sam").await;
        let answers = Answers {
            approach: approach.to_owned(),
            ..Answers::default()
        };
        // The words of the rubric, whatever they are.
        let assessed = assess(&answers, &Rubric::default());
        let whole = assessed.findings.iter().find(|it| it.dimension.is_none());
        let (_, why) = says(&whole.unwrap().rule).split_at(1);

        let preview = publishes(&mut sam, approach).await;
        let panel = sam.get("/panel/acme/one").await.body;
        let own = sam.get("/deals/acme/one").await.body;
        let led = site.browser_of("mia").await.get("/deals/acme/one").await;

        assert_eq!(preview["grade"], "Not enough yet", "{preview}");
        let told = preview["why"].as_str().unwrap();
        assert!(told.contains(why), "{told}");
        for page in [panel, own, led.body] {
            assert!(page.contains(why), "{why}: {page}");
            assert!(!page.contains("Where the points come from"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_plan_in_another_language_is_said_to_be_no_bad_one() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let approach = "Wir zeigen der Leiterin den Abschluss eines Nachbarn, weil sie ihm mehr glaubt \
                    als uns, und fragen sie danach, wer noch zustimmen muss.";

    let preview = publishes(&mut sam, approach).await;
    let own = sam.get("/deals/acme/one").await.body;
    let led = site.browser_of("mia").await.get("/deals/acme/one").await;

    assert_eq!(preview["grade"], "Not assessed (language)", "{preview}");
    for page in [&own, &led.body] {
        let told = "Latitude reads English so far. This is not a bad grade";
        assert!(page.contains(told), "{page}");
    }
    assert!(!led.body.contains("See it differently"), "{}", led.body);
}
