//! Looking back on a deal that was won or lost: the framework's questions, in place of the panel's.
//!
//! Nothing is mandatory. What is said is the seller's alone until they share it, and can be taken
//! back; see `docs/decisions/0021-looking-back-is-the-sellers.md`.

use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::panel::{own, panel_path};
use super::panel_view::Desk;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, words};
use crate::domain::closing::{LONGEST, said};
use crate::domain::deal::Standing;
use crate::domain::ids::DealId;
use crate::store::closings::LookBack;
use crate::store::deals::Dossier;
use crate::store::tx::Tx;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.post(For::People, "/panel/{connection}/{deal}/closing", look_back)
}

/// The questions about a closed deal, with what was said.
pub struct Closing {
    /// Whether it was won.
    pub won: bool,
    /// Each question with the answer so far.
    pub asks: Vec<(String, String)>,
    /// When something was said last.
    pub said_on: Option<String>,
    /// Whether the manager may read it.
    pub shared: bool,
}

/// A seller's words about a closed deal, which they shared.
#[derive(Serialize, ToSchema)]
pub struct SharedLookBack {
    /// `won` or `lost`.
    pub ended: String,
    /// When they were said.
    pub at: DateTime<Utc>,
    /// Each question with its answer.
    pub said: Vec<QuestionAnswered>,
}

/// A question and the seller's words.
#[derive(Serialize, ToSchema)]
pub struct QuestionAnswered {
    /// What was asked.
    pub question: String,
    /// What the seller said.
    pub text: String,
}

/// What the form sends: `answer_0` and so on to the questions in order, `shared`, or `nothing`.
pub type Answered = Vec<(String, String)>;

fn standing(dossier: &Dossier) -> Standing {
    Standing::named(&dossier.standing)
}

/// The questions about a deal, where it is closed.
///
/// # Errors
/// The database's.
pub async fn of(app: &App, tx: &mut Tx, desk: &Desk) -> Result<Option<Closing>, Problem> {
    let standing = standing(&desk.dossier);
    let questions = app.framework.closing.questions(standing);
    if questions.is_empty() {
        return Ok(None);
    }
    let (connection, deal, person) = desk.ids();
    let before = tx.look_back(&connection, &deal, person.as_str()).await?;
    let words = |question: &String| {
        let mut said = before.iter().flat_map(|it| &it.said.0);
        let found = said.find(|it| it.question == *question);
        found.map_or_else(String::new, |it| it.text.clone())
    };
    Ok(Some(Closing {
        won: standing == Standing::Won,
        asks: questions.iter().map(|it| (it.clone(), words(it))).collect(),
        said_on: before
            .as_ref()
            .map(|it| words::day(words::local_day(it.at, desk.me.zone()))),
        shared: before.is_some_and(|it| it.shared),
    }))
}

/// What the seller of a deal said about it and shared.
///
/// # Errors
/// The database's.
pub async fn shared(
    tx: &mut Tx,
    me: &Me,
    dossier: &Dossier,
) -> Result<Option<SharedLookBack>, Problem> {
    let (deal, seller) = (DealId::from(dossier.id.as_str()), dossier.seller.as_deref());
    let Some(seller) = seller else {
        return Ok(None);
    };
    let found = tx.look_back(&me.connection, &deal, seller).await?;
    let found = found.filter(|it| it.shared && !it.said.is_empty());
    Ok(found.map(|it| SharedLookBack {
        ended: it.standing,
        at: it.at,
        said: it
            .said
            .0
            .into_iter()
            .map(|it| QuestionAnswered {
                question: it.question,
                text: it.text,
            })
            .collect(),
    }))
}

async fn look_back(
    State(app): State<Shared>,
    Path(path): Path<(String, String)>,
    reader: Reader,
    Form(answered): Form<Answered>,
) -> Result<Redirect, Problem> {
    let desk = own(&app, &reader, &path).await?;
    look_back_at(&app, &desk, &answered).await?;
    let next = panel_path(&path.0, &path.1) + "?became=closing";
    Ok(Redirect::to(&next))
}

/// Keeps what a seller says about a closed deal.
///
/// # Errors
/// [`Problem::Conflict`] where the deal is open.
pub async fn look_back_at(app: &App, desk: &Desk, answered: &Answered) -> Result<(), Problem> {
    let standing = standing(&desk.dossier);
    let questions = app.framework.closing.questions(standing);
    if questions.is_empty() {
        return Err(Problem::Conflict(
            "This deal is open: its strategy is asked for, not a look back.".to_owned(),
        ));
    }
    let sent = |name: &str| answered.iter().find(|(key, _)| key == name);
    let nothing = sent("nothing").is_some();
    let texts: Vec<String> = (0..questions.len())
        .map(|n| sent(&format!("answer_{n}")).filter(|_| !nothing))
        .map(|it| it.map_or_else(String::new, |(_, text)| text.clone()))
        .collect();
    if texts.iter().any(|it| it.chars().count() > LONGEST) {
        return Err(Problem::Unfit(format!(
            "Say it in at most {LONGEST} characters."
        )));
    }
    let (connection, deal, person) = desk.ids();
    let mut tx = app.store.write().await?;
    let before = tx.look_back(&connection, &deal, person.as_str()).await?;
    let now = (app.env.now(), before.as_ref());
    let new = LookBack::new(
        standing,
        said(questions, &texts),
        sent("shared").is_some(),
        now,
    );
    tx.add_look_back(&connection, (&deal, person.as_str()), &new)
        .await?;
    Ok(tx.commit().await?)
}
