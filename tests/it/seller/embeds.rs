//! Embeds of CRMs that sign each in a way of their own: believed once, while fresh, for whom they
//! name, through HTTP.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use latitude::crm;
use latitude::domain::people::Person;
use reqwest::header::{self, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;

use super::floor::Floor;

/// A request as the CRM or the seller's browser sends it.
#[derive(Clone)]
struct Sent {
    post: bool,
    path: String,
    headers: BTreeMap<&'static str, String>,
    body: String,
}

async fn organisation(floor: &Floor) -> String {
    let mut tx = floor.stage.engine.store.read().await.unwrap();
    let known = tx.connection(&floor.stage.id).await.unwrap().unwrap();
    known.organisation.unwrap()
}

fn secret(floor: &Floor) -> String {
    let settings = &floor.stage.served.settings;
    let secret = settings.embed_secret.as_ref();
    let secret = secret.or(settings.client_secret.as_ref()).unwrap();
    secret.expose_secret().to_owned()
}

/// HubSpot's card: the proxy signs method, address, body and time.
async fn hubspot(floor: &Floor, person: &Person, organisation: &str) -> Sent {
    let email = person.email.clone().unwrap();
    let path = format!(
        "/embed/{}?userId=9&portalId={organisation}&userEmail={email}&appId=1",
        floor.stage.id
    );
    let body = json!({"dealId": floor.deal}).to_string();
    let stamp = floor.stage.env.now().timestamp_millis();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret(floor).as_bytes()).unwrap();
    mac.update(format!("POST{}{path}{body}{stamp}", floor.base).as_bytes());
    let headers = BTreeMap::from([
        ("accept", "application/json".to_owned()),
        ("content-type", "application/json".to_owned()),
        (
            "x-hubspot-signature-v3",
            STANDARD.encode(mac.finalize().into_bytes()),
        ),
        ("x-hubspot-request-timestamp", stamp.to_string()),
    ]);
    Sent {
        post: true,
        path,
        headers,
        body,
    }
}

/// Pipedrive's panel: a token in the address names user and company, and lapses.
async fn pipedrive(floor: &Floor, person: &Person, organisation: &str) -> Sent {
    let now = floor.stage.env.now().timestamp();
    let number = |text: &str| text.parse::<u64>().unwrap();
    let claims = json!({
        "userId": number(person.id.as_str()),
        "companyId": number(organisation),
        "iat": now,
        "exp": now + 300,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(secret(floor).as_bytes());
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let path = format!(
        "/embed/{}?resource=deal&view=details&userId={}&companyId={organisation}&selectedIds={}&token={token}",
        floor.stage.id, person.id, floor.deal
    );
    Sent {
        post: false,
        path,
        headers: BTreeMap::new(),
        body: String::new(),
    }
}

struct Came {
    status: u16,
    body: String,
}

async fn send(floor: &Floor, sent: &Sent) -> Came {
    let method = if sent.post {
        reqwest::Method::POST
    } else {
        reqwest::Method::GET
    };
    let url = format!("{}{}", floor.base, sent.path).parse().unwrap();
    let mut request = reqwest::Request::new(method, url);
    for (name, value) in &sent.headers {
        let value = HeaderValue::from_str(value).unwrap();
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    *request.body_mut() = Some(sent.body.clone().into());
    let reply = latitude::http::client().execute(request).await.unwrap();
    assert!(reply.headers().get(header::SET_COOKIE).is_none());
    Came {
        status: reply.status().as_u16(),
        body: reply.text().await.unwrap(),
    }
}

/// The page that an embed opens; where it answers with a single-use address, that is opened.
async fn opened(floor: &Floor, sent: &Sent) -> Came {
    let came = send(floor, sent).await;
    let told: Result<serde_json::Value, _> = serde_json::from_str(&came.body);
    match told.ok().as_ref().and_then(|it| it["url"].as_str()) {
        Some(url) => {
            let path = url.strip_prefix(&floor.base).unwrap().to_owned();
            let once = Sent {
                post: false,
                path,
                headers: BTreeMap::new(),
                body: String::new(),
            };
            let first = send(floor, &once).await;
            assert_eq!(send(floor, &once).await.status, 403, "it opens once");
            first
        }
        None => came,
    }
}

async fn signed(floor: &Floor, person: &Person, organisation: &str) -> Sent {
    match floor.stage.crm.profile().id {
        "hubspot" => hubspot(floor, person, organisation).await,
        _ => pipedrive(floor, person, organisation).await,
    }
}

async fn floor(id: &str) -> (Floor, String) {
    let floor = Floor::behind(crm::by_id(id).unwrap(), |_| {}).await;
    let ours = organisation(&floor).await;
    (floor, ours)
}

#[tokio::test]
async fn a_signed_embed_opens_the_panel_once_and_is_not_believed_again() {
    for id in ["hubspot", "pipedrive"] {
        let (floor, ours) = floor(id).await;
        let good = signed(&floor, &floor.seller, &ours).await;

        let first = opened(&floor, &good).await;
        let replayed = send(&floor, &good).await;

        assert_eq!(first.status, 200, "{id}: {}", first.body);
        assert!(first.body.contains("data-token"), "{id}");
        assert_eq!(replayed.status, 403, "{id}: {}", replayed.body);
        assert!(!replayed.body.contains("data-token") && !replayed.body.contains("/once/"));
        floor.stage.clock.advance(TimeDelta::seconds(2));
        let next = opened(&floor, &signed(&floor, &floor.seller, &ours).await).await;
        assert_eq!(next.status, 200, "{id}: the next look is another embed");
    }
}

#[tokio::test]
async fn an_embed_that_came_too_late_opens_nothing() {
    for id in ["hubspot", "pipedrive"] {
        let (floor, ours) = floor(id).await;
        let good = signed(&floor, &floor.seller, &ours).await;

        floor.stage.clock.advance(TimeDelta::minutes(6));
        let late = send(&floor, &good).await;

        assert_eq!(late.status, 403, "{id}: {}", late.body);
        assert!(!late.body.contains("data-token") && !late.body.contains("/once/"));
    }
}

#[tokio::test]
async fn an_embed_that_was_changed_or_comes_from_elsewhere_opens_nothing() {
    for id in ["hubspot", "pipedrive"] {
        let (floor, ours) = floor(id).await;
        let good = signed(&floor, &floor.seller, &ours).await;
        let mut forged = good.clone();
        for value in forged.headers.values_mut() {
            *value = value.replace(['A', 'B', 'C', 'D', 'E', 'F', 'G'], "H");
        }
        forged.path = match forged.path.rsplit_once('.') {
            Some((rest, signature)) if id == "pipedrive" => {
                format!("{rest}.{}", signature.chars().rev().collect::<String>())
            }
            _ => forged.path.replace("userId=9", "userId=8"),
        };
        let foreign = signed(&floor, &floor.seller, "987654").await;
        let colleague = signed(&floor, &floor.product, &ours).await;

        for (what, sent, status) in [
            ("forged", forged, 403),
            ("of another organisation", foreign, 403),
            ("of a colleague", colleague, 404),
        ] {
            let came = opened(&floor, &sent).await;
            assert_eq!(came.status, status, "{id} {what}: {}", came.body);
            assert!(!came.body.contains("data-token"), "{id} {what}");
        }
    }
}
