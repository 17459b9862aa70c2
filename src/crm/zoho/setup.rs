//! Set-up: fields on the deal, found again by label and help; views are made by hand.
//!
//! Zoho derives a field's API name from its label, so a label alone could be the customer's own
//! field. Ours are known by the help text they were made with.

use serde_json::{Value as Json, json};

use super::faults;
use super::office::{Choice, Column, CustomViews};
use super::{LONGEST_TEXT, about, api};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Condition, Fit, Found, Place, Setup, Step, View};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

const TEXT_LENGTH: usize = 100;
const LINK_LENGTH: usize = 450;
const NUMBER_LENGTH: usize = 9;

/// The API name that Zoho usually makes of our label.
pub fn usual_name(field: Field) -> String {
    let label = field.label().chars();
    label
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// What exists of our fields and views.
pub async fn found(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let columns = about::fields(session).await?.fields;
    let fields = Field::ALL
        .into_iter()
        .filter_map(|field| Some(as_found(field, ours(wanted, field, &columns)?)))
        .collect();
    let reply = session
        .api
        .get(api(session, "settings/custom_views"))
        .query("module", "Deals")
        .reply()
        .await?;
    let views: Option<CustomViews> = match reply.status {
        204 => None,
        _ => Some(reply.decode()?),
    };
    let views = views.into_iter().flat_map(|views| views.custom_views);
    let views = views.filter_map(|theirs| {
        let named = |view: &&View| {
            [&theirs.name, &theirs.display_value]
                .into_iter()
                .any(|name| name == view.title)
        };
        let view = wanted.views.iter().find(named)?;
        Some((view.key.to_owned(), theirs.id.0.clone()))
    });
    Ok(Setup {
        fields,
        views: views.collect(),
        access: Access::NotNeeded,
    })
}

fn ours<'a>(wanted: &Blueprint, field: Field, columns: &'a [Column]) -> Option<&'a Column> {
    if let Some(mapped) = wanted.mapped.get(&field) {
        return columns.iter().find(|column| column.api_name == *mapped);
    }
    columns.iter().find(|column| {
        let help = column
            .tooltip
            .as_ref()
            .map_or("", |tooltip| tooltip.value.as_str());
        column.custom_field && column.field_label == field.label() && help == field.help()
    })
}

fn as_found(field: Field, column: &Column) -> Found {
    let kinds: &[&str] = match field.kind() {
        Kind::LongText => &["textarea", "text"],
        Kind::Text => &["text", "textarea"],
        Kind::Number => &["integer", "bigint", "double"],
        Kind::Pick(_) => &["picklist"],
        Kind::Date => &["date"],
        Kind::DateTime => &["datetime"],
        Kind::Link => &["website", "text"],
    };
    let mut fit = Fit::Good;
    if let Kind::Pick(labels) = field.kind() {
        let has = |label: &&&str| {
            let mut choices = column.pick_list_values.iter();
            choices.any(|choice| choice.display_value == **label)
        };
        let missing: Vec<String> = labels
            .iter()
            .filter(|label| !has(label))
            .map(|label| (*label).to_owned())
            .collect();
        if !missing.is_empty() {
            fit = Fit::MissingOptions(missing);
        }
    }
    if column.field_read_only {
        fit = Fit::ReadOnly;
    }
    if !kinds.contains(&column.data_type.as_str()) {
        fit = Fit::OtherKind(column.data_type.clone());
    }
    let renamed = |choice: &&Choice| choice.display_value != choice.actual_value;
    Found {
        field,
        place: Place {
            name: column.api_name.clone(),
            longest: column.length.filter(|most| *most < LONGEST_TEXT),
            options: column
                .pick_list_values
                .iter()
                .filter(renamed)
                .map(|choice| (choice.display_value.clone(), choice.actual_value.clone()))
                .collect(),
        },
        id: Some(column.id.0.clone()),
        fit,
    }
}

/// Carries out one step.
pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => {
            let call = session
                .api
                .post(api(session, "settings/fields"))
                .query("module", "Deals")
                .json(&json!({"fields": [definition(*field)]}));
            match call.reply().await {
                Err(fault) if fault.cause().code.as_deref() == Some("DUPLICATE_DATA") => {
                    adopted(session, wanted, *field).await
                }
                made => succeeded(&made?),
            }
        }
        Step::AddOptions(field, labels) => {
            let columns = about::fields(session).await?.fields;
            let Some(column) = ours(wanted, *field, &columns) else {
                return Err(unknown(*field));
            };
            let known = column
                .pick_list_values
                .iter()
                .map(|choice| json!({"id": choice.id, "display_value": choice.display_value, "actual_value": choice.actual_value}));
            let new = labels
                .iter()
                .map(|label| json!({"display_value": label, "actual_value": label}));
            let values: Vec<Json> = known.chain(new).collect();
            let reply = session
                .api
                .patch(api(session, &format!("settings/fields/{}", column.id.0)))
                .query("module", "Deals")
                .json(&json!({"fields": [{"pick_list_values": values}]}))
                .reply()
                .await?;
            succeeded(&reply)
        }
        Step::RemoveField(field, _, id) => {
            let id = id.as_ref().ok_or_else(|| unknown(*field))?;
            let reply = session
                .api
                .delete(api(session, &format!("settings/fields/{id}")))
                .query("module", "Deals")
                .idempotent()
                .reply()
                .await;
            match reply {
                Err(Fault::Gone(_)) => Ok(()),
                reply => succeeded(&reply?),
            }
        }
        Step::Grant | Step::Revoke => Ok(()),
        Step::CreateView(_) | Step::RemoveView(..) => {
            let clicks = by_hand(wanted, step).unwrap_or_default().join(" ");
            Err(Fault::Setup(Cause::told("by_hand", clicks)))
        }
    }
}

