//! Reading deals by change.

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::wire::{self, Change, Opportunity, Rows};
use super::{asking, spoken};
use crate::crm::page::{Cursor, Next, Page, Seen, in_order};
use crate::crm::session::Session;
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::ids::DealId;
use crate::http::call::Call;
use crate::http::fault::{Cause, Fault};

/// How often a table whose changes were not tracked is asked again; what was deleted meanwhile is
/// found by the reconcile of the night.
const TRACK_AGAIN: TimeDelta = TimeDelta::days(1);
/// How far a pull reaches back before the beginning of the one before it. `modifiedon` is stamped
/// when a transaction starts, and the row is seen when it ends.
const OVERLAP_MINUTES: i64 = 5;
/// Rows a page is asked for; smaller where an answer is larger or slower than we can take.
pub const PAGE_ROWS: [u32; 3] = [5_000, 500, 50];
/// The most ids in one filter; the address stays far below 32 KiB.
const IDS: usize = 50;
/// The names that go with lookups; without them only ids come.
const NAMES: &str = "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"";

/// Where a pull stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    walk: Walk,
    /// Content changed at or after this is read; none in a full pull, which reads open deals.
    since: Option<Time>,
    /// The CRM's time when this pull began.
    began: Option<Time>,
    /// The page to go on with.
    page: Option<String>,
    /// Where deletes are told from; none where the CRM does not track changes for us.
    delta: Option<String>,
    /// When it was last asked to, and did not.
    untracked: Option<Time>,
    /// Rows per page of deals, once they proved too large or too slow for more.
    rows: Option<u32>,
}

/// What a pull is reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Walk {
    /// Every id, once, for the first delta link.
    #[default]
    Baseline,
    /// Deals.
    Content,
    /// What changed since the delta link, for the deletes in it.
    Deletes,
}

/// Deals changed since the place, one call each time.
pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let place: Place = from.place();
    match place.walk {
        Walk::Content if place.may_track(session.api.env().now()) => baseline(session, place).await,
        Walk::Baseline => baseline(session, place).await,
        Walk::Content => content(session, place).await,
        Walk::Deletes => deletes(session, place).await,
    }
}

impl Place {
    /// Whether this is the beginning of a pull that is to try for a link of its own.
    fn may_track(&self, now: Time) -> bool {
        let begins = self.since.is_some() && self.page.is_none() && self.began.is_none();
        let lately = |at: Time| at <= now && now < at + TRACK_AGAIN;
        begins && self.delta.is_none() && !self.untracked.is_some_and(lately)
    }
}

/// Whether a refusal is of the tracking: it is off for the table, or needs a wider role. Content can
/// be read all the same.
fn refuses_tracking(fault: &Fault) -> bool {
    matches!(fault, Fault::Setup(_) | Fault::Unknown(_))
        && matches!(fault.cause().status, Some(400 | 403 | 501))
}

async fn baseline(session: &Session, place: Place) -> Result<Page<Seen>, Fault> {
    let path = place
        .page
        .clone()
        .unwrap_or_else(|| asking(session, "opportunities", &[("$select", "opportunityid")]));
    // Annotations here have been seen to lose the delta link of the last page.
    let prefer = format!("odata.track-changes,odata.maxpagesize={}", PAGE_ROWS[0]);
    let tracked = rows::<Change>(session, &path, &prefer).await;
    let delta = match tracked {
        Ok((rows, _)) if rows.next.is_some() => {
            let next = Place {
                walk: Walk::Baseline,
                page: rows.next,
                ..place
            };
            return Ok(Page {
                items: Vec::new(),
                next: Next::More(Cursor::at(&next)),
            });
        }
        Ok((rows, _)) => rows.delta,
        Err(fault) if refuses_tracking(&fault) => None,
        Err(fault) => return Err(fault),
    };
    let next = Place {
        walk: Walk::Content,
        page: None,
        untracked: delta.is_none().then(|| session.api.env().now()),
        delta,
        ..place
    };
    Ok(Page {
        items: Vec::new(),
        next: Next::More(Cursor::at(&next)),
    })
}

async fn content(session: &Session, mut place: Place) -> Result<Page<Seen>, Fault> {
    let path = place
        .page
        .clone()
        .unwrap_or_else(|| content_path(session, place.since));
    let (rows, date) = sized::<Opportunity>(session, &path, &mut place.rows).await?;
    let began = place.began.unwrap_or(date);
    let items = rows
        .value
        .into_iter()
        .map(|row| Seen::Here(Box::new(row.deal(&session.fields))))
        .collect();
    let next = match (rows.next, place.since.and(place.delta.as_ref())) {
        (Some(page), _) => Next::More(Cursor::at(&Place {
            began: Some(began),
            page: Some(page),
            ..place
        })),
        (None, Some(delta)) => Next::More(Cursor::at(&Place {
            walk: Walk::Deletes,
            began: Some(began),
            page: Some(delta.clone()),
            ..place
        })),
        // A full pull has its delta link from just before, or there is none.
        (None, None) => Next::Done(finished(began, place)),
    };
    Ok(Page { items, next })
}

