//! Every state in which work stands still, reached on purpose: named everywhere, nothing lost,
//! and left without a restart once the cause is gone.

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::ops::doctor::look_with;
use latitude::ops::ledger::{accounts, retry};
use latitude::sandbox::world::Trouble;
use latitude::sync::report::RunState;
use serde_json::{Value, json};

use super::floor::{Floor, databases, page, sqlite};

/// What the ledger, `/ready` and `/metrics` must all say.
async fn is_named(floor: &Floor, pages: &str, state: RunState, code: &str) {
    let word = state.word();
    let accounts = accounts(&floor.engine.store, Some("acme"), None, 50)
        .await
        .unwrap();
    let account = &accounts[0];
    assert_eq!(account.standing.state, word);
    let codes: Vec<&str> = account
        .entries
        .iter()
        .filter_map(|it| it.code.as_deref())
        .collect();
    assert!(
        codes.contains(&code),
        "the ledger names {codes:?}, not {code}"
    );

    let (status, ready) = page(&format!("{pages}/ready")).await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["ready"]), (200, &json!(true)));
    assert_eq!(ready["connections"][0]["state"], word);
    assert_eq!(ready["connections"][0]["code"], code);

    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    let line = format!(
        "latitude_connection_state{{connection=\"acme\",crm=\"{}\",state=\"{word}\"}} 1",
        floor.crm.profile().id
    );
    assert!(metrics.contains(&line), "{line} not in\n{metrics}");
    assert!(
        metrics.contains(&format!("code=\"{code}\"}} 1")),
        "{metrics}"
    );
}

async fn has_recovered(floor: &Floor, pages: &str) {
    let report = floor.work().await;
    assert_eq!(report.state, RunState::Ok, "{:?}", report.cause);
    let (_, ready) = page(&format!("{pages}/ready")).await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["connections"][0]["state"], "ok");
    let state = floor.served.world.state();
    let prompt = floor.crm.field_name("latitude_", Field::Prompt);
    let unasked = state.deals.iter().filter(|deal| {
        state.stages[deal.stage].standing == latitude::domain::deal::Standing::Open
            && deal.deleted_at.is_none()
            && !deal.custom.contains_key(&prompt)
    });
    assert_eq!(unasked.count(), 0, "every open deal has its questions");
}

#[tokio::test]
async fn a_revoked_grant_is_named_and_a_new_sign_in_ends_it() {
    for database in databases().await {
        let floor = Floor::laid(&database, 5, Some("authorization_code")).await;
        let pages = floor.pages().await;
        floor.sign_in().await;
        floor.set_up().await;
        floor.grant_is_revoked().await;

        let report = floor.reconcile().await;
        assert_eq!(report.state, RunState::Login);
        is_named(&floor, &pages, RunState::Login, "invalid_grant").await;

        floor.sign_in().await;
        retry(&floor.engine.store, &floor.id, floor.env.now())
            .await
            .unwrap();
        has_recovered(&floor, &pages).await;
    }
}

/// A person takes one scope out of what is asked for.
pub fn without_scope(url: &url::Url, lacking: &str) -> url::Url {
    let mut without = url.clone();
    let pairs = url.query_pairs().map(|(name, value)| {
        let kept: Vec<&str> = value.split(' ').filter(|it| *it != lacking).collect();
        (name.into_owned(), kept.join(" "))
    });
    without.query_pairs_mut().clear().extend_pairs(pairs);
    without
}

