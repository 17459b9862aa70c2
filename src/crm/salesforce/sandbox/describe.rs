//! Describe: the objects and their fields, as far as a user may see them.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::org::{Caller, Org};
use super::plan::{Source, custom_kind};
use super::rest::Call;
use super::schema::{Kind, moment};
use super::tables::{TABLES, forecast};
use super::things::THINGS;
use crate::sandbox::world::State;

fn summary(caller: &Caller, source: Source) -> Value {
    let (name, prefix) = match source {
        Source::Table(table) => (table.name, table.prefix),
        Source::Thing(thing) => (thing.name, thing.prefix),
    };
    let at = |rest: &str| format!("/services/data/{}/sobjects/{name}{rest}", caller.version);
    json!({
        "name": name,
        "label": name,
        "labelPlural": format!("{name}s"),
        "keyPrefix": prefix,
        "custom": false,
        "queryable": true,
        "retrieveable": true,
        "createable": source.is_deal(),
        "updateable": source.is_deal(),
        "deletable": source.is_deal(),
        "replicateable": true,
        "searchable": source.is_deal(),
        "urls": {
            "sobject": at(""),
            "describe": at("/describe"),
            "rowTemplate": at("/{ID}"),
        },
    })
}

/// `GET /sobjects`.
pub fn all(caller: &Caller) -> Answer {
    // Field definitions belong to the Tooling API.
    let things = THINGS
        .iter()
        .filter(|thing| thing.name != "CustomField")
        .map(Source::Thing);
    let sources = TABLES.into_iter().map(Source::Table).chain(things);
    let objects: Vec<Value> = sources.map(|source| summary(caller, source)).collect();
    Answer::json(&json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
}

/// `GET /sobjects/{object}`.
pub fn basic(caller: &Caller, object: &str) -> Outcome {
    let source = Source::named(object)?;
    Ok(Answer::json(
        &json!({"objectDescribe": summary(caller, source), "recentItems": []}),
    ))
}

/// `GET /sobjects/{object}/describe`.
pub fn one(org: &Org, caller: &Caller, call: &Call, object: &str) -> Outcome {
    let source = Source::named(object)?;
    let state = org.world.state();
    let since = call
        .headers
        .get("if-modified-since")
        .and_then(|it| it.to_str().ok());
    let since = since.and_then(|it| chrono::DateTime::parse_from_rfc2822(it).ok());
    let changed = org.metadata_changed(&state);
    if since.is_some_and(|since| changed <= since.to_utc()) {
        return Ok(Answer::empty(304));
    }
    let mut fields: Vec<Value> = match source {
        Source::Table(table) => table
            .columns
            .iter()
            .filter(|it| it.name != "CurrencyIsoCode" || org.book().rules.many_currencies)
            .map(|it| field(it.name, it.kind, it.writable))
            .collect(),
        Source::Thing(thing) => {
            let own = thing
                .columns
                .iter()
                .map(|(name, kind)| field(name, *kind, true));
            std::iter::once(field("Id", Kind::Id, false))
                .chain(own)
                .collect()
        }
    };
    if source.is_deal() {
        stages(&state, &mut fields);
        let access = org.access(&state, caller.user);
        for (name, definition) in state
            .fields
            .iter()
            .filter(|(name, _)| access.read.contains(*name))
        {
            fields.push(custom(name, definition, access.edit.contains(name)));
        }
    }
    let mut answer = summary(caller, source);
    answer["fields"] = Value::Array(fields);
    answer["recordTypeInfos"] = json!([{
        "active": true, "available": true, "defaultRecordTypeMapping": true,
        "developerName": "Master", "master": true, "name": "Master",
        "recordTypeId": "012000000000000AAA",
    }]);
    let mut answer = Answer::json(&answer);
    let changed = changed.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    answer.headers.push(("last-modified", changed));
    Ok(answer)
}

/// The word describe has for a kind, its length, and its digits.
fn described(kind: Kind) -> (&'static str, u32, (u32, u32)) {
    match kind {
        Kind::Id => ("id", 18, (0, 0)),
        Kind::Reference(_) => ("reference", 18, (0, 0)),
        Kind::Text(length) => ("string", length, (0, 0)),
        Kind::LongText(length) => ("textarea", length, (0, 0)),
        Kind::Picklist => ("picklist", 255, (0, 0)),
        Kind::Truth => ("boolean", 0, (0, 0)),
        Kind::Whole => ("int", 0, (0, 0)),
        Kind::Number => ("double", 0, (18, 0)),
        Kind::Currency => ("currency", 0, (18, 2)),
        Kind::Percent => ("percent", 0, (3, 0)),
        Kind::Date => ("date", 0, (0, 0)),
        Kind::Moment => ("datetime", 0, (0, 0)),
        Kind::Email => ("email", 80, (0, 0)),
        Kind::Url => ("url", 255, (0, 0)),
    }
}

fn field(name: &str, kind: Kind, writable: bool) -> Value {
    let (word, length, (precision, scale)) = described(kind);
    let refers: Vec<&str> = match kind {
        Kind::Reference(to) => vec![to],
        _ => Vec::new(),
    };
    let parent = name
        .strip_suffix("Id")
        .filter(|it| !it.is_empty() && !refers.is_empty());
    let searchable = !matches!(kind, Kind::LongText(_));
    json!({
        "name": name,
        "label": name,
        "type": word,
        "length": length,
        "precision": precision,
        "scale": scale,
        "nillable": !matches!(kind, Kind::Id | Kind::Truth),
        "createable": writable,
        "updateable": writable,
        "filterable": searchable,
        "sortable": searchable,
        "groupable": searchable,
        "calculated": false,
        "custom": name.ends_with("__c"),
        "htmlFormatted": false,
        "restrictedPicklist": false,
        "picklistValues": [],
        "referenceTo": refers,
        "relationshipName": parent,
    })
}

fn choice(label: &str, value: &str) -> Value {
    json!({"active": true, "defaultValue": false, "label": label, "value": value, "validFor": null})
}

fn stages(state: &State, fields: &mut [Value]) {
    let mut set = |name: &str, choices: Vec<Value>| {
        if let Some(field) = fields.iter_mut().find(|field| field["name"] == *name) {
            field["picklistValues"] = Value::Array(choices);
        }
    };
    set(
        "StageName",
        state
            .stages
            .iter()
            .map(|it| choice(it.name, it.name))
            .collect(),
    );
    let mut seen = std::collections::BTreeSet::new();
    let forecasts = state
        .stages
        .iter()
        .map(forecast)
        .filter(|it| seen.insert(it.0));
    set(
        "ForecastCategory",
        forecasts
            .map(|(value, label)| choice(label, value))
            .collect(),
    );
}

fn custom(name: &str, definition: &Value, editable: bool) -> Value {
    let metadata = &definition["Metadata"];
    let mut field = field(name, custom_kind(definition), editable);
    field["label"] = metadata["label"].clone();
    field["inlineHelpText"] = metadata["inlineHelpText"].clone();
    field["externalId"] = json!(metadata["externalId"] == true);
    field["htmlFormatted"] = json!(metadata["type"] == "Html");
    if let Some(precision) = metadata["precision"].as_u64() {
        field["precision"] = precision.into();
        field["scale"] = metadata["scale"].clone();
    }
    let set = &metadata["valueSet"];
    field["restrictedPicklist"] = json!(set["restricted"] == true);
    let values = set["valueSetDefinition"]["value"]
        .as_array()
        .into_iter()
        .flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let choices = values.map(|it| choice(&text(&it["label"]), &text(&it["valueName"])));
    field["picklistValues"] = choices.collect();
    field
}

/// When a definition says it last changed.
pub fn changed_at(definition: &Value) -> Option<chrono::DateTime<chrono::Utc>> {
    moment(definition["LastModifiedDate"].as_str()?)
}
