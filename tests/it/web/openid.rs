//! Signing in with a real OpenID provider (npm `oidc-provider`), and what the way back withstands.
//! The provider is there where `LATITUDE_TEST_BROWSER` says that npm's packages are.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use axum::Json;
use axum::routing::{get, post};
use latitude::domain::people::Person;
use latitude::web::settings::{OpenId, SignIn};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::{Answer, Browser, Site};

/// The provider, and a site whose people sign in with it.
struct Door {
    site: Site,
    pages: String,
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn line(from: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    tokio::task::block_in_place(|| from.read_line(&mut line)).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "which packages are there is the machine's say"
)]
fn is_there() -> bool {
    std::env::var("LATITUDE_TEST_BROWSER").is_ok()
}

/// A site whose people sign in with the provider at that address.
async fn site_of(issuer: &str) -> Site {
    Site::with(|settings| {
        settings.sign_in = SignIn::Openid(OpenId {
            issuer: issuer.parse().unwrap(),
            client_id: "latitude".to_owned(),
            client_secret: Some("a shared secret".into()),
            name: "the company".to_owned(),
            trust_email: false,
            allow_private: true,
        });
    })
    .await
}

impl Door {
    async fn open(claims: &str) -> Option<Self> {
        Self::of(claims, "its own").await
    }

    /// A provider that has its endpoints on its own host, or on another.
    async fn of(claims: &str, hosts: &str) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let mut child = Command::new("node")
            .arg("openid.mjs")
            .current_dir(format!("{}/tests/browser", env!("CARGO_MANIFEST_DIR")))
            .env("CLAIMS", claims)
            .env("HOSTS", hosts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let begun = line(&mut said);
        let told = |name: &str| begun[name].as_str().unwrap().to_owned();
        let (issuer, pages) = (told("issuer"), told("pages"));
        let site = site_of(&issuer).await;
        let told = json!({
            "back": format!("{}/sign-in/openid/back", site.base),
            "now": site.env.now().timestamp_millis(),
        });
        writeln!(child.stdin.as_mut().unwrap(), "{told}").unwrap();
        assert_eq!(line(&mut said)["ready"], true);
        Some(Self {
            site,
            pages,
            child,
            said,
        })
    }

    /// The provider signs with another key from now on.
    fn changes_its_keys(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
        assert_eq!(line(&mut self.said)["ready"], true);
    }

    /// Goes to the provider and signs in there; the address it sends the browser back to.
    async fn proven(&self, browser: &mut Browser, who: &str, next: &str) -> String {
        let away = browser.get(&format!("/sign-in/openid?next={next}")).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
        let mut theirs = Browser::on(&self.pages);
        let mut answer = theirs.get(away.header("location")).await;
        // Sign in, allow, and wherever the provider leads between.
        for _ in 0..12 {
            let location = answer.header("location").to_owned();
            if location.starts_with(&self.site.base) {
                return location;
            }
            answer = if location.is_empty() {
                let form = form(&answer, who);
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                let action = between(&answer.body, "action=\"", "\"");
                theirs.send(Method::POST, &action, Some(&form), &[]).await
            } else {
                theirs.get(&location).await
            };
        }
        panic!("{}: {}", answer.status, answer.body);
    }
}

fn between(text: &str, from: &str, until: &str) -> String {
    let rest = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from} in {text}"))
        .1;
    rest.split(until).next().unwrap().to_owned()
}

