//! A seller's next conversations: where something is asked of them, what they said they would check
//! and when, and what ended lately.

use std::collections::HashMap;

use chrono::{NaiveDate, TimeDelta};

use super::answered::NEWS;
use super::card_parts::{self, GONE};
use super::card_view::Item;
use super::coach::open_question;
use super::deal::Asked;
use super::error::Problem;
use super::panel::panel_path;
use super::session::Me;
use super::{App, deal, words};
use crate::domain::hours::Reading;
use crate::domain::obstacle::kinds::State;
use crate::store::deals::Dossier;
use crate::store::obstacles::Card;
use crate::store::tx::Tx;

/// A look back is offered for so long after a deal ended.
const LATELY: TimeDelta = TimeDelta::days(30);

/// A person's next conversations.
pub struct Conversations {
    /// Where something is asked of them, the most pressing first.
    pub asked: Vec<Wanted>,
    /// Help that managers offered lately, and where they see it differently.
    pub said: Vec<FromManager>,
    /// Their open deals, by check date; those without one last.
    pub next: Vec<Next>,
    /// Deals that ended lately.
    pub ended: Vec<Ended>,
}

/// A deal that ended lately, to be looked back on.
pub struct Ended {
    /// The CRM's id.
    pub deal: String,
    /// Its panel.
    pub href: String,
    /// What the seller calls it.
    pub name: String,
    /// `Won` or `Lost`.
    pub how: &'static str,
}

/// A deal in which something is asked of the seller.
pub struct Wanted {
    /// The CRM's id.
    pub deal: String,
    /// Its panel.
    pub href: String,
    /// What the seller calls it.
    pub name: String,
    /// Who or what asks.
    pub why: String,
    /// What a person asked, in their words.
    pub question: Option<String>,
    /// The lower, the sooner it is shown.
    pub rank: u8,
}

/// What a manager said about a deal besides a question, to be read and put away.
pub struct FromManager {
    /// The deal's panel.
    pub href: String,
    /// What the seller calls it.
    pub name: String,
    /// Who said it, and that they offer help or see it differently.
    pub said: Asked,
}

/// A conversation to come.
pub struct Next {
    /// The CRM's id.
    pub deal: String,
    /// Its panel.
    pub href: String,
    /// What the seller calls it.
    pub name: String,
    /// What they want to have accomplished by its end.
    pub goal: String,
    /// The check date in words.
    pub when: String,
    /// The check date.
    pub check_on: Option<NaiveDate>,
    /// Whether that is over.
    pub over: bool,
}

/// Reads them.
///
/// # Errors
/// The database's.
pub async fn of(app: &App, tx: &mut Tx, me: &Me) -> Result<Conversations, Problem> {
    let now = app.env.now();
    let today = me.today(app);
    let path = |deal: &str| panel_path(me.connection.as_str(), deal);
    let deals = tx
        .deals_of(&me.connection, &me.face.id.as_str().into())
        .await?;
    let mut asked = asked_of(app, tx, me, &deals).await?;
    let said = said_to(app, tx, me, &deals).await?;
    asked.sort_by_key(|it| it.rank);
    let mut next: Vec<Next> = deals
        .into_iter()
        .map(|deal| {
            let answers = deal.answers.map(|it| it.0).unwrap_or_default();
            let check_on = answers.check_on;
            Next {
                href: path(&deal.id),
                when: match check_on {
                    Some(day) => format!("{}, {}", words::day(day), words::away(day, today)),
                    None if deal.version == 0 => "No strategy yet".to_owned(),
                    None => "No check date".to_owned(),
                },
                goal: answers.conversation_goal,
                over: check_on.is_some_and(|day| day < today),
                deal: deal.id,
                name: deal.name,
                check_on,
            }
        })
        .collect();
    next.sort_by_key(|it| (it.check_on.is_none(), it.check_on));
    let lately = (today - LATELY, now - LATELY);
    let ended = tx.ended_lately(&me.connection, &me.face.id, lately).await?;
    Ok(Conversations {
        asked,
        said,
        next,
        ended: ended
            .into_iter()
            .map(|deal| Ended {
                href: path(&deal.id),
                how: match deal.standing.as_str() {
                    "won" => "Won",
                    _ => "Lost",
                },
                deal: deal.id,
                name: deal.name,
            })
            .collect(),
    })
}

