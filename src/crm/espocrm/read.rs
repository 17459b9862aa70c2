//! Reading: who is there, which stages, which opportunities changed.
//!
//! A first pull reads all open opportunities by id. Later ones read what changed, by `modifiedAt`
//! and id. A deleted record leaves no trace for an API user, so every pull ends by counting the
//! open ones; where the count is not what is known, the odd ones are found by halving.

use chrono::TimeDelta;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::call::call;
use super::ids::IdSet;
use super::odd::odd_ones;
use super::wire::{Definition, FACTS, Listed, Opportunity, User, time_text};
use crate::crm::page::{Cursor, Next, Page, Seen, in_order};
use crate::crm::session::{Identity, Session};
use crate::domain::Time;
use crate::domain::deal::{Deal, Pipeline, Stage, Standing};
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::http::call::Call;
use crate::http::fault::Fault;

/// The most records EspoCRM puts on a page.
pub const PAGE_ROWS: usize = 200;
/// How far a pull reaches back behind the start of the one before: a request that began earlier
/// may end later.
const OVERLAP_SECONDS: i64 = 120;

/// Where a pull of opportunities stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// Changes from this second on; none while all open ones are read for the first time.
    since: Option<String>,
    /// The id after which to go on: of the last record of second `since`, or of all.
    after: String,
    /// The server's time when this pull began.
    began: Option<Time>,
    /// Records per page, once they proved too large for the usual number.
    rows: Option<usize>,
    /// The opportunities last seen open.
    open: IdSet,
}

/// A condition of a search.
pub enum Where {
    /// A comparison of an attribute with a value.
    Is(&'static str, &'static str, String),
    /// The id is one of these.
    IdIn(Vec<String>),
    /// Changed after a second, or within it with a greater id.
    ChangedAfter(String, String),
}

impl Where {
    fn add<'a>(&self, call: Call<'a>, n: usize) -> Call<'a> {
        let at = format!("where[{n}]");
        match self {
            Self::Is(attribute, kind, value) => compare(call, &at, attribute, kind, value),
            Self::IdIn(ids) => {
                let call = call
                    .query(&format!("{at}[type]"), "in")
                    .query(&format!("{at}[attribute]"), "id");
                let name = format!("{at}[value][]");
                ids.iter().fold(call, |call, id| call.query(&name, id))
            }
            Self::ChangedAfter(second, id) => {
                let call = call.query(&format!("{at}[type]"), "or");
                let later = format!("{at}[value][0]");
                let call = compare(call, &later, "modifiedAt", "greaterThan", second);
                let same = format!("{at}[value][1]");
                let call = call.query(&format!("{same}[type]"), "and");
                let call = compare(
                    call,
                    &format!("{same}[value][0]"),
                    "modifiedAt",
                    "equals",
                    second,
                );
                compare(call, &format!("{same}[value][1]"), "id", "greaterThan", id)
            }
        }
    }
}

fn compare<'a>(call: Call<'a>, at: &str, attribute: &str, kind: &str, value: &str) -> Call<'a> {
    // Every id is greater than this one.
    let value = if value.is_empty() { "0" } else { value };
    call.query(&format!("{at}[type]"), kind)
        .query(&format!("{at}[attribute]"), attribute)
        .query(&format!("{at}[value]"), value)
}

/// A list of records in order of an attribute (and id), and the server's time.
pub async fn list<T: DeserializeOwned>(
    session: &Session,
    (entity, attributes): (&str, &str),
    conditions: &[Where],
    order: &str,
    rows: usize,
    open_only: bool,
) -> Result<(Listed<T>, Time), Fault> {
    let mut call = call(session, &Method::GET, entity)
        .query("select", attributes)
        .query("orderBy", order)
        .query("order", "asc")
        .query("maxSize", rows);
    // Counting everything costs the server more than reading a page.
    if rows > 1 {
        call = call.header("x-no-total", "true");
    }
    if open_only {
        call = call.query("primaryFilter", "open");
    }
    for (n, condition) in conditions.iter().enumerate() {
        call = condition.add(call, n);
    }
    let reply = call.reply().await?;
    if reply.looks_like_page() {
        return Err(super::faults::page_in_place_of_data(&reply));
    }
    Ok((reply.decode()?, reply.date()))
}

pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    #[derive(Deserialize)]
    struct Answer {
        user: User,
    }
    let answer: Answer = call(session, &Method::GET, "App/user").read().await?;
    let base = session.api.base().await?;
    Ok(Identity {
        user: answer.user.id,
        name: answer.user.name.unwrap_or_default(),
        organisation: installation(&base),
        pages: None,
    })
}

/// EspoCRM has no id of its own: one address is one installation, and a host may hold several, by
/// port or by path.
fn installation(base: &Url) -> String {
    format!("{}{}", base.authority(), base.path().trim_end_matches('/'))
}

pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    Ok(vec![Pipeline {
        id: "default".into(),
        name: "Opportunities".to_owned(),
        stages: stage_field(session).await?.stages(),
    }])
}

async fn stage_field(session: &Session) -> Result<Definition, Fault> {
    let definition: serde_json::Value = call(session, &Method::GET, "Metadata")
        .query("key", "entityDefs.Opportunity.fields.stage")
        .read()
        .await?;
    session.memo.keep(STAGES, definition.clone());
    Ok(serde_json::from_value(definition).unwrap_or_default())
}

