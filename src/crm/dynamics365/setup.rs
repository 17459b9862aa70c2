//! Set-up: columns on the opportunity, in a publisher and a solution of their own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::definition::{OPTION_PREFIX, definition, label};
use super::wire::{Column, Rows};
use super::{LONGEST_TEXT, api, asking, spoken, views};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::call::Reply;
use crate::http::fault::Fault;

const TABLE: &str = "EntityDefinitions(LogicalName='opportunity')";
/// The solution our columns are put into, and its publisher, by unique name.
const SOLUTION: &str = "LatitudeStrategy";
const PUBLISHER: &str = "latitudestrategy";

/// The customization prefix: two to eight letters and digits, first a letter.
pub fn prefix(wanted: &str) -> String {
    let plain: String = wanted
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .skip_while(char::is_ascii_digit)
        .take(8)
        .collect();
    match plain.len() {
        0 | 1 => "latitude".to_owned(),
        _ => plain.to_ascii_lowercase(),
    }
}

fn column_name(wanted: &Blueprint, field: Field) -> String {
    let mapped = wanted.mapped.get(&field).cloned();
    mapped.unwrap_or_else(|| format!("{}_{}", prefix(&wanted.prefix), field.name()))
}

/// What exists of our columns and views.
pub async fn found(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let columns = columns(session).await?;
    let fields = Field::ALL
        .into_iter()
        .filter_map(|field| {
            let column = columns.get(&column_name(wanted, field))?;
            Some(as_found(field, column))
        })
        .collect();
    Ok(Setup {
        fields,
        views: views::found(session, wanted).await?,
        access: access(session, wanted).await?,
    })
}

/// Whether our columns have their solution; where all are the customer's own there is nothing to put
/// into one, and one that is left over from before is still there to be taken back.
async fn access(session: &Session, wanted: &Blueprint) -> Result<Access, Fault> {
    let there = rows_of(session, "solutions", "solutionid", SOLUTION).await?;
    let ours = Field::ALL.iter().any(|it| !wanted.mapped.contains_key(it));
    Ok(match (there.is_empty(), ours) {
        (false, _) => Access::Granted,
        (true, true) => Access::Missing,
        (true, false) => Access::NotNeeded,
    })
}

/// Every column of the table by name. A list shows the members that all kinds share; lengths and
/// options come with lists of one kind.
async fn columns(session: &Session) -> Result<BTreeMap<String, Column>, Fault> {
    let common = [(
        "$select",
        "LogicalName,AttributeType,MetadataId,IsValidForUpdate",
    )];
    let length = [("$select", "LogicalName,MaxLength")];
    let options = [
        ("$select", "LogicalName"),
        ("$expand", "OptionSet($select=Options)"),
    ];
    let mut columns: BTreeMap<String, Column> = listed(session, "", &common)
        .await?
        .into_iter()
        .map(|column| (column.logical_name.clone(), column))
        .collect();
    for (kind, query) in [
        ("Memo", &length[..]),
        ("String", &length[..]),
        ("Picklist", &options[..]),
    ] {
        let cast = format!("/Microsoft.Dynamics.CRM.{kind}AttributeMetadata");
        for detail in listed(session, &cast, query).await? {
            if let Some(column) = columns.get_mut(&detail.logical_name) {
                column.max_length = detail.max_length;
                column.option_set = detail.option_set;
            }
        }
    }
    Ok(columns)
}

async fn listed(
    session: &Session,
    cast: &str,
    query: &[(&str, &str)],
) -> Result<Vec<Column>, Fault> {
    let path = asking(session, &format!("{TABLE}/Attributes{cast}"), query);
    // Just-made columns are seen at once only when asked for like this.
    let call = spoken(session.api.get(path)).header("consistency", "Strong");
    Ok(call.read::<Rows<Column>>().await?.value)
}

fn as_found(field: Field, column: &Column) -> Found {
    let kinds: &[&str] = match field.kind() {
        Kind::LongText | Kind::Text | Kind::Link => &["Memo", "String"],
        Kind::Number => &["Integer", "Decimal", "Double"],
        Kind::Pick(_) => &["Picklist"],
        Kind::Date | Kind::DateTime => &["DateTime"],
    };
    let mut options = BTreeMap::new();
    let mut fit = Fit::Good;
    if let Kind::Pick(labels) = field.kind() {
        let theirs = column.option_set.iter().flat_map(|set| &set.options);
        options = theirs
            .map(|choice| (choice.label().to_owned(), choice.value.to_string()))
            .collect();
        let missing: Vec<String> = labels
            .iter()
            .filter(|label| !options.contains_key(**label))
            .map(|label| (*label).to_owned())
            .collect();
        if !missing.is_empty() {
            fit = Fit::MissingOptions(missing);
        }
    }
    if column.is_valid_for_update == Some(false) {
        fit = Fit::ReadOnly;
    }
    if !kinds.contains(&column.attribute_type.as_str()) {
        fit = Fit::OtherKind(column.attribute_type.clone());
    }
    Found {
        field,
        place: Place {
            name: column.logical_name.clone(),
            longest: column.max_length.filter(|most| *most < LONGEST_TEXT),
            options,
        },
        id: column.metadata_id.clone(),
        fit,
    }
}

