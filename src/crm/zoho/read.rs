//! Reading deals: by change, by id, one by one.

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::about::{house, known_house, read};
use super::wire::{Deleted, House, Record, Records};
use super::{api, heed_credits};
use crate::crm::page::{Cursor, Next, Page, Seen};
use crate::crm::session::Session;
use crate::domain::Time;
use crate::domain::deal::{Deal, Standing};
use crate::domain::ids::DealId;
use crate::http::call::Reply;
use crate::http::fault::Fault;

/// How far a pull reaches back before the beginning of the one before it. The documents promise
/// nothing about when a change becomes visible.
const OVERLAP_MINUTES: i64 = 5;
/// The largest page of a list.
const LIST_ROWS: usize = 200;
/// Rows of a query and the credits they cost; fewer where an answer is too large for us.
const QUERY_ROWS: [(u32, u32); 3] = [(2_000, 3), (200, 1), (20, 1)];

/// Where a pull stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    walk: Walk,
    /// Content changed at or after this is read; none in a full pull, which reads open deals.
    since: Option<Time>,
    /// The CRM's time when this pull began.
    began: Option<Time>,
    /// The last id a query gave.
    after: Option<String>,
    /// The page of deleted records to read.
    page: u32,
    /// Rows per query, once they proved too large or too slow for more.
    rows: Option<u32>,
    house: House,
}

/// What a pull is reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Walk {
    /// Deals by id, as many a call as there can be.
    #[default]
    Query,
    /// The first page of changes: usually all there is.
    List,
    /// What was deleted.
    Deletes,
}

/// Deals changed since the place.
pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let mut place: Place = from.place();
    if place.house.stages.is_empty() {
        place.house = house(session).await?;
    }
    match place.walk {
        Walk::Query => query(session, place).await,
        Walk::List => list(session, place).await,
        Walk::Deletes => deletes(session, place).await,
    }
}

async fn list(session: &Session, place: Place) -> Result<Page<Seen>, Fault> {
    let since = place.since.unwrap_or(DateTime::UNIX_EPOCH);
    let call = session
        .api
        .get(api(session, "Deals"))
        .query("fields", columns(session, &place.house, "Account_Name"))
        .query("sort_by", "Modified_Time")
        .query("sort_order", "asc")
        .query("per_page", LIST_ROWS)
        .header("if-modified-since", &stamp(since));
    let (page, date): (Records<Record>, Time) = records(session, &call.any_reply().await?)?;
    let more = page.info.more_records;
    let next = Place {
        began: Some(place.began.unwrap_or(date)),
        // A change of many deals is read again, faster, and by an order that nothing upsets.
        walk: if more { Walk::Query } else { Walk::Deletes },
        page: 1,
        ..place
    };
    seen(session, page, next).await
}

async fn query(session: &Session, mut place: Place) -> Result<Page<Seen>, Fault> {
    let reply = loop {
        let most = place.rows.unwrap_or(QUERY_ROWS[0].0);
        let mut sizes = QUERY_ROWS.into_iter().skip_while(|(rows, _)| *rows > most);
        let (rows, credits) = sizes.next().unwrap_or(QUERY_ROWS[2]);
        let smaller = sizes.next().map(|(rows, _)| rows);
        let body = serde_json::json!({"select_query": select(session, &place, rows)});
        let call = session.api.post(api(session, "coql")).json(&body);
        let call = match smaller {
            Some(_) => call.idempotent().cost(credits).or_less(),
            None => call.idempotent().cost(credits),
        };
        match (call.any_reply().await, smaller) {
            (Err(fault), Some(_)) if fault.asks_for_less() => place.rows = smaller,
            (reply, _) => break reply?,
        }
    };
    let (page, date): (Records<Record>, Time) = records(session, &reply)?;
    let began = Some(place.began.unwrap_or(date));
    let after = page.data.last().map(|record| record.id.0.clone());
    let next = match (after, page.info.more_records) {
        (Some(after), true) => Place {
            began,
            after: Some(after),
            ..place
        },
        _ => Place {
            began,
            walk: Walk::Deletes,
            page: 1,
            after: None,
            ..place
        },
    };
    seen(session, page, next).await
}

