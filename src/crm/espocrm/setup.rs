//! Set-up: custom fields by the field manager; a panel, columns and filters in the layouts.
//!
//! Looking needs no more than the API user; changing needs an administrator's name and password.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::call::call;
use super::wire::{Definition, bare_name, field_name, types};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Condition, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// The longest line of a `varchar`.
const LONGEST_LINE: usize = 255;
/// The title of our panel.
const PANEL: &str = "Deal strategy";
/// What managers see in the list.
const COLUMNS: [Field; 2] = [Field::Grade, Field::State];
/// What managers filter by.
const FILTERS: [Field; 6] = [
    Field::Grade,
    Field::Score,
    Field::WeakestPart,
    Field::State,
    Field::NeedState,
    Field::CheckOn,
];

fn name_of(wanted: &Blueprint, field: Field) -> String {
    let mapped = wanted.mapped.get(&field).cloned();
    mapped.unwrap_or_else(|| field_name(&wanted.prefix, field.name()))
}

fn own_names(wanted: &Blueprint, fields: &[Field]) -> Vec<String> {
    let own = fields
        .iter()
        .filter(|field| !wanted.mapped.contains_key(field));
    own.map(|field| name_of(wanted, *field)).collect()
}

pub async fn setup(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let all: BTreeMap<String, Json> = call(session, &Method::GET, "Metadata")
        .query("key", "entityDefs.Opportunity.fields")
        .read()
        .await?;
    let fields = Field::ALL.into_iter().filter_map(|field| {
        let name = name_of(wanted, field);
        let definition = serde_json::from_value(all.get(&name)?.clone()).ok()?;
        Some(found(field, name, &definition))
    });
    let layout = read_layout(session, "detail").await?;
    let ours = own_names(wanted, &Field::ALL);
    let shown = ours.iter().any(|name| mentions(&layout, name));
    Ok(Setup {
        fields: fields.collect(),
        views: BTreeMap::new(),
        access: if shown {
            Access::Granted
        } else {
            Access::Missing
        },
    })
}

fn found(field: Field, name: String, definition: &Definition) -> Found {
    let mut place = Place {
        name,
        longest: definition.max_length,
        ..Place::default()
    };
    let mut fit = Fit::Good;
    if !types(field.kind()).contains(&definition.kind.as_str()) {
        fit = Fit::OtherKind(definition.kind.clone());
    } else if let Kind::Pick(labels) = field.kind() {
        place.longest = None;
        let options: Vec<&str> = definition.options.iter().filter_map(Json::as_str).collect();
        let missing = labels.iter().filter(|label| !options.contains(label));
        let missing: Vec<String> = missing.map(|label| (*label).to_owned()).collect();
        if !missing.is_empty() {
            fit = Fit::MissingOptions(missing);
        }
    }
    if definition.read_only && matches!(fit, Fit::Good | Fit::MissingOptions(_)) {
        fit = Fit::ReadOnly;
    }
    Found {
        field,
        place,
        id: None,
        fit,
    }
}

pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    done(session, wanted, step)
        .await
        .map_err(for_administrators)
}

/// EspoCRM refuses set-up without a word to everyone who is no administrator, API users always.
fn for_administrators(fault: Fault) -> Fault {
    match fault {
        Fault::Setup(cause) if cause.status == Some(403) && cause.message.is_empty() => {
            Fault::Setup(Cause {
                message: "only an administrator may change fields and layouts: for set-up, give \
                          the connection sign_in = \"login\" with an administrator's user name \
                          as user and password as token"
                    .to_owned(),
                ..cause
            })
        }
        other => other,
    }
}

async fn done(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create_field(session, wanted, *field).await,
        Step::AddOptions(field, labels) => add_options(session, wanted, *field, labels).await,
        Step::Grant => lay_out(session, wanted, true).await,
        Step::Revoke => lay_out(session, wanted, false).await,
        // Filters belong to one user each; see `filter_by_hand`.
        Step::CreateView(_) | Step::RemoveView(..) => Ok(()),
        Step::RemoveField(_, name, _) => remove_field(session, name).await,
    }
}

async fn create_field(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    let mut definition = Map::new();
    for (key, value) in [
        ("name", json!(bare_name(&name_of(wanted, field)))),
        ("type", json!(types(field.kind())[0])),
        ("label", json!(field.label())),
        ("tooltip", json!(true)),
        ("tooltipText", json!(field.help())),
    ] {
        definition.insert(key.to_owned(), value);
    }
    match field.kind() {
        Kind::Pick(labels) => {
            let options: Vec<&str> = std::iter::once("").chain(labels.iter().copied()).collect();
            definition.insert("options".to_owned(), json!(options));
        }
        Kind::Text | Kind::Link => {
            definition.insert("maxLength".to_owned(), json!(LONGEST_LINE));
        }
        Kind::Number => {
            definition.insert("min".to_owned(), json!(0));
            definition.insert("max".to_owned(), json!(100));
        }
        _ => {}
    }
    let reply = call(session, &Method::POST, "Admin/fieldManager/Opportunity")
        .json(&definition)
        .any_reply()
        .await?;
    match reply.status {
        // It exists already: an earlier call made it.
        200..=299 | 409 => Ok(()),
        _ => Err(super::faults::of(&reply)),
    }
}

async fn add_options(
    session: &Session,
    wanted: &Blueprint,
    field: Field,
    labels: &[String],
) -> Result<(), Fault> {
    let path = format!("Admin/fieldManager/Opportunity/{}", name_of(wanted, field));
    let mut definition: Map<String, Json> = call(session, &Method::GET, &path).read().await?;
    let Some(options) = definition.get_mut("options").and_then(Json::as_array_mut) else {
        let what = format!("{} is not a list of options", name_of(wanted, field));
        return Err(Fault::Setup(Cause::told("no_options", what)));
    };
    for label in labels {
        if !options.contains(&json!(label)) {
            options.push(json!(label));
        }
    }
    call(session, &Method::PUT, &path)
        .json(&definition)
        .reply()
        .await
        .map(drop)
}

