//! Within how many days someone gives a real answer. For whoever leads it comes before the board:
//! whoever looks at others' plans says first what they may count on.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::board::chosen;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::responders::filled;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, done, words};
use crate::domain::ids::ConnectionId;
use crate::domain::obstacle::kinds::Level;
use crate::domain::role::Role;
use crate::store::coaching::TeamPromise;
use crate::store::tx::Tx;

/// Longest promise in the manager's own words.
const LONGEST: usize = 500;
/// Business days that may be promised.
const DAYS: std::ops::RangeInclusive<i64> = 1..=10;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/promise", page)
        .post(For::People, "/promise", set)
}

/// The page's address.
pub fn path(connection: &ConnectionId) -> String {
    format!(
        "/promise?connection={}",
        words::encoded(connection.as_str())
    )
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    connection: String,
}

#[derive(askama::Template)]
#[template(path = "promise.html")]
struct Page {
    chrome: Chrome,
    connection: String,
    /// Whether others' plans are behind it.
    leads: bool,
    days: i64,
    text: String,
    since: Option<String>,
}

fn leading<'a>(reader: &'a Reader, connection: &str) -> Result<&'a Me, Problem> {
    let owes = |me: &&Me| me.role != Role::Seller;
    let me = match connection {
        "" => reader.me.iter().find(owes),
        _ => Some(chosen(reader, connection)?).filter(owes),
    };
    me.ok_or(Problem::NotFound)
}

/// Whether someone may look at others' plans already: whoever leads has promised something first.
///
/// # Errors
/// The database's.
pub async fn is_made(tx: &mut Tx, me: &Me) -> Result<bool, Problem> {
    Ok(!me.leads()
        || tx
            .team_promise(&me.connection, &me.face.id)
            .await?
            .is_some())
}

/// What a seller may count on from whoever answers first, in words.
pub struct CountOn {
    /// Who answers, and within what time.
    pub text: String,
    /// The manager's own words; empty where there are none.
    pub words: String,
}

/// What someone may count on from whoever they report to; none where nobody leads them. Without a
/// word of theirs the usual time stands.
///
/// # Errors
/// The database's.
pub async fn counted_on(app: &App, tx: &mut Tx, me: &Me) -> Result<Option<CountOn>, Problem> {
    let whom = (me.face.id.as_str(), &[Level::Manager][..]);
    let Some((level, faces)) = filled(app, tx, &me.connection, whom).await? else {
        return Ok(None);
    };
    let Some(face) = faces.first() else {
        return Ok(None);
    };
    let made = tx.team_promise(&me.connection, &face.id).await?;
    let days = made
        .as_ref()
        .map_or(level.usual_days().into(), |it| it.answer_days);
    let unit = if days == 1 { "day" } else { "days" };
    let (name, within) = (&face.name, format!("{days} business {unit}"));
    Ok(Some(CountOn {
        text: match made.is_some() {
            true => format!("{name} answers within {within}."),
            false => format!(
                "{name} has not said yet how soon they answer. Until then it is due within the usual {within}."
            ),
        },
        words: made.map(|it| it.text).unwrap_or_default(),
    }))
}

/// Whether it is made, for other tools: in words, where a page would lead there.
///
/// # Errors
/// [`Problem::Conflict`] before anything is promised.
pub async fn made_first(app: &App, tx: &mut Tx, me: &Me) -> Result<(), Problem> {
    match is_made(tx, me).await? {
        true => Ok(()),
        false => Err(Problem::Conflict(format!(
            "Publish your promise to the team first: {}{}",
            app.settings.public_url,
            path(&me.connection)
        ))),
    }
}

/// What is offered to someone who has promised nothing yet: what holds for them until they do.
fn usual_days(role: Role) -> i64 {
    Level::of(role).map_or(1, |level| level.usual_days().into())
}

async fn page(
    State(app): State<Shared>,
    reader: Reader,
    Query(wish): Query<Wish>,
) -> Result<Show<impl askama::Template>, Problem> {
    let me = leading(&reader, &wish.connection)?;
    let mut tx = app.store.read().await?;
    let promise = tx.team_promise(&me.connection, &me.face.id).await?;
    Ok(Show(Page {
        chrome: Chrome::of("My promise", &reader, "/promise"),
        connection: me.connection.as_str().to_owned(),
        leads: me.leads(),
        days: promise
            .as_ref()
            .map_or(usual_days(me.role), |it| it.answer_days),
        since: promise
            .as_ref()
            .map(|it| words::day(words::local_day(it.at, me.zone()))),
        text: promise.map(|it| it.text).unwrap_or_default(),
    }))
}

#[derive(Deserialize)]
struct Made {
    connection: String,
    days: i64,
    #[serde(default)]
    text: String,
}

async fn set(
    State(app): State<Shared>,
    reader: Reader,
    Form(made): Form<Made>,
) -> Result<Response, Problem> {
    let me = leading(&reader, &made.connection)?;
    if !DAYS.contains(&made.days) {
        return Err(Problem::Unfit(
            "Promise an answer within one to ten business days.".to_owned(),
        ));
    }
    if made.text.chars().count() > LONGEST {
        return Err(Problem::Unfit(format!(
            "Say it in at most {LONGEST} characters."
        )));
    }
    let promise = TeamPromise {
        at: app.env.now(),
        answer_days: made.days,
        text: made.text.trim().to_owned(),
    };
    let mut tx = app.store.write().await?;
    tx.add_team_promise(&me.connection, &me.face.id, &promise)
        .await?;
    tx.commit().await?;
    // That is what opens the board.
    let next = match me.leads() {
        true => format!(
            "/board?connection={}&done=promised",
            words::encoded(me.connection.as_str())
        ),
        false => done::at("/", "promised"),
    };
    Ok(Redirect::to(&next).into_response())
}