async fn deletes(session: &Session, place: Place) -> Result<Page<Seen>, Fault> {
    let lost = || {
        Fault::Lost(Cause::told(
            "no_link",
            "there is no link to ask for deletes",
        ))
    };
    let path = place.page.clone().ok_or_else(lost)?;
    let prefer = format!("odata.maxpagesize={}", PAGE_ROWS[0]);
    // The link lives a few days; then this place is lost.
    let (rows, date) = rows::<Change>(session, &path, &prefer).await?;
    let items = rows.value.into_iter().filter_map(Change::gone).collect();
    let next = match rows.next {
        Some(page) => Next::More(Cursor::at(&Place {
            page: Some(page),
            ..place
        })),
        // Where the last page has no link, the one it was asked by goes on to be good.
        None => Next::Done(finished(
            place.began.unwrap_or(date),
            Place {
                delta: rows.delta.or_else(|| place.delta.clone()),
                ..place
            },
        )),
    };
    Ok(Page { items, next })
}

/// Where the next pull begins.
fn finished(began: Time, place: Place) -> Cursor {
    Cursor::at(&Place {
        walk: Walk::Content,
        since: Some(began - TimeDelta::minutes(OVERLAP_MINUTES)),
        delta: place.delta,
        untracked: place.untracked,
        ..Place::default()
    })
}

fn content_path(session: &Session, since: Option<Time>) -> String {
    let filter = match since {
        Some(since) => format!("modifiedon ge {}", since.format("%Y-%m-%dT%H:%M:%SZ")),
        None => "statecode eq 0".to_owned(),
    };
    asking(
        session,
        "opportunities",
        &[
            ("$select", &columns(session)),
            ("$filter", &filter),
            ("$orderby", "modifiedon asc,opportunityid asc"),
            ("$expand", wire::CURRENCY),
        ],
    )
}

fn columns(session: &Session) -> String {
    session
        .fields
        .read()
        .fold(wire::COLUMNS.to_owned(), |mut columns, (_, name)| {
            columns.push(',');
            columns.push_str(name);
            columns
        })
}

/// A page of deals, smaller where a large one does not come through; the size that came through is
/// kept for the pages that follow.
async fn sized<T: DeserializeOwned>(
    session: &Session,
    path: &str,
    kept: &mut Option<u32>,
) -> Result<(Rows<T>, Time), Fault> {
    loop {
        let size = kept.unwrap_or(PAGE_ROWS[0]);
        let smaller = PAGE_ROWS.into_iter().find(|rows| *rows < size);
        let prefer = format!("{NAMES},odata.maxpagesize={size}");
        let call = match smaller {
            Some(_) => session.api.get(path).or_less(),
            None => session.api.get(path),
        };
        match (rows_of(call, &prefer).await, smaller) {
            (Err(fault), Some(_)) if fault.asks_for_less() => *kept = smaller,
            (read, _) => return read,
        }
    }
}

/// Rows of one call, and the CRM's time.
pub async fn rows<T: DeserializeOwned>(
    session: &Session,
    path: &str,
    prefer: &str,
) -> Result<(Rows<T>, Time), Fault> {
    rows_of(session.api.get(path), prefer).await
}

async fn rows_of<T: DeserializeOwned>(
    call: Call<'_>,
    prefer: &str,
) -> Result<(Rows<T>, Time), Fault> {
    let reply = spoken(call).header("prefer", prefer).reply().await?;
    if reply.looks_like_page() {
        return Err(Fault::Later {
            at: None,
            cause: Cause::from_reply(&reply),
        });
    }
    Ok((reply.decode()?, reply.date()))
}

/// One deal as it is now.
pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let path = asking(
        session,
        &format!("opportunities({id})"),
        &[("$select", &columns(session)), ("$expand", wire::CURRENCY)],
    );
    let read = spoken(session.api.get(path))
        .header("prefer", NAMES)
        .read::<Opportunity>()
        .await;
    match read {
        Ok(row) => Ok(Some(row.deal(&session.fields))),
        Err(Fault::Gone(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Many deals as they are now.
pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(IDS) {
        let any: Vec<String> = some
            .iter()
            .map(|id| format!("opportunityid eq {id}"))
            .collect();
        let path = asking(
            session,
            "opportunities",
            &[
                ("$select", &columns(session)),
                ("$filter", &any.join(" or ")),
                ("$expand", wire::CURRENCY),
            ],
        );
        let (rows, _) = rows::<Opportunity>(session, &path, NAMES).await?;
        found.extend(rows.value.into_iter().map(|row| row.deal(&session.fields)));
    }
    Ok(in_order(ids, found))
}
