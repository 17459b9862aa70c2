//! Our fields on Opportunity: which exist and fit (describe), made and removed (Tooling API).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{PROFILE, api_path, faults, grants, limits, views};
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// A new text area's size: a person's words may be long, ours are not. All declared lengths of an
/// object share a pool of 1,638,400 characters.
const LONG_TEXT: usize = 131_072;
const OUR_TEXT: usize = 32_768;

/// Our name for a field, in the style of Salesforce: `Latitude_Customer_Outcome__c`.
pub fn field_name(prefix: &str, field: Field) -> String {
    format!("{}__c", developer_name(prefix, field.name()))
}

/// Prefix and name as one developer name: each word begins with a capital.
pub fn developer_name(prefix: &str, name: &str) -> String {
    let words = format!("{prefix}{name}");
    let words = words
        .split('_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        });
    words.collect::<Vec<_>>().join("_")
}

/// The API name that a blueprint wants for a field.
pub fn wanted_name(wanted: &Blueprint, field: Field) -> String {
    match wanted.mapped.get(&field) {
        Some(name) => name.clone(),
        None => field_name(&wanted.prefix, field),
    }
}

#[derive(Deserialize)]
struct Described {
    fields: Vec<DescribedField>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    length: usize,
    #[serde(default)]
    updateable: bool,
    #[serde(default)]
    html_formatted: bool,
    #[serde(default)]
    picklist_values: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    active: bool,
    label: String,
    value: String,
}

/// See [`crate::crm::Crm::setup`].
pub async fn look(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let call = session
        .api
        .get(api_path(session, "/sobjects/Opportunity/describe"));
    let (described, _): (Described, _) = limits::read(session, call).await?;
    let fields: Vec<Found> = Field::ALL
        .into_iter()
        .filter_map(|field| {
            let name = wanted_name(wanted, field);
            let theirs = described
                .fields
                .iter()
                .find(|theirs| theirs.name.eq_ignore_ascii_case(&name))?;
            Some(found(field, theirs))
        })
        .collect();
    let there = grants::look(session, wanted).await?;
    Ok(Setup {
        access: there.access(&fields),
        views: there.views,
        fields,
    })
}

fn found(field: Field, theirs: &DescribedField) -> Found {
    let mut place = Place {
        name: theirs.name.clone(),
        longest: None,
        options: BTreeMap::new(),
    };
    if matches!(field.kind(), Kind::LongText | Kind::Text | Kind::Link) {
        place.longest = Some(theirs.length).filter(|most| (1..PROFILE.longest_text).contains(most));
    }
    let mut missing = Vec::new();
    if let Kind::Pick(labels) = field.kind() {
        for label in labels {
            let choices = || theirs.picklist_values.iter().filter(|choice| choice.active);
            let by_value = choices().find(|choice| choice.value == *label);
            match by_value.or_else(|| choices().find(|choice| choice.label == *label)) {
                Some(choice) if choice.value != *label => {
                    place
                        .options
                        .insert((*label).to_owned(), choice.value.clone());
                }
                Some(_) => {}
                None => missing.push((*label).to_owned()),
            }
        }
    }
    let fit = if !is_of_kind(field.kind(), theirs) {
        let rich = if theirs.html_formatted { "rich " } else { "" };
        Fit::OtherKind(format!("{rich}{}", theirs.kind))
    } else if !theirs.updateable {
        Fit::ReadOnly
    } else if !missing.is_empty() {
        Fit::MissingOptions(missing)
    } else {
        Fit::Good
    };
    Found {
        field,
        place,
        id: None,
        fit,
    }
}

/// Whether a field of the customer can hold what ours would. Rich text would give a person's words
/// back with tags.
fn is_of_kind(kind: Kind, theirs: &DescribedField) -> bool {
    let known: &[&str] = match kind {
        Kind::LongText | Kind::Text => &["textarea", "string"],
        Kind::Number => &["double", "int", "percent"],
        Kind::Pick(_) => &["picklist"],
        Kind::Date => &["date"],
        Kind::DateTime => &["datetime"],
        Kind::Link => &["url", "string", "textarea"],
    };
    known.contains(&&*theirs.kind) && !theirs.html_formatted
}

/// See [`crate::crm::Crm::apply`].
pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create(session, wanted, *field).await,
        Step::AddOptions(field, labels) => {
            add_options(session, &wanted_name(wanted, *field), labels).await
        }
        Step::Grant => grants::grant(session, wanted).await,
        Step::Revoke => grants::revoke(session, wanted).await,
        Step::CreateView(key) => views::create(session, wanted, key).await,
        Step::RemoveView(key, _) => views::remove(session, wanted, key).await,
        Step::RemoveField(_, name, _) => remove(session, name).await,
    }
}

