use super::*;
use crate::crm::setup::Place;

const APPROACH: &str = "1111111111111111111111111111111111111111";
const GRADE: &str = "2222222222222222222222222222222222222222";
const SCORE: &str = "3333333333333333333333333333333333333333";

fn fields() -> FieldMap {
    let place = |name: &str| Place {
        name: name.to_owned(),
        ..Place::default()
    };
    let mut grade = place(GRADE);
    grade.options = BTreeMap::from([("Solid".to_owned(), "191".to_owned())]);
    FieldMap(BTreeMap::from([
        (Field::Approach, place(APPROACH)),
        (Field::Grade, grade),
        (Field::Score, place(SCORE)),
    ]))
}

#[test]
fn deals_are_read_with_their_random_keys() {
    let page: Envelope<Vec<WireDeal>> =
        serde_json::from_str(include_str!("golden/deals.json")).expect("deals");
    let names = BTreeMap::from([(7, "Kestrel Freight".to_owned())]);

    let cursor = page.cursor();
    let told = page.data.expect("deals");
    let first = deal(&told[0], &fields(), &names);

    assert_eq!(cursor.as_deref(), Some("eyJmaWVsZCI6ImlkIn0"));
    assert_eq!(first.id.as_str(), "701");
    assert_eq!(first.account.as_deref(), Some("Kestrel Freight"));
    assert_eq!(first.answers.approach, "Start small,\nthen widen.");
    assert_eq!(
        first.shown,
        [
            (Field::Score, Value::Number(72)),
            (Field::Grade, Value::text("Solid")),
        ]
    );
    assert!(told[1].is_gone());
    assert_eq!(deal(&told[1], &fields(), &names).account, None);
}

#[test]
fn values_are_told_in_their_own_types() {
    let fields = fields();
    let time = "2026-11-17T23:30:00Z".parse().expect("a time");

    assert_eq!(
        told(Field::Grade, &Value::text("Solid"), &fields),
        json!(191)
    );
    assert_eq!(told(Field::Score, &Value::Number(72), &fields), json!(72));
    assert_eq!(told(Field::Score, &Value::Empty, &fields), Json::Null);
    assert_eq!(
        told(Field::NeedDue, &Value::Time(time), &fields),
        json!("2026-11-17")
    );
}

#[test]
fn a_manager_is_whoever_alone_stands_in_the_role_above() {
    let user = |id: u64, role_id: u64| User {
        id,
        name: format!("User {id}"),
        email: None,
        active_flag: true,
        role_id: Some(role_id),
        timezone_name: None,
        company_id: None,
        company_name: None,
        company_domain: None,
    };
    let role = |id: u64, above: Option<u64>| Role {
        id,
        parent_role_id: above,
    };
    let roles = [role(1, Some(1)), role(2, Some(1)), role(3, Some(2))];

    let people = people(
        vec![user(10, 1), user(11, 1), user(20, 2), user(30, 3)],
        &roles,
    );

    let managers: Vec<Option<&str>> = people
        .iter()
        .map(|person| person.manager.as_ref().map(PersonId::as_str))
        .collect();
    assert_eq!(managers, [None, None, None, Some("20")]);
}
