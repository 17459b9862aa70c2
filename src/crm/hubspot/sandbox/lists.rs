//! Segments (the API calls them lists): dynamic ones of deals.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Hub;
use super::answers::{answer, body, empty, invalid, iso, not_found, refused};
use super::objects::texts;
use super::records;
use crate::sandbox::world::{Deal, State as World};

fn key(id: &str) -> String {
    format!("list:{id}")
}

fn all(state: &World) -> impl Iterator<Item = &Value> {
    let things = state.things.iter();
    things
        .filter(|(key, _)| key.starts_with("list:"))
        .map(|(_, list)| list)
}

/// `POST /crm/lists/…`.
pub async fn create(State(hub): State<Hub>, bytes: Bytes) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let text = |key: &str| wanted[key].as_str().unwrap_or_default();
    for key in ["name", "objectTypeId", "processingType"] {
        if text(key).is_empty() {
            return invalid(&hub, &format!("Some required fields were not set: [{key}]"));
        }
    }
    let dynamic = text("processingType") == "DYNAMIC";
    if text("objectTypeId") != "0-3" || !(dynamic || text("processingType") == "MANUAL") {
        return invalid(&hub, "this portal has DYNAMIC and MANUAL lists of 0-3");
    }
    let mut state = hub.world().state();
    if dynamic && let Err(why) = good_branch(&state, &wanted["filterBranch"]) {
        return invalid(&hub, &why);
    }
    if all(&state).any(|list| list["name"] == wanted["name"]) {
        let message = format!("A list named {} already exists", text("name"));
        return refused(&hub, 400, "VALIDATION_ERROR", &message);
    }
    let now = iso(hub.world().now());
    let id = hub.number().to_string();
    let list = json!({
        "listId": id,
        "listVersion": 1,
        "name": wanted["name"],
        "objectTypeId": "0-3",
        "processingType": wanted["processingType"],
        "processingStatus": "COMPLETE",
        "createdAt": now,
        "updatedAt": now,
        "filterBranch": wanted["filterBranch"],
    });
    state.things.insert(key(&id), list.clone());
    answer(200, json!({"list": list}))
}

/// An OR of ANDs of filters on properties that exist.
fn good_branch(state: &World, branch: &Value) -> Result<(), String> {
    if branch["filterBranchType"] != "OR" {
        return Err("The root filter branch must be of type OR".to_owned());
    }
    let ands = branch["filterBranches"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if ands.is_empty() || ands.iter().any(|and| and["filterBranchType"] != "AND") {
        return Err("The root filter branch must hold branches of type AND".to_owned());
    }
    for filter in ands
        .iter()
        .flat_map(|and| and["filters"].as_array().into_iter().flatten())
    {
        let property = filter["property"].as_str().unwrap_or_default();
        if super::search::kind(state, property).is_none() {
            return Err(format!(
                "The property {property} of a filter does not exist"
            ));
        }
        let operation = &filter["operation"];
        if !operation["operationType"].is_string() || !operation["operator"].is_string() {
            return Err(format!("The filter on {property} has no operation"));
        }
    }
    Ok(())
}

/// `GET /crm/lists/…/{id}`.
pub async fn one(State(hub): State<Hub>, Path(id): Path<String>) -> Response {
    let state = hub.world().state();
    match state.things.get(&key(&id)) {
        Some(list) => answer(200, json!({"list": list})),
        None => not_found(&hub),
    }
}

/// `DELETE /crm/lists/…/{id}`.
pub async fn remove(State(hub): State<Hub>, Path(id): Path<String>) -> Response {
    let mut state = hub.world().state();
    match state.things.remove(&key(&id)) {
        Some(_) => empty(),
        None => not_found(&hub),
    }
}

/// `POST /crm/lists/…/search`.
pub async fn search(State(hub): State<Hub>, bytes: Bytes) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let query = wanted["query"].as_str().unwrap_or_default().to_lowercase();
    let kinds = texts(&wanted["processingTypes"]);
    let number = |key: &str, usual: u64| wanted[key].as_u64().unwrap_or(usual) as usize;
    let (offset, count) = (number("offset", 0), number("count", 20).min(500));
    let state = hub.world().state();
    let text = |list: &Value, key: &str| list[key].as_str().unwrap_or_default().to_owned();
    let mut lists: Vec<Value> = all(&state)
        .filter(|list| text(list, "name").to_lowercase().contains(&query))
        .filter(|list| kinds.is_empty() || kinds.contains(&text(list, "processingType")))
        .map(|list| {
            let mut found = list.clone();
            if let Some(members) = found.as_object_mut() {
                members.remove("filterBranch");
            }
            found["additionalProperties"] = json!({});
            found
        })
        .collect();
    let total = lists.len();
    let page: Vec<Value> = lists.drain(offset.min(total)..).take(count).collect();
    let reached = offset + page.len();
    let body = json!({
        "lists": page,
        "hasMore": reached < total,
        "offset": reached,
        "total": total,
    });
    answer(200, body)
}

/// `GET /crm/lists/…/{id}/memberships`.
pub async fn members(State(hub): State<Hub>, Path(id): Path<String>) -> Response {
    let state = hub.world().state();
    let Some(list) = state.things.get(&key(&id)) else {
        return not_found(&hub);
    };
    let now = iso(hub.world().now());
    let ands = list["filterBranch"]["filterBranches"].as_array();
    let filters = |and: &Value| and["filters"].as_array().cloned().unwrap_or_default();
    let belongs = |deal: &&Deal| {
        let mut ands = ands.into_iter().flatten();
        deal.deleted_at.is_none()
            && ands.any(|and| filters(and).iter().all(|it| holds(&hub, &state, deal, it)))
    };
    let results: Vec<Value> = state
        .deals
        .iter()
        .filter(belongs)
        .map(|deal| json!({"recordId": deal.id, "membershipTimestamp": now}))
        .collect();
    answer(200, json!({"total": results.len(), "results": results}))
}

fn holds(hub: &Hub, state: &World, deal: &Deal, filter: &Value) -> bool {
    let property = filter["property"].as_str().unwrap_or_default();
    let operation = &filter["operation"];
    let held = records::value(state, &mut hub.companies(), deal, property);
    let Some(held) = held else {
        return operation["includeObjectsWithNoValueSet"] == true;
    };
    match operation["operator"].as_str().unwrap_or_default() {
        "IS_ANY_OF" => texts(&operation["values"]).contains(&held),
        "IS_NONE_OF" => !texts(&operation["values"]).contains(&held),
        "IS_EQUAL_TO" => operation["value"].to_string().trim_matches('"') == held,
        "IS_LESS_THAN_OR_EQUAL_TO" => {
            let (held, most) = (held.parse::<f64>(), operation["value"].as_f64());
            held.is_ok_and(|held| most.is_some_and(|most| held <= most))
        }
        "IS_BETWEEN" => {
            let today = hub.world().now().date_naive();
            let days = |bound: &str| operation[bound]["offset"]["days"].as_i64().unwrap_or(0);
            let from = today + TimeDelta::days(days("lowerBoundTimePoint"));
            let to = today + TimeDelta::days(days("upperBoundTimePoint"));
            let day = held.split('T').next().and_then(|day| day.parse().ok());
            day.is_some_and(|day: chrono::NaiveDate| (from..=to).contains(&day))
        }
        _ => false,
    }
}
