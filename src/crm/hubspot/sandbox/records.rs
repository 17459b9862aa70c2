//! Deals and companies as the portal shows them: every property a text or null.

use serde_json::{Map, Value, json};

use super::answers::iso;
use super::{Companies, Hub, PORTAL};
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, Deal, State};

/// What a property is: name, type, field type, label, whether only the portal may write it.
pub type Property = (&'static str, &'static str, &'static str, &'static str, bool);

/// The properties every deal has; those about what people did are there in any real portal.
pub const DEAL: [Property; 20] = [
    ("dealname", "string", "text", "Deal Name", false),
    ("dealstage", "enumeration", "radio", "Deal Stage", false),
    ("pipeline", "enumeration", "select", "Pipeline", false),
    ("amount", "number", "number", "Amount", false),
    (
        "deal_currency_code",
        "enumeration",
        "select",
        "Currency",
        false,
    ),
    ("closedate", "datetime", "date", "Close Date", false),
    (
        "hubspot_owner_id",
        "enumeration",
        "select",
        "Deal owner",
        false,
    ),
    (
        "description",
        "string",
        "textarea",
        "Deal Description",
        false,
    ),
    ("createdate", "datetime", "date", "Create Date", true),
    (
        "hs_createdate",
        "datetime",
        "date",
        "Object create date/time",
        true,
    ),
    (
        "hs_lastmodifieddate",
        "datetime",
        "date",
        "Last Modified Date",
        true,
    ),
    ("hs_object_id", "number", "number", "Record ID", true),
    ("hs_is_closed", "bool", "booleancheckbox", "Is Closed", true),
    (
        "hs_is_closed_won",
        "bool",
        "booleancheckbox",
        "Is Closed Won",
        true,
    ),
    (
        "hs_deal_stage_probability",
        "number",
        "number",
        "Deal probability",
        true,
    ),
    (
        "hs_primary_associated_company",
        "number",
        "number",
        "Primary Associated Company",
        true,
    ),
    (
        "hs_merged_object_ids",
        "enumeration",
        "checkbox",
        "Merged record IDs",
        true,
    ),
    (
        "hs_updated_by_user_id",
        "number",
        "number",
        "Updated by user ID",
        true,
    ),
    (
        "num_notes",
        "number",
        "number",
        "Number of Sales Activities",
        true,
    ),
    (
        "num_contacted_notes",
        "number",
        "number",
        "Number of times contacted",
        true,
    ),
];
/// What a read gives that names no properties.
pub const USUAL: [&str; 8] = [
    "amount",
    "closedate",
    "createdate",
    "dealname",
    "dealstage",
    "hs_lastmodifieddate",
    "hs_object_id",
    "pipeline",
];
/// What every read gives besides the properties it names.
const ALWAYS: [&str; 3] = ["createdate", "hs_lastmodifieddate", "hs_object_id"];
/// The id of the first deal, and the step to the next.
const DEAL_IDS: (usize, usize) = (9_100_000_013, 13);
/// The one pipeline.
pub const PIPELINE: &str = "default";

/// The id of the n-th deal.
pub fn deal_id(n: usize) -> String {
    (DEAL_IDS.0 + n * DEAL_IDS.1).to_string()
}

/// The position of the deal of that id.
pub fn deal_at(state: &State, id: &str) -> Option<usize> {
    let n = first_from(id)?;
    let known = state.deals.get(n)?;
    (known.id == id).then_some(n)
}

/// The position of the first deal whose id is not below that one.
pub fn first_from(id: &str) -> Option<usize> {
    let id = id.parse::<usize>().ok()?;
    Some(id.saturating_sub(DEAL_IDS.0).div_ceil(DEAL_IDS.1))
}

/// The id of the n-th person as an owner of records.
pub fn owner_id(n: usize) -> String {
    (41_000_000 + n * 11).to_string()
}

/// The id of the n-th person as a user.
pub fn user_id(n: usize) -> usize {
    9_500_000 + n * 7
}

/// The id of a stage.
pub fn stage_id(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_lowercase()
}

/// Under which name the winner of a merge is kept.
pub fn merge_key(loser: &str) -> String {
    format!("merged:{loser}")
}

/// Under which name a portal says that it has the account's own currency and no other.
const ONE_CURRENCY: &str = "one_currency";

