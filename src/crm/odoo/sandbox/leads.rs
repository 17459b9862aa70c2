//! `crm.lead`: the world's deals as opportunities.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::domain::{self, Leaf, Test};
use super::meta;
use super::orm::{self, Args, no_field, no_field_in_domain};
use super::{Caller, Edition, Exception, changes, tables, values};
use crate::domain::Time;
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, State, World};

/// The standard fields: name, type, label, and for links the model they lead to.
pub const STANDARD: &[(&str, &str, &str, &str)] = &[
    ("id", "integer", "ID", ""),
    ("display_name", "char", "Display Name", ""),
    ("name", "char", "Opportunity", ""),
    ("type", "selection", "Type", ""),
    ("active", "boolean", "Active", ""),
    ("stage_id", "many2one", "Stage", "crm.stage"),
    ("team_id", "many2one", "Sales Team", "crm.team"),
    ("user_id", "many2one", "Salesperson", "res.users"),
    ("partner_id", "many2one", "Customer", "res.partner"),
    ("partner_name", "char", "Company Name", ""),
    ("expected_revenue", "monetary", "Expected Revenue", ""),
    ("company_id", "many2one", "Company", "res.company"),
    ("company_currency", "many2one", "Currency", "res.currency"),
    ("date_deadline", "date", "Expected Closing", ""),
    ("date_closed", "datetime", "Closed Date", ""),
    ("probability", "float", "Probability", ""),
    ("won_status", "selection", "Won/Lost", ""),
    ("priority", "selection", "Priority", ""),
    ("description", "html", "Notes", ""),
    ("create_date", "datetime", "Created on", ""),
    ("create_uid", "many2one", "Created by", "res.users"),
    ("write_date", "datetime", "Last Updated on", ""),
    ("write_uid", "many2one", "Last Updated by", "res.users"),
    ("activity_summary", "char", "Next Activity Summary", ""),
    (
        "activity_date_deadline",
        "date",
        "Next Activity Deadline",
        "",
    ),
    ("message_ids", "one2many", "Messages", "mail.message"),
];
/// Those that cannot be written; a write of them is ignored.
const READ_ONLY: &[&str] = &[
    "id",
    "display_name",
    "company_currency",
    "won_status",
    "create_date",
    "create_uid",
    "write_date",
    "write_uid",
];

/// The number of the opportunity at a position.
pub fn lead_id(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX - 1) + 1
}

/// The number of the customer of the opportunity at a position.
pub fn partner_id(n: usize) -> i64 {
    lead_id(n) + 5000
}

/// The position of the opportunity of that number; none where it is deleted.
pub fn position(state: &State, id: i64) -> Option<usize> {
    let n = usize::try_from(id - 1).ok()?;
    state
        .deals
        .get(n)
        .filter(|deal| deal.deleted_at.is_none())
        .map(|_| n)
}

/// One call of a method of the model.
pub fn call(world: &World, caller: Caller, method: &str, args: &Args) -> Result<Value, Exception> {
    match method {
        "fields_get" => Ok(fields_get(&world.state(), caller, args)),
        "search_count" => Ok(json!(search(world, caller, args)?.len())),
        "search" => {
            let found = search(world, caller, args)?;
            Ok(found.into_iter().map(lead_id).map(Value::from).collect())
        }
        "search_read" => {
            let mut found = search(world, caller, args)?;
            if world.weather().duplicates() {
                found.extend(found.first().copied());
            }
            rows(&world.state(), caller, &found, args)
        }
        "read" => {
            let state = world.state();
            let found = orm::ids(args)
                .into_iter()
                .filter_map(|id| position(&state, id));
            rows(&state, caller, &found.collect::<Vec<_>>(), args)
        }
        "write" => {
            let vals = args.get("vals").cloned().unwrap_or_default();
            let all = orm::ids(args).into_iter().map(|id| (id, vals.clone()));
            changes::write(world, caller, &all.collect::<Vec<_>>())?;
            Ok(json!(true))
        }
        "web_save_multi" => changes::save_multi(world, caller, args),
        "create" => changes::create(world, caller, args),
        "unlink" => changes::unlink(world, caller, args),
        "action_set_won" => changes::set_stage(world, caller, args, Standing::Won, json!(true)),
        "action_set_lost" => changes::set_stage(world, caller, args, Standing::Lost, Value::Null),
        "has_access" => Ok(json!(true)),
        _ => Err(super::not_found(format!(
            "The method 'crm.lead.{method}' does not exist"
        ))),
    }
}

