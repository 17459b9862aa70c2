//! Many things in one call: Collections of records, and Composite calls of other calls.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::oauth::Form;
use super::org::{Caller, Org};
use super::plan::Source;
use super::query::deal_at;
use super::records::{self, members};
use super::rest::{Call, find, segments};
use crate::sandbox::world::Deal;

/// The most records of a Collections call.
const RECORDS: usize = 200;
/// The most records of a Collections read.
const RECORDS_READ: usize = 2000;
/// The most parts of a Composite call.
const PARTS: usize = 25;
/// The most of them that may be queries or Collections.
const HEAVY_PARTS: usize = 5;

/// Where a Composite call's parts may lead.
#[derive(Clone, Copy)]
pub struct Reach {
    prefix: &'static str,
    member: &'static str,
}

/// `POST /composite`.
pub const PLAIN: Reach = Reach {
    prefix: "",
    member: "compositeRequest",
};
/// `POST /tooling/composite`.
pub const TOOLING: Reach = Reach {
    prefix: "tooling",
    member: "compositeRequest",
};

/// `POST` and `PATCH /composite/sobjects`.
pub fn collection(org: &Org, caller: &Caller, call: &Call) -> Outcome {
    let body = call.json()?;
    let records = body["records"].as_array().ok_or_else(|| {
        Refusal::new(
            400,
            "REQUIRED_FIELD_MISSING",
            "Required field missing: records",
        )
    })?;
    if records.len() > RECORDS {
        let message = format!(
            "record limit reached. cannot submit more than {RECORDS} records into this call"
        );
        return Err(Refusal::new(400, "EXCEEDED_MAX_SIZE_REQUEST", message));
    }
    if records
        .iter()
        .any(|record| record["attributes"]["type"].as_str().is_none())
    {
        return Err(Refusal::new(
            400,
            "INVALID_INPUT",
            "The attributes.type of each record is required",
        ));
    }
    let create = call.method == Method::POST;
    let all_or_none = body["allOrNone"] == true;
    let before = if all_or_none {
        kept(org, records)
    } else {
        Vec::new()
    };
    let results: Vec<Result<String, Refusal>> = records
        .iter()
        .map(|record| one(org, caller, record, create))
        .collect();
    if all_or_none && results.iter().any(Result::is_err) {
        org.put_back(before);
        return Ok(Answer::json(&rolled_back(org, caller, create, results)));
    }
    let results = results.into_iter().map(|result| match result {
        Ok(id) => json!({"id": id, "success": true, "errors": []}),
        Err(refusal) => refusal.record(),
    });
    Ok(Answer::json(&results.collect()))
}

/// The deals that records name, as they are before anything is written.
fn kept(org: &Org, records: &[Value]) -> Vec<(usize, Deal)> {
    let state = org.world.state();
    let ids = records
        .iter()
        .filter_map(|record| record.get("id").or(record.get("Id"))?.as_str());
    let places = ids.filter_map(|id| deal_at(&state, id));
    places.map(|n| (n, state.deals[n].clone())).collect()
}

fn one(org: &Org, caller: &Caller, record: &Value, create: bool) -> Result<String, Refusal> {
    let object = record["attributes"]["type"].as_str().unwrap_or_default();
    let fields = members(record)?;
    if create {
        return records::create(org, caller, object, fields);
    }
    let id = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("id"));
    let id = id.and_then(|(_, id)| id.as_str()).ok_or_else(|| {
        Refusal::new(
            400,
            "MISSING_ARGUMENT",
            "Id not specified in an update call",
        )
    })?;
    records::update(org, caller, object, id, fields)?;
    Ok(super::ids::checked(id))
}

/// What is told when one record sinks all; records that were made are taken back.
fn rolled_back(
    org: &Org,
    caller: &Caller,
    created: bool,
    results: Vec<Result<String, Refusal>>,
) -> Value {
    let innocent = Refusal::new(
        400,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone \
         header",
    );
    let told = results.into_iter().map(|result| match result {
        Err(refusal) => refusal.record(),
        Ok(id) => {
            if created {
                take_back(org, caller, &id);
            }
            innocent.record()
        }
    });
    told.collect()
}

fn take_back(org: &Org, caller: &Caller, id: &str) {
    if let Some(source) = owner_of(id) {
        // It was made a moment ago, so there is nothing to refuse.
        drop(records::delete(org, caller, source, id));
    }
}

/// The object whose records have ids like this.
fn owner_of(id: &str) -> Option<Source> {
    let prefix = id.get(..3)?;
    let table = super::tables::TABLES
        .into_iter()
        .find(|table| table.prefix == prefix);
    let thing = super::things::THINGS
        .iter()
        .find(|thing| thing.prefix == prefix);
    table.map(Source::Table).or(thing.map(Source::Thing))
}

