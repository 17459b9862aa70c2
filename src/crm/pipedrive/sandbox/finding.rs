//! Search by words, and what a company without persons, activities or webhooks of others answers.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::Desk;
use super::answers::{Query, answer, data, invalid};
use super::records::{is_archived, number, stage, status};
use crate::sandbox::world::State as World;

/// The fewest letters of a term, unless an exact match is wanted.
const FEWEST: usize = 2;

/// What is looked for, in lower case, and how many are shown.
fn asked(query: &Query) -> Result<(String, bool, usize), String> {
    let term = query.get("term").unwrap_or_default().to_lowercase();
    let exact = matches!(query.get("exact_match"), Some("1" | "true"));
    if term.chars().count() < if exact { 1 } else { FEWEST } {
        return Err(format!("term must have at least {FEWEST} characters"));
    }
    Ok((term, exact, query.limit()?))
}

fn fits(name: &str, (term, exact): (&str, bool)) -> bool {
    let name = name.to_lowercase();
    match exact {
        true => name == term,
        false => name.contains(term),
    }
}

fn deals(desk: &Desk, state: &World, term: (&str, bool)) -> Vec<Value> {
    let mut organizations = desk.organizations();
    let found = (0..state.deals.len())
        .filter(|n| state.deals[*n].deleted_at.is_none() && fits(&state.deals[*n].name, term));
    let shown = found.map(|n| {
        let deal = &state.deals[n];
        let stage = stage(state, n);
        let name = state.stages[usize::try_from(stage - 1).unwrap_or(0)].name;
        json!({
            "id": number(&deal.id),
            "type": "deal",
            "title": deal.name,
            "value": deal.amount,
            "currency": deal.currency,
            "status": status(state, n),
            "visible_to": 3,
            "owner": {"id": number(&state.people[deal.owner].id)},
            "stage": {"id": stage, "name": name},
            "person": null,
            "organization": {"id": organizations.id(&deal.account), "name": deal.account, "address": null},
            "custom_fields": [],
            "notes": [],
            "is_archived": is_archived(state, n),
        })
    });
    shown.collect()
}

fn organizations(desk: &Desk, state: &World, term: (&str, bool)) -> Vec<Value> {
    let mut known = desk.organizations();
    for deal in &state.deals {
        known.id(&deal.account);
    }
    let found = (1..=known.count()).filter_map(|id| Some((id, known.name(id)?)));
    let found = found.filter(|(_, name)| fits(name, term));
    let shown = found.map(|(id, name)| {
        json!({
            "id": id,
            "type": "organization",
            "name": name,
            "address": null,
            "visible_to": 3,
            "owner": {"id": 111},
            "custom_fields": [],
            "notes": [],
        })
    });
    shown.collect()
}

fn scored(items: Vec<Value>, limit: usize) -> Response {
    let items: Vec<Value> = items
        .into_iter()
        .take(limit)
        .map(|item| json!({"result_score": 0.5, "item": item}))
        .collect();
    answer(
        200,
        json!({
            "success": true,
            "data": {"items": items},
            "additional_data": {"next_cursor": null},
        }),
    )
}

/// `GET /api/v2/deals/search`.
pub async fn of_deals(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    match asked(&Query::of(query)) {
        Ok((term, exact, limit)) => {
            let state = desk.world().state();
            scored(deals(&desk, &state, (&term, exact)), limit)
        }
        Err(why) => invalid(&why),
    }
}

/// `GET /api/v2/organizations/search`.
pub async fn of_organizations(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    match asked(&Query::of(query)) {
        Ok((term, exact, limit)) => {
            let state = desk.world().state();
            scored(organizations(&desk, &state, (&term, exact)), limit)
        }
        Err(why) => invalid(&why),
    }
}

/// `GET /api/v2/itemSearch`.
pub async fn of_items(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let kinds = query.list("item_types");
    let wanted = |kind: &str| {
        kinds
            .as_ref()
            .is_none_or(|it| it.iter().any(|it| it == kind))
    };
    match asked(&query) {
        Ok((term, exact, limit)) => {
            let state = desk.world().state();
            let mut items = Vec::new();
            if wanted("deal") {
                items.extend(deals(&desk, &state, (&term, exact)));
            }
            if wanted("organization") {
                items.extend(organizations(&desk, &state, (&term, exact)));
            }
            scored(items, limit)
        }
        Err(why) => invalid(&why),
    }
}

/// Lists of version 2 that are empty here.
pub async fn none() -> Response {
    answer(
        200,
        json!({"success": true, "data": [], "additional_data": {"next_cursor": null}}),
    )
}

/// Lists of version 1 that are empty here.
pub async fn none_numbered() -> Response {
    answer(200, json!({"success": true, "data": [], "status": 200}))
}

/// `GET /api/v1/users/find`.
pub async fn of_users(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query);
    let term = query.get("term").unwrap_or_default().to_lowercase();
    let by_email = matches!(query.get("search_by_email"), Some("1" | "true"));
    let state = desk.world().state();
    let found = (0..state.people.len()).filter(|n| {
        let person = &state.people[*n];
        match by_email {
            true => person.email.to_lowercase().contains(&term),
            false => person.name().to_lowercase().contains(&term),
        }
    });
    let found = found.map(|n| super::people::shown(&state, n));
    data(found.collect())
}

/// `GET /api/v1/currencies`.
pub async fn currencies() -> Response {
    let all = [
        ("USD", "US Dollar", "$"),
        ("EUR", "Euro", "€"),
        ("GBP", "British Pound", "£"),
        ("INR", "Indian Rupee", "₹"),
    ];
    let shown = (1..).zip(all).map(|(id, (code, name, symbol)): (u64, _)| {
        json!({"id": id, "code": code, "name": name, "symbol": symbol, "decimal_points": 2,
               "active_flag": true, "is_custom_flag": false})
    });
    data(shown.collect())
}
