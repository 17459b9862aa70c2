//! Reading: the first pull walks the list, every later one asks the search index what changed.
//!
//! The list reads the primary store, a hundred deals a page, without limit. The search index finds
//! changes but lags, gives no more than 10,000 results a query and never shows deleted deals; so a
//! search goes on by id, not by offset and not by time, starts an overlap early, and is followed
//! by a look at the list of deleted deals.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::companies::READ_BATCH;
use super::wire::{self, Batch, CHANGED, COMPANY, FACTS, Listing, MERGED, Record};
use super::{account, companies, path};
use crate::crm::page::{Cursor, Next, Page, Seen, in_order};
use crate::crm::session::Session;
use crate::domain::Time;
use crate::domain::deal::{Deal, Standing};
use crate::domain::ids::DealId;
use crate::http::budget::Quota;
use crate::http::call::{Call, Reply};
use crate::http::fault::{Cause, Fault};

/// Deals on a page of the list, the most it gives.
const LIST_PAGE: usize = 100;
/// Deals on a page of a search, the most it gives.
const SEARCH_PAGE: usize = 200;
/// Searches share five a second with every other app of the account, apart from all other calls.
const SEARCH_PACE: Quota = Quota {
    calls: 1,
    per: Duration::from_millis(250),
};
/// A pull starts this long before the one before it began: the index shows a change late, by
/// moments as documented and by minutes as others have met.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// Once in [`DEEP_EVERY`] the overlap is this long, for changes the index was very late with.
const DEEP_OVERLAP: TimeDelta = TimeDelta::hours(2);
/// See [`DEEP_OVERLAP`]; also how often deleted deals are listed where they fill several pages.
const DEEP_EVERY: TimeDelta = TimeDelta::hours(1);
/// How many names of companies a place remembers, so that they are not asked for on every page.
const NAMES_KEPT: usize = 200;

/// Where a pull stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    walk: Walk,
    /// Where the walk goes on: an id in a search, what the list said in a list.
    after: Option<String>,
    /// When the pull under way began, by HubSpot's clock.
    began: Option<Time>,
    /// When the last whole pull began; none before the first is through.
    since: Option<Time>,
    /// When the last deep pull began.
    deep: Option<Time>,
    /// When the last look at deleted deals began, and whether they fill more than a page.
    gone: Option<Time>,
    gone_is_long: bool,
    /// Names of companies by id.
    names: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Walk {
    #[default]
    All,
    Changed,
    Gone,
}

/// Deals changed since the place; all open ones from the empty place.
pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let place: Place = from.place();
    match place.walk {
        Walk::All => all(session, place).await,
        Walk::Changed => changed(session, place).await,
        Walk::Gone => gone(session, place).await,
    }
}

async fn all(session: &Session, mut place: Place) -> Result<Page<Seen>, Fault> {
    let mut call = session
        .api
        .get(path(session, "objects", "deals"))
        .query("limit", LIST_PAGE)
        .query("properties", properties(session).join(","));
    if let Some(after) = &place.after {
        call = call.query("after", after);
    }
    let (reply, page): (_, Listing<Record>) = read(session, call).await?;
    let began = *place.began.get_or_insert(reply.date());
    place.after = page.after().map(str::to_owned);
    let mut items = seen(session, &mut place, &page.results).await?;
    // The list cannot leave closed deals out; a first pull has no use for them.
    items.retain(|seen| !matches!(seen, Seen::Here(deal) if deal.standing != Standing::Open));
    let next = if place.after.is_some() {
        Next::More(Cursor::at(&place))
    } else {
        let done = Place {
            walk: Walk::Changed,
            since: Some(began),
            deep: Some(began),
            gone: Some(began),
            names: place.names,
            ..Place::default()
        };
        Next::Done(Cursor::at(&done))
    };
    Ok(Page { items, next })
}

async fn changed(session: &Session, mut place: Place) -> Result<Page<Seen>, Fault> {
    let now = session.api.env().now();
    let deep = is_due(place.deep, now);
    if deep && place.after.is_none() {
        // A renamed company is seen at the latest now.
        place.names.clear();
    }
    let overlap = if deep { DEEP_OVERLAP } else { OVERLAP };
    let since = place.since.unwrap_or_default() - overlap;
    let last = place.after.as_deref().unwrap_or("0");
    let search = json!({
        "filterGroups": [{"filters": [
            {"propertyName": CHANGED, "operator": "GTE", "value": since.timestamp_millis().to_string()},
            {"propertyName": "hs_object_id", "operator": "GT", "value": last},
        ]}],
        "sorts": ["hs_object_id"],
        "properties": properties(session),
        "limit": SEARCH_PAGE,
        "after": "0",
    });
    session.api.budget().turn("search", SEARCH_PACE).await;
    let call = session
        .api
        .post(path(session, "objects", "deals/search"))
        .json(&search)
        .idempotent();
    let (reply, page): (_, Listing<Record>) = read(session, call).await?;
    let began = *place.began.get_or_insert(reply.date());
    let reached = ascending(&page.results, last)?;
    let items = seen(session, &mut place, &page.results).await?;
    if page.after().is_some() {
        place.after = reached;
        let next = Next::More(Cursor::at(&place));
        return Ok(Page { items, next });
    }
    place.after = None;
    if deep {
        place.deep = Some(began);
    }
    let look = !place.gone_is_long || is_due(place.gone, now);
    place.walk = Walk::Gone;
    let next = if look {
        Next::More(Cursor::at(&place))
    } else {
        Next::Done(Cursor::at(&finished(place)))
    };
    Ok(Page { items, next })
}