#[tokio::test]
async fn a_missing_scope_is_named_and_agreeing_to_it_ends_it() {
    for database in databases().await {
        let floor = Floor::of("hubspot", &database, 5, Some("authorization_code")).await;
        let pages = floor.pages().await;
        floor.sign_in().await;
        floor.set_up().await;
        floor
            .sign_in_by(|url| without_scope(&url, "crm.objects.deals.write"))
            .await;
        floor.advance(TimeDelta::hours(1));

        let report = floor.reconcile().await;
        assert_eq!(report.state, RunState::Config, "{:?}", report.cause);
        let cause = report.cause.unwrap();
        assert!(cause.contains("crm.objects.deals.write"), "{cause}");
        is_named(&floor, &pages, RunState::Config, "MISSING_SCOPES").await;
        let told = look_with(&floor.config(), &floor.env).await;
        let told = told.iter().find(|it| it.check == "acme: last run").unwrap();
        assert!(told.found.contains("crm.objects.deals.write"), "{told:?}");

        floor.sign_in().await;
        retry(&floor.engine.store, &floor.id, floor.env.now())
            .await
            .unwrap();
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn a_missing_field_is_named_and_set_up_ends_it() {
    for database in databases().await {
        let floor = Floor::laid(&database, 5, None).await;
        let pages = floor.pages().await;

        assert_eq!(floor.work().await.state, RunState::Config);
        is_named(&floor, &pages, RunState::Config, "fields").await;

        floor.set_up().await;
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn a_spent_quota_is_named_and_a_new_day_ends_it() {
    for database in databases().await {
        let floor = Floor::ready(&database, 5).await;
        let pages = floor.pages().await;
        let session = floor.engine.session(&floor.id).await.unwrap();
        session.api.budget().allow_per_day(0);

        assert_eq!(floor.reconcile().await.state, RunState::Budget);
        is_named(&floor, &pages, RunState::Budget, "budget").await;

        session.api.budget().allow_per_day(10_000);
        floor.advance(TimeDelta::days(1) + TimeDelta::seconds(1));
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn a_clock_off_by_ten_minutes_is_named_and_setting_it_ends_it() {
    for database in databases().await {
        let floor = Floor::ready(&database, 5).await;
        let pages = floor.pages().await;
        floor.clock.advance(TimeDelta::minutes(10));

        assert_eq!(floor.reconcile().await.state, RunState::Config);
        is_named(&floor, &pages, RunState::Config, "clock").await;
        let (_, metrics) = page(&format!("{pages}/metrics")).await;
        assert!(
            metrics.contains("latitude_clock_skew_seconds{"),
            "{metrics}"
        );

        floor.crm_clock.advance(TimeDelta::minutes(10));
        floor.advance(TimeDelta::minutes(6));
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn another_key_is_named_and_the_right_one_ends_it() {
    for database in databases().await {
        let floor = Floor::laid(&database, 5, Some("authorization_code")).await;
        let pages = floor.pages().await;
        floor.sign_in().await;
        floor.set_up().await;
        let stranger = floor.another(&[[9; 32]]).await;

        let reports = stranger.run_until_quiet(None).await.unwrap();
        assert_eq!(reports[0].state, RunState::Config);
        is_named(&floor, &pages, RunState::Config, "sealed").await;

        floor.advance(TimeDelta::minutes(6));
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn a_cause_without_a_word_for_it_is_no_label() {
    let floor = Floor::ready(&sqlite(), 1).await;
    let pages = floor.pages().await;
    for code in ["", " ", "資格"] {
        let mut tx = floor.engine.store.write().await.unwrap();
        let (state, cause) = (RunState::Failed.word(), (code, "It said nothing more."));
        tx.save_state(&floor.id, state, Some(cause), floor.env.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let (_, metrics) = page(&format!("{pages}/metrics")).await;

        assert!(metrics.contains("state=\"failed\"} 1"), "{metrics}");
        let label = "latitude_connection_trouble{";
        assert!(!metrics.contains(label), "{code:?}: {metrics}");
    }
}

#[tokio::test]
async fn a_refused_deal_is_parked_with_the_crms_words_until_someone_asks_for_another_try() {
    for database in databases().await {
        let floor = Floor::ready(&database, 5).await;
        let pages = floor.pages().await;
        let told = "Amounts over 1 need a sponsor".to_owned();
        floor.served.world.state().deals[0].trouble = Some(Trouble::Refused(told.clone()));

        assert_eq!(floor.reconcile().await.state, RunState::Partly);
        let found = accounts(&floor.engine.store, Some("acme"), None, 50)
            .await
            .unwrap();
        assert_eq!(found[0].parked_deals.len(), 1);
        assert!(found[0].parked_deals[0].reason.contains(&told));
        let (_, metrics) = page(&format!("{pages}/metrics")).await;
        assert!(metrics.contains("latitude_parked_deals{"), "{metrics}");
        assert!(!metrics.contains(&told));

        floor.served.world.state().deals[0].trouble = None;
        let parked = retry(&floor.engine.store, &floor.id, floor.env.now())
            .await
            .unwrap();
        assert_eq!(parked, 1);
        has_recovered(&floor, &pages).await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_makes_the_pages_unready_and_is_in_the_metrics() {
    let floor = Floor::ready(&sqlite(), 1).await;
    let pages = floor.pages().await;
    floor.engine.store.close().await;

    let (status, ready) = page(&format!("{pages}/ready")).await;
    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    let (live, _) = page(&format!("{pages}/live")).await;

    assert_eq!(status, 503);
    assert!(ready.contains("does not answer"), "{ready}");
    assert!(metrics.contains("latitude_database_up 0"), "{metrics}");
    assert_eq!(live, 200);
}
