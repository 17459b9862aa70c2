//! Everything but the opportunities: people, stages and teams from the world; fields, views and
//! filters as they were made.

use serde_json::{Map, Value, json};

use super::domain;
use super::meta;
use super::orm::{self, Args, no_field, no_field_in_domain};
use super::{Caller, Exception};
use crate::domain::deal::Standing;
use crate::sandbox::world::{State, World};

/// The number of the model `crm.lead`.
pub const LEAD_MODEL: i64 = 423;
/// What Odoo's CRM brings along: name, model, number.
const SHIPPED: &[(&str, &str, i64)] = &[
    ("crm_lead_view_form", "ir.ui.view", 600),
    ("crm_case_tree_view_oppor", "ir.ui.view", 609),
    ("view_crm_case_opportunities_filter", "ir.ui.view", 617),
    ("crm_lead_action_pipeline", "ir.actions.act_window", 214),
];
/// The number of the user at a position; number 1 is the system itself.
pub fn user_id(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX - 2) + 2
}

/// The number of the stage at a position.
pub fn stage_id(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX - 1) + 1
}

/// The number of a currency, and of the company that keeps its books in it.
pub fn currency_id(code: &str) -> i64 {
    let known = ["USD", "EUR", "GBP", "INR"];
    known.iter().position(|it| *it == code).map_or(9, stage_id)
}

/// The team someone sells in: that of their manager.
pub fn team_of(state: &State, person: usize) -> Value {
    match state.people[person].manager {
        Some(leader) => json!([user_id(leader) + 100, team_name(state, leader)]),
        None => json!(false),
    }
}

fn team_name(state: &State, leader: usize) -> String {
    format!("Team {}", state.people[leader].last)
}

/// One call of a method of such a model.
pub fn call(
    world: &World,
    caller: Caller,
    model: &str,
    method: &str,
    args: &Args,
) -> Result<Value, Exception> {
    let mut state = world.state();
    match method {
        "context_get" => Ok(json!({"lang": "en_US", "tz": "Europe/Brussels", "uid": user_id(0)})),
        "fields_get" => Ok(meta::fields_get(caller, model, args)),
        "search_read" | "search" | "search_count" => {
            let rows = search(caller, model, rows(&state, model), args)?;
            match method {
                "search_count" => Ok(json!(rows.len())),
                "search" => Ok(rows.iter().map(|row| row["id"].clone()).collect()),
                _ => shown(caller, model, &rows, args),
            }
        }
        "read" => {
            let ids = orm::ids(args);
            let mut rows = rows(&state, model);
            rows.retain(|row| row["id"].as_i64().is_some_and(|id| ids.contains(&id)));
            shown(caller, model, &rows, args)
        }
        "create" => meta::create(world, &mut state, caller, model, args),
        "write" => meta::write(&mut state, caller, model, args),
        "unlink" => meta::unlink(&mut state, model, args),
        "has_access" => Ok(json!(true)),
        _ => Err(super::not_found(format!(
            "The method '{model}.{method}' does not exist"
        ))),
    }
}

/// The records of a model.
pub fn rows(state: &State, model: &str) -> Vec<Value> {
    match model {
        "res.users" => (0..state.people.len()).map(|n| user(state, n)).collect(),
        "crm.stage" => (0..state.stages.len())
            .map(|n| {
                let stage = &state.stages[n];
                let won = stage.standing == Standing::Won;
                json!({"id": stage_id(n), "name": stage.name, "sequence": n + 1, "is_won": won,
                       "fold": false, "team_ids": []})
            })
            .collect(),
        "crm.team" => teams(state),
        "res.company" => ["USD", "EUR", "GBP", "INR"]
            .map(|code| {
                let id = currency_id(code);
                json!({"id": id, "name": format!("Meridian {code}"), "currency_id": [id, code]})
            })
            .to_vec(),
        "res.currency" => ["USD", "EUR", "GBP", "INR"]
            .map(|code| json!({"id": currency_id(code), "name": code, "active": true}))
            .to_vec(),
        "res.partner" => state
            .deals
            .iter()
            .enumerate()
            .filter(|(_, deal)| deal.deleted_at.is_none())
            .map(|(n, deal)| {
                json!({"id": super::leads::partner_id(n), "name": deal.account, "active": true,
                       "email": false, "is_company": true})
            })
            .collect(),
        "crm.lost.reason" => (1..)
            .zip(["Too expensive", "We don't have people/skills", "Not enough stock"])
            .map(|(id, name)| json!({"id": id, "name": name, "active": true}))
            .collect(),
        "ir.model" => vec![json!({"id": LEAD_MODEL, "model": "crm.lead", "name": "Lead"})],
        "ir.model.data" => SHIPPED
            .iter()
            .map(|(name, model, id)| {
                json!({"id": id + 24_000, "module": "crm", "name": name, "model": model, "res_id": id})
            })
            .collect(),
        "ir.model.fields" => state.fields.values().map(definition).collect(),
        "ir.model.fields.selection" => state
            .fields
            .values()
            .flat_map(|field| {
                let options = field["selection"].as_array().cloned().unwrap_or_default();
                options.into_iter().map(|mut option| {
                    option["field_id"] = json!([field["id"], field["field_description"]]);
                    option
                })
            })
            .collect(),
        _ => kept(state, model),
    }
}

