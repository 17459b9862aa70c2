//! Table and column definitions, and what a column's definition says about its values.

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::changes::{fits, outside};
use super::columns::{STANDARD, open_stages, state_label};
use super::tables::{columns_of, guid};
use super::{Answer, Ask, Org, data, done, links, no_segment, refuse};
use crate::sandbox::world::State;

/// Answers below `EntityDefinitions`.
pub fn answer(
    org: &Org,
    state: &mut State,
    ask: &Ask,
    key: Option<&str>,
    rest: &str,
) -> Result<Answer, Answer> {
    let Some(key) = key else {
        let rows = json!([table()]);
        return Ok(data(&json!({
            "@odata.context": format!("{}/$metadata#EntityDefinitions", ask.root),
            "value": rows,
        })));
    };
    if links::decoded(key) != "LogicalName='opportunity'" {
        return Err(refuse(
            404,
            "0x80060888",
            "Could not find an entity with that name.",
        ));
    }
    let (head, cast) = match rest.split_once('/') {
        Some((head, cast)) => (head, Some(cast)),
        None => (rest, None),
    };
    let name = head
        .strip_prefix("Attributes(LogicalName='")
        .map(|name| name.trim_end_matches("')"));
    match (&ask.method, head, name) {
        (&Method::GET, "", _) => Ok(data(&table())),
        (&Method::GET, "Attributes", _) => Ok(list(state, ask, cast)),
        (&Method::POST, "Attributes", _) => create(org, state, ask),
        (&Method::GET, _, Some(name)) => {
            let found = columns(state)
                .into_iter()
                .find(|column| column["LogicalName"] == name);
            let fits =
                |column: &Json| kind_of(cast).is_none_or(|kind| column["AttributeType"] == kind);
            match found.filter(fits) {
                Some(column) => Ok(data(&selected(column, ask, cast))),
                None => Err(no_column(name)),
            }
        }
        (&Method::DELETE, _, Some(name)) => remove(state, name),
        _ => Err(no_segment(rest)),
    }
}

fn no_column(name: &str) -> Answer {
    let message = format!("Attribute With LogicalName = {name} Does Not Exist");
    refuse(404, "0x80040217", &message)
}

fn table() -> Json {
    json!({
        "LogicalName": "opportunity",
        "SchemaName": "Opportunity",
        "EntitySetName": "opportunities",
        "LogicalCollectionName": "opportunities",
        "PrimaryIdAttribute": "opportunityid",
        "PrimaryNameAttribute": "name",
        "ObjectTypeCode": 3,
        "ChangeTrackingEnabled": true,
        "IsOptimisticConcurrencyEnabled": true,
        "MetadataId": guid(0x608_861bc, 3),
    })
}

/// `Memo` of `Microsoft.Dynamics.CRM.MemoAttributeMetadata`.
fn kind_of(cast: Option<&str>) -> Option<&str> {
    cast?
        .strip_prefix("Microsoft.Dynamics.CRM.")?
        .strip_suffix("AttributeMetadata")
}

fn columns(state: &State) -> Vec<Json> {
    let standard = STANDARD.iter().enumerate().map(|(n, (name, kind, most))| {
        let mut column = json!({
            "@odata.type": format!("#Microsoft.Dynamics.CRM.{kind}AttributeMetadata"),
            "LogicalName": name,
            "SchemaName": name,
            "AttributeType": kind,
            "AttributeTypeName": {"Value": format!("{kind}Type")},
            "MetadataId": guid(0xa177_0000, n),
            "IsValidForUpdate": !matches!(*name, "opportunityid" | "createdon" | "versionnumber"),
            "IsCustomAttribute": false,
        });
        if *most > 0 {
            column["MaxLength"] = json!(most);
        }
        match *name {
            "salesstage" => {
                let stages = state.stages.iter().take(open_stages(state)).enumerate();
                let options: Vec<Json> = stages.map(|(n, it)| option(n as i64, it.name)).collect();
                column["OptionSet"] = json!({"Options": options});
            }
            "statecode" => {
                let options: Vec<Json> = (0..3)
                    .map(|code| option(code, &state_label(state, code)))
                    .collect();
                column["OptionSet"] = json!({"Options": options});
            }
            _ => {}
        }
        column
    });
    standard.chain(state.fields.values().cloned()).collect()
}

