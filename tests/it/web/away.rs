//! While the database is away: what was written comes back, to be sent again from where one stands.

use reqwest::StatusCode;

use super::site::Site;

#[tokio::test]
async fn what_was_written_while_the_database_is_away_can_be_sent_again_from_the_same_page() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/obstacles").await;
    site.store.close().await;

    let sent = sam.post("/obstacles", &[("text", "Legal is slow")]).await;
    let home = sam.get("/").await;

    assert_eq!(
        sent.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        sent.body
    );
    for told in [
        "Nothing can be kept right now: the database does not answer.",
        "action=\"/obstacles\"",
        "Legal is slow</textarea>",
        ">Send again</button>",
        "name=\"csrf\" value=\"",
    ] {
        assert!(sent.body.contains(told), "{told}: {}", sent.body);
    }
    assert_eq!(
        home.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        home.body
    );
    let told = "This cannot be shown right now: the database does not answer.";
    assert!(home.body.contains(told), "{}", home.body);
}
