//! Which values a property takes, and in which form it keeps them.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::answers::iso;
use super::records::{self, stage_id};
use super::search;
use crate::sandbox::world::State as World;

/// The longest text of a property, in UTF-16 units.
const LONGEST_TEXT: usize = 65_536;

/// Why a value may not be written: code and message.
pub type Wrong = (&'static str, String);

/// The value as it is kept, or why it is refused; none clears.
pub fn checked(state: &World, name: &str, value: &Value) -> Result<Option<String>, Wrong> {
    let own = records::DEAL.iter().find(|property| property.0 == name);
    let definition = state.fields.get(name);
    if own.is_none() && definition.is_none() {
        let message = format!("Property \"{name}\" does not exist");
        return Err(("PROPERTY_DOESNT_EXIST", message));
    }
    let locked = definition.is_some_and(|it| it["modificationMetadata"]["readOnlyValue"] == true);
    if own.is_some_and(|property| property.4) || locked {
        let message = format!("\"{name}\" is a read only property; its value cannot be set.");
        return Err(("READ_ONLY_VALUE", message));
    }
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return Err(("INVALID_VALUE", format!("{name}: a string is expected"))),
    };
    let kind = search::kind(state, name).unwrap_or("string");
    let wrong = |code: &'static str, what: &str| Err((code, format!("{text} was not {what}.")));
    match kind {
        "number" if text.parse::<f64>().is_err() => wrong("INVALID_INTEGER", "a valid number"),
        "bool" if !matches!(text.as_str(), "true" | "false") => wrong(
            "INVALID_OPTION",
            "one of the allowed options: [true, false]",
        ),
        "date" => match day(&text) {
            Some(day) => Ok(Some(day.to_string())),
            None => wrong("INVALID_DATE", "a valid date: it must be midnight UTC"),
        },
        "datetime" => match time(&text) {
            Some(time) => Ok(Some(time)),
            None => wrong("INVALID_DATE", "a valid date"),
        },
        "enumeration" if !allowed(state, name, &text) => {
            wrong("INVALID_OPTION", "one of the allowed options")
        }
        "string" if text.encode_utf16().count() > LONGEST_TEXT => Err((
            "INVALID_LENGTH",
            format!("{name} exceeds the limit of {LONGEST_TEXT} characters"),
        )),
        _ => Ok(Some(text)),
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let time = DateTime::from_timestamp_millis(text.parse().ok()?)?;
    (time.timestamp_millis() % 86_400_000 == 0).then(|| time.date_naive())
}

fn time(text: &str) -> Option<String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(iso(time.to_utc()));
    }
    if let Some(time) = text.parse().ok().and_then(DateTime::from_timestamp_millis) {
        return Some(iso(time));
    }
    let day = text.parse::<NaiveDate>().ok()?;
    Some(iso(day.and_hms_opt(0, 0, 0)?.and_utc()))
}

fn allowed(state: &World, name: &str, text: &str) -> bool {
    match name {
        "dealstage" => state
            .stages
            .iter()
            .any(|stage| stage_id(stage.name) == text),
        "pipeline" => text == records::PIPELINE,
        "hubspot_owner_id" => state.person_at(text).is_some(),
        "deal_currency_code" => text.len() == 3,
        _ => {
            let options = state
                .fields
                .get(name)
                .and_then(|it| it["options"].as_array());
            let is = |option: &Value| option["value"].as_str() == Some(text);
            options.is_some_and(|options| options.iter().any(is))
        }
    }
}

/// Writes a value that was found good.
pub fn set(state: &mut World, n: usize, name: &str, value: Option<String>) {
    let text = value.clone().unwrap_or_default();
    match name {
        "dealname" => state.deals[n].name = text,
        "amount" => state.deals[n].amount = text.parse().ok(),
        "closedate" => {
            let day = DateTime::parse_from_rfc3339(&text).map(|time| time.date_naive());
            state.deals[n].close_on = day.unwrap_or(state.deals[n].close_on);
        }
        "dealstage" => {
            let is = |stage: &crate::sandbox::world::Stage| stage_id(stage.name) == text;
            let stage = state.stages.iter().position(is);
            state.deals[n].stage = stage.unwrap_or(state.deals[n].stage);
        }
        "hubspot_owner_id" => {
            let owner = state.person_at(&text);
            state.deals[n].owner = owner.unwrap_or(state.deals[n].owner);
        }
        "pipeline" | "deal_currency_code" => {}
        custom => {
            let held = &mut state.deals[n].custom;
            match value {
                Some(text) => held.insert(custom.to_owned(), Value::String(text)),
                None => held.remove(custom),
            };
        }
    }
}
