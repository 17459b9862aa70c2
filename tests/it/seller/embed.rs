//! The panel inside a CRM's page: believed when signed, for whoever may see the deal, with our own
//! token and no cookie.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use latitude::domain::people::Person;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;

use super::floor::Floor;
use crate::web::site::{Answer, Browser};

async fn signed(
    floor: &Floor,
    person: &Person,
    key: Option<&str>,
    organisation: Option<&str>,
) -> String {
    let mut tx = floor.stage.engine.store.read().await.unwrap();
    let known = tx
        .connection(&floor.stage.id)
        .await
        .unwrap()
        .unwrap()
        .organisation
        .unwrap();
    let envelope = json!({
        "algorithm": "HMACSHA256",
        "issuedAt": floor.stage.env.now().timestamp_millis(),
        "userId": person.id.as_str(),
        "context": {
            "user": {"userId": person.id.as_str(), "email": person.email},
            "organization": {"organizationId": organisation.unwrap_or(&known)},
            "environment": {"parameters": {"recordId": floor.deal}},
        },
    });
    let envelope = STANDARD.encode(envelope.to_string());
    let secret = floor.stage.served.settings.client_secret.clone().unwrap();
    let key = key.unwrap_or(secret.expose_secret());
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(envelope.as_bytes());
    format!(
        "{}.{envelope}",
        STANDARD.encode(mac.finalize().into_bytes())
    )
}

async fn enter(floor: &Floor, signed: &str) -> Answer {
    let path = format!("/embed/{}", floor.stage.id);
    let form = [("signed_request", signed)];
    let origin = [
        ("origin", "https://acme.my.salesforce.com"),
        ("sec-fetch-site", "cross-site"),
    ];
    Browser::on(&floor.base)
        .send(Method::POST, &path, Some(&form), &origin)
        .await
}

#[tokio::test]
async fn a_signed_embed_opens_the_sellers_own_panel_without_a_cookie() {
    let floor = Floor::open().await;

    let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;

    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.headers.get("set-cookie").is_none());
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors https://"), "{policy}");
    let token = page.body.split("data-token=\"").nth(1).unwrap();
    let bearer = format!("Bearer {}", token.split('"').next().unwrap());
    let at = |deal: &str, what: &str| format!("/embed/{}/{deal}/{what}", floor.stage.id);
    let form = [
        ("approach", "Call Ines on Thursday because she decides"),
        ("base", "0"),
    ];
    let proof = [("authorization", bearer.as_str())];
    let mut frame = Browser::on(&floor.base);
    let preview = frame
        .send(
            Method::POST,
            &at(&floor.deal, "preview"),
            Some(&form),
            &proof,
        )
        .await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    let none = frame
        .send(Method::POST, &at(&floor.deal, "preview"), Some(&form), &[])
        .await;
    assert_eq!(none.status, StatusCode::FORBIDDEN);
    let other = floor.stage.served.world.state().deals[floor.place + 1]
        .id
        .clone();
    let other = frame
        .send(Method::POST, &at(&other, "preview"), Some(&form), &proof)
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    floor.stage.clock.advance(TimeDelta::minutes(61));
    let late = frame
        .send(
            Method::POST,
            &at(&floor.deal, "preview"),
            Some(&form),
            &proof,
        )
        .await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_embed_that_is_forged_foreign_old_or_someone_elses_opens_nothing() {
    let floor = Floor::open().await;
    let good = signed(&floor, &floor.seller, None, None).await;
    let refused = [
        signed(&floor, &floor.seller, Some("another secret"), None).await,
        signed(&floor, &floor.seller, None, Some("00D000000000099AAA")).await,
        signed(&floor, &floor.manager, None, None).await,
        "nonsense".to_owned(),
        String::new(),
    ];
    for request in &refused {
        let answer = enter(&floor, request).await;
        assert!(
            answer.status.is_client_error(),
            "{}: {request}",
            answer.status
        );
        assert!(!answer.body.contains("data-token"));
    }
    floor.stage.clock.advance(TimeDelta::minutes(20));
    assert_eq!(enter(&floor, &good).await.status, StatusCode::FORBIDDEN);
}
