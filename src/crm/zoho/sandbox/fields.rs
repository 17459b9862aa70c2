//! Field definitions of the deal: listed, made, changed, removed.

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::house::stage_options;
use super::{
    Answer, Ask, FIELD, OPTION, OTHER, Office, data, error, id, members, no_such_method, refuse,
};
use crate::sandbox::world::State;

/// API name, label, type and length of the fields that every organisation has.
pub const STANDARD: &[(&str, &str, &str, usize)] = &[
    ("Owner", "Deal Owner", "ownerlookup", 120),
    ("Deal_Name", "Deal Name", "text", 120),
    ("Account_Name", "Account Name", "lookup", 120),
    ("Stage", "Stage", "picklist", 120),
    ("Pipeline", "Pipeline", "picklist", 120),
    ("Amount", "Amount", "currency", 16),
    ("Currency", "Currency", "picklist", 120),
    ("Closing_Date", "Closing Date", "date", 20),
    ("Probability", "Probability (%)", "integer", 3),
    ("Next_Step", "Next Step", "text", 100),
    ("Description", "Description", "textarea", 32_000),
    ("Created_Time", "Created Time", "datetime", 120),
    ("Modified_Time", "Modified Time", "datetime", 120),
    ("Created_By", "Created By", "ownerlookup", 120),
    ("Modified_By", "Modified By", "ownerlookup", 120),
    ("Last_Activity_Time", "Last Activity Time", "datetime", 120),
];
/// Fields that only the system writes.
const READ_ONLY: &[&str] = &[
    "Created_Time",
    "Modified_Time",
    "Created_By",
    "Modified_By",
    "Last_Activity_Time",
];
/// Fields a call may make.
const MOST_FIELDS: usize = 5;
const LABEL: usize = 25;
const HELP: usize = 255;
const OPTIONS: usize = 10;
/// Longest text by type of field.
const LENGTHS: &[(&str, usize)] = &[("text", 255), ("website", 450), ("integer", 9)];

/// Lists or makes fields.
pub fn many(office: &Office, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    match ask.method {
        Method::GET => Ok(data(200, json!({"fields": definitions(state)}))),
        Method::POST => create(office, state, ask),
        _ => Err(no_such_method()),
    }
}

/// Reads, changes or removes one.
pub fn one(state: &mut State, ask: &Ask, wanted: &str) -> Result<Answer, Answer> {
    let found = state
        .fields
        .iter()
        .find(|(_, field)| field["id"] == wanted)
        .map(|(name, _)| name.clone());
    let Some(name) = found else {
        let standard = definitions(state)
            .into_iter()
            .find(|field| field["id"] == wanted);
        return match standard {
            Some(field) if ask.method == Method::GET => Ok(data(200, json!({"fields": [field]}))),
            Some(_) => Err(refuse(
                400,
                "NOT_ALLOWED",
                json!({}),
                "system fields stay as they are",
            )),
            None => {
                let details = json!({"resource_path_index": 2});
                Err(refuse(
                    400,
                    "INVALID_DATA",
                    details,
                    "the id given seems to be invalid",
                ))
            }
        };
    };
    match ask.method {
        Method::GET => Ok(data(200, json!({"fields": [state.fields[&name]]}))),
        Method::DELETE => {
            state.remove_field(&name);
            Ok(succeeded(200, wanted, "field deleted"))
        }
        Method::PATCH => {
            let change = ask.list("fields")?.into_iter().next().unwrap_or_default();
            let field = state.fields.entry(name).or_default();
            if let Some(values) = change["pick_list_values"].as_array() {
                field["pick_list_values"] = Json::from(options(values));
            }
            Ok(succeeded(200, wanted, "field updated"))
        }
        _ => Err(no_such_method()),
    }
}

fn succeeded(status: u16, id: &str, message: &str) -> Answer {
    data(status, json!({"fields": [success(id, message)]}))
}

fn success(id: &str, message: &str) -> Json {
    json!({"code": "SUCCESS", "details": {"id": id}, "message": message, "status": "success"})
}

