//! The panel that a form's web resource opens with an Entra ID token: the token says who looks, the
//! form says at which deal, and Latitude says whether that is theirs to see.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use latitude::crm;
use latitude::domain::people::Person;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::floor::Floor;
use crate::web::site::{Answer, Browser};

/// The sandbox's own key: what it signs is told from what it would never have signed.
const TENANTS_KEY: &[u8] = include_bytes!("../../../src/crm/dynamics365/sandbox/throwaway_key.pem");
const ANOTHER_KEY: &[u8] = include_bytes!("../salesforce/throwaway_key.pem");

async fn floor() -> Floor {
    Floor::behind(crm::by_id("dynamics365").unwrap(), |_| {}).await
}

/// The form that the web resource would post for that person now.
async fn form(floor: &Floor, person: &Person) -> Vec<(String, String)> {
    let mut url = floor.stage.served.base.join("/__sandbox/embed").unwrap();
    url.query_pairs_mut()
        .append_pair("deal", &floor.deal)
        .append_pair("person", person.id.as_str())
        .append_pair("address", &floor.base);
    let request = reqwest::Request::new(Method::GET, url);
    let reply = latitude::http::client().execute(request).await.unwrap();
    let told: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    let body = told["body"].as_str().unwrap().to_owned();
    url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

async fn post(floor: &Floor, form: &[(String, String)]) -> Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let from_the_form = [
        ("origin", "https://acme.crm4.dynamics.com"),
        ("sec-fetch-site", "cross-site"),
    ];
    let path = format!("/embed/{}", floor.stage.id);
    Browser::on(&floor.base)
        .send(Method::POST, &path, Some(&form), &from_the_form)
        .await
}

fn token_of(form: &[(String, String)]) -> &str {
    let found = form.iter().find(|(name, _)| name == "id_token");
    &found.unwrap().1
}

/// The same form with a token that says something else, signed with that key.
fn changed(
    form: &[(String, String)],
    key: &[u8],
    change: impl FnOnce(&mut Value, &mut Header),
) -> Vec<(String, String)> {
    let token = token_of(form);
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    let mut claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    let mut header = Header {
        kid: jsonwebtoken::decode_header(token).unwrap().kid,
        ..Header::new(Algorithm::RS256)
    };
    change(&mut claims, &mut header);
    let key = match header.alg {
        Algorithm::RS256 => EncodingKey::from_rsa_pem(key).unwrap(),
        _ => EncodingKey::from_secret(key),
    };
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    with(form, "id_token", &token)
}

fn with(form: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut form = form.to_vec();
    form.retain(|(it, _)| it != name);
    form.push((name.to_owned(), value.to_owned()));
    form
}

fn opens(answer: &Answer) -> bool {
    answer.body.contains("data-token=\"")
}

#[tokio::test]
async fn an_entra_token_opens_the_sellers_panel_once_in_the_organisations_own_pages() {
    let floor = floor().await;
    let brought = form(&floor, &floor.seller).await;

    let page = post(&floor, &brought).await;
    let again = post(&floor, &brought).await;

    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(opens(&page));
    assert!(page.headers.get("set-cookie").is_none());
    let policy = page.header("content-security-policy");
    let own = floor.stage.served.base.origin().ascii_serialization();
    assert!(
        policy.ends_with(&format!("frame-ancestors {own}")),
        "{policy}"
    );
    let token = page.body.split("data-token=\"").nth(1).unwrap();
    let bearer = format!("Bearer {}", token.split('"').next().unwrap());
    let preview = Browser::on(&floor.base)
        .send(
            Method::POST,
            &format!("/embed/{}/{}/preview", floor.stage.id, floor.deal),
            Some(&[("approach", "Call Ines on Thursday"), ("base", "0")]),
            &[("authorization", bearer.as_str())],
        )
        .await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(!opens(&again));
    let next = post(&floor, &form(&floor, &floor.seller).await).await;
    assert_eq!(
        next.status,
        StatusCode::OK,
        "the next look brings another token"
    );
}

