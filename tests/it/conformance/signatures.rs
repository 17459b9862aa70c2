//! What a CRM sends to us: believed when it is signed as the CRM signs, and not otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use latitude::crm::ALL;
use latitude::crm::push::{Push, Rejected};
use latitude::crm::settings::Settings;
use serde_json::Value;

use crate::bench::Bench;

/// The request that opens the panel from a CRM's page; none where the CRM signs no embeds.
async fn embed(bench: &Bench, deal: &str, person: &str) -> Option<Push> {
    let mut url = bench.served.base.join("/__sandbox/embed").unwrap();
    url.query_pairs_mut()
        .append_pair("deal", deal)
        .append_pair("person", person)
        .append_pair("address", "https://latitude.test/embed/acme");
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let reply = latitude::http::client().execute(request).await.unwrap();
    let text = reply.text().await.unwrap();
    let told: Value = serde_json::from_str(&text).ok().filter(Value::is_object)?;
    let headers: BTreeMap<String, String> =
        serde_json::from_value(told.get("headers")?.clone()).unwrap();
    Some(Push {
        method: told["method"].as_str()?.to_owned(),
        url: told["url"].as_str()?.to_owned(),
        headers,
        body: told["body"].as_str()?.as_bytes().to_vec(),
        now: bench.served.world.now(),
    })
}

#[tokio::test]
async fn a_signed_embed_says_who_looks_at_which_deal_and_a_wrong_one_says_nothing() {
    let mut signing = Vec::new();
    for crm in ALL {
        let bench = Bench::bare(*crm, 5).await;
        let id = crm.profile().id;
        let (deal, person, other) = {
            let state = bench.served.world.state();
            let person = state.people[4].clone();
            (state.deals[2].id.clone(), person, state.people[3].clone())
        };
        let session = &bench.session;
        let Some(push) = embed(&bench, &deal, &person.id).await else {
            let nobody = Push {
                method: "GET".to_owned(),
                url: format!("https://latitude.test/embed/acme?deal={deal}"),
                headers: BTreeMap::new(),
                body: Vec::new(),
                now: bench.served.world.now(),
            };
            let answer = bench.crm.viewer(session, &nobody).await;
            assert_eq!(answer, Err(Rejected::Unsupported), "{id}");
            continue;
        };
        signing.push(id);

        let viewer = bench.crm.viewer(session, &push).await.expect(id);

        assert_eq!(viewer.deal.as_str(), deal, "{id}");
        match (&viewer.person, &viewer.email) {
            (Some(told), _) => assert_eq!(told.as_str(), person.id, "{id}"),
            (None, told) => assert_eq!(told.as_deref(), Some(person.email.as_str()), "{id}"),
        }
        assert!(viewer.proof.lapses, "{id}: it must not be good for ever");
        let again = bench.crm.viewer(session, &push).await.expect(id);
        assert_eq!(again.proof, viewer.proof, "{id}: a replay cannot be told");

        let mut stranger = session.clone();
        stranger.settings = Arc::new(Settings {
            embed_secret: Some("another secret".into()),
            client_id: Some("another app".to_owned()),
            ..bench.served.settings.clone()
        });
        let wrong = bench.crm.viewer(&stranger, &push).await;
        assert_eq!(wrong, Err(Rejected::Signature), "{id}");
        let late = Push {
            now: push.now + TimeDelta::hours(1),
            ..push.clone()
        };
        assert_eq!(
            bench.crm.viewer(session, &late).await,
            Err(Rejected::Stale),
            "{id}"
        );
        let empty = Push {
            url: "https://latitude.test/embed/acme".to_owned(),
            headers: BTreeMap::new(),
            body: Vec::new(),
            ..push.clone()
        };
        assert!(bench.crm.viewer(session, &empty).await.is_err(), "{id}");
        // The proof of one request does not carry the words of another.
        let theirs = embed(&bench, &deal, &other.id).await.expect(id);
        let whole = bench.crm.viewer(session, &theirs).await.expect(id);
        for spliced in [
            Push {
                url: theirs.url.clone(),
                ..push.clone()
            },
            Push {
                headers: theirs.headers.clone(),
                ..push.clone()
            },
            Push {
                body: theirs.body.clone(),
                ..push.clone()
            },
        ] {
            if let Ok(seen) = bench.crm.viewer(session, &spliced).await {
                let known = seen == viewer || seen == whole;
                assert!(known, "{id}: a mixture was believed: {seen:?}");
            }
        }
    }
    assert!(signing.len() >= 5, "{signing:?}");
}

#[tokio::test]
async fn a_push_without_the_shared_secret_is_never_believed() {
    for crm in ALL {
        let bench = Bench::bare(*crm, 5).await;
        let id = crm.profile().id;
        let deal = bench.served.world.state().deals[0].id.clone();
        // What would be a change in one CRM or another, had anyone signed it.
        let bodies = [
            format!("[{{\"id\":\"{deal}\"}}]"),
            format!("{{\"_id\":1,\"_model\":\"crm.lead\",\"id\":\"{deal}\"}}"),
            format!("{{\"module\":\"Deals\",\"ids\":[\"{deal}\"],\"token\":null}}"),
            format!("{{\"PrimaryEntityName\":\"opportunity\",\"PrimaryEntityId\":\"{deal}\"}}"),
            "{\"meta\":{\"entity\":\"deal\",\"entity_id\":1}}".to_owned(),
        ];
        for body in bodies {
            let push = Push {
                method: "POST".to_owned(),
                url: "https://latitude.test/push/acme?key=&k=".to_owned(),
                headers: BTreeMap::new(),
                body: body.into_bytes(),
                now: bench.served.world.now(),
            };
            for secret in ["the shared secret", ""] {
                let told = bench.crm.hint(&push, &secret.into());
                assert!(told.is_err(), "{id} believes an unsigned push: {told:?}");
            }
        }
    }
}
