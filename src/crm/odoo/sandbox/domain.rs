//! Odoo's search domains: a list in prefix notation, terms joined by "and" where nothing is said.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::Value;

use super::{Edition, Exception};
use crate::domain::Time;

/// A domain, ready to be asked about records.
#[derive(Debug)]
pub enum Test {
    /// All must hold.
    All(Vec<Test>),
    /// One must hold.
    Any(Vec<Test>),
    /// It must not hold.
    Not(Box<Test>),
    /// One condition on one field.
    Leaf(Leaf),
}

/// A condition on one field.
#[derive(Debug)]
pub struct Leaf {
    /// The field, or a path to one.
    pub field: String,
    /// Such as `>=`.
    pub operator: String,
    /// What it is compared with.
    pub value: Value,
    /// The value as a moment, for fields that hold one.
    pub time: Option<Time>,
}

/// Reads a domain.
pub fn read(domain: &Value) -> Result<Test, Exception> {
    let Value::Array(items) = domain else {
        let why = format!("Domain() invalid argument type for domain: {domain}");
        return Err(Exception::new(500, "builtins.TypeError", why));
    };
    let mut rest = items.as_slice();
    let mut terms = Vec::new();
    while !rest.is_empty() {
        terms.push(term(&mut rest)?);
    }
    Ok(Test::All(terms))
}

fn term(rest: &mut &[Value]) -> Result<Test, Exception> {
    let Some((first, others)) = rest.split_first() else {
        return Err(Exception::value_error("Domain() unexpected end of domain"));
    };
    *rest = others;
    match first {
        Value::String(word) if word == "&" => Ok(Test::All(vec![term(rest)?, term(rest)?])),
        Value::String(word) if word == "|" => Ok(Test::Any(vec![term(rest)?, term(rest)?])),
        Value::String(word) if word == "!" => Ok(Test::Not(Box::new(term(rest)?))),
        Value::Array(parts) => leaf(parts),
        other => Err(Exception::value_error(format!(
            "Domain() invalid item in domain: {other}"
        ))),
    }
}

fn leaf(parts: &[Value]) -> Result<Test, Exception> {
    let [Value::String(field), Value::String(operator), value] = parts else {
        return Err(Exception::value_error(format!(
            "Domain() invalid condition: {parts:?}"
        )));
    };
    let known = [
        "=", "!=", "<", ">", "<=", ">=", "in", "not in", "like", "ilike", "=like",
    ];
    if !known.contains(&operator.as_str()) {
        let why = format!("Invalid operator {operator} in condition on {field}");
        return Err(Exception::value_error(why));
    }
    let mut time = None;
    if field.ends_with("_date") {
        let text = value.as_str().unwrap_or_default();
        if text.ends_with('Z') || text.contains('+') {
            let why = "expecting only datetimes with no timezone";
            return Err(Exception::value_error(why));
        }
        time = moment(text);
    }
    Ok(Test::Leaf(Leaf {
        field: field.clone(),
        operator: operator.clone(),
        value: value.clone(),
        time,
    }))
}

fn moment(text: &str) -> Option<Time> {
    let text = text.replace('T', " ");
    let text = if text.len() == 10 {
        format!("{text} 00:00:00")
    } else {
        text
    };
    let naive = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(naive.and_utc())
}

impl Test {
    /// Whether it holds, given how a single condition is judged.
    pub fn holds(&self, judge: &dyn Fn(&Leaf) -> bool) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(judge)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(judge)),
            Self::Not(test) => !test.holds(judge),
            Self::Leaf(leaf) => judge(leaf),
        }
    }

    /// Every condition in it.
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().flat_map(Self::leaves).collect(),
            Self::Not(test) => test.leaves(),
            Self::Leaf(leaf) => vec![leaf],
        }
    }

    /// The number every record found must be greater than, where the domain says so.
    pub fn ids_after(&self) -> i64 {
        match self {
            Self::All(tests) => tests.iter().map(Self::ids_after).max().unwrap_or(0),
            Self::Leaf(leaf) if leaf.field == "id" && leaf.operator == ">" => {
                leaf.value.as_i64().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Whether it asks for a field.
    pub fn asks(&self, field: &str) -> bool {
        self.leaves().iter().any(|leaf| leaf.field == field)
    }
}

impl Leaf {
    /// Whether a value meets it.
    pub fn met_by(&self, value: &Value) -> bool {
        let value = match value {
            // A link counts by its number.
            Value::Array(link) if link.len() == 2 && link[1].is_string() => &link[0],
            other => other,
        };
        let nothing = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
        let same = |wanted: &Value| match (value.as_f64(), wanted.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => value == wanted || (nothing(value) && nothing(wanted)),
        };
        let listed = || match &self.value {
            Value::Array(wanted) => wanted.iter().any(same),
            wanted => same(wanted),
        };
        let text = || {
            let has = value.as_str().unwrap_or_default().to_lowercase();
            let wanted = self.value.as_str().unwrap_or_default().to_lowercase();
            match wanted.strip_suffix('%') {
                Some(start) => has.starts_with(start),
                None => has.contains(&wanted),
            }
        };
        match self.operator.as_str() {
            "=" => same(&self.value),
            "!=" => !same(&self.value),
            "in" => listed(),
            "not in" => !listed(),
            "like" | "ilike" | "=like" => text(),
            _ => order(value, &self.value).is_some_and(|order| match self.operator.as_str() {
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "<=" => order.is_le(),
                _ => order.is_ge(),
            }),
        }
    }

    /// Whether a moment, stored with its fraction of a second, meets it. Newer versions compare
    /// whole seconds.
    pub fn met_at(&self, stored: Time, edition: Edition) -> bool {
        let Some(wanted) = self.time else {
            return false;
        };
        let whole = edition == Edition::Nineteen;
        let end = wanted + TimeDelta::seconds(i64::from(whole));
        match self.operator.as_str() {
            ">=" => stored >= wanted,
            "<" => stored < wanted,
            ">" if whole => stored >= end,
            ">" => stored > wanted,
            "<=" if whole => stored < end,
            "<=" => stored <= wanted,
            "=" if whole => stored >= wanted && stored < end,
            "=" => stored == wanted,
            _ => false,
        }
    }
}

fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
