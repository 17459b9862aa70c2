//! The search index: filters, one sort, 10,000 results and no more, and a little behind.

use std::cmp::Ordering;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::DateTime;
use serde_json::{Value, json};

use super::answers::{answer, body, invalid};
use super::objects::{texts, unknown_object};
use super::records::{self, Kind};
use super::{Companies, Hub};
use crate::sandbox::world::{Deal, State as World};

/// Results on a page.
const PAGE: (usize, usize) = (10, 200);
/// Results of one query.
const WINDOW: usize = 10_000;
/// The longest body, in characters.
const LONGEST_BODY: usize = 3_000;
/// Groups in a query, filters in a group, filters in all.
const FILTERS: (usize, usize, usize) = (5, 6, 18);

/// What a filter compares: numbers and times as numbers, all else as text.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Key {
    Number(f64),
    Text(String),
}

struct Filter {
    property: String,
    operator: Operator,
    value: Key,
    high: Key,
    values: Vec<Key>,
}

#[derive(Clone, Copy)]
enum Operator {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
    Between,
    In,
    NotIn,
    Has,
    HasNot,
    Token,
    NotToken,
}

const OPERATORS: [(&str, Operator); 13] = [
    ("LT", Operator::Lt),
    ("LTE", Operator::Lte),
    ("GT", Operator::Gt),
    ("GTE", Operator::Gte),
    ("EQ", Operator::Eq),
    ("NEQ", Operator::Neq),
    ("BETWEEN", Operator::Between),
    ("IN", Operator::In),
    ("NOT_IN", Operator::NotIn),
    ("HAS_PROPERTY", Operator::Has),
    ("NOT_HAS_PROPERTY", Operator::HasNot),
    ("CONTAINS_TOKEN", Operator::Token),
    ("NOT_CONTAINS_TOKEN", Operator::NotToken),
];

/// `POST …/{object}/search`.
pub async fn search(State(hub): State<Hub>, Path(object): Path<String>, bytes: Bytes) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    if String::from_utf8_lossy(&bytes).chars().count() > LONGEST_BODY {
        return invalid(&hub, "The request body is longer than 3,000 characters");
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    match found(&hub, &wanted) {
        Ok(body) => answer(200, body),
        Err(why) => invalid(&hub, &why),
    }
}

fn found(hub: &Hub, wanted: &Value) -> Result<Value, String> {
    let limit = match &wanted["limit"] {
        Value::Null => PAGE.0,
        limit => limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=PAGE.1).contains(limit))
            .ok_or_else(|| format!("limit must be a number from 1 to {}", PAGE.1))?,
    };
    let after = match &wanted["after"] {
        Value::Null => 0,
        Value::Number(after) => after.as_u64().unwrap_or_default() as usize,
        after => {
            let text = after.as_str().unwrap_or_default();
            let told = if text.is_empty() { "0" } else { text };
            told.parse()
                .map_err(|_| "after is not a number".to_owned())?
        }
    };
    if after + limit > WINDOW {
        return Err(format!("Paging past {WINDOW} results is not supported"));
    }
    let state = hub.world().state();
    let groups = groups(&state, &wanted["filterGroups"])?;
    let sort = sort(&state, &wanted["sorts"])?;
    let words = wanted["query"].as_str().unwrap_or_default().to_lowercase();
    let now = hub.world().now();
    let repeat = hub.world().weather().duplicates();
    let mut companies = hub.companies();
    let mut matches: Vec<usize> = (0..state.deals.len())
        .filter(|n| {
            let deal = &state.deals[*n];
            deal.deleted_at.is_none()
                && deal.visible_at <= now
                && (words.is_empty() || deal.name.to_lowercase().contains(&words))
                && (groups.is_empty()
                    || groups.iter().any(|group| {
                        group
                            .iter()
                            .all(|it| holds(&state, &mut companies, deal, it))
                    }))
        })
        .collect();
    sorted(&state, &mut companies, &mut matches, &sort);
    let total = matches.len();
    let properties = texts(&wanted["properties"]);
    let page = matches.iter().skip(after).take(limit);
    let mut results: Vec<Value> = page
        .map(|n| records::deal(&state, &mut companies, *n, &properties))
        .collect();
    let reached = after + results.len();
    if repeat {
        results.extend(results.last().cloned());
    }
    let mut body = json!({"total": total, "results": results});
    if reached < total {
        body["paging"] = json!({"next": {"after": reached.to_string()}});
    }
    Ok(body)
}

fn groups(state: &World, told: &Value) -> Result<Vec<Vec<Filter>>, String> {
    let groups = told.as_array().map(Vec::as_slice).unwrap_or_default();
    let filters = |group: &Value| {
        let filters = group["filters"].as_array().cloned().unwrap_or_default();
        filters.iter().map(|it| filter(state, it)).collect()
    };
    let read: Vec<Vec<Filter>> = groups.iter().map(filters).collect::<Result<_, String>>()?;
    let all: usize = read.iter().map(Vec::len).sum();
    if read.len() > FILTERS.0 || read.iter().any(|it| it.len() > FILTERS.1) || all > FILTERS.2 {
        return Err("The query has too many filter groups or filters".to_owned());
    }
    Ok(read)
}

