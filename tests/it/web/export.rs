//! The board as a table.

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
