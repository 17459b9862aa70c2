//! Lists of deals, page by page: by number for the first 2,000, by token up to 100,000; and what
//! was deleted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::shapes::{asked, position, shown};
use super::{Answer, Ask, Office, data, moment, no_such_method, nothing, refuse};
use crate::domain::Time;
use crate::sandbox::world::State;

/// Rows of a page.
const LARGEST_PAGE: usize = 200;
/// Rows that page numbers reach.
const BY_NUMBER: usize = 2_000;
/// Rows that one chain of tokens reaches.
const BY_TOKEN: usize = 100_000;
/// Fields a list may name.
const MOST_FIELDS: usize = 50;
/// How long a token is good.
const TOKEN_HOURS: i64 = 24;
/// Chains that are remembered.
const CHAINS: usize = 64;

/// Lists that are being walked by token, newest last.
#[derive(Default)]
pub struct Chains(Mutex<VecDeque<Chain>>);

#[derive(Clone)]
struct Chain {
    id: String,
    /// Every parameter but `page` and `page_token`.
    bound: String,
    rows: Arc<Vec<usize>>,
    until: Time,
}

struct Spot {
    rows: Arc<Vec<usize>>,
    from: usize,
    page: usize,
    chain: Option<Chain>,
}

fn wrong(code: &str, details: Json, message: &str) -> Answer {
    refuse(400, code, details, message)
}

fn size(ask: &Ask) -> Result<usize, Answer> {
    let size = ask.param("per_page").map_or(Ok(LARGEST_PAGE), str::parse);
    size.ok()
        .filter(|size| (1..=LARGEST_PAGE).contains(size))
        .ok_or_else(|| {
            let details = json!({"param_name": "per_page", "maximum_length": LARGEST_PAGE});
            wrong("INVALID_DATA", details, "invalid data")
        })
}

/// A list of deals.
pub fn answer(office: &Office, state: &State, ask: &Ask) -> Result<Answer, Answer> {
    let Some(fields) = ask.param("fields") else {
        let details = json!({"param_name": "fields"});
        let message = "One of the expected parameter is missing";
        return Err(wrong("REQUIRED_PARAM_MISSING", details, message));
    };
    if fields.split(',').count() > MOST_FIELDS {
        let details = json!({"limit": MOST_FIELDS});
        return Err(wrong("LIMIT_EXCEEDED", details, "more than 50 fields"));
    }
    let size = size(ask)?;
    let spot = match (ask.param("page_token"), ask.param("page")) {
        (Some(_), Some(_)) => {
            let message = "ambiguity while processing the request";
            return Err(wrong("AMBIGUITY_DURING_PROCESSING", json!({}), message));
        }
        (Some(token), None) => by_token(office, ask, token, size)?,
        (None, page) => by_number(office, state, ask, page.unwrap_or("1"), size)?,
    };
    let end = (spot.from + size).min(spot.rows.len());
    let names = asked(ask, state);
    let mut rows: Vec<Json> = spot.rows[spot.from.min(end)..end]
        .iter()
        .filter(|n| state.deals[**n].deleted_at.is_none())
        .map(|n| shown(state, *n, &names))
        .collect();
    if rows.is_empty() {
        let since = !ask.header("if-modified-since").is_empty();
        return Ok(nothing(if since { 304 } else { 204 }));
    }
    if office.world.weather().duplicates() {
        rows.push(rows[0].clone());
    }
    let more = end < spot.rows.len();
    let next = match (more && end < BY_TOKEN, spot.chain) {
        (false, _) => None,
        (true, Some(chain)) => Some((chain.id.clone(), chain.until)),
        (true, None) => Some(remember(office, ask, spot.rows)),
    };
    let info = json!({
        "per_page": size,
        "next_page_token": next.as_ref().map(|(id, _)| format!("{id}.{end}")),
        "count": rows.len(),
        "sort_by": ask.param("sort_by").unwrap_or("id"),
        "page": spot.page,
        "previous_page_token": null,
        "page_token_expiry": next.map(|(_, until)| moment(until)),
        "sort_order": ask.param("sort_order").unwrap_or("desc"),
        "more_records": more,
    });
    Ok(data(200, json!({"data": rows, "info": info})))
}

fn bound(ask: &Ask) -> String {
    let mut pairs: Vec<String> = ask
        .query
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "page" | "page_token"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort();
    pairs.push(ask.header("if-modified-since").to_owned());
    pairs.join("&")
}

fn remember(office: &Office, ask: &Ask, rows: Arc<Vec<usize>>) -> (String, Time) {
    let until = office.world.now() + TimeDelta::hours(TOKEN_HOURS);
    let bytes: [u8; 20] = office.world.env().bytes();
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut chains = office
        .chains
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if chains.len() == CHAINS {
        chains.pop_front();
    }
    chains.push_back(Chain {
        id: id.clone(),
        bound: bound(ask),
        rows,
        until,
    });
    (id, until)
}