fn form(page: &Answer, who: &str) -> Vec<(String, String)> {
    let prompt = between(&page.body, "name=\"prompt\" value=\"", "\"");
    [
        ("prompt", prompt.as_str()),
        ("login", who),
        ("password", "any"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_provider_signs_a_person_in() {
    // Some providers tell the address with the token, strict ones only when asked for it.
    for claims in ["when asked", "in the token"] {
        let Some(door) = Door::open(claims).await else {
            return;
        };
        let mut browser = door.site.browser();
        let page = browser.get("/sign-in?next=/board").await;
        assert!(page.body.contains("Sign in with the company"));
        assert!(page.body.contains("/sign-in/openid?next=%2Fboard"));

        let back = door.proven(&mut browser, "mia", "%2Fboard").await;
        let answer = browser.get(&back).await;

        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(answer.header("location"), "/board");
        let board = browser.get("/board").await;
        assert!(board.body.contains("Mia Manager"), "{claims}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_has_its_endpoints_on_another_host_signs_a_person_in() {
    let Some(door) = Door::of("when asked", "other").await else {
        return;
    };
    let mut browser = door.site.browser();
    let back = door.proven(&mut browser, "mia", "%2Fboard").await;

    let answer = browser.get(&back).await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(browser.get("/board").await.body.contains("Mia Manager"));
}

/// A provider whose token endpoint answers with that status and body.
async fn failing(status: StatusCode, body: Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    let router = axum::Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async move || Json(document)),
        )
        .route("/keys", get(async || Json(json!({"keys": []}))))
        .route("/token", post(async move || (status, Json(body))));
    tokio::spawn(async move { axum::serve(listener, router).await });
    issuer
}

#[tokio::test]
async fn an_outage_and_a_wrong_set_up_are_not_taken_for_an_answer_that_lies() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let away = site_of(&nobody)
        .await
        .browser()
        .get("/sign-in/openid")
        .await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.body.contains("Try again in a minute"), "{}", away.body);

    for (answers, body, told) in [
        (503, json!({}), StatusCode::SERVICE_UNAVAILABLE),
        (
            401,
            json!({"error": "invalid_client"}),
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
        (
            400,
            json!({"error": "invalid_grant"}),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let answers = StatusCode::from_u16(answers).unwrap();
        let site = site_of(&failing(answers, body).await).await;
        let mut browser = site.browser();
        let there = browser.get("/sign-in/openid").await;
        let there = url::Url::parse(there.header("location")).unwrap();
        let mut pairs = there.query_pairs();
        let state = pairs.find(|(name, _)| name == "state").unwrap().1;

        let back = format!("/sign-in/openid/back?code=one&state={state}");
        let answer = browser.get(&back).await;

        assert_eq!(answer.status, told, "{answers}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_changed_its_keys_is_believed_at_once() {
    let Some(mut door) = Door::open("when asked").await else {
        return;
    };
    for _ in 0..2 {
        let mut browser = door.site.browser();
        let back = door.proven(&mut browser, "mia", "").await;

        let answer = browser.get(&back).await;

        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        door.changes_its_keys();
        // Keys are asked for anew at most once a minute, whoever sends tokens.
        door.site.clock.advance(chrono::TimeDelta::minutes(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_two_people_of_a_connection_share_lets_nobody_in() {
    let Some(door) = Door::open("when asked").await else {
        return;
    };
    let sam = Person {
        id: "sam".into(),
        name: "Sam Seller".to_owned(),
        email: Some("Mia@acme.test".to_owned()),
        active: true,
        manager: Some("mia".into()),
        time_zone: None,
    };
    let mut tx = door.site.store.write().await.unwrap();
    tx.save_people(&"acme".into(), &[sam]).await.unwrap();
    tx.commit().await.unwrap();
    let mut browser = door.site.browser();
    let back = door.proven(&mut browser, "mia", "").await;

    let answer = browser.get(&back).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("one person, and only one"));
    assert!(!browser.cookies.contains_key("latitude"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_answer_counts_once_in_the_browser_that_asked() {
    let Some(door) = Door::open("when asked").await else {
        return;
    };
    let mut browser = door.site.browser();
    let back = door.proven(&mut browser, "mia", "").await;

    let mut thief = door.site.browser();
    assert_eq!(thief.get(&back).await.status, StatusCode::FORBIDDEN);
    let mut other = door.site.browser();
    other.get("/sign-in/openid").await;
    assert_eq!(other.get(&back).await.status, StatusCode::FORBIDDEN);
    let before = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status, StatusCode::SEE_OTHER);
    browser.cookies = before;
    let again = browser.get(&back).await;

    assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.body);
    assert!(!browser.cookies.contains_key("latitude"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_asked_for_or_that_came_late_signs_nobody_in() {
    let Some(door) = Door::open("when asked").await else {
        return;
    };
    let mut browser = door.site.browser();
    let good = door.proven(&mut browser, "mia", "").await;
    let with = |name: &str, value: &str| {
        let mut url = url::Url::parse(&good).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kept = pairs.into_iter().map(|(key, old)| match key == name {
            true => (key, value.to_owned()),
            false => (key, old),
        });
        url.query_pairs_mut()
            .clear()
            .extend_pairs(kept.collect::<Vec<_>>());
        url.to_string()
    };

    let unknown = browser.get(&with("state", "made up")).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    let bare = browser.get("/sign-in/openid/back").await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    // Whose state it is, but another code; and the state is used up by it.
    let forged = browser.get(&with("code", "made-up")).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.body);
    assert_eq!(browser.get(&good).await.status, StatusCode::FORBIDDEN);
    let mixed_up = door.proven(&mut browser, "mia", "").await;
    let mixed_up = mixed_up.replace("iss=http", "iss=https");
    assert_eq!(browser.get(&mixed_up).await.status, StatusCode::FORBIDDEN);
    let late = door.proven(&mut browser, "mia", "").await;
    door.site.clock.advance(chrono::TimeDelta::minutes(11));
    assert_eq!(browser.get(&late).await.status, StatusCode::FORBIDDEN);

    assert_eq!(
        browser.get("/board").await.status,
        StatusCode::SEE_OTHER,
        "nobody is signed in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_proven_address_that_a_crm_knows_is_let_in() {
    let Some(door) = Door::open("when asked").await else {
        return;
    };
    for (who, why) in [
        ("newcomer", "does not vouch"),
        ("stranger", "no connected CRM has one person"),
    ] {
        let mut browser = door.site.browser();
        let back = door.proven(&mut browser, who, "").await;

        let answer = browser.get(&back).await;

        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{who}");
        assert!(answer.body.contains(why), "{}", answer.body);
        assert!(!browser.cookies.contains_key("latitude"));
    }
}
