//! The fields of deals: random keys, options by number; and the older form that numbers the fields.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Desk;
use super::answers::{Query, answer, body, data, invalid, not_found, place};
use super::answers::{cursor, plain};
use crate::sandbox::world::State as World;

/// The fields every company has: key, name, type.
const OWN: [(&str, &str, &str); 12] = [
    ("id", "ID", "int"),
    ("title", "Title", "varchar"),
    ("owner_id", "Owner", "user"),
    ("value", "Value", "double"),
    ("currency", "Currency of Value", "varchar"),
    ("org_id", "Organization", "org"),
    ("pipeline", "Pipeline", "double"),
    ("stage_id", "Stage", "stage"),
    ("status", "Status", "status"),
    ("add_time", "Deal created", "date"),
    ("update_time", "Update time", "date"),
    ("expected_close_date", "Expected close date", "date"),
];
/// The types a field of one's own may have.
const TYPES: [&str; 16] = [
    "varchar",
    "text",
    "double",
    "phone",
    "date",
    "daterange",
    "time",
    "timerange",
    "set",
    "enum",
    "varchar_auto",
    "address",
    "monetary",
    "org",
    "people",
    "user",
];
/// The number of the first field of one's own.
const FIRST_NUMBER: u64 = 12_450;

/// The key of a field every company has, by number.
pub fn own_by_number(id: u64) -> Option<&'static str> {
    let at = usize::try_from(id.checked_sub(1)?).ok()?;
    OWN.get(at).map(|(key, _, _)| *key)
}

fn own((key, name, kind): &(&str, &str, &str)) -> Value {
    json!({
        "field_name": name,
        "field_code": key,
        "description": null,
        "field_type": kind,
        "options": null,
        "subfields": null,
        "is_custom_field": false,
        "is_optional_response_field": false,
    })
}

/// `GET /api/v2/dealFields`.
pub async fn list(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let limit = match query.limit() {
        Ok(limit) => limit,
        Err(why) => return invalid(&why),
    };
    let from = match query.get("cursor").map(place) {
        None => 0,
        Some(Some((_, at))) => usize::try_from(at).unwrap_or_default(),
        Some(None) => return invalid("cursor is invalid"),
    };
    let state = desk.world().state();
    let custom = state.fields.values().map(shown);
    let all: Vec<Value> = OWN.iter().map(own).chain(custom).collect();
    let reached = (from + limit).min(all.len());
    let page = all.get(from..reached).unwrap_or_default();
    let next =
        (reached < all.len()).then(|| cursor("position", &json!(reached), "asc", reached as u64));
    let body = json!({
        "success": true,
        "data": page,
        "additional_data": {"next_cursor": next},
    });
    answer(200, body)
}

/// A definition without what only the server keeps of it.
fn shown(definition: &Value) -> Value {
    let mut shown = definition.clone();
    if let Some(members) = shown.as_object_mut() {
        members.remove("number");
    }
    shown
}

/// `GET /api/v2/dealFields/{code}`.
pub async fn one(State(desk): State<Desk>, Path(code): Path<String>) -> Response {
    let state = desk.world().state();
    let own_one = OWN.iter().find(|field| field.0 == code).map(own);
    match own_one.or_else(|| state.fields.get(&code).map(shown)) {
        Some(definition) => data(definition),
        None => not_found("Field"),
    }
}

