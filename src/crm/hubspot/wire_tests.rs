use super::*;
use crate::crm::setup::Place;

fn fields() -> FieldMap {
    let named = |field: Field| Place {
        name: format!("latitude_{}", field.name()),
        ..Place::default()
    };
    FieldMap(Field::ALL.into_iter().map(|it| (it, named(it))).collect())
}

fn page() -> Listing<Record> {
    serde_json::from_str(include_str!("golden/search.json")).expect("a page")
}

#[test]
fn a_deal_is_read_whole() {
    let page = page();
    let companies = BTreeMap::from([("7000003".to_owned(), "Kestrel Freight".to_owned())]);

    let deal = deal(&page.results[0], &fields(), (&companies, None));

    assert_eq!(deal.id.as_str(), "9100013");
    assert_eq!(deal.account.as_deref(), Some("Kestrel Freight"));
    assert_eq!(deal.amount, Some(12_500.0));
    assert_eq!(deal.close_on, NaiveDate::from_ymd_opt(2026, 12, 18));
    assert_eq!(deal.answers.approach, "Start small,\nthen widen.");
    assert_eq!(deal.answers.check_on, NaiveDate::from_ymd_opt(2026, 11, 24));
    assert_eq!(deal.changed_at.timestamp_subsec_millis(), 123);
    assert_eq!(
        deal.shown,
        [
            (Field::Score, Value::Number(72)),
            (Field::Grade, Value::text("Solid")),
            (Field::State, Value::Empty),
        ]
    );
    assert_eq!(page.after(), Some("2"));
}

#[test]
fn what_is_missing_or_odd_does_not_stop_a_deal() {
    let page = page();

    let deal = deal(&page.results[1], &fields(), (&BTreeMap::new(), Some("EUR")));

    assert_eq!(deal.standing, Standing::Won);
    assert_eq!(deal.amount, None);
    assert_eq!(deal.seller, None);
    assert_eq!(deal.close_on, NaiveDate::from_ymd_opt(2025, 12, 18));
    assert_eq!(deal.shown, [(Field::Score, Value::text("many"))]);
}

#[test]
fn stages_come_in_order_with_their_standing() {
    let told: Listing<WirePipeline> =
        serde_json::from_str(include_str!("golden/pipelines.json")).expect("pipelines");

    let pipelines = pipelines(told.results);

    let stages: Vec<_> = pipelines[0]
        .stages
        .iter()
        .map(|stage| (stage.id.as_str(), stage.standing))
        .collect();
    assert_eq!(
        stages,
        [
            ("discovery", Standing::Open),
            ("closedwon", Standing::Won),
            ("closedlost", Standing::Lost)
        ]
    );
}

#[test]
fn values_are_told_as_text_and_nothing_as_empty_text() {
    let fields = fields();
    let time = "2026-11-17T09:00:00Z".parse().expect("a time");

    assert_eq!(told(Field::Score, &Value::Number(72), &fields), "72");
    assert_eq!(told(Field::NeedDue, &Value::Empty, &fields), "");
    assert_eq!(
        told(Field::AssessedAt, &Value::Time(time), &fields),
        "2026-11-17T09:00:00.000Z"
    );
}

#[test]
fn merged_deals_are_read_from_their_list() {
    let merged: Vec<DealId> = ids("9100000; 9100001;").collect();

    assert_eq!(merged, [DealId::from("9100000"), DealId::from("9100001")]);
}
