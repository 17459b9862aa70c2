//! Opportunities: lists, changes since a token, single rows, writes.

use axum::http::Method;
use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value as Json, json};

use super::changes::{APP, update};
use super::columns::{NAVIGATION, Opportunities, next_id, position};
use super::links::link;
use super::query::{Query, Table, unknown_column};
use super::{Answer, Ask, Org, at, data, done, no_segment, refuse};
use crate::domain::deal::Standing;
use crate::sandbox::world::{Deal, State};

/// Under which name an organisation says how it tracks changes.
const TRACKING: &str = "tracking";
/// How long a delta token is good.
const TOKEN_DAYS: i64 = 7;

/// Answers for the table.
pub fn answer(
    org: &Org,
    state: &mut State,
    ask: &Ask,
    key: Option<&str>,
    rest: &str,
) -> Result<Answer, Answer> {
    match (&ask.method, key, rest) {
        (&Method::GET, None, "") => list(org, state, ask),
        (&Method::GET, None, "$count") => {
            let mut query = Query::read(ask)?;
            query.count = true;
            let table = Opportunities { state };
            query.checked(&table)?;
            let alive = (0..state.deals.len()).filter(|n| state.deals[*n].deleted_at.is_none());
            let count = query.counted(&table, alive);
            let mut answer = data(&json!(count));
            answer.headers = vec![("content-type", "text/plain".to_owned())];
            Ok(answer)
        }
        (&Method::POST, None, "") => {
            let body = ask.json()?;
            let id = create(org, state, body, None)?;
            let mut answer = at(ask, "opportunities", &id);
            if ask.preference("return").as_deref() == Some("representation")
                && let Some(row) = position(state, &id)
            {
                let whole = one(state, ask, row)?;
                answer.status = 201;
                answer.body = whole.body;
                answer.headers.extend(whole.headers);
            }
            Ok(answer)
        }
        (&Method::PUT, Some(id), column) if !column.is_empty() => {
            let row = position(state, id).ok_or_else(|| missing(id))?;
            let value = ask.json()?.remove("value").unwrap_or_default();
            let body = Map::from_iter([(column.to_owned(), value)]);
            update(org, state, row, &body)?;
            Ok(done())
        }
        (&Method::POST, None, "Microsoft.Dynamics.CRM.UpdateMultiple") => {
            update_multiple(org, state, ask)
        }
        (&Method::GET, Some(id), "") => {
            let row = position(state, id).ok_or_else(|| missing(id))?;
            one(state, ask, row)
        }
        (&Method::PATCH, Some(id), "") => patch(org, state, ask, id),
        (&Method::DELETE, Some(id), "") => {
            let row = position(state, id).ok_or_else(|| missing(id))?;
            matches_version(state, ask, row)?;
            org.world.touch(state, row, APP);
            state.deals[row].deleted_at = Some(org.world.now());
            Ok(done())
        }
        (_, _, "") => Err(refuse(
            405,
            "0x80060888",
            "The HTTP method is not supported.",
        )),
        _ => Err(no_segment(rest)),
    }
}

/// `WinOpportunity` and `LoseOpportunity`: close the opportunity that the activity names.
pub fn close(
    org: &Org,
    state: &mut State,
    ask: &Ask,
    standing: Standing,
) -> Result<Answer, Answer> {
    let body = ask.json()?;
    let activity = &body.get("OpportunityClose").cloned().unwrap_or_default();
    let named = activity["opportunityid@odata.bind"].as_str();
    let id = named.and_then(|it| it.split_once('(')?.1.strip_suffix(')'));
    let row = id.and_then(|id| position(state, id));
    let row = row.ok_or_else(|| missing(id.unwrap_or_default()))?;
    let stage = state.stages.iter().position(|it| it.standing == standing);
    state.deals[row].stage = stage.unwrap_or_default();
    org.world.touch(state, row, APP);
    Ok(done())
}

fn missing(id: &str) -> Answer {
    let message = format!("opportunity With Id = {id} Does Not Exist");
    refuse(404, "0x80040217", &message)
}

fn expandable(query: &Query) -> Result<(), Answer> {
    let unknown = query
        .expand
        .iter()
        .find(|(name, _)| !NAVIGATION.contains(&name.as_str()));
    unknown.map_or(Ok(()), |(name, _)| Err(unknown_column(name, "opportunity")))
}

