//! Carries out queries: rows in order, a page at a time, as JSON.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::json;

use super::answer::{Answer, Outcome, Refusal};
use super::days;
use super::filter::{Test, order};
use super::ids;
use super::org::{Caller, Org};
use super::plan::{Access, Get, Planner, Source, View, today};
use super::render::{nodes, record};
use super::schema::Cell;
use super::soql::{self, Query, Select};
use super::tables::stamp;
use crate::domain::Time;
use crate::sandbox::world::State;

/// How many rows a page may hold, unless the caller asks for fewer.
pub const PAGE: usize = 2000;
/// The fewest a caller may ask for.
pub const LEAST_PAGE: usize = 200;
/// A page ends early when it grows beyond this many bytes, as wide rows make it.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// How many unfinished queries are remembered.
const LOCATORS: usize = 2000;
/// How long an unfinished query may be continued.
const LOCATOR_HOURS: i64 = 48;

/// The deals in the order of their stamps, kept while nothing changes.
#[derive(Default)]
pub struct Index {
    mark: u64,
    /// Stamp and position.
    order: Vec<(i64, usize)>,
}

impl Index {
    fn refresh(&mut self, state: &State) {
        let mark = state
            .deals
            .iter()
            .fold(state.deals.len() as u64, |mark, deal| {
                let deleted = u64::from(deal.deleted_at.is_some());
                mark.wrapping_mul(31).wrapping_add(
                    stamp(deal).cast_unsigned() ^ (deal.revision << 40) ^ (deleted << 39),
                )
            });
        if mark != self.mark || self.order.len() != state.deals.len() {
            self.mark = mark;
            self.order = state
                .deals
                .iter()
                .enumerate()
                .map(|(n, deal)| (stamp(deal), n))
                .collect();
            self.order.sort_unstable();
        }
    }
}

/// A query that has more rows than were asked for yet.
pub struct Locator {
    id: String,
    made: Time,
    query: Query,
    rows: Arc<Vec<usize>>,
}

/// Unfinished queries, oldest first.
pub type Locators = VecDeque<Locator>;

/// Begins a query.
pub fn begin(org: &Org, caller: &Caller, text: &str, deleted_too: bool) -> Outcome {
    let query = soql::parse(text)?;
    let source = Source::named(&query.object)?;
    let state = org.world.state();
    let access = org.access(&state, caller.user);
    let rows = found(org, &state, &query, source, &access, deleted_too)?;
    if query.select == Select::Count {
        return Ok(Answer::json(
            &json!({"totalSize": rows.len(), "done": true, "records": []}),
        ));
    }
    if let Select::Days(days) = &query.select {
        let planner = Planner {
            source,
            state: &state,
            access: &access,
            today: today(org.world.now()),
        };
        let view = View::of(source, &state);
        return days::count(&planner, &view, (days, query.limit), &rows);
    }
    page(
        org,
        caller,
        &state,
        Locator {
            id: String::new(),
            made: org.world.now(),
            query,
            rows: Arc::new(rows),
        },
        0,
    )
}

/// Goes on with a query, from `0r8…-2000`.
pub fn go_on(org: &Org, caller: &Caller, place: &str) -> Outcome {
    let lost = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (id, from) = place.rsplit_once('-').ok_or_else(lost)?;
    let from: usize = from.parse().map_err(|_| lost())?;
    let state = org.world.state();
    let oldest = org.world.now() - chrono::TimeDelta::hours(LOCATOR_HOURS);
    let locator = {
        let book = org.book();
        let known = book
            .locators
            .iter()
            .find(|it| it.id == id && it.made > oldest);
        let known = known.filter(|it| from < it.rows.len()).ok_or_else(lost)?;
        Locator {
            id: known.id.clone(),
            made: known.made,
            query: known.query.clone(),
            rows: known.rows.clone(),
        }
    };
    page(org, caller, &state, locator, from)
}

