//! What a manager said about a deal besides a question, which its seller puts away once it is read.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::error::Problem;
use super::panel::{own, panel_path};
use super::panel_view::Desk;
use super::session::Reader;
use super::table::{For, Table};
use super::{App, Shared, done};
use crate::domain::Time;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.post(For::People, "/panel/{connection}/{deal}/said", put_away)
}

/// What was read.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Read {
    /// The moment it was said.
    at: String,
    /// Not empty where it was read on the front page, which one then goes back to.
    home: String,
}

async fn put_away(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(read): Form<Read>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    put_away_at(&app, &desk, &read).await?;
    let next = match read.home.is_empty() {
        true => format!("{}?became=away", panel_path(&path.0, &path.1)),
        false => done::at("/", "away"),
    };
    Ok(Redirect::to(&next))
}

/// Puts away what a manager said at a moment; on the deal's page it stays.
///
/// # Errors
/// Where what was sent names no moment; the database's.
pub async fn put_away_at(app: &App, desk: &Desk, read: &Read) -> Result<(), Problem> {
    let at: Time = read
        .at
        .parse()
        .map_err(|_| Problem::Unfit("This cannot be read as what our pages send.".to_owned()))?;
    let (connection, deal, _) = desk.ids();
    let mut tx = app.store.write().await?;
    tx.put_word_away(&connection, (deal.as_str(), at), app.env.now())
        .await?;
    Ok(tx.commit().await?)
}
