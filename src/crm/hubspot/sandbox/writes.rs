//! Writing deals. A batch with one bad value is refused whole; ids that do not exist are told one
//! by one (207).

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::Hub;
use super::answers::{
    Query, answer, batch, body, invalid, missing, not_found, refused, refused_for,
};
use super::objects::{non_unique, unknown_object};
use super::records::{self, Kind, deal_at, merge_key};
use super::values::{Wrong, checked, set};
use crate::sandbox::world::{Deal, State as World, Trouble};

/// Deals in one batch.
const MOST: usize = 100;
/// Errors about properties, in the form that names each of them.
fn refuse_values(hub: &Hub, wrong: Vec<(String, Wrong)>) -> Response {
    let told: Vec<Value> = wrong
        .iter()
        .map(|(name, (code, message))| {
            json!({"isValid": false, "message": message, "error": code, "name": name})
        })
        .collect();
    let told = Value::Array(told).to_string();
    let errors: Vec<Value> = wrong
        .into_iter()
        .map(|(name, (code, message))| {
            json!({"message": message, "code": code, "context": {"propertyName": [name]}})
        })
        .collect();
    refused_for(
        hub,
        400,
        &format!("Property values were not valid: {told}"),
        &errors,
    )
}

/// What stands in the way of writing to a deal.
fn trouble(hub: &Hub, deal: &mut Deal) -> Option<Response> {
    let held = || {
        refused(
            hub,
            423,
            "LOCKED",
            "The resource is locked; try again later",
        )
    };
    match &mut deal.trouble {
        None => None,
        Some(Trouble::Busy(0)) => {
            deal.trouble = None;
            None
        }
        Some(Trouble::Busy(left)) => {
            *left -= 1;
            Some(held())
        }
        Some(Trouble::Refused(message)) => {
            let error = json!({"message": message, "code": "PROPERTY_VALIDATION_FAILED"});
            Some(refused_for(hub, 400, &message.clone(), &[error]))
        }
        Some(Trouble::Locked) => {
            let message = "The record is locked until its approval is decided";
            Some(refused(hub, 400, "VALIDATION_ERROR", message))
        }
        Some(Trouble::ReadOnly) => {
            let message = "The app may not edit this record";
            Some(refused(hub, 403, "FORBIDDEN", message))
        }
    }
}

/// A deal's answer to a write: what was written, and what the portal computes by itself.
fn written(hub: &Hub, state: &World, n: usize, names: &[String]) -> Value {
    let computed = ["hs_is_closed", "num_notes", "num_contacted_notes"];
    let mut shown = names.to_vec();
    shown.extend(computed.map(str::to_owned));
    records::deal(state, &mut hub.companies(), n, &shown)
}

/// `POST …/{object}/batch/update`.
pub async fn batch_update(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    bytes: Bytes,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let inputs = match inputs(&wanted) {
        Ok(inputs) => inputs,
        Err(why) => return invalid(&hub, &why),
    };
    if wanted["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|it| it["idProperty"].is_string())
    {
        return non_unique(&hub);
    }
    if hub.world().weather().busy() {
        return refused(
            &hub,
            423,
            "LOCKED",
            "The resource is locked; try again later",
        );
    }
    let mut state = hub.world().state();
    let mut wrong = Vec::new();
    for (_, properties, _) in &inputs {
        for (name, value) in *properties {
            if let Err(why) = checked(&state, name, value) {
                wrong.push((name.clone(), why));
            }
        }
    }
    if !wrong.is_empty() {
        return refuse_values(&hub, wrong);
    }
    let living = |state: &World, id: &str| {
        deal_at(state, id).filter(|n| state.deals[*n].deleted_at.is_none())
    };
    for (id, _, _) in &inputs {
        let Some(n) = living(&state, id) else {
            continue;
        };
        if let Some(refusal) = trouble(&hub, &mut state.deals[n]) {
            return refusal;
        }
    }
    let (mut results, mut lost, mut traces) = (Vec::new(), Vec::new(), Vec::new());
    for (id, properties, trace) in inputs {
        let Some(n) = living(&state, id) else {
            lost.push(id.to_owned());
            traces.extend(trace.map(str::to_owned));
            continue;
        };
        let names = write(&hub, &mut state, n, properties);
        let mut record = written(&hub, &state, n, &names);
        if let Some(trace) = trace {
            record["objectWriteTraceId"] = json!(trace);
        }
        results.push(record);
    }
    let errors = if lost.is_empty() {
        Vec::new()
    } else {
        vec![missing(&lost, &traces)]
    };
    drop(state);
    batch(&hub, results, errors)
}

type Input<'a> = (&'a str, &'a Map<String, Value>, Option<&'a str>);