async fn remove_field(session: &Session, name: &str) -> Result<(), Fault> {
    let path = format!("Admin/fieldManager/Opportunity/{name}");
    let reply = call(session, &Method::DELETE, &path).any_reply().await?;
    match reply.status {
        200..=299 | 404 => Ok(()),
        _ => Err(super::faults::of(&reply)),
    }
}

async fn read_layout(session: &Session, name: &str) -> Result<Json, Fault> {
    call(session, &Method::GET, &format!("Opportunity/layout/{name}"))
        .read()
        .await
}

fn mentions(layout: &Json, name: &str) -> bool {
    match layout {
        Json::String(text) => text == name,
        Json::Array(items) => items.iter().any(|item| mentions(item, name)),
        Json::Object(members) => members.values().any(|member| mentions(member, name)),
        _ => false,
    }
}

/// Puts our fields into the layouts, or takes them out; whatever else is there stays.
async fn lay_out(session: &Session, wanted: &Blueprint, show: bool) -> Result<(), Fault> {
    let ours = own_names(wanted, &Field::ALL);
    for (name, fields) in [
        ("detail", &Field::ALL[..]),
        ("list", &COLUMNS),
        ("filters", &FILTERS),
    ] {
        let before = read_layout(session, name).await?;
        let mut after = without(&before, &ours);
        let names = own_names(wanted, fields);
        if let (true, Some(items)) = (show, after.as_array_mut()) {
            match name {
                "detail" => items.push(json!({"label": PANEL, "rows": rows(&names)})),
                "list" => items.extend(names.iter().map(|name| json!({"name": name, "width": 10}))),
                _ => items.extend(names.into_iter().map(Json::from)),
            }
        }
        if after != before {
            let path = format!("Opportunity/layout/{name}");
            call(session, &Method::PUT, &path)
                .json(&after)
                .reply()
                .await?;
        }
    }
    Ok(())
}

fn rows(names: &[String]) -> Vec<Json> {
    names
        .iter()
        .map(|name| json!([{"name": name, "fullWidth": true}]))
        .collect()
}

/// A layout without the fields of those names, and without rows and panels that held nothing else.
fn without(layout: &Json, ours: &[String]) -> Json {
    let Json::Array(items) = layout else {
        return layout.clone();
    };
    let is_ours = |cell: &Json| {
        let name = cell.as_str().or_else(|| cell["name"].as_str());
        name.is_some_and(|name| ours.iter().any(|own| own == name))
    };
    let kept = items
        .iter()
        .filter(|item| !is_ours(item))
        .filter_map(|item| {
            let Some(rows) = item.get("rows").and_then(Json::as_array) else {
                return Some(item.clone());
            };
            if !ours.iter().any(|name| mentions(item, name)) {
                return Some(item.clone());
            }
            let rows: Vec<Json> = rows
                .iter()
                .filter_map(|row| rest_of(row, &is_ours))
                .collect();
            let mut panel = item.clone();
            panel["rows"] = json!(rows);
            (!rows.is_empty()).then_some(panel)
        });
    kept.collect()
}

fn rest_of(row: &Json, is_ours: &dyn Fn(&Json) -> bool) -> Option<Json> {
    let cells = row.as_array()?;
    if !cells.iter().any(is_ours) {
        return Some(row.clone());
    }
    let blank = |cell: &Json| {
        if is_ours(cell) {
            json!(false)
        } else {
            cell.clone()
        }
    };
    let cells: Vec<Json> = cells.iter().map(blank).collect();
    let empty = cells.iter().all(|cell| *cell == json!(false));
    (!empty).then(|| json!(cells))
}

/// The clicks that save a view as a filter of the manager who makes them.
pub fn filter_by_hand(wanted: &Blueprint, key: &str) -> Option<Vec<String>> {
    let view = wanted.views.iter().find(|view| view.key == key)?;
    let mut clicks = vec!["Open Opportunities; left of the search box choose Open".to_owned()];
    for condition in view.conditions {
        clicks.push(match condition {
            Condition::OneOf(field, labels) => format!(
                "Three dots beside the search box, Add Field, {}: Any Of {}",
                field.label(),
                labels.join(", ")
            ),
            Condition::ClosesWithinDays(days) => format!(
                "Three dots beside the search box, Add Field, Close Date: Next X Days, {days}"
            ),
        });
    }
    clicks.push(format!(
        "Search, then three dots, Save Filter, name it \"{}\"",
        view.title
    ));
    Some(clicks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_as_before_once_our_fields_are_taken_out() {
        let before = json!([
            {"label": "", "rows": [[{"name": "name"}, {"name": "account"}]]},
            {"label": "More", "rows": [[{"name": "description"}, false]]},
        ]);
        let ours = ["cLatitudeGrade".to_owned(), "cLatitudeScore".to_owned()];
        let mut after = before.clone();
        let panel = json!({"label": PANEL, "rows": rows(&ours)});
        after.as_array_mut().expect("panels").push(panel);

        assert_eq!(without(&after, &ours), before);
        after[1]["rows"][0][1] = json!({"name": "cLatitudeScore"});
        assert_eq!(without(&after, &ours), before);
        let columns = json!([{"name": "name", "link": true}, {"name": "cLatitudeGrade"}]);
        assert_eq!(
            without(&columns, &ours),
            json!([{"name": "name", "link": true}])
        );
        assert_eq!(
            without(&json!(["stage", "cLatitudeGrade"]), &ours),
            json!(["stage"])
        );
    }
}