/// A question about an obstacle that waits for its seller's reply, if one does.
pub fn reply_wanted(card: &Card, item: &Item) -> Option<Wanted> {
    if item.reading != Some(Reading::Paused) {
        return None;
    }
    let question = card.said.iter().rev().find(|it| it.kind == "one_question");
    Some(Wanted {
        deal: card.deal.clone().unwrap_or_default(),
        href: item.href.clone(),
        name: item.text.clone(),
        why: item.clock.clone(),
        question: question.map(|it| it.text.clone()),
        rank: 2,
    })
}

/// An answer that came, whose obstacle its seller has not closed yet.
pub struct Came {
    /// The obstacle's line.
    pub item: Item,
    /// Who answered how; empty where the line says it all.
    pub who: String,
    /// In their words.
    pub words: String,
}

/// The answer that came to an obstacle; none while one is owed, or promised for a day. `names` holds
/// whoever said something.
pub fn came(card: &Card, names: &HashMap<String, String>) -> Option<(String, String)> {
    let state = card.obstacle.state;
    if !matches!(state, State::Answered | State::Kept | State::Missed) {
        return None;
    }
    let answer = card
        .said
        .iter()
        .rev()
        .find(|it| card_parts::is_answer(&it.kind));
    // What was promised happened: that stands in the line.
    let answer = answer.filter(|_| state == State::Answered);
    let told = answer.map(|it| {
        let who = names.get(&it.person).map_or(GONE, String::as_str);
        (
            format!("{who}: {}", card_parts::kind(&it.kind)),
            it.text.clone(),
        )
    });
    Some(told.unwrap_or_default())
}

/// Where something is asked of the seller: by a leader, or by the cadence.
async fn asked_of(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    deals: &[Dossier],
) -> Result<Vec<Wanted>, Problem> {
    let ids: Vec<&str> = deals.iter().map(|it| it.id.as_str()).collect();
    let questions = tx.questions(&me.connection, &ids).await?;
    let authors: Vec<&str> = questions
        .values()
        .flatten()
        .filter_map(|it| it.author.as_deref())
        .collect();
    let names = tx.names(&me.connection, &authors).await?;
    let now = app.env.now();
    let wanted = deals.iter().filter_map(|deal| {
        let question = questions
            .get(&deal.id)
            .and_then(|it| open_question(it, deal, now));
        let reason = deal::reason(deal);
        let stuck = deal.parked.is_some() && deal.carry_version.is_some();
        // Words that stand nowhere yet go before what a person asked, and that before the cadence.
        let (rank, why) = if deal.conflict_version.is_some() {
            (
                0,
                "This was changed here and in the CRM at the same time. Choose which to keep."
                    .to_owned(),
            )
        } else if stuck {
            (
                1,
                "The CRM did not take your words. Open it to see why.".to_owned(),
            )
        } else if let Some(it) = question {
            let who = it.author.as_deref().and_then(|id| names.get(id));
            let who = who.map_or("Your manager", String::as_str);
            (2, format!("{who} asks:"))
        } else {
            (4, reason?.told().to_owned())
        };
        Some(Wanted {
            deal: deal.id.clone(),
            href: panel_path(me.connection.as_str(), &deal.id),
            name: deal.name.clone(),
            why,
            question: question.filter(|_| rank == 2).map(|it| it.text.clone()),
            rank,
        })
    });
    Ok(wanted.collect())
}

/// Help that managers offered the seller lately, and where they see it differently.
async fn said_to(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    deals: &[Dossier],
) -> Result<Vec<FromManager>, Problem> {
    let ids: Vec<&str> = deals.iter().map(|it| it.id.as_str()).collect();
    let since = app.env.now() - NEWS;
    let said = tx.words_since(&me.connection, &ids, since).await?;
    let people: Vec<&str> = said.iter().map(|(_, it)| it.person.as_str()).collect();
    let names = tx.names(&me.connection, &people).await?;
    let news = said.iter().filter_map(|(id, word)| {
        let about = deals.iter().find(|it| it.id == *id)?;
        Some(FromManager {
            href: panel_path(me.connection.as_str(), id),
            name: about.name.clone(),
            said: deal::told(word, &names, me.zone()),
        })
    });
    Ok(news.collect())
}