fn inputs(wanted: &Value) -> Result<Vec<Input<'_>>, String> {
    let inputs = wanted["inputs"].as_array();
    let inputs = inputs.ok_or("Invalid input JSON: inputs is missing")?;
    if inputs.len() > MOST {
        return Err(format!(
            "The maximum number of records supported in a batch request is {MOST}"
        ));
    }
    let mut ids = BTreeSet::new();
    let mut read = Vec::new();
    for input in inputs {
        let id = input["id"].as_str();
        let id = id.ok_or("Invalid input JSON: each id must be a string")?;
        let properties = input["properties"].as_object();
        let properties = properties.ok_or("Invalid input JSON: properties is missing")?;
        if !ids.insert(id) {
            return Err(format!("Duplicate IDs found in batch input: [{id}]"));
        }
        read.push((id, properties, input["objectWriteTraceId"].as_str()));
    }
    Ok(read)
}

/// Writes properties that were found good; their names.
fn write(hub: &Hub, state: &mut World, n: usize, properties: &Map<String, Value>) -> Vec<String> {
    for (name, value) in properties {
        if let Ok(value) = checked(state, name, value) {
            set(state, n, name, value);
        }
    }
    hub.world().touch(state, n, 0);
    properties.keys().cloned().collect()
}

/// `PATCH …/{object}/{id}`; the id of a record that was merged away means the winner.
pub async fn update(
    State(hub): State<Hub>,
    Path((object, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    if Query::of(query).get("idProperty").is_some() {
        return non_unique(&hub);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(properties) = wanted["properties"].as_object() else {
        return invalid(&hub, "Invalid input JSON: properties is missing");
    };
    let mut state = hub.world().state();
    let wrong: Vec<(String, Wrong)> = properties
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), checked(&state, name, value).err()?)))
        .collect();
    if !wrong.is_empty() {
        return refuse_values(&hub, wrong);
    }
    let winner = state.things.get(&merge_key(&id)).and_then(Value::as_str);
    let found = deal_at(&state, winner.unwrap_or(&id));
    let Some(n) = found.filter(|n| state.deals[*n].deleted_at.is_none()) else {
        return not_found(&hub);
    };
    if let Some(refusal) = trouble(&hub, &mut state.deals[n]) {
        return refusal;
    }
    let names = write(&hub, &mut state, n, properties);
    answer(200, written(&hub, &state, n, &names))
}

/// `POST …/{object}`: a new deal.
pub async fn create(State(hub): State<Hub>, Path(object): Path<String>, bytes: Bytes) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(properties) = wanted["properties"].as_object() else {
        return invalid(&hub, "Invalid input JSON: properties is missing");
    };
    let mut state = hub.world().state();
    let wrong = unfit_for_new(&state, properties);
    if !wrong.is_empty() {
        return refuse_values(&hub, wrong);
    }
    answer(201, add(&hub, &mut state, properties))
}

/// `POST …/{object}/batch/create`: all of them or none.
pub async fn batch_create(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    bytes: Bytes,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(inputs) = wanted["inputs"].as_array().filter(|it| it.len() <= MOST) else {
        let why = format!("Invalid input JSON: inputs is missing or longer than {MOST}");
        return invalid(&hub, &why);
    };
    let nothing = Map::new();
    let properties: Vec<&Map<String, Value>> = inputs
        .iter()
        .map(|input| input["properties"].as_object().unwrap_or(&nothing))
        .collect();
    let mut state = hub.world().state();
    let wrong: Vec<(String, Wrong)> = properties
        .iter()
        .flat_map(|properties| unfit_for_new(&state, properties))
        .collect();
    if !wrong.is_empty() {
        return refuse_values(&hub, wrong);
    }
    let results = properties
        .into_iter()
        .map(|properties| add(&hub, &mut state, properties));
    let results = results.collect();
    drop(state);
    let mut made = batch(&hub, results, Vec::new());
    *made.status_mut() = axum::http::StatusCode::CREATED;
    made
}

/// What stands against a new deal.
fn unfit_for_new(state: &World, properties: &Map<String, Value>) -> Vec<(String, Wrong)> {
    let mut wrong: Vec<(String, Wrong)> = properties
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), checked(state, name, value).err()?)))
        .collect();
    for name in ["dealname", "dealstage"] {
        if !properties.contains_key(name) {
            let why = ("REQUIRED_FIELD", format!("Property \"{name}\" is required"));
            wrong.push((name.to_owned(), why));
        }
    }
    wrong
}

/// A new deal, as it is answered.
fn add(hub: &Hub, state: &mut World, properties: &Map<String, Value>) -> Value {
    let n = state.deals.len();
    let now = hub.world().now();
    let fresh = Deal {
        id: records::deal_id(n),
        name: String::new(),
        account: "Kestrel Freight".to_owned(),
        stage: 0,
        amount: None,
        currency: "EUR",
        close_on: now.date_naive(),
        owner: 0,
        created_at: now,
        changed_at: now,
        changed_by: 0,
        visible_at: now,
        deleted_at: None,
        revision: 1,
        custom: std::collections::BTreeMap::new(),
        mind: std::collections::BTreeMap::new(),
        trouble: None,
    };
    state.deals.push(fresh);
    let names = write(hub, state, n, properties);
    written(hub, state, n, &names)
}
