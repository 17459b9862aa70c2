//! What an administrator makes: custom fields, views and filters.

use serde_json::{Map, Value, json};

use super::orm::{self, Args, no_field};
use super::tables::{LEAD_MODEL, kept, rows};
use super::{Caller, Edition, Exception, views};
use crate::sandbox::world::{State, World};

/// What a definition of a field, a filter or a view may say.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "ir.model.fields",
        &[
            "name",
            "model_id",
            "state",
            "ttype",
            "field_description",
            "help",
            "size",
            "selection_ids",
            "copied",
            "index",
            "required",
            "readonly",
            "store",
            "relation",
            "groups",
            "translate",
            "tracking",
            "compute",
            "depends",
            "sanitize",
        ],
    ),
    ("ir.config_parameter", &["key", "value"]),
    (
        "ir.model.fields.selection",
        &["field_id", "value", "name", "sequence"],
    ),
    (
        "ir.ui.view",
        &[
            "name",
            "model",
            "type",
            "mode",
            "inherit_id",
            "priority",
            "arch_base",
            "arch",
            "active",
        ],
    ),
    (
        "ir.filters",
        &[
            "name",
            "model_id",
            "action_id",
            "domain",
            "context",
            "sort",
            "is_default",
            "active",
        ],
    ),
];

/// A custom field as `fields_get` describes it.
pub fn described(definition: &Value) -> Value {
    let kind = definition["ttype"].as_str().unwrap_or_default();
    let mut field = json!({
        "type": kind,
        "string": definition["field_description"],
        "readonly": definition["readonly"] == true,
        "required": false,
        "manual": true,
    });
    if let Some(help) = definition["help"].as_str() {
        field["help"] = json!(help);
    }
    if kind == "char" {
        field["trim"] = json!(true);
        if let Some(size) = definition["size"].as_u64().filter(|size| *size > 0) {
            field["size"] = json!(size);
        }
    }
    if let Some(options) = definition["selection"].as_array() {
        let pairs = options
            .iter()
            .map(|option| json!([option["value"], option["name"]]));
        field["selection"] = pairs.collect();
    }
    field
}

/// What there is to say about a record of such a model.
pub fn fields_get(caller: Caller, model: &str, args: &Args) -> Value {
    let mut known: Vec<&str> = match model {
        "res.users" => vec![
            "id", "name", "login", "email", "active", "share", "tz", "lang",
        ],
        _ => vec!["id", "name"],
    };
    if let Some((_, attributes)) = ATTRIBUTES.iter().find(|(it, _)| *it == model) {
        known.extend(*attributes);
        known.extend(owner_field(caller, model));
    }
    let asked = orm::names(args, "allfields").filter(|names| !names.is_empty());
    let asked = asked.unwrap_or_else(|| known.iter().map(|it| (*it).to_owned()).collect());
    let mut described = Map::new();
    for name in asked
        .into_iter()
        .filter(|name| known.contains(&name.as_str()))
    {
        let kind = if name == "id" { "integer" } else { "char" };
        described.insert(
            name.clone(),
            json!({"type": kind, "string": name, "readonly": false}),
        );
    }
    Value::Object(described)
}

/// Whether a record that someone makes may say that; what was left unsaid is `false`.
pub fn is_attribute(caller: Caller, model: &str, name: &str) -> bool {
    let known = ATTRIBUTES.iter().find(|(it, _)| *it == model);
    known.is_some_and(|(_, attributes)| attributes.contains(&name))
        || owner_field(caller, model) == Some(name)
}

/// How a filter names whom it is for; versions differ.
fn owner_field(caller: Caller, model: &str) -> Option<&'static str> {
    match (model, caller.edition) {
        ("ir.filters", Edition::Seventeen) => Some("user_id"),
        ("ir.filters", Edition::Nineteen) => Some("user_ids"),
        _ => None,
    }
}

/// One more than any number given so far.
fn next_id(state: &State) -> i64 {
    let fields = state.fields.values();
    let options = fields
        .clone()
        .filter_map(|field| field["selection"].as_array())
        .flatten();
    let kept = state.things.values().filter_map(Value::as_array).flatten();
    let ids = fields
        .chain(options)
        .chain(kept)
        .filter_map(|row| row["id"].as_i64());
    ids.max().unwrap_or(4300) + 1
}

/// Makes records.
pub fn create(
    world: &World,
    state: &mut State,
    caller: Caller,
    model: &str,
    args: &Args,
) -> Result<Value, Exception> {
    let list = match args.get("vals_list") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let Some((_, attributes)) = ATTRIBUTES.iter().find(|(it, _)| *it == model) else {
        return Err(Exception::access(format!(
            "You are not allowed to create '{model}' records."
        )));
    };
    let mut made = Vec::new();
    for vals in list {
        let unknown = vals
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .find(|key| {
                !attributes.contains(&key.as_str())
                    && owner_field(caller, model) != Some(key.as_str())
            });
        if let Some(unknown) = unknown {
            return Err(no_field(caller, model, unknown));
        }
        let id = match model {
            "ir.model.fields" => create_field(world, state, &vals)?,
            "ir.model.fields.selection" => add_option(state, &vals)?,
            "ir.ui.view" => views::create_view(state, vals)?,
            _ => keep(state, model, vals),
        };
        made.push(id);
    }
    Ok(json!(made))
}