/// What a property holds; none where the deal has no such property, or nothing in it.
pub fn value(
    state: &State,
    companies: &mut Companies,
    deal: &Deal,
    property: &str,
) -> Option<String> {
    let stage = &state.stages[deal.stage];
    let text = |yes: bool| yes.to_string();
    Some(match property {
        "dealname" => deal.name.clone(),
        "dealstage" => stage_id(stage.name),
        "pipeline" => PIPELINE.to_owned(),
        "amount" => deal.amount?.to_string(),
        "deal_currency_code" if state.things.contains_key(ONE_CURRENCY) => return None,
        "deal_currency_code" => deal.currency.to_owned(),
        "closedate" => format!("{}T00:00:00Z", deal.close_on),
        "hubspot_owner_id" => state.people[deal.owner].id.clone(),
        "createdate" | "hs_createdate" => iso(deal.created_at),
        "hs_lastmodifieddate" => iso(deal.changed_at),
        "hs_object_id" => deal.id.clone(),
        "hs_is_closed" => text(stage.standing != Standing::Open),
        "hs_is_closed_won" => text(stage.standing == Standing::Won),
        "hs_deal_stage_probability" => (f64::from(stage.probability) / 100.0).to_string(),
        "hs_primary_associated_company" => companies.id(&deal.account),
        "hs_merged_object_ids" => merged_into(state, &deal.id)?,
        "hs_updated_by_user_id" => user_id(deal.changed_by).to_string(),
        "num_notes" | "num_contacted_notes" => CANARY.to_owned(),
        custom => match deal.custom.get(custom)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
    })
}

fn merged_into(state: &State, winner: &str) -> Option<String> {
    let merges = state
        .things
        .iter()
        .filter(|(key, _)| key.starts_with("merged:"));
    let losers: Vec<&str> = merges
        .filter(|(_, into)| into.as_str() == Some(winner))
        .filter_map(|(key, _)| key.strip_prefix("merged:"))
        .collect();
    (!losers.is_empty()).then(|| losers.join(";"))
}

/// A deal with the named properties; unknown names are left out without a word.
pub fn deal(state: &State, companies: &mut Companies, n: usize, properties: &[String]) -> Value {
    let deal = &state.deals[n];
    let usual = USUAL.iter().map(|name| (*name).to_owned());
    let named: Vec<String> = if properties.is_empty() {
        usual.collect()
    } else {
        let always = ALWAYS.iter().map(|name| (*name).to_owned());
        properties.iter().cloned().chain(always).collect()
    };
    let known = |name: &str| {
        DEAL.iter().any(|property| property.0 == name) || state.fields.contains_key(name)
    };
    let shown: Map<String, Value> = named
        .into_iter()
        .filter(|name| known(name))
        .map(|name| {
            let value = value(state, companies, deal, &name);
            (name, value.map_or(Value::Null, Value::String))
        })
        .collect();
    record(deal, shown)
}

/// The frame of a deal around its properties.
fn record(deal: &Deal, properties: Map<String, Value>) -> Value {
    let mut record = json!({
        "id": deal.id,
        "properties": Value::Object(properties),
        "createdAt": iso(deal.created_at),
        "updatedAt": iso(deal.changed_at),
        "archived": deal.deleted_at.is_some(),
        "url": format!("https://app.hubspot.com/contacts/{PORTAL}/record/0-3/{}", deal.id),
    });
    if let Some(at) = deal.deleted_at {
        record["archivedAt"] = json!(iso(at));
    }
    record
}

/// A company; the world knows only its name.
pub fn company(hub: &Hub, id: &str, name: &str) -> Value {
    let now = iso(hub.world().now());
    json!({
        "id": id,
        "properties": {
            "name": name,
            "domain": null,
            "createdate": now,
            "hs_lastmodifieddate": now,
            "hs_object_id": id,
            "num_notes": CANARY,
        },
        "createdAt": now,
        "updatedAt": now,
        "archived": false,
    })
}

/// The object that a name or a number in a path means.
pub fn kind(name: &str) -> Option<Kind> {
    match name {
        "deals" | "deal" | "0-3" => Some(Kind::Deal),
        "companies" | "company" | "0-2" => Some(Kind::Company),
        _ => None,
    }
}

/// The objects this portal has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Deals.
    Deal,
    /// Companies.
    Company,
}
