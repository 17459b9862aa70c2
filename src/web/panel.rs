//! The seller's panel: this stage's questions, a draft that is kept as typed, the grade-to-be, and
//! publishing. The same at the size of a CRM's side card and as a page.
//!
//! What is typed is the seller's alone until it is published; a preview is computed and forgotten.

use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Shared;
use super::around::open;
use super::chrome::{Chrome, Show};
use super::crm_link::{CrmLink, crm_link};
use super::error::Problem;
use super::marked::How;
use super::on_its_way::{Told, told};
use super::panel_view::{self, Body, Desk};
use super::preview::{self, Preview};
use super::session::{Reader, Sight};
use super::table::{For, Table};
use super::typed::{Became, Typed, Wish};
use super::windows::{draft, window};
use super::words;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::store::drafts::Draft;
use crate::sync::publish::{Published, publish_taking_back};
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

#[derive(askama::Template)]
#[template(path = "panel.html")]
struct Page {
    chrome: Chrome,
    there: Option<CrmLink>,
    /// What became of the publish that led here.
    note: Option<String>,
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
    Query(wish): Query<Wish>,
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
        note: wish.note(),
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
    let became = publish_at(&app, &desk, &typed).await?;
    let next = panel_path(&path.0, &path.1) + &became.query();
    Ok(Redirect::to(&next))
}

/// Publishes what was typed; where someone changed the strategy meanwhile, keeps it as a draft.
///
/// # Errors
/// What cannot be read of it, in words; the database's.
pub async fn publish_at(app: &Shared, desk: &Desk, typed: &Typed) -> Result<Became, Problem> {
    typed.check()?;
    let (connection, deal, person) = desk.ids();
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    // Read again inside: what was on the desk may have changed since.
    let dossier = tx
        .dossier(&connection, &deal)
        .await?
        .ok_or(Problem::NotFound)?;
    let at = (&dossier, typed.base());
    let (answers, back) = (typed.answers(), typed.taken_back());
    let words = (&person, &answers, back.as_slice());
    let published =
        publish_taking_back(&mut tx, &connection, at, words, &app.framework, now).await?;
    let mut became = Became {
        published,
        left: Vec::new(),
        confidence: false,
    };
    match published {
        Published::Saved(version) | Published::Unchanged(version) => {
            let before = dossier.answers.as_ref().map(|it| &it.0);
            became.left = before.map_or_else(Vec::new, |it| typed.left_as_they_stood(it));
            let known = tx.confidence(&connection, &deal, &person).await?;
            became.confidence = typed.confidence().is_some_and(|it| it != known);
            match typed.confidence() {
                Some(Some(percent)) => {
                    tx.save_confidence(&connection, (&deal, version), &person, percent)
                        .await?;
                }
                Some(None) => tx.drop_confidence(&connection, &deal, &person).await?,
                None => {}
            }
            let whose = (&connection, &deal, &person);
            let ended = (window(typed, &answers), now);
            // What was typed meanwhile goes on from what is published now.
            if let Some(newer) = tx.end_draft(whose, ended).await?
                && newer.base_version == typed.base()
            {
                let newer = Draft {
                    base_version: version,
                    ..newer
                };
                tx.save_draft(&connection, &deal, &person, &newer).await?;
            }
        }
        Published::Overtaken(_) => {
            let known = tx.confidence(&connection, &deal, &person).await?;
            let draft = draft(typed, known, now);
            tx.keep_draft((&connection, &deal, &person), &draft, &typed.seen)
                .await?;
        }
    }
    tx.commit().await?;
    if matches!(published, Published::Saved(_)) {
        app.engine.wake().await;
    }
    Ok(became)
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
) -> Result<Json<Told>, Problem> {
    let desk = own(&app, &reader, &path).await?;
    told(&app, &desk).await.map(Json)
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
        // What that publish took back from the version before it stays taken back.
        let from_mine = versions.iter().skip_while(|it| it.version != mine);
        let [mine, before] = [0, 1].map(|n| from_mine.clone().nth(n).map(|it| &it.answers.0));
        let mine = mine.ok_or_else(settled)?;
        let back = before.map_or_else(Vec::new, |it| it.missing_in(mine));
        let at = (&dossier, dossier.version);
        let words = (&person, mine, back.as_slice());
        let published =
            publish_taking_back(&mut tx, &connection, at, words, &app.framework, now).await?;
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
    let became = if dismissed.again.is_empty() {
        "dismissed"
    } else {
        "again"
    };
    let next = format!("{}?became={became}", panel_path(&path.0, &path.1));
    Ok(Redirect::to(&next))
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
