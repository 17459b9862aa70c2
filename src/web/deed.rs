//! `POST /obstacles/{connection}/{id}/…`: what either side does to a card. The state machine
//! decides; a page only carries the words there.

use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::error::Problem;
use super::obstacle::{Side, card_path, open};
use super::responders::{first_of, hours};
use super::session::Reader;
use super::table::{For, Table};
use super::{App, Shared, day, done, needs, words};
use crate::domain::Time;
use crate::domain::answer::Answer;
use crate::domain::ids::ConnectionId;
use crate::domain::obstacle::kinds::{Ground, Kind, Level, Outcome};
use crate::domain::obstacle::{Choice, Closing, Deed, Need};
use crate::store::obstacles::{Card, Said};
use crate::store::tx::Tx;
use crate::sync::ASK;

/// The deed of whoever owes the answer; all others are the seller's.
pub const ANSWER: &str = "answer";
/// The seller takes it away with every word of it, before anyone else has seen it.
const DELETE: &str = "delete";
/// The seller says in other words what stands in the way, and of which deal.
const REWORD: &str = "reword";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.post(For::People, "/obstacles/{connection}/{id}/{deed}", done)
}

/// What any of the forms on a card sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// The kind of an option or of an answer.
    pub kind: String,
    /// What is said.
    pub text: String,
    /// The second half, where an answer has one.
    pub more: String,
    /// The place of an option.
    pub option: String,
    /// Why it may be sent up.
    pub ground: String,
    /// What is needed …
    pub what: String,
    /// … from whom …
    pub whom: String,
    /// … and by when.
    pub by: String,
    /// Not empty where it is a gap in the product.
    pub gap: String,
    /// Until when time is covered.
    pub until: String,
    /// What became of it.
    pub outcome: String,
    /// The deal that a card nobody else has seen is given to; empty for none in particular, and left as it
    /// is where the form says nothing of it.
    pub deal: Option<String>,
    /// `yes` or `no`, where the seller says whether an answer helped.
    pub helped: String,
}

async fn done(
    State(app): State<Shared>,
    Path((connection, id, deed)): Path<(String, String, String)>,
    reader: Reader,
    Form(sent): Form<Sent>,
) -> Result<Redirect, Problem> {
    let connection = ConnectionId::from(connection);
    let mut tx = app.store.write().await?;
    let (me, mut card, side) = open(&mut tx, &reader, (&connection, &id)).await?;
    // Seeing a card is not owning it: each deed belongs to one side.
    let wanted = if deed == ANSWER {
        Side::Responder
    } else {
        Side::Seller
    };
    if side != wanted {
        return Err(Problem::NotFound);
    }
    if deed == DELETE {
        if !tx.drop_card(&connection, &card).await? {
            return Err(Problem::Unfit(
                "Others have read it already. Close it instead.".to_owned(),
            ));
        }
        tx.commit().await?;
        return Ok(Redirect::to(&done::at("/obstacles", &deed)));
    }
    let now = card.deal.as_ref().map(|id| format!("{connection}/{id}"));
    let other = sent.deal.as_ref().filter(|it| now.as_ref() != Some(*it));
    if let Some(deal) = other.filter(|_| deed == REWORD) {
        card.deal = needs::picked(&mut tx, me, deal).await?;
    }
    let by = (me.face.id.as_str(), app.env.now());
    carry_out(&app, &mut tx, (&connection, &mut card), (&deed, &sent), by).await?;
    tx.commit().await?;
    app.engine.wake().await;
    let path = card_path(connection.as_str(), &card.id);
    Ok(Redirect::to(&done::at(&path, done::word(&deed, &sent))))
}

/// Does to a card what a form says, in someone's name and at a moment, and keeps it.
///
/// # Errors
/// What the state machine refuses, in its words; what the form lacks; the database's. Nothing of
/// it is kept then, once the caller lets the transaction go.
pub async fn carry_out(
    app: &App,
    tx: &mut Tx,
    (connection, card): (&ConnectionId, &mut Card),
    (deed, sent): (&str, &Sent),
    (person, now): (&str, Time),
) -> Result<(), Problem> {
    let asked_hours = hours(app, tx, connection, card).await?;
    let levels: &[Level] = match deed {
        "send" => &[Level::Manager],
        "over" => card.obstacle.levels_above(false),
        ANSWER if sent.kind == "passed_up" => card.obstacle.levels_above(true),
        _ => &[],
    };
    let next = first_of(app, tx, connection, (&card.seller, levels)).await?;
    let nobody = |why: &str| Problem::Unfit(why.to_owned());
    let to = next.as_ref().map(|(to, _)| to.clone());
    let taken = match deed {
        "option" => Deed::Add(option(sent)?),
        "alter" => Deed::Alter(which(sent), option(sent)?),
        "choose" => Deed::Choose(which(sent)),
        REWORD => Deed::Reword(sent.text.clone()),
        "send" => {
            let to = to.ok_or_else(|| nobody(super::card_view::NO_MANAGER))?;
            Deed::SendUp(ground(sent)?, need(sent, now)?, to)
        }
        "reply" => Deed::Reply(sent.text.clone()),
        "over" => {
            Deed::PassOver(to.ok_or_else(|| nobody("There is nobody above to pass this to."))?)
        }
        "kept" => Deed::SayKept,
        "late" => Deed::SayLate,
        "close" => Deed::Close(closing(sent)?),
        ANSWER => Deed::Answer(answer(sent)?, to),
        _ => return Err(Problem::NotFound),
    };
    let said = said(&taken, card, person, now);
    card.obstacle
        .take(taken, now, &asked_hours)
        .map_err(|refused| Problem::Unfit(refused.to_string()))?;
    card.said.extend(said.clone());
    let new_hours = next.map_or(asked_hours, |(_, hours)| hours);
    // First of all: of two at once, one has to wait here, and is told of the other.
    if !tx.save_card(connection, card, &new_hours, now).await? {
        return Err(Problem::Conflict(
            "Someone changed this a moment ago. Go back, reload and look again.".to_owned(),
        ));
    }
    if let Some(said) = said {
        tx.add_said(connection, &card.id, &said).await?;
    }
    if let (Some(deal), true) = (&card.deal, card.obstacle.round > 0) {
        tx.look_again(connection, &[deal.as_str()], now).await?;
        tx.hasten(connection, ASK, now).await?;
    }
    Ok(())
}

