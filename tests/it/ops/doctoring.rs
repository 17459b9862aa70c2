//! Doctor: each thing that is wrong is named with its remedy.

use chrono::TimeDelta;
use latitude::domain::deal::Standing;
use latitude::ops::config::Config;
use latitude::ops::doctor::{Check, look_with};
use latitude::ops::ledger::accounts;
use latitude::sandbox::world::{Stage, Trouble};
use latitude::sync::report::RunState;
use latitude::web::settings::{OpenId, SignIn};
use serde_json::json;

use super::blocked::without_scope;
use super::floor::{Floor, databases, sqlite};
use crate::web::site::Browser;

async fn bad(floor: &Floor) -> Vec<Check> {
    let checks = look_with(&floor.config(), &floor.env).await;
    checks.into_iter().filter(|check| !check.ok).collect()
}

fn is_said(bad: &[Check], check: &str, remedy: &str) {
    let found = bad.iter().find(|it| it.check.contains(check));
    let found = found.unwrap_or_else(|| panic!("nothing about {check} in {bad:#?}"));
    assert!(found.remedy.contains(remedy), "{found:?}");
}

#[tokio::test]
async fn a_connection_that_is_set_up_is_green() {
    for database in databases().await {
        let floor = Floor::ready(&database, 3).await;
        floor.reconcile().await;

        assert_eq!(bad(&floor).await.len(), 0, "{:#?}", bad(&floor).await);
    }
}

#[tokio::test]
async fn work_that_nobody_takes_up_is_no_good_state() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    floor.clock.advance(TimeDelta::minutes(97));

    is_said(&bad(&floor).await, "acme: work", "latitude run");
}

