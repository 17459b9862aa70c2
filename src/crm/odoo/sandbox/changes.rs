//! What changes opportunities.

use serde_json::{Map, Value, json};

use super::leads::{STANDARD, known, lead_id, position, rows};
use super::orm::{self, Args, no_field};
use super::{Caller, Exception, tables, values};
use crate::domain::deal::Standing;
use crate::sandbox::world::{Deal, State, Trouble, World};

/// Writes each record its own values.
pub fn save_multi(world: &World, caller: Caller, args: &Args) -> Result<Value, Exception> {
    let ids = orm::ids(args);
    let vals = args
        .get("vals_list")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if ids.len() != vals.len() {
        return Err(Exception::value_error(
            "The number of records and values differ.",
        ));
    }
    write(
        world,
        caller,
        &ids.iter().copied().zip(vals).collect::<Vec<_>>(),
    )?;
    let specification = args.get("specification").and_then(Value::as_object);
    let names: Vec<&String> = specification.into_iter().flat_map(Map::keys).collect();
    let mut read = Args::new();
    read.insert(
        "fields".to_owned(),
        if names.is_empty() {
            json!(["id"])
        } else {
            json!(names)
        },
    );
    let state = world.state();
    let found: Vec<usize> = ids
        .into_iter()
        .filter_map(|id| position(&state, id))
        .collect();
    rows(&state, caller, &found, &read)
}

/// Writes all or nothing.
pub fn write(world: &World, caller: Caller, updates: &[(i64, Value)]) -> Result<(), Exception> {
    let mut state = world.state();
    let missing = updates
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| position(&state, *id).is_none());
    let missing: Vec<i64> = missing.collect();
    if !missing.is_empty() {
        return Err(orm::missing("crm.lead", &missing));
    }
    let mut ready = Vec::new();
    for (id, vals) in updates {
        let Some(n) = position(&state, *id) else {
            continue;
        };
        let vals = vals.as_object().cloned().unwrap_or_default();
        stands_in_the_way(world, &mut state.deals[n])?;
        let mut changed = state.deals[n].clone();
        for (name, value) in &vals {
            if !known(&state, caller, name) {
                return Err(no_field(caller, "crm.lead", name));
            }
            set(&state, &mut changed, name, value)?;
        }
        ready.push((n, changed));
    }
    for (n, changed) in ready {
        state.deals[n] = changed;
        world.touch(&mut state, n, 0);
    }
    Ok(())
}

fn stands_in_the_way(world: &World, deal: &mut Deal) -> Result<(), Exception> {
    match &mut deal.trouble {
        Some(Trouble::Refused(message)) => return Err(Exception::invalid(message.clone())),
        Some(Trouble::Busy(0)) => deal.trouble = None,
        Some(Trouble::Busy(times)) => {
            *times -= 1;
            return Err(Exception::serialization());
        }
        Some(Trouble::Locked) => {
            return Err(Exception::user_error(
                "This opportunity is locked for approval.",
            ));
        }
        Some(Trouble::ReadOnly) => {
            return Err(Exception::access(
                "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, \
                 Latitude Integration doesn't have 'write' access to:\n- Lead (crm.lead)",
            ));
        }
        None => {}
    }
    if world.weather().busy() {
        return Err(Exception::serialization());
    }
    Ok(())
}

