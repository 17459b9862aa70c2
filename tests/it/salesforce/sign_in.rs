//! Signing in: every grant, rotation, and what a stolen token leads to.

use std::sync::Arc;

use latitude::crm::session::{self, Means, Session};
use latitude::crm::settings::Settings;
use latitude::crm::setup::FieldMap;
use latitude::http;
use latitude::http::fault::Fault;
use serde_json::json;

use super::{Visitor, rule, salesforce};
use crate::bench::{Bench, Memory};

const KEY: &str = include_str!("throwaway_key.pem");
const CERTIFICATE: &str = include_str!("throwaway_certificate.pem");
const BACK: &str = "https://latitude.test/connect/back";

fn means(bench: &Bench) -> Means {
    Means {
        client: http::client().into(),
        env: bench.session.api.env().clone(),
        vault: Arc::new(Memory::default()),
    }
}

fn settings(bench: &Bench, sign_in: &str) -> Settings {
    Settings {
        sign_in: Some(sign_in.to_owned()),
        ..bench.served.settings.clone()
    }
}

fn open(settings: Settings, means: &Means) -> Session {
    session::open(salesforce(), Arc::new(settings), FieldMap::default(), means).unwrap()
}

#[tokio::test]
async fn a_signed_statement_opens_a_session() {
    let bench = Bench::bare(salesforce(), 5).await;
    rule(&bench, json!({"certificate": CERTIFICATE})).await;
    let user = bench.served.world.state().people[0].email.clone();
    let settings = Settings {
        user: Some(user),
        private_key: Some(KEY.into()),
        ..settings(&bench, "jwt_bearer")
    };

    let session = open(settings.clone(), &means(&bench));
    let identity = salesforce().whoami(&session).await.unwrap();

    assert_eq!(identity.user, bench.served.world.state().people[0].id);
    for (rules, told) in [
        (json!({"preauthorized": false}), "hasn't approved"),
        (json!({"certificate": null}), "certificate"),
    ] {
        rule(&bench, rules).await;
        let session = open(settings.clone(), &means(&bench));
        let fault = salesforce().whoami(&session).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::Reconnect(cause) if cause.message.contains(told)),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_person_agrees_once_and_refreshes_rotate_from_then_on() {
    let bench = Bench::bare(salesforce(), 5).await;
    let (settings, means) = (settings(&bench, "authorization_code"), means(&bench));
    let oauth = session::oauth(salesforce(), &settings, &means).unwrap();
    let visitor = Visitor::arrive(&bench).await;

    let departure = oauth.depart(BACK).unwrap();
    let there = departure.url.as_str().strip_prefix(&visitor.base).unwrap();
    let sent = visitor.get(there).await;
    assert_eq!(sent.status, 302);
    let back = url::Url::parse(sent.header("location")).unwrap();
    let pair = |name: &str| {
        back.query_pairs()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .into_owned()
    };
    assert_eq!(pair("state"), departure.state);
    let env = bench.session.api.env();
    let verifier = departure.verifier;
    let first = oauth
        .arrive(env, &pair("code"), BACK, verifier.clone())
        .await
        .unwrap();
    let again = oauth.arrive(env, &pair("code"), BACK, verifier).await;
    assert!(
        matches!(again, Err(Fault::Reconnect(_))),
        "a code is good once"
    );

    let session = open(settings, &means);
    rule(&bench, json!({"end_sessions": true})).await;
    salesforce().whoami(&session).await.unwrap();
    let rotated = means.vault.load().await.unwrap().unwrap();

    let secret = |token: &Option<secrecy::SecretString>| {
        secrecy::ExposeSecret::expose_secret(token.as_ref().unwrap()).to_owned()
    };
    let (old, new) = (secret(&first.refresh), secret(&rotated.refresh));
    assert_ne!(old, new);

    // Whoever presents the dead token ends the whole grant.
    let theft = visitor
        .grant(&[("grant_type", "refresh_token"), ("refresh_token", &old)])
        .await;
    assert_eq!(theft.json()["error"], "invalid_grant");
    let lost = salesforce().whoami(&session).await.unwrap_err();
    assert!(matches!(lost, Fault::Reconnect(_)), "{lost:?}");
}

#[tokio::test]
async fn a_sixth_grant_revokes_the_oldest() {
    let bench = Bench::bare(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    rule(&bench, json!({"rotation": false})).await;
    let client = bench.served.settings.client_id.clone().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..6 {
        let agree = format!(
            "/services/oauth2/authorize?response_type=code&client_id={client}&redirect_uri={BACK}"
        );
        let sent = visitor.get(&agree).await;
        let back = url::Url::parse(sent.header("location")).unwrap();
        let code = back
            .query_pairs()
            .find(|(key, _)| key == "code")
            .unwrap()
            .1
            .into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", BACK),
        ];
        let answer = visitor.grant(&form).await.json();
        tokens.push(answer["refresh_token"].as_str().unwrap().to_owned());
    }

    let mut statuses = Vec::new();
    for token in &tokens {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &**token)];
        statuses.push(visitor.grant(&form).await.status);
    }

    assert_eq!(statuses, [400, 200, 200, 200, 200, 200]);
}

#[tokio::test]
async fn tokens_are_introspected_and_revoked() {
    let bench = Bench::bare(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    let info = visitor.get("/services/oauth2/userinfo").await.json();
    assert_eq!(info["organization_id"].as_str().unwrap().len(), 18);

    let form = |token: &str| {
        Some((
            "application/x-www-form-urlencoded",
            format!("token={token}"),
        ))
    };
    let revoked = visitor
        .send("POST", "/services/oauth2/revoke", form(&visitor.token))
        .await;
    let twice = visitor
        .send("POST", "/services/oauth2/revoke", form(&visitor.token))
        .await;
    let after = visitor.get("/services/oauth2/userinfo").await;
    let data = visitor.query("SELECT Id FROM User").await;

    assert_eq!((revoked.status, revoked.text.as_str()), (200, ""));
    assert_eq!(twice.status, 400);
    assert!(twice.text.starts_with("error=unsupported_token_type"));
    assert_eq!(
        (after.status, after.text.as_str()),
        (403, "Bad_OAuth_Token")
    );
    assert_eq!(
        (data.status, data.code().as_str()),
        (401, "INVALID_SESSION_ID")
    );
}

#[tokio::test]
async fn an_app_that_is_not_ready_says_what_is_missing() {
    let bench = Bench::bare(salesforce(), 5).await;
    rule(&bench, json!({"run_as_user": false})).await;

    let session = open(settings(&bench, "client_credentials"), &means(&bench));
    let fault = salesforce().whoami(&session).await.unwrap_err();

    assert!(
        fault.cause().message.contains("client credentials user"),
        "{fault:?}"
    );
    let wrong = Settings {
        client_secret: Some("wrong".into()),
        ..settings(&bench, "client_credentials")
    };
    let fault = salesforce()
        .whoami(&open(wrong, &means(&bench)))
        .await
        .unwrap_err();
    assert!(matches!(&fault, Fault::Setup(_)), "{fault:?}");
}