#[tokio::test]
async fn what_another_program_answers_is_not_taken_for_our_pages() {
    let floor = Floor::ready(&sqlite(), 1).await;
    let mut config = floor.config();
    let pages = async |config: &Config| {
        let checks = look_with(config, &floor.env).await;
        checks.into_iter().find(|it| it.check == "pages").unwrap()
    };

    config.web.public_url = floor.pages().await.parse().unwrap();
    let ours = pages(&config).await;
    let app = axum::Router::new().fallback(|| async { "Hello" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    config.web.public_url = base.parse().unwrap();
    let another = pages(&config).await;

    assert!(ours.remedy.is_empty(), "{ours:?}");
    assert!(
        another.found.contains("not as Latitude does"),
        "{another:?}"
    );
    assert!(
        another.remedy.contains("something else answers there"),
        "{another:?}"
    );
}

#[tokio::test]
async fn every_cause_is_named_with_its_remedy() {
    let floor = Floor::laid(&sqlite(), 3, Some("authorization_code")).await;
    is_said(&bad(&floor).await, "acme: sign-in", "latitude connect");

    floor.sign_in().await;
    is_said(&bad(&floor).await, "acme: fields and views", "crm apply");

    floor.set_up().await;
    floor.clock.advance(TimeDelta::minutes(10));
    is_said(&bad(&floor).await, "acme: clock", "time service");
    floor.crm_clock.advance(TimeDelta::minutes(10));

    floor.served.world.state().deals[0].trouble = Some(Trouble::Refused("No".to_owned()));
    floor.reconcile().await;
    is_said(&bad(&floor).await, "acme: parked deals", "latitude retry");

    floor
        .control(
            "org",
            &json!({"end_sessions": true, "used_by_others": 1_000_000}),
        )
        .await;
    assert!(!bad(&floor).await.is_empty());
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_named_with_what_it_is_for() {
    let floor = Floor::of("hubspot", &sqlite(), 3, Some("authorization_code")).await;
    floor.sign_in().await;
    floor.set_up().await;
    let check = async || {
        let checks = look_with(&floor.config(), &floor.env).await;
        let mut checks = checks.into_iter();
        checks.find(|it| it.check == "acme: scopes").unwrap()
    };
    assert!(check().await.ok, "{:?}", check().await);

    let without = async |scope: &str| {
        floor.sign_in_by(|url| without_scope(&url, scope)).await;
        check().await
    };
    let needed = without("crm.objects.deals.write").await;
    let for_set_up = without("crm.lists.write").await;

    assert!(!needed.ok, "{needed:?}");
    let told = "crm.objects.deals.write (write Latitude's own fields";
    assert!(needed.found.contains(told), "{needed:?}");
    assert!(needed.remedy.contains("latitude connect"), "{needed:?}");
    assert!(for_set_up.ok, "{for_set_up:?}");
    assert!(for_set_up.found.contains("crm.lists.write (create"));
    assert!(for_set_up.remedy.contains("crm apply"), "{for_set_up:?}");
}

#[tokio::test]
async fn pushes_are_tried_where_the_crm_has_them() {
    let floor = Floor::of("hubspot", &sqlite(), 3, None).await;
    floor.set_up().await;
    let mut config = floor.config();
    let pushes = async |config: &Config| {
        let checks = look_with(config, &floor.env).await;
        let mut checks = checks.into_iter();
        checks.find(|it| it.check == "acme: pushes").unwrap()
    };

    config.web.public_url = "http://127.0.0.1:1".parse().unwrap();
    let nobody = pushes(&config).await;
    config.web.public_url = floor.served.base.clone();
    let somebody_else = pushes(&config).await;
    config.web.public_url = floor.pages().await.parse().unwrap();
    let ours = pushes(&config).await;

    assert!(nobody.remedy.contains("latitude run"), "{nobody:?}");
    assert!(somebody_else.remedy.contains("/push/"), "{somebody_else:?}");
    assert!(ours.remedy.is_empty(), "{ours:?}");
    assert!(ours.found.contains("only what is signed"), "{ours:?}");
}

#[tokio::test]
async fn a_stage_that_is_new_in_the_crm_is_noticed_in_the_ledger_by_doctor_and_on_the_page() {
    for database in databases().await {
        let floor = Floor::ready(&database, 3).await;
        floor.reconcile().await;
        let told = async || {
            let found = accounts(&floor.engine.store, Some("acme"), None, 500).await;
            let entries = found.unwrap().remove(0).entries.into_iter();
            entries
                .filter(|it| it.code.as_deref() == Some("new_stage"))
                .collect::<Vec<_>>()
        };
        assert_eq!(told().await, [], "what was there at first is not new");

        floor.served.world.state().stages.push(Stage {
            name: "Legal <review>",
            probability: 85,
            standing: Standing::Open,
        });
        floor.advance(TimeDelta::hours(25));
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        floor.advance(TimeDelta::hours(25));
        floor.reconcile().await;

        let told = told().await;
        assert_eq!(told.len(), 1, "once: {told:?}");
        let message = told[0].message.as_deref().unwrap();
        assert!(
            message.contains("[stage_map] \"Legal <review>\""),
            "{message}"
        );
        let checks = look_with(&floor.config(), &floor.env).await;
        let check = checks.iter().find(|it| it.check == "acme: stage map");
        let check = check.unwrap();
        assert!(
            check.ok && check.found.contains("Legal <review>"),
            "{check:?}"
        );
        let whom = format!("acme:{}", floor.served.world.state().people[1].id);
        let pages = floor.pages_with(|settings| settings.ops.push(whom.clone()));
        let mut ops = Browser::on(&pages.await);
        ops.sign_in(&whom).await;
        let page = ops.get("/ledger").await.body;
        assert!(page.contains("1 not in the stage map"), "{page}");
        assert!(page.contains("Legal &#60;review&#62;"), "{page}");
    }
}

#[tokio::test]
async fn another_key_and_a_missing_database_are_named() {
    let floor = Floor::laid(&sqlite(), 3, Some("authorization_code")).await;
    floor.sign_in().await;
    let mut config = floor.config();
    config.secrets.key = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".into();
    let checks: Vec<Check> = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "key", "secrets.key");

    config.secrets.key = "".into();
    let checks = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "key", "sealed");
    assert!(checks[0].found.contains("latitude key"), "{checks:?}");
    config.secrets.key = floor.config().secrets.key;

    config.database.url = "postgres://nobody@127.0.0.1:1/none".into();
    let checks = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "database", "start the database");

    config.database.url = sqlite().as_str().into();
    let checks = look_with(&config, &floor.env).await;
    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "database", "latitude migrate");
}

