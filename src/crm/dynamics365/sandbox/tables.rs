//! The small tables: users, currencies, accounts, and what customizers make.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::filter::Cell;
use super::query::{Query, Table};
use super::{Answer, Ask, Org, at, data, done, no_segment, refuse};
use crate::sandbox::world::{Role, State};

/// An id of some kind of thing, by its number.
pub fn guid(kind: u32, n: usize) -> String {
    format!("{kind:08x}-9c1d-ec11-b6e6-{n:012x}")
}

/// The id of an account, by its name.
pub fn account_id(name: &str) -> String {
    let sum = name.bytes().fold(5_381_usize, |sum, byte| {
        (sum * 33 + usize::from(byte)) & 0xffff_ffff
    });
    guid(0x1f1a_7b51, sum)
}

/// The id of a currency, by its code.
pub fn currency_id(code: &str) -> String {
    guid(
        0x2f1a_7b51,
        code.bytes()
            .fold(0, |sum, byte| sum * 256 + usize::from(byte)),
    )
}

/// Set name, singular name, key column, whether rows can be made, and the columns.
pub type Shape = (
    &'static str,
    &'static str,
    &'static str,
    bool,
    &'static [&'static str],
);

/// The small tables.
pub const SHAPES: &[Shape] = &[
    (
        "systemusers",
        "systemuser",
        "systemuserid",
        false,
        &[
            "systemuserid",
            "fullname",
            "internalemailaddress",
            "domainname",
            "azureactivedirectoryobjectid",
            "isdisabled",
            "accessmode",
            "applicationid",
            "_parentsystemuserid_value",
        ],
    ),
    (
        "transactioncurrencies",
        "transactioncurrency",
        "transactioncurrencyid",
        false,
        &[
            "transactioncurrencyid",
            "isocurrencycode",
            "currencyprecision",
        ],
    ),
    (
        "accounts",
        "account",
        "accountid",
        false,
        &["accountid", "name"],
    ),
    (
        "savedqueries",
        "savedquery",
        "savedqueryid",
        true,
        &[
            "savedqueryid",
            "name",
            "description",
            "returnedtypecode",
            "querytype",
            "fetchxml",
            "layoutxml",
            "isdefault",
        ],
    ),
    (
        "solutions",
        "solution",
        "solutionid",
        true,
        &[
            "solutionid",
            "uniquename",
            "friendlyname",
            "version",
            "_publisherid_value",
        ],
    ),
    (
        "publishers",
        "publisher",
        "publisherid",
        true,
        &[
            "publisherid",
            "uniquename",
            "friendlyname",
            "customizationprefix",
            "customizationoptionvalueprefix",
        ],
    ),
];

struct Rows {
    shape: &'static Shape,
    rows: Vec<Map<String, Json>>,
}

/// Answers for one of these tables.
pub fn answer(
    org: &Org,
    state: &mut State,
    ask: &Ask,
    set: &str,
    key: Option<&str>,
) -> Result<Answer, Answer> {
    let shape = SHAPES
        .iter()
        .find(|(name, ..)| *name == set)
        .ok_or_else(|| no_segment(set))?;
    let (.., key_column, writable, _) = *shape;
    match (&ask.method, key) {
        (&Method::GET, None) => list(state, ask, shape),
        (&Method::GET, Some(id)) => {
            let query = Query::read(ask)?;
            let table = rows(state, shape);
            query.checked(&table)?;
            let row = table.rows.iter().position(|row| row[key_column] == id);
            let row = row.ok_or_else(|| missing(shape, id))?;
            Ok(data(&Json::Object(table.shown(row, &query))))
        }
        (&Method::POST, None) if writable => create(org, state, ask, shape),
        (&Method::DELETE, Some(id)) if writable => {
            let name = format!("{set}:{id}");
            if set == "publishers" && in_use(state, id) {
                let message =
                    "The Publisher cannot be deleted because it is referenced by a solution.";
                return Err(refuse(400, "0x8004F033", message));
            }
            state
                .things
                .remove(&name)
                .ok_or_else(|| missing(shape, id))?;
            Ok(done())
        }
        _ => Err(refuse(
            405,
            "0x80060888",
            "The HTTP method is not supported on this resource.",
        )),
    }
}

fn missing((_, name, ..): &Shape, id: &str) -> Answer {
    let message = format!("{name} With Id = {id} Does Not Exist");
    refuse(404, "0x80040217", &message)
}

fn in_use(state: &State, publisher: &str) -> bool {
    let solutions = state
        .things
        .iter()
        .filter(|(name, _)| name.starts_with("solutions:"));
    solutions
        .into_iter()
        .any(|(_, row)| row["_publisherid_value"] == publisher)
}

fn list(state: &State, ask: &Ask, shape: &'static Shape) -> Result<Answer, Answer> {
    let query = Query::read(ask)?;
    let table = rows(state, shape);
    query.checked(&table)?;
    let count = query.counted(&table, 0..table.rows.len());
    let (page, next) = query.page(ask, &table, 0..table.rows.len());
    let shown: Vec<Json> = page
        .into_iter()
        .map(|row| Json::Object(table.shown(row, &query)))
        .collect();
    Ok(query.answer(ask, &table, &shown, next, count))
}

