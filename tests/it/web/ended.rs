//! A deal that ended asks nothing any more, and what was needed for it says so.

use chrono::TimeDelta;
use latitude::domain::deal::Standing;
use latitude::domain::grade::Grade;
use reqwest::StatusCode;

use super::site::{Site, strategy};

const QUESTION: &str = "Who else must agree?";
const OBSTACLE: &str = "Legal has not looked at it";

#[tokio::test]
async fn a_lost_deal_asks_nothing_any_more_and_its_needs_say_that_it_is_lost() {
    let site = Site::open().await;
    let mut deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.clock.advance(TimeDelta::minutes(1));
    let (mut sam, mut mia) = (site.browser_of("sam").await, site.browser_of("mia").await);
    let begun = [("text", OBSTACLE), ("deal", "acme/one")];
    let card = sam.post("/obstacles", &begun).await;
    let card = card.header("location").to_owned();
    let need = [
        ("ground", "think_with_me"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2026-11-30"),
    ];
    sam.post(&format!("{card}/send"), &need).await;
    let question = [("text", QUESTION)];
    mia.post("/deals/acme/one/question", &question).await;
    assert!(
        sam.get("/panel/acme/one")
            .await
            .body
            .contains("Publishing answers it")
    );
    assert!(
        mia.get("/deals/acme/one")
            .await
            .body
            .contains("is still open")
    );
    assert!(!mia.get("/answers").await.body.contains("(lost)"));

    deal.standing = Standing::Lost;
    site.take_up("acme", &deal).await;

    let panel = sam.get("/panel/acme/one").await.body;
    assert!(!panel.contains("Publishing answers it"), "{panel}");
    let led = mia.get("/deals/acme/one").await.body;
    assert!(!led.contains("is still open"), "{led}");
    assert!(
        !led.contains("action=\"/deals/acme/one/question\""),
        "{led}"
    );
    // What was asked stays to be read.
    assert!(led.contains(QUESTION), "{led}");
    assert!(led.contains("Not open any more: the deal is lost"), "{led}");
    assert!(
        led.contains("The deal is lost: nothing is asked of it"),
        "{led}"
    );
    let again = mia.post("/deals/acme/one/question", &question).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    // Nor is anything offered that nobody would read.
    for form in ["help", "view"] {
        let action = format!("action=\"/deals/acme/one/{form}\"");
        assert!(!led.contains(&action), "{form}: {led}");
        let words = [("text", "Their controller told me otherwise")];
        let path = format!("/deals/acme/one/{form}");
        let refused = mia.post(&path, &words).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    }
    for (browser, path) in [(&mut mia, "/answers"), (&mut sam, "/obstacles")] {
        let page = browser.get(path).await.body;
        let (_, about) = page.split_once(OBSTACLE).unwrap();
        assert!(about.contains("Deal one (lost)"), "{path}: {page}");
    }
    let own = sam.get(&card).await.body;
    assert!(own.contains("Its deal is lost. Close it"), "{own}");
    let asked = mia.get(&card).await.body;
    assert!(asked.contains("Deal lost") && !asked.contains("Its deal is lost. Close it"));
}