#[tokio::test]
async fn whom_the_configuration_names_as_a_leader_and_the_crm_does_not_know_is_told() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    let email = |n: usize| floor.served.world.state().people[n].email.clone();
    let (boss, report) = (email(1), email(2));
    let mut config = floor.config();
    let found = async |config: &_| {
        let checks = look_with(config, &floor.env).await;
        let mut checks = checks.into_iter();
        checks.find(|it| it.check == "acme: who leads whom")
    };
    let nothing_said = found(&config).await;
    let acme = config.connections.get_mut("acme").unwrap();
    acme.teams.insert(boss.clone(), vec![report.clone()]);
    let all_known = found(&config).await.unwrap();
    let acme = config.connections.get_mut("acme").unwrap();
    acme.teams
        .insert(boss, vec![report, "gone@acme.test".to_owned()]);
    let one_gone = found(&config).await.unwrap();

    assert!(nothing_said.is_none(), "{nothing_said:?}");
    assert!(all_known.ok, "{all_known:?}");
    assert!(
        !one_gone.ok && one_gone.found.contains("gone@acme.test"),
        "{one_gone:?}"
    );
    assert!(
        one_gone.remedy.contains("connections.acme.teams"),
        "{one_gone:?}"
    );
}

#[tokio::test]
async fn a_sqlite_file_that_is_outgrown_is_named_with_the_way_out() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    let mut config = floor.config();
    for n in 0..8 {
        let more = config.connections["acme"].clone();
        config.connections.insert(format!("more{n}"), more);
    }

    let checks = look_with(&config, &floor.env).await;

    let checks: Vec<Check> = checks.into_iter().filter(|it| !it.ok).collect();
    is_said(&checks, "database", "latitude export");
}

#[tokio::test]
async fn a_second_process_on_a_sqlite_file_is_told_where_replicas_meet() {
    let floor = Floor::ready(&sqlite(), 3).await;
    let file = floor.database.trim_start_matches("sqlite://");
    let first = std::fs::File::create(format!("{file}.worker")).unwrap();
    first.lock().unwrap();
    let config = super::floor::folder().join("latitude.toml");
    let text = format!(
        "[database]\nurl = \"{}\"\n[secrets]\nkey = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n",
        floor.database
    );
    std::fs::write(&config, text).unwrap();

    let second = std::process::Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(["worker", "--config"])
        .arg(&config)
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(told.contains("another process"), "{told}");
    assert!(told.contains("latitude export"), "{told}");
}

#[tokio::test]
async fn a_guardrail_past_its_review_date_is_noted_with_whom_to_ask() {
    let floor = Floor::laid(&sqlite(), 1, None).await;
    let told = async || {
        let checks = look_with(&floor.config(), &floor.env).await;
        checks.into_iter().find(|it| it.check == "guardrails")
    };
    assert!(told().await.is_none());

    floor.clock.advance(TimeDelta::days(300));
    let told = told().await.unwrap();

    assert!(told.ok, "it is no fault: {told:?}");
    let line = "Explore, Head of sales, 2027-06-30: no price, discount or date promise yet";
    assert!(told.found.contains(line), "{told:?}");
    assert!(told.remedy.contains("review_on"), "{told:?}");
}

#[tokio::test]
async fn a_provider_of_sign_ins_that_is_none_or_does_not_answer_is_named() {
    let floor = Floor::ready(&sqlite(), 3).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let crm = floor.served.base.as_str();

    for (issuer, remedy) in [(crm, "web.sign_in.issuer"), (&*nobody, "reached from here")] {
        let mut config = floor.config();
        config.web.sign_in = SignIn::Openid(OpenId {
            issuer: issuer.parse().unwrap(),
            client_id: "latitude".to_owned(),
            client_secret: None,
            name: "the company".to_owned(),
            trust_email: false,
            allow_private: true,
        });

        let checks = look_with(&config, &floor.env).await;

        is_said(&checks, "sign-in with OpenID", remedy);
    }
}
