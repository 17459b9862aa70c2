//! Saved views for managers, through the UI API.

use serde_json::{Value as Json, json};

use super::setup::{developer_name, unless, wanted_name};
use super::{api_path, faults, limits};
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Condition, View};
use crate::domain::field::Field;
use crate::http::fault::{Cause, Fault};

/// The API name of a view.
pub fn api_name(wanted: &Blueprint, key: &str) -> String {
    developer_name(&wanted.prefix, key)
}

/// Makes a view that everyone sees, unless it is there.
pub async fn create(session: &Session, wanted: &Blueprint, key: &str) -> Result<(), Fault> {
    let view = wanted.views.iter().find(|view| view.key == key);
    let view = view.ok_or_else(|| {
        Fault::Setup(Cause::told(
            "no_such_view",
            format!("no view is called {key}"),
        ))
    })?;
    let call = session
        .api
        .post(api_path(session, "/ui-api/list-info/Opportunity"))
        .json(&body(wanted, view));
    let taken = ["DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"];
    unless(&taken, limits::reply(session, call).await)
}

fn body(wanted: &Blueprint, view: &View) -> Json {
    let mut filters = vec![filter("IsClosed", "Equals", &["false"])];
    for condition in view.conditions {
        match condition {
            Condition::OneOf(field, labels) => {
                filters.push(filter(&wanted_name(wanted, *field), "Equals", labels));
            }
            Condition::ClosesWithinDays(days) => {
                let until = format!("NEXT {days} DAYS");
                filters.push(filter("CloseDate", "GreaterOrEqual", &["TODAY"]));
                filters.push(filter("CloseDate", "LessOrEqual", &[&until]));
            }
        }
    }
    let all: Vec<String> = (1..=filters.len()).map(|n| n.to_string()).collect();
    let ours = [Field::Grade, Field::Score, Field::State, Field::NeedState];
    let ours = ours.map(|field| wanted_name(wanted, field));
    let theirs = [
        "Name",
        "Account.Name",
        "StageName",
        "Amount",
        "CloseDate",
        "Owner.Alias",
    ];
    let columns: Vec<&str> = theirs
        .into_iter()
        .chain(ours.iter().map(String::as_str))
        .collect();
    // A view's label may have 40 characters.
    let label: String = view.title.chars().take(40).collect();
    json!({
        "listViewApiName": api_name(wanted, view.key),
        "label": label,
        "displayColumns": columns,
        "filteredByInfo": filters,
        "filterLogicString": all.join(" AND "),
        "scope": {"apiName": "everything"},
        "visibility": "Public",
    })
}

fn filter(field: &str, operator: &str, labels: &[&str]) -> Json {
    json!({"fieldApiName": field, "operator": operator, "operandLabels": labels})
}

/// Removes a view, unless it is gone.
pub async fn remove(session: &Session, wanted: &Blueprint, key: &str) -> Result<(), Fault> {
    let place = format!("/ui-api/list-info/Opportunity/{}", api_name(wanted, key));
    let call = session.api.delete(api_path(session, &place));
    unless(faults::GONE, limits::reply(session, call).await)
}
