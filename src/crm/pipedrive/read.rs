//! Reading: lists by cursor, sorted by id, everything that changed since the pull before.
//!
//! A list costs ten tokens whatever its length, so pages are as long as they may be, and deleted
//! deals come in the same list.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, TimeDelta};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::wire::{self, Envelope, Organization, Role, User, WireDeal, WirePipeline, WireStage};
use crate::crm::page::{Cursor, Next, Page, Seen};
use crate::crm::session::{Identity, Session};
use crate::domain::Time;
use crate::domain::deal::{Deal, Pipeline};
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::http::call::{Call, Reply};
use crate::http::fault::{Cause, Fault};
use crate::http::guard::is_this_machine;

/// Items on a page, the most there can be.
const PAGE: usize = 500;
/// Organizations in one question, the most there can be.
const ORGANIZATIONS: usize = 100;
/// Single deals asked for at once.
const AT_ONCE: usize = 4;
/// Custom fields that a list can be narrowed to.
const MOST_KEYS: usize = 15;
/// Changes are stamped to the second, and how soon lists show them is not documented.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// How often deals that were put away are looked for; that list costs twenty tokens.
const ARCHIVE_EVERY: TimeDelta = TimeDelta::hours(1);
/// How many names of organizations a place remembers, so that they are not paid for every time.
const NAMES_KEPT: usize = 300;

/// What calls cost, in tokens.
pub mod cost {
    /// A list of deals, organizations, fields, or the filters' creation and removal.
    pub const LIST: u32 = 10;
    /// A list of version 1, and the list of deals that were put away.
    pub const LONG_LIST: u32 = 20;
    /// One deal.
    pub const ONE: u32 = 1;
    /// Oneself.
    pub const ME: u32 = 2;
    /// A change, and the lists of stages and pipelines.
    pub const CHANGE: u32 = 5;
}

/// Where a pull stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    walk: Walk,
    /// What the page before said.
    cursor: Option<String>,
    /// When the pull under way began, by Pipedrive's clock.
    began: Option<Time>,
    /// When the last whole pull began; none before the first is through.
    since: Option<Time>,
    /// When deals that were put away were last looked for.
    archived: Option<Time>,
    /// Names of organizations by id.
    names: BTreeMap<u64, String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
enum Walk {
    #[default]
    Open,
    Changed,
    Archived,
}

/// Deals changed since the place; all open ones from the empty place.
pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let mut place: Place = from.place();
    let (path, price) = match place.walk {
        Walk::Archived => ("/api/v2/deals/archived", cost::LONG_LIST),
        _ => ("/api/v2/deals", cost::LIST),
    };
    let mut call = narrowed(session, session.api.get(path).cost(price))
        .query("sort_by", "id")
        .query("sort_direction", "asc")
        .query("limit", PAGE);
    let since = |since: Option<Time>| seconds(since.unwrap_or_default() - OVERLAP);
    call = match place.walk {
        Walk::Open => call.query("status", "open"),
        Walk::Changed => call
            .query("status", "open,won,lost,deleted")
            .query("updated_since", since(place.since)),
        Walk::Archived => call.query("updated_since", since(place.archived)),
    };
    if let Some(cursor) = &place.cursor {
        call = call.query("cursor", cursor);
    }
    let (reply, page): (_, Envelope<Vec<WireDeal>>) = read(session, call).await?;
    place.began.get_or_insert(reply.date());
    place.cursor = page.cursor();
    let items = seen(session, &mut place, &page.data.unwrap_or_default()).await?;
    let next = if place.cursor.is_some() {
        Next::More(Cursor::at(&place))
    } else {
        after(session, place)
    };
    Ok(Page { items, next })
}

/// Where to go on when a walk is through.
fn after(session: &Session, mut place: Place) -> Next {
    let now = session.api.env().now();
    let looked = place.archived.is_some_and(|at| at + ARCHIVE_EVERY > now);
    match place.walk {
        Walk::Changed if !looked => {
            place.walk = Walk::Archived;
            // A renamed organization is seen at the latest at the next pull.
            place.names.clear();
            return Next::More(Cursor::at(&place));
        }
        Walk::Changed => {}
        // What was put away before the first pull never was in the list.
        Walk::Open | Walk::Archived => place.archived = place.began,
    }
    let done = Place {
        walk: Walk::Changed,
        cursor: None,
        since: place.began,
        began: None,
        ..place
    };
    Next::Done(Cursor::at(&done))
}

fn seconds(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Asks for our own fields only, where the list of their keys is short enough.
fn narrowed<'a>(session: &Session, call: Call<'a>) -> Call<'a> {
    let keys: Vec<&str> = session.fields.read().map(|(_, key)| key).collect();
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return call;
    }
    call.query("custom_fields", keys.join(","))
}

async fn seen(
    session: &Session,
    place: &mut Place,
    deals: &[WireDeal],
) -> Result<Vec<Seen>, Fault> {
    let living = deals.iter().filter(|deal| !deal.is_gone());
    let mut unknown: Vec<u64> = living
        .filter_map(|deal| deal.org_id)
        .filter(|id| !place.names.contains_key(id))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    let mut names = std::mem::take(&mut place.names);
    for ids in unknown.chunks(ORGANIZATIONS) {
        let list: Vec<String> = ids.iter().map(u64::to_string).collect();
        let call = session
            .api
            .get("/api/v2/organizations")
            .cost(cost::LIST)
            .query("ids", list.join(","))
            .query("limit", ORGANIZATIONS);
        let (_, found): (_, Envelope<Vec<Organization>>) = read(session, call).await?;
        let found = found.data.unwrap_or_default();
        names.extend(found.into_iter().filter_map(|it| Some((it.id, it.name?))));
    }
    let items = deals
        .iter()
        .map(|deal| match deal.is_gone() {
            true => Seen::Gone(DealId::from(deal.id.to_string())),
            false => Seen::Here(Box::new(wire::deal(deal, &session.fields, &names))),
        })
        .collect();
    if names.len() <= NAMES_KEPT {
        place.names = names;
    }
    Ok(items)
}