/// Keeps a record; its number.
pub fn keep(state: &mut State, model: &str, mut row: Value) -> i64 {
    let id = next_id(state);
    row["id"] = json!(id);
    let table = state
        .things
        .entry(model.to_owned())
        .or_insert_with(|| json!([]));
    if let Some(table) = table.as_array_mut() {
        table.push(row);
    }
    id
}

fn create_field(world: &World, state: &mut State, vals: &Value) -> Result<i64, Exception> {
    let text = |key: &str| vals[key].as_str().unwrap_or_default().to_owned();
    let (name, kind) = (text("name"), text("ttype"));
    if vals["model_id"].as_i64() != Some(LEAD_MODEL) {
        return Err(Exception::invalid(
            "Missing required value for the field 'Model' (model_id).",
        ));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.chars().all(plain) || name.len() > 63 {
        return Err(Exception::invalid(
            "Field names can only contain characters, digits and underscores (up to 63).",
        ));
    }
    if !name.starts_with("x_") {
        return Err(Exception::invalid(
            "The operation cannot be completed: Custom fields must have a name that starts with 'x_'!",
        ));
    }
    if state.fields.contains_key(&name) {
        return Err(Exception::invalid(
            "The operation cannot be completed: Field names must be unique per model.",
        ));
    }
    let kinds = [
        "text",
        "char",
        "html",
        "integer",
        "float",
        "selection",
        "date",
        "datetime",
        "boolean",
        "json",
    ];
    if !kinds.contains(&kind.as_str()) {
        let why = format!("Wrong value for ir.model.fields.ttype: '{kind}'");
        return Err(Exception::value_error(why));
    }
    let id = next_id(state);
    let mut definition = vals.clone();
    definition["id"] = json!(id);
    definition["model_id"] = json!([LEAD_MODEL, "Lead"]);
    if let Some(definition) = definition.as_object_mut() {
        definition.remove("selection_ids");
    }
    if kind == "selection" {
        let commands = vals["selection_ids"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let options = (id + 1..).zip(commands).map(|(id, command)| {
            let mut option = command[2].clone();
            option["id"] = json!(id);
            option
        });
        definition["selection"] = options.collect();
    }
    state.define(world, &name, &text("field_description"), definition);
    Ok(id)
}

fn add_option(state: &mut State, vals: &Value) -> Result<i64, Exception> {
    let id = next_id(state);
    let field = vals["field_id"].as_i64().unwrap_or_default();
    let definition = state
        .fields
        .values_mut()
        .find(|it| it["id"].as_i64() == Some(field));
    let options = definition.and_then(|it| it["selection"].as_array_mut());
    let options = options.ok_or_else(|| orm::missing("ir.model.fields", &[field]))?;
    if options
        .iter()
        .any(|option| option["value"] == vals["value"])
    {
        return Err(Exception::invalid(
            "The operation cannot be completed: Selections values must be unique per field",
        ));
    }
    let mut option = vals.clone();
    option["id"] = json!(id);
    options.push(option);
    Ok(id)
}

/// Changes records.
pub fn write(
    state: &mut State,
    caller: Caller,
    model: &str,
    args: &Args,
) -> Result<Value, Exception> {
    let vals = args
        .get("vals")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if model == "ir.model.fields" && vals.contains_key("ttype") {
        return Err(Exception::user_error(
            "Changing the type of a field is not yet supported. Please drop it and create it again!",
        ));
    }
    if ATTRIBUTES.iter().all(|(it, _)| *it != model)
        || (model.starts_with("ir.ui") && !caller.admin)
    {
        return Err(Exception::access(format!(
            "You are not allowed to modify '{model}' records."
        )));
    }
    for id in orm::ids(args) {
        let row = kept(state, model)
            .into_iter()
            .find(|row| row["id"].as_i64() == Some(id));
        let mut row = row.ok_or_else(|| orm::missing(model, &[id]))?;
        if let Some(arch) = vals.get("arch_base").and_then(Value::as_str) {
            views::checked_arch(state, row["inherit_id"].as_i64().unwrap_or_default(), arch)?;
        }
        for (key, value) in &vals {
            row[key] = value.clone();
        }
        let table = state.things.get_mut(model).and_then(Value::as_array_mut);
        for known in table
            .into_iter()
            .flatten()
            .filter(|it| it["id"] == row["id"])
        {
            *known = row.clone();
        }
    }
    Ok(json!(true))
}

/// Deletes records.
pub fn unlink(state: &mut State, model: &str, args: &Args) -> Result<Value, Exception> {
    for id in orm::ids(args) {
        let there = rows(state, model);
        let row = there.into_iter().find(|row| row["id"].as_i64() == Some(id));
        let row = row.ok_or_else(|| orm::missing(model, &[id]))?;
        if model == "ir.model.fields" {
            let name = row["name"].as_str().unwrap_or_default();
            let mention = format!("<field name=\"{name}\"");
            let views = kept(state, "ir.ui.view");
            let used = views.iter().find(|view| {
                view["arch_base"]
                    .as_str()
                    .is_some_and(|arch| arch.contains(&mention))
            });
            if let Some(view) = used {
                return Err(Exception::user_error(format!(
                    "Cannot rename/delete fields that are still present in views:\nFields: \
                     crm.lead.{name}\nView: {}",
                    view["name"].as_str().unwrap_or_default()
                )));
            }
            state.remove_field(name);
        } else if let Some(table) = state.things.get_mut(model).and_then(Value::as_array_mut) {
            table.retain(|it| it["id"].as_i64() != Some(id));
            if table.is_empty() {
                state.things.remove(model);
            }
        }
    }
    Ok(json!(true))
}
