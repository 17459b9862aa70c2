//! Users and their roles, stages and pipelines, organizations.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::answers::{Query, answer, cursor, data, invalid, iso, not_found, place, plain};
use super::records::{PIPELINE, number};
use super::{COMPANY, Desk};
use crate::domain::deal::Standing;
use crate::sandbox::world::State as World;

/// The number of the role that nobody is above, and in which nobody stands.
const TOP_ROLE: usize = 1;
/// The role of accounts that are no people.
const APPS_ROLE: usize = 2;

/// Whoever leads others has a role of their own; the others stand in the role below their
/// manager's.
fn role_of(state: &World, n: usize) -> usize {
    let leads = state.people.iter().any(|person| person.manager == Some(n));
    match (leads, state.people[n].manager) {
        (true, _) => 100 + n,
        (false, Some(manager)) => 100_000 + manager,
        (false, None) => APPS_ROLE,
    }
}

/// A user.
pub fn shown(state: &World, n: usize) -> Value {
    let person = &state.people[n];
    json!({
        "id": number(&person.id),
        "name": person.name(),
        "default_currency": "EUR",
        "locale": "en_US",
        "lang": 1,
        "email": person.email,
        "phone": null,
        "activated": true,
        "last_login": plain(person.changed_at),
        "created": plain(person.changed_at),
        "modified": plain(person.changed_at),
        "has_created_company": n == 0,
        "access": [{"app": "sales", "admin": n == 0, "permission_set_id": "62cc4d7f-4038-4352-abf3-a8c1c822b631"}],
        "active_flag": person.active,
        "timezone_name": person.time_zone,
        "timezone_offset": "+00:00",
        "role_id": role_of(state, n),
        "icon_url": null,
        "is_you": n == 0,
        "is_deleted": false,
    })
}

/// `GET /api/v1/users`.
pub async fn users(State(desk): State<Desk>) -> Response {
    let state = desk.world().state();
    let all: Vec<Value> = (0..state.people.len()).map(|n| shown(&state, n)).collect();
    data(Value::Array(all))
}

/// `GET /api/v1/users/{id}`.
pub async fn user(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let state = desk.world().state();
    match state.person_at(&id) {
        Some(n) => data(shown(&state, n)),
        None => not_found("User"),
    }
}

/// `GET /api/v1/users/me`.
pub async fn me(State(desk): State<Desk>) -> Response {
    let state = desk.world().state();
    let mut me = shown(&state, 0);
    me["company_id"] = json!(COMPANY);
    me["company_name"] = json!("Meridian");
    me["company_domain"] = json!("meridian");
    me["company_country"] = json!("DE");
    data(me)
}

/// `GET /api/v1/roles`.
pub async fn roles(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let (start, limit) = match (query.number("start"), query.limit()) {
        (Ok(start), Ok(limit)) => (start.unwrap_or(0), limit),
        (Err(why), _) | (_, Err(why)) => return invalid(&why),
    };
    let state = desk.world().state();
    let mut above: Vec<(usize, usize, String)> = vec![
        (TOP_ROLE, TOP_ROLE, "(Unassigned users)".to_owned()),
        (APPS_ROLE, TOP_ROLE, "Apps".to_owned()),
    ];
    for (n, person) in state.people.iter().enumerate() {
        if role_of(&state, n) == 100 + n {
            let parent = person.manager.map_or(TOP_ROLE, |manager| 100 + manager);
            above.push((100 + n, parent, format!("Leads: {}", person.name())));
            above.push((100_000 + n, 100 + n, format!("Team of {}", person.name())));
        }
    }
    let reached = (start + limit).min(above.len());
    let page: Vec<Value> = above
        .get(start..reached)
        .unwrap_or_default()
        .iter()
        .map(|(id, parent, name)| {
            json!({
                "id": id,
                "parent_role_id": parent,
                "name": name,
                "active_flag": true,
                "assignment_count": "1",
                "sub_role_count": "0",
                "level": 1,
            })
        })
        .collect();
    let mut pagination = json!({
        "start": start,
        "limit": limit,
        "more_items_in_collection": reached < above.len(),
    });
    if reached < above.len() {
        pagination["next_start"] = json!(reached);
    }
    let body = json!({
        "success": true,
        "data": page,
        "additional_data": {"pagination": pagination},
    });
    answer(200, body)
}

