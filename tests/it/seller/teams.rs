//! Who leads whom, as the configuration says it where the CRM does not.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use latitude::crm;
use latitude::sync::worker::Engine;
use reqwest::StatusCode;

use super::floor::Floor;
use crate::stage::Stage;

/// Who leads whom in the company, by their addresses.
fn teams(stage: &Stage) -> BTreeMap<String, Vec<String>> {
    let state = stage.served.world.state();
    let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for person in &state.people {
        if let Some(leader) = person.manager {
            // Written as people write addresses.
            let leader = state.people[leader].email.to_uppercase();
            teams.entry(leader).or_default().push(person.email.clone());
        }
    }
    teams
}

#[tokio::test]
async fn a_crm_without_managers_has_them_from_the_configuration() {
    for crm in ["hubspot", "espocrm"] {
        let mut stage = Stage::of(crm::by_id(crm).unwrap(), 20).await;
        stage.reconcile().await;
        let mut tx = stage.engine.store.read().await.unwrap();
        let people = tx.people(&stage.id).await.unwrap();
        drop(tx);
        assert!(
            people.iter().all(|it| it.manager.is_none()),
            "{crm} has managers"
        );
        let mut settings = stage.served.settings.clone();
        settings.teams = teams(&stage);
        // The next start, with what the configuration says by then.
        let before = &stage.engine;
        let mut engine = Engine::new(
            before.store.clone(),
            stage.env.clone(),
            before.framework.clone(),
            &before.public_url,
            TimeDelta::hours(1),
        );
        engine.add(stage.id.clone(), settings).unwrap();
        engine.enrol().await.unwrap();
        stage.engine = engine;
        let floor = Floor::on(stage, |_| {}).await;
        let mut sam = floor.browser_of(&floor.seller).await;

        let made = sam
            .post("/obstacles", &[("text", "Legal has not looked at it")])
            .await;
        let card = made.header("location").to_owned();
        let need = [
            ("ground", "think_with_me"),
            ("what", "An hour of a lawyer"),
            ("whom", "Legal"),
            ("by", "2027-01-29"),
        ];
        let sent = sam.post(&format!("{card}/send"), &need).await;
        let mut mia = floor.browser_of(&floor.manager).await;
        let answers = mia.get("/answers").await;
        mia.post("/promise", &[("days", "1"), ("text", "")]).await;
        let deal = mia.get(&floor.panel().replace("/panel/", "/deals/")).await;

        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert!(
            answers.body.contains("Legal has not looked at it"),
            "{}",
            answers.body
        );
        assert_eq!(deal.status, StatusCode::OK, "{}", deal.body);
        // What the CRM shows the next day takes nobody's team away.
        floor.stage.clock.advance(TimeDelta::hours(25));
        floor.settle().await;
        let mut mia = floor.browser_of(&floor.manager).await;
        assert!(
            mia.get("/answers")
                .await
                .body
                .contains("Legal has not looked at it")
        );
        let deal = mia.get(&floor.panel().replace("/panel/", "/deals/")).await;
        assert_eq!(deal.status, StatusCode::OK, "{}", deal.body);
    }
}
