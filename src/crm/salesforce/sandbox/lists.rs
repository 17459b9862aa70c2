//! List views, through the UI API.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::org::{Caller, Org};
use super::plan::{Get, Planner, Source, today};
use super::schema::Kind;
use super::things;

/// The operators a filter may have.
const OPERATORS: &[&str] = &[
    "Equals",
    "NotEqual",
    "LessThan",
    "GreaterThan",
    "LessOrEqual",
    "GreaterOrEqual",
    "Contains",
    "NotContain",
    "StartsWith",
    "Includes",
    "Excludes",
    "Within",
];

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "INVALID_INPUT", message)
}

/// `POST /ui-api/list-info/{object}`.
pub fn create(org: &Org, caller: &Caller, object: &str, body: &Value) -> Outcome {
    let source = Source::named(object)?;
    let name = body["listViewApiName"].as_str().unwrap_or_default();
    let label = body["label"].as_str().unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(invalid(
            "listViewApiName can only contain letters, digits and underscores",
        ));
    }
    if label.is_empty() || label.chars().count() > 40 {
        return Err(invalid("label is required and at most 40 characters long"));
    }
    if !matches!(
        body["visibility"].as_str(),
        Some("Private" | "Public" | "Shared")
    ) {
        return Err(invalid("visibility must be Private, Public or Shared"));
    }
    let mut state = org.world.state();
    {
        let access = org.access(&state, caller.user);
        let planner = Planner {
            source,
            state: &state,
            access: &access,
            today: today(org.world.now()),
        };
        for column in body["displayColumns"].as_array().into_iter().flatten() {
            planner.path(column.as_str().unwrap_or_default())?;
        }
        for filter in body["filteredByInfo"].as_array().into_iter().flatten() {
            fits(&planner, filter)?;
        }
    }
    let rows = state.things.get("ListView").and_then(Value::as_array);
    let mut known = rows.into_iter().flatten();
    if known.any(|row| row["DeveloperName"] == *name) {
        let message = format!("The name {name} is already used by another list view");
        return Err(Refusal::new(400, "DUPLICATE_DEVELOPER_NAME", message));
    }
    let id = org.book().fresh_id("00B");
    let row = json!({
        "Id": id,
        "DeveloperName": name,
        "Name": label,
        "SobjectType": source.name(),
        "Info": {
            "displayColumns": body["displayColumns"],
            "filteredByInfo": body["filteredByInfo"],
            "filterLogicString": body["filterLogicString"],
            "scope": body["scope"],
            "visibility": body["visibility"],
        },
    });
    let answer = info(&row);
    let rows = state
        .things
        .entry("ListView".to_owned())
        .or_insert_with(|| json!([]));
    if let Value::Array(rows) = rows {
        rows.push(row);
    }
    Ok(Answer::status(201, &answer))
}

/// Long texts can stand in no filter; the others compare with at least one value.
fn fits(planner: &Planner<'_>, filter: &Value) -> Result<(), Refusal> {
    let name = filter["fieldApiName"].as_str().unwrap_or_default();
    let get: Get = planner.path(name)?;
    if matches!(get.kind(), Kind::LongText(_)) {
        return Err(invalid(format!("{name} cannot be used in a filter")));
    }
    let operator = filter["operator"].as_str().unwrap_or_default();
    if !OPERATORS.contains(&operator) {
        return Err(invalid(format!("{operator} is not an operator")));
    }
    if filter["operandLabels"].as_array().is_none_or(Vec::is_empty) {
        return Err(invalid(format!("operandLabels of {name} are missing")));
    }
    Ok(())
}

fn info(row: &Value) -> Value {
    json!({
        "cloneable": true,
        "createable": true,
        "deletable": true,
        "displayColumns": row["Info"]["displayColumns"],
        "filterLogicString": row["Info"]["filterLogicString"],
        "filteredByInfo": row["Info"]["filteredByInfo"],
        "label": row["Name"],
        "listReference": {
            "id": row["Id"],
            "listViewApiName": row["DeveloperName"],
            "objectApiName": row["SobjectType"],
            "type": "listView",
        },
        "updateable": true,
        "visibility": row["Info"]["visibility"],
    })
}

fn is_view(row: &Value, object: &str, view: &str) -> bool {
    row["SobjectType"] == *object && (row["DeveloperName"] == *view || row["Id"] == *view)
}

/// `GET /ui-api/list-info/{object}/{view}`.
pub fn get(org: &Org, object: &str, view: &str) -> Outcome {
    let state = org.world.state();
    let rows = state.things.get("ListView").and_then(Value::as_array);
    let found = rows
        .into_iter()
        .flatten()
        .find(|row| is_view(row, object, view));
    found
        .map(|row| Answer::json(&info(row)))
        .ok_or_else(Refusal::not_found)
}

/// `DELETE /ui-api/list-info/{object}/{view}`.
pub fn delete(org: &Org, object: &str, view: &str) -> Outcome {
    get(org, object, view)?;
    let mut state = org.world.state();
    things::keep(&mut state, "ListView", |row| !is_view(row, object, view));
    Ok(Answer::empty(204))
}

/// `GET /sobjects/Opportunity/listviews`.
pub fn all(org: &Org, caller: &Caller) -> Answer {
    let state = org.world.state();
    let rows = state.things.get("ListView").and_then(Value::as_array);
    let views: Vec<Value> = rows
        .into_iter()
        .flatten()
        .map(|row| {
            let id = row["Id"].as_str().unwrap_or_default();
            let at = format!(
                "/services/data/{}/sobjects/Opportunity/listviews/{id}",
                caller.version
            );
            json!({
                "id": id,
                "developerName": row["DeveloperName"],
                "label": row["Name"],
                "soqlCompatible": true,
                "describeUrl": format!("{at}/describe"),
                "resultsUrl": format!("{at}/results"),
                "url": at,
            })
        })
        .collect();
    Answer::json(&json!({
        "done": true, "listviews": views, "nextRecordsUrl": null,
        "size": views.len(), "sobjectType": "Opportunity",
    }))
}
