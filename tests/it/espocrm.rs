//! EspoCRM: layouts that people arrange.

use latitude::crm::{Crm, by_id};
use latitude::domain::field::Field;
use latitude::ops::provision::{Way, carry_out, plan};
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
