//! What a field of each kind takes, and what it says to anything else.

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::Exception;

/// A value as it is stored; nothing where the field is emptied.
pub fn stored(name: &str, definition: &Value, value: &Value) -> Result<Option<Value>, Exception> {
    if matches!(value, Value::Null | Value::Bool(false)) {
        return Ok(None);
    }
    if value.as_str().is_some_and(|text| text.contains('\0')) {
        let why = "A string literal cannot contain NUL (0x00) characters.";
        return Err(Exception::value_error(why));
    }
    let wrong = || {
        Exception::value_error(format!(
            "Wrong value for crm.lead.{name}: {}",
            python(value)
        ))
    };
    let text = || value.as_str().ok_or_else(wrong);
    let kept = match definition["ttype"].as_str().unwrap_or_default() {
        "text" | "html" => json!(text()?),
        "char" => {
            let size = definition["size"].as_u64().filter(|size| *size > 0);
            let size = size
                .and_then(|size| usize::try_from(size).ok())
                .unwrap_or(usize::MAX);
            json!(text()?.chars().take(size).collect::<String>())
        }
        "integer" => integer(value)?,
        "float" | "monetary" => float(value)?,
        "selection" => {
            let options = definition["selection"].as_array();
            let known = options
                .into_iter()
                .flatten()
                .any(|option| option["value"] == *value);
            if !known {
                return Err(wrong());
            }
            value.clone()
        }
        "date" => {
            let text: String = text()?.chars().take(10).collect();
            let day: NaiveDate = text.parse().map_err(|_| format_error(&text, "%Y-%m-%d"))?;
            json!(day.to_string())
        }
        "datetime" => {
            let text = text()?;
            let format = "%Y-%m-%d %H:%M:%S";
            NaiveDateTime::parse_from_str(text, format).map_err(|_| format_error(text, format))?;
            json!(text)
        }
        "boolean" => json!(true),
        _ => value.clone(),
    };
    Ok(Some(kept))
}

/// What an empty field of that kind reads as.
pub fn empty(kind: &str) -> Value {
    match kind {
        "integer" => json!(0),
        "float" | "monetary" => json!(0.0),
        _ => json!(false),
    }
}

fn integer(value: &Value) -> Result<Value, Exception> {
    let number = match value {
        Value::Number(number) => number.as_f64().unwrap_or_default().trunc(),
        Value::String(text) => text.parse().map_err(|_| {
            Exception::value_error(format!("invalid literal for int() with base 10: '{text}'"))
        })?,
        _ => 1.0,
    };
    if number.abs() > f64::from(i32::MAX) {
        let name = "psycopg2.errors.NumericValueOutOfRange";
        return Err(Exception::new(500, name, "integer out of range\n"));
    }
    Ok(json!(number as i64))
}

fn float(value: &Value) -> Result<Value, Exception> {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    number.map(|number: f64| json!(number)).ok_or_else(|| {
        Exception::value_error(format!(
            "could not convert string to float: {}",
            python(value)
        ))
    })
}

fn format_error(text: &str, format: &str) -> Exception {
    Exception::value_error(format!(
        "time data '{text}' does not match format '{format}'"
    ))
}

fn python(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}
