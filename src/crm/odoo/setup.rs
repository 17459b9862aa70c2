//! Set-up: custom fields (`ir.model.fields`), a page in the form and columns in the list
//! (`ir.ui.view`), shared filters for managers (`ir.filters`).
//!
//! Looking needs no more than the worker's rights; changing needs a key of an administrator.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::frame;
use super::rpc::Ask;
use super::views;
use super::wire::{field_name, option_key, types};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// A field as `fields_get` describes it.
#[derive(Debug, Deserialize)]
struct Described {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    readonly: bool,
    #[serde(default)]
    size: Option<usize>,
    #[serde(default)]
    selection: Vec<(Json, String)>,
}

/// A record of which only the number is needed.
#[derive(Deserialize)]
pub struct Numbered {
    /// Number.
    pub id: i64,
}

/// The API name of a field: the customer's own where one is mapped.
pub fn name_of(wanted: &Blueprint, field: Field) -> String {
    let mapped = wanted.mapped.get(&field).cloned();
    mapped.unwrap_or_else(|| field_name(&wanted.prefix, field.name()))
}

pub async fn setup(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let names = Field::ALL.map(|field| name_of(wanted, field));
    let described = describe(session, "crm.lead", &names).await?;
    let fields = Field::ALL.into_iter().zip(&names);
    let fields: Vec<Found> = fields
        .filter_map(|(field, name)| Some(found(field, name, described.get(name)?)))
        .collect();
    let views = views::shared_filters(session, wanted).await?;
    let access = match views::own_views(session, wanted).await {
        Ok(views) if views.is_empty() => Access::Missing,
        Ok(_) if !frame::is_as_wanted(session, wanted).await? => Access::Missing,
        Ok(_) => Access::Granted,
        // The worker's key may not look at views, and need not.
        Err(Fault::Setup(cause))
            if cause.code.as_deref() == Some("odoo.exceptions.AccessError") =>
        {
            Access::NotNeeded
        }
        Err(fault) => return Err(fault),
    };
    Ok(Setup {
        fields,
        views,
        access,
    })
}

async fn describe(
    session: &Session,
    model: &'static str,
    names: &[String],
) -> Result<BTreeMap<String, Described>, Fault> {
    Ask::new(model, "fields_get")
        .named("allfields", json!(names))
        .named(
            "attributes",
            json!(["type", "string", "readonly", "size", "selection"]),
        )
        .read(session)
        .await
}

/// Whether a model has a field of that name; versions differ.
pub async fn has_field(session: &Session, model: &'static str, name: &str) -> Result<bool, Fault> {
    let names = [name.to_owned()];
    Ok(describe(session, model, &names).await?.contains_key(name))
}

fn found(field: Field, name: &str, described: &Described) -> Found {
    let mut place = Place {
        name: name.to_owned(),
        longest: described.size.filter(|size| *size > 0),
        ..Place::default()
    };
    let mut fit = Fit::Good;
    if !types(field.kind()).contains(&described.kind.as_str()) {
        fit = Fit::OtherKind(described.kind.clone());
    } else if let Kind::Pick(labels) = field.kind() {
        let (known, missing): (Vec<&str>, Vec<&str>) = labels
            .iter()
            .partition(|label| option_of(label, described).is_some());
        let options = known.into_iter().filter_map(|label| {
            option_of(label, described).map(|key| (label.to_owned(), key.to_owned()))
        });
        place.options = options.collect();
        if !missing.is_empty() {
            fit = Fit::MissingOptions(missing.into_iter().map(str::to_owned).collect());
        }
    }
    if described.readonly && matches!(fit, Fit::Good | Fit::MissingOptions(_)) {
        fit = Fit::ReadOnly;
    }
    Found {
        field,
        place,
        id: None,
        fit,
    }
}

/// The key of a label: the one we would give it, or whichever carries its words, which an admin
/// may have translated or keyed otherwise.
fn option_of<'a>(label: &str, described: &'a Described) -> Option<&'a str> {
    let key = option_key(label);
    let options = || {
        described
            .selection
            .iter()
            .filter_map(|(key, words)| Some((key.as_str()?, words)))
    };
    options()
        .find(|(theirs, _)| *theirs == key)
        .or_else(|| options().find(|(_, words)| *words == label))
        .map(|(theirs, _)| theirs)
}

pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create_field(session, wanted, *field).await,
        Step::AddOptions(field, labels) => add_options(session, wanted, *field, labels).await,
        Step::Grant => views::show(session, wanted).await,
        Step::CreateView(key) => views::create_filter(session, wanted, key).await,
        Step::RemoveView(_, id) => views::remove_filter(session, id).await,
        Step::Revoke => views::hide(session, wanted).await,
        Step::RemoveField(_, name, _) => remove_field(session, wanted, name).await,
    }
}