#[tokio::test]
async fn a_token_of_another_tenant_app_key_or_time_opens_nothing() {
    let floor = floor().await;
    let good = form(&floor, &floor.seller).await;
    let claims = token_of(&good).split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hours = |claims: &mut Value, by: i64| {
        for name in ["iat", "nbf", "exp"] {
            claims[name] = json!(claims[name].as_i64().unwrap() + by * 3600);
        }
    };
    let wrong = [
        ("another key", changed(&good, ANOTHER_KEY, |_, _| {})),
        (
            "an unknown key",
            changed(&good, ANOTHER_KEY, |_, header| {
                header.kid = Some("mine".to_owned());
            }),
        ),
        (
            "the public name of the app as a secret",
            changed(&good, TENANTS_KEY, |_, header| {
                header.alg = Algorithm::HS256;
            }),
        ),
        (
            "no signature",
            with(&good, "id_token", &format!("{none}.{claims}.")),
        ),
        (
            "another app",
            changed(&good, TENANTS_KEY, |claims, _| {
                claims["aud"] = json!("11111111-0000-4000-8000-000000000001");
            }),
        ),
        (
            "another issuer",
            changed(&good, TENANTS_KEY, |claims, _| {
                claims["iss"] = json!("https://sts.example/tenant/v2.0");
            }),
        ),
        (
            "another tenant",
            changed(&good, TENANTS_KEY, |claims, _| {
                claims["tid"] = json!("22222222-0000-4000-8000-000000000002");
            }),
        ),
        (
            "yesterday",
            changed(&good, TENANTS_KEY, |claims, _| hours(claims, -24)),
        ),
        (
            "tomorrow",
            changed(&good, TENANTS_KEY, |claims, _| hours(claims, 24)),
        ),
        ("no token", with(&good, "id_token", "")),
        ("no deal", with(&good, "id", "")),
        ("another kind of row", with(&good, "typename", "account")),
    ];
    for (what, form) in &wrong {
        let answer = post(&floor, form).await;

        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
        assert!(!opens(&answer), "{what}");
    }
    floor.stage.clock.advance(TimeDelta::minutes(11));
    let late = post(&floor, &good).await;
    assert_eq!(
        late.status,
        StatusCode::FORBIDDEN,
        "good for an hour, but old"
    );
}

#[tokio::test]
async fn whoever_the_token_names_sees_what_latitude_lets_them_see() {
    let floor = floor().await;
    let stranger = changed(
        &form(&floor, &floor.seller).await,
        TENANTS_KEY,
        |claims, _| claims["oid"] = json!("33333333-0000-4000-8000-000000000003"),
    );

    let manager = post(&floor, &form(&floor, &floor.manager).await).await;
    let colleague = post(&floor, &form(&floor, &floor.product).await).await;
    let stranger = post(&floor, &stranger).await;

    assert_eq!(manager.status, StatusCode::OK, "{}", manager.body);
    assert!(manager.body.contains("What would help?"));
    for (who, answer) in [("colleague", colleague), ("stranger", stranger)] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{who}");
        assert!(!opens(&answer), "{who}");
    }
}

#[tokio::test]
async fn the_tenants_keys_are_read_again_when_it_signs_with_a_new_one() {
    let floor = floor().await;
    let to_the_end_of_the_month: chrono::DateTime<chrono::Utc> =
        "2026-11-30T23:58:00Z".parse().unwrap();
    floor.move_to(to_the_end_of_the_month);
    let before = form(&floor, &floor.seller).await;
    let first = post(&floor, &before).await;

    floor.stage.clock.advance(TimeDelta::minutes(3));
    let after = form(&floor, &floor.seller).await;
    let next = post(&floor, &after).await;

    let key = |form| jsonwebtoken::decode_header(token_of(form)).unwrap().kid;
    assert_ne!(key(&before), key(&after));
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
}
