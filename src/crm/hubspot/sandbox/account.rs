//! The account: its details, owners, pipelines, and which company a deal belongs to.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{Redirect, Response};
use serde_json::{Value, json};

use super::answers::{Query, answer, batch, body, invalid, iso, not_found};
use super::objects::unknown_object;
use super::records::{self, Kind, PIPELINE, deal_at, stage_id, user_id};
use super::{Hub, PORTAL};
use crate::domain::deal::Standing;
use crate::sandbox::world::State as World;

/// Owners on a page.
const OWNERS: (usize, usize) = (100, 500);
/// Deals in one question for their companies.
const MOST_ASSOCIATIONS: usize = 1_000;

/// `GET /account-info/…/details`; the app is served where the API is.
pub async fn details(headers: HeaderMap) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let body = json!({
        "portalId": PORTAL,
        "accountType": "STANDARD",
        "timeZone": "Europe/Berlin",
        "companyCurrency": "EUR",
        "additionalCurrencies": ["USD", "GBP", "INR"],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3_600_000,
        "uiDomain": host.unwrap_or("app-eu1.hubspot.com"),
        "dataHostingLocation": "eu1",
    });
    answer(200, body)
}

/// `GET /contacts/{portal}/record/0-3/{deal}`: the app's page of a deal.
pub async fn record(Path((_, deal)): Path<(String, String)>) -> Redirect {
    Redirect::to(&format!("/__sandbox/record/{deal}"))
}

fn shown(state: &World, n: usize) -> Value {
    let person = &state.people[n];
    let mut owner = json!({
        "id": person.id,
        "email": person.email,
        "type": "PERSON",
        "firstName": person.first,
        "lastName": person.last,
        "userIdIncludingInactive": user_id(n),
        "createdAt": iso(person.changed_at),
        "updatedAt": iso(person.changed_at),
        "archived": !person.active,
        "teams": [],
    });
    if person.active {
        owner["userId"] = json!(user_id(n));
    }
    owner
}

/// `GET /crm/owners/…`.
pub async fn owners(State(hub): State<Hub>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let limit = match query.limit(OWNERS.0, OWNERS.1) {
        Ok(limit) => limit,
        Err(why) => return invalid(&hub, &why),
    };
    let from: usize = match query.get("after").unwrap_or("0").parse() {
        Ok(from) => from,
        Err(_) => return invalid(&hub, "after is not a valid paging cursor"),
    };
    let state = hub.world().state();
    let wanted = |n: &usize| {
        let person = &state.people[*n];
        person.active != query.is("archived")
            && query.get("email").is_none_or(|email| person.email == email)
    };
    let mut rows = (from..state.people.len()).filter(wanted);
    let results: Vec<Value> = rows
        .by_ref()
        .take(limit)
        .map(|n| shown(&state, n))
        .collect();
    let mut body = json!({"results": results});
    if let Some(next) = rows.next() {
        body["paging"] = json!({"next": {"after": next.to_string()}});
    }
    answer(200, body)
}

/// `GET /crm/owners/…/{id}`.
pub async fn owner(
    State(hub): State<Hub>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query);
    let state = hub.world().state();
    let found = match query.get("idProperty") {
        Some("userId") => (0..state.people.len()).find(|n| user_id(*n).to_string() == id),
        _ => state.person_at(&id),
    };
    match found.filter(|n| state.people[*n].active != query.is("archived")) {
        Some(n) => answer(200, shown(&state, n)),
        None => not_found(&hub),
    }
}

fn default_pipeline(hub: &Hub, state: &World) -> Value {
    let since = iso(hub.world().now() - chrono::TimeDelta::days(400));
    let stage = |(n, stage): (usize, &crate::sandbox::world::Stage)| {
        let probability = f64::from(stage.probability) / 100.0;
        json!({
            "id": stage_id(stage.name),
            "label": stage.name,
            "displayOrder": n,
            "metadata": {
                "isClosed": (stage.standing != Standing::Open).to_string(),
                "probability": format!("{probability:?}"),
            },
            "createdAt": since,
            "updatedAt": since,
            "archived": false,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        })
    };
    let stages: Vec<Value> = state.stages.iter().enumerate().map(stage).collect();
    json!({
        "id": PIPELINE,
        "label": "Sales Pipeline",
        "displayOrder": 0,
        "createdAt": since,
        "updatedAt": since,
        "archived": false,
        "stages": stages,
    })
}

/// `GET /crm/pipelines/…/{object}`.
pub async fn pipelines(State(hub): State<Hub>, Path(object): Path<String>) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let state = hub.world().state();
    answer(200, json!({"results": [default_pipeline(&hub, &state)]}))
}

