//! Deals as version 2 shows them.

use serde_json::{Map, Value, json};

use super::Organizations;
use super::answers::iso;
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, State};

/// The id of the first deal.
const FIRST_DEAL: usize = 701;
/// The id of the first user.
const FIRST_USER: usize = 111;
/// The one pipeline.
pub const PIPELINE: u64 = 1;
/// What a read adds only when it is asked to.
const ON_REQUEST: [&str; 8] = [
    "next_activity_id",
    "last_activity_id",
    "first_won_time",
    "notes_count",
    "activities_count",
    "undone_activities_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
];

/// The id of the n-th deal.
pub fn deal_id(n: usize) -> String {
    (FIRST_DEAL + n).to_string()
}

/// The position of the deal of that id.
pub fn deal_at(state: &State, id: &str) -> Option<usize> {
    let n = id.parse::<usize>().ok()?.checked_sub(FIRST_DEAL)?;
    (n < state.deals.len()).then_some(n)
}

/// The position of the first deal whose id is above that one.
pub fn first_above(id: u64) -> usize {
    usize::try_from(id + 1)
        .unwrap_or_default()
        .saturating_sub(FIRST_DEAL)
}

/// The id of the n-th user.
pub fn person_id(n: usize) -> String {
    (FIRST_USER + n).to_string()
}

/// The number behind an id.
pub fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// What became of a deal: `open`, `won`, `lost` or `deleted`.
pub fn status(state: &State, n: usize) -> &'static str {
    let deal = &state.deals[n];
    if deal.deleted_at.is_some() {
        return "deleted";
    }
    state.stages[deal.stage].standing.as_str()
}

/// The stage a deal stands in; a closed deal keeps the last open one.
pub fn stage(state: &State, n: usize) -> u64 {
    let open = |at: &usize| state.stages[*at].standing == Standing::Open;
    let at = (0..=state.deals[n].stage).rev().find(open).unwrap_or(0);
    at as u64 + 1
}

/// Under which name it is kept that a deal was put away.
pub fn archive_key(id: &str) -> String {
    format!("archived:{id}")
}

/// Whether a deal was put away.
pub fn is_archived(state: &State, n: usize) -> bool {
    state.things.contains_key(&archive_key(&state.deals[n].id))
}

/// A deal; with all custom fields or only those of some keys.
pub fn deal(
    state: &State,
    organizations: &mut Organizations,
    n: usize,
    keys: Option<&[String]>,
    include: &[String],
) -> Value {
    let deal = &state.deals[n];
    let status = status(state, n);
    let closed = (status == "won" || status == "lost").then(|| iso(deal.changed_at));
    let when = |wanted: &str| (status == wanted).then(|| iso(deal.changed_at));
    let held = |key: &String| deal.custom.get(key).cloned().unwrap_or_default();
    let shown = |key: &&String| keys.is_none_or(|keys| keys.contains(key));
    let custom: Map<String, Value> = state
        .fields
        .keys()
        .filter(shown)
        .map(|key| (key.clone(), held(key)))
        .collect();
    let mut record = json!({
        "id": number(&deal.id),
        "title": deal.name,
        "creator_user_id": number(&person_id(0)),
        "owner_id": number(&state.people[deal.owner].id),
        "value": deal.amount,
        "currency": deal.currency,
        "person_id": null,
        "org_id": organizations.id(&deal.account),
        "pipeline_id": PIPELINE,
        "stage_id": stage(state, n),
        "status": status,
        "probability": null,
        "lost_reason": null,
        "visible_to": 3,
        "add_time": iso(deal.created_at),
        "update_time": iso(deal.changed_at),
        "stage_change_time": iso(deal.created_at),
        "close_time": closed,
        "expected_close_date": deal.close_on.to_string(),
        "label_ids": [],
        "origin": "ManuallyCreated",
        "origin_id": null,
        "channel": null,
        "channel_id": null,
        "acv": null,
        "arr": null,
        "mrr": null,
        "is_deleted": deal.deleted_at.is_some(),
        "is_archived": is_archived(state, n),
        "archive_time": null,
        "custom_fields": custom,
    });
    for (name, time) in [("won_time", when("won")), ("lost_time", when("lost"))] {
        record[name] = json!(time);
    }
    for name in ON_REQUEST {
        if include.iter().any(|it| it == name) {
            record[name] = json!(CANARY.parse::<u64>().unwrap_or_default());
        }
    }
    record
}
