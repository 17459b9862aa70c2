//! Deals: how a record is shown, read by id, and written, each with its own outcome.

use axum::http::Method;
use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::shapes::{asked, position, shown, stamps};
use super::{
    Answer, Ask, DEAL, Office, data, error, id, lists, no_such_method, nothing, number, refuse,
};
use crate::sandbox::world::{Deal, State, Trouble};

/// The user whose token it is, who makes every change that comes through the API.
const USER: usize = 0;
/// Records a call may write.
const MOST: usize = 100;
/// Kinds of automation a write may set off.
const TRIGGERS: &[&str] = &[
    "workflow",
    "approval",
    "blueprint",
    "pathfinder",
    "orchestration",
];

/// Lists, or writes many.
pub fn many(office: &Office, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    match ask.method {
        Method::GET => lists::answer(office, state, ask),
        Method::PUT => {
            let records = sent(ask)?;
            let items: Vec<Json> = records
                .iter()
                .enumerate()
                .map(|(n, record)| {
                    let id = text_id(&record["id"]);
                    update(office, state, n, &id, record)
                })
                .collect();
            Ok(mixed(&items))
        }
        Method::POST => {
            let records = sent(ask)?;
            let items: Vec<Json> = records
                .iter()
                .enumerate()
                .map(|(n, record)| create(office, state, n, record))
                .collect();
            let mut answer = mixed(&items);
            if answer.status == 200 {
                answer.status = 201;
            }
            Ok(answer)
        }
        Method::DELETE => {
            let ids = ask.param("ids").unwrap_or_default().to_owned();
            let gone: Vec<Json> = ids.split(',').map(|id| delete(office, state, id)).collect();
            Ok(mixed(&gone))
        }
        _ => Err(no_such_method()),
    }
}

/// `POST Deals/upsert`: what has the same name is changed, the rest made.
pub fn upsert(office: &Office, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::POST {
        return Err(no_such_method());
    }
    let mut items = Vec::new();
    for (n, record) in sent(ask)?.iter().enumerate() {
        let name = record["Deal_Name"].as_str();
        let alive = state.deals.iter().filter(|deal| deal.deleted_at.is_none());
        let same = alive.filter(|deal| Some(deal.name.as_str()) == name);
        let known = same.map(|deal| deal.id.clone()).next();
        let mut item = match &known {
            Some(id) => update(office, state, n, id, record),
            None => create(office, state, n, record),
        };
        if item["status"] == "success" {
            let action = if known.is_some() { "update" } else { "insert" };
            item["action"] = Json::from(action);
            item["duplicate_field"] = known.map_or(Json::Null, |_| Json::from("Deal_Name"));
        }
        items.push(item);
    }
    Ok(mixed(&items))
}

/// Reads, writes or deletes one.
pub fn one(office: &Office, state: &mut State, ask: &Ask, wanted: &str) -> Result<Answer, Answer> {
    match ask.method {
        Method::GET => Ok(match position(state, wanted) {
            Some(n) => data(200, json!({"data": [shown(state, n, &asked(ask, state))]})),
            None if number(DEAL, wanted).is_some() => nothing(204),
            None => {
                let details = json!({"id": wanted});
                refuse(
                    400,
                    "INVALID_DATA",
                    details,
                    "the id given seems to be invalid",
                )
            }
        }),
        Method::PUT => {
            let record = sent(ask)?.into_iter().next().unwrap_or_default();
            if let (Some(since), Some(n)) =
                (ask.moment("if-unmodified-since")?, position(state, wanted))
                && state.deals[n].changed_at.timestamp() > since.timestamp()
            {
                let details = stamps(state, n);
                let item = error(
                    "ALREADY_MODIFIED",
                    &details,
                    "the record was modified meanwhile",
                );
                return Err(data(412, json!({"data": [item]})));
            }
            Ok(mixed(&[update(office, state, 0, wanted, &record)]))
        }
        Method::DELETE => Ok(mixed(&[delete(office, state, wanted)])),
        _ => Err(no_such_method()),
    }
}

