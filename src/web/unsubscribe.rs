//! Having no more nudges: by the link in each of them, without signing in; and having them again.

use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::Shared;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::table::{For, Table};

/// Adds the routes. Mail programs send the second one by themselves, from no page of ours; all it
/// can do is to end or begin nudges for whom the link was sent to.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/unsubscribe/{id}", ask)
        .post(For::Machines, "/unsubscribe/{id}", done)
}

#[derive(askama::Template)]
#[template(path = "unsubscribe.html")]
struct Page {
    chrome: Chrome,
    id: String,
    off: bool,
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    again: String,
}

async fn ask(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Show<impl askama::Template>, Problem> {
    let nudged = app.store.read().await?.nudged(&id).await?;
    let (_, _, off) = nudged.ok_or(Problem::NotFound)?;
    let chrome = Chrome::bare("Nudges");
    Ok(Show(Page { chrome, id, off }))
}

async fn done(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(wish): Form<Wish>,
) -> Result<Show<impl askama::Template>, Problem> {
    let mut tx = app.store.write().await?;
    let nudged = tx.nudged(&id).await?;
    let (connection, person, _) = nudged.ok_or(Problem::NotFound)?;
    let again = wish.again == "yes";
    tx.want_nudges((&connection, &person), again, app.env.now())
        .await?;
    tx.commit().await?;
    let (chrome, off) = (Chrome::bare("Nudges"), !again);
    Ok(Show(Page { chrome, id, off }))
}
