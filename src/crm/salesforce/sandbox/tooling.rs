//! The Tooling API: definitions of custom fields.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::org::Org;
use super::render::written;
use super::things;
use crate::sandbox::world::State;

/// The kinds of fields that can be made here, with what each must say besides.
const KINDS: &[(&str, &[&str])] = &[
    ("Text", &["length"]),
    ("TextArea", &[]),
    ("LongTextArea", &["length", "visibleLines"]),
    ("Html", &["length", "visibleLines"]),
    ("Number", &["precision", "scale"]),
    ("Percent", &["precision", "scale"]),
    ("Currency", &["precision", "scale"]),
    ("Date", &[]),
    ("DateTime", &[]),
    ("Checkbox", &["defaultValue"]),
    ("Picklist", &["valueSet"]),
    ("Url", &[]),
    ("Email", &[]),
];
/// The longest name, without `__c`, and the longest label.
const LONGEST_NAME: usize = 40;
/// How many characters all long texts of an object may declare together.
const LONG_TEXT_POOL: u64 = 1_638_400;
/// How many custom fields an object of this edition may have.
const MOST_FIELDS: usize = 500;

fn integrity(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "FIELD_INTEGRITY_EXCEPTION", message)
}

/// `POST /tooling/sobjects/CustomField`.
pub fn create(org: &Org, body: &Value) -> Outcome {
    let full_name = body["FullName"].as_str().unwrap_or_default();
    let Some(api_name) = full_name.strip_prefix("Opportunity.") else {
        return Err(integrity(format!(
            "Entity of {full_name} cannot have custom fields here"
        )));
    };
    let developer_name = api_name.strip_suffix("__c").unwrap_or_default();
    if !is_developer_name(developer_name) {
        let message = format!(
            "The name {api_name} can only contain alphanumeric characters, must begin with a \
             letter, not end with an underscore or contain two consecutive underscore characters, \
             must be unique, and end with __c"
        );
        return Err(Refusal::new(400, "INVALID_FULL_NAME", message).of_field("FullName"));
    }
    let mut state = org.world.state();
    if state
        .fields
        .keys()
        .any(|known| known.eq_ignore_ascii_case(api_name))
    {
        let message = format!("There is already a field named {developer_name} on Opportunity.");
        return Err(
            Refusal::new(400, "DUPLICATE_DEVELOPER_NAME", message).of_field("DeveloperName")
        );
    }
    let mut metadata = body["Metadata"].clone();
    fits(&state, &metadata)?;
    values_have_names(&mut metadata);
    let id = org.book().fresh_id("00N");
    let label = metadata["label"].as_str().unwrap_or_default().to_owned();
    let definition = json!({
        "Id": id,
        "DeveloperName": developer_name,
        "TableEnumOrId": "Opportunity",
        "FullName": full_name,
        "LastModifiedDate": written(org.world.now().timestamp()),
        "Metadata": metadata,
    });
    state.define(&org.world, api_name, &label, definition);
    Ok(Answer::status(
        201,
        &json!({
            "id": id, "success": true, "errors": [], "warnings": [], "infos": [],
        }),
    ))
}

fn is_developer_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('_')
        && !name.contains("__")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn fits(state: &State, metadata: &Value) -> Result<(), Refusal> {
    let kind = metadata["type"].as_str().unwrap_or_default();
    let Some((_, needed)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        return Err(Refusal::unreadable(format!(
            "Cannot deserialize instance of type from '{kind}'"
        )));
    };
    if let Some(missing) = needed.iter().find(|name| metadata[**name].is_null()) {
        return Err(integrity(format!(
            "{missing} is required for a field of type {kind}"
        )));
    }
    let label = metadata["label"].as_str().unwrap_or_default();
    if !(1..=LONGEST_NAME).contains(&label.chars().count()) {
        return Err(integrity(
            "Field Label is required and at most 40 characters long",
        ));
    }
    let length = metadata["length"].as_u64().unwrap_or(0);
    let allowed = match kind {
        "Text" => 1..=255,
        "LongTextArea" | "Html" => 256..=131_072,
        _ => 0..=u64::MAX,
    };
    if !allowed.contains(&length) {
        return Err(integrity(format!(
            "length must be between {} and {}",
            allowed.start(),
            allowed.end()
        )));
    }
    let declared: u64 = state
        .fields
        .values()
        .filter(|it| {
            matches!(
                it["Metadata"]["type"].as_str(),
                Some("LongTextArea" | "Html")
            )
        })
        .filter_map(|it| it["Metadata"]["length"].as_u64())
        .sum();
    if kind.starts_with("Long") && declared + length > LONG_TEXT_POOL {
        return Err(integrity(
            "The total length of long text fields exceeds 1,638,400 characters",
        ));
    }
    if state.fields.len() >= MOST_FIELDS {
        return Err(Refusal::new(
            400,
            "LIMIT_EXCEEDED",
            "maximum number of custom fields reached",
        ));
    }
    Ok(())
}

/// Values are made under `fullName` and known as `valueName` from then on.
fn values_have_names(metadata: &mut Value) {
    let values = metadata["valueSet"]["valueSetDefinition"]["value"].as_array_mut();
    for value in values.into_iter().flatten() {
        if let Some(value) = value.as_object_mut() {
            let name = value
                .remove("fullName")
                .or_else(|| value.get("valueName").cloned());
            let name = name
                .or_else(|| value.get("label").cloned())
                .unwrap_or_default();
            value.insert("valueName".to_owned(), name);
        }
    }
    if metadata["valueSet"].is_null()
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.remove("valueSet");
    }
}

fn api_name(state: &State, id: &str) -> Result<String, Refusal> {
    let id = super::ids::checked(id);
    let found = state
        .fields
        .iter()
        .find(|(_, definition)| definition["Id"] == *id);
    found
        .map(|(name, _)| name.clone())
        .ok_or_else(Refusal::not_found)
}

/// `GET /tooling/sobjects/CustomField/{id}`.
pub fn get(org: &Org, id: &str) -> Outcome {
    let state = org.world.state();
    let name = api_name(&state, id)?;
    Ok(Answer::json(&state.fields[&name]))
}

/// `PATCH /tooling/sobjects/CustomField/{id}`: the whole metadata, as it was told.
pub fn change(org: &Org, id: &str, body: &Value) -> Outcome {
    let mut state = org.world.state();
    let name = api_name(&state, id)?;
    let mut metadata = body["Metadata"].clone();
    let before = state.fields[&name]["Metadata"].clone();
    if metadata["type"] != before["type"] {
        return Err(integrity("Cannot change the type of this field"));
    }
    if metadata["label"].is_null()
        || (before["valueSet"].is_object() && metadata["valueSet"].is_null())
    {
        return Err(integrity("Metadata must be sent as a whole"));
    }
    values_have_names(&mut metadata);
    if let Some(definition) = state.fields.get_mut(&name) {
        definition["Metadata"] = metadata;
        definition["LastModifiedDate"] = written(org.world.now().timestamp()).into();
    }
    Ok(Answer::empty(204))
}

/// `DELETE /tooling/sobjects/CustomField/{id}`; the rights on the field go along.
pub fn delete(org: &Org, id: &str) -> Outcome {
    let mut state = org.world.state();
    let name = api_name(&state, id)?;
    state.remove_field(&name);
    let field = format!("Opportunity.{name}");
    things::keep(&mut state, "FieldPermissions", |row| row["Field"] != *field);
    Ok(Answer::empty(204))
}