/// `GET /crm/pipelines/…/{object}/{id}`.
pub async fn pipeline(
    State(hub): State<Hub>,
    Path((object, id)): Path<(String, String)>,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) || id != PIPELINE {
        return not_found(&hub);
    }
    let state = hub.world().state();
    answer(200, default_pipeline(&hub, &state))
}

/// `GET /crm/pipelines/…/{object}/{id}/stages`.
pub async fn stages(
    State(hub): State<Hub>,
    Path((object, id)): Path<(String, String)>,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) || id != PIPELINE {
        return not_found(&hub);
    }
    let state = hub.world().state();
    let stages = default_pipeline(&hub, &state)["stages"].clone();
    answer(200, json!({"results": stages}))
}

/// `GET /crm/pipelines/…/{object}/{id}/stages/{stage}`.
pub async fn stage(
    State(hub): State<Hub>,
    Path((object, id, stage)): Path<(String, String, String)>,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) || id != PIPELINE {
        return not_found(&hub);
    }
    let state = hub.world().state();
    let stages = default_pipeline(&hub, &state)["stages"].clone();
    let found = stages.as_array().into_iter().flatten();
    match found.into_iter().find(|it| it["id"] == stage.as_str()) {
        Some(stage) => answer(200, stage.clone()),
        None => not_found(&hub),
    }
}

/// `GET /account-info/…/api-usage/daily`: of fixed tokens.
pub async fn usage(State(hub): State<Hub>) -> Response {
    let (used, most) = super::gate::today(&hub);
    let midnight = hub
        .world()
        .now()
        .date_naive()
        .succ_opt()
        .unwrap_or_default();
    let body = json!({
        "name": "private-apps-api-calls-daily",
        "usageLimit": most,
        "currentUsage": used,
        "collectedAt": super::answers::iso(hub.world().now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": format!("{midnight}T00:00:00.000Z"),
    });
    answer(200, json!({"results": [body]}))
}

/// `GET /crm/schemas/…`: custom objects, of which this portal has none.
pub async fn schemas() -> Response {
    answer(200, json!({"results": []}))
}

/// `GET /crm/associations/…/{from}/{to}/labels`.
pub async fn labels(State(hub): State<Hub>, Path((from, to)): Path<(String, String)>) -> Response {
    match (records::kind(&from), records::kind(&to)) {
        (Some(Kind::Deal), Some(Kind::Company)) => answer(200, json!({"results": kinds()})),
        (Some(_), Some(_)) => answer(200, json!({"results": []})),
        _ => invalid(&hub, "Unable to infer object type"),
    }
}

/// What a deal's company is to it.
fn kinds() -> Value {
    json!([
        {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"},
        {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": null},
    ])
}

/// `POST /crm/associations/…/deals/companies/batch/read`.
pub async fn associations(
    State(hub): State<Hub>,
    Path((from, to)): Path<(String, String)>,
    bytes: Bytes,
) -> Response {
    if records::kind(&from) != Some(Kind::Deal) || records::kind(&to) != Some(Kind::Company) {
        return invalid(&hub, "this portal links deals to companies");
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let inputs = wanted["inputs"].as_array().cloned().unwrap_or_default();
    if inputs.len() > MOST_ASSOCIATIONS {
        return invalid(&hub, "at most 1,000 inputs");
    }
    let state = hub.world().state();
    let mut companies = hub.companies();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in &inputs {
        let id = input["id"].as_str().unwrap_or_default();
        let Some(n) = deal_at(&state, id) else {
            errors.push(json!({
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": format!("No company is associated with deal {id}."),
                "context": {"fromObjectId": [id]},
                "errors": [],
                "links": {},
            }));
            continue;
        };
        let company: u64 = companies
            .id(&state.deals[n].account)
            .parse()
            .unwrap_or_default();
        results.push(json!({
            "from": {"id": id},
            "to": [{"toObjectId": company, "associationTypes": kinds()}],
        }));
    }
    drop(companies);
    drop(state);
    batch(&hub, results, errors)
}

/// `GET …/{object}/{id}/associations/{to}`.
pub async fn associations_of(
    State(hub): State<Hub>,
    Path((object, id, to)): Path<(String, String, String)>,
) -> Response {
    let linked =
        records::kind(&object) == Some(Kind::Deal) && records::kind(&to) == Some(Kind::Company);
    let state = hub.world().state();
    let Some(n) = deal_at(&state, &id).filter(|_| linked) else {
        return not_found(&hub);
    };
    let company: u64 = hub
        .companies()
        .id(&state.deals[n].account)
        .parse()
        .unwrap_or_default();
    answer(
        200,
        json!({"results": [{"toObjectId": company, "associationTypes": kinds()}]}),
    )
}
