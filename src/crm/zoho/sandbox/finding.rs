//! Search by criteria or words, counts, and what a list of modules, accounts, profiles and roles says.

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::criteria::{Cell, cell, compared};
use super::shapes::{account_id, asked, shown};
use super::{Answer, Ask, OTHER, data, id, invalid_module, no_such_method, nothing, refuse};
use crate::sandbox::world::State;

/// Rows of a page.
const LARGEST_PAGE: usize = 200;

/// Criteria of a search: `((Stage:equals:Closed Won)and(Amount:greater_than:10))`.
enum Wanted {
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Is(String, String, String),
}

impl Wanted {
    fn read(text: &str) -> Option<(Self, &str)> {
        let inner = text.strip_prefix('(')?;
        let (mut left, mut rest) = match inner.starts_with('(') {
            true => Self::read(inner)?,
            false => {
                let (plain, rest) = inner.split_once(')')?;
                let mut parts = plain.splitn(3, ':');
                let mut part = || parts.next().map(str::to_owned);
                return Some((Self::Is(part()?, part()?, part()?), rest));
            }
        };
        loop {
            if let Some(rest) = rest.strip_prefix(')') {
                return Some((left, rest));
            }
            let (both, after) = match rest.strip_prefix("and") {
                Some(after) => (true, after),
                None => (false, rest.strip_prefix("or")?),
            };
            let (right, after) = Self::read(after)?;
            let (a, b) = (Box::new(left), Box::new(right));
            left = if both {
                Self::Both(a, b)
            } else {
                Self::Either(a, b)
            };
            rest = after;
        }
    }

    fn holds(&self, state: &State, n: usize) -> bool {
        match self {
            Self::Both(a, b) => a.holds(state, n) && b.holds(state, n),
            Self::Either(a, b) => a.holds(state, n) || b.holds(state, n),
            Self::Is(column, how, value) => {
                let held = cell(state, n, column);
                let like = |value: &str| match &held {
                    Cell::Text(_) => Cell::Text(value.to_owned()),
                    _ if column.ends_with("_Time") => {
                        let time = chrono::DateTime::parse_from_rfc3339(value);
                        time.map_or(Cell::Null, |time| Cell::Number(time.timestamp()))
                    }
                    _ => value
                        .parse::<f64>()
                        .map_or(Cell::Null, |it| Cell::Number(it as i64)),
                };
                let order = || compared(&held, &like(value));
                let text = |cell: &Cell| match cell {
                    Cell::Text(text) => text.to_lowercase(),
                    _ => String::new(),
                };
                match how.as_str() {
                    "equals" => held == like(value),
                    "not_equal" => held != like(value),
                    "starts_with" => text(&held).starts_with(&value.to_lowercase()),
                    "in" => value.split(',').any(|value| held == like(value)),
                    "greater_than" => order().is_gt(),
                    "greater_equal" => order().is_ge(),
                    "less_than" => order().is_lt(),
                    "less_equal" => order().is_le(),
                    _ => false,
                }
            }
        }
    }
}

/// The deals that criteria or a word find; all of them where neither is given.
fn found(state: &State, ask: &Ask) -> Result<Vec<usize>, Answer> {
    let alive = (0..state.deals.len()).filter(|n| state.deals[*n].deleted_at.is_none());
    if let Some(text) = ask.param("criteria") {
        let whole = format!("({text})");
        let read = Wanted::read(text).filter(|(_, rest)| rest.is_empty());
        let read = read.or_else(|| Wanted::read(&whole).filter(|(_, rest)| rest.is_empty()));
        let Some((wanted, _)) = read else {
            let message = "Invalid query formed";
            return Err(refuse(
                400,
                "INVALID_QUERY",
                json!({"reason": "invalid criteria"}),
                message,
            ));
        };
        return Ok(alive.filter(|n| wanted.holds(state, *n)).collect());
    }
    // Deals have neither an address nor a number of their own.
    if ask.param("email").or(ask.param("phone")).is_some() {
        return Ok(Vec::new());
    }
    let word = ask.param("word").unwrap_or_default().to_lowercase();
    let has = |n: &usize| {
        let deal = &state.deals[*n];
        deal.name.to_lowercase().contains(&word) || deal.account.to_lowercase().contains(&word)
    };
    Ok(alive.filter(has).collect())
}

