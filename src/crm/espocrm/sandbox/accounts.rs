//! `Account`: the customers of the world's deals.

use serde_json::{Value, json};

use super::records::{account_id, page};
use super::search::{checked, holds};
use super::{Refusal, Request};
use crate::sandbox::world::{Deal, State};

const ATTRIBUTES: &[&str] = &[
    "id",
    "name",
    "deleted",
    "type",
    "assignedUserId",
    "createdAt",
];

fn account(state: &State, deal: &Deal) -> Value {
    json!({
        "id": account_id(deal),
        "name": deal.account,
        "deleted": false,
        "type": "Customer",
        "assignedUserId": state.people[deal.owner].id,
        "createdAt": deal.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

/// One account.
pub fn read(request: &Request, id: &str) -> Result<Value, Refusal> {
    let state = request.world.state();
    let found = state.deals.iter().find(|deal| account_id(deal) == id);
    let found = found.map(|deal| account(&state, deal));
    found.ok_or_else(|| Refusal::new(404, format!("Record {id} does not exist.")))
}

/// A list of accounts.
pub fn list(request: &Request) -> Result<Value, Refusal> {
    let (skip, rows) = page(request)?;
    let state = request.world.state();
    let conditions = request.query.conditions();
    checked(&conditions, &|name| ATTRIBUTES.contains(&name))?;
    let found: Vec<Value> = state
        .deals
        .iter()
        .filter(|deal| deal.deleted_at.is_none())
        .map(|deal| account(&state, deal))
        .filter(|account| holds(&conditions, &|name| account[name].clone()))
        .collect();
    let total = found.len();
    let list: Vec<Value> = found.into_iter().skip(skip).take(rows).collect();
    Ok(json!({"total": total, "list": list}))
}