/// The records of a write, which may be at most a hundred.
fn sent(ask: &Ask) -> Result<Vec<Json>, Answer> {
    let records = ask.list("data")?;
    if records.len() > MOST {
        let details = json!({"api_name": "data", "json_path": "$.data", "maximum_length": MOST});
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            details,
            "more than 100 records",
        ));
    }
    let body: Json = serde_json::from_slice(&ask.body).unwrap_or_default();
    let known = |word: &Json| TRIGGERS.contains(&word.as_str().unwrap_or_default());
    let triggers = body["trigger"].as_array();
    if triggers.is_some_and(|triggers| !triggers.iter().all(known)) {
        let details =
            json!({"api_name": "trigger", "json_path": "$.trigger", "supported_values": TRIGGERS});
        return Err(refuse(400, "INVALID_DATA", details, "invalid data"));
    }
    Ok(records)
}

/// Success beside errors is 207; nothing but errors is 400. Ten records are one credit.
fn mixed(items: &[Json]) -> Answer {
    let failed = items
        .iter()
        .filter(|item| item["status"] == "error")
        .count();
    let status = match failed {
        0 => 200,
        all if all == items.len() => 400,
        _ => 207,
    };
    let credits = items.len().div_ceil(10) as u64;
    Answer {
        credits,
        ..data(status, json!({"data": items}))
    }
}