/// The stages; won and lost are none.
fn open_stages(desk: &Desk, state: &World) -> Vec<Value> {
    let since = iso(desk.world().now() - chrono::TimeDelta::days(400));
    let stages = state.stages.iter().enumerate();
    stages
        .filter(|(_, stage)| stage.standing == Standing::Open)
        .map(|(n, stage)| {
            json!({
                "id": n + 1,
                "order_nr": n + 1,
                "name": stage.name,
                "is_deleted": false,
                "deal_probability": stage.probability,
                "pipeline_id": PIPELINE,
                "is_deal_rot_enabled": false,
                "days_to_rotten": null,
                "add_time": since,
                "update_time": since,
            })
        })
        .collect()
}

fn the_pipeline(desk: &Desk) -> Value {
    let since = iso(desk.world().now() - chrono::TimeDelta::days(400));
    json!({
        "id": PIPELINE,
        "name": "Pipeline",
        "order_nr": 1,
        "is_deleted": false,
        "is_deal_probability_enabled": true,
        "add_time": since,
        "update_time": since,
    })
}

fn whole(items: Vec<Value>) -> Response {
    let body = json!({
        "success": true,
        "data": Value::Array(items),
        "additional_data": {"next_cursor": null},
    });
    answer(200, body)
}

/// `GET /api/v2/stages`.
pub async fn stages(State(desk): State<Desk>) -> Response {
    let state = desk.world().state();
    whole(open_stages(&desk, &state))
}

/// `GET /api/v2/stages/{id}`.
pub async fn stage(State(desk): State<Desk>, Path(id): Path<u64>) -> Response {
    let state = desk.world().state();
    let mut stages = open_stages(&desk, &state).into_iter();
    match stages.find(|stage| stage["id"] == id) {
        Some(stage) => data(stage),
        None => not_found("Stage"),
    }
}

/// `GET /api/v2/pipelines`.
pub async fn pipelines(State(desk): State<Desk>) -> Response {
    whole(vec![the_pipeline(&desk)])
}

/// `GET /api/v2/pipelines/{id}`.
pub async fn pipeline(State(desk): State<Desk>, Path(id): Path<u64>) -> Response {
    if id == PIPELINE {
        data(the_pipeline(&desk))
    } else {
        not_found("Pipeline")
    }
}

fn organization_of(desk: &Desk, id: usize, name: &str) -> Value {
    let since = iso(desk.world().now() - chrono::TimeDelta::days(400));
    json!({
        "id": id,
        "name": name,
        "owner_id": 111,
        "add_time": since,
        "update_time": since,
        "is_deleted": false,
        "visible_to": 3,
        "label_ids": [],
        "custom_fields": {},
    })
}

/// `GET /api/v2/organizations`.
pub async fn organizations(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let limit = match query.limit() {
        Ok(limit) => limit,
        Err(why) => return invalid(&why),
    };
    let after = match query.get("cursor").map(place) {
        None => 0,
        Some(Some((_, id))) => usize::try_from(id).unwrap_or_default(),
        Some(None) => return invalid("cursor is invalid"),
    };
    let ids = query.list("ids");
    if ids.as_ref().is_some_and(|ids| ids.len() > 100) {
        return invalid("ids holds at most 100");
    }
    let state = desk.world().state();
    let mut organizations = desk.organizations();
    if ids.is_none() {
        for deal in &state.deals {
            organizations.id(&deal.account);
        }
    }
    drop(state);
    let wanted = |id: &usize| ids.as_ref().is_none_or(|ids| ids.contains(&id.to_string()));
    let mut rows = (after + 1..=organizations.count()).filter(wanted);
    let page: Vec<usize> = rows.by_ref().take(limit).collect();
    let more = rows.next().is_some();
    let found: Vec<Value> = page
        .iter()
        .filter_map(|id| Some(organization_of(&desk, *id, organizations.name(*id)?)))
        .collect();
    let last = page.last().filter(|_| more);
    let next = last.map(|id| cursor("id", &json!(id), "asc", *id as u64));
    let body = json!({
        "success": true,
        "data": found,
        "additional_data": {"next_cursor": next},
    });
    answer(200, body)
}

/// `GET /api/v2/organizations/{id}`.
pub async fn organization(State(desk): State<Desk>, Path(id): Path<usize>) -> Response {
    match desk.organizations().name(id) {
        Some(name) => data(organization_of(&desk, id, name)),
        None => not_found("Organization"),
    }
}
