//! Who is looking: from the cookie to a person, their role, and the people below them.
//!
//! Sessions live in the database, so that they can be ended from anywhere; the cookie is a random
//! value of which only the SHA-256 is kept. Who a person is, and whom they lead, is read anew with
//! every request: someone who leaves the CRM, or changes teams, sees that at once.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use chrono::{NaiveDate, TimeDelta};
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::settings::Settings;
use super::{App, Shared, csrf};
use crate::domain::ids::ConnectionId;
use crate::domain::role::Role;
use crate::store::sessions::SessionRow;
use crate::store::team::{Face, Member};
use crate::store::tx::Tx;

/// A session is noted as used at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Who is looking.
#[derive(Clone)]
pub struct Reader {
    /// The person, once per connection that knows them.
    pub me: Vec<Me>,
    /// The mark of the session.
    pub mark: String,
    secret: String,
    app: Shared,
}

/// A person in one connection.
#[derive(Clone, Debug)]
pub struct Me {
    /// The connection.
    pub connection: ConnectionId,
    /// The person.
    pub face: Face,
    /// Where they stand.
    pub role: Role,
    /// The address that the configuration may name them by: none where someone else in the connection
    /// has the same, for then it says nothing about which of them is meant.
    address: Option<String>,
    /// Everyone below them, directly or not, by name.
    pub team: Vec<Member>,
    /// Of these, the sellers who report directly to someone who does not see everyone below.
    own_sellers: Vec<Member>,
}

/// What someone may see of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is their own: everything.
    Own,
    /// It belongs to someone they lead: everything but drafts, confidence and private notes.
    Team,
}

impl Reader {
    /// The person as the first connection knows them.
    pub fn first(&self) -> Option<&Me> {
        self.me.first()
    }

    /// The person as a connection knows them.
    pub fn in_connection(&self, connection: &ConnectionId) -> Option<&Me> {
        self.me.iter().find(|me| me.connection == *connection)
    }

    /// Whether they have that role in any connection: in each they may stand elsewhere.
    pub fn is(&self, role: Role) -> bool {
        self.me.iter().any(|me| me.role == role)
    }

    /// Whether they owe answers anywhere, as everyone but a seller does.
    pub fn owes_answers(&self) -> bool {
        self.me.iter().any(|me| me.role != Role::Seller)
    }

    /// Whether the configuration names them among those who run Latitude.
    pub fn is_ops(&self) -> bool {
        let settings = &self.app.settings;
        let mut me = self.me.iter();
        me.any(|it| {
            let face = &it.face;
            settings.is_ops(&face.connection, &face.id, it.address.as_deref())
        })
    }

    /// Goes with every form; another text each time, so that its shape betrays nothing.
    pub fn csrf(&self) -> String {
        csrf::token(&self.app.env, &self.secret)
    }
}

impl Me {
    /// The IANA name of the time zone they live in, where the CRM knows it.
    pub fn zone(&self) -> Option<&str> {
        self.face.time_zone.as_deref()
    }

    /// The day it is where they live.
    pub fn today(&self, app: &App) -> NaiveDate {
        app.settings.hours.of(app, self.zone()).date(app.env.now())
    }

    /// What they may see of a deal of that seller; `None`: not even that it exists.
    pub fn sight(&self, seller: Option<&str>) -> Option<Sight> {
        let seller = seller?;
        if seller == self.face.id {
            Some(Sight::Own)
        } else if self.led().iter().any(|it| it.id == seller) {
            Some(Sight::Team)
        } else {
            None
        }
    }

    /// Those whose plans they read, and for whom they do what a manager does, by name: everyone
    /// below a manager or director; of those below whoever stands higher, the sellers who report to
    /// them directly.
    pub fn led(&self) -> &[Member] {
        match self.role.sees_team() {
            true => &self.team,
            false => &self.own_sellers,
        }
    }

    /// Whether they read the plans of others.
    pub fn leads(&self) -> bool {
        self.role.sees_team() || !self.own_sellers.is_empty()
    }

    /// Whose deals stand on their board: one's own, and those of people whose plans one reads.
    pub fn sellers(&self) -> Vec<String> {
        self.in_reach().map(|(id, _)| id.to_owned()).collect()
    }

    /// The same, each with what people call them.
    pub fn in_reach(&self) -> impl Iterator<Item = (&str, &str)> {
        let team = self
            .led()
            .iter()
            .map(|it| (it.id.as_str(), it.name.as_str()));
        std::iter::once((self.face.id.as_str(), self.face.name.as_str())).chain(team)
    }

