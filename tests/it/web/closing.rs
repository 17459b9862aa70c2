//! Looking back on a deal that ended: asked of its seller, never required, theirs alone until shared.

use latitude::domain::deal::{Deal, Standing};
use latitude::domain::grade::Grade;

use super::site::{Site, strategy};

const WON: &str = "What did I do that I would do again";
const LOST: &str = "What did I believe that turned out to be wrong";

async fn ended(site: &Site, id: &str, standing: Standing) -> Deal {
    let mut deal = site.deal("sam", id).await;
    site.write(&deal, 1, &strategy(), Grade::Solid).await;
    deal.standing = standing;
    site.take_up("acme", &deal).await;
    deal
}

#[tokio::test]
async fn a_deal_that_ended_is_offered_at_home_and_asked_about_in_the_panel() {
    let site = Site::open().await;
    ended(&site, "won", Standing::Won).await;
    ended(&site, "lost", Standing::Lost).await;
    let mut never_asked = site.deal("sam", "unasked").await;
    never_asked.standing = Standing::Won;
    site.take_up("acme", &never_asked).await;
    let mut sam = site.browser_of("sam").await;

    let home = sam.get("/").await;
    let won = sam.get("/panel/acme/won").await;
    let lost = sam.get("/panel/acme/lost").await;

    assert!(home.body.contains("Deal won") && home.body.contains("Deal lost"));
    assert!(
        !home.body.contains("Deal unasked"),
        "nothing was asked of it"
    );
    assert!(won.body.contains(WON) && !won.body.contains(LOST));
    assert!(lost.body.contains(LOST) && !lost.body.contains(WON));
    assert!(
        lost.body
            .contains("What will I try differently the next time")
    );
    assert!(
        !won.body.contains("Grade if you publish now"),
        "the plan is over"
    );
    let nobody = site.browser_of("sue").await.get("/").await;
    assert!(!nobody.body.contains("Deal won"));
}

#[tokio::test]
async fn what_was_said_is_the_sellers_alone_until_they_share_it_and_again_after() {
    let site = Site::open().await;
    ended(&site, "one", Standing::Won).await;
    let mut sam = site.browser_of("sam").await;
    let mut mia = site.browser_of("mia").await;
    let words = "I called the plant manager <b>first</b>";
    let path = "/panel/acme/one/closing";

    let kept = sam.post(path, &[("answer_0", words)]).await;
    let own = sam.get("/panel/acme/one").await;
    let before = mia.get("/deals/acme/one").await;
    let mut tool = site.tool_of("acme:sam", &["deals"]).await;
    let api_before = tool.get("/api/v1/deals/one").await;
    site.clock.advance(chrono::TimeDelta::minutes(1));
    let shared = [("answer_0", words), ("shared", "yes")];
    sam.post(path, &shared).await;
    let after = mia.get("/deals/acme/one").await;
    let api_after = site
        .tool_of("acme:mia", &["deals"])
        .await
        .get("/api/v1/deals/one")
        .await;
    site.clock.advance(chrono::TimeDelta::minutes(1));
    sam.post(path, &[("answer_0", words)]).await;
    let taken_back = mia.get("/deals/acme/one").await;

    assert_eq!(kept.status, 303, "{}", kept.body);
    assert!(own.body.contains("I called the plant manager"));
    assert!(!own.body.contains("<b>first</b>"), "words are words");
    assert!(!before.body.contains("plant manager"));
    assert!(
        !api_before.body.contains("plant manager"),
        "private words leave by no door"
    );
    assert!(after.body.contains("I called the plant manager"));
    assert!(api_after.body.contains("I called the plant manager"));
    assert!(!taken_back.body.contains("plant manager"));
    let home = sam.get("/").await;
    assert!(!home.body.contains("Just ended"), "asked once");
}

#[tokio::test]
async fn nothing_to_add_is_an_answer_and_is_not_asked_again() {
    let site = Site::open().await;
    ended(&site, "one", Standing::Lost).await;
    let mut sam = site.browser_of("sam").await;

    let done = sam
        .post("/panel/acme/one/closing", &[("nothing", "yes")])
        .await;

    assert_eq!(done.status, 303);
    assert!(!sam.get("/").await.body.contains("Just ended"));
    assert!(
        sam.get("/panel/acme/one").await.body.contains(LOST),
        "it may still be written"
    );
}

#[tokio::test]
async fn an_open_deal_is_not_looked_back_on_and_a_book_is_no_answer() {
    let site = Site::open().await;
    site.deal("sam", "open").await;
    ended(&site, "one", Standing::Won).await;
    let mut sam = site.browser_of("sam").await;

    let open = sam
        .post("/panel/acme/open/closing", &[("answer_0", "x")])
        .await;
    let long = "x".repeat(4001);
    let book = sam
        .post("/panel/acme/one/closing", &[("answer_0", &long)])
        .await;

    assert_eq!(open.status, 409);
    assert!(open.body.contains("This deal is open"));
    assert_eq!(book.status, 422);
}

#[tokio::test]
async fn what_was_said_is_exported_and_erased_with_its_seller() {
    let site = Site::open().await;
    ended(&site, "one", Standing::Won).await;
    let mut sam = site.browser_of("sam").await;
    let words = [("answer_0", "I asked who else would sign")];
    sam.post("/panel/acme/one/closing", &words).await;
    let exported = async || {
        let mut bytes = Vec::new();
        latitude::ops::copy::export(&site.store, &mut bytes, site.env.now())
            .await
            .unwrap();
        String::from_utf8(bytes).unwrap()
    };

    let before = exported().await;
    let id = latitude::domain::ids::ConnectionId::from("acme");
    let mark = latitude::store::forget::mark_of_person(&id, "sam");
    let mut tx = site.store.write().await.unwrap();
    tx.erase(&id, "sam", &mark, site.env.now()).await.unwrap();
    tx.commit().await.unwrap();

    assert!(before.contains("I asked who else would sign"));
    assert!(!exported().await.contains("I asked who else would sign"));
}