fn option(value: i64, text: &str) -> Json {
    let label = json!({"Label": text, "LanguageCode": 1033, "IsManaged": true});
    json!({
        "Value": value,
        "Color": null,
        "IsManaged": true,
        "Label": {"LocalizedLabels": [label], "UserLocalizedLabel": label},
    })
}

fn list(state: &State, ask: &Ask, cast: Option<&str>) -> Answer {
    let kind = kind_of(cast);
    let rows: Vec<Json> = columns(state)
        .into_iter()
        .filter(|column| kind.is_none_or(|kind| column["AttributeType"] == kind))
        .map(|column| selected(column, ask, cast))
        .collect();
    data(&json!({
        "@odata.context": format!("{}/$metadata#EntityDefinitions('opportunity')/Attributes", ask.root),
        "value": rows,
    }))
}

/// The members that were asked for, and those that always come. Lengths belong to single kinds and
/// cannot be asked of all columns at once.
fn selected(column: Json, ask: &Ask, cast: Option<&str>) -> Json {
    let query = links::decoded(&ask.query);
    let wanted: Vec<&str> = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("$select="))
        .map_or(Vec::new(), |names| names.split(',').collect());
    if wanted.is_empty() {
        return column;
    }
    let Json::Object(column) = column else {
        return column;
    };
    let mut kept: Map<String, Json> = column
        .iter()
        .filter(|(name, _)| {
            wanted.contains(&name.as_str())
                || *name == "MetadataId"
                || (*name == "OptionSet" && query.contains("$expand=OptionSet"))
        })
        .map(|(name, held)| (name.clone(), held.clone()))
        .collect();
    if cast.is_none() {
        kept.remove("MaxLength");
        kept.insert("@odata.type".to_owned(), column["@odata.type"].clone());
    }
    Json::Object(kept)
}

fn create(org: &Org, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    let mut column = ask.json()?;
    let text = |column: &Map<String, Json>, name: &str| {
        column
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let bad = |message: &str| Err(refuse(400, "0x80048403", message));
    let schema = text(&column, "SchemaName");
    let name = schema.to_ascii_lowercase();
    let kind = text(&column, "AttributeType");
    let typed = format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata");
    if text(&column, "@odata.type").trim_start_matches('#') != typed {
        return bad("The @odata.type does not fit the AttributeType.");
    }
    let prefixed = name
        .split_once('_')
        .is_some_and(|(prefix, _)| (2..=8).contains(&prefix.len()));
    if !prefixed || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return bad("The SchemaName must begin with a publisher's prefix.");
    }
    let solution = ask.header("mscrm.solutionuniquename");
    let known = |row: &Json| row["uniquename"] == solution;
    if !solution.is_empty() && !state.things.values().any(known) {
        return bad(&format!(
            "The solution '{solution}' was not found in the Microsoft Dynamics 365 system."
        ));
    }
    if columns(state)
        .iter()
        .any(|column| column["LogicalName"] == name.as_str())
    {
        let message = format!("An attribute with the specified name {name} already exists.");
        return Err(refuse(400, "0x80047013", &message));
    }
    let label = column
        .get("DisplayName")
        .map(|it| &it["LocalizedLabels"][0]["Label"]);
    let Some(label) = label.and_then(Json::as_str).map(str::to_owned) else {
        return bad("A DisplayName is required.");
    };
    let most = column.get("MaxLength").and_then(Json::as_u64);
    let limit = match kind.as_str() {
        "Memo" => 1_048_576,
        "String" => 4_000,
        _ => u64::MAX,
    };
    if limit < u64::MAX && !most.is_some_and(|most| (1..=limit).contains(&most)) {
        return bad("The MaxLength is outside the valid range.");
    }
    let id = guid(
        u32::from_le_bytes(org.world.env().bytes()),
        state.fields.len(),
    );
    column.insert("LogicalName".to_owned(), Json::from(name.clone()));
    column.insert("MetadataId".to_owned(), Json::from(id.clone()));
    column.insert("IsValidForUpdate".to_owned(), Json::from(true));
    column.insert("IsCustomAttribute".to_owned(), Json::from(true));
    column.insert("@odata.type".to_owned(), Json::from(format!("#{typed}")));
    state.define(&org.world, &name, &label, Json::Object(column));
    let mut answer = done();
    let table = "EntityDefinitions(LogicalName='opportunity')/Attributes";
    answer
        .headers
        .push(("odata-entityid", format!("{}/{table}({id})", ask.root)));
    Ok(answer)
}

