//! The seller's panel: this stage's questions, a draft that is kept as typed, the grade-to-be, and
//! publishing. The same at the size of a CRM's side card and as a page.
//!
//! What is typed is the seller's alone until it is published; a preview is computed and forgotten.

use axum::Json;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Shared;
use super::around::open;
use super::chrome::{Chrome, Show};
use super::crm_link::{CrmLink, crm_link};
use super::error::Problem;
use super::marked::How;
use super::panel_view::{self, Body, Desk};
use super::preview::{self, Preview};
use super::session::{Reader, Sight};
use super::table::{For, Table};
use super::windows::{draft, window};
use super::words;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::domain::strategy::Answers;
use crate::sync::publish::{Published, publish};
use crate::sync::{ASK, WRITE_BACK};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/panel/{connection}/{deal}", show)
        .post(For::People, "/panel/{connection}/{deal}", publish_form)
        .post(
            For::People,
            "/panel/{connection}/{deal}/preview",
            preview_typed,
        )
        .get(For::People, "/panel/{connection}/{deal}/state", state)
        .post(For::People, "/panel/{connection}/{deal}/pick", pick)
        .post(For::People, "/panel/{connection}/{deal}/note", dismiss)
}

/// What the panel's form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// See [`crate::domain::strategy::Part::CustomerOutcome`].
    pub customer_outcome: String,
    /// See [`crate::domain::strategy::Part::ConversationGoal`].
    pub conversation_goal: String,
    /// See [`crate::domain::strategy::Part::Approach`].
    pub approach: String,
    /// See [`crate::domain::strategy::Part::Obstacles`].
    pub obstacles: String,
    /// See [`crate::domain::strategy::Part::Need`].
    pub need: String,
    /// A date, or nothing.
    pub check_on: String,
    /// A percentage, or nothing.
    pub confidence: String,
    /// The version the seller started from.
    pub base: String,
    /// The window of the browser; see [`super::windows`].
    pub window: String,
    /// The mark of the draft that stood in the form when it was opened.
    pub seen: String,
}

impl Typed {
    /// The answers; line ends as the rest of Latitude writes them.
    pub fn answers(&self) -> Answers {
        let text = |text: &str| text.replace("\r\n", "\n");
        Answers {
            customer_outcome: text(&self.customer_outcome),
            conversation_goal: text(&self.conversation_goal),
            approach: text(&self.approach),
            obstacles: text(&self.obstacles),
            check_on: self.check_on.parse().ok(),
            need: text(&self.need),
        }
    }

    /// 10 to 90 percent, or nothing.
    pub fn confidence(&self) -> Option<i64> {
        let percent: i64 = self.confidence.parse().ok()?;
        (10..=90).contains(&percent).then_some(percent)
    }

    /// The version the seller started from; 0 for none.
    pub fn base(&self) -> i64 {
        self.base.parse().unwrap_or(0)
    }

    /// The window of the browser, where what was sent can be the name of one.
    pub fn window(&self) -> &str {
        let is_name = |it: &&str| it.len() <= 40 && it.bytes().all(|b| b.is_ascii_alphanumeric());
        Some(self.window.as_str()).filter(is_name).unwrap_or("")
    }
}

#[derive(askama::Template)]
#[template(path = "panel.html")]
struct Page {
    chrome: Chrome,
    there: Option<CrmLink>,
    body: Body,
}

/// The desk of a seller's own deal.
pub(super) async fn own(
    app: &Shared,
    reader: &Reader,
    path: &(String, String),
) -> Result<Desk, Problem> {
    let (connection, deal) = (
        ConnectionId::from(path.0.as_str()),
        DealId::from(path.1.as_str()),
    );
    let (me, dossier, sight) = open(app, reader, &connection, &deal).await?;
    if sight != Sight::Own {
        return Err(Problem::NotFound);
    }
    Ok(Desk {
        me: me.clone(),
        dossier,
    })
}

async fn show(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
) -> Result<Response, Problem> {
    let desk = own(&app, &reader, &path).await?;
    let chrome = Chrome::of(&desk.dossier.name, &reader, "/");
    let base = panel_path(&path.0, &path.1);
    let body = panel_view::body(&app, &desk, &base, &chrome.csrf).await?;
    let (connection, deal, _) = desk.ids();
    let there = crm_link(&app, &connection, &deal).await?;
    let page = Page {
        chrome,
        there,
        body,
    };
    Ok(Show(page).into_response())
}

/// The address of a deal's panel.
pub fn panel_path(connection: &str, deal: &str) -> String {
    format!(
        "/panel/{}/{}",
        words::encoded(connection),
        words::encoded(deal)
    )
}

async fn publish_form(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(typed): Form<Typed>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    publish_at(&app, &desk, &typed).await?;
    Ok(Redirect::to(&panel_path(&path.0, &path.1)))
}

