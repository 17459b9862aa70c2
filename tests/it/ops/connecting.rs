//! Signing a connection in.

use latitude::http::fault::Fault;
use latitude::ops::key::{give_up, reseal};
use latitude::sync::connect::{Visit, Wrote};
use latitude::sync::report::RunState;

use super::floor::{Floor, KEY, databases, store};

#[tokio::test]
async fn a_person_agrees_and_reading_and_writing_one_deal_is_proven() {
    for database in databases().await {
        let floor = Floor::laid(&database, 3, Some("authorization_code")).await;
        let before = floor.work().await;
        assert_eq!(before.state, RunState::Login);

        floor.sign_in().await;
        let visit = Visit::of(&floor.engine, &floor.id).await.unwrap();
        let bare = visit.prove(&floor.engine, true).await.unwrap();
        floor.set_up().await;
        let ready = visit.prove(&floor.engine, true).await.unwrap();

        assert!(!bare.gaps.is_empty());
        assert!(matches!(bare.wrote, Wrote::Skipped(_)), "{:?}", bare.wrote);
        assert!(ready.gaps.is_empty(), "{:?}", ready.gaps);
        assert!(ready.read.is_some());
        assert_eq!(ready.wrote, Wrote::Done);
        assert!(!ready.who.organisation.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_belongs_to_another_sign_in_is_refused() {
    let database = super::floor::sqlite();
    let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
    let visit = Visit::of(&floor.engine, &floor.id).await.unwrap();
    let redirect = "http://127.0.0.1:1/back";

    for query in ["code=x&state=other", "code=x", "", "state=&code=x"] {
        let refused = visit
            .arrive(&floor.engine, (redirect, query), ("mine", None))
            .await;
        let Err(Fault::Setup(cause)) = refused else {
            panic!("{query} was let in");
        };
        assert_eq!(cause.code.as_deref(), Some("state"), "{query}");
    }
    let denied = visit
        .arrive(
            &floor.engine,
            (redirect, "error=access_denied&state=mine"),
            ("mine", None),
        )
        .await;
    assert!(matches!(denied, Err(Fault::Reconnect(_))));
}

#[tokio::test]
async fn after_sealing_anew_the_old_key_can_be_taken_away() {
    for database in databases().await {
        let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
        floor.sign_in().await;
        let newer = [8; 32];

        let rotating = store(&database, &[newer, KEY], &floor.env).await;
        assert_eq!(reseal(&rotating).await.unwrap(), 1);
        assert_eq!(reseal(&rotating).await.unwrap(), 0);

        let with_new_key = floor.another(&[newer]).await;
        let session = with_new_key.session(&floor.id).await.unwrap();
        assert!(floor.crm.whoami(&session).await.is_ok());
        let with_old_key = floor.another(&[KEY]).await;
        let session = with_old_key.session(&floor.id).await.unwrap();
        let refused = floor.crm.whoami(&session).await.unwrap_err();
        assert_eq!(refused.cause().code.as_deref(), Some("sealed"));
    }
}

#[tokio::test]
async fn what_a_lost_key_sealed_is_given_up_and_signing_in_again_makes_it_anew() {
    for database in databases().await {
        let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
        floor.sign_in().await;
        let with_its_key = store(&database, &[KEY], &floor.env).await;
        let without_it = store(&database, &[[8; 32]], &floor.env).await;

        assert!(give_up(&with_its_key).await.unwrap().is_empty());
        assert_eq!(give_up(&without_it).await.unwrap(), ["acme"]);
        assert!(give_up(&without_it).await.unwrap().is_empty());

        let session = floor.another(&[KEY]).await.session(&floor.id).await;
        let refused = floor.crm.whoami(&session.unwrap()).await.unwrap_err();
        assert_eq!(refused.cause().code.as_deref(), Some("no_grant"));
        floor.sign_in().await;
        let session = floor.another(&[KEY]).await.session(&floor.id).await;
        assert!(floor.crm.whoami(&session.unwrap()).await.is_ok());
    }
}
