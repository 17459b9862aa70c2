//! The groups that properties stand in.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::Hub;
use super::answers::{answer, body, empty, invalid, not_found, refused};
use super::properties::GROUPS;

/// `GET …/{object}/groups`.
pub async fn list(State(hub): State<Hub>) -> Response {
    let state = hub.world().state();
    let groups = state.things[GROUPS]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let results: Vec<Value> = groups.into_iter().map(|(_, group)| group).collect();
    answer(200, json!({"results": results}))
}

/// `GET …/{object}/groups/{name}`.
pub async fn one(State(hub): State<Hub>, Path((_, name)): Path<(String, String)>) -> Response {
    let state = hub.world().state();
    match state.things[GROUPS].get(&name) {
        Some(group) => answer(200, group.clone()),
        None => not_found(&hub),
    }
}

/// `POST …/{object}/groups`.
pub async fn create(State(hub): State<Hub>, bytes: Bytes) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let (Some(name), Some(label)) = (wanted["name"].as_str(), wanted["label"].as_str()) else {
        return invalid(&hub, "Some required fields were not set: [name, label]");
    };
    let mut state = hub.world().state();
    let Some(groups) = state.things.get_mut(GROUPS) else {
        return not_found(&hub);
    };
    if groups.get(name).is_some() {
        let message = format!("The property group {name} already exists.");
        return refused(&hub, 409, "OBJECT_ALREADY_EXISTS", &message);
    }
    let order = wanted["displayOrder"].as_i64().unwrap_or(-1);
    let group = json!({"name": name, "label": label, "displayOrder": order, "archived": false});
    groups[name] = group.clone();
    answer(201, group)
}

/// `PATCH …/{object}/groups/{name}`.
pub async fn change(
    State(hub): State<Hub>,
    Path((_, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let mut state = hub.world().state();
    let groups = state.things.get_mut(GROUPS);
    let Some(group) = groups.and_then(|groups| groups.get_mut(&name)) else {
        return not_found(&hub);
    };
    for key in ["label", "displayOrder"] {
        if !wanted[key].is_null() {
            group[key] = wanted[key].clone();
        }
    }
    answer(200, group.clone())
}

/// `DELETE …/{object}/groups/{name}`: only an empty one.
pub async fn archive(State(hub): State<Hub>, Path((_, name)): Path<(String, String)>) -> Response {
    let mut state = hub.world().state();
    if state
        .fields
        .values()
        .any(|it| it["groupName"] == name.as_str())
    {
        return invalid(&hub, "The property group still holds properties");
    }
    let groups = state.things.get_mut(GROUPS).and_then(Value::as_object_mut);
    match groups.and_then(|groups| groups.remove(&name)) {
        Some(_) => empty(),
        None => not_found(&hub),
    }
}