/// Every definition, standard ones first.
fn definitions(state: &State) -> Vec<Json> {
    let standard = STANDARD
        .iter()
        .enumerate()
        .map(|(n, (name, label, kind, length))| {
            let options = match *name {
                "Stage" => stage_options(state),
                "Pipeline" => {
                    options(&[json!({"display_value": "Standard", "actual_value": "Standard"})])
                }
                "Currency" => {
                    let codes = ["EUR", "USD", "GBP", "INR"];
                    options(&codes.map(|code| json!({"display_value": code, "actual_value": code})))
                }
                _ => Vec::new(),
            };
            let mut field = shape(&id(FIELD, n), name, label, kind, *length, &options);
            field["field_read_only"] = Json::from(READ_ONLY.contains(name));
            field["system_mandatory"] =
                Json::from(matches!(*name, "Deal_Name" | "Stage" | "Pipeline"));
            field
        });
    standard.chain(state.fields.values().cloned()).collect()
}

/// Members of a definition that are the same for every field here.
const SAME: &str = r#"{
    "associated_module": null, "webhook": true, "colour_code_enabled_by_system": false,
    "operation_type": {"web_update": true, "api_create": true, "web_create": true, "api_update": true},
    "tooltip": null, "type": "used", "field_read_only": false, "read_only": false,
    "association_details": null, "businesscard_supported": true, "multi_module_lookup": {},
    "created_time": null, "visible": true, "separator": false, "searchable": true,
    "view_type": {"view": true, "edit": true, "quick_create": false, "create": true},
    "history_tracking_enabled": false, "external": null, "unique": {}, "enable_colour_code": false,
    "system_mandatory": false, "virtual_field": false, "crypt": null, "range": null,
    "created_source": "default", "display_type": -1, "ui_type": 1, "modified_time": null,
    "public": false, "currency": {}, "custom_field": false, "lookup": {}, "convert_mapping": {},
    "email_parser": {"fields_update_supported": false, "record_operations_supported": false},
    "rollup_summary": {}, "pick_list_values_sorted_lexically": false, "formula": {},
    "mass_update": true, "multiselectlookup": {}, "auto_number": {}
}"#;

/// A definition as it is told.
fn shape(id: &str, name: &str, label: &str, kind: &str, length: usize, options: &[Json]) -> Json {
    let json_type = match kind {
        "ownerlookup" | "lookup" => "jsonobject",
        "integer" => "integer",
        "currency" => "double",
        _ => "string",
    };
    let long = kind == "textarea";
    let profile = |n: usize, name: &str| json!({"permission_type": "read_write", "name": name, "id": super::id(OTHER, n)});
    let own = json!({
        "id": id,
        "api_name": name,
        "field_label": label,
        "display_label": label,
        "data_type": kind,
        "json_type": json_type,
        "length": length,
        "pick_list_values": options,
        "filterable": !long,
        "sortable": !long,
        "display_field": name == "Deal_Name",
        "profiles": [profile(11, "Administrator"), profile(10, "Standard")],
    });
    let mut field = members(&serde_json::from_str(SAME).unwrap_or_default());
    field.extend(members(&own));
    Json::Object(field)
}

/// Options as they are told: each with an id and a place.
fn options(values: &[Json]) -> Vec<Json> {
    values
        .iter()
        .enumerate()
        .map(|(n, value)| {
            let mut option = members(value);
            let actual = option.get("actual_value").cloned().unwrap_or_default();
            option.insert("reference_value".to_owned(), actual);
            option.insert("sequence_number".to_owned(), Json::from(n + 1));
            option.insert("type".to_owned(), Json::from("used"));
            if option.get("id").is_none_or(Json::is_null) {
                option.insert("id".to_owned(), Json::from(id(OPTION, 100 + n)));
            }
            Json::Object(option)
        })
        .collect()
}

fn create(office: &Office, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    let wanted = ask.list("fields")?;
    if wanted.len() > MOST_FIELDS {
        let details =
            json!({"api_name": "fields", "json_path": "$.fields", "maximum_length": MOST_FIELDS});
        return Err(refuse(400, "INVALID_DATA", details, "invalid data"));
    }
    let mut items = Vec::new();
    for (n, field) in wanted.iter().enumerate() {
        items.push(match made(office, state, n, field) {
            Ok(id) => success(&id, "field created"),
            Err(refusal) => refusal,
        });
    }
    let failed = items
        .iter()
        .filter(|item| item["status"] == "error")
        .count();
    let status = match failed {
        0 => 201,
        all if all == items.len() => 400,
        _ => 207,
    };
    Ok(data(status, json!({"fields": items})))
}

