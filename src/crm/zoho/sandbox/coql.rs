//! COQL: `select … from Deals where … order by … limit …`.

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::criteria::{Parser, Select, cell, compared};
use super::fields::STANDARD;
use super::shapes::shown;
use super::{Answer, Ask, Office, data, no_such_method, nothing, refuse};
use crate::sandbox::world::State;

/// Rows of one query.
const MOST_ROWS: usize = 2_000;
/// Rows that offsets reach.
const MOST_OFFSET: usize = 100_000;
const MOST_COLUMNS: usize = 50;
const MOST_CRITERIA: usize = 25;
/// The account's name, by way of the lookup.
pub const ACCOUNT_NAME: &str = "Account_Name.Account_Name";

fn invalid(column: &str, message: &str) -> Answer {
    refuse(
        400,
        "INVALID_QUERY",
        json!({"column_name": column}),
        message,
    )
}

/// Carries out a query.
pub fn answer(office: &Office, state: &State, ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::POST {
        return Err(no_such_method());
    }
    let body: Json = serde_json::from_slice(&ask.body).unwrap_or_default();
    let Some(text) = body["select_query"].as_str() else {
        let details = json!({"api_name": "select_query", "json_path": "$.select_query"});
        return Err(refuse(
            400,
            "MANDATORY_NOT_FOUND",
            details,
            "required field not found",
        ));
    };
    let query = Parser::new(text)?.select()?;
    checked(state, &query)?;
    let now = office.world.now();
    let by_change = query
        .criteria
        .as_ref()
        .is_some_and(|it| it.names("Modified_Time"));
    let mut rows: Vec<usize> = (0..state.deals.len())
        .filter(|n| {
            let deal = &state.deals[*n];
            deal.deleted_at.is_none()
                && (!by_change || deal.visible_at <= now)
                && query.criteria.as_ref().is_none_or(|it| it.holds(state, *n))
        })
        .collect();
    let order = |a: &usize, b: &usize| {
        for (column, down) in &query.order {
            let order = compared(&cell(state, *a, column), &cell(state, *b, column));
            if order.is_ne() {
                return if *down { order.reverse() } else { order };
            }
        }
        a.cmp(b)
    };
    let by_id = query
        .order
        .first()
        .is_none_or(|(column, down)| column == "id" && !down);
    let end = query.offset + query.limit;
    let more = rows.len() > end;
    if more && !by_id {
        rows.select_nth_unstable_by(end, order);
        rows.truncate(end);
    }
    if !by_id {
        rows.sort_unstable_by(order);
    }
    let mut found: Vec<Json> = rows
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|n| row(state, n, &query.columns))
        .collect();
    let credits = match query.limit {
        0..=200 => 1,
        201..=1_000 => 2,
        _ => 3,
    };
    if found.is_empty() {
        return Ok(Answer {
            credits,
            ..nothing(204)
        });
    }
    if office.world.weather().duplicates() {
        found.insert(0, found[0].clone());
    }
    let info = json!({"count": found.len(), "more_records": more});
    Ok(Answer {
        credits,
        ..data(200, json!({"data": found, "info": info}))
    })
}

fn known(state: &State, column: &str) -> bool {
    column == "id"
        || column == ACCOUNT_NAME
        || STANDARD.iter().any(|(name, ..)| *name == column)
        || state.fields.contains_key(column)
}

fn checked(state: &State, query: &Select) -> Result<(), Answer> {
    if query.columns.len() > MOST_COLUMNS {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_COLUMNS}),
            "too many columns",
        ));
    }
    if query.limit > MOST_ROWS || query.offset > MOST_OFFSET {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_ROWS}),
            "the limit is exceeded",
        ));
    }
    let mut compared = Vec::new();
    if let Some(criteria) = &query.criteria {
        criteria.columns(&mut compared);
    }
    if compared.len() > MOST_CRITERIA {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_CRITERIA}),
            "too many criteria",
        ));
    }
    let ordered = query.order.iter().map(|(column, _)| column);
    let mut every = query.columns.iter().chain(&compared).chain(ordered);
    if let Some(column) = every.find(|column| !known(state, column)) {
        return Err(invalid(column, "column given seems to be invalid"));
    }
    let long = |column: &&String| {
        let made = state.fields.get(column.as_str());
        column.as_str() == "Description" || made.is_some_and(|it| it["data_type"] == "textarea")
    };
    match compared.iter().find(long) {
        Some(column) => Err(invalid(
            column,
            "multi-line fields are not supported in criteria",
        )),
        None => Ok(()),
    }
}

/// A row: lookups come as an id alone.
fn row(state: &State, n: usize, columns: &[String]) -> Json {
    let Json::Object(mut found) = shown(state, n, columns) else {
        return Json::Null;
    };
    for column in columns {
        if let Some(Json::Object(lookup)) = found.get(column) {
            let id = lookup.get("id").cloned().unwrap_or_default();
            found.insert(
                column.clone(),
                Json::Object(Map::from_iter([("id".to_owned(), id)])),
            );
        }
    }
    if columns.iter().any(|column| column == ACCOUNT_NAME) {
        found.insert(ACCOUNT_NAME.to_owned(), json!(state.deals[n].account));
    }
    Json::Object(found)
}
