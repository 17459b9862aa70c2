//! The organisation: its world, its sessions and grants, its counters, and who may call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Answer, Refusal, page};
use super::bulk::Jobs;
use super::describe;
use super::grant::Grants;
use super::ids;
use super::ingest::Loads;
use super::plan::Access;
use super::query::{Index, LEAST_PAGE, Locators, PAGE};
use crate::domain::Time;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::{Deal, State, World};

/// The organisation; clones are the same.
#[derive(Clone)]
pub struct Org {
    pub world: World,
    book: Arc<Mutex<Book>>,
}

/// What the organisation keeps beside its records.
pub struct Book {
    pub grants: Grants,
    pub index: Index,
    pub locators: Locators,
    pub jobs: Jobs,
    pub loads: Loads,
    pub rules: Rules,
    used: u64,
    day_began: Option<Time>,
    fresh: usize,
}

impl Book {
    /// An id nobody has yet.
    pub fn fresh_id(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        ids::id(prefix, self.fresh)
    }
}

/// What an admin of the organisation has set; changed under `/__sandbox/org`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Calls that all integrations together may make in 24 hours; the edition's own where not set.
    pub calls_per_day: Option<u64>,
    /// Calls that others have made today.
    pub used_by_others: u64,
    /// Whether every call is told that long calls of others crowd the organisation.
    pub crowded: bool,
    /// How long a session lives after its last use, in seconds.
    pub session_seconds: i64,
    /// Whether each refresh buys a new refresh token and kills the old one.
    pub rotation: bool,
    /// Whether presenting a dead refresh token revokes the whole grant.
    pub reuse_revokes: bool,
    /// How many grants a user may have at once; one more revokes the oldest.
    pub grants_per_user: usize,
    /// Whether the authorize page insists on a challenge.
    pub challenge_required: bool,
    /// Whether an admin has installed the app; without it nobody may agree to it.
    pub app_installed: bool,
    /// Whether a run-as user is chosen for client credentials.
    pub run_as_user: bool,
    /// Whether users have agreed to the app beforehand, as signed statements need.
    pub preauthorized: bool,
    /// The certificate or public key, PEM, that signed statements are checked with.
    pub certificate: Option<String>,
    /// Whether amounts carry a currency.
    pub many_currencies: bool,
    /// Rows that the organisation's own automation can bear in all Collections of one Composite
    /// call, where it is heavy enough to be felt.
    pub rows_in_one_composite: Option<usize>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            calls_per_day: None,
            used_by_others: 0,
            crowded: false,
            session_seconds: 7_200,
            rotation: true,
            reuse_revokes: true,
            grants_per_user: 5,
            challenge_required: false,
            app_installed: true,
            run_as_user: true,
            preauthorized: true,
            certificate: None,
            many_currencies: true,
            rows_in_one_composite: None,
        }
    }
}

/// Who calls, and how they want to be answered.
pub struct Caller {
    /// Position in the world's people.
    pub user: usize,
    /// Such as `v67.0`.
    pub version: String,
    /// Rows a page may hold.
    pub batch: usize,
}

/// Calls a day of an Enterprise organisation, and for each of its users.
const DAY: (u64, u64) = (100_000, 1_000);

impl Org {
    pub fn new(world: World) -> Self {
        let book = Book {
            grants: Grants::default(),
            index: Index::default(),
            locators: Locators::default(),
            jobs: Jobs::default(),
            loads: Loads::default(),
            rules: Rules::default(),
            used: 0,
            day_began: None,
            fresh: 0,
        };
        Self {
            world,
            book: Arc::new(Mutex::new(book)),
        }
    }

    /// What the organisation keeps; taken after the world's state where both are held.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The organisation's id.
    pub fn id() -> String {
        ids::id(ids::ORGANIZATION, 1)
    }

    /// Used and allowed calls of the rolling day.
    pub fn usage(&self, state: &State) -> (u64, u64) {
        let book = self.book();
        let licences = state.people.len() as u64;
        let edition = DAY.0 + DAY.1 * licences;
        let limit = book.rules.calls_per_day.unwrap_or(edition);
        (book.used + book.rules.used_by_others, limit)
    }

    /// Counts a call; refused once the day is used up.
    fn count(&self) -> Result<(), Refusal> {
        let now = self.world.now();
        {
            let mut book = self.book();
            if book
                .day_began
                .is_none_or(|began| now - began >= TimeDelta::hours(24))
            {
                book.day_began = Some(now);
                book.used = 0;
            }
            book.used += 1;
        }
        let (used, limit) = self.usage(&self.world.state());
        if used > limit {
            return Err(limit_exceeded("TotalRequests"));
        }
        Ok(())
    }

