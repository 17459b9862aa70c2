//! Writing deals, one at a time.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::Desk;
use super::answers::{body, data, invalid, not_found, refused};
use super::records::{self, archive_key, deal_at, number};
use crate::domain::deal::Standing;
use crate::sandbox::world::{Deal, State as World, Trouble};

/// The longest short text and the longest long text, in UTF-16 units.
const LONGEST: (usize, usize) = (255, 65_535);
/// What a deal's body may hold.
const MEMBERS: [&str; 20] = [
    "title",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "value",
    "currency",
    "is_deleted",
    "is_archived",
    "archive_time",
    "status",
    "probability",
    "lost_reason",
    "visible_to",
    "close_time",
    "won_time",
    "lost_time",
    "expected_close_date",
    "custom_fields",
];

/// Why a value does not go into a custom field; nothing where it does.
fn wrong(definition: &Value, code: &str, value: &Value) -> Option<String> {
    let refuse = |why: &str| Some(format!("Validation failed: custom_fields.{code}: {why}"));
    if value.is_null() {
        return None;
    }
    let length = |most: usize| {
        let text = value.as_str()?;
        (text.encode_utf16().count() <= most).then_some(())
    };
    match definition["field_type"].as_str().unwrap_or_default() {
        "varchar" if length(LONGEST.0).is_none() => refuse("a text of at most 255 is expected"),
        "text" if length(LONGEST.1).is_none() => refuse("a text of at most 65k is expected"),
        "double" if !value.is_number() => refuse("a number is expected"),
        "date" => match value
            .as_str()
            .and_then(|text| text.parse::<NaiveDate>().ok())
        {
            Some(_) => None,
            None => refuse("a date (YYYY-MM-DD) is expected"),
        },
        "enum" => {
            let options = definition["options"].as_array();
            let known = options.is_some_and(|all| all.iter().any(|it| it["id"] == *value));
            if known {
                None
            } else {
                refuse("the id of an option is expected")
            }
        }
        "set" if value.as_array().is_none_or(Vec::is_empty) => {
            refuse("a list of option ids or null is expected")
        }
        _ => None,
    }
}

/// Why a body is refused; nothing where it is good.
fn refuses(state: &World, wanted: &Map<String, Value>) -> Option<String> {
    for (name, value) in wanted {
        let kind = match name.as_str() {
            "title" | "currency" | "status" | "expected_close_date" => value.is_string(),
            "owner_id" | "stage_id" | "pipeline_id" | "org_id" => value.is_u64(),
            "value" => value.is_number() || value.is_null(),
            "is_deleted" | "is_archived" => value.is_boolean(),
            "custom_fields" => value.is_object(),
            _ => true,
        };
        if name == "label_ids" {
            continue;
        }
        if !MEMBERS.contains(&name.as_str()) {
            return Some(format!("Validation failed: {name} is not allowed"));
        }
        if !kind {
            return Some(format!("Validation failed: {name} is of the wrong type"));
        }
    }
    let custom = wanted.get("custom_fields").and_then(Value::as_object);
    for (code, value) in custom.into_iter().flatten() {
        let Some(definition) = state.fields.get(code) else {
            return Some(format!(
                "Validation failed: custom field {code} does not exist"
            ));
        };
        if let Some(why) = wrong(definition, code, value) {
            return Some(why);
        }
    }
    None
}

/// What stands in the way of writing to a deal.
fn trouble(desk: &Desk, deal: &mut Deal) -> Option<Response> {
    let busy = || refused(409, "The deal is being changed by another request", "");
    if desk.world().weather().busy() {
        return Some(busy());
    }
    match &mut deal.trouble {
        None => None,
        Some(Trouble::Busy(0)) => {
            deal.trouble = None;
            None
        }
        Some(Trouble::Busy(left)) => {
            *left -= 1;
            Some(busy())
        }
        Some(Trouble::Refused(message)) => Some(invalid(message)),
        Some(Trouble::Locked) => Some(refused(403, "The deal is locked", "")),
        Some(Trouble::ReadOnly) => Some(refused(
            403,
            "You do not have permission to edit this deal",
            "",
        )),
    }
}