    /// What people call someone in reach.
    pub fn name_of<'a>(&'a self, person: &'a str) -> &'a str {
        if person == self.face.id {
            return &self.face.name;
        }
        let member = self.team.iter().find(|it| it.id == person);
        member.map_or(person, |it| it.name.as_str())
    }

    /// Reads where a person stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(app: &App, tx: &mut Tx, face: Face) -> Result<Self, Problem> {
        let connection = ConnectionId::from(face.connection.as_str());
        let team = tx.team(&connection, &face.id).await?;
        let below = team.iter().map(|it| it.depth).max().unwrap_or(0);
        let address = match &face.email {
            Some(email) if app.settings.names(email) => {
                let alone = tx.face_at(&connection, email).await?;
                alone.and_then(|it| it.email)
            }
            _ => None,
        };
        let named = app
            .settings
            .role(&face.connection, &face.id, address.as_deref());
        let below = u32::try_from(below).unwrap_or(0);
        let role = named.unwrap_or_else(|| Role::in_hierarchy(below, face.manager.is_some()));
        let mut own = match role.sees_own_sellers() {
            true => tx.own_sellers(&connection, &face.id).await?,
            false => Vec::new(),
        };
        own.retain(|it| {
            let named = app
                .settings
                .role(&it.connection, &it.id, it.email.as_deref());
            named.is_none_or(|role| role == Role::Seller)
        });
        let member = |it: Face| Member {
            id: it.id,
            name: it.name,
            depth: 1,
        };
        Ok(Self {
            connection,
            face,
            role,
            address,
            team,
            own_sellers: own.into_iter().map(member).collect(),
        })
    }
}

/// The name of the cookie; the prefix makes browsers refuse it from anywhere but this host.
pub fn cookie_name(settings: &Settings) -> &'static str {
    match settings.is_secure() {
        true => "__Host-latitude",
        false => "latitude",
    }
}

/// The mark that is kept of a secret.
pub fn mark(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 256 random bits as text.
pub fn secret(app: &App) -> String {
    app.env.hex::<32>()
}

/// Begins a session for a person, in place of the one this browser had.
///
/// # Errors
/// The database's.
pub async fn begin(
    app: &App,
    jar: CookieJar,
    face: &Face,
    (way, email): (&str, Option<&str>),
) -> Result<CookieJar, Problem> {
    let (secret, now) = (secret(app), app.env.now());
    let mut tx = app.store.write().await?;
    if let Some(before) = jar.get(cookie_name(&app.settings)) {
        tx.end_session(&mark(before.value())).await?;
    }
    tx.prune_sessions(now).await?;
    tx.add_session(&SessionRow {
        mark: mark(&secret),
        connection: face.connection.clone(),
        person: face.id.clone(),
        way: way.to_owned(),
        email: email.map(str::to_owned),
        created_at: now,
        seen_at: now,
        ends_at: now + app.settings.longest(),
    })
    .await?;
    tx.commit().await?;
    Ok(jar.add(cookie(app, secret)))
}

fn cookie(app: &App, value: String) -> Cookie<'static> {
    Cookie::build((cookie_name(&app.settings), value))
        .path("/")
        .http_only(true)
        .secure(app.settings.is_secure())
        .same_site(SameSite::Lax)
        .build()
}

/// The jar without the session's cookie.
pub fn without_cookie(app: &App, jar: CookieJar) -> CookieJar {
    jar.remove(cookie(app, String::new()))
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        // A request with proof of its own is judged by that alone.
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Problem::SignIn);
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(cookie_name(&app.settings)).ok_or(Problem::SignIn)?;
        let (mark, now) = (mark(cookie.value()), app.env.now());
        let mut tx = app.store.read().await?;
        let row = tx.session(&mark, now, now - app.settings.idle()).await?;
        let row = row.ok_or(Problem::SignIn)?;
        let faces = match &row.email {
            Some(email) => tx.faces_of(email).await?,
            None => {
                let connection = ConnectionId::from(row.connection.as_str());
                tx.face(&connection, &row.person)
                    .await?
                    .into_iter()
                    .collect()
            }
        };
        if faces.is_empty() {
            return Err(Problem::SignIn);
        }
        let mut me = Vec::with_capacity(faces.len());
        for face in faces {
            me.push(Me::read(app, &mut tx, face).await?);
        }
        drop(tx);
        if now - row.seen_at >= TOUCH_EVERY {
            let mut tx = app.store.write().await?;
            tx.touch_session(&mark, now).await?;
            tx.commit().await?;
        }
        Ok(Self {
            me,
            mark,
            secret: cookie.value().to_owned(),
            app: Arc::clone(app),
        })
    }
}