/// An id as text: clients send strings and numbers.
fn text_id(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn success(state: &State, n: usize, message: &str) -> Json {
    json!({"code": "SUCCESS", "details": stamps(state, n), "message": message, "status": "success"})
}

fn no_such_record(id: &str) -> Json {
    error(
        "INVALID_DATA",
        &json!({"id": id}),
        "the id given seems to be invalid",
    )
}

fn delete(office: &Office, state: &mut State, wanted: &str) -> Json {
    let Some(n) = position(state, wanted) else {
        return no_such_record(wanted);
    };
    office.world.touch(state, n, USER);
    state.deals[n].deleted_at = Some(office.world.now());
    json!({"code": "SUCCESS", "details": {"id": wanted}, "message": "record deleted", "status": "success"})
}

fn create(office: &Office, state: &mut State, n: usize, record: &Json) -> Json {
    for name in ["Deal_Name", "Stage"] {
        if record[name].as_str().is_none_or(str::is_empty) {
            let details = json!({"api_name": name, "json_path": format!("$.data[{n}].{name}")});
            return error("MANDATORY_NOT_FOUND", &details, "required field not found");
        }
    }
    let Some(mut deal) = state.deals.first().cloned() else {
        return error("CANNOT_PROCESS", &json!({}), "the organisation is empty");
    };
    deal.id = id(DEAL, state.deals.len());
    deal.amount = None;
    deal.created_at = office.world.now();
    deal.deleted_at = None;
    deal.custom.clear();
    deal.mind.clear();
    deal.trouble = None;
    let wanted = deal.id.clone();
    state.deals.push(deal);
    let row = state.deals.len() - 1;
    let done = update(office, state, n, &wanted, record);
    if done["status"] == "error" {
        state.deals.pop();
        return done;
    }
    success(state, row, "record added")
}

fn update(office: &Office, state: &mut State, n: usize, wanted: &str, record: &Json) -> Json {
    let Some(row) = position(state, wanted) else {
        return no_such_record(wanted);
    };
    if let Some(refusal) = in_the_way(office, &mut state.deals[row]) {
        return refusal;
    }
    let mut changed = state.deals[row].clone();
    for (name, value) in record.as_object().into_iter().flatten() {
        if let Err(refusal) = set(state, &mut changed, n, name, value) {
            return refusal;
        }
    }
    state.deals[row] = changed;
    office.world.touch(state, row, USER);
    success(state, row, "record updated")
}

/// What keeps the record from being written.
fn in_the_way(office: &Office, deal: &mut Deal) -> Option<Json> {
    let busy = || {
        error(
            "CANNOT_PROCESS",
            &json!({}),
            "another change of the record is under way",
        )
    };
    match &mut deal.trouble {
        Some(Trouble::Refused(why)) => {
            let details = json!({"api_name": "Closing_Date"});
            return Some(error("INVALID_DATA", &details, why));
        }
        Some(Trouble::Busy(left)) if *left > 0 => {
            *left -= 1;
            return Some(busy());
        }
        Some(Trouble::Locked) => {
            return Some(error(
                "RECORD_LOCKED",
                &json!({"id": deal.id}),
                "the record is locked",
            ));
        }
        Some(Trouble::ReadOnly) => {
            let details = json!({"permissions": ["Crm_Implied_Edit_Deals"]});
            return Some(error("NO_PERMISSION", &details, "permission denied"));
        }
        _ => {}
    }
    office.world.weather().busy().then(busy)
}

fn set(state: &State, deal: &mut Deal, n: usize, name: &str, value: &Json) -> Result<(), Json> {
    let wrong = |more: Json| {
        let mut details = super::members(&more);
        details.insert("api_name".to_owned(), Json::from(name));
        details.insert(
            "json_path".to_owned(),
            Json::from(format!("$.data[{n}].{name}")),
        );
        error("INVALID_DATA", &Json::Object(details), "invalid data")
    };
    let expected = |kind: &str| wrong(json!({"expected_data_type": kind}));
    let text = |value: &Json| value.as_str().map(str::to_owned);
    match name {
        "Deal_Name" => deal.name = text(value).ok_or_else(|| expected("text"))?,
        "Amount" => match value {
            Json::Null => deal.amount = None,
            _ => deal.amount = Some(value.as_f64().ok_or_else(|| expected("double"))?),
        },
        "Closing_Date" => {
            let day = value
                .as_str()
                .and_then(|text| text.parse::<NaiveDate>().ok());
            deal.close_on = day.ok_or_else(|| expected("date"))?;
        }
        "Stage" => {
            let stage = state.stages.iter().position(|stage| *value == stage.name);
            deal.stage = stage.ok_or_else(|| wrong(json!({})))?;
        }
        "Owner" => {
            let wanted = text_id(value.get("id").unwrap_or(value));
            let owner = state.person_at(&wanted);
            deal.owner = owner.ok_or_else(|| wrong(json!({})))?;
        }
        custom => {
            // Names that are no field, and fields the system keeps, are passed over in silence.
            let Some(field) = state.fields.get(custom) else {
                return Ok(());
            };
            if value.is_null() || *value == "" {
                deal.custom.remove(custom);
                return Ok(());
            }
            if let Some(more) = objection(field, value) {
                return Err(wrong(more));
            }
            deal.custom.insert(custom.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// What is wrong with a value for a field made by a customer.
fn objection(field: &Json, value: &Json) -> Option<Json> {
    let expected = |kind: &str| Some(json!({"expected_data_type": kind}));
    let text = value.as_str();
    match field["data_type"].as_str().unwrap_or_default() {
        "textarea" | "text" | "website" => {
            let most = field["length"].as_u64().unwrap_or(255) as usize;
            match text {
                None => expected("string"),
                Some(text) if text.encode_utf16().count() > most => {
                    Some(json!({"maximum_length": most}))
                }
                Some(_) => None,
            }
        }
        "integer" if !value.is_i64() => expected("integer"),
        "picklist" => {
            let values = field["pick_list_values"].as_array();
            let known = values.is_some_and(|it| it.iter().any(|one| one["actual_value"] == *value));
            (!known).then(|| json!({}))
        }
        "date" if text.is_none_or(|it| it.parse::<NaiveDate>().is_err()) => expected("date"),
        "datetime" => {
            let fits = text.is_some_and(|it| chrono::DateTime::parse_from_rfc3339(it).is_ok());
            if fits { None } else { expected("datetime") }
        }
        _ => None,
    }
}