/// `DELETE /composite/sobjects?ids=…`.
pub fn delete(org: &Org, caller: &Caller, call: &Call) -> Outcome {
    let ids: Vec<&str> = call
        .query
        .get("ids")
        .unwrap_or_default()
        .split(',')
        .collect();
    if ids.len() > RECORDS {
        let message = format!(
            "record limit reached. cannot submit more than {RECORDS} records into this call"
        );
        return Err(Refusal::new(400, "EXCEEDED_MAX_SIZE_REQUEST", message));
    }
    let results: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            let deleted = match owner_of(id) {
                Some(source) => records::delete(org, caller, source, id),
                None => Err(Refusal::new(
                    400,
                    "MALFORMED_ID",
                    format!("malformed id {id}"),
                )),
            };
            match deleted {
                Ok(()) => json!({"id": id, "success": true, "errors": []}),
                Err(refusal) => refusal.record(),
            }
        })
        .collect();
    Ok(Answer::json(&Value::Array(results)))
}

/// `GET` and `POST /composite/sobjects/{object}`: records by id, null where there is none.
pub fn retrieve(org: &Org, caller: &Caller, call: &Call, object: &str) -> Outcome {
    let texts = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten();
        texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let (ids, fields) = if call.method == Method::GET {
        let listed = |name| {
            let text = call.query.get(name).unwrap_or_default().to_owned();
            text.split(',')
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        (listed("ids"), listed("fields"))
    } else {
        let body = call.json()?;
        (texts(&body["ids"]), texts(&body["fields"]))
    };
    if ids.len() > RECORDS_READ {
        return Err(Refusal::new(
            400,
            "EXCEEDED_MAX_SIZE_REQUEST",
            "too many ids",
        ));
    }
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut records = Vec::new();
    for id in &ids {
        match records::record(org, caller, object, id, Some(&names)) {
            Ok(record) => records.push(record),
            Err(refusal) if refusal.status == 404 => records.push(Value::Null),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(Answer::json(&Value::Array(records)))
}

/// A Composite call. Each part is answered by itself; with `allOrNone`, nothing is carried out
/// after the first refusal.
pub fn parts(org: &Org, caller: &Caller, call: &Call, reach: Reach) -> Outcome {
    let body = call.json()?;
    let parts = body[reach.member].as_array().ok_or_else(|| {
        Refusal::unreadable(format!("The required member {} is missing", reach.member))
    })?;
    if parts.len() > PARTS {
        let message = format!("Limit of {PARTS} subrequests exceeded");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let heavy = |part: &&Value| {
        let url = part["url"].as_str().unwrap_or_default();
        url.contains("/composite/sobjects") || url.contains("/query")
    };
    if parts.iter().filter(heavy).count() > HEAVY_PARTS {
        let message =
            format!("Limit of {HEAVY_PARTS} query or sObject Collections subrequests exceeded");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let most_rows = org.book().rules.rows_in_one_composite;
    let mut rows = 0;
    let mut refused = false;
    let mut answers = Vec::new();
    for part in parts {
        rows += part["body"]["records"].as_array().map_or(0, Vec::len);
        let answer = if most_rows.is_some_and(|most| rows > most) {
            Refusal::new(
                400,
                "LIMIT_EXCEEDED",
                "System.LimitException: Apex CPU time limit exceeded",
            )
            .answer()
        } else if refused && body["allOrNone"] == true {
            Refusal::new(400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.").answer()
        } else {
            match carry_out(org, caller, part, reach) {
                Ok(answer) => answer,
                Err(refusal) => refusal.answer(),
            }
        };
        refused |= answer.status >= 400;
        answers.push(json!({
            "body": answer.value(),
            "httpHeaders": {},
            "httpStatusCode": answer.status,
            "referenceId": part["referenceId"],
        }));
    }
    Ok(Answer::json(&json!({"compositeResponse": answers})))
}

fn carry_out(org: &Org, caller: &Caller, part: &Value, reach: Reach) -> Outcome {
    let url = part["url"].as_str().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let all = segments(path);
    let path: Vec<String> = all.iter().skip(3).cloned().collect();
    let below_version = all.first().is_some_and(|it| it == "services");
    let first = path.first().map(String::as_str).unwrap_or_default();
    if !below_version
        || (first == "tooling") != (reach.prefix == "tooling")
        || first == "composite" && path.len() == 1
    {
        return Err(Refusal::new(
            400,
            "INVALID_INPUT",
            format!("Invalid url: {url}"),
        ));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in part["httpHeaders"].as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str());
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    let method = part["method"].as_str().unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Refusal::new(400, "INVALID_INPUT", "Invalid method"))?;
    let body = match &part["body"] {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    let call = Call {
        method,
        path,
        query: Form::read(query.as_bytes()),
        headers,
        body,
    };
    find(org, caller, &call)
}
