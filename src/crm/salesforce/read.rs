//! Reading: who we are, stages, people, deals.

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::row::Opportunity;
use super::wire::{self, Answer, OpportunityStage, User, UserInfo};
use super::{api_path, faults, limits};
use crate::crm::page::{Cursor, Next, Page, Seen, in_order};
use crate::crm::session::{Identity, Session};
use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{Deal, Pipeline};
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// The most rows of a page.
pub(super) const PAGE: usize = 2000;
/// The most ids in one query: no page is ever shorter, and the address stays far below 16 KiB.
const IDS: usize = 200;
/// How far back a pull reads again: a row is stamped inside its transaction but visible only after
/// it, and a transaction over REST may last ten minutes.
pub(super) const OVERLAP_MINUTES: i64 = 10;
/// Exists only in organisations with several currencies.
const CURRENCY: &str = "CurrencyIsoCode";
/// Remembered once a refusal has told that there is no such field.
const ONE_CURRENCY: &str = "one_currency";

/// A place in the order of `(SystemModstamp, Id)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub stamp: Time,
    /// Empty: before every row of that stamp.
    pub id: String,
}

/// Where a pull stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// What comes after this is next.
    pub after: Option<Mark>,
    /// Where a part of a split pull ends; what has this stamp belongs to the next part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Time>,
    /// How many rows a pull of everything has left after its first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<usize>,
    /// The first pull has ended; closed and deleted deals matter from now on.
    #[serde(default)]
    pub first_done: bool,
    /// Salesforce's own time when this pull began; none between pulls.
    #[serde(default)]
    pub began: Option<Time>,
}

impl Place {
    /// What a row must be to come after this place, and before its end.
    fn condition(&self) -> Option<String> {
        let after = self.after.as_ref().map(|Mark { stamp, id }| {
            let stamp = wire::soql_time(*stamp);
            if id.is_empty() {
                format!("SystemModstamp >= {stamp}")
            } else {
                format!("(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{id}'))")
            }
        });
        let before = self
            .before
            .map(|stamp| format!("SystemModstamp < {}", wire::soql_time(stamp)));
        let both: Vec<String> = after.into_iter().chain(before).collect();
        (!both.is_empty()).then(|| both.join(" AND "))
    }

    /// Whether this is the very beginning of a pull of everything.
    fn is_start(&self) -> bool {
        self.after.is_none() && !self.first_done
    }

    /// What a row must be for a pull to read it from here.
    pub fn conditions(&self) -> String {
        let open = (!self.first_done).then(|| "IsClosed = false".to_owned());
        let all: Vec<String> = open.into_iter().chain(self.condition()).collect();
        all.join(" AND ")
    }

    /// The place after a page: further on, or where the next pull begins.
    ///
    /// That is the last row read, or one overlap before this pull began where that is earlier.
    fn next(self, reply: &Reply, last: Option<Mark>, more: bool) -> Result<Next, Fault> {
        let stands_still = matches!((&last, &self.after), (Some(last), Some(after))
            if (last.stamp, &last.id) <= (after.stamp, &after.id));
        if more && (stands_still || last.is_none()) {
            return Err(Fault::Unknown(Cause::told(
                "stands_still",
                "a page of the pull ends where it should begin",
            )));
        }
        let began = self.began.unwrap_or_else(|| reply.date());
        let mut place = Self {
            after: last.or(self.after),
            began: Some(began),
            ..self
        };
        if more {
            return Ok(Next::More(Cursor::at(&place)));
        }
        let settled = began - TimeDelta::minutes(OVERLAP_MINUTES);
        if place
            .after
            .as_ref()
            .is_none_or(|after| after.stamp > settled)
        {
            place.after = Some(Mark {
                stamp: settled,
                id: String::new(),
            });
        }
        place.began = None;
        place.left = None;
        place.first_done = true;
        Ok(Next::Done(Cursor::at(&place)))
    }
}

async fn query<T: DeserializeOwned>(
    session: &Session,
    resource: &str,
    soql: &str,
) -> Result<(Answer<T>, Reply), Fault> {
    let call = session
        .api
        .get(api_path(session, resource))
        .query("q", soql)
        .header("sforce-query-options", "batchSize=2000");
    limits::read(session, call).await
}

/// All rows of a query that fits a page.
pub async fn rows<T: DeserializeOwned>(session: &Session, soql: &str) -> Result<Vec<T>, Fault> {
    Ok(query(session, "/query", soql).await?.0.records)
}

/// See [`crate::crm::Crm::whoami`].
pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let call = session.api.get("/services/oauth2/userinfo");
    let (info, _): (UserInfo, _) = limits::read(session, call).await?;
    Ok(Identity {
        user: info.user_id,
        name: info.name,
        organisation: info.organization_id,
        pages: None,
    })
}

/// See [`crate::crm::Crm::stages`]. Inactive stages too: deals may still stand in them.
pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let soql = "SELECT ApiName, MasterLabel, IsClosed, IsWon FROM OpportunityStage \
                ORDER BY SortOrder";
    let stages: Vec<OpportunityStage> = rows(session, soql).await?;
    Ok(vec![wire::pipeline(stages)])
}