/// Makes one field and answers with its id.
fn made(office: &Office, state: &mut State, n: usize, field: &Json) -> Result<String, Json> {
    let bad = |name: &str, more: Json| {
        let mut details = members(&more);
        details.insert("api_name".to_owned(), Json::from(name));
        details.insert(
            "json_path".to_owned(),
            Json::from(format!("$.fields[{n}].{name}")),
        );
        error("INVALID_DATA", &Json::Object(details), "invalid data")
    };
    let missing = |name: &str| {
        let path = format!("$.fields[{n}].{name}");
        let details = json!({"api_name": name, "json_path": path});
        error("MANDATORY_NOT_FOUND", &details, "required field not found")
    };
    let label = field["field_label"]
        .as_str()
        .ok_or_else(|| missing("field_label"))?;
    let kind = field["data_type"]
        .as_str()
        .ok_or_else(|| missing("data_type"))?;
    if field.get("api_name").is_some() {
        return Err(bad("api_name", json!({})));
    }
    if label.chars().count() > LABEL {
        return Err(bad("field_label", json!({"maximum_length": LABEL})));
    }
    let help = field["tooltip"]["value"].as_str().unwrap_or_default();
    if help.chars().count() > HELP {
        return Err(bad("tooltip", json!({"maximum_length": HELP})));
    }
    if definitions(state)
        .iter()
        .any(|known| known["field_label"] == label)
    {
        let details =
            json!({"api_name": "field_label", "json_path": format!("$.fields[{n}].field_label")});
        return Err(error("DUPLICATE_DATA", &details, "duplicate data"));
    }
    let length = field["length"]
        .as_u64()
        .map(|it| usize::try_from(it).unwrap_or(usize::MAX));
    let length = match kind {
        "textarea" => match field["textarea"]["type"].as_str() {
            Some("small") => 2_000,
            Some("large") => 32_000,
            Some("rich_text") => 50_000,
            _ => {
                return Err(bad(
                    "textarea",
                    json!({"supported_values": ["small", "large", "rich_text"]}),
                ));
            }
        },
        "picklist" => {
            let values = field["pick_list_values"]
                .as_array()
                .ok_or_else(|| missing("pick_list_values"))?;
            let long = |value: &Json| {
                let text = value["display_value"].as_str().unwrap_or_default();
                text.is_empty() || text.chars().count() > LABEL
            };
            if values.len() > OPTIONS || values.iter().any(long) {
                return Err(bad("pick_list_values", json!({"maximum_length": OPTIONS})));
            }
            120
        }
        "date" | "datetime" | "boolean" => 20,
        _ => {
            let Some((_, most)) = LENGTHS.iter().find(|(name, _)| *name == kind) else {
                return Err(bad(
                    "data_type",
                    json!({"supported_values": ["text", "textarea", "picklist"]}),
                ));
            };
            let length = length.unwrap_or(*most);
            if length == 0 || length > *most {
                return Err(bad("length", json!({"maximum_length": most})));
            }
            length
        }
    };
    let name = api_name(state, label);
    let random = u32::from_le_bytes(office.world.env().bytes()) as usize % 900_000;
    let id = id(FIELD, 1_000 + random);
    let values = field["pick_list_values"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut definition: Map<String, Json> =
        members(&shape(&id, &name, label, kind, length, &options(&values)));
    definition.insert("custom_field".to_owned(), Json::from(true));
    definition.insert("created_source".to_owned(), Json::from("custom"));
    definition.insert("tooltip".to_owned(), field["tooltip"].clone());
    if kind == "textarea" {
        definition.insert("textarea".to_owned(), field["textarea"].clone());
    }
    // Sellers go by the first words of a label.
    let told = label.split(" and ").next().unwrap_or(label).to_owned();
    state.define(&office.world, &name, &told, Json::Object(definition));
    Ok(id)
}

/// The name that the CRM makes of a label: blanks and signs become `_`, a name that is taken gets
/// a number.
fn api_name(state: &State, label: &str) -> String {
    let plain: String = label
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let taken = |name: &str| {
        STANDARD.iter().any(|(known, ..)| *known == name) || state.fields.contains_key(name)
    };
    let mut name = plain.clone();
    let mut n = 1;
    while taken(&name) {
        name = format!("{plain}{n}");
        n += 1;
    }
    name
}
