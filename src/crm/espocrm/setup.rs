//! Set-up: custom fields by the field manager; where they show is in [`super::layouts`].
//!
//! Looking needs no more than the API user; changing needs an administrator's name and password.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::call::call;
use super::layouts::{lay_out, mentions, read_layout};
use super::wire::{Definition, bare_name, field_name, types};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Condition, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// The longest line of a `varchar`.
const LONGEST_LINE: usize = 255;
fn name_of(wanted: &Blueprint, field: Field) -> String {
    let mapped = wanted.mapped.get(&field).cloned();
    mapped.unwrap_or_else(|| field_name(&wanted.prefix, field.name()))
}

/// The names of those fields that are ours, not the customer's own.
pub fn own_names(wanted: &Blueprint, fields: &[Field]) -> Vec<String> {
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
        access: match shown {
            true => Access::Granted,
            // Where every field is the customer's own, so is where they stand.
            false if ours.is_empty() => Access::NotNeeded,
            false => Access::Missing,
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
