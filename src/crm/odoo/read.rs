//! Reading: who is there, which stages, which opportunities changed.
//!
//! A first pull reads all open opportunities by number. Later ones read what changed, by
//! `write_date`. Odoo leaves no trace of a deleted opportunity, so every pull ends by counting the
//! open ones; where the count is not what is known, the numbers are compared and the odd ones read.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::ids::IdSet;
use super::rpc::{Answer, Ask, me, speaks_json2};
use super::wire::{FACTS, Lead, Stage, Team, User, time_of, time_text};
use crate::crm::page::{Cursor, Next, Page, Seen, in_order};
use crate::crm::session::{Identity, Session};
use crate::domain::Time;
use crate::domain::deal::{self, Deal, Pipeline, Standing};
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::http::fault::Fault;

/// Records per page. Odoo has no cap of its own.
const PAGE_ROWS: usize = 1000;
/// How far a pull reaches back behind the start of the one before. `write_date` is when a
/// transaction began, and Odoo lets one run for two minutes (imports longer) before others see it.
const OVERLAP_SECONDS: i64 = 300;

/// Where a pull of opportunities stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// Changes from this second on; none while all open ones are read for the first time.
    since: Option<String>,
    /// The number after which to go on, in the first reading and within a crowded second.
    after: i64,
    /// Whether more share the second `since` than fit on a page, so that it is read by number.
    crowded: bool,
    /// The server's time when this pull began.
    began: Option<Time>,
    /// Records per page, once they proved too large for the usual number.
    rows: Option<usize>,
    /// The opportunities last seen open.
    open: IdSet,
}

pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let uid = me(session).await?;
    let users: Vec<User> = Ask::new("res.users", "search_read")
        .arg("domain", json!([["id", "=", uid]]))
        .named("fields", json!(["id", "name"]))
        .read(session)
        .await?;
    let host = session.api.base().await?;
    let host = host.host_str().unwrap_or_default();
    let database = session.settings.database.as_deref();
    Ok(Identity {
        user: uid.to_string(),
        name: users
            .into_iter()
            .find_map(|user| user.name)
            .unwrap_or_default(),
        // The database's own id may only be read by an administrator.
        organisation: database.unwrap_or(host).to_owned(),
        pages: None,
    })
}

pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let stages = all_stages(session).await?;
    let stages = stages.into_iter().map(|stage| deal::Stage {
        id: stage.id.to_string().into(),
        name: stage.name,
        // Odoo has no stage for lost deals: it archives them where they stand.
        standing: if stage.is_won {
            Standing::Won
        } else {
            Standing::Open
        },
    });
    Ok(vec![Pipeline {
        id: "default".into(),
        name: "Pipeline".to_owned(),
        stages: stages.collect(),
    }])
}

async fn all_stages(session: &Session) -> Result<Vec<Stage>, Fault> {
    let stages: Vec<Stage> = Ask::new("crm.stage", "search_read")
        .arg("domain", json!([]))
        .named("fields", json!(["id", "name", "is_won"]))
        .named("order", "sequence,id")
        .read(session)
        .await?;
    let won = stages
        .iter()
        .filter(|stage| stage.is_won)
        .map(|stage| stage.id);
    session.memo.keep(WON_STAGES, won.collect::<Vec<i64>>());
    Ok(stages)
}

const WON_STAGES: &str = "odoo_won_stages";

/// The stages of won deals, asked once a session and only where deals do not say it themselves.
async fn won_stages(session: &Session) -> Result<Vec<i64>, Fault> {
    if speaks_json2(session) {
        return Ok(Vec::new());
    }
    if let Some(won) = session.memo.get(WON_STAGES) {
        return Ok(won);
    }
    all_stages(session).await?;
    Ok(session.memo.get(WON_STAGES).unwrap_or_default())
}

pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let after: i64 = from.place();
    let users: Vec<User> = Ask::new("res.users", "search_read")
        .arg("domain", json!([["share", "=", false], ["id", ">", after]]))
        .named(
            "fields",
            json!(["id", "name", "login", "email", "active", "tz"]),
        )
        .named("order", "id")
        .named("limit", PAGE_ROWS)
        .named("context", json!({"active_test": false}))
        .read(session)
        .await?;
    let teams: Vec<Team> = Ask::new("crm.team", "search_read")
        .arg("domain", json!([]))
        .named("fields", json!(["user_id", "member_ids"]))
        .named("order", "sequence,id")
        .read(session)
        .await?;
    let last = users.last().map_or(after, |user| user.id);
    let next = if users.len() < PAGE_ROWS {
        Next::Done(Cursor::default())
    } else {
        Next::More(Cursor::at(&last))
    };
    let items = users.into_iter().map(|user| user.person(&teams)).collect();
    Ok(Page { items, next })
}

pub async fn deal(session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
    let found = deals_now(session, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().flatten().next())
}

pub async fn deals_now(session: &Session, ids: &[DealId]) -> Result<Vec<Option<Deal>>, Fault> {
    let numbers: Vec<i64> = ids
        .iter()
        .filter_map(|id| id.as_str().parse().ok())
        .collect();
    let mut deals = Vec::with_capacity(ids.len());
    for some in numbers.chunks(PAGE_ROWS) {
        let found = leads(session, json!([["id", "in", some]]), "id", some.len()).await?;
        let won = match found.value.is_empty() {
            true => Vec::new(),
            false => won_stages(session).await?,
        };
        let there = found.value.iter();
        deals.extend(there.filter_map(|lead| lead.deal(&won, &session.fields)));
    }
    Ok(in_order(ids, deals))
}

