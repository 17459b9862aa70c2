use super::*;
use crate::crm::setup::Place;

fn fields() -> FieldMap {
    let place = |field: Field| Place {
        name: field_name("latitude_", field.name()),
        options: match field.kind() {
            Kind::Pick(labels) => labels
                .iter()
                .map(|label| ((*label).to_owned(), option_key(label)))
                .collect(),
            _ => Default::default(),
        },
        ..Place::default()
    };
    FieldMap(Field::ALL.map(|field| (field, place(field))).into())
}

#[test]
fn an_opportunity_of_version_19_says_itself_how_it_stands() {
    let leads: Vec<Lead> =
        serde_json::from_str(include_str!("../golden/search_read_19.json")).expect("records");

    let deal = leads[0].deal(&[], &fields()).expect("an open deal");
    assert_eq!((deal.id.as_str(), deal.stage.as_str()), ("21", "3"));
    assert_eq!(deal.account.as_deref(), Some("Kiln Brewing"));
    assert_eq!(deal.currency.as_deref(), Some("EUR"));
    assert_eq!(deal.changed_at.to_rfc3339(), "2026-11-21T21:38:07+00:00");
    assert_eq!(deal.answers.customer_outcome, "Dry stock.\nNo more claims.");
    assert_eq!(deal.answers.conversation_goal, "");
    assert_eq!(
        deal.answers.check_on.map(|day| day.to_string()).as_deref(),
        Some("2026-12-01")
    );
    assert!(deal.shown.contains(&(Field::Score, Value::Empty)));
    assert!(
        deal.shown
            .contains(&(Field::Grade, Value::text("Not enough yet")))
    );
    assert!(deal.shown.contains(&(Field::State, Value::Empty)));

    let lost = leads[1].deal(&[], &fields()).expect("a lost deal");
    assert_eq!(lost.standing, Standing::Lost);
    assert_eq!(
        (lost.amount, lost.close_on, lost.seller),
        (None, None, None)
    );
    assert_eq!(lost.account.as_deref(), Some("Heron Publishing"));
    assert!(lost.shown.contains(&(Field::Score, Value::Number(64))));

    assert_eq!(leads[2].seen(&[], &fields()), Seen::Gone("23".into()));
}

#[test]
fn before_version_19_stage_and_probability_say_it() {
    #[derive(Deserialize)]
    struct Answer {
        result: Vec<Lead>,
    }
    let answer: Answer =
        serde_json::from_str(include_str!("../golden/search_read_17.json")).expect("an answer");

    let standings = answer.result.iter().map(|lead| lead.standing(&[4]));
    assert_eq!(
        standings.collect::<Vec<_>>(),
        [Some(Standing::Won), Some(Standing::Lost)]
    );
}

#[test]
fn names_and_keys_keep_to_what_odoo_allows() {
    assert_eq!(field_name("latitude_", "check_on"), "x_latitude_check_on");
    assert_eq!(field_name("x_Acme", "check_on"), "x_acme_check_on");
    assert_eq!(field_name("", "check_on"), "x_check_on");
    assert_eq!(
        option_key("Not assessed (language)"),
        "not_assessed_language"
    );
}

#[test]
fn values_are_written_as_odoo_takes_them() {
    let time = time_of("2026-11-21 21:45:10.5").expect("a moment");
    let told = |field, value| written(field, &value, &fields());

    assert_eq!(
        told(Field::AssessedAt, Value::Time(time)),
        json!("2026-11-21 21:45:10")
    );
    assert_eq!(told(Field::Score, Value::Empty), json!(false));
    assert_eq!(told(Field::Grade, Value::text("Strong")), json!("strong"));
    assert_eq!(told(Field::Coaching, Value::text("a\0b")), json!("ab"));
}
