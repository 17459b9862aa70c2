//! The board as a table.

use latitude::domain::deal::Deal;
use reqwest::StatusCode;

use super::site::{Site, plain_deal};

#[tokio::test]
async fn a_table_holds_what_the_board_shows_and_no_formula() {
    let site = Site::open().await;
    let mut hostile = plain_deal("sam", "h1");
    hostile.name = "=HYPERLINK(\"https://evil.test\",\"pay, now\")".to_owned();
    hostile.account = Some("@SUM(1)".to_owned());
    site.take_up("acme", &hostile).await;
    site.deal("sue", "other").await;
    site.deal("xia", "theirs").await;

    let answer = site
        .browser_of("mia")
        .await
        .get("/board.csv?seller=sam")
        .await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-disposition").contains("attachment"));
    let mut lines = answer.body.split("\r\n");
    assert!(lines.next().unwrap().starts_with("Deal,Account,Stage"));
    let line = lines.next().unwrap();
    assert!(
        line.starts_with(
            "\"'=HYPERLINK(\"\"https://evil.test\"\",\"\"pay, now\"\")\",'@SUM(1),Proposal"
        ),
        "{line}"
    );
    assert!(line.ends_with("/deals/acme/h1"), "{line}");
    assert_eq!(lines.next(), Some(""), "{}", answer.body);
}

#[tokio::test]
async fn a_table_that_would_end_early_is_refused_and_one_that_is_just_full_is_whole() {
    let site = Site::open().await;
    let deal = |n: usize| plain_deal("sam", &format!("d{n:05}"));
    let mut deals: Vec<Deal> = (0..20_000).map(deal).collect();
    deals.push(plain_deal("sue", "more"));
    site.take_up_all("acme", &deals).await;
    let mut mia = site.browser_of("mia").await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;

    let all = mia.get("/board.csv").await;
    let told = tool.get("/api/v1/deals.csv").await;
    let full = mia.get("/board.csv?seller=sam").await;

    for refused in [all, told] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let said = "One table holds 20,000 deals, and these are more. Ask for fewer";
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    assert_eq!(full.status, StatusCode::OK);
    assert_eq!(full.body.lines().count(), 20_001);
}
