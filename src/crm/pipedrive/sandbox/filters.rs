//! Filters: what people see as saved lists. They belong to whoever made them until they are shared
//! in the pages, for which there is no API.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use chrono::{Months, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::Desk;
use super::answers::{Query, body, data, invalid, not_found, plain};
use super::fields::own_by_number;
use super::records::{self, number, person_id};
use crate::domain::Time;
use crate::sandbox::world::State as World;

/// Conditions in one filter.
const MOST: usize = 16;
/// How a condition compares.
const OPERATORS: [&str; 11] = [
    "=",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "IS NULL",
    "IS NOT NULL",
    "LIKE '$%'",
    "LIKE '%$%'",
    "NOT LIKE '$%'",
];

/// Under which name a filter is kept.
pub fn key(id: &str) -> String {
    format!("filter:{id}")
}

/// `GET /api/v1/filters`.
pub async fn list(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let state = desk.world().state();
    let filters = state
        .things
        .iter()
        .filter(|(key, _)| key.starts_with("filter:"));
    let kind = |filter: &Value| query.get("type").is_none_or(|kind| filter["type"] == kind);
    let found: Vec<Value> = filters
        .map(|(_, filter)| filter)
        .filter(|filter| kind(filter))
        .map(|filter| {
            let mut shown = filter.clone();
            if let Some(members) = shown.as_object_mut() {
                members.remove("conditions");
            }
            shown
        })
        .collect();
    data(Value::Array(found))
}

/// `GET /api/v1/filters/{id}`.
pub async fn one(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let state = desk.world().state();
    match state.things.get(&key(&id)) {
        Some(filter) => data(filter.clone()),
        None => not_found("Filter"),
    }
}

/// `DELETE /api/v1/filters/{id}`.
pub async fn remove(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let mut state = desk.world().state();
    match state.things.remove(&key(&id)) {
        Some(_) => data(json!({"id": number(&id)})),
        None => not_found("Filter"),
    }
}

/// `GET /api/v1/filters/helpers`.
pub async fn helpers() -> Response {
    let operators = ["=", "!=", "IS NULL", "IS NOT NULL"];
    data(json!({"operators": {"enum": operators, "double": OPERATORS}, "relative_dates": {}}))
}

/// `POST /api/v1/filters`.
pub async fn create(State(desk): State<Desk>, bytes: Bytes) -> Response {
    let wanted = match body(&bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    if wanted["name"].as_str().is_none_or(str::is_empty) || wanted["type"] != "deals" {
        return invalid("name is required, and type must be deals");
    }
    let mut state = desk.world().state();
    if let Err(why) = good(&state, &wanted["conditions"]) {
        return invalid(&why);
    }
    let id = desk.number();
    let now = plain(desk.world().now());
    let filter = json!({
        "id": id,
        "name": wanted["name"],
        "filter_code": null,
        "is_editable": true,
        "active_flag": true,
        "type": "deals",
        "temporary_flag": false,
        "user_id": number(&person_id(0)),
        "add_time": now,
        "update_time": now,
        "visible_to": "1",
        "last_used_time": null,
        "custom_view_id": null,
        "conditions": wanted["conditions"],
    });
    state.things.insert(key(&id.to_string()), filter.clone());
    data(filter)
}

/// One AND of an AND group and an OR group, no more than sixteen conditions.
fn good(state: &World, conditions: &Value) -> Result<(), String> {
    let groups = conditions["conditions"].as_array();
    let glue = |value: &Value| value["glue"].as_str().unwrap_or_default().to_owned();
    let shape = groups.map(|groups| groups.iter().map(glue).collect::<Vec<_>>());
    if glue(conditions) != "and" || shape != Some(vec!["and".to_owned(), "or".to_owned()]) {
        return Err("conditions must be one AND group and one OR group".to_owned());
    }
    let all: Vec<&Value> = groups
        .into_iter()
        .flatten()
        .flat_map(|group| group["conditions"].as_array().into_iter().flatten())
        .collect();
    if all.len() > MOST {
        return Err(format!("at most {MOST} conditions are allowed"));
    }
    for condition in all {
        let operator = condition["operator"].as_str().unwrap_or_default();
        if condition["object"] != "deal" || !OPERATORS.contains(&operator) {
            return Err(format!("the condition {condition} is not supported"));
        }
        if field_key(state, &condition["field_id"]).is_none() {
            return Err(format!("field_id {} is unknown", condition["field_id"]));
        }
    }
    Ok(())
}

/// The key of the field that a number in a condition means.
fn field_key(state: &World, id: &Value) -> Option<String> {
    let id = id.as_u64().or_else(|| id.as_str()?.parse().ok())?;
    let custom = || {
        let mut fields = state.fields.iter();
        let (key, _) = fields.find(|(_, it)| it["number"] == id)?;
        Some(key.clone())
    };
    own_by_number(id).map(str::to_owned).or_else(custom)
}

/// Whether a deal stands in a filter.
pub fn holds(state: &World, n: usize, filter: &Value, now: Time) -> bool {
    let group = |at: usize| {
        let group = &filter["conditions"]["conditions"][at]["conditions"];
        group.as_array().cloned().unwrap_or_default()
    };
    let meets = |condition: &Value| meets(state, n, condition, now);
    let any = group(1);
    group(0).iter().all(meets) && (any.is_empty() || any.iter().any(meets))
}

fn meets(state: &World, n: usize, condition: &Value, now: Time) -> bool {
    let Some(key) = field_key(state, &condition["field_id"]) else {
        return false;
    };
    let deal = &state.deals[n];
    let held = match key.as_str() {
        "status" => Some(json!(records::status(state, n))),
        "title" => Some(json!(deal.name)),
        "stage_id" => Some(json!(records::stage(state, n))),
        "value" => deal.amount.map(|value| json!(value)),
        "expected_close_date" => Some(json!(deal.close_on.to_string())),
        custom => deal.custom.get(custom).cloned(),
    };
    let operator = condition["operator"].as_str().unwrap_or_default();
    let Some(held) = held else {
        return matches!(operator, "IS NULL" | "!=" | "NOT LIKE '$%'");
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (held, told) = (text(&held), text(&condition["value"]));
    let told = relative(&told, now.date_naive()).map_or(told, |day| day.to_string());
    let order = match (held.parse::<f64>(), told.parse::<f64>()) {
        (Ok(held), Ok(told)) => held.total_cmp(&told),
        _ => held.cmp(&told),
    };
    match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        "IS NOT NULL" => true,
        "LIKE '$%'" => held.starts_with(&told),
        "LIKE '%$%'" => held.contains(&told),
        "NOT LIKE '$%'" => !held.starts_with(&told),
        _ => false,
    }
}

/// The day that a word such as `in_1_month` means.
fn relative(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    if word == "today" {
        return Some(today);
    }
    let (count, unit) = word.strip_prefix("in_")?.split_once('_')?;
    let count: u32 = count.parse().ok()?;
    if unit.starts_with("week") {
        return Some(today + TimeDelta::weeks(i64::from(count)));
    }
    today.checked_add_months(Months::new(count))
}
