//! Who may see how Latitude runs: people the configuration names, and whoever holds a link that a
//! command on the server printed. The link works once, for ten minutes, and shows no strategy.

use axum::Form;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use serde::Deserialize;

use super::chrome::{Chrome, Link, OPS_PLACES, Show};
use super::error::Problem;
use super::session::{self, Reader, cookie_name, mark};
use super::table::{For, Table};
use super::{App, Shared, csrf};
use crate::env::Env;
use crate::store::team::Face;
use crate::store::{self, Store};

/// How long a link works.
const LASTS: TimeDelta = TimeDelta::minutes(10);
/// Stands for the browser of a link, which is not known before it is used.
const LINK: &str = "link of a command";
/// How a session that began with a link is marked.
const WAY: &str = "ops";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/connect/enter", ask)
        .post(For::Anyone, "/connect/enter", enter)
}

/// Someone who runs Latitude.
pub struct Ops {
    reader: Option<Reader>,
    /// The mark of the session.
    pub mark: String,
    csrf: String,
}

impl Ops {
    /// What stands around a page of theirs; `here` is the place it belongs to.
    pub fn chrome(&self, title: &str, here: &str) -> Chrome {
        match &self.reader {
            Some(reader) => Chrome::of(title, reader, here),
            None => Chrome {
                links: OPS_PLACES
                    .into_iter()
                    .map(|(name, href)| Link {
                        name,
                        href,
                        here: href == here,
                    })
                    .collect(),
                csrf: self.csrf.clone(),
                ..Chrome::bare(title)
            },
        }
    }
}

impl FromRequestParts<Shared> for Ops {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        match Reader::from_request_parts(parts, app).await {
            Ok(reader) if reader.is_ops() => Ok(Self {
                mark: reader.mark.clone(),
                csrf: reader.csrf(),
                reader: Some(reader),
            }),
            Ok(_) => Err(Problem::NotFound),
            Err(Problem::SignIn) => by_link(parts, app).await,
            Err(other) => Err(other),
        }
    }
}

async fn by_link(parts: &Parts, app: &App) -> Result<Ops, Problem> {
    let jar = CookieJar::from_headers(&parts.headers);
    let cookie = jar.get(cookie_name(&app.settings)).ok_or(Problem::SignIn)?;
    let (mark, now) = (mark(cookie.value()), app.env.now());
    let mut tx = app.store.read().await?;
    let row = tx.session(&mark, now, now - app.settings.idle()).await?;
    match row.filter(|row| row.way == WAY) {
        Some(_) => Ok(Ops {
            reader: None,
            mark,
            csrf: csrf::token(&app.env, cookie.value()),
        }),
        None => Err(Problem::SignIn),
    }
}

/// Makes a link that lets one browser in, below the public address.
///
/// # Errors
/// The database's.
pub async fn link(store: &Store, env: &Env) -> store::Result<String> {
    let key = env.hex::<32>();
    let mut tx = store.write().await?;
    tx.add_sign_in(&mark(&key), LINK, &[], env.now() + LASTS)
        .await?;
    tx.commit().await?;
    Ok(format!("/connect/enter?key={key}"))
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    key: String,
}

#[derive(askama::Template)]
#[template(path = "enter.html")]
struct Page {
    chrome: Chrome,
    key: String,
}

async fn ask(Query(Key { key }): Query<Key>) -> Show<impl askama::Template> {
    let chrome = Chrome::bare("Connect a CRM");
    Show(Page { chrome, key })
}

async fn enter(
    State(app): State<Shared>,
    jar: CookieJar,
    Form(Key { key }): Form<Key>,
) -> Result<Response, Problem> {
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let taken = tx.take_sign_in(&mark(&key), LINK, now).await?;
    tx.commit().await?;
    if taken.is_none() {
        return Err(Problem::Refused(
            "This link was used or is over. Make another one: `latitude connect --link`.",
        ));
    }
    let nobody = Face {
        connection: String::new(),
        id: String::new(),
        name: String::new(),
        email: None,
        manager: None,
        time_zone: None,
    };
    let jar = session::begin(&app, jar, &nobody, (WAY, None)).await?;
    Ok((jar, Redirect::to("/connect")).into_response())
}
