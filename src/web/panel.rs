//! The seller's panel: this stage's questions, a draft that is kept as typed, the grade-to-be, and
//! publishing. The same at the size of a CRM's side card and as a page.
//!
//! What is typed is the seller's alone until it is published; a preview is computed and forgotten.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Json, http::StatusCode};
use serde::Deserialize;

use super::Shared;
use super::chrome::{Chrome, Show};
use super::crm_link::{CrmLink, crm_link};
use super::deal::open;
use super::error::Problem;
use super::marked::How;
use super::panel_view::{self, Body, Desk};
use super::preview::{self, Preview};
use super::session::{Reader, Sight};
use super::table::{For, Table};
use super::words;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::domain::strategy::Answers;
use crate::store::drafts::Draft;
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
        .post(For::People, "/panel/{connection}/{deal}/draft", keep_draft)
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

    fn base(&self) -> i64 {
        self.base.parse().unwrap_or(0)
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
    let words = (&person, &typed.answers());
    let published = publish(&mut tx, &connection, at, words, &app.framework, now).await?;
    match published {
        Published::Saved(version) | Published::Unchanged(version) => {
            if let Some(percent) = typed.confidence() {
                tx.save_confidence(&connection, (&deal, version), &person, percent)
                    .await?;
            }
            tx.drop_draft(&connection, &deal, &person).await?;
        }
        Published::Overtaken(_) => {
            let draft = draft(typed, now);
            tx.save_draft(&connection, &deal, &person, &draft).await?;
        }
    }
    tx.commit().await?;
    if matches!(published, Published::Saved(_)) {
        app.engine.wake().await;
    }
    Ok(published)
}

fn draft(typed: &Typed, now: crate::domain::Time) -> Draft {
    Draft::of(typed.answers(), typed.confidence(), typed.base(), now)
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
    let (connection, deal, _) = desk.ids();
    let mut tx = app.store.read().await?;
    let mut dismissed = tx.dismissed_notes(&connection, &[deal.as_str()]).await?;
    drop(tx);
    let dismissed = dismissed.remove(deal.as_str()).unwrap_or_default();
    Ok(preview::of(&typed.answers(), &app.framework, &dismissed))
}

async fn keep_draft(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    headers: axum::http::HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let desk = own(&app, &reader, &path).await?;
    keep_at(&app, &desk, &typed).await?;
    // Scripts send the proof in a header; a form without script sends the person back.
    Ok(if headers.contains_key(super::csrf::HEADER) {
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
    let mut tx = app.store.write().await?;
    let published = desk
        .dossier
        .answers
        .as_ref()
        .map(|it| it.0.clone())
        .unwrap_or_default();
    if typed.answers() == published && typed.confidence().is_none() {
        tx.drop_draft(&connection, &deal, &person).await?;
    } else {
        tx.save_draft(&connection, &deal, &person, &draft(typed, app.env.now()))
            .await?;
    }
    Ok(tx.commit().await?)
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

/// Settles a conflict as the seller says; both versions stay in the list of versions.
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
        publish(&mut tx, &connection, at, words, &app.framework, now).await?;
    }
    tx.settle_conflict(&connection, &deal).await?;
    tx.hasten(&connection, WRITE_BACK, now).await?;
    tx.commit().await?;
    app.engine.wake().await;
    Ok(())
}

/// A note that does not apply here.
#[derive(Deserialize)]
pub struct Dismissed {
    note: String,
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

/// Has a note stay away from this deal while it is in its stage.
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
    tx.dismiss_note(&connection, &deal, note, now).await?;
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
