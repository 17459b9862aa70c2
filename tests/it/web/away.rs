//! While the database is away, what was written comes back, to be sent again from where one stands; and
//! while a CRM is, its seller reads so in plain words.

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

#[tokio::test]
async fn a_seller_reads_in_plain_words_why_their_strategy_is_not_in_the_crm_yet() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    let form = [("approach", "Call Ines because she decides"), ("base", "0")];
    let published = sam.post("/panel/acme/one", &form).await;
    assert_eq!(
        published.status,
        StatusCode::SEE_OTHER,
        "{}",
        published.body
    );
    let mut states = Vec::new();
    for (state, code) in [("failed", "no_answer"), ("blocked: login", "invalid_grant")] {
        let told = format!("{code}: timed out after 30 s");
        let cause = Some((code, told.as_str()));
        let mut tx = site.store.write().await.unwrap();
        let acme = "acme".into();
        tx.save_state(&acme, state, cause, site.env.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        states.push(sam.get("/panel/acme/one/state").await.body);
    }

    let told = "Saved. The CRM did not answer in time. It is tried again by itself.";
    assert!(states[0].contains(told), "{}", states[0]);
    assert!(
        states[1].contains("sign Latitude in again"),
        "{}",
        states[1]
    );
    for state in states {
        assert!(!state.contains("timed out after"), "{state}");
    }
}
