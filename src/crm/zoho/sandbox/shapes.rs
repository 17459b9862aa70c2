//! A deal as a record: its id, its fields, its stamps.

use serde_json::{Map, Value as Json, json};

use super::fields::STANDARD;
use super::{ACCOUNT, Ask, DEAL, id, moment, number};
use crate::sandbox::world::{CANARY, State};

/// The position of the deal of that id, unless it was deleted.
pub fn position(state: &State, id: &str) -> Option<usize> {
    let n = number(DEAL, id)?;
    state
        .deals
        .get(n)
        .filter(|deal| deal.deleted_at.is_none())
        .map(|_| n)
}

/// The fields a request names; every one where it names none.
pub fn asked(ask: &Ask, state: &State) -> Vec<String> {
    match ask.param("fields") {
        Some(names) => names
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
        None => {
            let standard = STANDARD.iter().map(|(name, ..)| (*name).to_owned());
            standard.chain(state.fields.keys().cloned()).collect()
        }
    }
}

/// A deal as a record; unknown names are passed over.
pub fn shown(state: &State, n: usize, names: &[String]) -> Json {
    let mut record = Map::new();
    record.insert("id".to_owned(), Json::from(state.deals[n].id.clone()));
    for name in names {
        if let Some(held) = value(state, n, name) {
            record.insert(name.clone(), held);
        }
    }
    Json::Object(record)
}

fn value(state: &State, n: usize, name: &str) -> Option<Json> {
    let deal = &state.deals[n];
    let stage = &state.stages[deal.stage];
    let person = |n: usize| {
        let person = &state.people[n];
        json!({"name": person.name(), "id": person.id, "email": person.email})
    };
    Some(match name {
        "id" => json!(deal.id),
        "Deal_Name" => json!(deal.name),
        "Stage" => json!(stage.name),
        "Pipeline" => json!("Standard"),
        "Amount" => json!(deal.amount),
        "Currency" => json!(deal.currency),
        "Closing_Date" => json!(deal.close_on),
        "Probability" => json!(stage.probability),
        "Owner" | "Created_By" => person(deal.owner),
        "Modified_By" => person(deal.changed_by),
        "Account_Name" => json!({"name": deal.account, "id": account_id(&deal.account)}),
        "Created_Time" => json!(moment(deal.created_at)),
        "Modified_Time" => json!(moment(deal.changed_at)),
        "Next_Step" | "Description" => Json::Null,
        "Last_Activity_Time" => json!(CANARY),
        custom if state.fields.contains_key(custom) => {
            deal.custom.get(custom).cloned().unwrap_or_default()
        }
        _ => return None,
    })
}

/// The id of the account of that name.
pub fn account_id(name: &str) -> String {
    let sum = name
        .bytes()
        .fold(7, |sum, byte| (sum * 31 + usize::from(byte)) % 900_000);
    id(ACCOUNT, sum)
}

/// Who made and changed it, and when.
pub fn stamps(state: &State, n: usize) -> Json {
    let deal = &state.deals[n];
    let by = |n: usize| json!({"name": state.people[n].name(), "id": state.people[n].id});
    json!({
        "Modified_Time": moment(deal.changed_at),
        "Modified_By": by(deal.changed_by),
        "Created_Time": moment(deal.created_at),
        "id": deal.id,
        "Created_By": by(deal.owner),
        "$approval_state": "approved",
    })
}
