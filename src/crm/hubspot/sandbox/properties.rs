//! The definitions of properties.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::Hub;
use super::answers::{Query, answer, batch, body, empty, invalid, iso, not_found, refused};
use super::objects::unknown_object;
use super::records::{self, Kind};
use crate::sandbox::world::State as World;

/// Which field types go with a type.
const FIELD_TYPES: [(&str, &[&str]); 7] = [
    (
        "string",
        &["text", "textarea", "html", "file", "phonenumber"],
    ),
    ("number", &["number"]),
    ("date", &["date"]),
    ("datetime", &["date"]),
    (
        "enumeration",
        &["select", "radio", "checkbox", "booleancheckbox"],
    ),
    ("bool", &["booleancheckbox"]),
    ("phone_number", &["phonenumber"]),
];
/// The longest name.
const LONGEST_NAME: usize = 100;
/// Under which name the groups are kept.
pub const GROUPS: &str = "groups";
/// The group of the properties every portal has.
const OWN_GROUP: &str = "dealinformation";

/// What is there before anyone adds to it.
pub fn found(state: &mut World) {
    let own = json!({OWN_GROUP: {"name": OWN_GROUP, "label": "Deal information", "displayOrder": 0, "archived": false}});
    state.things.insert(GROUPS.to_owned(), own);
}

fn own(property: &records::Property) -> Value {
    let (name, kind, field_type, label, read_only) = property;
    json!({
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": field_type,
        "description": "",
        "groupName": OWN_GROUP,
        "options": [],
        "displayOrder": -1,
        "calculated": false,
        "externalOptions": matches!(*name, "dealstage" | "pipeline" | "hubspot_owner_id"),
        "archived": false,
        "hasUniqueValue": false,
        "hidden": false,
        "hubspotDefined": true,
        "formField": false,
        "dataSensitivity": "non_sensitive",
        "modificationMetadata": {
            "archivable": false,
            "readOnlyDefinition": true,
            "readOnlyValue": read_only,
        },
    })
}

/// `GET …/{object}`: every definition.
pub async fn list(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    if Query::of(query).is("archived") {
        let archived: Vec<Value> = hub.archived_properties().values().cloned().collect();
        return answer(200, json!({"results": archived}));
    }
    let state = hub.world().state();
    let custom = state.fields.values().cloned();
    let results: Vec<Value> = records::DEAL.iter().map(own).chain(custom).collect();
    answer(200, json!({"results": results}))
}

/// `GET …/{object}/{name}`.
pub async fn one(
    State(hub): State<Hub>,
    Path((_, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let archived = Query::of(query).is("archived");
    let kept = archived.then(|| hub.archived_properties().get(&name).cloned());
    let state = hub.world().state();
    let living = || {
        let own_one = records::DEAL.iter().find(|property| property.0 == name);
        let custom = state.fields.get(&name).cloned();
        own_one.map(own).or(custom)
    };
    match kept.flatten().or_else(living) {
        Some(definition) => answer(200, definition),
        None => not_found(&hub),
    }
}

/// A definition from what was asked for, or the answer that refuses it.
#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
fn defined(hub: &Hub, state: &World, wanted: &Value) -> Result<Value, Response> {
    let text = |key: &str| wanted[key].as_str().unwrap_or_default();
    for key in ["groupName", "name", "label", "type", "fieldType"] {
        if text(key).is_empty() {
            return Err(invalid(
                hub,
                &format!("Some required fields were not set: [{key}]"),
            ));
        }
    }
    let name = text("name");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(plain)
        || name.len() > LONGEST_NAME
    {
        let message = "The name must start with a letter and hold lower-case letters, digits and underscores, at most 100";
        return Err(invalid(hub, message));
    }
    let fits = FIELD_TYPES
        .iter()
        .any(|(kind, fields)| *kind == text("type") && fields.contains(&text("fieldType")));
    if !fits {
        let message = format!("{} does not go with {}", text("fieldType"), text("type"));
        return Err(invalid(hub, &message));
    }
    let options = wanted["options"].as_array().cloned().unwrap_or_default();
    if matches!(text("type"), "enumeration" | "bool") && options.is_empty() {
        return Err(invalid(hub, "A property of this type needs options"));
    }
    if let Err(why) = good_options(&options) {
        return Err(invalid(hub, &why));
    }
    if hub.archived_properties().contains_key(name) {
        let message = format!("A deleted property named {name} exists; restore it or purge it.");
        return Err(refused(hub, 409, "OBJECT_ALREADY_EXISTS", &message));
    }
    let is_own = records::DEAL.iter().any(|property| property.0 == name);
    if is_own || state.fields.contains_key(name) {
        let message = format!("Property named {name} already exists.");
        return Err(refused(hub, 409, "OBJECT_ALREADY_EXISTS", &message));
    }
    if state.things[GROUPS].get(text("groupName")).is_none() {
        let message = format!("The property group {} does not exist", text("groupName"));
        return Err(invalid(hub, &message));
    }
    let now = iso(hub.world().now());
    let mut definition = json!({
        "description": "",
        "displayOrder": -1,
        "calculated": false,
        "externalOptions": false,
        "archived": false,
        "hasUniqueValue": false,
        "hidden": false,
        "hubspotDefined": false,
        "formField": false,
        "dataSensitivity": "non_sensitive",
        "createdAt": now,
        "updatedAt": now,
        "createdUserId": "9500000",
        "updatedUserId": "9500000",
        "modificationMetadata": {
            "archivable": true,
            "readOnlyDefinition": false,
            "readOnlyValue": false,
        },
    });
    for key in [
        "name",
        "label",
        "type",
        "fieldType",
        "groupName",
        "description",
        "displayOrder",
        "hidden",
        "formField",
        "hasUniqueValue",
        "textDisplayHint",
        "numberDisplayHint",
    ] {
        if !wanted[key].is_null() {
            definition[key] = wanted[key].clone();
        }
    }
    definition["options"] = Value::Array(options);
    Ok(definition)
}

fn good_options(options: &[Value]) -> Result<(), String> {
    let mut values = Vec::new();
    for option in options {
        let (Some(label), Some(value)) = (option["label"].as_str(), option["value"].as_str())
        else {
            return Err("Each option needs a label and a value".to_owned());
        };
        if label.is_empty() || values.contains(&value) {
            return Err(format!("The option {value} is empty or stands there twice"));
        }
        values.push(value);
    }
    Ok(())
}

#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
fn create_one(hub: &Hub, wanted: &Value) -> Result<Value, Response> {
    let world = hub.world();
    let mut state = world.state();
    let definition = defined(hub, &state, wanted)?;
    let name = definition["name"].as_str().unwrap_or_default().to_owned();
    let label = definition["label"].as_str().unwrap_or_default().to_owned();
    state.define(world, &name, &label, definition.clone());
    Ok(definition)
}

/// `POST …/{object}`.
pub async fn create(State(hub): State<Hub>, Path(object): Path<String>, bytes: Bytes) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    match create_one(&hub, &wanted) {
        Ok(definition) => answer(201, definition),
        Err(refusal) => refusal,
    }
}

/// `POST …/{object}/batch/create`.
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
    let mut results = Vec::new();
    for input in wanted["inputs"].as_array().into_iter().flatten() {
        match create_one(&hub, input) {
            Ok(definition) => results.push(definition),
            Err(refusal) => return refusal,
        }
    }
    let mut response = batch(&hub, results, Vec::new());
    *response.status_mut() = axum::http::StatusCode::CREATED;
    response
}