fn filter(state: &World, told: &Value) -> Result<Filter, String> {
    let property = told["propertyName"].as_str().unwrap_or_default();
    let word = told["operator"].as_str().unwrap_or_default();
    let kind = kind(state, property).ok_or_else(|| format!("There is no property {property}"))?;
    let operator = OPERATORS.iter().find(|(name, _)| *name == word);
    let (_, operator) = operator.ok_or_else(|| format!("{word} is not an operator"))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let needs_value = !matches!(
        operator,
        Operator::Has | Operator::HasNot | Operator::In | Operator::NotIn
    );
    let value = text(&told["value"]);
    if needs_value && value.is_none() {
        return Err(format!(
            "The filter on {property} needs a value, as a string"
        ));
    }
    let keys = |texts: Vec<String>| texts.iter().map(|it| key(kind, it)).collect();
    Ok(Filter {
        property: property.to_owned(),
        operator: *operator,
        value: key(kind, &value.unwrap_or_default()),
        high: key(kind, &text(&told["highValue"]).unwrap_or_default()),
        values: keys(texts(&told["values"])),
    })
}

/// The type of a property.
pub fn kind<'a>(state: &'a World, name: &str) -> Option<&'a str> {
    let own = records::DEAL.iter().find(|property| property.0 == name);
    let custom = || state.fields.get(name).and_then(|it| it["type"].as_str());
    own.map(|property| property.1).or_else(custom)
}

fn key(kind: &str, text: &str) -> Key {
    let number = match kind {
        "number" => text.parse().ok(),
        "date" | "datetime" => moment(text),
        _ => None,
    };
    number.map_or_else(|| Key::Text(text.to_lowercase()), Key::Number)
}

fn moment(text: &str) -> Option<f64> {
    let milliseconds = text.parse::<i64>().ok();
    let iso = || Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis());
    let day = || {
        let day = text.parse::<chrono::NaiveDate>().ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    milliseconds
        .or_else(iso)
        .or_else(day)
        .map(|time| time as f64)
}

fn held(state: &World, companies: &mut Companies, deal: &Deal, property: &str) -> Option<Key> {
    match property {
        "hs_lastmodifieddate" => Some(Key::Number(deal.changed_at.timestamp_millis() as f64)),
        "hs_object_id" => deal.id.parse().ok().map(Key::Number),
        _ => {
            let text = records::value(state, companies, deal, property)?;
            Some(key(kind(state, property)?, &text))
        }
    }
}

fn holds(state: &World, companies: &mut Companies, deal: &Deal, filter: &Filter) -> bool {
    let held = held(state, companies, deal, &filter.property);
    let against = |wanted: &Key| held.as_ref().and_then(|held| held.partial_cmp(wanted));
    let is = |wanted: &Key| against(wanted) == Some(Ordering::Equal);
    let has_token = || match (&held, &filter.value) {
        (Some(Key::Text(held)), Key::Text(token)) => held.contains(token.trim_matches('*')),
        _ => false,
    };
    match filter.operator {
        Operator::Lt => against(&filter.value) == Some(Ordering::Less),
        Operator::Lte => against(&filter.value).is_some_and(Ordering::is_le),
        Operator::Gt => against(&filter.value) == Some(Ordering::Greater),
        Operator::Gte => against(&filter.value).is_some_and(Ordering::is_ge),
        Operator::Eq => is(&filter.value),
        Operator::Neq => !is(&filter.value),
        Operator::Between => {
            against(&filter.value).is_some_and(Ordering::is_ge)
                && against(&filter.high).is_some_and(Ordering::is_le)
        }
        Operator::In => filter.values.iter().any(is),
        Operator::NotIn => held.is_some() && !filter.values.iter().any(is),
        Operator::Has => held.is_some(),
        Operator::HasNot => held.is_none(),
        Operator::Token => has_token(),
        Operator::NotToken => !has_token(),
    }
}

/// The property to sort by, and whether it descends; by creation where nothing is said.
fn sort(state: &World, told: &Value) -> Result<(String, bool), String> {
    let sorts = told.as_array().map(Vec::as_slice).unwrap_or_default();
    let (name, descends) = match sorts {
        [] => ("createdate", false),
        [Value::String(name)] => match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        },
        [sort] => (
            sort["propertyName"].as_str().unwrap_or_default(),
            sort["direction"] == "DESCENDING",
        ),
        _ => return Err("Only one sort is supported".to_owned()),
    };
    kind(state, name).ok_or_else(|| format!("There is no property {name} to sort by"))?;
    Ok((name.to_owned(), descends))
}

fn sorted(
    state: &World,
    companies: &mut Companies,
    matches: &mut Vec<usize>,
    (name, descends): &(String, bool),
) {
    // Positions are in the order of ids already.
    if name != "hs_object_id" {
        let mut keyed: Vec<(Option<Key>, usize)> = matches
            .iter()
            .map(|n| (held(state, companies, &state.deals[*n], name), *n))
            .collect();
        keyed.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        *matches = keyed.into_iter().map(|(_, n)| n).collect();
    }
    if *descends {
        matches.reverse();
    }
}