/// `POST /api/v2/dealFields`: names need not be unique.
pub async fn create(State(desk): State<Desk>, bytes: Bytes) -> Response {
    let wanted = match body(&bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let text = |key: &str| wanted[key].as_str().unwrap_or_default();
    let name = text("field_name").to_owned();
    if name.is_empty() || name.chars().count() > 255 {
        return invalid("Validation failed: field_name is required, at most 255 characters");
    }
    if !TYPES.contains(&text("field_type")) {
        return invalid("Validation failed: field_type is unknown");
    }
    let labels = match labels(&wanted["options"]) {
        Ok(labels) => labels,
        Err(why) => return invalid(&why),
    };
    let picks = matches!(text("field_type"), "enum" | "set");
    if picks == labels.is_empty() {
        return invalid("Validation failed: options go with enum and set, and only with them");
    }
    let number = FIRST_NUMBER + desk.number();
    let hash = Sha256::digest(format!("{name}{number}{}", desk.world().state().seed()));
    let code: String = hash
        .iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let definition = json!({
        "number": number,
        "field_name": name,
        "field_code": code,
        "description": wanted["description"],
        "field_type": text("field_type"),
        "options": picks.then(|| options(&desk, labels)),
        "subfields": null,
        "is_custom_field": true,
        "is_optional_response_field": false,
        "ui_visibility": {
            "add_visible_flag": wanted["ui_visibility"]["add_visible_flag"] == true,
            "details_visible_flag": wanted["ui_visibility"]["details_visible_flag"] != false,
            "projects_detail_visible_flag": false,
            "show_in_pipelines": {"show_in_all": true, "pipeline_ids": []},
        },
        "important_fields": {"enabled": false, "stage_ids": []},
        "required_fields": {"enabled": false, "stage_ids": []},
    });
    let world = desk.world();
    let mut state = world.state();
    state.define(world, &code, &name, definition.clone());
    data(shown(&definition))
}

fn labels(told: &Value) -> Result<Vec<String>, String> {
    let label = |option: &Value| {
        let label = option["label"].as_str().filter(|label| !label.is_empty());
        label.map(str::to_owned)
    };
    let told = told.as_array().map(Vec::as_slice).unwrap_or_default();
    let labels: Option<Vec<String>> = told.iter().map(label).collect();
    labels.ok_or_else(|| "Validation failed: each option needs a label".to_owned())
}

fn options(desk: &Desk, labels: Vec<String>) -> Vec<Value> {
    let option = |label| json!({"id": 180 + desk.number(), "label": label, "color": null});
    labels.into_iter().map(option).collect()
}

/// `PATCH /api/v2/dealFields/{code}`.
pub async fn change(State(desk): State<Desk>, Path(code): Path<String>, bytes: Bytes) -> Response {
    let wanted = match body(&bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let mut state = desk.world().state();
    let Some(definition) = state.fields.get_mut(&code) else {
        return not_found("Field");
    };
    for key in [
        "field_name",
        "description",
        "ui_visibility",
        "important_fields",
    ] {
        if !wanted[key].is_null() {
            definition[key] = wanted[key].clone();
        }
    }
    data(shown(definition))
}

/// `DELETE /api/v2/dealFields/{code}`, with all it held.
pub async fn remove(State(desk): State<Desk>, Path(code): Path<String>) -> Response {
    let mut state = desk.world().state();
    let Some(definition) = state.fields.get(&code).map(shown) else {
        return not_found("Field");
    };
    state.remove_field(&code);
    data(definition)
}

/// `POST /api/v2/dealFields/{code}/options`: all or none.
pub async fn add_options(
    State(desk): State<Desk>,
    Path(code): Path<String>,
    bytes: Bytes,
) -> Response {
    let labels = match body(&bytes).map(|wanted| labels(&wanted)) {
        Ok(Ok(labels)) if !labels.is_empty() => labels,
        Ok(Ok(_)) => return invalid("Validation failed: at least one option is required"),
        Ok(Err(why)) => return invalid(&why),
        Err(refusal) => return refusal,
    };
    let mut state = desk.world().state();
    let Some(known) = known_options(&mut state, &code) else {
        return not_found("Field");
    };
    if labels
        .iter()
        .any(|label| known.iter().any(|it| it["label"] == label.as_str()))
    {
        return invalid("Validation failed: an option of that label exists");
    }
    let fresh = options(&desk, labels);
    known.extend(fresh.iter().cloned());
    let shown: Vec<Value> = fresh
        .iter()
        .map(|option| json!({"id": option["id"], "label": option["label"]}))
        .collect();
    data(Value::Array(shown))
}

/// `DELETE /api/v2/dealFields/{code}/options`.
pub async fn remove_options(
    State(desk): State<Desk>,
    Path(code): Path<String>,
    bytes: Bytes,
) -> Response {
    let wanted = match body(&bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let mut state = desk.world().state();
    let Some(known) = known_options(&mut state, &code) else {
        return not_found("Field");
    };
    let asked = wanted.as_array().cloned().unwrap_or_default();
    let is_asked = |option: &Value| asked.iter().any(|it| it["id"] == option["id"]);
    let gone: Vec<Value> = known.iter().filter(|it| is_asked(it)).cloned().collect();
    known.retain(|option| !is_asked(option));
    data(Value::Array(gone))
}

fn known_options<'a>(state: &'a mut World, code: &str) -> Option<&'a mut Vec<Value>> {
    state.fields.get_mut(code)?["options"].as_array_mut()
}

/// `GET /api/v1/dealFields`: the older form, with the numbers that filters want.
pub async fn numbered(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let (start, limit) = match (query.number("start"), query.limit()) {
        (Ok(start), Ok(limit)) => (start.unwrap_or(0), limit),
        (Err(why), _) | (_, Err(why)) => return invalid(&why),
    };
    let now = plain(desk.world().now());
    let field = |id: u64, key: &str, name: &str, kind: &str, options: &Value, edit: bool| {
        // The older form knows fewer types.
        let kind = match kind {
            "int" => "double",
            "stage" | "status" => "enum",
            other => other,
        };
        json!({
            "id": id,
            "key": key,
            "name": name,
            "order_nr": id,
            "field_type": kind,
            "add_time": now,
            "update_time": now,
            "active_flag": true,
            "edit_flag": edit,
            "details_visible_flag": true,
            "add_visible_flag": false,
            "important_flag": false,
            "bulk_edit_allowed": true,
            "searchable_flag": false,
            "filtering_allowed": true,
            "sortable_flag": true,
            "options": options,
            "mandatory_flag": !edit,
        })
    };
    let state = desk.world().state();
    let own = OWN
        .iter()
        .enumerate()
        .map(|(n, (key, name, kind))| field(n as u64 + 1, key, name, kind, &Value::Null, false));
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let custom = state.fields.values().map(|it| {
        let id = it["number"].as_u64().unwrap_or_default();
        let (key, name) = (text(it, "field_code"), text(it, "field_name"));
        field(
            id,
            &key,
            &name,
            &text(it, "field_type"),
            &it["options"],
            true,
        )
    });
    let all: Vec<Value> = own.chain(custom).collect();
    let reached = (start + limit).min(all.len());
    let more = reached < all.len();
    let mut pagination = json!({
        "start": start,
        "limit": limit,
        "more_items_in_collection": more,
    });
    if more {
        pagination["next_start"] = json!(reached);
    }
    let body = json!({
        "success": true,
        "data": all.get(start..reached).unwrap_or_default(),
        "additional_data": {"pagination": pagination},
    });
    answer(200, body)
}