/// Publishes what was typed; where someone changed the strategy meanwhile, keeps it as a draft.
///
/// # Errors
/// The database's.
pub async fn publish_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<Published, Problem> {
    let (connection, deal, person) = desk.ids();
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    // Read again inside: what was on the desk may have changed since.
    let dossier = tx
        .dossier(&connection, &deal)
        .await?
        .ok_or(Problem::NotFound)?;
    let at = (&dossier, typed.base());
    let answers = typed.answers();
    let words = (&person, &answers);
    let published = publish(&mut tx, &connection, at, words, &app.framework, now).await?;
    match published {
        Published::Saved(version) | Published::Unchanged(version) => {
            if let Some(percent) = typed.confidence() {
                tx.save_confidence(&connection, (&deal, version), &person, percent)
                    .await?;
            }
            tx.end_draft((&connection, &deal, &person), window(typed, &answers))
                .await?;
        }
        Published::Overtaken(_) => {
            let draft = draft(typed, now);
            tx.keep_draft((&connection, &deal, &person), &draft, &typed.seen)
                .await?;
        }
    }
    tx.commit().await?;
    if matches!(published, Published::Saved(_)) {
        app.engine.wake().await;
    }
    Ok(published)
}

async fn preview_typed(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(typed): Form<Typed>,
) -> Result<Json<Preview>, Problem> {
    let desk = own(&app, &reader, &path).await?;
    preview_at(&app, &desk, &typed).await.map(Json)
}

/// The grade-to-be of what was typed. Nothing is kept.
///
/// # Errors
/// The database's.
pub async fn preview_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<Preview, Problem> {
    let mut tx = app.store.read().await?;
    preview::of(app, &mut tx, desk, (&typed.answers(), app.env.now())).await
}

async fn state(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
) -> Result<Json<panel_view::Told>, Problem> {
    let desk = own(&app, &reader, &path).await?;
    panel_view::told(&app, &desk).await.map(Json)
}

/// Which of two versions stands.
#[derive(Deserialize)]
pub struct Picked {
    pick: String,
}

async fn pick(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(picked): Form<Picked>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    pick_at(&app, &desk, &picked).await?;
    Ok(Redirect::to(&panel_path(&path.0, &path.1)))
}

/// Settles a conflict as the seller says; both versions stay in the list of versions. Where yet others
/// came in between, it settles nothing: the panel shows the conflict with those.
///
/// # Errors
/// [`Problem::Conflict`] when there is none any more.
pub async fn pick_at(app: &Shared, desk: &Desk, picked: &Picked) -> Result<(), Problem> {
    let (connection, deal, person) = desk.ids();
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let dossier = tx
        .dossier(&connection, &deal)
        .await?
        .ok_or(Problem::NotFound)?;
    let carriage = tx
        .carriage(&connection, &deal)
        .await?
        .ok_or(Problem::NotFound)?;
    let settled = || Problem::Conflict("This has been settled already.".to_owned());
    let mine = carriage.conflict_version.ok_or_else(settled)?;
    if picked.pick == "mine" {
        let versions = tx.versions(&connection, &deal).await?;
        let mine = versions
            .iter()
            .find(|it| it.version == mine)
            .ok_or_else(settled)?;
        let at = (&dossier, dossier.version);
        let words = (&person, &mine.answers.0);
        let published = publish(&mut tx, &connection, at, words, &app.framework, now).await?;
        if matches!(published, Published::Overtaken(_)) {
            return Ok(());
        }
    }
    tx.settle_conflict(&connection, &deal).await?;
    tx.hasten(&connection, WRITE_BACK, now).await?;
    tx.commit().await?;
    app.engine.wake().await;
    Ok(())
}

/// A note that does not apply here; or does so after all, and may be asked again.
#[derive(Deserialize)]
pub struct Dismissed {
    note: String,
    #[serde(default)]
    again: String,
}

async fn dismiss(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(dismissed): Form<Dismissed>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    dismiss_at(&app, &desk, &dismissed).await?;
    Ok(Redirect::to(&panel_path(&path.0, &path.1)))
}

/// Has a note stay away from this deal while it is in its stage, or come back.
///
/// # Errors
/// The database's.
pub async fn dismiss_at(app: &Shared, desk: &Desk, what: &Dismissed) -> Result<(), Problem> {
    let (connection, deal, _) = desk.ids();
    let known =
        |text: &str| text.len() <= 40 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if !known(&what.note) {
        return Err(Problem::Unfit("There is no such note.".to_owned()));
    }
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let note = (desk.dossier.stage.as_str(), what.note.as_str());
    if what.again.is_empty() {
        tx.dismiss_note(&connection, &deal, note, now).await?;
    } else {
        tx.ask_note_again(&connection, &deal, note).await?;
    }
    tx.look_again(&connection, &[deal.as_str()], now).await?;
    tx.hasten(&connection, ASK, now).await?;
    tx.commit().await?;
    app.engine.wake().await;
    Ok(())
}

impl Desk {
    /// Connection, deal and seller.
    pub fn ids(&self) -> (ConnectionId, DealId, PersonId) {
        (
            self.me.connection.clone(),
            self.dossier.id.as_str().into(),
            self.me.face.id.as_str().into(),
        )
    }
}