pub async fn deals(session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
    let mut place: Place = from.place();
    let page = read_page(session, &mut place).await?;
    let limit = place.rows.unwrap_or(PAGE_ROWS);
    let began = *place.began.get_or_insert(page.at);
    let leads = page.value;
    let mut items = seen(session, &leads, &mut place.open).await?;
    if place.go_on(&leads, limit) {
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
    fn domain(&self, session: &Session) -> (Vec<Json>, &'static str) {
        let Some(since) = &self.since else {
            let mut domain = open_ones(session);
            domain.push(json!(["id", ">", self.after]));
            return (domain, "id");
        };
        let mut domain = vec![json!(["write_date", ">=", since])];
        if !self.crowded {
            return (domain, "write_date,id");
        }
        domain.push(json!(["write_date", "<", next_second(since)]));
        domain.push(json!(["id", ">", self.after]));
        (domain, "id")
    }

    /// Moves behind what was read; `false` where that was the end.
    ///
    /// Within one second Odoo orders by hidden microseconds, so a page that ends in the middle of
    /// a second is followed by one that reads this second again from its start.
    fn go_on(&mut self, leads: &[Lead], limit: usize) -> bool {
        let full = leads.len() >= limit;
        match &self.since {
            Some(since) if self.crowded && !full => {
                self.since = Some(next_second(since));
                self.crowded = false;
                return true;
            }
            Some(since) if !self.crowded => {
                let last = leads.iter().map(|lead| lead.write_date).max();
                let second = last.map_or_else(|| since.clone(), time_text);
                self.crowded = second == *since;
                self.after = 0;
                self.since = Some(second);
            }
            _ => self.after = leads.iter().map(|lead| lead.id).max().unwrap_or(self.after),
        }
        full
    }
}

fn next_second(second: &str) -> String {
    time_of(second).map_or_else(
        || second.to_owned(),
        |time| time_text(time + TimeDelta::seconds(1)),
    )
}

/// The domain of open opportunities; the deals that [`Lead::standing`] calls open.
fn open_ones(session: &Session) -> Vec<Json> {
    let mut domain = vec![json!(["active", "=", true])];
    if speaks_json2(session) {
        domain.push(json!(["won_status", "=", "pending"]));
    } else {
        domain.push(json!("|"));
        domain.push(json!(["stage_id", "=", false]));
        domain.push(json!(["stage_id.is_won", "=", false]));
    }
    domain
}

fn opportunities(domain: impl IntoIterator<Item = Json>) -> Json {
    let mut all = vec![json!(["type", "=", "opportunity"])];
    all.extend(domain);
    Json::Array(all)
}

async fn leads(
    session: &Session,
    domain: Json,
    order: &str,
    limit: usize,
) -> Result<Answer<Vec<Lead>>, Fault> {
    let mut fields: Vec<&str> = FACTS.to_vec();
    fields.push(if speaks_json2(session) {
        "won_status"
    } else {
        "probability"
    });
    fields.extend(session.fields.read().map(|(_, name)| name));
    let domain = opportunities(domain.as_array().cloned().unwrap_or_default());
    Ask::new("crm.lead", "search_read")
        .arg("domain", domain)
        .named("fields", json!(fields))
        .named("order", order)
        .named("limit", limit)
        // Without this, lost deals are left out.
        .named("context", json!({"active_test": false}))
        .answer(session)
        .await
}

/// The next page; a shorter one where so many records are too large for one answer.
async fn read_page(session: &Session, place: &mut Place) -> Result<Answer<Vec<Lead>>, Fault> {
    loop {
        let rows = place.rows.unwrap_or(PAGE_ROWS);
        let (domain, order) = place.domain(session);
        match leads(session, Json::Array(domain), order, rows).await {
            Err(Fault::Unknown(cause))
                if cause.code.as_deref() == Some("too_large") && rows > 1 =>
            {
                place.rows = Some(rows / 10 + 1);
            }
            other => return other,
        }
    }
}

async fn seen(session: &Session, leads: &[Lead], open: &mut IdSet) -> Result<Vec<Seen>, Fault> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let won = won_stages(session).await?;
    let mut leads: Vec<&Lead> = leads.iter().collect();
    leads.sort_by_key(|lead| lead.write_date);
    for lead in &leads {
        if lead.standing(&won) == Some(Standing::Open) {
            open.insert(lead.id);
        } else {
            open.remove(lead.id);
        }
    }
    let seen = leads.iter().map(|lead| lead.seen(&won, &session.fields));
    Ok(seen.collect())
}

/// What changed without a change of `write_date`: deals that were deleted or merged away, that may
/// not be seen any more, or that may be seen only now.
async fn odd_ones(session: &Session, open: &mut IdSet) -> Result<Vec<Seen>, Fault> {
    let context = json!({"active_test": false});
    let domain = opportunities(open_ones(session));
    let count: u64 = Ask::new("crm.lead", "search_count")
        .arg("domain", domain.clone())
        .named("context", context.clone())
        .read(session)
        .await?;
    if count == open.len() {
        return Ok(Vec::new());
    }
    let there: Vec<i64> = Ask::new("crm.lead", "search")
        .arg("domain", domain)
        .named("order", "id")
        .named("context", context)
        .read(session)
        .await?;
    let there: IdSet = there.into_iter().collect();
    let missing = open.iter().filter(|id| !there.contains(*id));
    let unknown = there.iter().filter(|id| !open.contains(*id));
    let odd: Vec<i64> = missing.chain(unknown).collect();
    let mut items = Vec::new();
    for some in odd.chunks(PAGE_ROWS) {
        let found = leads(session, json!([["id", "in", some]]), "id", PAGE_ROWS).await?;
        items.extend(seen(session, &found.value, open).await?);
        for id in some {
            if !found.value.iter().any(|lead| lead.id == *id) {
                open.remove(*id);
                items.push(Seen::Gone(DealId::from(id.to_string())));
            }
        }
    }
    Ok(items)
}
