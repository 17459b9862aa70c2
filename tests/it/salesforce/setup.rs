//! Who may see our fields, and what is left of that when it is half undone.

use latitude::crm::setup::{Step, steps_to_apply, steps_to_destroy};
use serde_json::Value;

use super::salesforce;
use crate::bench::Bench;

/// What set-up has left to do.
async fn left(bench: &Bench) -> Vec<Step> {
    let wanted = bench.blueprint();
    let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
    steps_to_apply(&wanted, &found)
}

/// How many permission sets a person of the world has.
fn sets_of(bench: &Bench, person: usize) -> usize {
    let state = bench.served.world.state();
    let id = &state.people[person].id;
    let rows = state.things["PermissionSetAssignment"].as_array().unwrap();
    rows.iter().filter(|row| row["AssigneeId"] == **id).count()
}

#[tokio::test]
async fn who_comes_after_set_up_and_who_comes_to_lead_is_planned_for_and_given_access() {
    let mut bench = Bench::bare(salesforce(), 5).await;
    let (newcomer, lead) = {
        let mut state = bench.served.world.state();
        let leads = |n: usize, state: &latitude::sandbox::world::State| {
            state.people.iter().any(|it| it.manager == Some(n))
        };
        let mut sellers = (1..state.people.len()).filter(|n| !leads(*n, &state));
        let two = (sellers.next().unwrap(), sellers.next().unwrap());
        drop(sellers);
        state.people[two.0].active = false;
        two
    };
    bench.set_up().await;
    assert_eq!(left(&bench).await, []);
    assert_eq!((sets_of(&bench, newcomer), sets_of(&bench, lead)), (0, 1));

    bench.served.world.state().people[newcomer].active = true;
    let hired = left(&bench).await;
    bench.set_up().await;
    bench.served.world.state().people[newcomer].manager = Some(lead);
    let led = left(&bench).await;
    bench.set_up().await;

    assert_eq!((hired, led), (vec![Step::Grant], vec![Step::Grant]));
    assert_eq!(left(&bench).await, []);
    assert_eq!((sets_of(&bench, newcomer), sets_of(&bench, lead)), (1, 2));
}

#[tokio::test]
async fn what_is_left_of_permission_sets_goes_when_one_was_deleted_by_hand() {
    let mut bench = Bench::bare(salesforce(), 5).await;
    let before = bench.served.world.state().things.clone();
    bench.set_up().await;
    {
        let mut state = bench.served.world.state();
        let sets = state.things["PermissionSet"].as_array().unwrap();
        let named = |set: &&Value| set["Name"] == "Latitude_Seller";
        let gone = sets.iter().find(named).unwrap()["Id"].clone();
        for (object, column) in [
            ("PermissionSetAssignment", "PermissionSetId"),
            ("FieldPermissions", "ParentId"),
            ("PermissionSet", "Id"),
        ] {
            let rows = state.things.get_mut(object).unwrap();
            rows.as_array_mut()
                .unwrap()
                .retain(|row| row[column] != gone);
        }
    }

    let wanted = bench.blueprint();
    let found = bench.crm.setup(&bench.session, &wanted).await.unwrap();
    for step in steps_to_destroy(&wanted, &found) {
        let done = bench.crm.apply(&bench.session, &wanted, &step).await;
        done.unwrap();
    }

    let state = bench.served.world.state();
    assert_eq!(state.things, before);
    assert!(state.fields.is_empty());
}