const STAGES: &str = "espocrm_stages";

/// The stages, asked once a session.
async fn known_stages(session: &Session) -> Result<Vec<Stage>, Fault> {
    if let Some(known) = session.memo.get::<Definition>(STAGES) {
        return Ok(known.stages());
    }
    Ok(stage_field(session).await?.stages())
}

pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let after: String = from.place();
    let attributes = "id,name,userName,emailAddress,isActive,type";
    let conditions = [Where::Is("id", "greaterThan", after.clone())];
    let (listed, _) = list::<User>(
        session,
        ("User", attributes),
        &conditions,
        "id",
        PAGE_ROWS,
        false,
    )
    .await?;
    let last = listed.list.last().map_or(after, |user| user.id.clone());
    let next = if listed.list.len() < PAGE_ROWS {
        Next::Done(Cursor::default())
    } else {
        Next::More(Cursor::at(&last))
    };
    Ok(Page {
        items: listed.list.into_iter().filter_map(User::person).collect(),
        next,
    })
}

pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let found = deals_now(session, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().flatten().next())
}

pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let mut deals = Vec::with_capacity(ids.len());
    for some in ids.chunks(super::odd::IDS_IN_ADDRESS) {
        let wanted = some.iter().map(|id| id.as_str().to_owned()).collect();
        let these = [Where::IdIn(wanted)];
        let (found, _) = opportunities(session, &these, "id", PAGE_ROWS, false).await?;
        deals.extend(deals_of(session, found).await?);
    }
    Ok(in_order(ids, deals))
}

/// By list, which returns the named attributes and no others.
pub async fn opportunities(
    session: &Session,
    conditions: &[Where],
    order: &str,
    rows: usize,
    open_only: bool,
) -> Result<(Vec<Opportunity>, Time), Fault> {
    let mut attributes: Vec<&str> = FACTS.to_vec();
    attributes.extend(session.fields.read().map(|(_, name)| name));
    let attributes = attributes.join(",");
    let what = ("Opportunity", attributes.as_str());
    let (listed, at) = list(session, what, conditions, order, rows, open_only).await?;
    Ok((listed.list, at))
}

async fn deals_of(session: &Session, found: Vec<Opportunity>) -> Result<Vec<Deal>, Fault> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let stages = known_stages(session).await?;
    let deals = found
        .into_iter()
        .map(|one| one.deal(&stages, &session.fields));
    Ok(deals.collect())
}

pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let mut place: Place = from.place();
    let (found, at) = read_page(session, &mut place).await?;
    let began = *place.began.get_or_insert(at);
    let full = found.len() >= place.rows.unwrap_or(PAGE_ROWS);
    place.go_on(&found);
    let mut items = seen(session, found, &mut place.open).await?;
    if full {
        return Ok(Page {
            items,
            next: Next::More(Cursor::at(&place)),
        });
    }
    items.extend(odd_ones(session, &mut place.open).await?);
    let next = Place {
        since: Some(time_text(began - TimeDelta::seconds(OVERLAP_SECONDS))),
        open: place.open,
        ..Place::default()
    };
    Ok(Page {
        items,
        next: Next::Done(Cursor::at(&next)),
    })
}

impl Place {
    fn go_on(&mut self, found: &[Opportunity]) {
        if self.since.is_none() {
            let last = found.iter().map(|one| &one.id).max();
            self.after = last.unwrap_or(&self.after).clone();
        } else if let Some(last) = found.iter().max_by_key(|one| (&one.modified_at, &one.id)) {
            self.since = Some(last.modified_at.clone());
            self.after.clone_from(&last.id);
        }
    }
}

/// The next page; a shorter one where so many records are too large for one answer.
async fn read_page(
    session: &Session,
    place: &mut Place,
) -> Result<(Vec<Opportunity>, Time), Fault> {
    loop {
        let rows = place.rows.unwrap_or(PAGE_ROWS);
        let after = place.after.clone();
        let read = match &place.since {
            None => {
                let later = [Where::Is("id", "greaterThan", after)];
                opportunities(session, &later, "id", rows, true).await
            }
            Some(since) => {
                let later = [Where::ChangedAfter(since.clone(), after)];
                opportunities(session, &later, "modifiedAt", rows, false).await
            }
        };
        match read {
            Err(Fault::Unknown(cause))
                if cause.code.as_deref() == Some("too_large") && rows > 2 =>
            {
                place.rows = Some(rows / 10 + 2);
            }
            other => return other,
        }
    }
}

/// What a pull sees of the records found; keeps the open ones in mind.
pub async fn seen(
    session: &Session,
    found: Vec<Opportunity>,
    open: &mut IdSet,
) -> Result<Vec<Seen>, Fault> {
    let mut deals = deals_of(session, found).await?;
    deals.sort_by_key(|deal| deal.changed_at);
    for deal in &deals {
        if deal.standing == Standing::Open {
            open.0.insert(deal.id.to_string());
        } else {
            open.0.remove(deal.id.as_str());
        }
    }
    Ok(deals
        .into_iter()
        .map(|deal| Seen::Here(Box::new(deal)))
        .collect())
}