/// One deal as it is now.
pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let Some(told) = one(session, id).await? else {
        return Ok(None);
    };
    let seen = seen(session, &mut Place::default(), &[told]).await?;
    Ok(seen.into_iter().find_map(|seen| match seen {
        Seen::Here(deal) => Some(*deal),
        _ => None,
    }))
}

/// Some deals as they are now, each by itself: a list of them would cost ten times as much as one.
pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let calls: Vec<_> = ids.iter().map(|id| one(session, id).boxed()).collect();
    let told: Vec<Option<WireDeal>> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
    let deal = |told: WireDeal| {
        (!told.is_gone()).then(|| wire::deal(&told, &session.fields, &BTreeMap::new()))
    };
    Ok(told.into_iter().map(|told| told.and_then(deal)).collect())
}

async fn one(session: &Session, id: &DealId) -> Result<Option<WireDeal>, Fault> {
    let call = session.api.get(format!("/api/v2/deals/{id}"));
    let call = narrowed(session, call.cost(cost::ONE));
    match read::<WireDeal>(session, call).await {
        Ok((_, found)) => Ok(found.data),
        Err(Fault::Gone(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Pipelines and stages.
pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let pipelines: Vec<WirePipeline> = all(session, "/api/v2/pipelines").await?;
    let stages: Vec<WireStage> = all(session, "/api/v2/stages").await?;
    Ok(wire::pipelines(pipelines, stages))
}

async fn all<T: DeserializeOwned>(session: &Session, path: &str) -> Result<Vec<T>, Fault> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut call = session
            .api
            .get(path)
            .cost(cost::CHANGE)
            .query("limit", PAGE);
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let (_, page): (_, Envelope<Vec<T>>) = read(session, call).await?;
        let next = page.cursor();
        items.extend(page.data.unwrap_or_default());
        // The same place again would never end.
        if next.is_none() || next == cursor {
            return Ok(items);
        }
        cursor = next;
    }
}

/// All users, with managers where the roles tell them and may be read.
pub async fn people(session: &Session) -> Result<Page<Person>, Fault> {
    let call = session.api.get("/api/v1/users").cost(cost::LONG_LIST);
    let (_, users): (_, Envelope<Vec<User>>) = read(session, call).await?;
    let roles = match roles(session).await {
        Ok(roles) => roles,
        // Reading roles needs a right that an admin may have kept back: then nobody's manager is
        // known here.
        Err(Fault::Setup(_)) => Vec::new(),
        Err(fault) => return Err(fault),
    };
    Ok(Page {
        items: wire::people(users.data.unwrap_or_default(), &roles),
        next: Next::Done(Cursor::default()),
    })
}

async fn roles(session: &Session) -> Result<Vec<Role>, Fault> {
    let mut roles = Vec::new();
    let mut start = 0;
    loop {
        let call = session
            .api
            .get("/api/v1/roles")
            .cost(cost::LONG_LIST)
            .query("start", start)
            .query("limit", PAGE);
        let (_, page): (_, Envelope<Vec<Role>>) = read(session, call).await?;
        let next = page.next_start().filter(|next| *next > start);
        roles.extend(page.data.unwrap_or_default());
        match next {
            Some(next) => start = next,
            None => return Ok(roles),
        }
    }
}

/// Whose token it is, and of which company.
pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let call = session.api.get("/api/v1/users/me").cost(cost::ME);
    let (_, me): (_, Envelope<User>) = read(session, call).await?;
    let me = me
        .data
        .ok_or_else(|| Fault::Unknown(Cause::told("bad_body", "users/me names nobody")))?;
    let company = me.company_name.unwrap_or_default();
    // A company that is served from this machine has its pages there, too.
    let at_home = is_this_machine(&session.api.base().await?);
    Ok(Identity {
        user: me.id.to_string(),
        name: format!("{} at {company}", me.name),
        organisation: me.company_id.map_or_else(String::new, |id| id.to_string()),
        // Calls may go to one address for everyone; pages are the company's own.
        pages: me
            .company_domain
            .filter(|_| !at_home)
            .and_then(|domain| format!("https://{domain}.pipedrive.com").parse().ok()),
    })
}

/// The decoded answer to a call; one that says that it failed is a fault whatever its status.
pub async fn read<T: DeserializeOwned>(
    session: &Session,
    call: Call<'_>,
) -> Result<(Reply, Envelope<T>), Fault> {
    let reply = call.reply().await?;
    note_quota(session, &reply);
    if reply.looks_like_page() {
        return Err(Fault::Later {
            at: None,
            cause: Cause::from_reply(&reply),
        });
    }
    let told: Envelope<T> = reply.decode()?;
    if told.success {
        Ok((reply, told))
    } else {
        Err(super::faults::fault(&reply))
    }
}

/// Takes our share of the company's tokens for the day, where the answer says how many there are.
pub fn note_quota(session: &Session, reply: &Reply) {
    let limit = reply.header("x-daily-ratelimit-token-limit").parse::<u64>();
    if let Ok(limit) = limit {
        let share = limit * session.settings.quota_percent() / 100;
        session.api.budget().allow_per_day(share);
    }
}
