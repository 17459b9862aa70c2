//! Search: PHP-style nested query parameters, and conditions in them.

use serde_json::{Map, Value, json};

use super::Refusal;

/// A query, its nested parameters as a tree.
#[derive(Debug, Default)]
pub struct Query(Map<String, Value>);

impl Query {
    /// Reads `a[0][b]=c` into a tree; `searchParams` holds all of it as JSON.
    pub fn read(query: &str) -> Result<Self, Refusal> {
        let mut tree = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == "searchParams" {
                let told: Map<String, Value> = serde_json::from_str(&value)
                    .map_err(|_| Refusal::new(400, "Bad searchParams."))?;
                if told.get("select").is_some_and(|it| !it.is_array()) {
                    return Err(Refusal::new(400, "select should be array."));
                }
                tree.extend(told.into_iter().map(|(name, value)| (name, as_sent(value))));
                continue;
            }
            let parts: Vec<&str> = name
                .split('[')
                .map(|part| part.trim_end_matches(']'))
                .collect();
            put(&mut tree, &parts, &value);
        }
        Ok(Self(tree))
    }

    /// Whether only records of whoever asks are wanted.
    pub fn wants_own(&self) -> bool {
        let filters = self.0.get("boolFilterList").map(items);
        filters.unwrap_or_default().contains(&json!("onlyMy"))
    }

    /// A plain parameter; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number; none where it is missing or none.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.text(name).parse().ok()
    }

    /// The conditions, under their old or their new name.
    pub fn conditions(&self) -> Vec<Value> {
        let tree = self.0.get("where").or_else(|| self.0.get("whereGroup"));
        tree.map(items).unwrap_or_default()
    }

    /// The attributes asked for; none where all are.
    pub fn attributes(&self) -> Option<Vec<String>> {
        if let Some(listed) = self.0.get("select").map(items).filter(|it| !it.is_empty()) {
            let names = listed.iter().filter_map(Value::as_str);
            return Some(names.map(str::to_owned).collect());
        }
        let text = [self.text("select"), self.text("attributeSelect")];
        let text = text.into_iter().find(|text| !text.is_empty())?;
        Some(text.split(',').map(|name| name.trim().to_owned()).collect())
    }
}

/// A JSON value as query parameters would have told it: lists as numbered members, the rest as text.
fn as_sent(value: Value) -> Value {
    match value {
        Value::Array(list) => {
            let members = list.into_iter().enumerate();
            let members = members.map(|(n, it)| (n.to_string(), as_sent(it)));
            Value::Object(members.collect())
        }
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(name, it)| (name, as_sent(it))).collect())
        }
        Value::Number(number) => json!(number.to_string()),
        other => other,
    }
}

fn put(tree: &mut Map<String, Value>, parts: &[&str], value: &str) {
    let Some((first, rest)) = parts.split_first() else {
        return;
    };
    // `[]` is the next free number.
    let key = if first.is_empty() {
        tree.len().to_string()
    } else {
        (*first).to_owned()
    };
    if rest.is_empty() {
        tree.insert(key, json!(value));
        return;
    }
    let branch = tree.entry(key).or_insert_with(|| json!({}));
    if let Some(branch) = branch.as_object_mut() {
        put(branch, rest, value);
    }
}

/// The members of a numbered list, in order.
fn items(tree: &Value) -> Vec<Value> {
    let Some(members) = tree.as_object() else {
        return Vec::new();
    };
    let mut members: Vec<(usize, Value)> = members
        .iter()
        .filter_map(|(key, value)| Some((key.parse().ok()?, value.clone())))
        .collect();
    members.sort_by_key(|(n, _)| *n);
    members.into_iter().map(|(_, value)| value).collect()
}

/// Refuses conditions of unknown kinds or on unknown attributes.
pub fn checked(conditions: &[Value], known: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    for condition in conditions {
        let kind = condition["type"].as_str().unwrap_or_default();
        if matches!(kind, "and" | "or" | "not") {
            checked(&items(&condition["value"]), known)?;
            continue;
        }
        let attribute = condition["attribute"].as_str().unwrap_or_default();
        if !known(attribute) {
            let why = format!("Not existing attribute '{attribute}' in where.");
            return Err(Refusal::new(400, why));
        }
        let kinds = [
            "equals",
            "notEquals",
            "greaterThan",
            "greaterThanOrEquals",
            "lessThan",
            "lessThanOrEquals",
            "after",
            "before",
            "in",
            "notIn",
            "isNull",
            "isNotNull",
            "isTrue",
            "isFalse",
            "contains",
            "notContains",
            "startsWith",
            "endsWith",
            "like",
            "between",
        ];
        if !kinds.contains(&kind) {
            return Err(Refusal::new(
                400,
                format!("Unknown where item type '{kind}'."),
            ));
        }
    }
    Ok(())
}

/// Whether conditions ask for an attribute.
pub fn asks(conditions: &[Value], attribute: &str) -> bool {
    conditions.iter().any(|condition| {
        condition["attribute"] == attribute || asks(&items(&condition["value"]), attribute)
    })
}

/// Whether all conditions hold for a record.
pub fn holds(conditions: &[Value], value: &dyn Fn(&str) -> Value) -> bool {
    conditions
        .iter()
        .all(|condition| one_holds(condition, value))
}

fn one_holds(condition: &Value, value: &dyn Fn(&str) -> Value) -> bool {
    let kind = condition["type"].as_str().unwrap_or_default();
    let nested = || items(&condition["value"]);
    match kind {
        "and" => return holds(&nested(), value),
        "or" => return nested().iter().any(|condition| one_holds(condition, value)),
        "not" => return !holds(&nested(), value),
        _ => {}
    }
    let has = value(condition["attribute"].as_str().unwrap_or_default());
    let wanted = &condition["value"];
    let same = |wanted: &Value| plain(&has) == plain(wanted);
    let order = || match (
        has.as_f64(),
        wanted.as_str().and_then(|it| it.parse::<f64>().ok()),
    ) {
        (Some(has), Some(wanted)) => has.partial_cmp(&wanted),
        _ if has.is_null() => None,
        _ => Some(plain(&has).cmp(&plain(wanted))),
    };
    let text = || plain(&has).to_lowercase();
    let within = |bounds: &[Value]| {
        let has = plain(&has);
        matches!(bounds, [from, to] if !has.is_empty() && plain(from) <= has && has <= plain(to))
    };
    match kind {
        "equals" => same(wanted),
        "notEquals" => !same(wanted),
        "in" => items(wanted).iter().any(same),
        "notIn" => !items(wanted).iter().any(same),
        "isNull" => has.is_null(),
        "isNotNull" => !has.is_null(),
        "isTrue" => has == json!(true),
        "isFalse" => has == json!(false),
        "contains" => text().contains(&plain(wanted).to_lowercase()),
        "notContains" => !text().contains(&plain(wanted).to_lowercase()),
        "startsWith" => text().starts_with(&plain(wanted).to_lowercase()),
        "endsWith" => text().ends_with(&plain(wanted).to_lowercase()),
        "like" => text().contains(plain(wanted).trim_matches('%').to_lowercase().as_str()),
        "between" => within(&items(wanted)),
        "greaterThan" | "after" => order().is_some_and(std::cmp::Ordering::is_gt),
        "greaterThanOrEquals" => order().is_some_and(std::cmp::Ordering::is_ge),
        "lessThan" | "before" => order().is_some_and(std::cmp::Ordering::is_lt),
        _ => order().is_some_and(std::cmp::Ordering::is_le),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