fn one(state: &State, ask: &Ask, row: usize) -> Result<Answer, Answer> {
    let query = Query::read(ask)?;
    let table = Opportunities { state };
    query.checked(&table)?;
    expandable(&query)?;
    let mut shown = table.shown(row, &query);
    let context = format!("{}/$metadata#opportunities/$entity", ask.root);
    shown.insert("@odata.context".to_owned(), Json::from(context));
    Ok(data(&Json::Object(shown)))
}

fn list(org: &Org, state: &State, ask: &Ask) -> Result<Answer, Answer> {
    let query = Query::read(ask)?;
    let table = Opportunities { state };
    query.checked(&table)?;
    expandable(&query)?;
    let now = org.world.now();
    if query.tracking {
        tracked(state)?;
    }
    if let Some(token) = query.delta.clone() {
        return changes(org, state, ask, &query, &token);
    }
    // A change that is not committed yet is seen by nobody who asks for changes.
    let by_change = query
        .filter
        .as_ref()
        .is_some_and(|it| it.columns().contains(&"modifiedon"));
    let alive = (0..state.deals.len()).filter(|n| {
        let deal = &state.deals[*n];
        deal.deleted_at.is_none() && (!by_change || deal.visible_at <= now)
    });
    let count = query.counted(&table, alive.clone());
    let (page, next) = query.page(ask, &table, alive);
    let mut rows: Vec<Json> = page
        .into_iter()
        .map(|row| Json::Object(table.shown(row, &query)))
        .collect();
    if org.world.weather().duplicates()
        && let Some(first) = rows.first().cloned()
    {
        rows.push(first);
    }
    let ended = next.is_none();
    let answer = query.answer(ask, &table, &rows, next, count);
    if query.tracking && ended {
        return Ok(with_delta(answer, ask, (state, &token_at(org))));
    }
    Ok(answer)
}

/// A token that stands for now: a version and a time, to be taken as it is.
fn token_at(org: &Org) -> String {
    let now = org.world.now();
    format!(
        "{}!{}",
        now.timestamp_millis(),
        now.format("%m/%d/%Y %H:%M:%S")
    )
}

/// What an organisation makes of being asked for changes: `tracking` among its things says `off`
/// where the table does not track them, `narrow` where the role is not wide enough, `stale` where it
/// has forgotten where the caller was.
fn tracked(state: &State) -> Result<(), Answer> {
    match state.things.get(TRACKING).and_then(Json::as_str) {
        Some("off") => {
            let message = "Change tracking is not enabled for entity opportunity.";
            Err(refuse(400, "0x80044353", message))
        }
        Some("narrow") => {
            let message = "Principal user is missing prvReadOpportunity privilege in global depth.";
            Err(refuse(403, "0x80040220", message))
        }
        Some("stale") => {
            let message =
                "Version stamp associated with the client has expired. Please perform a full sync.";
            Err(refuse(400, "0x80044352", message))
        }
        _ => Ok(()),
    }
}

/// The link to ask for the next changes by; a server has been seen to leave it out, as one does
/// here whose `tracking` says `linkless`.
fn with_delta(mut answer: Answer, ask: &Ask, (state, token): (&State, &str)) -> Answer {
    if state.things.get(TRACKING).and_then(Json::as_str) == Some("linkless") {
        return answer;
    }
    if let Ok(Json::Object(mut body)) = serde_json::from_str(&answer.body) {
        let link = link(ask, "$deltatoken", token);
        body.insert("@odata.deltaLink".to_owned(), Json::from(link));
        answer.body = Json::Object(body).to_string();
    }
    answer
}

/// Rows changed since the token, then the ids of rows deleted since.
fn changes(
    org: &Org,
    state: &State,
    ask: &Ask,
    query: &Query,
    token: &str,
) -> Result<Answer, Answer> {
    let since = token
        .split_once('!')
        .and_then(|(millis, _)| DateTime::from_timestamp_millis(millis.parse().ok()?));
    let now = org.world.now();
    let Some(since) = since else {
        return Err(refuse(400, "0x80040203", "The delta token is malformed."));
    };
    if now - since > TimeDelta::days(TOKEN_DAYS) {
        let message =
            "Version stamp associated with the client has expired. Please perform a full sync.";
        return Err(refuse(400, "0x80044352", message));
    }
    let table = Opportunities { state };
    let seen = (0..state.deals.len()).filter(|n| {
        let deal = &state.deals[*n];
        deal.visible_at >= since && deal.visible_at <= now
    });
    let (gone, changed): (Vec<usize>, Vec<usize>) =
        seen.partition(|n| state.deals[*n].deleted_at.is_some());
    let mut rows: Vec<Json> = changed
        .into_iter()
        .map(|row| Json::Object(table.shown(row, query)))
        .collect();
    let context = format!("{}/$metadata#opportunities/$deletedEntity", ask.root);
    rows.extend(gone.into_iter().map(
        |row| json!({"@odata.context": context, "id": state.deals[row].id, "reason": "deleted"}),
    ));
    let answer = query.answer(ask, &table, &rows, None, None);
    Ok(with_delta(answer, ask, (state, &token_at(org))))
}

