//! Reading deals: lists by cursor, one by id.

use std::cmp::Ordering;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use chrono::DateTime;
use serde_json::{Value, json};

use super::Desk;
use super::answers::{Query, answer, cursor, data, invalid, iso, not_found, place};
use super::records::{self, deal_at, first_above, is_archived, status};
use super::{filters, records::number};
use crate::domain::Time;
use crate::sandbox::world::State as World;

/// Custom fields a list can be narrowed to, and ids it can be asked for.
const MOST: (usize, usize) = (15, 100);

/// `GET /api/v2/deals`.
pub async fn list(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    listed(&desk, &Query::of(query), false).unwrap_or_else(|why| invalid(&why))
}

/// `GET /api/v2/deals/archived`: those that were put away.
pub async fn archived(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    listed(&desk, &Query::of(query), true).unwrap_or_else(|why| invalid(&why))
}

fn time(query: &Query, name: &str) -> Result<Option<Time>, String> {
    let told = query.get(name).map(DateTime::parse_from_rfc3339);
    let told = told.transpose();
    told.map(|time| time.map(|time| time.to_utc()))
        .map_err(|_| format!("{name} must be a time in RFC 3339"))
}

fn keys(query: &Query) -> Result<Option<Vec<String>>, String> {
    let keys = query.list("custom_fields");
    match &keys {
        Some(keys) if keys.len() > MOST.0 => {
            Err(format!("custom_fields holds at most {} keys", MOST.0))
        }
        _ => Ok(keys),
    }
}

/// What a list is narrowed to.
struct Wanted {
    archived: bool,
    filter: Option<Value>,
    ids: Option<Vec<String>>,
    statuses: Option<Vec<String>>,
    owner: Option<usize>,
    stage: Option<usize>,
    since: Option<Time>,
    until: Option<Time>,
    now: Time,
}

impl Wanted {
    fn read(state: &World, query: &Query, archived: bool, now: Time) -> Result<Self, String> {
        let filter = match query.number("filter_id")? {
            None => None,
            Some(id) => {
                let found = state.things.get(&filters::key(&id.to_string()));
                Some(found.cloned().ok_or("filter_id is unknown")?)
            }
        };
        let ids = query.list("ids");
        if ids.as_ref().is_some_and(|ids| ids.len() > MOST.1) {
            return Err(format!("ids holds at most {}", MOST.1));
        }
        let statuses = query.list("status");
        for status in statuses.iter().flatten() {
            if !["open", "won", "lost", "deleted"].contains(&status.as_str()) {
                return Err(format!("{status} is not a status"));
            }
        }
        Ok(Self {
            archived,
            filter,
            ids,
            statuses,
            owner: query.number("owner_id")?,
            stage: query.number("stage_id")?,
            since: time(query, "updated_since")?,
            until: time(query, "updated_until")?,
            now,
        })
    }

    fn holds(&self, state: &World, n: usize) -> bool {
        let deal = &state.deals[n];
        let is = |id: &str, wanted: usize| number(id) == wanted as u64;
        // Stamps are to the second.
        let stamp = deal.changed_at.timestamp();
        let by_change = self.since.is_some() || self.until.is_some();
        if by_change && deal.visible_at > self.now
            || self.since.is_some_and(|since| stamp < since.timestamp())
            || self.until.is_some_and(|until| stamp >= until.timestamp())
            || is_archived(state, n) != self.archived
        {
            return false;
        }
        if let Some(filter) = &self.filter {
            return filters::holds(state, n, filter, self.now);
        }
        let status = status(state, n);
        let wanted = match &self.statuses {
            Some(statuses) => statuses.iter().any(|it| it == status),
            None => status != "deleted",
        };
        wanted
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&deal.id))
            && self
                .owner
                .is_none_or(|id| is(&state.people[deal.owner].id, id))
            && self
                .stage
                .is_none_or(|id| records::stage(state, n) == id as u64)
    }
}

fn listed(desk: &Desk, query: &Query, archived: bool) -> Result<Response, String> {
    let limit = query.limit()?;
    let keys = keys(query)?;
    let include = query.list("include_fields").unwrap_or_default();
    let sort_by = query.get("sort_by").unwrap_or("id");
    let direction = query.get("sort_direction").unwrap_or("asc");
    if !["id", "update_time", "add_time"].contains(&sort_by) {
        return Err(format!("sort_by {sort_by} is not supported"));
    }
    if !["asc", "desc"].contains(&direction) {
        return Err(format!("sort_direction {direction} is not supported"));
    }
    let after = match query.get("cursor") {
        None => None,
        Some(told) => Some(place(told).ok_or("cursor is invalid")?),
    };
    let repeat = desk.world().weather().duplicates();
    let state = desk.world().state();
    let wanted = Wanted::read(&state, query, archived, desk.world().now())?;
    let sorts_by = |n: usize| {
        let deal = &state.deals[n];
        match sort_by {
            "update_time" => json!(iso(deal.changed_at)),
            "add_time" => json!(iso(deal.created_at)),
            _ => json!(number(&deal.id)),
        }
    };
    let plain = sort_by == "id" && direction == "asc";
    let mut rows: Vec<usize> = if plain {
        // Positions are in the order of ids: only as many are looked at as the page needs.
        let from = after.as_ref().map_or(0, |(_, id)| first_above(*id));
        let rows = (from..state.deals.len()).filter(|n| wanted.holds(&state, *n));
        rows.take(limit + 1).collect()
    } else {
        (0..state.deals.len())
            .filter(|n| wanted.holds(&state, *n))
            .collect()
    };
    if !plain {
        let sign = |order: Ordering| {
            if direction == "asc" {
                order
            } else {
                order.reverse()
            }
        };
        let order = |a: &(Value, u64), b: &(Value, u64)| {
            let keys = compare(&a.0, &b.0).then(a.1.cmp(&b.1));
            sign(keys)
        };
        let mut keyed: Vec<((Value, u64), usize)> = rows
            .into_iter()
            .map(|n| ((sorts_by(n), number(&state.deals[n].id)), n))
            .collect();
        keyed.sort_by(|a, b| order(&a.0, &b.0));
        rows = keyed
            .into_iter()
            .filter(|(key, _)| after.as_ref().is_none_or(|after| order(key, after).is_gt()))
            .map(|(_, n)| n)
            .take(limit + 1)
            .collect();
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|n| {
        let id = number(&state.deals[*n].id);
        cursor(sort_by, &sorts_by(*n), direction, id)
    });
    let mut organizations = desk.organizations();
    let mut found: Vec<Value> = rows
        .iter()
        .map(|n| records::deal(&state, &mut organizations, *n, keys.as_deref(), &include))
        .collect();
    if repeat {
        found.extend(found.last().cloned());
    }
    let body = json!({
        "success": true,
        "data": found,
        "additional_data": {"next_cursor": next},
    });
    Ok(answer(200, body))
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_u64(), b.as_u64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}

/// `GET /api/v2/deals/{id}`; a deleted deal is shown for thirty days, marked.
pub async fn one(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query);
    let keys = match keys(&query) {
        Ok(keys) => keys,
        Err(why) => return invalid(&why),
    };
    let include = query.list("include_fields").unwrap_or_default();
    let state = desk.world().state();
    match deal_at(&state, &id) {
        Some(n) => {
            let organizations = &mut desk.organizations();
            data(records::deal(
                &state,
                organizations,
                n,
                keys.as_deref(),
                &include,
            ))
        }
        None => not_found("Deal"),
    }
}
