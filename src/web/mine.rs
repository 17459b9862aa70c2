//! What is kept about oneself: to be had as a file, and to be forgotten, in part or whole.

use std::collections::HashMap;

use axum::extract::{Form, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::Shared;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::session::{self, Reader};
use super::table::{For, Table};
use crate::domain::ids::ConnectionId;
use crate::sync::rights;

/// What one types to be forgotten.
const WORD: &str = "forget me";
/// What asks for it.
pub const ASKS: &str = "To go on, type “forget me”";

/// What one ticks to have only what one wrote for oneself forgotten.
pub const SURE: &str = "Yes, forget it: drafts and weeks too";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/mine", page)
        .get(For::People, "/mine.json", copy)
        .post(For::People, "/mine/private", forget_private)
        .post(For::People, "/mine/all", forget_all)
}

#[derive(askama::Template)]
#[template(path = "mine.html")]
struct Page {
    chrome: Chrome,
    /// What one wrote for oneself was forgotten just now.
    lighter: bool,
    /// All was: nobody here knows one any more.
    gone: bool,
}

async fn page(reader: Reader) -> Show<impl askama::Template> {
    show(&reader, false)
}

fn show(reader: &Reader, lighter: bool) -> Show<Page> {
    Show(Page {
        chrome: Chrome::of("About me", reader, "/mine"),
        lighter,
        gone: false,
    })
}

async fn copy(State(app): State<Shared>, reader: Reader) -> Result<Response, Problem> {
    let mut tx = app.store.snapshot().await?;
    let about = rights::about(&mut tx, &whom(&reader), app.env.now()).await?;
    let body = serde_json::to_vec_pretty(&about).map_err(Problem::broken)?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"latitude-about-me.json\"",
        ),
    ];
    Ok((headers, body).into_response())
}

async fn forget_private(
    State(app): State<Shared>,
    reader: Reader,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Show<impl askama::Template>, Problem> {
    if sent.get("sure").is_none_or(String::is_empty) {
        return Err(Problem::Unfit(
            "Nothing was forgotten: to go on, tick the box.".to_owned(),
        ));
    }
    let mut tx = app.store.write().await?;
    for (connection, person) in whom(&reader) {
        tx.forget_private(connection, person).await?;
    }
    tx.commit().await?;
    Ok(show(&reader, true))
}

async fn forget_all(
    State(app): State<Shared>,
    jar: CookieJar,
    reader: Reader,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let typed = sent.get("sure").map(|it| it.trim().to_lowercase());
    if typed.as_deref() != Some(WORD) {
        return Err(Problem::Unfit(format!(
            "Nothing was forgotten: to go on, type the words \"{WORD}\"."
        )));
    }
    for (connection, person) in whom(&reader) {
        rights::erase(&app.store, connection, person, app.env.now()).await?;
        tracing::info!(connection.id = %connection, "a person had themselves forgotten");
    }
    app.engine.wake().await;
    let last = Show(Page {
        chrome: Chrome::bare("About me"),
        lighter: false,
        gone: true,
    });
    Ok((session::without_cookie(&app, jar), last).into_response())
}

/// Who one is, in each connection.
fn whom(reader: &Reader) -> Vec<(&ConnectionId, &str)> {
    let me = reader.me.iter();
    me.map(|me| (&me.connection, me.face.id.as_str())).collect()
}
