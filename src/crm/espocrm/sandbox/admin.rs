//! What an administrator changes: fields and layouts; and what values fields take.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::sandbox::world::State;

/// What an invalid value is answered with.
pub fn invalid(field: &str, kind: &str) -> Refusal {
    let why =
        format!("Field validation failure; entityType: Opportunity, field: {field}, type: {kind}.");
    let data = json!({"field": field, "type": kind});
    let label = "validationFailure";
    Refusal::new(400, why)
        .with(json!({"messageTranslation": {"label": label, "scope": null, "data": data}}))
}

/// A value as a field keeps it.
pub fn stored(name: &str, definition: &Value, value: &Value) -> Result<Value, Refusal> {
    if value.is_null() || value == "" {
        return Ok(Value::Null);
    }
    let wrong = || invalid(name, "valid");
    let text = || value.as_str().ok_or_else(wrong);
    match definition["type"].as_str().unwrap_or_default() {
        "int" => {
            let number = value.as_i64().ok_or_else(wrong)?;
            for (bound, over) in [
                (
                    "max",
                    number > definition["max"].as_i64().unwrap_or(i64::MAX),
                ),
                (
                    "min",
                    number < definition["min"].as_i64().unwrap_or(i64::MIN),
                ),
            ] {
                if over {
                    return Err(invalid(name, bound));
                }
            }
            Ok(json!(number))
        }
        "varchar" | "url" => {
            let most = definition["maxLength"].as_u64().unwrap_or(100);
            let text = text()?.trim();
            if text.chars().count() as u64 > most {
                return Err(invalid(name, "maxLength"));
            }
            Ok(json!(text))
        }
        "enum" => {
            let options = definition["options"].as_array();
            let known = options.is_some_and(|options| options.contains(value));
            known.then(|| value.clone()).ok_or_else(wrong)
        }
        "date" => {
            let day: NaiveDate = text()?.parse().map_err(|_| wrong())?;
            Ok(json!(day.to_string()))
        }
        "datetime" => {
            let text = text()?;
            let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok();
            let zoned = DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|time| time.naive_utc());
            let time = plain.or(zoned).ok_or_else(wrong)?;
            Ok(json!(time.format("%Y-%m-%d %H:%M:%S").to_string()))
        }
        _ => Ok(value.clone()),
    }
}

/// The metadata under a path such as `entityDefs.Opportunity.fields.stage`.
pub fn metadata(request: &Request) -> Value {
    let state = request.world.state();
    let fields = fields(&state);
    let key = request.query.text("key");
    let path = key.strip_prefix("entityDefs.Opportunity.fields");
    match path.map(|rest| rest.trim_start_matches('.')) {
        Some("") => fields,
        Some(path) => path
            .split('.')
            .fold(fields, |branch, part| branch[part].clone()),
        None if key.is_empty() => json!({"entityDefs": {"Opportunity": {"fields": fields}}}),
        None => Value::Null,
    }
}

fn fields(state: &State) -> Value {
    let options: Vec<&str> = state.stages.iter().map(|stage| stage.name).collect();
    let mut map = json!({});
    for stage in &state.stages {
        map[stage.name] = json!(stage.probability);
    }
    let mut fields = json!({
        "name": {"type": "varchar", "required": true},
        "amount": {"type": "currency", "required": true},
        "stage": {"type": "enum", "options": options, "probabilityMap": map, "required": true},
        "probability": {"type": "int", "min": 0, "max": 100},
        "closeDate": {"type": "date", "required": true},
        "description": {"type": "text"},
        "account": {"type": "link"},
        "assignedUser": {"type": "link"},
        "createdAt": {"type": "datetime", "readOnly": true},
        "modifiedAt": {"type": "datetime", "readOnly": true},
        "versionNumber": {"type": "int", "readOnly": true},
    });
    for (name, definition) in &state.fields {
        let mut definition = definition.clone();
        if let Some(definition) = definition.as_object_mut() {
            // Labels and tooltips live in the translations.
            definition.retain(|key, _| !matches!(key.as_str(), "label" | "tooltipText"));
        }
        fields[name] = definition;
    }
    fields
}

/// Makes a custom field; its name gets a `c`.
pub fn create_field(request: &Request) -> Result<Value, Refusal> {
    request.for_admins()?;
    let body = request.json()?;
    let bare = body["name"].as_str().unwrap_or_default();
    if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Refusal::new(
            500,
            "Field name should contain only letters and numbers.",
        ));
    }
    let mut letters = bare.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let name: String = std::iter::once('c').chain(first).chain(letters).collect();
    let mut state = request.world.state();
    if state.fields.contains_key(&name) {
        let data = json!({"field": name, "entityType": "Opportunity"});
        let body = json!({"label": "fieldAlreadyExists", "scope": "FieldManager", "data": data});
        let why = format!("Field '{name}' already exists in 'Opportunity'.");
        return Err(Refusal::new(409, why).with(json!({"messageTranslation": body})));
    }
    let mut definition = body.clone();
    definition["isCustom"] = json!(true);
    if definition["type"] == "enum" {
        definition["maxLength"] = json!(100);
    }
    if let Some(definition) = definition.as_object_mut() {
        definition.remove("name");
    }
    let label = body["label"].as_str().unwrap_or_default().to_owned();
    state.define(request.world, &name, &label, definition.clone());
    Ok(definition)
}

/// Reads, changes or removes a custom field.
pub fn field(request: &Request, name: &str) -> Result<Value, Refusal> {
    request.for_admins()?;
    let mut state = request.world.state();
    let Some(definition) = state.fields.get(name).cloned() else {
        // Removing what is not there is as good as done.
        return match request.method.as_str() {
            "DELETE" => Ok(json!(true)),
            _ => {
                let why = format!("Can't read field defs Opportunity.{name}.");
                Err(Refusal::new(500, why))
            }
        };
    };
    match request.method.as_str() {
        "DELETE" => {
            state.remove_field(name);
            Ok(json!(true))
        }
        "PUT" | "PATCH" => {
            let mut changed = definition;
            for (key, value) in request.json()?.as_object().into_iter().flatten() {
                changed[key] = value.clone();
            }
            state.fields.insert(name.to_owned(), changed.clone());
            Ok(changed)
        }
        _ => Ok(definition),
    }
}

fn shipped(name: &str) -> Value {
    match name {
        "detail" => json!([{"label": "", "rows": [
            [{"name": "name"}, {"name": "account"}],
            [{"name": "stage"}, {"name": "amount"}],
            [{"name": "probability"}, {"name": "closeDate"}],
            [{"name": "contacts"}, {"name": "leadSource"}],
            [{"name": "description", "fullWidth": true}],
        ]}]),
        "list" => json!([
            {"name": "name", "link": true},
            {"name": "account", "width": 22},
            {"name": "stage", "width": 15},
            {"name": "assignedUser", "width": 12},
            {"name": "amount", "align": "right", "width": 10},
        ]),
        _ => json!([
            "assignedUser",
            "teams",
            "createdAt",
            "modifiedAt",
            "account",
            "closeDate",
            "stage"
        ]),
    }
}

/// Reads or replaces a layout.
pub fn layout(request: &Request, name: &str) -> Result<Value, Refusal> {
    let key = format!("layout {name}");
    let mut state = request.world.state();
    if request.method == "PUT" {
        request.for_admins()?;
        let layout = request.json()?;
        if layout == shipped(name) {
            state.things.remove(&key);
        } else {
            state.things.insert(key, layout.clone());
        }
        return Ok(layout);
    }
    Ok(state
        .things
        .get(&key)
        .cloned()
        .unwrap_or_else(|| shipped(name)))
}
