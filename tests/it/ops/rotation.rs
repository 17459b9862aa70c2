//! Two processes that renew the same rotating sign-in.

use chrono::TimeDelta;
use serde_json::json;

use super::floor::{Floor, KEY, databases};

/// How often both find the session ended at once.
const ROUNDS: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_renew_a_rotating_sign_in_a_thousand_times_and_lose_no_grant() {
    for database in databases().await {
        let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
        // A dead token that is shown again takes the whole grant with it: nothing is forgiven.
        floor
            .control(
                "org",
                &json!({"rotation": true, "reuse_revokes": true, "session_seconds": 7200}),
            )
            .await;
        floor.sign_in().await;
        let other = floor.another(&[KEY]).await;
        let one = floor.engine.session(&floor.id).await.unwrap();
        let two = other.session(&floor.id).await.unwrap();

        for round in 0..ROUNDS {
            floor.control("org", &super::floor::end_sessions()).await;
            let (first, second) = tokio::join!(floor.crm.whoami(&one), floor.crm.whoami(&two));

            for known in [first, second] {
                let told = known.map_err(|fault| format!("{fault}: {}", fault.cause()));
                assert!(told.is_ok(), "round {round} on {database}: {told:?}");
            }
            floor.advance(TimeDelta::seconds(1));
        }

        let routes = floor.served.stats.routes();
        let tokens = routes["POST /services/oauth2/token"];
        assert_eq!(tokens.refused, 0);
        assert_eq!(tokens.calls, 1 + ROUNDS as u64, "one renewal a round");
    }
}
