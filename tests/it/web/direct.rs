//! Whoever sellers report to directly reads their plans, and no further: in a small company that is
//! whoever stands at its top.

use latitude::domain::grade::Grade;
use reqwest::StatusCode;

use super::ladder::beside;
use super::pyramid::send_up;
use super::site::{Site, plain_deal, strategy};

/// Zoe sells for Eva, beside all who sell for managers; the executive has promised.
async fn small() -> Site {
    let site = Site::open().await;
    beside(&site, &[("zoe", Some("eva"))]).await;
    for (seller, deal) in [("zoe", "hers"), ("sam", "his"), ("dan", "dans")] {
        let deal = plain_deal(seller, deal);
        site.take_up("acme", &deal).await;
        site.write(&deal, 1, &strategy(), Grade::Thin).await;
    }
    site
}

#[tokio::test]
async fn a_seller_who_reports_to_the_executive_has_a_reader() {
    let site = small().await;
    let mut eva = site.browser_of("eva").await;
    let before = eva.get("/board").await;
    assert_eq!(before.header("location"), "/promise?connection=acme");
    site.promise("eva").await;

    let board = eva.get("/board").await.body;

    assert!(
        board.contains("Deal hers") && board.contains("Person zoe"),
        "{board}"
    );
    assert!(!board.contains("Deal his") && !board.contains("Deal dans"));
    assert!(board.contains("href=\"/board\"") && board.contains("href=\"/pyramid\""));
    let deal = "/deals/acme/hers";
    assert_eq!(eva.get(deal).await.status, StatusCode::OK);
    let question = [("text", "Who besides Ines would notice?")];
    let asked = eva.post(&format!("{deal}/question"), &question).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    let panel = site.browser_of("zoe").await.get("/panel/acme/hers").await;
    assert!(panel.body.contains("Eva Exec"), "she sees who reads");
    let mut tool = site.tool_of("acme:eva", &["deals"]).await;
    let table = tool.get("/api/v1/deals.csv").await.body;
    assert!(table.contains("Deal hers") && !table.contains("Deal his"));
    let told = tool.json("/api/v1/me").await;
    assert_eq!(told["team"].as_array().unwrap().len(), 1, "{told}");
}

#[tokio::test]
async fn an_executive_sees_no_more_than_those_who_report_to_them_directly() {
    let site = small().await;
    site.promise("eva").await;
    let mut eva = site.browser_of("eva").await;
    let mut tool = site.tool_of("acme:eva", &["deals"]).await;
    for (seller, deal) in [("sam", "his"), ("dan", "dans")] {
        let page = eva.get(&format!("/deals/acme/{deal}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{deal}");
        let told = tool.get(&format!("/api/v1/deals/{deal}")).await;
        assert_eq!(told.status, StatusCode::NOT_FOUND, "{deal}");
        let board = eva.get(&format!("/board?seller={seller}")).await.body;
        assert!(!board.contains(&format!("Deal {deal}")), "{board}");
    }
}

#[tokio::test]
async fn whom_an_executive_reads_is_in_no_group_of_theirs() {
    let site = small().await;
    site.promise("eva").await;
    for (n, seller) in ["sue", "sid", "sol"].into_iter().enumerate() {
        site.deal(seller, &format!("more{n}")).await;
    }
    let mut tool = site.tool_of("acme:eva", &["pyramid"]).await;
    // Sam, Sue, Sid, Sol and Dan are five; Zoe, whose part Eva can take away, is not one of them.
    let told = tool.json("/api/v1/pyramid").await;
    assert_eq!(told["bands"][0]["figures"][0]["count"], 5, "{told}");
    send_up(&site, "zoe", "Their audit blocks us", false).await;
    let after = tool.json("/api/v1/pyramid").await;
    assert_eq!(after["bands"], told["bands"]);
}
