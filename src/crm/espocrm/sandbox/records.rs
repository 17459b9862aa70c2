//! Records: the world's deals as `Opportunity`, its people as `User`.

use serde_json::{Map, Value, json};

use super::search::{asks, checked, holds};
use super::{Caller, Refusal, Request, admin};
use crate::domain::Time;
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, Deal, State, Trouble, World};

/// The most records of one page.
const MOST_ROWS: usize = 200;
const ATTRIBUTES: &[&str] = &[
    "id",
    "name",
    "deleted",
    "amount",
    "amountCurrency",
    "amountConverted",
    "amountWeightedConverted",
    "stage",
    "lastStage",
    "probability",
    "leadSource",
    "closeDate",
    "description",
    "createdAt",
    "modifiedAt",
    "streamUpdatedAt",
    "accountId",
    "accountName",
    "createdById",
    "createdByName",
    "modifiedById",
    "modifiedByName",
    "assignedUserId",
    "assignedUserName",
    "versionNumber",
];
/// Attributes a list adds unasked.
const ADDED: &[&str] = &["accountId", "assignedUserId", "createdById"];
/// Attributes of a whole record that are about what people did.
const ACTIVITY: &[&str] = &["nextCallName", "lastEmailSubject"];

/// The id of the opportunity at a position: 17 hex digits, growing.
pub fn opportunity_id(n: usize) -> String {
    format!("6b0214{n:011x}")
}

/// The id of the user at a position.
pub fn user_id(n: usize) -> String {
    format!("6b0213{n:011x}")
}

/// The id of an opportunity's customer.
pub fn account_id(deal: &Deal) -> String {
    format!("6b0212{}", deal.id.get(6..).unwrap_or_default())
}

fn position(state: &State, id: &str) -> Option<usize> {
    let n = usize::from_str_radix(id.strip_prefix("6b0214")?, 16).ok()?;
    state
        .deals
        .get(n)
        .filter(|deal| deal.id == id && deal.deleted_at.is_none())
        .map(|_| n)
}

fn no_record(id: &str) -> Refusal {
    Refusal::new(404, format!("Record {id} does not exist."))
}

/// The same, where someone wants to change it.
fn not_found(id: &str) -> Refusal {
    Refusal::new(404, format!("Record {id} not found."))
}

