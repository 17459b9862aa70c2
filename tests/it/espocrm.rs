//! EspoCRM: layouts that people arrange, installations that share a host.

use latitude::crm::{Crm, by_id};
use latitude::domain::field::Field;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sync::report::RunState;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::stage::Stage;

fn espocrm() -> &'static dyn Crm {
    by_id("espocrm").unwrap()
}

/// How often a name stands in a layout.
fn times(layout: &Value, name: &str) -> usize {
    layout.to_string().matches(&format!("\"{name}\"")).count()
}

/// Whoever put a field elsewhere, and arranged ours, finds it so after the next set-up.
#[tokio::test]
async fn a_field_stays_where_an_admin_put_it() {
    let mut bench = Bench::bare(espocrm(), 5).await;
    bench.set_up().await;
    let (grade, score) = ("cLatitudeGrade", "cLatitudeScore");
    let arranged = {
        let mut state = bench.served.world.state();
        let layout = state.things.get_mut("layout detail").unwrap();
        // The grade goes beside the stage, the panel gets another title; one field is new since.
        layout[0]["rows"][0] = json!([{"name": "stage"}, {"name": grade}]);
        layout[1]["label"] = json!("How we win");
        let rows = layout[1]["rows"].as_array_mut().unwrap();
        rows.retain(|row| ![grade, score].contains(&row[0]["name"].as_str().unwrap()));
        let arranged = layout.clone();
        state.remove_field(score);
        arranged
    };

    // Creates the field that is missing, and so shows fields again.
    bench.set_up().await;

    let state = bench.served.world.state();
    let layout = &state.things["layout detail"];
    assert_eq!(layout[0], arranged[0], "{layout:#}");
    assert_eq!(layout[1], arranged[1], "{layout:#}");
    for field in Field::ALL {
        let name = bench.crm.field_name("latitude_", field);
        assert_eq!(times(layout, &name), 1, "{name}");
    }
    assert_eq!(times(&state.things["layout list"], grade), 1);
    assert_eq!(times(&state.things["layout filters"], score), 1);
}

/// Notes which organisation a connection belongs to, as if it had been found so long ago.
async fn belongs_to(stage: &Stage, organisation: &str) {
    let mut tx = stage.engine.store.write().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    let user = known.user_id.unwrap();
    let (at, fields) = ((organisation, &*user), known.fields.unwrap().0);
    let now = stage.env.now();
    let saved = tx.save_setup(&stage.id, at, "", &fields, now).await;
    saved.unwrap();
    tx.forget_setup(&stage.id).await.unwrap();
    tx.commit().await.unwrap();
}

async fn organisation(stage: &Stage) -> String {
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&stage.id).await.unwrap().unwrap();
    known.organisation.unwrap()
}

#[tokio::test]
async fn another_installation_on_the_same_host_is_another_organisation() {
    let stage = Stage::of(espocrm(), 6).await;
    assert_eq!(stage.reconcile().await.state, RunState::Ok);
    let ours = organisation(&stage).await;

    // What an older Latitude noted is the host alone.
    belongs_to(&stage, "127.0.0.1").await;
    let noted_before = stage.reconcile().await;
    let now = organisation(&stage).await;
    let mut others = Vec::new();
    for other in ["127.0.0.1:1", "127.0.0.1/crm", "127.0.0.10"] {
        belongs_to(&stage, other).await;
        others.push(stage.reconcile().await);
    }

    let port = stage.served.base.port().unwrap();
    assert_eq!(ours, format!("127.0.0.1:{port}"));
    assert_eq!(noted_before.state, RunState::Ok, "{noted_before:?}");
    assert_eq!(now, ours);
    for report in others {
        assert_eq!(report.state, RunState::Config, "{report:?}");
        let cause = report.cause.unwrap();
        assert!(cause.contains("organisation"), "{cause}");
    }
}

/// What `crm apply` does, on a stage.
#[tokio::test]
async fn applying_again_changes_no_layout() {
    let stage = Stage::of(espocrm(), 5).await;
    let before = stage.served.world.state().things.clone();

    let session = stage.engine.session(&stage.id).await.unwrap();
    let again = plan(stage.crm, &session, Way::Apply).await.unwrap();
    let done = carry_out(stage.crm, &session, &again, |_| {}).await;

    assert!(done.is_ok());
    assert_eq!(stage.served.world.state().things, before);
}
