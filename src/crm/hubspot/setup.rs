//! Our properties and their group.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::read::read;
use super::wire::Listing;
use super::{HubSpot, path, segments};
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// The group our properties stand in.
const GROUP: &str = "latitude";
/// What people see above them.
const GROUP_LABEL: &str = "Deal strategy";
/// A property's definition.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    field_type: String,
    #[serde(default)]
    group_name: String,
    #[serde(default)]
    options: Vec<PropertyOption>,
    #[serde(default)]
    calculated: bool,
    #[serde(default)]
    archived: bool,
    modification_metadata: Option<Modification>,
}

#[derive(Debug, Deserialize)]
struct PropertyOption {
    label: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modification {
    #[serde(default)]
    read_only_value: bool,
}

/// What exists of what is wanted.
pub async fn found(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let properties = properties(session).await?;
    let fields = Field::ALL
        .into_iter()
        .filter_map(|field| {
            let name = name(wanted, field);
            let property = properties.iter().find(|it| it.name == name)?;
            Some(look(field, property))
        })
        .collect();
    Ok(Setup {
        fields,
        views: segments::found(session, wanted).await?,
        access: Access::NotNeeded,
    })
}

/// The name of one of our properties, or of the one chosen in its place.
pub fn name(wanted: &Blueprint, field: Field) -> String {
    let mapped = wanted.mapped.get(&field).cloned();
    mapped.unwrap_or_else(|| HubSpot.field_name(&wanted.prefix, field))
}

async fn properties(session: &Session) -> Result<Vec<Property>, Fault> {
    let call = session.api.get(path(session, "properties", "deals"));
    let (_, told): (_, Listing<Property>) = read(session, call).await?;
    Ok(told.results)
}

fn look(field: Field, property: &Property) -> Found {
    let kind = (property.kind.as_str(), property.field_type.as_str());
    let (wanted, _) = shape(field);
    let read_only = property.calculated
        || property
            .modification_metadata
            .as_ref()
            .is_some_and(|it| it.read_only_value);
    let missing: Vec<String> = labels(field)
        .iter()
        .filter(|label| !property.options.iter().any(|it| it.label == **label))
        .map(|label| (*label).to_owned())
        .collect();
    let fit = if kind.0 != wanted {
        Fit::OtherKind(format!("{}/{}", kind.0, kind.1))
    } else if read_only {
        Fit::ReadOnly
    } else if !missing.is_empty() {
        Fit::MissingOptions(missing)
    } else {
        Fit::Good
    };
    let options = property
        .options
        .iter()
        .filter(|it| it.label != it.value && labels(field).contains(&it.label.as_str()))
        .map(|it| (it.label.clone(), it.value.clone()))
        .collect();
    Found {
        field,
        place: Place {
            name: property.name.clone(),
            longest: None,
            options,
        },
        id: None,
        fit,
    }
}

fn labels(field: Field) -> &'static [&'static str] {
    match field.kind() {
        Kind::Pick(labels) => labels,
        _ => &[],
    }
}

/// The type and the field type that hold what a field holds.
fn shape(field: Field) -> (&'static str, &'static str) {
    match field.kind() {
        Kind::LongText => ("string", "textarea"),
        // There is no type for links; people can click on text that is one.
        Kind::Text | Kind::Link => ("string", "text"),
        Kind::Number => ("number", "number"),
        Kind::Pick(_) => ("enumeration", "select"),
        Kind::Date => ("date", "date"),
        Kind::DateTime => ("datetime", "date"),
    }
}

fn definition(wanted: &Blueprint, field: Field) -> Json {
    let (kind, field_type) = shape(field);
    let mut definition = json!({
        "groupName": GROUP,
        "name": name(wanted, field),
        "label": field.label(),
        "description": field.help(),
        "type": kind,
        "fieldType": field_type,
        "displayOrder": -1,
        "formField": false,
        "hasUniqueValue": false,
        "hidden": false,
    });
    let hint = match field.kind() {
        Kind::LongText => Some(("textDisplayHint", json!("multi_line"))),
        Kind::Number => Some(("numberDisplayHint", json!("unformatted"))),
        Kind::Pick(labels) => Some(("options", options(labels.iter().map(|it| (*it, *it))))),
        _ => None,
    };
    if let (Some((key, value)), Some(members)) = (hint, definition.as_object_mut()) {
        members.insert(key.to_owned(), value);
    }
    definition
}

fn options<'a>(options: impl Iterator<Item = (&'a str, &'a str)>) -> Json {
    let option = |(n, (label, value))| json!({"label": label, "value": value, "displayOrder": n, "hidden": false});
    Json::Array(options.enumerate().map(option).collect())
}