/// Whether the model has such a field.
pub fn known(state: &State, caller: Caller, field: &str) -> bool {
    if field == "won_status" && caller.edition == Edition::Seventeen {
        return false;
    }
    STANDARD.iter().any(|(name, ..)| *name == field) || state.fields.contains_key(field)
}

/// The value of a field; a link is its number and name.
fn value(state: &State, n: usize, field: &str) -> Value {
    let deal = &state.deals[n];
    let stage = &state.stages[deal.stage];
    let user = |n: usize| json!([tables::user_id(n), state.people[n].name()]);
    match field {
        "id" => json!(lead_id(n)),
        "name" | "display_name" => json!(deal.name),
        "type" => json!("opportunity"),
        "active" => json!(stage.standing != Standing::Lost),
        "stage_id" => json!([tables::stage_id(deal.stage), stage.name]),
        "stage_id.is_won" => json!(stage.standing == Standing::Won),
        "team_id" => tables::team_of(state, deal.owner),
        "user_id" => user(deal.owner),
        "partner_id" => json!([partner_id(n), deal.account]),
        "partner_name" => json!(deal.account),
        "expected_revenue" => json!(deal.amount.unwrap_or(0.0)),
        "company_id" => json!([tables::currency_id(deal.currency), "Meridian"]),
        "company_currency" => json!([tables::currency_id(deal.currency), deal.currency]),
        "date_deadline" => json!(deal.close_on.to_string()),
        "date_closed" if stage.standing != Standing::Open => json!(text(deal.changed_at)),
        "probability" => json!(f64::from(stage.probability)),
        "won_status" => json!(match stage.standing {
            Standing::Open => "pending",
            Standing::Won => "won",
            Standing::Lost => "lost",
        }),
        "priority" => json!("0"),
        "create_date" => json!(text(deal.created_at)),
        "create_uid" => user(0),
        "write_date" => json!(text(deal.changed_at)),
        "write_uid" => user(deal.changed_by),
        "activity_summary" => json!(format!("Call {CANARY}")),
        "message_ids" => json!([CANARY.parse::<i64>().unwrap_or_default()]),
        _ => match (deal.custom.get(field), state.fields.get(field)) {
            (Some(kept), Some(_)) => kept.clone(),
            (None, Some(definition)) => {
                values::empty(definition["ttype"].as_str().unwrap_or_default())
            }
            _ => json!(false),
        },
    }
}