/// `PATCH …/{object}/{name}`: options only as a whole.
pub async fn change(
    State(hub): State<Hub>,
    Path((_, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let options = wanted["options"].as_array().cloned();
    if let Some(Err(why)) = options.as_deref().map(good_options) {
        return invalid(&hub, &why);
    }
    let mut state = hub.world().state();
    let Some(definition) = state.fields.get_mut(&name) else {
        return not_found(&hub);
    };
    for key in [
        "label",
        "description",
        "groupName",
        "hidden",
        "displayOrder",
        "options",
    ] {
        if !wanted[key].is_null() {
            definition[key] = wanted[key].clone();
        }
    }
    definition["updatedAt"] = json!(iso(hub.world().now()));
    answer(200, definition.clone())
}

/// `DELETE …/{object}/{name}`: archives it, and all it held.
pub async fn archive(State(hub): State<Hub>, Path((_, name)): Path<(String, String)>) -> Response {
    let mut state = hub.world().state();
    let Some(mut definition) = state.fields.get(&name).cloned() else {
        return not_found(&hub);
    };
    definition["archived"] = json!(true);
    definition["archivedAt"] = json!(iso(hub.world().now()));
    state.remove_field(&name);
    drop(state);
    hub.archived_properties().insert(name, definition);
    empty()
}

/// `POST /__sandbox/archived-properties/{name}`: an admin restores it among the archived ones of the
/// settings, where there is no API for that. What it held stays lost here.
pub async fn restore(State(hub): State<Hub>, Path(name): Path<String>) -> Response {
    let Some(mut definition) = hub.archived_properties().remove(&name) else {
        return not_found(&hub);
    };
    let world = hub.world();
    let mut state = world.state();
    let group = definition["groupName"].as_str().unwrap_or_default();
    if state.things[GROUPS].get(group).is_none() {
        definition["groupName"] = json!(OWN_GROUP);
    }
    definition["archived"] = json!(false);
    let label = definition["label"].as_str().unwrap_or_default().to_owned();
    state.define(world, &name, &label, definition.clone());
    answer(200, definition)
}

/// `DELETE /__sandbox/archived-properties/{name}`: an admin deletes it for good there.
pub async fn purge(State(hub): State<Hub>, Path(name): Path<String>) -> Response {
    match hub.archived_properties().remove(&name) {
        Some(_) => empty(),
        None => not_found(&hub),
    }
}

/// `POST …/{object}/batch/read`.
pub async fn batch_read(State(hub): State<Hub>, bytes: Bytes) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let names = wanted["inputs"].as_array().cloned().unwrap_or_default();
    let state = hub.world().state();
    let found = names.iter().filter_map(|input| {
        let name = input["name"].as_str()?;
        let shipped = records::DEAL.iter().find(|property| property.0 == name);
        shipped.map(own).or_else(|| state.fields.get(name).cloned())
    });
    let found = found.collect();
    drop(state);
    batch(&hub, found, Vec::new())
}

/// `POST …/{object}/batch/archive`.
pub async fn batch_archive(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    bytes: Bytes,
) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    for input in wanted["inputs"].as_array().into_iter().flatten() {
        let name = input["name"].as_str().unwrap_or_default().to_owned();
        // What is not there is as good as archived.
        archive(State(hub.clone()), Path((object.clone(), name))).await;
    }
    empty()
}