/// Carries out one step.
pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create(session, wanted, *field).await,
        Step::AddOptions(field, labels) => add_options(session, wanted, *field, labels).await,
        Step::CreateView(key) => match wanted.views.iter().find(|view| view.key == *key) {
            Some(view) => segments::create(session, wanted, view).await,
            None => Ok(()),
        },
        Step::RemoveView(_, id) => {
            let call = session.api.delete(path(session, "lists", id)).idempotent();
            removed(call.reply().await.map(drop))
        }
        Step::RemoveField(_, name, _) => remove(session, name).await,
        Step::Grant | Step::Revoke => Ok(()),
    }
}

/// Creates a property, and its group where that is what was missing.
async fn create(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    let definition = definition(wanted, field);
    let place = path(session, "properties", "deals");
    let attempt = || {
        session
            .api
            .post(place.clone())
            .json(&definition)
            .any_reply()
    };
    let first = attempt().await?;
    match first.status {
        ..300 => return Ok(()),
        409 => return taken(session, wanted, field).await,
        _ => {}
    }
    // The documents do not say how a missing group is refused.
    if !matches!(first.status, 400 | 404) {
        return Err(super::faults::fault(&first));
    }
    let group = json!({"name": GROUP, "label": GROUP_LABEL, "displayOrder": -1});
    let call = session
        .api
        .post(path(session, "properties", "deals/groups"))
        .json(&group);
    let made = call.any_reply().await?;
    if made.status >= 300 {
        return Err(super::faults::fault(&first));
    }
    let second = attempt().await?;
    match second.status {
        ..300 => Ok(()),
        409 => taken(session, wanted, field).await,
        _ => Err(super::faults::fault(&second)),
    }
}

/// What a name means that HubSpot says is taken: a call that was cut off had already made the
/// property, or it is that of a deleted one, which only an admin can bring back or put away.
async fn taken(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    let name = name(wanted, field);
    let place = path(session, "properties", &format!("deals/{name}"));
    let reply = session.api.get(place).any_reply().await?;
    match reply.status {
        ..300 if !reply.decode::<Property>()?.archived => return Ok(()),
        ..300 | 404 => {}
        _ => return Err(super::faults::fault(&reply)),
    }
    let others = archived(session, wanted).await?;
    let others = match others.iter().filter(|other| **other != name).count() {
        0 => String::new(),
        more => format!(" and {more} more of ours"),
    };
    Err(Fault::Setup(Cause::told(
        "archived_property",
        format!(
            "HubSpot keeps deleted properties and their names: {name}{others} must first be restored, \
             or deleted for good, by an admin under Settings → Properties → Archived (of deals); \
             then apply again"
        ),
    )))
}

/// The names among ours that deleted properties keep.
async fn archived(session: &Session, wanted: &Blueprint) -> Result<Vec<String>, Fault> {
    let call = session.api.get(path(session, "properties", "deals"));
    let call = call.query("archived", true);
    let (_, told): (_, Listing<Property>) = read(session, call).await?;
    let ours = Field::ALL.into_iter().map(|field| name(wanted, field));
    let is_kept = |name: &String| told.results.iter().any(|it| it.name == *name);
    Ok(ours.filter(is_kept).collect())
}

/// Adds labels to a picklist; HubSpot takes only the whole list.
async fn add_options(
    session: &Session,
    wanted: &Blueprint,
    field: Field,
    labels: &[String],
) -> Result<(), Fault> {
    let place = path(
        session,
        "properties",
        &format!("deals/{}", name(wanted, field)),
    );
    let (_, property): (_, Property) = read(session, session.api.get(place.clone())).await?;
    let known = property.options.iter().map(|it| (&*it.label, &*it.value));
    let lacking = labels
        .iter()
        .filter(|label| !property.options.iter().any(|it| it.label == **label))
        .map(|label| (label.as_str(), label.as_str()));
    let whole = json!({"options": options(known.chain(lacking))});
    let call = session.api.patch(place).json(&whole).idempotent();
    call.reply().await.map(drop)
}

/// Removes a property of ours, and the group with the last of them.
async fn remove(session: &Session, name: &str) -> Result<(), Fault> {
    let place = path(session, "properties", &format!("deals/{name}"));
    let call = session.api.delete(place).idempotent();
    removed(call.reply().await.map(drop))?;
    let left = properties(session).await?;
    if left.iter().any(|property| property.group_name == GROUP) {
        return Ok(());
    }
    let place = path(session, "properties", &format!("deals/groups/{GROUP}"));
    let call = session.api.delete(place).idempotent();
    removed(call.reply().await.map(drop))
}

/// Removing what is gone already is done.
fn removed(outcome: Result<(), Fault>) -> Result<(), Fault> {
    match outcome {
        Err(Fault::Gone(_)) => Ok(()),
        Err(Fault::Setup(cause)) if cause.status == Some(404) => Ok(()),
        other => other,
    }
}