/// See [`crate::crm::Crm::people`].
pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let place: Place = from.place();
    let also = place
        .condition()
        .map_or_else(String::new, |condition| format!(" AND {condition}"));
    let soql = format!(
        "SELECT Id, Name, Email, IsActive, ManagerId, TimeZoneSidKey, SystemModstamp FROM User \
         WHERE UserType = 'Standard'{also} ORDER BY SystemModstamp ASC, Id ASC LIMIT {}",
        PAGE + 1
    );
    let (answer, reply) = query::<User>(session, "/query", &soql).await?;
    let more = !answer.done || answer.records.len() > PAGE;
    let last = answer.records.last().map(|user| Mark {
        stamp: user.system_modstamp.0,
        id: user.id.clone(),
    });
    Ok(Page {
        items: answer.records.into_iter().map(Into::into).collect(),
        next: place.next(&reply, last, more)?,
    })
}

/// See [`crate::crm::Crm::deals`].
///
/// The first pull reads what is open. Each later one reads everything that changed, deleted deals
/// among it, in one query; a filter on open deals would hide the very change that closes one.
pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let place: Place = from.place();
    let resource = if place.first_done {
        "/queryAll"
    } else {
        "/query"
    };
    let (answer, reply): (Answer<Opportunity>, _) = loop {
        match query(session, resource, &changes(session, &place)).await {
            Err(fault) if learned_one_currency(session, &fault) => {}
            other => break other?,
        }
    };
    let more = !answer.done || answer.records.len() > PAGE;
    let last = answer.records.last().map(|row| Mark {
        stamp: row.stamp,
        id: row.id.clone(),
    });
    let left = answer.total.saturating_sub(answer.records.len());
    let place = Place {
        left: place.is_start().then_some(left),
        ..place
    };
    let rows = answer.records.into_iter();
    let known = known(session);
    Ok(Page {
        items: rows.map(|row| row.seen(known)).collect(),
        next: place.next(&reply, last, more)?,
    })
}

/// One row more than a page is asked for, so that `done` says whether there is another page: the
/// next one is then asked for by key, which no expired locator can lose. The first page of
/// everything is asked for without a limit: its answer says how many deals there are.
fn changes(session: &Session, place: &Place) -> String {
    let columns = columns(session);
    let deleted = if place.first_done { ", IsDeleted" } else { "" };
    let conditions = place.conditions();
    let limit = match place.is_start() {
        true => String::new(),
        false => format!(" LIMIT {}", PAGE + 1),
    };
    format!(
        "SELECT {columns}{deleted} FROM Opportunity WHERE {conditions} \
         ORDER BY SystemModstamp ASC, Id ASC{limit}"
    )
}

fn columns(session: &Session) -> String {
    let one_currency = session.memo.get(ONE_CURRENCY).unwrap_or(false);
    let currency = (!one_currency).then_some(CURRENCY);
    let facts = [
        "Id",
        "SystemModstamp",
        "LastModifiedDate",
        "Name",
        "StageName",
        "Amount",
        "CloseDate",
        "OwnerId",
        "Account.Name",
        "IsClosed",
        "IsWon",
    ];
    let ours = session.fields.read().map(|(_, name)| name);
    let all: Vec<&str> = facts.into_iter().chain(currency).chain(ours).collect();
    all.join(", ")
}

/// What a row does not say itself: which field of ours a column is, and, in an organisation of one
/// currency, which that is.
fn known(session: &Session) -> (&FieldMap, Option<&str>) {
    (&session.fields, session.settings.currency.as_deref())
}

/// Whether a refusal just told that the organisation has one currency and no field for it.
fn learned_one_currency(session: &Session, fault: &Fault) -> bool {
    let known = session.memo.get(ONE_CURRENCY).unwrap_or(false);
    let learned = !known && faults::lacks_field(fault, CURRENCY);
    if learned {
        session.memo.keep(ONE_CURRENCY, true);
    }
    learned
}

/// See [`crate::crm::Crm::deal`].
pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let found = deals_now(session, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().flatten().next())
}

/// See [`crate::crm::Crm::deals_now`].
pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    let sound: Vec<&DealId> = ids.iter().filter(|id| is_record_id(id.as_str())).collect();
    for some in sound.chunks(IDS) {
        let list: Vec<String> = some.iter().map(|id| format!("'{id}'")).collect();
        let list = list.join(", ");
        let rows: Vec<Opportunity> = loop {
            let columns = columns(session);
            let soql = format!("SELECT {columns} FROM Opportunity WHERE Id IN ({list})");
            match rows(session, &soql).await {
                Err(fault) if learned_one_currency(session, &fault) => {}
                other => break other?,
            }
        };
        found.extend(rows.into_iter().map(|row| row.deal(known(session))));
    }
    Ok(in_order(ids, found))
}

/// Whether a text can stand in a query as a record's id.
fn is_record_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