fn create(
    org: &Org,
    state: &mut State,
    ask: &Ask,
    shape: &'static Shape,
) -> Result<Answer, Answer> {
    let (set, name, key, _, columns) = *shape;
    let mut row = ask.json()?;
    if let Some(Json::String(bound)) = row.remove("publisherid@odata.bind") {
        let id = bound
            .trim_start_matches("/publishers(")
            .trim_end_matches(')')
            .to_owned();
        if !state.things.contains_key(&format!("publishers:{id}")) {
            let message = format!("publisher With Id = {id} Does Not Exist");
            return Err(refuse(404, "0x80040217", &message));
        }
        row.insert("_publisherid_value".to_owned(), Json::from(id));
    }
    if let Some(column) = row
        .keys()
        .find(|column| !columns.contains(&column.as_str()))
    {
        return Err(super::query::unknown_column(column, name));
    }
    if let Some(why) = objection(state, set, &row) {
        return Err(refuse(400, "0x80040203", &why));
    }
    let random = u64::from_le_bytes(org.world.env().bytes());
    let id = match row.get(key).and_then(Json::as_str) {
        Some(id) => id.to_owned(),
        None => guid(random as u32, (random >> 32) as usize),
    };
    row.insert(key.to_owned(), Json::from(id.clone()));
    state
        .things
        .insert(format!("{set}:{id}"), Json::Object(row));
    Ok(at(ask, set, &id))
}

/// What is wrong with a row to be made.
fn objection(state: &State, set: &str, row: &Map<String, Json>) -> Option<String> {
    let text = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default();
    match set {
        "publishers" => {
            let prefix = text("customizationprefix");
            let fits = (2..=8).contains(&prefix.len())
                && prefix.chars().all(|c| c.is_ascii_alphanumeric());
            let options = row
                .get("customizationoptionvalueprefix")
                .and_then(Json::as_i64);
            let fits = fits && options.is_some_and(|it| (10_000..100_000).contains(&it));
            (!fits).then(|| "The publisher's prefix is not valid.".to_owned())
        }
        "solutions" if !row.contains_key("_publisherid_value") => {
            Some("A solution needs a publisher.".to_owned())
        }
        "savedqueries" => {
            let fetch = text("fetchxml");
            if text("returnedtypecode") != "opportunity" || !fetch.starts_with("<fetch") {
                return Some("The view's query is missing or malformed.".to_owned());
            }
            let unknown = columns_of(fetch).into_iter().find(|column| {
                let lookups = ["ownerid", "parentaccountid", "customerid"];
                let table = super::columns::Opportunities { state };
                !table.has(column) && !lookups.contains(&column.as_str())
            });
            unknown.map(|column| {
                format!("'opportunity' entity doesn't contain attribute with Name = '{column}'.")
            })
        }
        _ => None,
    }
}

/// The columns that a FetchXML names.
pub fn columns_of(fetch: &str) -> Vec<String> {
    ["<attribute name='", "attribute='"]
        .iter()
        .flat_map(|mark| fetch.split(mark).skip(1))
        .filter_map(|rest| rest.split('\'').next())
        .map(str::to_owned)
        .collect()
}

fn rows(state: &State, shape: &'static Shape) -> Rows {
    let (set, ..) = *shape;
    let made: Vec<Json> = match set {
        "systemusers" => users(state),
        "transactioncurrencies" => ["EUR", "USD", "GBP", "INR"]
            .iter()
            .map(|code| json!({"transactioncurrencyid": currency_id(code), "isocurrencycode": code, "currencyprecision": 2}))
            .collect(),
        "accounts" => {
            let names: BTreeMap<&str, ()> =
                state.deals.iter().map(|deal| (deal.account.as_str(), ())).collect();
            names
                .keys()
                .map(|name| json!({"accountid": account_id(name), "name": name}))
                .collect()
        }
        _ => {
            let ours = format!("{set}:");
            let things = state.things.iter().filter(|(name, _)| name.starts_with(&ours));
            things.map(|(_, row)| row.clone()).collect()
        }
    };
    let rows = made.into_iter().filter_map(|row| match row {
        Json::Object(row) => Some(row),
        _ => None,
    });
    Rows {
        shape,
        rows: rows.collect(),
    }
}

fn users(state: &State) -> Vec<Json> {
    let people = state.people.iter().enumerate();
    people
        .map(|(n, person)| {
            let app = person.role == Role::Integration;
            json!({
                "systemuserid": person.id,
                "fullname": person.name(),
                "internalemailaddress": person.email,
                "domainname": person.email,
                "azureactivedirectoryobjectid": super::entra::object_id(n),
                "isdisabled": !person.active,
                "accessmode": if app { 4 } else { 0 },
                "applicationid": app.then(|| guid(0x7f3d_9c10, 1)),
                "_parentsystemuserid_value": person.manager.map(|n| state.people[n].id.clone()),
            })
        })
        .collect()
}

impl Table for Rows {
    fn has(&self, column: &str) -> bool {
        let (.., columns) = self.shape;
        columns.contains(&column)
    }

    fn cell(&self, row: usize, column: &str) -> Option<Cell<'_>> {
        self.has(column).then(|| match self.rows[row].get(column) {
            Some(Json::Bool(it)) => Cell::Bool(*it),
            Some(Json::Number(it)) => it.as_f64().map_or(Cell::Null, Cell::Number),
            Some(Json::String(it)) => Cell::text(it),
            _ => Cell::Null,
        })
    }

    fn shown(&self, row: usize, query: &Query) -> Map<String, Json> {
        let (_, _, key, _, columns) = *self.shape;
        let held = &self.rows[row];
        let wanted = |column: &&&str| {
            query.select.is_empty()
                || **column == key
                || query.select.iter().any(|it| it == **column)
        };
        let mut shown: Map<String, Json> = columns
            .iter()
            .filter(wanted)
            .map(|column| {
                let value = held.get(*column).cloned().unwrap_or(Json::Null);
                ((*column).to_owned(), value)
            })
            .collect();
        shown.insert(
            "@odata.etag".to_owned(),
            Json::from(format!("W/\"{}\"", 900_000 + row)),
        );
        shown
    }

    fn set(&self) -> &'static str {
        self.shape.0
    }

    fn name(&self) -> &'static str {
        self.shape.1
    }
}
