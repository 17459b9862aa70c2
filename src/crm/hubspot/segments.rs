//! Segments of deals: they stand in for saved views, which have no API. (The API calls them lists.)

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::path;
use super::read::read;
use super::setup::name;
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Condition, View};
use crate::http::fault::Fault;

/// Stands before the title of each of our segments, because all segments of an account share one
/// list.
const SEGMENT_PREFIX: &str = "Latitude: ";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Segments {
    #[serde(default)]
    lists: Vec<Segment>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    offset: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Segment {
    list_id: Json,
    name: String,
}

/// Our segments that exist: view key and list id.
pub async fn found(
    session: &Session,
    wanted: &Blueprint,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut offset = 0;
    if wanted.views.is_empty() {
        return Ok(found);
    }
    loop {
        let search = json!({
            "query": SEGMENT_PREFIX.trim(),
            "offset": offset,
            "count": 100,
            "objectTypeId": "0-3",
            "processingTypes": ["DYNAMIC"],
            "listIds": [],
            "additionalProperties": [],
        });
        let call = session
            .api
            .post(path(session, "lists", "search"))
            .json(&search)
            .idempotent();
        let (_, page): (_, Segments) = read(session, call).await?;
        for segment in &page.lists {
            let is_it = |view: &&View| segment.name == title(view);
            if let Some(view) = wanted.views.iter().find(is_it) {
                let id = segment.list_id.to_string();
                found.insert(view.key.to_owned(), id.trim_matches('"').to_owned());
            }
        }
        if !page.has_more || page.offset <= offset {
            return Ok(found);
        }
        offset = page.offset;
    }
}

fn title(view: &View) -> String {
    format!("{SEGMENT_PREFIX}{}", view.title)
}

fn definition(session: &Session, wanted: &Blueprint, view: &View) -> Json {
    let filter = |property: &str, operation: Json| json!({"filterType": "PROPERTY", "property": property, "operation": operation});
    let open = json!({
        "operationType": "BOOL",
        "operator": "IS_EQUAL_TO",
        "value": false,
        "includeObjectsWithNoValueSet": false,
    });
    let condition = |condition: &Condition| match condition {
        Condition::OneOf(field, labels) => {
            let values: Vec<&str> = labels
                .iter()
                .map(|label| session.fields.option(*field, label))
                .collect();
            let any = json!({
                "operationType": "ENUMERATION",
                "operator": "IS_ANY_OF",
                "values": values,
                "includeObjectsWithNoValueSet": false,
            });
            filter(&name(wanted, *field), any)
        }
        Condition::ClosesWithinDays(days) => {
            let point = |days: u32| {
                json!({
                    "timeType": "INDEXED",
                    "timezoneSource": "PORTAL",
                    "zoneId": "UTC",
                    "indexReference": {"referenceType": "TODAY"},
                    "offset": {"days": days},
                })
            };
            let soon = json!({
                "operationType": "TIME_RANGED",
                "type": "TIME_RANGED",
                "operator": "IS_BETWEEN",
                "lowerBoundTimePoint": point(0),
                "lowerBoundEndpointBehavior": "INCLUSIVE",
                "upperBoundTimePoint": point(*days),
                "upperBoundEndpointBehavior": "INCLUSIVE",
                "propertyParser": "VALUE",
                "includeObjectsWithNoValueSet": false,
            });
            filter("closedate", soon)
        }
    };
    let mut filters = vec![filter("hs_is_closed", open)];
    filters.extend(view.conditions.iter().map(condition));
    json!({
        "name": title(view),
        "objectTypeId": "0-3",
        "processingType": "DYNAMIC",
        "filterBranch": {
            "filterBranchType": "OR",
            "filterBranchOperator": "OR",
            "filters": [],
            "filterBranches": [{
                "filterBranchType": "AND",
                "filterBranchOperator": "AND",
                "filterBranches": [],
                "filters": filters,
            }],
        },
    })
}

/// Creates a segment, unless it is there.
pub async fn create(session: &Session, wanted: &Blueprint, view: &View) -> Result<(), Fault> {
    if found(session, wanted).await?.contains_key(view.key) {
        return Ok(());
    }
    let call = session.api.post(path(session, "lists", ""));
    let body = definition(session, wanted, view);
    call.json(&body).reply().await.map(drop)
}