fn set(state: &mut World, n: usize, wanted: &Map<String, Value>) {
    for (name, value) in wanted {
        let text = value.as_str().unwrap_or_default();
        let id = value.as_u64().unwrap_or_default();
        match name.as_str() {
            "title" => text.clone_into(&mut state.deals[n].name),
            "value" => state.deals[n].amount = value.as_f64(),
            "expected_close_date" => {
                let day = text.parse().ok();
                state.deals[n].close_on = day.unwrap_or(state.deals[n].close_on);
            }
            "owner_id" => {
                let owner = state.person_at(&id.to_string());
                state.deals[n].owner = owner.unwrap_or(state.deals[n].owner);
            }
            "stage_id" => {
                let at = usize::try_from(id).unwrap_or_default();
                let at = at.checked_sub(1).filter(|at| *at < state.stages.len());
                state.deals[n].stage = at.unwrap_or(state.deals[n].stage);
            }
            "status" => {
                let standing = Standing::named(text);
                if standing != Standing::Open {
                    let is = |stage: &crate::sandbox::world::Stage| stage.standing == standing;
                    let at = state.stages.iter().position(is);
                    state.deals[n].stage = at.unwrap_or(state.deals[n].stage);
                }
            }
            "is_archived" => {
                let key = archive_key(&state.deals[n].id);
                if value == true {
                    state.things.insert(key, json!(true));
                } else {
                    state.things.remove(&key);
                }
            }
            "custom_fields" => {
                for (code, value) in value.as_object().into_iter().flatten() {
                    if value.is_null() {
                        state.deals[n].custom.remove(code);
                    } else {
                        state.deals[n].custom.insert(code.clone(), value.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The body as an object, good for the state; or the answer that refuses it.
#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
fn good_body(state: &World, bytes: &Bytes) -> Result<Map<String, Value>, Response> {
    let Value::Object(wanted) = body(bytes)? else {
        return Err(invalid("The request body must be an object"));
    };
    match refuses(state, &wanted) {
        Some(why) => Err(invalid(&why)),
        None => Ok(wanted),
    }
}

/// `PATCH /api/v2/deals/{id}`: only what is sent changes.
pub async fn update(State(desk): State<Desk>, Path(id): Path<String>, bytes: Bytes) -> Response {
    let mut state = desk.world().state();
    let found = deal_at(&state, &id);
    let Some(n) = found.filter(|n| state.deals[*n].deleted_at.is_none()) else {
        return not_found("Deal");
    };
    let wanted = match good_body(&state, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = trouble(&desk, &mut state.deals[n]) {
        return refusal;
    }
    set(&mut state, n, &wanted);
    desk.world().touch(&mut state, n, 0);
    if wanted.get("is_deleted") == Some(&json!(true)) {
        state.deals[n].deleted_at = Some(desk.world().now());
    }
    data(records::deal(
        &state,
        &mut desk.organizations(),
        n,
        None,
        &[],
    ))
}

/// `DELETE /api/v2/deals/{id}`: marked, and gone for good after thirty days.
pub async fn remove(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let mut state = desk.world().state();
    let found = deal_at(&state, &id);
    let Some(n) = found.filter(|n| state.deals[*n].deleted_at.is_none()) else {
        return not_found("Deal");
    };
    desk.world().touch(&mut state, n, 0);
    state.deals[n].deleted_at = Some(desk.world().now());
    data(json!({"id": number(&id)}))
}

/// `POST /api/v2/deals`.
pub async fn create(State(desk): State<Desk>, bytes: Bytes) -> Response {
    let mut state = desk.world().state();
    let wanted = match good_body(&state, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    if !wanted.contains_key("title") {
        return invalid("Validation failed: title is required");
    }
    let n = state.deals.len();
    let now = desk.world().now();
    let fresh = Deal {
        id: records::deal_id(n),
        name: String::new(),
        account: "Kestrel Freight".to_owned(),
        stage: 0,
        amount: None,
        currency: "EUR",
        close_on: now.date_naive(),
        owner: 0,
        created_at: now,
        changed_at: now,
        changed_by: 0,
        visible_at: now,
        deleted_at: None,
        revision: 1,
        custom: std::collections::BTreeMap::new(),
        mind: std::collections::BTreeMap::new(),
        trouble: None,
    };
    state.deals.push(fresh);
    set(&mut state, n, &wanted);
    data(records::deal(
        &state,
        &mut desk.organizations(),
        n,
        None,
        &[],
    ))
}