async fn create_field(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    let name = name_of(wanted, field);
    let mut definition = Map::new();
    for (key, value) in [
        ("name", json!(name)),
        ("ttype", json!(types(field.kind())[0])),
        ("field_description", json!(field.label())),
        ("help", json!(field.help())),
        // A copied deal starts without a strategy of its own.
        ("copied", json!(false)),
    ] {
        definition.insert(key.to_owned(), value);
    }
    if let Kind::Pick(labels) = field.kind() {
        let options = labels.iter().enumerate();
        let options: Vec<Json> = options
            .map(|(n, label)| json!([0, 0, {"value": option_key(label), "name": label, "sequence": n + 1}]))
            .collect();
        definition.insert("selection_ids".to_owned(), json!(options));
    }
    create_definition(session, &name, Json::Object(definition)).await
}

/// Makes a custom field of the opportunity.
pub async fn create_definition(
    session: &Session,
    name: &str,
    mut definition: Json,
) -> Result<(), Fault> {
    let model: Vec<Numbered> = Ask::new("ir.model", "search_read")
        .arg("domain", json!([["model", "=", "crm.lead"]]))
        .named("fields", json!(["id"]))
        .read(session)
        .await?;
    let model = model.first().ok_or_else(|| {
        Fault::Setup(Cause::told(
            "no_crm",
            "Odoo's CRM app is not installed in this database",
        ))
    })?;
    definition["model_id"] = json!(model.id);
    definition["state"] = json!("manual");
    let created = Ask::new("ir.model.fields", "create")
        .arg("vals_list", json!([definition]))
        .once()
        .read::<Json>(session)
        .await;
    match created {
        Ok(_) => Ok(()),
        Err(fault @ (Fault::Reconnect(_) | Fault::Spent { .. })) => Err(fault),
        // A call that broke off, or one before it, may have made the field all the same.
        Err(fault) => match has_field(session, "crm.lead", name).await? {
            true => Ok(()),
            false => Err(fault),
        },
    }
}

/// The numbers of the definitions of a field.
pub async fn definitions(session: &Session, name: &str) -> Result<Vec<i64>, Fault> {
    let found: Vec<Numbered> = Ask::new("ir.model.fields", "search_read")
        .arg(
            "domain",
            json!([["model", "=", "crm.lead"], ["name", "=", name]]),
        )
        .named("fields", json!(["id"]))
        .read(session)
        .await?;
    Ok(found.into_iter().map(|it| it.id).collect())
}

async fn add_options(
    session: &Session,
    wanted: &Blueprint,
    field: Field,
    labels: &[String],
) -> Result<(), Fault> {
    let name = name_of(wanted, field);
    let described = describe(session, "crm.lead", std::slice::from_ref(&name)).await?;
    let Some(described) = described.get(&name) else {
        return Err(Fault::Setup(Cause::told(
            "no_field",
            format!("there is no field {name}"),
        )));
    };
    let first = definitions(session, &name).await?.first().copied();
    let options: Vec<Json> = labels
        .iter()
        .filter(|label| option_of(label, described).is_none())
        .enumerate()
        .map(|(n, label)| {
            let sequence = described.selection.len() + n + 1;
            json!({"field_id": first, "value": option_key(label), "name": label, "sequence": sequence})
        })
        .collect();
    if options.is_empty() {
        return Ok(());
    }
    Ask::new("ir.model.fields.selection", "create")
        .arg("vals_list", json!(options))
        .once()
        .read::<Json>(session)
        .await
        .map(drop)
}

async fn remove_field(session: &Session, wanted: &Blueprint, name: &str) -> Result<(), Fault> {
    let ids = definitions(session, name).await?;
    match remove(session, "ir.model.fields", &ids).await {
        // Our own views may still show it, where set-up was left half done.
        Err(Fault::Setup(cause)) if cause.code.as_deref() == Some("odoo.exceptions.UserError") => {
            views::hide(session, wanted).await?;
            remove(session, "ir.model.fields", &ids).await
        }
        other => other,
    }
}

/// Deletes records; those that are gone already are as good.
pub async fn remove(session: &Session, model: &'static str, ids: &[i64]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let removed = Ask::new(model, "unlink")
        .arg("ids", json!(ids))
        .read::<Json>(session)
        .await;
    match removed {
        Ok(_) | Err(Fault::Gone(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}