/// `GET Deals/search`.
pub fn search(state: &State, ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::GET {
        return Err(no_such_method());
    }
    let params = ["criteria", "word", "email", "phone"];
    if params.iter().all(|name| ask.param(name).is_none()) {
        let details = json!({"param_names": params});
        let message = "One of the expected parameter is missing";
        return Err(refuse(400, "REQUIRED_PARAM_MISSING", details, message));
    }
    let number = |name: &str, usual: usize| {
        let told = ask.param(name).and_then(|it| it.parse().ok());
        told.unwrap_or(usual).max(1)
    };
    let (size, page) = (
        number("per_page", LARGEST_PAGE).min(LARGEST_PAGE),
        number("page", 1),
    );
    let rows = found(state, ask)?;
    let names = asked(ask, state);
    let begin = (page - 1) * size;
    let shown: Vec<Json> = rows
        .iter()
        .skip(begin)
        .take(size)
        .map(|n| shown(state, *n, &names))
        .collect();
    if shown.is_empty() {
        return Ok(nothing(204));
    }
    let info = json!({
        "per_page": size,
        "count": shown.len(),
        "page": page,
        "more_records": begin + size < rows.len(),
    });
    Ok(data(200, json!({"data": shown, "info": info})))
}

/// `GET Deals/actions/count`.
pub fn count(state: &State, ask: &Ask) -> Result<Answer, Answer> {
    Ok(data(200, json!({"count": found(state, ask)?.len()})))
}

fn module(name: &str, n: usize) -> Json {
    json!({
        "id": id(OTHER, 500 + n),
        "api_name": name,
        "module_name": name,
        "singular_label": name.trim_end_matches('s'),
        "plural_label": name,
        "api_supported": true,
        "viewable": true,
        "creatable": name == "Deals",
        "editable": name == "Deals",
        "deletable": name == "Deals",
        "visible": true,
        "generated_type": "default",
    })
}

/// `GET settings/modules` and one of them.
pub fn modules(name: Option<&str>) -> Result<Answer, Answer> {
    let all = ["Deals", "Accounts"];
    let known = all.iter().enumerate();
    let known = known.filter(|(_, it)| name.is_none_or(|name| name == **it));
    let shown: Vec<Json> = known.map(|(n, name)| module(name, n)).collect();
    match shown.is_empty() {
        true => Err(invalid_module()),
        false => Ok(data(200, json!({"modules": shown}))),
    }
}

/// `GET settings/profiles` and `settings/roles`.
pub fn named(list: &str, names: &[&str]) -> Answer {
    let shown: Vec<Json> = names
        .iter()
        .enumerate()
        .map(|(n, name)| json!({"id": id(OTHER, 600 + n), "name": name, "display_label": name}))
        .collect();
    data(200, json!({list: shown}))
}

/// `GET Accounts` and one of them.
pub fn accounts(state: &State, ask: &Ask, wanted: Option<&str>) -> Result<Answer, Answer> {
    if ask.method != Method::GET {
        return Err(no_such_method());
    }
    let alive = state.deals.iter().filter(|deal| deal.deleted_at.is_none());
    let mut names: Vec<&str> = alive.map(|deal| deal.account.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let shown: Vec<Json> = names
        .into_iter()
        .map(|name| json!({"id": account_id(name), "Account_Name": name}))
        .filter(|it| wanted.is_none_or(|id| it["id"] == id))
        .take(LARGEST_PAGE)
        .collect();
    if shown.is_empty() {
        return Ok(nothing(204));
    }
    let info =
        json!({"per_page": LARGEST_PAGE, "count": shown.len(), "page": 1, "more_records": false});
    Ok(data(200, json!({"data": shown, "info": info})))
}