/// `If-Match` and `If-None-Match` against a row that exists.
fn matches_version(state: &State, ask: &Ask, row: usize) -> Result<(), Answer> {
    if ask.header("if-none-match") == "*" {
        let message = "A record with matching key values already exists.";
        return Err(refuse(412, "0x80060882", message));
    }
    let wanted = ask.header("if-match");
    if wanted.is_empty() || wanted == "*" || wanted == (Opportunities { state }).etag(row) {
        return Ok(());
    }
    let message =
        "The version of the existing record doesn't match the RowVersion property provided.";
    Err(refuse(412, "0x80060882", message))
}

fn patch(org: &Org, state: &mut State, ask: &Ask, id: &str) -> Result<Answer, Answer> {
    let body = ask.json()?;
    let Some(row) = position(state, id) else {
        // Without a condition this is an upsert: the row is made.
        if !ask.header("if-match").is_empty() {
            return Err(missing(id));
        }
        let id = create(org, state, body, Some(id.to_ascii_lowercase()))?;
        return Ok(at(ask, "opportunities", &id));
    };
    matches_version(state, ask, row)?;
    update(org, state, row, &body)?;
    if ask.preference("return").as_deref() == Some("representation") {
        return one(state, ask, row);
    }
    Ok(at(ask, "opportunities", id))
}

fn update_multiple(org: &Org, state: &mut State, ask: &Ask) -> Result<Answer, Answer> {
    let body = ask.json()?;
    let targets = body
        .get("Targets")
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    let mut before: Vec<(usize, Deal)> = Vec::new();
    for target in targets {
        let done = update_target(org, state, &mut before, target);
        if let Err(refusal) = done {
            for (row, deal) in before.into_iter().rev() {
                state.deals[row] = deal;
            }
            return Err(refusal);
        }
    }
    Ok(done())
}

fn update_target(
    org: &Org,
    state: &mut State,
    before: &mut Vec<(usize, Deal)>,
    target: Json,
) -> Result<(), Answer> {
    let Json::Object(mut target) = target else {
        return Err(refuse(400, "0x80048d19", "A target is not an object."));
    };
    let kind = target.remove("@odata.type");
    if kind != Some(json!("Microsoft.Dynamics.CRM.opportunity")) {
        return Err(refuse(400, "0x80048d19", "A target lacks its @odata.type."));
    }
    let id = target.remove("opportunityid");
    let id = id.as_ref().and_then(Json::as_str).unwrap_or_default();
    let row = position(state, id).ok_or_else(|| {
        let message = format!("Opportunity With Ids = {id} Do Not Exist");
        refuse(404, "0x80040217", &message)
    })?;
    before.push((row, state.deals[row].clone()));
    update(org, state, row, &target)
}

fn create(
    org: &Org,
    state: &mut State,
    body: Map<String, Json>,
    id: Option<String>,
) -> Result<String, Answer> {
    if body.get("name").and_then(Json::as_str).is_none() {
        let message = "Attribute: name cannot be set to NULL";
        return Err(refuse(400, "0x80044331", message));
    }
    let mut body = body;
    let own = body.remove("opportunityid");
    let own = own.and_then(|own| own.as_str().map(str::to_owned));
    let id = id.or(own).unwrap_or_else(|| next_id(state));
    let now = org.world.now();
    let mut deal = state
        .deals
        .first()
        .cloned()
        .ok_or_else(|| no_segment("opportunities"))?;
    deal.id.clone_from(&id);
    deal.stage = 0;
    deal.amount = None;
    deal.created_at = now;
    deal.deleted_at = None;
    deal.custom.clear();
    deal.mind.clear();
    deal.trouble = None;
    state.deals.push(deal);
    let row = state.deals.len() - 1;
    match update(org, state, row, &body) {
        Ok(()) => Ok(id),
        Err(refusal) => {
            state.deals.pop();
            Err(refusal)
        }
    }
}