/// Carries out one step.
pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create(session, wanted, *field).await,
        Step::AddOptions(field, labels) => {
            let column = column_name(wanted, *field);
            for name in labels {
                let body = json!({
                    "EntityLogicalName": "opportunity",
                    "AttributeLogicalName": column,
                    "Label": label(name),
                });
                let call = session.api.post(api(session, "InsertOptionValue"));
                spoken(call).json(&body).reply().await?;
            }
            publish(session).await
        }
        Step::Grant => {
            solution(session, wanted).await?;
            publish(session).await
        }
        Step::CreateView(key) => {
            let columns = columns(session).await?;
            let place =
                |field| Some(as_found(field, columns.get(&column_name(wanted, field))?).place);
            views::create(session, wanted, key, place).await?;
            publish(session).await
        }
        Step::RemoveView(_, id) => {
            remove(session, &format!("savedqueries({id})")).await?;
            publish(session).await
        }
        Step::Revoke => {
            for id in rows_of(session, "solutions", "solutionid", SOLUTION).await? {
                remove(session, &format!("solutions({id})")).await?;
            }
            for id in rows_of(session, "publishers", "publisherid", PUBLISHER).await? {
                remove(session, &format!("publishers({id})")).await?;
            }
            Ok(())
        }
        Step::RemoveField(_, name, _) => {
            remove(
                session,
                &format!("{TABLE}/Attributes(LogicalName='{name}')"),
            )
            .await
        }
    }
}

async fn create(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    solution(session, wanted).await?;
    let call = session
        .api
        .post(api(session, &format!("{TABLE}/Attributes")));
    let made = spoken(call)
        .header("mscrm.solutionuniquename", SOLUTION)
        .json(&definition(&column_name(wanted, field), field))
        .reply()
        .await;
    match made {
        // A call that was cut off had already made it.
        Err(fault) if fault.cause().message.contains("already exists") => Ok(()),
        made => made.map(drop),
    }
}

/// Makes sure that the solution exists, under a publisher whose prefix is ours.
async fn solution(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    if !rows_of(session, "solutions", "solutionid", SOLUTION)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let prefix = prefix(&wanted.prefix);
    let filter = format!("customizationprefix eq '{prefix}'");
    let known = ids(session, "publishers", "publisherid", &filter).await?;
    let publisher = match known.into_iter().next() {
        Some(id) => id,
        None => {
            let body = json!({
                "uniquename": PUBLISHER,
                "friendlyname": "Latitude",
                "customizationprefix": prefix,
                "customizationoptionvalueprefix": OPTION_PREFIX,
            });
            let call = spoken(session.api.post(api(session, "publishers")));
            made_id(&call.json(&body).reply().await?)
        }
    };
    let body = json!({
        "uniquename": SOLUTION,
        "friendlyname": "Latitude deal strategy",
        "version": "1.0.0.0",
        "publisherid@odata.bind": format!("/publishers({publisher})"),
    });
    let call = spoken(session.api.post(api(session, "solutions")));
    call.json(&body).reply().await.map(drop)
}

/// The id in the `OData-EntityId` header of a row that was just made.
fn made_id(reply: &Reply) -> String {
    let address = reply.header("odata-entityid");
    let id = address.rsplit('(').next().unwrap_or_default();
    id.trim_end_matches(')').to_owned()
}

async fn rows_of(
    session: &Session,
    set: &str,
    key: &str,
    name: &str,
) -> Result<Vec<String>, Fault> {
    ids(session, set, key, &format!("uniquename eq '{name}'")).await
}

async fn ids(session: &Session, set: &str, key: &str, filter: &str) -> Result<Vec<String>, Fault> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(alias = "solutionid", alias = "publisherid")]
        id: String,
    }
    let path = asking(session, set, &[("$select", key), ("$filter", filter)]);
    let rows: Rows<Row> = spoken(session.api.get(path)).read().await?;
    Ok(rows.value.into_iter().map(|row| row.id).collect())
}

async fn remove(session: &Session, path: &str) -> Result<(), Fault> {
    match spoken(session.api.delete(api(session, path)))
        .idempotent()
        .reply()
        .await
    {
        Ok(_) | Err(Fault::Gone(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Makes labels and views show. It takes long; where the call runs out of time the server goes on.
async fn publish(session: &Session) -> Result<(), Fault> {
    let body = json!({"ParameterXml":
        "<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>"});
    let call = spoken(session.api.post(api(session, "PublishXml")));
    match call.json(&body).reply().await {
        Err(fault) if fault.cause().message.starts_with("timed out") => Ok(()),
        published => published.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_made_to_fit() {
        assert_eq!(prefix("latitude_"), "latitude");
        assert_eq!(prefix("9Acme-Corp_"), "acmecorp");
        assert_eq!(prefix("_"), "latitude");
    }
}