/// What a repeated step may be told without harm.
pub fn unless(
    codes: &[&str],
    result: Result<crate::http::call::Reply, Fault>,
) -> Result<(), Fault> {
    match result {
        Err(fault)
            if fault
                .cause()
                .code
                .as_deref()
                .is_some_and(|it| codes.contains(&it)) =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}

async fn create(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    if let Some(name) = wanted.mapped.get(&field) {
        return Err(Fault::Setup(Cause::told(
            "no_such_field",
            format!(
                "fields.{} = \"{name}\": Opportunity has no such field, or the signed-in user \
                 may not see it; create it, grant it, or map another",
                field.name()
            ),
        )));
    }
    let body = json!({
        "FullName": format!("Opportunity.{}", wanted_name(wanted, field)),
        "Metadata": metadata(field),
    });
    let call = session
        .api
        .post(api_path(session, "/tooling/sobjects/CustomField"))
        .json(&body);
    // It may exist although describe does not show it: nobody may see it yet.
    unless(
        &["DUPLICATE_DEVELOPER_NAME"],
        limits::reply(session, call).await,
    )
}

fn metadata(field: Field) -> Json {
    let mut metadata = match field.kind() {
        Kind::LongText => json!({
            "type": "LongTextArea",
            "length": if field.is_read() { LONG_TEXT } else { OUR_TEXT },
            "visibleLines": 4,
        }),
        Kind::Text => json!({"type": "Text", "length": 255}),
        Kind::Number => json!({"type": "Number", "precision": 3, "scale": 0}),
        Kind::Pick(labels) => {
            let values: Vec<Json> = labels
                .iter()
                .map(|label| choice("fullName", label))
                .collect();
            json!({
                "type": "Picklist",
                "valueSet": {
                    "restricted": true,
                    "valueSetDefinition": {"sorted": false, "value": values},
                },
            })
        }
        Kind::Date => json!({"type": "Date"}),
        Kind::DateTime => json!({"type": "DateTime"}),
        Kind::Link => json!({"type": "Url"}),
    };
    metadata["label"] = field.label().into();
    metadata["inlineHelpText"] = field.help().into();
    metadata["description"] = "Latitude".into();
    metadata
}

/// A picklist value; created under `fullName`, but told and changed under `valueName`.
fn choice(name: &str, label: &str) -> Json {
    json!({name: label, "label": label, "default": false})
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Id")]
    id: String,
}

/// The id of a custom field's definition; none where there is none.
async fn definition(session: &Session, name: &str) -> Result<Option<String>, Fault> {
    let developer_name = name.strip_suffix("__c").unwrap_or(name);
    let soql = format!(
        "SELECT Id FROM CustomField WHERE TableEnumOrId = 'Opportunity' \
         AND DeveloperName = '{developer_name}'"
    );
    let call = session
        .api
        .get(api_path(session, "/tooling/query"))
        .query("q", soql);
    let (answer, _): (super::wire::Answer<Row>, _) = limits::read(session, call).await?;
    Ok(answer.records.into_iter().next().map(|row| row.id))
}

async fn add_options(session: &Session, name: &str, labels: &[String]) -> Result<(), Fault> {
    let no_such_list = || {
        Fault::Setup(Cause::told(
            "no_such_field",
            format!(
                "{name} has no list of values of its own; add {} by hand",
                labels.join(", ")
            ),
        ))
    };
    let id = definition(session, name).await?.ok_or_else(no_such_list)?;
    let place = api_path(session, &format!("/tooling/sobjects/CustomField/{id}"));
    let (mut field, _): (Json, _) = limits::read(session, session.api.get(place.clone())).await?;
    let mut metadata = field["Metadata"].take();
    let values = metadata["valueSet"]["valueSetDefinition"]["value"]
        .as_array_mut()
        .ok_or_else(no_such_list)?;
    for label in labels {
        if !values.iter().any(|value| value["valueName"] == **label) {
            values.push(choice("valueName", label));
        }
    }
    let full_name = field["FullName"].take();
    let body = json!({"FullName": full_name, "Metadata": metadata});
    let call = session.api.patch(place).json(&body);
    limits::reply(session, call).await.map(drop)
}

async fn remove(session: &Session, name: &str) -> Result<(), Fault> {
    let Some(id) = definition(session, name).await? else {
        return Ok(());
    };
    let place = api_path(session, &format!("/tooling/sobjects/CustomField/{id}"));
    let removed = limits::reply(session, session.api.delete(place)).await;
    unless(faults::GONE, removed)
}