fn text(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn known(state: &State, name: &str) -> bool {
    ATTRIBUTES.contains(&name) || state.fields.contains_key(name)
}

fn value(state: &State, deal: &Deal, name: &str) -> Value {
    let stage = &state.stages[deal.stage];
    let amount = deal.amount.unwrap_or_default();
    match name {
        "id" => json!(deal.id),
        "name" => json!(deal.name),
        "deleted" => json!(false),
        "amount" | "amountConverted" => json!(deal.amount),
        "amountCurrency" => json!(deal.amount.map(|_| deal.currency)),
        "amountWeightedConverted" => json!(amount * f64::from(stage.probability) / 100.0),
        "stage" | "lastStage" => json!(stage.name),
        "probability" => json!(stage.probability),
        "closeDate" => json!(deal.close_on.to_string()),
        "createdAt" => json!(text(deal.created_at)),
        "modifiedAt" | "streamUpdatedAt" => json!(text(deal.changed_at)),
        "accountId" => json!(account_id(deal)),
        "accountName" => json!(deal.account),
        "createdById" | "assignedUserId" => json!(state.people[deal.owner].id),
        "createdByName" | "assignedUserName" => json!(state.people[deal.owner].name()),
        "modifiedById" => json!(state.people[deal.changed_by].id),
        "modifiedByName" => json!(state.people[deal.changed_by].name()),
        "versionNumber" => json!(deal.revision),
        name if ACTIVITY.contains(&name) => json!(CANARY),
        name => deal.custom.get(name).cloned().unwrap_or_default(),
    }
}

/// A whole record.
fn record(state: &State, deal: &Deal) -> Value {
    let names = ATTRIBUTES.iter().chain(ACTIVITY).copied();
    let names = names.chain(state.fields.keys().map(String::as_str));
    let members = names.map(|name| (name.to_owned(), value(state, deal, name)));
    Value::Object(members.collect())
}

fn open_won_lost(word: &str) -> Option<Standing> {
    match word {
        "open" => Some(Standing::Open),
        "won" => Some(Standing::Won),
        "lost" => Some(Standing::Lost),
        _ => None,
    }
}

/// What a page may hold: how many are skipped, how many shown.
pub fn page(request: &Request) -> Result<(usize, usize), Refusal> {
    let rows = request.query.number("maxSize").unwrap_or(MOST_ROWS);
    if rows > MOST_ROWS {
        let why = format!("Max size should not exceed {MOST_ROWS}. Use offset and limit.");
        return Err(Refusal::new(403, why));
    }
    Ok((request.query.number("offset").unwrap_or(0), rows))
}

/// A list of opportunities.
pub fn list(request: &Request) -> Result<Value, Refusal> {
    let (skip, rows) = page(request)?;
    let state = request.world.state();
    let conditions = request.query.conditions();
    checked(&conditions, &|name| known(&state, name))?;
    let order = request.query.text("orderBy");
    let order = if order.is_empty() { "createdAt" } else { order };
    if !known(&state, order) {
        return Err(Refusal::new(
            400,
            format!("Order by non-existing field '{order}'."),
        ));
    }
    let standing = open_won_lost(request.query.text("primaryFilter"));
    let words = request.query.text("textFilter").to_lowercase();
    let mine = request.query.wants_own();
    let by_change = asks(&conditions, "modifiedAt");
    let now = request.world.now();
    let found = state.deals.iter().filter(|deal| {
        deal.deleted_at.is_none()
            && standing.is_none_or(|wanted| state.stages[deal.stage].standing == wanted)
            && !(by_change && deal.visible_at > now)
            && deal.name.to_lowercase().contains(&words)
            && (!mine || deal.owner == 0)
            && holds(&conditions, &|name| value(&state, deal, name))
    });
    let uncounted = request.header("x-no-total") == "true";
    let mut found: Vec<&Deal> = match (order, uncounted) {
        // In the order they are kept: no more needs to be looked at than is shown.
        ("id", true) => found.take(skip + rows + 1).collect(),
        _ => found.collect(),
    };
    match order {
        "id" => {}
        "modifiedAt" => {
            found.sort_by_cached_key(|deal| (deal.changed_at.timestamp(), deal.id.clone()));
        }
        _ => found
            .sort_by_cached_key(|deal| (value(&state, deal, order).to_string(), deal.id.clone())),
    }
    if request.query.text("order") == "desc" {
        found.reverse();
    }
    let total = match (uncounted, found.len() > skip + rows) {
        (false, _) => json!(found.len()),
        (true, true) => json!(-1),
        (true, false) => json!(-2),
    };
    let names = request.query.attributes();
    let mut list: Vec<Value> = found
        .into_iter()
        .skip(skip)
        .take(rows)
        .map(|deal| shown(&state, deal, names.as_deref()))
        .collect();
    if rows > 1 && request.world.weather().duplicates() {
        list.extend(list.first().cloned());
    }
    Ok(json!({"total": total, "list": list}))
}

fn shown(state: &State, deal: &Deal, names: Option<&[String]>) -> Value {
    let Some(names) = names else {
        return record(state, deal);
    };
    let asked = names
        .iter()
        .map(String::as_str)
        .filter(|name| known(state, name));
    let names = asked.chain(ADDED.iter().copied()).chain(["id"]);
    let members = names.map(|name| (name.to_owned(), value(state, deal, name)));
    Value::Object(members.collect())
}

/// One whole record.
pub fn read(request: &Request, id: &str) -> Result<Value, Refusal> {
    let state = request.world.state();
    let n = position(&state, id).ok_or_else(|| no_record(id))?;
    Ok(record(&state, &state.deals[n]))
}

/// Changes some attributes of a record.
pub fn update(request: &Request, id: &str) -> Result<Value, Refusal> {
    let body = request.json()?;
    let mut state = request.world.state();
    let n = position(&state, id).ok_or_else(|| not_found(id))?;
    let values = body.as_object().cloned().unwrap_or_default();
    stands_in_the_way(request.world, &mut state.deals[n])?;
    let version: Option<u64> = request.header("x-version-number").parse().ok();
    if version.is_some_and(|version| version != state.deals[n].revision) {
        let differing: Map<String, Value> = values
            .iter()
            .filter(|(name, _)| known(&state, name))
            .map(|(name, sent)| (name, sent, value(&state, &state.deals[n], name)))
            .filter(|(_, sent, kept)| *sent != kept)
            .map(|(name, _, kept)| (name.clone(), kept))
            .collect();
        if !differing.is_empty() {
            let body = json!({"values": differing, "versionNumber": state.deals[n].revision});
            return Err(Refusal::new(409, "modified").with(body));
        }
    }
    write(request.world, &mut state, n, &values)?;
    Ok(record(&state, &state.deals[n]))
}

fn write(
    world: &World,
    state: &mut State,
    n: usize,
    values: &Map<String, Value>,
) -> Result<(), Refusal> {
    let mut changed = state.deals[n].clone();
    for (name, value) in values {
        set(state, &mut changed, name, value)?;
    }
    state.deals[n] = changed;
    world.touch(state, n, 0);
    Ok(())
}

/// Sets one attribute; unknown ones are passed over.
fn set(state: &State, deal: &mut Deal, name: &str, value: &Value) -> Result<(), Refusal> {
    if let Some(definition) = state.fields.get(name) {
        match admin::stored(name, definition, value)? {
            Value::Null => deal.custom.remove(name),
            kept => deal.custom.insert(name.to_owned(), kept),
        };
        return Ok(());
    }
    let words = value.as_str().unwrap_or_default();
    match name {
        "name" if words.is_empty() => return Err(admin::invalid(name, "required")),
        "name" => words.clone_into(&mut deal.name),
        "accountName" => words.clone_into(&mut deal.account),
        "amount" => deal.amount = value.as_f64(),
        "closeDate" => {
            deal.close_on = words.parse().map_err(|_| admin::invalid(name, "valid"))?;
        }
        "stage" => {
            let stage = state.stages.iter().position(|stage| stage.name == words);
            deal.stage = stage.ok_or_else(|| admin::invalid(name, "valid"))?;
        }
        "assignedUserId" => {
            let owner = state.person_at(words);
            deal.owner = owner.ok_or_else(|| {
                Refusal::new(
                    403,
                    "Assignment failure: assigned user or team not allowed.",
                )
            })?;
        }
        _ => {}
    }
    Ok(())
}

fn stands_in_the_way(world: &World, deal: &mut Deal) -> Result<(), Refusal> {
    let busy = || Err(Refusal::new(500, ""));
    match &mut deal.trouble {
        Some(Trouble::Refused(message)) => return Err(Refusal::new(400, message.clone())),
        Some(Trouble::Busy(0)) => deal.trouble = None,
        Some(Trouble::Busy(times)) => {
            *times -= 1;
            return busy();
        }
        Some(Trouble::Locked | Trouble::ReadOnly) => {
            return Err(Refusal::new(403, "No edit access."));
        }
        None => {}
    }
    if world.weather().busy() {
        busy()
    } else {
        Ok(())
    }
}

/// Makes a record.
pub fn create(request: &Request) -> Result<Value, Refusal> {
    let body = request.json()?;
    let now = request.world.now();
    let mut state = request.world.state();
    let mut deal = Deal {
        id: opportunity_id(state.deals.len()),
        name: String::new(),
        account: String::new(),
        stage: 0,
        amount: None,
        currency: "USD",
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
    let values = body.as_object().cloned().unwrap_or_default();
    for required in ["name", "amount", "closeDate"] {
        if values.get(required).is_none_or(Value::is_null) {
            return Err(admin::invalid(required, "required"));
        }
    }
    for (name, value) in &values {
        set(&state, &mut deal, name, value)?;
    }
    let made = record(&state, &deal);
    state.deals.push(deal);
    Ok(made)
}

/// Deletes a record, as far as anyone can see.
pub fn delete(request: &Request, id: &str) -> Result<Value, Refusal> {
    if request.caller == Caller::Api {
        return Err(Refusal::new(403, "No delete access."));
    }
    let mut state = request.world.state();
    let n = position(&state, id).ok_or_else(|| not_found(id))?;
    state.deals[n].deleted_at = Some(request.world.now());
    Ok(json!(true))
}

/// Sets the same values on many records.
pub fn mass_update(request: &Request) -> Result<Value, Refusal> {
    let body = request.json()?;
    let values = body["data"]["values"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let ids = body["params"]["ids"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut state = request.world.state();
    let mut done = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        if let Some(n) = position(&state, id) {
            write(request.world, &mut state, n, &values)?;
            done.push(id);
        }
    }
    Ok(json!({"count": done.len(), "ids": done}))
}
