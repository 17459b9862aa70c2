//! `User`: the world's people.

use serde_json::{Value, json};

use super::records::page;
use super::search::{checked, holds};
use super::{Refusal, Request};
use crate::sandbox::world::State;

fn user(state: &State, n: usize) -> Value {
    let person = &state.people[n];
    json!({
        "id": person.id,
        "name": person.name(),
        "userName": person.email.split('@').next(),
        "emailAddress": person.email,
        "isActive": person.active,
        "type": if n == 0 { "api" } else { "regular" },
        "title": null,
        "defaultTeamId": null,
    })
}

/// Who is signed in.
pub fn app_user(request: &Request) -> Value {
    let state = request.world.state();
    json!({"user": user(&state, 0), "acl": {"table": {"Opportunity": {"read": "all", "edit": "all"}}}})
}

/// One user.
pub fn read(request: &Request, id: &str) -> Result<Value, Refusal> {
    let state = request.world.state();
    let found = state.person_at(id).map(|n| user(&state, n));
    found.ok_or_else(|| Refusal::new(404, format!("Record {id} does not exist.")))
}

/// A list of users.
pub fn list(request: &Request) -> Result<Value, Refusal> {
    let (skip, rows) = page(request)?;
    let state = request.world.state();
    let conditions = request.query.conditions();
    let attributes = [
        "id",
        "name",
        "userName",
        "emailAddress",
        "isActive",
        "type",
        "defaultTeamId",
    ];
    checked(&conditions, &|name| attributes.contains(&name))?;
    let all = (0..state.people.len()).map(|n| user(&state, n));
    let found: Vec<Value> = all
        .filter(|user| holds(&conditions, &|name| user[name].clone()))
        .collect();
    let total = found.len();
    let names = request.query.attributes();
    let list = found.into_iter().skip(skip).take(rows).map(|mut user| {
        if let (Some(names), Some(user)) = (&names, user.as_object_mut()) {
            user.retain(|name, _| name == "id" || names.contains(name));
        }
        user
    });
    Ok(json!({"total": total, "list": list.collect::<Vec<_>>()}))
}
