//! The panel inside a CRM's page: believed when signed, for whoever may see the deal, with our own
//! token and no cookie.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use latitude::domain::people::Person;
use latitude::ops::token::{Wish, make};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;

use super::floor::Floor;
use crate::web::site::{Answer, Browser};

pub async fn signed(
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

pub async fn enter(floor: &Floor, signed: &str) -> Answer {
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

/// What a panel in a frame proves itself with.
fn bearer(page: &Answer) -> String {
    let token = page.body.split("data-token=\"").nth(1).unwrap();
    format!("Bearer {}", token.split('"').next().unwrap())
}

#[tokio::test]
async fn a_signed_embed_opens_the_sellers_own_panel_without_a_cookie() {
    let floor = Floor::open().await;

    let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;

    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.headers.get("set-cookie").is_none());
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors https://"), "{policy}");
    let bearer = bearer(&page);
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
async fn a_panel_that_is_typed_in_stays_open_for_the_working_day_and_no_longer() {
    let floor = Floor::open().await;
    let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;
    let bearer = bearer(&page);
    let proof = [
        ("authorization", bearer.as_str()),
        ("accept", "application/json"),
    ];
    let path = format!("/embed/{}/{}/draft", floor.stage.id, floor.deal);
    let form = [("approach", "Call Ines on Thursday"), ("base", "0")];
    let mut frame = Browser::on(&floor.base);

    for hour in 1..=12 {
        floor.stage.clock.advance(TimeDelta::minutes(59));
        let kept = frame.send(Method::POST, &path, Some(&form), &proof).await;
        assert_eq!(kept.status, StatusCode::NO_CONTENT, "{hour}: {}", kept.body);
    }
    floor.stage.clock.advance(TimeDelta::minutes(13));
    let late = frame.send(Method::POST, &path, Some(&form), &proof).await;

    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(late.body.contains("open the card again"), "{}", late.body);
}

#[tokio::test]
async fn the_panels_script_is_told_in_its_own_terms_that_someone_was_signed_out() {
    let floor = Floor::open().await;
    let mut browser = floor.browser_of(&floor.seller).await;
    let path = format!("{}/draft", floor.panel());
    let form = [("approach", "Call Ines on Thursday"), ("base", "0")];
    let origin = floor.base.clone();
    let headers = [("accept", "application/json"), ("origin", origin.as_str())];
    browser.post("/sign-out", &[]).await;

    let answer = browser.send(Method::POST, &path, Some(&form), &headers);
    let answer = answer.await;

    // A page would be led to the sign-in, which a script would take for "kept".
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.body.contains("\"error\":"), "{}", answer.body);
}

#[tokio::test]
async fn an_embed_that_is_forged_foreign_old_or_someone_elses_opens_nothing() {
    let floor = Floor::open().await;
    let good = signed(&floor, &floor.seller, None, None).await;
    let refused = [
        signed(&floor, &floor.seller, Some("another secret"), None).await,
        signed(&floor, &floor.seller, None, Some("00D000000000099AAA")).await,
        signed(&floor, &floor.product, None, None).await,
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

fn code_of(answer: &Answer) -> String {
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let url = told["url"].as_str().unwrap();
    url.rsplit_once("/embed/").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_signed_embed_opens_one_panel_however_it_is_written_down() {
    let floor = Floor::open().await;
    let good = signed(&floor, &floor.seller, None, None).await;
    let (signature, envelope) = good.split_once('.').unwrap();

    assert_eq!(enter(&floor, &good).await.status, StatusCode::OK);

    let bare = signature.trim_end_matches('=');
    let other_letters = signature.replace('+', "-").replace('/', "_");
    for again in [
        signature,
        bare,
        &other_letters,
        other_letters.trim_end_matches('='),
    ] {
        let answer = enter(&floor, &format!("{again}.{envelope}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{again}");
        assert!(!answer.body.contains("data-token"));
    }
}

#[tokio::test]
async fn a_signed_embed_that_carries_no_time_is_not_believed_a_second_time_weeks_later() {
    let floor = Floor::open().await;
    let dated = signed(&floor, &floor.seller, None, None).await;
    let envelope = dated.split_once('.').unwrap().1;
    let mut told: serde_json::Value =
        serde_json::from_slice(&STANDARD.decode(envelope).unwrap()).unwrap();
    told["issuedAt"] = serde_json::Value::Null;
    let envelope = STANDARD.encode(told.to_string());
    let secret = floor.stage.served.settings.client_secret.clone().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).unwrap();
    mac.update(envelope.as_bytes());
    let good = format!(
        "{}.{envelope}",
        STANDARD.encode(mac.finalize().into_bytes())
    );

    assert_eq!(enter(&floor, &good).await.status, StatusCode::OK);
    floor.stage.clock.advance(TimeDelta::days(21));
    let again = enter(&floor, &good).await;

    assert_eq!(again.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_single_use_address_opens_the_panel_once_and_within_a_minute() {
    let floor = Floor::open().await;
    let path = format!("/embed/{}", floor.stage.id);
    let ask = async || {
        let signed = signed(&floor, &floor.seller, None, None).await;
        let form = [("signed_request", signed.as_str())];
        let headers = [("accept", "application/json")];
        let mut browser = Browser::on(&floor.base);
        code_of(
            &browser
                .send(Method::POST, &path, Some(&form), &headers)
                .await,
        )
    };
    let mut frame = Browser::on(&floor.base);
    let once = ask().await;

    let first = frame.get(&format!("/embed/{once}")).await;
    let second = frame.get(&format!("/embed/{once}")).await;

    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    assert!(first.body.contains("data-token"));
    assert_eq!(second.status, StatusCode::FORBIDDEN);
    // The CRM's page can show that, and it leads to none of our own.
    let policy = second.header("content-security-policy");
    assert!(policy.contains("frame-ancestors https://"), "{policy}");
    assert!(
        second.body.contains("Reload the CRM’s page")
            || second.body.contains("Reload the CRM&#39;s page")
    );
    assert!(!second.body.contains("<a "), "{}", second.body);
    floor.stage.clock.advance(TimeDelta::seconds(1));
    let late = ask().await;
    floor.stage.clock.advance(TimeDelta::seconds(61));
    assert_eq!(
        frame.get(&format!("/embed/{late}")).await.status,
        StatusCode::FORBIDDEN
    );
    let elsewhere = ask().await.replace("acme/", "other/");
    assert_eq!(
        frame.get(&format!("/embed/{elsewhere}")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn only_whom_the_admin_named_shows_the_panel_in_a_frame() {
    let named = |sources: &[&str]| {
        let sources = sources.iter().map(|it| (*it).to_owned()).collect();
        move |settings: &mut latitude::web::settings::Settings| {
            settings.frame_ancestors.insert("acme".to_owned(), sources);
        }
    };
    let of = async |sources: &[&str]| {
        let floor = Floor::with(named(sources)).await;
        let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let policy = page.header("content-security-policy").to_owned();
        policy.rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!(
        of(&["https://crm.acme.test"]).await,
        "https://crm.acme.test"
    );
    let hostile = [
        "*",
        "https://*",
        "'self'",
        "https://evil.test; script-src *",
        "https://a.test https://b.test",
        "data:",
        "https:",
    ];
    assert_eq!(of(&hostile).await, "'none'");
}

#[tokio::test]
async fn the_page_the_panel_and_the_row_of_a_deal_lead_back_to_the_crm() {
    let floor = Floor::open().await;
    let mut browser = floor.browser_of(&floor.seller).await;
    let page = format!("/deals/{}/{}", floor.stage.id, floor.deal);
    let there = format!(
        "lightning/r/Opportunity/{}/view\">Open in Salesforce",
        floor.deal
    );

    for path in [page, floor.panel()] {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.body.contains(&there), "{path}: {}", answer.body);
    }
    let board = browser.get("/board").await;
    let mark = there.replace("\">Open in", "\" title=\"Open in");
    assert!(board.body.contains(&mark), "{}", board.body);
    let person = format!("{}:{}", floor.stage.id, floor.seller.id);
    let wish = Wish {
        person: &person,
        name: "a test",
        scopes: &["deals".to_owned()],
        days: 1,
    };
    let token = make(&floor.stage.engine.store, &floor.stage.env, &wish).await;
    let bearer = format!("Bearer {}", token.unwrap());
    let proof = [("authorization", bearer.as_str())];
    for path in [
        "/api/v1/deals".to_owned(),
        format!("/api/v1/deals/{}", floor.deal),
    ] {
        let told = browser.send(Method::GET, &path, None, &proof).await;
        let link = format!("lightning/r/Opportunity/{}/view\"", floor.deal);
        assert!(told.body.contains(&link), "{path}: {}", told.body);
    }
}

#[tokio::test]
async fn a_panel_in_a_frame_is_told_all_that_its_publish_changed() {
    let floor = Floor::open().await;
    let mut boss = floor.browser_of(&floor.manager).await;
    boss.post(
        "/promise",
        &[("connection", floor.stage.id.as_str()), ("days", "1")],
    )
    .await;
    floor.stage.clock.advance(TimeDelta::minutes(1));
    let question = format!("/deals/{}/{}/question", floor.stage.id, floor.deal);
    let put = boss
        .post(&question, &[("text", "Who else must agree?")])
        .await;
    assert_eq!(put.status, StatusCode::SEE_OTHER, "{}", put.body);
    floor.stage.clock.advance(TimeDelta::minutes(1));
    let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;
    let bearer = bearer(&page);
    let proof = [
        ("authorization", bearer.as_str()),
        ("accept", "application/json"),
    ];
    let path = format!("/embed/{}/{}/publish", floor.stage.id, floor.deal);
    let mut frame = Browser::on(&floor.base);
    let mut publish = async |base: &str, need: &str| {
        let form = [
            ("approach", "Call Ines on Thursday because she decides"),
            ("need", need),
            ("check_on", "2026-12-04"),
            ("base", base),
        ];
        let told = frame.send(Method::POST, &path, Some(&form), &proof).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
        serde_json::from_str::<serde_json::Value>(&told.body).unwrap()
    };

    let began = page.body.split("name=\"base\" value=\"").nth(1).unwrap();
    let began = began.split('"').next().unwrap();
    let first = publish(began, "Two days of an architect").await;
    let base = first["version"].to_string();
    let left = publish(&base, "").await;

    // The box to take an answer back waits on the page for what is published there.
    let label = "data-part=\"need\" data-stands=\"false\" hidden";
    assert!(page.body.contains(label), "{}", page.body);
    assert!(page.body.contains("id=\"waits\""), "{}", page.body);
    assert_eq!(first["waits"], false, "{first}");
    assert_eq!(first["why"], serde_json::Value::Null, "{first}");
    assert_eq!(first["stands"]["need"], "Two days of an architect");
    assert_eq!(first["stands"]["check_on"], "2026-12-04");
    assert_eq!(first["stands"]["obstacles"], serde_json::Value::Null);
    let versions = first["versions"].as_str().unwrap();
    assert!(versions.contains("Version 2 "), "{versions}");
    let note = left["note"].as_str().unwrap();
    assert!(note.starts_with("Not changed: What I need."), "{left}");
    assert_eq!(left["stands"]["need"], "Two days of an architect");
}