/// The records someone made.
pub fn kept(state: &State, model: &str) -> Vec<Value> {
    let kept = state.things.get(model).and_then(Value::as_array);
    kept.cloned().unwrap_or_default()
}

fn user(state: &State, n: usize) -> Value {
    let person = &state.people[n];
    json!({
        "id": user_id(n),
        "name": person.name(),
        "display_name": person.name(),
        "login": person.email,
        "email": person.email,
        "active": person.active,
        "share": false,
        "tz": person.time_zone,
        "lang": "en_US",
        "partner_id": [user_id(n) + 40, person.name()],
        "company_id": [1, "Meridian USD"],
        "sale_team_id": team_of(state, n),
    })
}

fn teams(state: &State) -> Vec<Value> {
    let leaders = (0..state.people.len()).filter_map(|leader| {
        let reports = state.people.iter().enumerate();
        let reports = reports.filter(|(_, person)| person.manager == Some(leader));
        let members: Vec<i64> = reports.map(|(n, _)| user_id(n)).collect();
        let name = team_name(state, leader);
        (!members.is_empty()).then(|| {
            json!({"id": user_id(leader) + 100, "name": name, "sequence": 10, "active": true,
                   "use_opportunities": true, "member_ids": members,
                   "user_id": [user_id(leader), state.people[leader].name()]})
        })
    });
    leaders.collect()
}

fn definition(field: &Value) -> Value {
    let mut shown = field.clone();
    let options = field["selection"].as_array().cloned().unwrap_or_default();
    let ids: Vec<Value> = options.iter().map(|option| option["id"].clone()).collect();
    shown["selection_ids"] = json!(ids);
    shown["model"] = json!("crm.lead");
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("selection");
    }
    shown
}

fn search(
    caller: Caller,
    model: &str,
    mut rows: Vec<Value>,
    args: &Args,
) -> Result<Vec<Value>, Exception> {
    let everything = json!([]);
    let test = domain::read(args.get("domain").unwrap_or(&everything))?;
    if let Some(row) = rows.first()
        && let Some(leaf) = test
            .leaves()
            .into_iter()
            .find(|leaf| row.get(&leaf.field).is_none())
    {
        return Err(no_field_in_domain(caller, model, leaf));
    }
    let hidden = args
        .get("context")
        .is_some_and(|context| context["active_test"] == json!(false))
        || test.asks("active");
    rows.retain(|row| {
        (hidden || row.get("active") != Some(&json!(false)))
            && test.holds(&|leaf| leaf.met_by(&row[&leaf.field]))
    });
    let order = args.get("order").and_then(Value::as_str);
    let order = order.filter(|order| !order.is_empty()).unwrap_or("id");
    for column in order.split(',').rev() {
        let mut words = column.split_whitespace();
        let name = words.next().unwrap_or("id");
        rows.sort_by(|a, b| match (a[name].as_i64(), b[name].as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a[name].to_string().cmp(&b[name].to_string()),
        });
        if words.next() == Some("desc") {
            rows.reverse();
        }
    }
    let offset = orm::number(args, "offset").unwrap_or(0);
    let limit = orm::number(args, "limit")
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    Ok(rows.into_iter().skip(offset).take(limit).collect())
}

fn shown(caller: Caller, model: &str, rows: &[Value], args: &Args) -> Result<Value, Exception> {
    let bare = args.get("load").is_some_and(Value::is_null);
    let Some(names) = orm::names(args, "fields").filter(|names| !names.is_empty()) else {
        return Ok(json!(rows));
    };
    let rows = rows.iter().map(|row| {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), row["id"].clone());
        for name in &names {
            let value = match row.get(name) {
                Some(value) => value.clone(),
                None if name == "display_name" => row["name"].clone(),
                None if meta::is_attribute(caller, model, name) => json!(false),
                None => return Err(no_field(caller, model, name)),
            };
            shown.insert(name.clone(), loaded(value, bare));
        }
        Ok(Value::Object(shown))
    });
    rows.collect::<Result<Value, Exception>>()
}

/// A value as it is returned: a link is its number alone where `load` is null.
pub fn loaded(value: Value, bare: bool) -> Value {
    match &value {
        Value::Array(link) if bare && link.len() == 2 && link[1].is_string() => link[0].clone(),
        _ => value,
    }
}