async fn deletes(session: &Session, place: Place) -> Result<Page<Seen>, Fault> {
    let began = place.began.unwrap_or_else(|| session.api.env().now());
    // A full pull knows of no deal that could have gone.
    let Some(since) = place.since else {
        return Ok(Page {
            items: Vec::new(),
            next: Next::Done(finished(began, place.house)),
        });
    };
    let call = session
        .api
        .get(api(session, "Deals/deleted"))
        .query("type", "all")
        .query("per_page", LIST_ROWS)
        .query("page", place.page)
        .header("if-modified-since", &stamp(since))
        .cost(2);
    let (page, _): (Records<Deleted>, Time) = records(session, &call.any_reply().await?)?;
    let gone = page
        .data
        .into_iter()
        .map(|record| Seen::Gone(record.id.0.into()));
    Ok(Page {
        items: gone.collect(),
        next: if page.info.more_records {
            Next::More(Cursor::at(&Place {
                page: place.page + 1,
                ..place
            }))
        } else {
            Next::Done(finished(began, place.house))
        },
    })
}

fn finished(began: Time, house: House) -> Cursor {
    Cursor::at(&Place {
        walk: Walk::List,
        since: Some(began - TimeDelta::minutes(OVERLAP_MINUTES)),
        house,
        ..Place::default()
    })
}

async fn seen(
    session: &Session,
    page: Records<Record>,
    mut next: Place,
) -> Result<Page<Seen>, Fault> {
    // A stage that was added since the stages were read.
    let known = |record: &Record| {
        let stage = record.stage.as_ref();
        stage.is_none_or(|stage| next.house.stages.contains_key(stage))
    };
    if !page.data.iter().all(known) {
        next.house = house(session).await?;
    }
    let items = page
        .data
        .into_iter()
        .map(|record| Seen::Here(Box::new(record.deal(&session.fields, &next.house))));
    Ok(Page {
        items: items.collect(),
        next: match (next.walk, next.since) {
            (Walk::Deletes, None) => {
                let began = next.began.unwrap_or_else(|| session.api.env().now());
                Next::Done(finished(began, next.house.clone()))
            }
            _ => Next::More(Cursor::at(&next)),
        },
    })
}

/// The answer to a list: 204 and 304 are empty ones.
fn records<T: serde::de::DeserializeOwned>(
    session: &Session,
    reply: &Reply,
) -> Result<(Records<T>, Time), Fault> {
    heed_credits(session, reply);
    let date = reply.date();
    match reply.status {
        204 | 304 => Ok((Records::default(), date)),
        200..300 if !reply.looks_like_page() => Ok((reply.decode()?, date)),
        _ => Err(super::faults::fault(reply)),
    }
}

fn stamp(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The fields that are asked for.
fn columns(session: &Session, house: &House, account: &str) -> String {
    let mut names = vec![
        "id",
        "Deal_Name",
        "Stage",
        "Pipeline",
        "Amount",
        "Closing_Date",
        "Owner",
        account,
        "Modified_Time",
    ];
    if house.currencies {
        names.push("Currency");
    }
    names.extend(session.fields.read().map(|(_, name)| name));
    names.join(",")
}

/// Deals by id, after the last one seen: no change while reading moves one out of sight, and no
/// limit on rows applies. Multi-line fields may be selected, not compared.
fn select(session: &Session, place: &Place, rows: u32) -> String {
    let columns = columns(session, &place.house, "Account_Name.Account_Name").replace(',', ", ");
    let after = place.after.as_deref().unwrap_or("0");
    let condition = match place.since {
        Some(since) => format!("Modified_Time >= '{}'", stamp(since)),
        None => {
            let closed = place
                .house
                .stages
                .iter()
                .filter(|(_, it)| **it != Standing::Open);
            let closed: Vec<String> = closed
                .map(|(stage, _)| format!("'{}'", stage.replace('\\', "\\\\").replace('\'', "\\'")))
                .collect();
            match closed.is_empty() {
                true => "Stage is not null".to_owned(),
                false => format!("Stage not in ({})", closed.join(", ")),
            }
        }
    };
    format!(
        "select {columns} from Deals where ((id > {after}) and ({condition})) \
         order by id asc limit {rows}"
    )
}

/// One deal as it is now.
pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let house = known_house(session).await?;
    let columns = columns(session, &house, "Account_Name");
    let path = format!("Deals/{id}");
    match read::<Records<Record>>(session, &path, &[("fields", &columns)]).await {
        Ok(found) => {
            let record = found.and_then(|found| found.data.into_iter().next());
            Ok(record.map(|record| record.deal(&session.fields, &house)))
        }
        Err(Fault::Gone(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