fn text(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn search(world: &World, caller: Caller, args: &Args) -> Result<Vec<usize>, Exception> {
    let everything = json!([]);
    let test = domain::read(args.get("domain").unwrap_or(&everything))?;
    let state = world.state();
    for leaf in test.leaves() {
        if leaf.field != "stage_id.is_won" && !known(&state, caller, &leaf.field) {
            return Err(no_field_in_domain(caller, "crm.lead", leaf));
        }
    }
    let hidden = args
        .get("context")
        .is_some_and(|context| context["active_test"] == json!(false))
        || test.asks("active");
    let by_change = test.asks("write_date");
    let now = world.now();
    let found = |n: &usize| {
        let deal = &state.deals[*n];
        deal.deleted_at.is_none()
            && (hidden || state.stages[deal.stage].standing != Standing::Lost)
            && !(by_change && deal.visible_at > now)
            && holds(&state, caller, *n, &test)
    };
    let first = usize::try_from(test.ids_after()).unwrap_or(0);
    let all = (first..state.deals.len()).filter(found);
    let offset = orm::number(args, "offset").unwrap_or(0);
    let limit = orm::number(args, "limit")
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let order = args
        .get("order")
        .and_then(Value::as_str)
        .filter(|order| !order.is_empty())
        .unwrap_or("id desc");
    if order == "id" || order == "id asc" {
        return Ok(all.skip(offset).take(limit).collect());
    }
    let mut all: Vec<usize> = all.collect();
    let columns = columns(&state, caller, order)?;
    all.sort_by(|a, b| compare(&state, &columns, *a, *b));
    Ok(all.into_iter().skip(offset).take(limit).collect())
}

fn holds(state: &State, caller: Caller, n: usize, test: &Test) -> bool {
    let deal = &state.deals[n];
    test.holds(&|leaf: &Leaf| match leaf.field.as_str() {
        "write_date" => leaf.met_at(deal.changed_at, caller.edition),
        "create_date" => leaf.met_at(deal.created_at, caller.edition),
        "type" => leaf.met_by(&json!("opportunity")),
        field => leaf.met_by(&value(state, n, field)),
    })
}

/// What to sort by, and whether downwards.
fn columns(state: &State, caller: Caller, order: &str) -> Result<Vec<(String, bool)>, Exception> {
    let columns = order.split(',').map(|column| {
        let mut words = column.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        if !known(state, caller, &name) {
            return Err(no_field(caller, "crm.lead", &name));
        }
        Ok((name, words.next() == Some("desc")))
    });
    columns.collect()
}

fn compare(state: &State, columns: &[(String, bool)], a: usize, b: usize) -> Ordering {
    let changed = |n: usize| state.deals[n].changed_at;
    for (name, down) in columns {
        let order = match name.as_str() {
            "id" => a.cmp(&b),
            // Sorted by the stored microseconds, which answers do not show.
            "write_date" => changed(a).cmp(&changed(b)),
            _ => {
                let (a, b) = (value(state, a, name), value(state, b, name));
                match (a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b)) => a.total_cmp(&b),
                    _ => a.to_string().cmp(&b.to_string()),
                }
            }
        };
        let order = if *down { order.reverse() } else { order };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Opportunities as they are returned.
pub fn rows(
    state: &State,
    caller: Caller,
    found: &[usize],
    args: &Args,
) -> Result<Value, Exception> {
    let asked = orm::names(args, "fields").filter(|names| !names.is_empty());
    let names: Vec<String> = match asked {
        Some(names) => names,
        // Nobody said which, so it is all of them.
        None => all_names(state, caller),
    };
    if let Some(unknown) = names.iter().find(|name| !known(state, caller, name)) {
        return Err(no_field(caller, "crm.lead", unknown));
    }
    let bare = args.get("load").is_some_and(Value::is_null);
    let rows = found.iter().map(|n| {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(lead_id(*n)));
        for name in &names {
            row.insert(name.clone(), tables::loaded(value(state, *n, name), bare));
        }
        Value::Object(row)
    });
    Ok(rows.collect())
}

fn all_names(state: &State, caller: Caller) -> Vec<String> {
    let standard = STANDARD.iter().map(|(name, ..)| (*name).to_owned());
    let names = standard.chain(state.fields.keys().cloned());
    names.filter(|name| known(state, caller, name)).collect()
}

fn fields_get(state: &State, caller: Caller, args: &Args) -> Value {
    let names = orm::names(args, "allfields").filter(|names| !names.is_empty());
    let names = names.unwrap_or_else(|| all_names(state, caller));
    let attributes = orm::names(args, "attributes");
    let mut described = Map::new();
    for name in names.into_iter().filter(|name| known(state, caller, name)) {
        let standard = STANDARD.iter().find(|(known, ..)| *known == name);
        let mut field = match (standard, state.fields.get(&name)) {
            (Some((_, kind, label, relation)), _) => {
                let mut field = json!({
                    "type": kind,
                    "string": label,
                    "readonly": READ_ONLY.contains(&name.as_str()),
                    "required": name == "name",
                });
                if !relation.is_empty() {
                    field["relation"] = json!(relation);
                }
                field
            }
            (None, Some(definition)) => meta::described(definition),
            (None, None) => continue,
        };
        for (key, value) in [
            ("name", json!(name)),
            ("store", json!(true)),
            ("searchable", json!(true)),
            ("sortable", json!(true)),
        ] {
            field[key] = value;
        }
        if let (Some(wanted), Some(field)) = (&attributes, field.as_object_mut()) {
            field.retain(|key, _| wanted.contains(key));
        }
        described.insert(name, field);
    }
    Value::Object(described)
}
