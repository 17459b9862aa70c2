//! Filters of deals: they stand in for saved views, and are private until someone shares them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::read::{cost, read};
use super::setup::{Definition, known_definitions, look, matching};
use super::wire::Envelope;
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Condition, View};
use crate::http::fault::{Cause, Fault};

/// Stands before the title of each of our filters, because a company's filters share one list.
const FILTER_PREFIX: &str = "Latitude: ";
/// Under which name the session remembers the numbers of fields.
const NUMBERS: &str = "deal_field_numbers";
/// Definitions on a page.
const PAGE: usize = 500;
/// The relative days a filter knows, with how many days they are from today.
const DAYS_AHEAD: [(u32, &str); 6] = [
    (0, "today"),
    (7, "in_1_week"),
    (14, "in_2_weeks"),
    (21, "in_3_weeks"),
    (31, "in_1_month"),
    (61, "in_2_months"),
];

/// The older form of a definition, which alone has the number that filters want.
#[derive(Debug, Deserialize)]
struct Numbered {
    id: u64,
    key: String,
}

#[derive(Debug, Deserialize)]
struct Filter {
    id: u64,
    name: String,
    #[serde(default)]
    active_flag: bool,
}

/// Our filters that exist: view key and number.
pub async fn found(
    session: &Session,
    wanted: &Blueprint,
) -> Result<BTreeMap<String, String>, Fault> {
    let known = all(session).await?;
    let ours = known.into_iter().filter_map(|filter| {
        let mut views = wanted.views.iter();
        let view = views.find(|view| title(view) == filter.name)?;
        Some((view.key.to_owned(), filter.id.to_string()))
    });
    Ok(ours.collect())
}

async fn all(session: &Session) -> Result<Vec<Filter>, Fault> {
    let call = session
        .api
        .get("/api/v1/filters")
        .cost(2 * cost::LIST)
        .query("type", "deals");
    let (_, told): (_, Envelope<Vec<Filter>>) = read(session, call).await?;
    let mut filters = told.data.unwrap_or_default();
    filters.retain(|filter| filter.active_flag);
    Ok(filters)
}

fn title(view: &View) -> String {
    format!("{FILTER_PREFIX}{}", view.title)
}

/// Creates a filter, unless it is there.
pub async fn create(session: &Session, wanted: &Blueprint, view: &View) -> Result<(), Fault> {
    let known = all(session).await?;
    if known.iter().any(|filter| filter.name == title(view)) {
        return Ok(());
    }
    let definitions = known_definitions(session).await?;
    let numbers = numbers(session, &definitions).await?;
    let number = |key: &str| {
        let found = numbers.get(key).map(u64::to_string);
        found.ok_or_else(|| lacking(view, key))
    };
    let condition = |field_id: String, operator: &str, value: &str| json!({"object": "deal", "field_id": field_id, "operator": operator, "value": value, "extra_value": null});
    let mut all = vec![condition(number("status")?, "=", "open")];
    let mut any = Vec::new();
    for asked in view.conditions {
        match asked {
            Condition::OneOf(field, labels) => {
                let fields = matching(wanted, *field, &definitions);
                let found = fields.first().map(|it| look(*field, it));
                let found = found.ok_or_else(|| lacking(view, field.name()))?;
                let id = number(&found.place.name)?;
                for label in *labels {
                    let option = found.place.options.get(*label);
                    let option = option.ok_or_else(|| lacking(view, label))?;
                    // Of several labels any one will do; the filter has one group for such.
                    let group = if labels.len() == 1 {
                        &mut all
                    } else {
                        &mut any
                    };
                    group.push(condition(id.clone(), "=", option));
                }
            }
            Condition::ClosesWithinDays(days) => {
                let id = number("expected_close_date")?;
                let until = DAYS_AHEAD.iter().find(|(ahead, _)| ahead >= days);
                let until = until.map_or("in_3_months", |(_, word)| word);
                all.push(condition(id.clone(), ">=", "today"));
                all.push(condition(id, "<=", until));
            }
        }
    }
    let filter = json!({
        "name": title(view),
        "type": "deals",
        "conditions": {"glue": "and", "conditions": [
            {"glue": "and", "conditions": all},
            {"glue": "or", "conditions": any},
        ]},
    });
    let call = session
        .api
        .post("/api/v1/filters")
        .cost(cost::LIST)
        .json(&filter);
    read::<Json>(session, call).await.map(drop)
}

fn lacking(view: &View, what: &str) -> Fault {
    Fault::Setup(Cause::told(
        "filter",
        format!(
            "the filter {} needs {what}, which does not exist",
            view.title
        ),
    ))
}

/// The numbers that filters know fields by.
async fn numbers(
    session: &Session,
    definitions: &[Definition],
) -> Result<BTreeMap<String, u64>, Fault> {
    let known: BTreeMap<String, u64> = session.memo.get(NUMBERS).unwrap_or_default();
    if definitions.iter().all(|it| known.contains_key(it.key())) {
        return Ok(known);
    }
    let mut numbers = BTreeMap::new();
    let mut start = 0;
    loop {
        let call = session
            .api
            .get("/api/v1/dealFields")
            .cost(cost::LONG_LIST)
            .query("start", start)
            .query("limit", PAGE);
        let (_, page): (_, Envelope<Vec<Numbered>>) = read(session, call).await?;
        let next = page.next_start().filter(|next| *next > start);
        let fields = page.data.unwrap_or_default();
        numbers.extend(fields.into_iter().map(|field| (field.key, field.id)));
        match next {
            Some(next) => start = next,
            None => break,
        }
    }
    session.memo.keep(NUMBERS, json!(numbers));
    Ok(numbers)
}
