//! Two processes that renew the same rotating sign-in.

use chrono::TimeDelta;
use latitude::crm::session::oauth;
use latitude::http::token::Credentials;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::json;

use super::floor::{Floor, KEY, databases, end_sessions};

/// How often both find the token of no use at once.
const ROUNDS: u64 = 1000;
/// One token in so many is shown to the CRM. A grant that is lost stays lost: the next renewal tells.
const LOOKED_AT: u64 = 20;
/// How often it is two calls to the CRM that find it out; those keep the CRM's pace, so few.
const BY_CALLS: u64 = 5;

/// Signed in, with the strictest rules: a dead token that is shown again takes the whole grant
/// with it.
async fn strict(database: &str) -> Floor {
    let floor = Floor::laid(database, 1, Some("authorization_code")).await;
    floor
        .control(
            "org",
            &json!({"rotation": true, "reuse_revokes": true, "session_seconds": 7200}),
        )
        .await;
    floor.sign_in().await;
    floor
}

fn renewals(floor: &Floor) -> u64 {
    let routes = floor.served.stats.routes();
    let tokens = routes["POST /services/oauth2/token"];
    assert_eq!(tokens.refused, 0);
    tokens.calls - 1
}

/// Whether the CRM knows who shows this token.
async fn is_good(floor: &Floor, token: &str) -> bool {
    let place = floor.served.base.join("/services/oauth2/userinfo").unwrap();
    let mut request = reqwest::Request::new(reqwest::Method::GET, place);
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    let reply = floor.client.execute(request).await.unwrap();
    reply.status().is_success()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_renew_a_rotating_sign_in_a_thousand_times_and_lose_no_grant() {
    let each = databases().await.into_iter().map(|database| {
        tokio::spawn(async move { Box::pin(renew_a_thousand_times(&database)).await })
    });
    for done in futures_util::future::join_all(each).await {
        done.unwrap();
    }
}

async fn renew_a_thousand_times(database: &str) {
    let floor = strict(database).await;
    let other = floor.another(&[KEY]).await;
    let of = |means| oauth(floor.crm, &floor.settings, &means).unwrap();
    let one = of(floor.engine.means(&floor.id));
    let two = of(other.means(&floor.id));
    let mut used = one.standing(&floor.env).await.unwrap();

    for round in 0..ROUNDS {
        let renewed = tokio::join!(one.renew(&floor.env, &used), two.renew(&floor.env, &used));

        let (Ok(Some(first)), Ok(Some(second))) = renewed else {
            panic!("round {round} on {database}: a renewal failed");
        };
        assert_eq!(first.version, used.version + 1);
        assert_eq!(first.version, second.version, "round {round}");
        assert_eq!(
            first.access.expose_secret(),
            second.access.expose_secret(),
            "both go on with the same token"
        );
        if round % LOOKED_AT == 0 {
            assert!(is_good(&floor, first.access.expose_secret()).await);
        }
        used = first;
        floor.advance(TimeDelta::seconds(1));
    }

    assert!(is_good(&floor, used.access.expose_secret()).await);
    assert_eq!(renewals(&floor), ROUNDS, "one renewal a round");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_two_processes_that_find_the_session_ended_cause_one_renewal() {
    for database in databases().await {
        let floor = strict(&database).await;
        let other = floor.another(&[KEY]).await;
        let one = floor.engine.session(&floor.id).await.unwrap();
        let two = other.session(&floor.id).await.unwrap();

        for round in 0..BY_CALLS {
            floor.control("org", &end_sessions()).await;
            let (first, second) = tokio::join!(floor.crm.whoami(&one), floor.crm.whoami(&two));

            for known in [first, second] {
                let told = known.map_err(|fault| format!("{fault}: {}", fault.cause()));
                assert!(told.is_ok(), "round {round} on {database}: {told:?}");
            }
            floor.advance(TimeDelta::seconds(1));
        }

        assert_eq!(renewals(&floor), BY_CALLS, "one renewal a round");
    }
}
