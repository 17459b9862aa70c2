//! What a database cannot take: a character nobody means is left out; a deal or a move that is
//! refused is said everywhere, and holds nothing else up.

use chrono::TimeDelta;
use latitude::crm::ALL;
use latitude::domain::field::Field;
use latitude::domain::ids::DealId;
use latitude::domain::strategy::Part;
use latitude::ops::copy::{export, import};
use latitude::ops::doctor::look_with;
use latitude::ops::ledger::{accounts, retry};
use latitude::store::tx::Tx;
use latitude::sync::report::RunState;
use serde_json::Value;

use super::floor::{Floor, KEY, databases, page, sqlite, store};
use crate::stage::Stage;

/// Runs one statement, which the two databases spell differently.
async fn run(store: &latitude::store::Store, sqlite: &str, postgres: &str) {
    let mut tx = store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => {
            let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new(sqlite);
            query.build().execute(&mut **tx).await.unwrap();
        }
        Tx::Postgres(tx) => {
            let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new(postgres);
            query.build().execute(&mut **tx).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_nul_in_a_field_is_left_out_and_holds_nothing_up() {
    for database in databases().await {
        let stage = Stage::set(&database, 12).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        stage.types(5, Field::Approach, "Ask Ada\0 for the gate.");
        stage.types(6, Field::Approach, "Ask Bo for the gate.");

        let report = stage.reconcile().await;

        assert_eq!(report.state, RunState::Ok, "{database}: {report:?}");
        let approach = async |deal| stage.versions(deal).await.remove(0).answers.0.approach;
        assert_eq!(approach(5).await, "Ask Ada for the gate.", "{database}");
        assert_eq!(approach(6).await, "Ask Bo for the gate.", "{database}");
    }
}

#[tokio::test]
async fn no_connector_lets_a_nul_in() {
    for crm in ALL {
        let name = crm.profile().id;
        let stage = Stage::of(*crm, 12).await;
        stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        // Pipedrive knows a field by a key of its own.
        let field = stage.field(Field::Approach);
        let typed = stage.served.world.state().deals[5]
            .custom
            .contains_key(&field);
        assert_eq!(typed, name != "pipedrive", "{name}");
        stage.types(5, Field::Approach, "Ask Ada\0 for the gate.");
        stage.served.world.state().deals[5].name = "A\0 deal".to_owned();

        let report = stage.reconcile().await;

        assert_eq!(report.state, RunState::Ok, "{name}: {report:?}");
        let dossier = stage.dossier(5).await;
        assert_eq!(dossier.name, "A deal", "{name}");
        if !typed {
            continue;
        }
        let answers = dossier.answers.unwrap().0;
        assert_eq!(
            answers.part(Part::Approach),
            "Ask Ada for the gate.",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_copy_that_holds_nul_is_taken_up_by_either_database() {
    let floor = Floor::ready(&sqlite(), 12).await;
    floor.reconcile().await;
    let mut bytes = Vec::new();
    let (from, now) = (&floor.engine.store, floor.env.now());
    export(from, &mut bytes, now).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let with_nul = text
        .replace(r#""name":""#, r#""name":"\u0000"#)
        .replace(r#"\"approach\":\""#, r#"\"approach\":\"\\u0000"#);
    assert!(with_nul.contains(r#""\u0000"#) && with_nul.contains(r#""\\u0000"#));

    for target in databases().await {
        let fresh = store(&target, &[KEY], &floor.env).await;
        let taken = import(&fresh, with_nul.as_bytes()).await;
        taken.unwrap_or_else(|error| panic!("{target}: {error:#}"));
        let mut again = Vec::new();
        export(&fresh, &mut again, now).await.unwrap();

        let again = String::from_utf8(again).unwrap();
        assert!(!again.contains("u0000"), "{target}");
        assert_eq!(again.lines().count(), text.lines().count(), "{target}");
    }
}

/// Has the database refuse every deal of a name.
async fn refuse_deals(store: &latitude::store::Store) {
    let trigger = |when: &str| {
        format!(
            "CREATE TRIGGER refused_{when} BEFORE {when} ON deal WHEN NEW.name LIKE '%unkeepable%'
             BEGIN SELECT RAISE(ABORT, 'not this: unkeepable'); END"
        )
    };
    let check = "ALTER TABLE deal ADD CONSTRAINT refused CHECK (name NOT LIKE '%unkeepable%')";
    run(store, &trigger("insert"), check).await;
    run(store, &trigger("update"), "SELECT 1").await;
}

async fn allow_deals(store: &latitude::store::Store) {
    let check = "ALTER TABLE deal DROP CONSTRAINT refused";
    run(store, "DROP TRIGGER refused_insert", check).await;
    run(store, "DROP TRIGGER refused_update", "SELECT 1").await;
}

#[tokio::test]
async fn a_deal_that_the_database_refuses_is_parked_and_the_others_are_read() {
    for database in databases().await {
        let stage = Stage::set(&database, 12).await;
        let store = &stage.engine.store;
        refuse_deals(store).await;
        // One that was never read, and after the first pull one that was.
        stage.served.world.state().deals[5].name = "unkeepable new".to_owned();
        let first = stage.reconcile().await;
        stage.clock.advance(TimeDelta::minutes(10));
        stage.served.world.state().deals[6].name = "unkeepable now".to_owned();
        stage.types(6, Field::Approach, "Ask Ada for the gate.");
        stage.types(7, Field::Approach, "Ask Bo for the gate.");

        let second = stage.reconcile().await;

        let ids = [stage.deal_id(5), stage.deal_id(6)];
        let parked = |report: &latitude::sync::report::Report| {
            let mut deals: Vec<String> = report.rejected.iter().map(|it| it.deal.clone()).collect();
            deals.sort();
            deals
        };
        assert_eq!(first.state, RunState::Partly, "{database}: {first:?}");
        assert_eq!(parked(&first), [ids[0].as_str()], "{database}");
        let mut both: Vec<&str> = ids.iter().map(DealId::as_str).collect();
        both.sort_unstable();
        assert_eq!(parked(&second), both, "{database}");
        let read = stage.versions(7).await.remove(0).answers.0.approach;
        assert_eq!(read, "Ask Bo for the gate.", "{database}");
        let told = accounts(store, Some("acme"), Some(ids[1].as_str()), 20).await;
        let entries = &told.unwrap()[0].entries;
        let entry = entries.iter().find(|it| it.outcome == "parked").unwrap();
        assert_eq!(entry.code.as_deref(), Some("statement"), "{database}");
        let words = entry.message.as_deref().unwrap();
        assert!(!words.contains("unkeepable"), "{database}: {words}");

        // Another try reads them again; they are parked until that went well.
        retry(store, &stage.id, stage.env.now()).await.unwrap();
        stage.reconcile().await;
        assert_eq!(parked(&stage.reconcile().await), both, "{database}");
        allow_deals(store).await;
        retry(store, &stage.id, stage.env.now()).await.unwrap();
        let healed = stage.reconcile().await;
        assert_eq!(healed.state, RunState::Ok, "{database}: {healed:?}");
        assert_eq!(stage.dossier(5).await.name, "unkeepable new", "{database}");
        let late = stage.versions(6).await.remove(0).answers.0.approach;
        assert_eq!(late, "Ask Ada for the gate.", "{database}");
    }
}

#[tokio::test]
async fn a_move_that_the_database_refuses_is_told_everywhere_and_tried_again_later() {
    for database in databases().await {
        let floor = Floor::ready(&database, 6).await;
        let store = &floor.engine.store;
        run(
            store,
            "CREATE TRIGGER refused BEFORE INSERT ON ask BEGIN SELECT RAISE(ABORT, 'no'); END",
            "ALTER TABLE ask ADD CONSTRAINT refused CHECK (reason = 'never')",
        )
        .await;

        let report = floor.engine.turn(None).await.unwrap().unwrap();
        let again = floor.engine.turn(None).await.unwrap();

        assert_eq!(report.state, RunState::Failed, "{database}: {report:?}");
        assert!(report.tally.pulled > 0, "{database}: {report:?}");
        assert!(again.is_none(), "{database}: it is put off: {again:?}");
        let (status, ready) = page(&format!("{}/ready", floor.pages().await)).await;
        let ready: Value = serde_json::from_str(&ready).unwrap();
        assert_eq!(status, 200, "{database}: what is kept can still be read");
        assert_eq!(ready["connections"][0]["state"], "failed", "{database}");
        assert_eq!(ready["connections"][0]["code"], "statement", "{database}");
        let checks = look_with(&floor.config(), &floor.env).await;
        let last = checks.iter().find(|it| it.check == "acme: last run");
        let last = last.unwrap();
        assert!(!last.ok, "{database}: {last:?}");
        assert!(last.found.contains("refused a statement"), "{last:?}");
        let told = accounts(store, None, None, 20).await.unwrap();
        let mut entries = told[0].entries.iter();
        assert!(
            entries.any(|it| it.code.as_deref() == Some("statement") && it.step == "ask"),
            "{database}"
        );

        let lifted = "ALTER TABLE ask DROP CONSTRAINT refused";
        run(store, "DROP TRIGGER refused", lifted).await;
        floor.advance(TimeDelta::minutes(10));
        let healed = floor.reconcile().await;
        assert_eq!(healed.state, RunState::Ok, "{database}: {healed:?}");
    }
}
