//! Drafts: kept as typed, and each window's apart. A seller may have a deal open twice, in two
//! windows or on two machines; what one of them keeps never takes away what the other one kept.

use axum::Json;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::deal::Shown;
use super::error::Problem;
use super::panel::{own, panel_path};
use super::panel_view::{Desk, differences};
use super::session::Reader;
use super::table::{For, Table};
use super::typed::Typed;
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
        .post(For::People, "/panel/{connection}/{deal}/arrived", arrived)
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

/// What was typed, as the draft of the window it was typed in. A form that does not ask for the
/// confidence leaves what is `known` of it.
pub fn draft(typed: &Typed, known: Option<i64>, now: Time) -> Draft {
    let confidence = typed.confidence().unwrap_or(known);
    let draft = Draft::of(typed.answers(), confidence, typed.base(), now);
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
/// What cannot be read of it, in words; the database's.
pub async fn keep_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<(), Problem> {
    typed.check()?;
    let (connection, deal, person) = desk.ids();
    let whose = (&connection, &deal, &person);
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let published = desk
        .dossier
        .answers
        .as_ref()
        .map(|it| it.0.clone())
        .unwrap_or_default();
    let known = tx.confidence(&connection, &deal, &person).await?;
    if typed.answers() == published && typed.confidence().unwrap_or(known) == known {
        tx.end_draft(whose, (window(typed, &published), now))
            .await?;
    } else {
        let draft = draft(typed, known, now);
        tx.keep_draft(whose, &draft, &typed.seen).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether words that a browser holds on to have arrived.
#[derive(Serialize)]
pub struct Arrived {
    /// Whether they stand here, published or not.
    arrived: bool,
    /// Whether they are published.
    published: bool,
}

async fn arrived(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(typed): Form<Typed>,
) -> Result<Json<Arrived>, Problem> {
    let desk = own(&app, &reader, &path).await?;
    arrived_at(&app, &desk, &typed).await.map(Json)
}

/// Whether every word that was typed stands here already: in a version made since the one it began
/// from, in the latest, or among the seller's drafts. Only then may a browser let go of its copy.
///
/// # Errors
/// The database's.
pub async fn arrived_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<Arrived, Problem> {
    let (connection, deal, person) = desk.ids();
    let mut tx = app.store.read().await?;
    let versions = tx.versions(&connection, &deal).await?;
    let mut drafts = tx.drafts_aside(&connection, &deal, &person).await?;
    drafts.extend(tx.draft(&connection, &deal, &person).await?);
    let known = tx.confidence(&connection, &deal, &person).await?;
    drop(tx);
    let answers = typed.answers();
    let drafted = drafts.iter().any(|it| {
        it.answers.0.says_the_same(&answers) && typed.confidence().unwrap_or(known) == it.confidence
    });
    let latest = versions.first().map_or(0, |it| it.version);
    let since = versions
        .iter()
        .filter(|it| it.version > typed.base() || it.version == latest);
    let published = typed
        .confidence()
        .flatten()
        .is_none_or(|it| known == Some(it))
        && since
            .map(|it| &it.answers.0)
            .any(|it| answers.stands_in(it));
    let fits = typed.check().is_ok();
    Ok(Arrived {
        arrived: fits && (drafted || published),
        published: fits && published,
    })
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