fn remove(state: &mut State, name: &str) -> Result<Answer, Answer> {
    if !state.fields.contains_key(name) {
        return Err(no_column(name));
    }
    let used = |row: &Json| {
        let fetch = row["fetchxml"].as_str().unwrap_or_default();
        columns_of(fetch).iter().any(|column| column == name)
    };
    if state.things.values().any(used) {
        let message = format!(
            "The Attribute({name}) component cannot be deleted because it is referenced by 1 other components."
        );
        return Err(refuse(400, "0x8004f01f", &message));
    }
    state.remove_field(name);
    Ok(done())
}

/// The action `InsertOptionValue`.
pub fn insert_option(state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    let body = ask.json()?;
    let name = body
        .get("AttributeLogicalName")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let column = state.fields.get_mut(name).ok_or_else(|| no_column(name))?;
    let Some(options) = column["OptionSet"]["Options"].as_array_mut() else {
        return Err(refuse(400, "0x80048403", "The column is no picklist."));
    };
    let largest = options
        .iter()
        .filter_map(|option| option["Value"].as_i64())
        .max();
    let value = body.get("Value").and_then(Json::as_i64);
    let value = value.unwrap_or(largest.unwrap_or(727_000_000) + 1);
    let label = body.get("Label").cloned().unwrap_or(Json::Null);
    options.push(json!({"Value": value, "Label": label}));
    Ok(data(&json!({"NewOptionValue": value})))
}

/// The value as its column keeps it, or the refusal of it.
pub fn checked(column: &str, definition: &Json, value: &Json) -> Result<Json, Answer> {
    let wrong = || {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'opportunities', \
             Cannot convert the literal '{value}' of '{column}' to the expected type."
        );
        refuse(400, "0x80048d19", &message)
    };
    match definition["AttributeType"].as_str().unwrap_or_default() {
        "Memo" | "String" => {
            let text = value.as_str().ok_or_else(wrong)?;
            fits(
                column,
                text,
                definition["MaxLength"].as_u64().unwrap_or(100) as usize,
            )?;
        }
        "Integer" => {
            let number = value.as_i64().ok_or_else(wrong)?;
            let bound = |name: &str, otherwise| definition[name].as_i64().unwrap_or(otherwise);
            if !(bound("MinValue", i64::MIN)..=bound("MaxValue", i64::MAX)).contains(&number) {
                return Err(outside(column, value));
            }
        }
        "Picklist" => {
            let number = value.as_i64().ok_or_else(wrong)?;
            let options = definition["OptionSet"]["Options"].as_array();
            let known = options.is_some_and(|it| it.iter().any(|one| one["Value"] == number));
            if !known {
                return Err(outside(column, value));
            }
        }
        "DateTime" => {
            let text = value.as_str().ok_or_else(wrong)?;
            if definition["Format"] == "DateOnly" {
                text.parse::<chrono::NaiveDate>().map_err(|_| wrong())?;
            } else {
                chrono::DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
            }
        }
        _ => {}
    }
    Ok(value.clone())
}
