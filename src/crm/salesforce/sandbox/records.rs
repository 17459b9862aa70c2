//! Single records of any object: create, read, change, delete.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::org::{Caller, Org};
use super::plan::{Planner, Source, View, today};
use super::query::deal_at;
use super::render::plain;
use super::rest::Call;
use super::schema::Cell;
use super::tables::stamp;
use super::things::Thing;
use super::{deals, ids, things};
use crate::sandbox::world::State;

/// The members of a record.
pub fn members(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.as_object().ok_or_else(|| {
        Refusal::unreadable("Unexpected parameter encountered during deserialization")
    })
}

/// `POST /sobjects/{object}`.
pub fn create_one(org: &Org, caller: &Caller, object: &str, body: &Value) -> Outcome {
    let id = create(org, caller, object, members(body)?)?;
    Ok(Answer::status(
        201,
        &json!({"id": id, "success": true, "errors": []}),
    ))
}

/// Makes a record; its id.
pub fn create(
    org: &Org,
    caller: &Caller,
    object: &str,
    fields: &Map<String, Value>,
) -> Result<String, Refusal> {
    let source = Source::named(object)?;
    let mut state = org.world.state();
    match source {
        Source::Table(_) if source.is_deal() => deals::create(org, &mut state, caller, fields),
        Source::Thing(thing) if things::MADE_HERE.contains(&thing.name) => {
            create_thing(org, &mut state, thing, fields)
        }
        _ => Err(Refusal::new(
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            format!("entity type cannot be inserted: {object}"),
        )),
    }
}

fn create_thing(
    org: &Org,
    state: &mut State,
    thing: &'static Thing,
    fields: &Map<String, Value>,
) -> Result<String, Refusal> {
    let mut row = Map::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
        let Some((name, _)) = thing.kind(name) else {
            let message = format!("No such column '{name}' on sobject of type {}", thing.name);
            return Err(Refusal::new(400, "INVALID_FIELD", message));
        };
        row.insert(name.to_owned(), value.clone());
    }
    let same = |other: &&Value| {
        thing
            .unique
            .iter()
            .all(|name| other.get(*name) == row.get(*name))
    };
    if let Some(twin) = thing.rows(state).into_iter().find(same) {
        let message = format!(
            "duplicate value found: {} duplicates value on record with id: {}",
            thing.unique.join(","),
            twin["Id"].as_str().unwrap_or_default()
        );
        return Err(Refusal::new(400, "DUPLICATE_VALUE", message));
    }
    things::check(state, thing, &row)?;
    let id = org.book().fresh_id(thing.prefix);
    row.insert("Id".to_owned(), id.clone().into());
    if thing.name == "PermissionSet" {
        row.insert("IsOwnedByProfile".to_owned(), false.into());
    }
    let rows = state
        .things
        .entry(thing.name.to_owned())
        .or_insert_with(|| json!([]));
    if let Value::Array(rows) = rows {
        rows.push(Value::Object(row));
    }
    Ok(id)
}

/// `GET /sobjects/{object}/{id}`: the named fields, or all a user may see.
pub fn get(org: &Org, caller: &Caller, call: &Call, object: &str, id: &str) -> Outcome {
    let names = call
        .query
        .get("fields")
        .map(|names| names.split(',').collect::<Vec<_>>());
    record(org, caller, object, id, names.as_deref()).map(|record| Answer::json(&record))
}

/// A record as JSON.
pub fn record(
    org: &Org,
    caller: &Caller,
    object: &str,
    id: &str,
    names: Option<&[&str]>,
) -> Result<Value, Refusal> {
    let source = Source::named(object)?;
    let state = org.world.state();
    let n = row(&state, source, id).ok_or_else(|| gone(&state, source, id))?;
    let access = org.access(&state, caller.user);
    let planner = Planner {
        source,
        state: &state,
        access: &access,
        today: today(org.world.now()),
    };
    let all: Vec<String>;
    let names: Vec<&str> = match names {
        Some(names) => names.to_vec(),
        None => {
            all = everything(source, &access);
            all.iter().map(String::as_str).collect()
        }
    };
    let view = View::of(source, &state);
    let url = format!(
        "/services/data/{}/sobjects/{}/{id}",
        caller.version,
        source.name()
    );
    let mut record = json!({"attributes": {"type": source.name(), "url": url}});
    for name in names {
        let name = name.trim();
        record[name] = plain(&planner.path(name)?.value(&view, n));
    }
    if record.get("Id").is_none() {
        record["Id"] = ids::checked(id).into();
    }
    Ok(record)
}

