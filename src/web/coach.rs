//! What a manager does about a deal: ask one question, offer help, see it differently, note that
//! they spoke, print the card for the talk. Never edit a word or a grade.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use serde::Deserialize;

use super::Shared;
use super::around::open;
use super::card_parts::ended;
use super::error::Problem;
use super::session::{Me, Reader, Sight};
use super::table::{For, Table};
use super::{done, words};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, DealId};
use crate::store::coaching::{Talk, Word};
use crate::store::deals::Dossier;
use crate::store::strategies::Question;
use crate::sync::ASK;

/// Longest text of a manager.
const LONGEST: usize = 500;
/// Another view needs a reason of at least so many characters.
const SHORTEST_REASON: usize = 20;
/// What a question ends with, in whichever script.
const QUESTION_MARKS: [char; 3] = ['?', '？', '؟'];
/// A question has at least so many letters.
const SHORTEST_QUESTION: usize = 2;
/// A question that nobody answered for this long no longer stands in the way of another.
const PATIENCE: TimeDelta = TimeDelta::days(7);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .post(For::People, "/deals/{connection}/{deal}/question", ask)
        .post(For::People, "/deals/{connection}/{deal}/help", help)
        .post(For::People, "/deals/{connection}/{deal}/view", view)
        .post(For::People, "/deals/{connection}/{deal}/talked", talked)
}

/// The question a seller has yet to answer, if there is one. A deal that ended asks nothing any more.
pub fn open_question<'a>(
    questions: &'a [Question],
    deal: &Dossier,
    now: Time,
) -> Option<&'a Question> {
    if ended(&deal.standing).is_some() {
        return None;
    }
    let since = deal.published_at;
    let first = questions.first();
    first.filter(|it| since.is_none_or(|at| it.at > at) && now - it.at < PATIENCE)
}

/// What a manager's form sends.
#[derive(Deserialize)]
pub struct Said {
    #[serde(default)]
    text: String,
}

/// A deal of someone the reader leads.
async fn led<'a>(
    app: &Shared,
    reader: &'a Reader,
    connection: &ConnectionId,
    deal: &DealId,
) -> Result<(&'a Me, Dossier), Problem> {
    match open(app, reader, connection, deal).await? {
        (me, dossier, Sight::Team) => Ok((me, dossier)),
        (_, _, Sight::Own) => Err(Problem::Refused(
            "This is your own deal: it is for your manager to do that.",
        )),
    }
}

/// What was said, where it is not too long.
///
/// # Errors
/// [`Problem::Unfit`] where it is.
pub fn text(said: &Said) -> Result<&str, Problem> {
    let text = said.text.trim();
    if text.chars().count() > LONGEST {
        return Err(Problem::Unfit(format!(
            "Say it in at most {LONGEST} characters."
        )));
    }
    Ok(text)
}

/// Back to the deal, which says what was done.
fn back(connection: &ConnectionId, deal: &DealId, word: &str) -> Response {
    let path = words::deal_path(connection.as_str(), deal.as_str());
    Redirect::to(&done::at(&path, word)).into_response()
}

async fn ask(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    reader: Reader,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier) = led(&app, &reader, &connection, &deal).await?;
    put_question(&app, me, &dossier, text(&said)?).await?;
    Ok(back(&connection, &deal, "asked"))
}

/// Puts one question to the seller; it joins the thread and shows in the CRM's coaching field.
///
/// # Errors
/// When it is no question, or another one waits.
pub async fn put_question(
    app: &Shared,
    me: &Me,
    dossier: &Dossier,
    text: &str,
) -> Result<(), Problem> {
    let (words, mark) = text.split_at(text.trim_end_matches(QUESTION_MARKS).len());
    if mark.is_empty() {
        return Err(Problem::Unfit(
            "Ask it as a question, and end it with a question mark.".to_owned(),
        ));
    }
    if words.chars().filter(|it| it.is_alphanumeric()).count() < SHORTEST_QUESTION {
        return Err(Problem::Unfit(
            "Ask something: a question mark alone is no question, and would stand in the way of \
             the next one."
                .to_owned(),
        ));
    }
    if let Some(ended) = ended(&dossier.standing) {
        return Err(Problem::Conflict(format!(
            "This deal is {ended}: no strategy is published any more that could answer. Talk about it."
        )));
    }
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    // Holds the deal, so that of two who ask at once the second sees the first one's question.
    if !tx
        .is_latest(&me.connection, &dossier.id, dossier.version)
        .await?
    {
        return Err(Problem::Conflict(
            "The strategy has changed since you opened it. Read it again, then ask.".to_owned(),
        ));
    }
    let mut questions = tx.questions(&me.connection, &[&dossier.id]).await?;
    let questions = questions.remove(&dossier.id).unwrap_or_default();
    if open_question(&questions, dossier, now).is_some() {
        return Err(Problem::Conflict(
            "One question at a time: the last one waits for an answer. Talk about it meanwhile."
                .to_owned(),
        ));
    }
    tx.add_question(
        &me.connection,
        &dossier.id,
        ("board", Some(&me.face.id), text),
        now,
    )
    .await?;
    tx.hasten(&me.connection, ASK, now).await?;
    tx.commit().await?;
    app.engine.wake().await;
    Ok(())
}

async fn help(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    reader: Reader,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier) = led(&app, &reader, &connection, &deal).await?;
    add_word(&app, me, &dossier, ("help", text(&said)?)).await?;
    Ok(back(&connection, &deal, "offered"))
}

async fn view(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    reader: Reader,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier) = led(&app, &reader, &connection, &deal).await?;
    let text = text(&said)?;
    if text.chars().count() < SHORTEST_REASON {
        return Err(Problem::Unfit(
            "Say why you see it differently, in a sentence at least.".to_owned(),
        ));
    }
    add_word(&app, me, &dossier, ("view", text)).await?;
    Ok(back(&connection, &deal, "said"))
}

/// Adds what a manager says about a deal besides a question: `help` offered, or another `view`.
///
/// # Errors
/// [`Problem::Conflict`] where the deal ended: its panel is a look back, and nobody would read it.
pub async fn add_word(
    app: &Shared,
    me: &Me,
    dossier: &Dossier,
    (kind, text): (&str, &str),
) -> Result<(), Problem> {
    if let Some(ended) = ended(&dossier.standing) {
        return Err(Problem::Conflict(format!(
            "This deal is {ended}: its seller would not read it here any more. Talk about it."
        )));
    }
    let word = Word {
        at: app.env.now(),
        person: me.face.id.clone(),
        kind: kind.to_owned(),
        text: text.to_owned(),
    };
    let mut tx = app.store.write().await?;
    tx.add_word(&me.connection, &dossier.id, &word).await?;
    Ok(tx.commit().await?)
}

async fn talked(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    reader: Reader,
) -> Result<Response, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier) = led(&app, &reader, &connection, &deal).await?;
    note_talk(&app, me, &dossier).await?;
    Ok(back(&connection, &deal, "talked"))
}

/// Notes that a manager and a seller spoke about a deal, and how it stood.
///
/// # Errors
/// The database's.
pub async fn note_talk(app: &Shared, me: &Me, dossier: &Dossier) -> Result<(), Problem> {
    let talk = Talk {
        at: app.env.now(),
        version: dossier.version,
        stage: dossier.stage.clone(),
        amount: dossier.amount,
        close_on: dossier.close_on,
        grade: dossier.grade.clone(),
    };
    let mut tx = app.store.write().await?;
    tx.save_talk(&me.connection, (&dossier.id, &me.face.id), &talk)
        .await?;
    Ok(tx.commit().await?)
}
