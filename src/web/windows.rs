//! Drafts: kept as typed, and each window's apart. A seller may have a deal open twice, in two
//! windows or on two machines; what one of them keeps never takes away what the other one kept.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::deal::Shown;
use super::error::Problem;
use super::panel::{Typed, own, panel_path};
use super::panel_view::{Desk, differences};
use super::session::Reader;
use super::table::{For, Table};
use super::{App, Shared, csrf, words};
use crate::domain::Time;
use crate::domain::framework::Framework;
use crate::domain::strategy::Answers;
use crate::store::drafts::{Draft, Window};
use crate::store::merged::MERGED;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .post(For::People, "/panel/{connection}/{deal}/draft", keep_draft)
        .post(For::People, "/panel/{connection}/{deal}/aside", aside)
}

/// Words that were kept in another window.
pub struct Aside {
    /// The name of that window.
    pub window: String,
    /// When they were kept.
    pub when: String,
    /// Whether they were about a deal that was merged into this one.
    pub merged: bool,
    /// How they differ from what stands in the form.
    pub words: Vec<Shown>,
}

/// What was kept in other windows, where it says anything else than the form.
pub fn asides(
    framework: &Framework,
    stage: &str,
    form: &Answers,
    kept: Vec<Draft>,
    zone: Option<&str>,
) -> Vec<Aside> {
    kept.into_iter()
        .map(|it| Aside {
            words: differences(framework, stage, form, &it.answers.0),
            when: words::moment(it.saved_at, zone),
            merged: it.window.starts_with(MERGED),
            window: it.window,
        })
        .filter(|it| !it.words.is_empty())
        .collect()
}

/// The name of a window that opens now.
pub fn opens(app: &App) -> String {
    app.env.hex::<8>()
}

/// What was typed, as the draft of the window it was typed in.
pub fn draft(typed: &Typed, now: Time) -> Draft {
    let draft = Draft::of(typed.answers(), typed.confidence(), typed.base(), now);
    draft.in_window(typed.window())
}

/// What a window knows, whose words these are.
pub fn window<'a>(typed: &'a Typed, words: &'a Answers) -> Window<'a> {
    Window {
        name: typed.window(),
        seen: &typed.seen,
        words,
    }
}

async fn keep_draft(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let desk = own(&app, &reader, &path).await?;
    keep_at(&app, &desk, &typed).await?;
    // Scripts send the proof in a header; a form without script sends the person back.
    Ok(if headers.contains_key(csrf::HEADER) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Redirect::to(&panel_path(&path.0, &path.1)).into_response()
    })
}

/// Keeps what was typed as the seller's draft; one that says what is published already is none.
///
/// # Errors
/// The database's.
pub async fn keep_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<(), Problem> {
    let (connection, deal, person) = desk.ids();
    let whose = (&connection, &deal, &person);
    let mut tx = app.store.write().await?;
    let published = desk
        .dossier
        .answers
        .as_ref()
        .map(|it| it.0.clone())
        .unwrap_or_default();
    if typed.answers() == published && typed.confidence().is_none() {
        tx.end_draft(whose, window(typed, &published)).await?;
    } else {
        let draft = draft(typed, app.env.now());
        tx.keep_draft(whose, &draft, &typed.seen).await?;
    }
    Ok(tx.commit().await?)
}

/// What is to become of words from another window.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Chosen {
    aside: String,
    what: String,
}

async fn aside(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(chosen): Form<Chosen>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    let (connection, deal, person) = desk.ids();
    let whose = (&connection, &deal, &person);
    let mut tx = app.store.write().await?;
    match chosen.what.as_str() {
        // One that is gone was taken up in another window just now; the page shows what stands.
        "take" => tx.take_up_draft(whose, &chosen.aside).await.map(drop)?,
        "drop" => tx.drop_aside(whose, &chosen.aside).await?,
        _ => {}
    }
    tx.commit().await?;
    Ok(Redirect::to(&panel_path(&path.0, &path.1)))
}