/// The option that a form is about, by its place; past all of them where it names none.
fn which(sent: &Sent) -> usize {
    sent.option.parse().unwrap_or(usize::MAX)
}

fn option(sent: &Sent) -> Result<Choice, Problem> {
    let kind = Kind::named(&sent.kind);
    Ok(Choice {
        kind: kind.ok_or_else(|| Problem::Unfit("Pick a kind.".to_owned()))?,
        text: sent.text.clone(),
    })
}

fn named_day(text: &str, otherwise: &'static str) -> Result<NaiveDate, Problem> {
    match text.trim() {
        "" => Err(Problem::Unfit(otherwise.to_owned())),
        text => day::read(text).ok_or_else(|| {
            Problem::Unfit(format!(
                "{otherwise} “{text}” is no day that can be read: write it as year-month-day, such \
                 as 2026-12-04."
            ))
        }),
    }
}

fn ground(sent: &Sent) -> Result<Ground, Problem> {
    Ground::named(&sent.ground)
        .ok_or_else(|| Problem::Unfit("Say how you are sending it.".to_owned()))
}

fn need(sent: &Sent, now: Time) -> Result<Need, Problem> {
    let by = named_day(&sent.by, "A need names what, from whom, and by when.")?;
    // Over wherever they are.
    if by < (now - TimeDelta::hours(12)).date_naive() {
        return Err(Problem::Unfit(format!(
            "By when: {} is over, and nobody can answer by then. Name a day to come.",
            words::day(by)
        )));
    }
    Ok(Need {
        what: sent.what.trim().to_owned(),
        whom: sent.whom.trim().to_owned(),
        by,
        gap: !sent.gap.is_empty(),
    })
}

fn closing(sent: &Sent) -> Result<Closing, Problem> {
    Ok(Closing {
        outcome: Outcome::named(&sent.outcome)
            .ok_or_else(|| Problem::Unfit("Say what became of it.".to_owned()))?,
        helped: match sent.helped.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        lesson: sent.text.trim().to_owned(),
    })
}

fn answer(sent: &Sent) -> Result<Answer, Problem> {
    let (text, more) = (sent.text.trim().to_owned(), sent.more.trim().to_owned());
    Ok(match sent.kind.as_str() {
        "backed" => Answer::Backed {
            until: named_day(&sent.until, "Say until when you cover their time.")?,
            note: text,
        },
        "one_question" => Answer::OneQuestion { question: text },
        "another" => Answer::Another {
            option: text,
            because: more,
        },
        "no" => Answer::No {
            because: text,
            change: more,
        },
        "passed_up" => Answer::PassedUp { backing: text },
        // Having seen it is not an answer.
        _ => return Err(Problem::Unfit("Pick one of the five answers.".to_owned())),
    })
}

/// What the deed says to the other side, if it says something.
fn said(deed: &Deed, card: &Card, person: &str, now: Time) -> Option<Said> {
    let (kind, text, more, until) = match deed {
        Deed::Reply(text) => ("reply", text.clone(), String::new(), None),
        Deed::Answer(answer, _) => {
            let kind = answer.word();
            match answer.clone() {
                Answer::Backed { until, note } => (kind, note, String::new(), Some(until)),
                Answer::OneQuestion { question } => (kind, question, String::new(), None),
                Answer::Another { option, because } => (kind, option, because, None),
                Answer::No { because, change } => (kind, because, change, None),
                Answer::PassedUp { backing } => (kind, backing, String::new(), None),
            }
        }
        _ => return None,
    };
    let turn = card.obstacle.turns.len().saturating_sub(1);
    Some(Said {
        round: card.obstacle.round,
        turn: i64::try_from(turn).unwrap_or(0),
        at: now,
        person: person.to_owned(),
        kind: kind.to_owned(),
        text,
        more,
        until,
    })
}