    /// Lets a call in, or answers it right away.
    pub fn admit(&self, headers: &HeaderMap, version: &str) -> Result<Caller, Box<Answer>> {
        let refuse = |refusal: Refusal| Box::new(refusal.answer());
        match self.world.weather().strike() {
            Some(Strike::Throttled) => {
                return Err(refuse(limit_exceeded("ConcurrentPerOrgLongTxn")));
            }
            Some(Strike::Outage(status)) => return Err(Box::new(outage(status))),
            Some(Strike::Expired) => {
                self.book().grants.end_session(bearer(headers));
                return Err(refuse(expired()));
            }
            None => {}
        }
        let now = self.world.now();
        let user = {
            let mut book = self.book();
            let lasts = TimeDelta::seconds(book.rules.session_seconds);
            book.grants.user_of(bearer(headers), now, lasts)
        };
        let user = user.ok_or_else(|| refuse(expired()))?;
        self.count().map_err(refuse)?;
        if self.book().rules.crowded {
            return Err(refuse(limit_exceeded("ConcurrentPerOrgLongTxn")));
        }
        Ok(Caller {
            user,
            version: version.to_owned(),
            batch: batch(headers),
        })
    }

    /// Makes deals what they were.
    pub fn put_back(&self, before: Vec<(usize, Deal)>) {
        let mut state = self.world.state();
        for (n, deal) in before {
            state.deals[n] = deal;
        }
    }

    /// When a definition of the deal last changed; the world's beginning where none has.
    pub fn metadata_changed(&self, state: &State) -> Time {
        let changes = state.fields.values().filter_map(describe::changed_at);
        changes.max().unwrap_or(chrono::DateTime::UNIX_EPOCH)
    }

    /// The custom fields of the deal that a user may read and edit: what their permission sets say.
    pub fn access(&self, state: &State, user: usize) -> Access {
        let rows = |name: &str| {
            let rows = state.things.get(name).and_then(Value::as_array);
            rows.map(Vec::as_slice).unwrap_or_default()
        };
        let id = &state.people[user].id;
        let mine: Vec<&Value> = rows("PermissionSetAssignment")
            .iter()
            .filter(|row| row["AssigneeId"] == **id)
            .map(|row| &row["PermissionSetId"])
            .collect();
        let many_currencies = self.book().rules.many_currencies;
        let mut access = Access {
            lacks: (!many_currencies).then_some("CurrencyIsoCode"),
            ..Access::default()
        };
        for row in rows("FieldPermissions")
            .iter()
            .filter(|row| mine.contains(&&row["ParentId"]))
        {
            let field = row["Field"].as_str().unwrap_or_default();
            let Some(name) = field.strip_prefix("Opportunity.") else {
                continue;
            };
            if row["PermissionsRead"] == true {
                access.read.insert(name.to_owned());
            }
            if row["PermissionsEdit"] == true {
                access.edit.insert(name.to_owned());
            }
        }
        access
    }
}

/// The token of a call.
pub fn bearer(headers: &HeaderMap) -> &str {
    let text = headers
        .get(header::AUTHORIZATION)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    // `OAuth` is the older word for the same.
    text.split_once(' ')
        .filter(|(word, _)| word.eq_ignore_ascii_case("bearer") || *word == "OAuth")
        .map_or("", |(_, token)| token.trim())
}

/// Where a call came in.
pub fn base(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("127.0.0.1"))
}

fn batch(headers: &HeaderMap) -> usize {
    let options = headers
        .get("sforce-query-options")
        .and_then(|it| it.to_str().ok());
    let wanted = options.unwrap_or_default().split(',').find_map(|option| {
        let (name, size) = option.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("batchSize")
            .then(|| size.trim().parse().ok())?
    });
    wanted.map_or(PAGE, |wanted: usize| wanted.clamp(LEAST_PAGE, PAGE))
}

fn expired() -> Refusal {
    Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

fn limit_exceeded(which: &str) -> Refusal {
    Refusal::new(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        format!("{which} Limit exceeded."),
    )
}

fn outage(status: u16) -> Answer {
    match status {
        500 => {
            let message = "An unexpected error occurred. Please include this ErrorId if you \
                           contact support: 1234567890-12345 (-123456789)";
            Refusal::new(500, "UNKNOWN_EXCEPTION", message).answer()
        }
        502 => page(502, "Bad Gateway"),
        _ => page(503, "We are down for maintenance."),
    }
}
