//! The controls of a sandbox under `/__sandbox/`: look at it, edit as a person would, change the
//! weather.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::page;
use super::serve::Stats;
use super::weather::{Knobs, Weather};
use super::world::{Deal, Trouble, World};

/// What the controls look at.
#[derive(Clone)]
pub(super) struct Control {
    /// What people call the CRM.
    pub crm: &'static str,
    /// The world it tells.
    pub world: World,
    stats: Arc<Stats>,
}

/// The control routes of one sandbox.
pub fn routes(crm: &'static str, world: World, stats: Arc<Stats>) -> Router {
    Router::new()
        .route("/__sandbox/stats", get(stats_now).delete(stats_cleared))
        .route("/__sandbox/calls", get(calls))
        .route("/__sandbox/deals", get(deals))
        .route("/__sandbox/deals/{id}", get(deal).post(edit))
        .route("/__sandbox/people", get(people))
        .route("/__sandbox/weather", post(weather).get(weather_now))
        .merge(page::routes())
        .with_state(Control { crm, world, stats })
}

async fn stats_now(State(control): State<Control>) -> Json<Value> {
    let routes = control.stats.routes();
    let refusals: u64 = routes.values().map(|route| route.refused).sum();
    Json(json!({
        "calls": control.stats.calls(),
        "routes": routes,
        "refusals": refusals,
        "peak_concurrency": control.stats.peak(),
    }))
}

async fn stats_cleared(State(control): State<Control>) -> StatusCode {
    control.stats.clear();
    StatusCode::NO_CONTENT
}

async fn calls(State(control): State<Control>) -> Json<Value> {
    Json(json!(control.world.state().calls))
}

async fn deals(State(control): State<Control>) -> Json<Value> {
    let state = control.world.state();
    let deals: Vec<Value> = state
        .deals
        .iter()
        .map(|deal| {
            let stage = state.stages[deal.stage].name;
            json!({"id": deal.id, "name": deal.name, "stage": stage, "deleted": deal.deleted_at.is_some()})
        })
        .collect();
    Json(Value::Array(deals))
}

async fn people(State(control): State<Control>) -> Json<Value> {
    let state = control.world.state();
    let people: Vec<Value> = state
        .people
        .iter()
        .map(|person| {
            json!({
                "id": person.id,
                "name": person.name(),
                "email": person.email,
                "role": format!("{:?}", person.role).to_lowercase(),
                "manager": person.manager.map(|n| state.people[n].id.clone()),
            })
        })
        .collect();
    Json(Value::Array(people))
}

async fn deal(State(control): State<Control>, Path(id): Path<String>) -> Response {
    let state = control.world.state();
    match state.deal_at(&id) {
        Some(n) => Json(shown(&control.world, &state, n)).into_response(),
        None => no_such_deal(&id),
    }
}

fn shown(_world: &World, state: &super::world::State, n: usize) -> Value {
    let deal = &state.deals[n];
    let Deal {
        id,
        name,
        account,
        amount,
        currency,
        close_on,
        custom,
        ..
    } = deal;
    json!({
        "id": id,
        "name": name,
        "account": account,
        "stage": state.stages[deal.stage].name,
        "amount": amount,
        "currency": currency,
        "close_on": close_on,
        "owner": state.people[deal.owner].id,
        "created_at": deal.created_at,
        "changed_at": deal.changed_at,
        "changed_by": state.people[deal.changed_by].id,
        "deleted": deal.deleted_at.is_some(),
        "fields": custom,
        "trouble": deal.trouble,
    })
}

/// Edits a deal as a person would, in one step: plain facts by their plain names, custom fields by
/// their API names, either side by side or under `fields`. [`page`] saves by it too.
pub(super) async fn edit(
    State(control): State<Control>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let world = &control.world;
    let mut state = world.state();
    let Some(n) = state.deal_at(&id) else {
        return no_such_deal(&id);
    };
    let mut edits = body;
    if let Some(Value::Object(fields)) = edits.remove("fields") {
        edits.extend(fields);
    }
    let mut by = state.deals[n].owner;
    for (name, value) in edits {
        match edit_one(&mut state, n, &name, &value) {
            Ok(Some(editor)) => by = editor,
            Ok(None) => {}
            Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
        }
    }
    world.touch(&mut state, n, by);
    if state.deals[n].deleted_at.is_some() {
        state.deals[n].deleted_at = Some(world.now());
    }
    Json(shown(world, &state, n)).into_response()
}

/// Sets one fact or field; answers with the editor where the edit names one.
fn edit_one(
    state: &mut super::world::State,
    n: usize,
    name: &str,
    value: &Value,
) -> Result<Option<usize>, String> {
    let text = value.as_str().unwrap_or_default();
    let wrong = || format!("{name}: {value} is not a value it can have");
    match name {
        "name" => text.clone_into(&mut state.deals[n].name),
        "account" => text.clone_into(&mut state.deals[n].account),
        "amount" => state.deals[n].amount = value.as_f64(),
        "close_on" => state.deals[n].close_on = text.parse().map_err(|_| wrong())?,
        "stage" => {
            state.deals[n].stage = state
                .stages
                .iter()
                .position(|stage| stage.name == text)
                .ok_or_else(wrong)?;
        }
        "owner" => state.deals[n].owner = state.person_at(text).ok_or_else(wrong)?,
        "by" => return state.person_at(text).ok_or_else(wrong).map(Some),
        "deleted" => {
            let deleted = value.as_bool().ok_or_else(wrong)?;
            let changed_at = state.deals[n].changed_at;
            state.deals[n].deleted_at = deleted.then_some(changed_at);
        }
        "trouble" => {
            state.deals[n].trouble = serde_json::from_value::<Option<Trouble>>(value.clone())
                .map_err(|error| format!("trouble: {error}"))?;
        }
        field => {
            if !state.fields.contains_key(field) {
                return Err(format!(
                    "there is no field {field}; create it first, as set-up does"
                ));
            }
            let custom = &mut state.deals[n].custom;
            match value {
                Value::Null => custom.remove(field),
                other => custom.insert(field.to_owned(), other.clone()),
            };
        }
    }
    Ok(None)
}

pub(super) fn no_such_deal(id: &str) -> Response {
    (
        StatusCode::NOT_FOUND,
        format!("there is no deal {id} in this sandbox"),
    )
        .into_response()
}

async fn weather_now(State(control): State<Control>) -> Json<Knobs> {
    Json(control.world.weather().knobs())
}

/// Takes a word (`{"weather":"storm"}`) or single knobs (`{"throttle":0.2}`).
async fn weather(State(control): State<Control>, Json(body): Json<Value>) -> Response {
    let knobs = match body.get("weather").and_then(Value::as_str) {
        Some(word) => Weather::named(word).ok_or_else(|| format!("no weather is called {word}")),
        None => serde_json::from_value(body).map_err(|error| error.to_string()),
    };
    match knobs {
        Ok(knobs) => {
            control.world.weather().set(knobs);
            Json(knobs).into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}
