//! Two versions at once, and a third while the seller picks: nothing is settled unseen.

use std::time::Duration;

use latitude::domain::field::Field;
use latitude::domain::ids::DealId;
use latitude::domain::strategy::Answers;
use latitude::store::strategies::NewVersion;
use reqwest::StatusCode;
use sqlx::query_scalar;

use super::floor::Floor;
use crate::stage::{Stage, postgres};

const MINE: &str = "Walk Ines through the close of a peer, because she trusts peers.";
const THEIRS: &str = "Call the plant manager on Friday, since he owns the downtime.";
const NEWEST: &str = "Ask Ada who signs at the plant, because she has bought there twice.";

/// Until someone waits for another's lock in that database.
async fn until_one_waits(pool: &sqlx::PgPool) {
    for _ in 0..10_000 {
        let waits: i64 = query_scalar(
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if waits > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nobody waits");
}

/// On SQLite there is one writer, so nothing comes in between.
#[tokio::test]
async fn a_pick_that_is_overtaken_settles_nothing_and_shows_both_again() {
    let Some(database) = postgres().await else {
        return;
    };
    let floor = Floor::on(Stage::set(&database, 20).await, |_| {}).await;
    let (id, deal) = (floor.stage.id.clone(), DealId::from(floor.deal.as_str()));
    let mut sam = floor.browser_of(&floor.seller).await;
    let panel = floor.panel();
    let page = sam.get(&panel).await;
    let base = page.body.split("name=\"base\" value=\"").nth(1).unwrap();
    let base = base.split('"').next().unwrap().to_owned();
    floor.stage.types(floor.place, Field::Approach, THEIRS);
    sam.post(&panel, &[("approach", MINE), ("base", &base)])
        .await;
    floor.settle().await;
    assert!(sam.get(&panel).await.body.contains("Two versions at once"));

    // The CRM brings other words while the seller picks.
    let store = &floor.stage.engine.store;
    let mut tx = store.write().await.unwrap();
    let known = tx.dossier(&id, &deal).await.unwrap().unwrap();
    let newest = NewVersion {
        deal: deal.as_str(),
        version: known.version + 1,
        answers: Answers {
            approach: NEWEST.to_owned(),
            ..known.answers.unwrap().0
        },
        source: "crm",
        author: None,
        at: floor.stage.env.now(),
        stage: &known.stage,
        amount: known.amount,
        close_on: known.close_on,
    };
    tx.add_versions(&id, &[newest]).await.unwrap();
    let pick = tokio::spawn({
        let (path, mut sam) = (
            format!("{panel}/pick"),
            floor.browser_of(&floor.seller).await,
        );
        sam.get(&panel).await;
        async move { sam.post(&path, &[("pick", "mine")]).await }
    });
    let pool = sqlx::PgPool::connect(&database).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(30), until_one_waits(&pool)).await;
    waited.expect("the pick waits for the pull");
    tx.commit().await.unwrap();
    let picked = pick.await.unwrap();

    assert_eq!(picked.status, StatusCode::SEE_OTHER, "{}", picked.body);
    let page = sam.get(picked.header("location")).await.body;
    assert!(
        page.contains("Two versions at once") && page.contains("Ada"),
        "{page}"
    );
    let again = sam
        .post(&format!("{panel}/pick"), &[("pick", "mine")])
        .await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
    floor.settle().await;
    assert_eq!(floor.stage.shown(floor.place, Field::Approach), MINE);
    assert!(!sam.get(&panel).await.body.contains("Two versions at once"));
}