fn found(
    org: &Org,
    state: &State,
    query: &Query,
    source: Source,
    access: &Access,
    deleted_too: bool,
) -> Result<Vec<usize>, Refusal> {
    let now = org.world.now();
    let planner = Planner {
        source,
        state,
        access,
        today: today(now),
    };
    let test = query
        .filter
        .as_ref()
        .map(|filter| planner.test(filter))
        .transpose()?;
    let keys: Result<Vec<(Get, bool, bool)>, Refusal> = query
        .order
        .iter()
        .map(|key| Ok((planner.path(&key.path)?, key.descending, key.nulls_last)))
        .collect();
    let keys = keys?;
    let view = View::of(source, state);
    let holds = |n: &usize| {
        let seen = !source.is_deal() || {
            let deal = &state.deals[*n];
            deal.visible_at <= now && (deleted_too || deal.deleted_at.is_none())
        };
        seen && test.as_ref().is_none_or(|test| test.holds(&view, *n))
    };
    let counted = matches!(query.select, Select::Days(_));
    let wanted = query
        .limit
        .filter(|_| !counted)
        .map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
    let mut rows: Vec<usize> = if source.is_deal() && by_stamp(query) {
        let least = test
            .as_ref()
            .and_then(Test::least_stamp)
            .unwrap_or(i64::MIN);
        let mut book = org.book();
        book.index.refresh(state);
        let index = &book.index.order;
        let from = index.partition_point(|(stamp, _)| *stamp < least);
        index[from..]
            .iter()
            .map(|(_, n)| *n)
            .filter(holds)
            .take(wanted)
            .collect()
    } else {
        let all = match source {
            Source::Table(table) => (table.rows)(state),
            Source::Thing(_) => (0..view.data.len()).collect(),
        };
        let mut rows: Vec<usize> = all.into_iter().filter(holds).collect();
        rows.sort_by(|a, b| {
            let mut orders = keys.iter().map(|(get, descending, nulls_last)| {
                let (a, b) = (get.value(&view, *a), get.value(&view, *b));
                let null = a == Cell::Null || b == Cell::Null;
                let order = order(&a, &b);
                let turned = if null { *nulls_last } else { *descending };
                if turned { order.reverse() } else { order }
            });
            orders.find(|order| order.is_ne()).unwrap_or(a.cmp(b))
        });
        rows.truncate(wanted);
        rows
    };
    rows.drain(..query.offset.min(rows.len()));
    Ok(rows)
}

/// Whether the rows are asked for in the order of the index.
fn by_stamp(query: &Query) -> bool {
    let is = |n: usize, path: &str| {
        query
            .order
            .get(n)
            .is_some_and(|key| key.path.eq_ignore_ascii_case(path) && !key.descending)
    };
    match query.order.len() {
        1 => is(0, "SystemModstamp"),
        2 => is(0, "SystemModstamp") && is(1, "Id"),
        _ => false,
    }
}

fn page(org: &Org, caller: &Caller, state: &State, mut locator: Locator, from: usize) -> Outcome {
    let source = Source::named(&locator.query.object)?;
    let access = org.access(state, caller.user);
    let planner = Planner {
        source,
        state,
        access: &access,
        today: today(org.world.now()),
    };
    let Select::Fields(paths) = &locator.query.select else {
        return Err(Refusal::malformed_query("counts have no pages"));
    };
    let nodes = nodes(&planner, paths)?;
    let view = View::of(source, state);
    let total = locator.rows.len();
    let mut body = Vec::with_capacity(64 * 1024);
    let mut shown = 0;
    let twice = org
        .world
        .weather()
        .duplicates()
        .then_some(caller.batch.min(total) / 2);
    let mut records = Vec::with_capacity(64 * 1024);
    for n in locator.rows.iter().skip(from).take(caller.batch) {
        for _ in 0..=usize::from(twice == Some(shown)) {
            if !records.is_empty() {
                records.push(b',');
            }
            record(&mut records, source, &nodes, &view, *n, caller);
        }
        shown += 1;
        if records.len() > PAGE_BYTES {
            break;
        }
    }
    let end = from + shown;
    let done = end >= total;
    body.extend_from_slice(format!("{{\"totalSize\":{total},\"done\":{done},").as_bytes());
    if !done {
        if locator.id.is_empty() {
            locator.id = org.book().fresh_id("0r8");
            let id = locator.id.clone();
            let locators = &mut org.book().locators;
            if locators.len() == LOCATORS {
                locators.pop_front();
            }
            locators.push_back(locator);
            next_url(&mut body, caller, &id, end);
        } else {
            next_url(&mut body, caller, &locator.id, end);
        }
    }
    body.extend_from_slice(b"\"records\":[");
    body.append(&mut records);
    body.extend_from_slice(b"]}");
    Ok(Answer::bytes(200, body))
}

fn next_url(body: &mut Vec<u8>, caller: &Caller, id: &str, end: usize) {
    let url = format!("/services/data/{}/query/{id}-{end}", caller.version);
    body.extend_from_slice(format!("\"nextRecordsUrl\":\"{url}\",").as_bytes());
}

/// The position of the deal of that id, with or without its check characters.
pub fn deal_at(state: &State, id: &str) -> Option<usize> {
    let id = ids::checked(id);
    let n = ids::place(ids::OPPORTUNITY, &id)?;
    state.deals.get(n).filter(|deal| deal.id == id)?;
    Some(n)
}