fn unknown(field: Field) -> Fault {
    let message = format!("field {} is not in the CRM", field.label());
    Fault::Setup(Cause::told("field", message))
}

/// An error may come with a status of success.
fn succeeded(reply: &crate::http::call::Reply) -> Result<(), Fault> {
    let said = faults::said(&reply.body);
    match said.code.as_str() {
        "SUCCESS" | "" => Ok(()),
        _ => Err(faults::fault(reply)),
    }
}

/// The label is taken: by a field of ours that a broken call had made, or by the customer's own.
async fn adopted(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    let columns = about::fields(session).await?.fields;
    if ours(wanted, field, &columns).is_some() {
        return Ok(());
    }
    let message = format!(
        "deals have a field \"{}\" that Latitude did not make; map it with `fields.{}` or rename it",
        field.label(),
        field.name()
    );
    Err(Fault::Setup(Cause::told("DUPLICATE_DATA", message)))
}

fn definition(field: Field) -> Json {
    let (data_type, rest) = match field.kind() {
        Kind::LongText => (
            "textarea",
            json!({"length": LONGEST_TEXT, "textarea": {"type": "large"}}),
        ),
        Kind::Text => ("text", json!({"length": TEXT_LENGTH})),
        Kind::Number => (
            "integer",
            json!({"length": NUMBER_LENGTH, "filterable": true}),
        ),
        Kind::Pick(labels) => {
            let values: Vec<Json> = labels
                .iter()
                .map(|label| json!({"display_value": label, "actual_value": label}))
                .collect();
            (
                "picklist",
                json!({"pick_list_values": values, "filterable": true}),
            )
        }
        Kind::Date => ("date", json!({})),
        Kind::DateTime => ("datetime", json!({})),
        Kind::Link => ("website", json!({"length": LINK_LENGTH})),
    };
    let mut body = json!({
        "field_label": field.label(),
        "data_type": data_type,
        "tooltip": {"name": "info_icon", "value": field.help()},
    });
    if let (Json::Object(body), Json::Object(rest)) = (&mut body, rest) {
        body.extend(rest);
    }
    body
}

/// Views have no API: what to click.
pub fn by_hand(wanted: &Blueprint, step: &Step) -> Option<Vec<String>> {
    match step {
        Step::CreateView(key) => {
            let view = wanted.views.iter().find(|view| view.key == *key)?;
            let mut clicks = vec![
                "Open Deals; in the list of views choose Create View.".to_owned(),
                format!("Name it exactly: {}", view.title),
            ];
            clicks.extend(view.conditions.iter().map(criterion));
            clicks.push("Criterion: Stage is not, and choose every closed stage.".to_owned());
            clicks.push(
                "Show Deal Name, Strategy grade, Strategy score, Strategy state, Amount, \
                 Closing Date and Deal Owner."
                    .to_owned(),
            );
            clicks.push("Share it with the role of your managers; Save.".to_owned());
            Some(clicks)
        }
        Step::RemoveView(key, _) => {
            let view = wanted.views.iter().find(|view| view.key == *key)?;
            Some(vec![format!(
                "Open Deals, choose the view {}, click Edit, then Delete.",
                view.title
            )])
        }
        _ => None,
    }
}

fn criterion(condition: &Condition) -> String {
    match condition {
        Condition::OneOf(field, labels) => {
            format!("Criterion: {} is {}", field.label(), labels.join(", "))
        }
        Condition::ClosesWithinDays(days) => {
            format!("Criterion: Closing Date is in the next {days} days")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_keeps_the_limits_of_one_call() {
        for field in Field::ALL {
            let body = definition(field);
            let text = |value: &Json| value.as_str().unwrap_or_default().chars().count();
            assert!(text(&body["field_label"]) <= 25, "{field:?}");
            assert!(text(&body["tooltip"]["value"]) <= 255, "{field:?}");
            let choices = body["pick_list_values"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            assert!(choices.len() <= 10, "{field:?}");
            for choice in choices {
                assert!(text(&choice["display_value"]) <= 25, "{choice}");
            }
        }
    }
}