/// All fields of an object that a user may see.
pub fn everything(source: Source, access: &super::plan::Access) -> Vec<String> {
    match source {
        Source::Table(table) => {
            let names = table.columns.iter().map(|column| column.name);
            let own = names
                .filter(|name| Some(*name) != access.lacks)
                .map(str::to_owned);
            let custom = access.read.iter().filter(|_| source.is_deal()).cloned();
            own.chain(custom).collect()
        }
        Source::Thing(thing) => {
            let own = thing.columns.iter().map(|(name, _)| (*name).to_owned());
            std::iter::once("Id".to_owned()).chain(own).collect()
        }
    }
}

fn gone(state: &State, source: Source, id: &str) -> Refusal {
    if source.is_deal() && deal_at(state, id).is_some() {
        return Refusal::new(404, "ENTITY_IS_DELETED", "entity is deleted");
    }
    let message =
        "Provided external ID field does not exist or is not accessible: ".to_owned() + id;
    if ids::is_id(id) {
        Refusal::not_found()
    } else {
        Refusal::new(404, "NOT_FOUND", message)
    }
}

/// The row of that id; deleted deals have none.
fn row(state: &State, source: Source, id: &str) -> Option<usize> {
    let id = ids::checked(id);
    match source {
        Source::Table(_) if source.is_deal() => {
            deal_at(state, &id).filter(|n| state.deals[*n].deleted_at.is_none())
        }
        Source::Table(table) => (table.rows)(state)
            .into_iter()
            .find(|n| matches!((table.columns[0].get)(state, *n), Cell::Text(own) if own == id)),
        Source::Thing(thing) => thing
            .rows(state)
            .into_iter()
            .position(|row| row["Id"] == *id),
    }
}

/// `PATCH /sobjects/{object}/{id}`, if it has not changed since where the caller asks so.
pub fn patch(org: &Org, caller: &Caller, call: &Call, object: &str, id: &str) -> Outcome {
    let body = call.json()?;
    let fields = members(&body)?;
    if let Some(since) = call.headers.get("if-unmodified-since") {
        let since = since
            .to_str()
            .ok()
            .and_then(|it| chrono::DateTime::parse_from_rfc2822(it).ok());
        let since = since.ok_or_else(|| {
            Refusal::new(
                400,
                "INVALID_HEADER",
                "Invalid date in If-Unmodified-Since header",
            )
        })?;
        let state = org.world.state();
        let changed = deal_at(&state, id).map(|n| stamp(&state.deals[n]));
        if changed.is_some_and(|at| at > since.timestamp()) {
            let message = "The record was changed after the given date";
            return Err(Refusal::new(412, "PRECONDITION_FAILED", message));
        }
    }
    update(org, caller, object, id, fields)?;
    Ok(Answer::empty(204))
}

/// Changes a record.
pub fn update(
    org: &Org,
    caller: &Caller,
    object: &str,
    id: &str,
    fields: &Map<String, Value>,
) -> Result<(), Refusal> {
    let source = Source::named(object)?;
    let mut state = org.world.state();
    match source {
        Source::Table(_) if source.is_deal() => deals::update(org, &mut state, caller, id, fields),
        Source::Thing(thing) if things::MADE_HERE.contains(&thing.name) => {
            let id = ids::checked(id);
            let rows = state
                .things
                .get_mut(thing.name)
                .and_then(Value::as_array_mut);
            let row = rows.into_iter().flatten().find(|row| row["Id"] == *id);
            let row = row.ok_or_else(Refusal::not_found)?;
            for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
                if let Some((name, _)) = thing.kind(name).filter(|(name, _)| *name != "Id") {
                    row[name] = value.clone();
                }
            }
            Ok(())
        }
        _ => Err(Refusal::new(
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        )),
    }
}

/// `DELETE /sobjects/{object}/{id}`.
pub fn delete_one(org: &Org, caller: &Caller, object: &str, id: &str) -> Outcome {
    delete(org, caller, Source::named(object)?, id)?;
    Ok(Answer::empty(204))
}

/// Deletes a record.
pub fn delete(org: &Org, caller: &Caller, source: Source, id: &str) -> Result<(), Refusal> {
    let mut state = org.world.state();
    match source {
        Source::Table(_) if source.is_deal() => deals::delete(org, &mut state, caller, id),
        Source::Thing(thing) if things::MADE_HERE.contains(&thing.name) => {
            things::remove(&mut state, thing, &ids::checked(id))
        }
        _ => Err(Refusal::new(
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        )),
    }
}