fn set(state: &State, deal: &mut Deal, name: &str, value: &Value) -> Result<(), Exception> {
    if let Some(definition) = state.fields.get(name) {
        match values::stored(name, definition, value)? {
            Some(kept) => deal.custom.insert(name.to_owned(), kept),
            None => deal.custom.remove(name),
        };
        return Ok(());
    }
    let kind = STANDARD
        .iter()
        .find(|(known, ..)| *known == name)
        .map_or("", |(_, kind, ..)| kind);
    let simple = matches!(kind, "char" | "date" | "monetary" | "float");
    let kept = match simple {
        true => values::stored(name, &json!({"ttype": kind}), value)?,
        false => None,
    };
    let chosen = value.as_i64().unwrap_or_default();
    match name {
        "name" => match kept
            .as_ref()
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            Some(text) => text.clone_into(&mut deal.name),
            None => {
                return Err(Exception::invalid(
                    "The operation cannot be completed: Missing required value for the field \
                     'Opportunity' (name).\nModel: 'Lead' (crm.lead)\n- create/update: a mandatory \
                     field is not set\n",
                ));
            }
        },
        "partner_name" => {
            let text = kept.as_ref().and_then(Value::as_str);
            text.unwrap_or_default().clone_into(&mut deal.account);
        }
        "expected_revenue" => deal.amount = kept.as_ref().and_then(Value::as_f64),
        "date_deadline" => {
            let day = kept
                .as_ref()
                .and_then(Value::as_str)
                .and_then(|day| day.parse().ok());
            deal.close_on = day.unwrap_or(deal.close_on);
        }
        "stage_id" => {
            let known = (0..state.stages.len()).find(|n| tables::stage_id(*n) == chosen);
            deal.stage = known.ok_or_else(|| orm::missing("crm.stage", &[chosen]))?;
        }
        "user_id" => {
            let known = (0..state.people.len()).find(|n| tables::user_id(*n) == chosen);
            deal.owner = known.ok_or_else(|| orm::missing("res.users", &[chosen]))?;
        }
        "active" if *value == json!(false) => deal.stage = stage_of(state, Standing::Lost),
        "probability"
            if !(0.0..=100.0).contains(&kept.and_then(|it| it.as_f64()).unwrap_or(0.0)) =>
        {
            return Err(Exception::invalid(
                "The operation cannot be completed: The probability of closing the deal should be \
                 between 0% and 100%!",
            ));
        }
        "priority" if !["0", "1", "2", "3"].contains(&value.as_str().unwrap_or_default()) => {
            return Err(Exception::value_error(format!(
                "Wrong value for crm.lead.priority: {value}"
            )));
        }
        _ => {}
    }
    Ok(())
}

fn stage_of(state: &State, standing: Standing) -> usize {
    let found = state
        .stages
        .iter()
        .position(|stage| stage.standing == standing);
    found.unwrap_or_default()
}

/// Moves records to the stage of won or lost ones.
pub fn set_stage(
    world: &World,
    caller: Caller,
    args: &Args,
    standing: Standing,
    answer: Value,
) -> Result<Value, Exception> {
    let stage = tables::stage_id(stage_of(&world.state(), standing));
    let all = orm::ids(args)
        .into_iter()
        .map(|id| (id, json!({"stage_id": stage})));
    write(world, caller, &all.collect::<Vec<_>>())?;
    Ok(answer)
}

/// Makes opportunities.
pub fn create(world: &World, caller: Caller, args: &Args) -> Result<Value, Exception> {
    let list = match args.get("vals_list") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let mut state = world.state();
    let mut made = Vec::new();
    for vals in list {
        let vals = vals.as_object().cloned().unwrap_or_default();
        let now = world.now();
        let mut deal = Deal {
            id: lead_id(state.deals.len()).to_string(),
            name: String::new(),
            account: String::new(),
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
        set(
            &state,
            &mut deal,
            "name",
            vals.get("name").unwrap_or(&Value::Null),
        )?;
        for (name, value) in &vals {
            if !known(&state, caller, name) {
                return Err(no_field(caller, "crm.lead", name));
            }
            set(&state, &mut deal, name, value)?;
        }
        made.push(lead_id(state.deals.len()));
        state.deals.push(deal);
    }
    Ok(json!(made))
}

/// Deletes opportunities.
pub fn unlink(world: &World, caller: Caller, args: &Args) -> Result<Value, Exception> {
    if !caller.admin {
        return Err(Exception::access(
            "You are not allowed to delete 'Lead' (crm.lead) records.\n\nThis operation is allowed \
             for the following groups:\n\t- Sales/Administrator",
        ));
    }
    let mut state = world.state();
    for id in orm::ids(args) {
        let n = position(&state, id).ok_or_else(|| orm::missing("crm.lead", &[id]))?;
        state.deals[n].deleted_at = Some(world.now());
    }
    Ok(json!(true))
}