async fn gone(session: &Session, mut place: Place) -> Result<Page<Seen>, Fault> {
    let mut call = session
        .api
        .get(path(session, "objects", "deals"))
        .query("limit", LIST_PAGE)
        .query("archived", true)
        .query("properties", "hs_object_id");
    if let Some(after) = &place.after {
        call = call.query("after", after);
    }
    let (_, page): (_, Listing<Record>) = read(session, call).await?;
    let since = place.gone.unwrap_or_default() - OVERLAP;
    let items = page
        .results
        .iter()
        .filter(|record| record.archived_at.is_none_or(|at| at >= since))
        .map(|record| Seen::Gone(DealId::from(record.id.clone())))
        .collect();
    let first = place.after.is_none();
    place.after = page.after().map(str::to_owned);
    let next = if place.after.is_some() {
        place.gone_is_long = true;
        Next::More(Cursor::at(&place))
    } else {
        place.gone_is_long &= !first;
        place.gone = place.began;
        Next::Done(Cursor::at(&finished(place)))
    };
    Ok(Page { items, next })
}

fn finished(place: Place) -> Place {
    Place {
        walk: Walk::Changed,
        after: None,
        since: place.began,
        began: None,
        ..place
    }
}

fn is_due(last: Option<Time>, now: Time) -> bool {
    last.is_none_or(|at| at + DEEP_EVERY <= now)
}

/// The last id of a page; going on by id is safe only if the pages really are in its order.
fn ascending(records: &[Record], last: &str) -> Result<Option<String>, Fault> {
    let number = |id: &str| id.parse::<u64>().unwrap_or_default();
    let mut reached = number(last);
    for record in records {
        let id = number(&record.id);
        if id < reached {
            return Err(Fault::Unknown(Cause::told(
                "search_order",
                "the search did not sort by hs_object_id",
            )));
        }
        reached = id;
    }
    Ok(records.last().map(|record| record.id.clone()))
}

/// One deal as it is now, from the primary store.
pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let call = session
        .api
        .get(path(session, "objects", &format!("deals/{id}")))
        .query("properties", properties(session).join(","));
    let record = match read::<Record>(session, call).await {
        Ok((_, record)) => record,
        Err(Fault::Gone(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    // The id of a deal that was merged away answers with the deal that goes on.
    if record.archived || record.id != id.as_str() {
        return Ok(None);
    }
    let mut place = Place::default();
    let seen = seen(session, &mut place, &[record]).await?;
    Ok(seen.into_iter().find_map(|seen| match seen {
        Seen::Here(deal) => Some(*deal),
        _ => None,
    }))
}

/// Many deals as they are now, from the primary store.
pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(READ_BATCH) {
        let inputs: Vec<_> = some.iter().map(|id| json!({"id": id.as_str()})).collect();
        let wanted = json!({
            "properties": properties(session),
            "propertiesWithHistory": [],
            "inputs": inputs,
        });
        let call = session
            .api
            .post(path(session, "objects", "deals/batch/read"))
            .json(&wanted)
            .idempotent();
        // Those that are gone stand among the errors; one that was merged away answers with another.
        let (_, told): (_, Batch<Record>) = read(session, call).await?;
        let there = told.results.iter().filter(|record| !record.archived);
        let currency = account::currency(session, &told.results).await?;
        let known = (&BTreeMap::new(), currency.as_deref());
        found.extend(there.map(|record| wire::deal(record, &session.fields, known)));
    }
    Ok(in_order(ids, found))
}

fn properties(session: &Session) -> Vec<&str> {
    let ours = session.fields.read().map(|(_, name)| name);
    FACTS.into_iter().chain([CHANGED]).chain(ours).collect()
}

/// What a page shows, with the names of the customers, and the deals merged into those on it.
async fn seen(
    session: &Session,
    place: &mut Place,
    records: &[Record],
) -> Result<Vec<Seen>, Fault> {
    let linked = companies::linked(session, records).await?;
    let company = |record: &Record| -> Option<String> {
        let stated = record.properties.get(COMPANY).cloned().flatten();
        stated.or_else(|| linked.get(&record.id).cloned())
    };
    let mut unknown: Vec<String> = records
        .iter()
        .filter_map(&company)
        .filter(|id| !id.is_empty() && !place.names.contains_key(id))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    let mut names = std::mem::take(&mut place.names);
    names.extend(companies::names(session, &unknown).await?);
    let currency = account::currency(session, records).await?;
    let known = (&names, currency.as_deref());
    let mut items = Vec::new();
    for record in records {
        let mut deal = wire::deal(record, &session.fields, known);
        if deal.account.is_none() {
            deal.account = company(record).and_then(|id| names.get(&id).cloned());
        }
        let merged = record.properties.get(MERGED).cloned().flatten();
        let merged = merged.unwrap_or_default();
        items.extend(wire::ids(&merged).map(|from| Seen::Merged {
            from,
            into: deal.id.clone(),
        }));
        items.push(Seen::Here(Box::new(deal)));
    }
    if names.len() <= NAMES_KEPT {
        place.names = names;
    }
    Ok(items)
}

/// The decoded answer to a call, and what it said about the day's quota noted.
pub async fn read<T: DeserializeOwned>(
    session: &Session,
    call: Call<'_>,
) -> Result<(Reply, T), Fault> {
    let reply = call.reply().await?;
    note_quota(session, &reply);
    if reply.looks_like_page() {
        return Err(Fault::Later {
            at: None,
            cause: Cause::from_reply(&reply),
        });
    }
    let told = reply.decode()?;
    Ok((reply, told))
}

/// Takes our share of the day's quota, which HubSpot states to fixed tokens.
pub fn note_quota(session: &Session, reply: &Reply) {
    if let Ok(daily) = reply.header("x-hubspot-ratelimit-daily").parse::<u64>() {
        let share = daily * session.settings.quota_percent() / 100;
        session.api.budget().allow_per_day(share);
    }
}