fn by_token(office: &Office, ask: &Ask, token: &str, size: usize) -> Result<Spot, Answer> {
    let mismatch = || {
        wrong(
            "TOKEN_BOUND_DATA_MISMATCH",
            json!({"param_name": "page_token"}),
            "the page_token given seems to be invalid",
        )
    };
    let (id, from) = token.split_once('.').ok_or_else(mismatch)?;
    let from: usize = from.parse().map_err(|_| mismatch())?;
    let chains = office
        .chains
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let chain = chains
        .iter()
        .find(|chain| chain.id == id)
        .cloned()
        .ok_or_else(mismatch)?;
    if chain.bound != bound(ask) {
        return Err(mismatch());
    }
    if chain.until < office.world.now() {
        return Err(wrong(
            "EXPIRED_VALUE",
            json!({"param_name": "page_token"}),
            "the page_token has expired",
        ));
    }
    if from >= BY_TOKEN {
        let message = "You can only get the first 100000 records using page_token param";
        return Err(wrong(
            "PAGINATION_LIMIT_EXCEEDED",
            json!({"limit": BY_TOKEN}),
            message,
        ));
    }
    Ok(Spot {
        rows: chain.rows.clone(),
        from,
        page: from / size + 1,
        chain: Some(chain),
    })
}

fn by_number(
    office: &Office,
    state: &State,
    ask: &Ask,
    page: &str,
    size: usize,
) -> Result<Spot, Answer> {
    let page: usize = page.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
        wrong(
            "INVALID_DATA",
            json!({"param_name": "page"}),
            "invalid data",
        )
    })?;
    if page * size > BY_NUMBER {
        let message = "You can only get the first 2000 records without using page_token param";
        return Err(wrong(
            "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
            json!({"limit": BY_NUMBER}),
            message,
        ));
    }
    let rows = match ask.param("ids") {
        Some(ids) => ids
            .split(',')
            .filter_map(|id| position(state, id.trim()))
            .collect(),
        None => sorted(office, state, ask)?,
    };
    Ok(Spot {
        rows: Arc::new(rows),
        from: (page - 1) * size,
        page,
        chain: None,
    })
}

/// Every deal that is there, and was changed since, in order. A change that is not through yet is
/// seen by nobody who asks for changes.
fn sorted(office: &Office, state: &State, ask: &Ask) -> Result<Vec<usize>, Answer> {
    let since = ask.moment("if-modified-since")?;
    let now = office.world.now();
    let mut rows: Vec<usize> = (0..state.deals.len())
        .filter(|n| {
            let deal = &state.deals[*n];
            let changed = |since: Time| {
                deal.changed_at.timestamp() >= since.timestamp() && deal.visible_at <= now
            };
            deal.deleted_at.is_none() && since.is_none_or(changed)
        })
        .collect();
    let deals = &state.deals;
    match ask.param("sort_by").unwrap_or("id") {
        "id" => {}
        "Modified_Time" => rows.sort_by_key(|n| deals[*n].changed_at.timestamp()),
        "Created_Time" => rows.sort_by_key(|n| deals[*n].created_at.timestamp()),
        _ => {
            let details = json!({"param_name": "sort_by", "supported_values": ["id", "Created_Time", "Modified_Time"]});
            return Err(wrong("INVALID_DATA", details, "invalid data"));
        }
    }
    if ask.param("sort_order").unwrap_or("desc") == "desc" {
        rows.reverse();
    }
    Ok(rows)
}

/// Records that were deleted.
pub fn deleted(office: &Office, state: &State, ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::GET {
        return Err(no_such_method());
    }
    let since = ask.moment("if-modified-since")?;
    let size = size(ask)?;
    let page: usize = ask
        .param("page")
        .and_then(|page| page.parse().ok())
        .unwrap_or(1)
        .max(1);
    let now = office.world.now();
    let mut gone: Vec<usize> = (0..state.deals.len())
        .filter(|n| {
            let deal = &state.deals[*n];
            deal.deleted_at
                .is_some_and(|at| since.is_none_or(|since| at >= since))
                && deal.visible_at <= now
        })
        .collect();
    gone.sort_by_key(|n| std::cmp::Reverse(state.deals[*n].deleted_at));
    let rows: Vec<Json> = gone
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|n| {
            let deal = &state.deals[*n];
            let person =
                |n: usize| json!({"name": state.people[n].name(), "id": state.people[n].id});
            json!({
                "id": deal.id,
                "display_name": deal.name,
                "type": "recycle",
                "deleted_time": deal.deleted_at.map(moment),
                "deleted_by": person(deal.changed_by),
                "created_by": person(deal.owner),
            })
        })
        .collect();
    let answer = if rows.is_empty() {
        nothing(204)
    } else {
        let info = json!({
            "per_page": size,
            "count": rows.len(),
            "page": page,
            "more_records": page * size < gone.len(),
        });
        data(200, json!({"data": rows, "info": info}))
    };
    Ok(Answer {
        credits: 2,
        ..answer
    })
}
