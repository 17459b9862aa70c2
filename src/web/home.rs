//! The front door: the three things a person needs next.

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};

use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::coach::open_question;
use super::error::Problem;
use super::obstacle::item;
use super::panel::panel_path;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::week::{this_monday, week_path};
use super::{App, Shared, words};
use crate::domain::cadence::Reason;
use crate::domain::obstacle::kinds::{Level, State as Standing};
use crate::domain::role::Role;
use crate::store::deals::Dossier;
use crate::store::obstacles::Which;
use crate::store::tx::Tx;

/// Conversations shown, and deals in which something is asked.
const MOST: usize = 8;
/// A look back is offered for so long after a deal ended.
const LATELY: TimeDelta = TimeDelta::days(30);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/", home)
}

#[derive(askama::Template)]
#[template(path = "home.html")]
struct Page {
    chrome: Chrome,
    sells: bool,
    leads: bool,
    wanted: Vec<Wanted>,
    next: Vec<Next>,
    ended: Vec<Ended>,
    week: Vec<String>,
    week_href: String,
    owed: Vec<Item>,
    waiting: Vec<Item>,
}

/// A deal that ended lately, to be looked back on.
struct Ended {
    href: String,
    name: String,
    how: &'static str,
}

/// A deal in which something is asked of the seller.
struct Wanted {
    href: String,
    name: String,
    why: String,
    /// What a person asked, in their words.
    question: Option<String>,
    /// The lower, the sooner it is shown.
    rank: u8,
}

/// A conversation to come.
struct Next {
    href: String,
    name: String,
    goal: String,
    when: String,
    check_on: Option<NaiveDate>,
    over: bool,
}

async fn home(
    State(app): State<Shared>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let now = app.env.now();
    let (mut next, mut week, mut owed, mut waiting) = (vec![], vec![], vec![], vec![]);
    let (mut wanted, mut ended) = (Vec::new(), Vec::new());
    let mut week_href = "/week".to_owned();
    let mut tx = app.store.read().await?;
    for me in &reader.me {
        let today = app
            .settings
            .hours
            .of(&app, me.face.time_zone.as_deref())
            .date(now);
        let deals = tx
            .deals_of(&me.connection, &me.face.id.as_str().into())
            .await?;
        wanted.extend(asked_of(&app, &mut tx, me, &deals).await?);
        for deal in deals {
            let answers = deal.answers.as_ref().map(|it| &it.0);
            let check_on = answers.and_then(|it| it.check_on);
            next.push(Next {
                href: panel_path(me.connection.as_str(), &deal.id),
                name: deal.name,
                goal: answers
                    .map(|it| it.conversation_goal.clone())
                    .unwrap_or_default(),
                when: match check_on {
                    Some(day) => format!("{}, {}", words::day(day), words::away(day, today)),
                    None if deal.version == 0 => "No strategy yet".to_owned(),
                    None => "No check date".to_owned(),
                },
                over: check_on.is_some_and(|day| day < today),
                check_on,
            });
        }
        let lately = (today - LATELY, now - LATELY);
        let closed = tx.ended_lately(&me.connection, &me.face.id, lately).await?;
        ended.extend(closed.into_iter().map(|deal| Ended {
            href: panel_path(me.connection.as_str(), &deal.id),
            name: deal.name,
            how: if deal.standing == "won" {
                "Won"
            } else {
                "Lost"
            },
        }));
        let first = this_monday(&app, me);
        let plan = tx
            .week(&me.connection, &me.face.id.as_str().into(), first)
            .await?;
        if !plan.outcomes.is_empty() {
            week_href = week_path(first, me.connection.as_str());
        }
        week.extend(plan.outcomes.into_iter().map(|it| it.what));
        for card in tx
            .cards(&me.connection, Which::OfSeller(&me.face.id))
            .await?
        {
            if matches!(card.obstacle.state, Standing::Asked | Standing::Promised) {
                owed.push(item(&app, &mut tx, me, &card).await?);
            }
        }
        let mut mine = tx
            .cards(&me.connection, Which::WaitingOn(&me.face.id))
            .await?;
        if me.role == Role::Product {
            mine.extend(
                tx.cards(&me.connection, Which::QueueOf(Level::Product))
                    .await?,
            );
        }
        for card in mine {
            waiting.push(item(&app, &mut tx, me, &card).await?);
        }
    }
    drop(tx);
    wanted.sort_by_key(|it| it.rank);
    wanted.truncate(MOST);
    next.sort_by_key(|it| (it.check_on.is_none(), it.check_on));
    let sells = !next.is_empty() || !ended.is_empty() || reader.role() == Role::Seller;
    next.truncate(MOST);
    Ok(Show(Page {
        chrome: Chrome::of("Home", &reader, "/"),
        sells,
        leads: reader.role() != Role::Seller,
        wanted,
        next,
        ended,
        week,
        week_href,
        owed,
        waiting,
    }))
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
            .and_then(|it| open_question(it, deal.published_at, now));
        let reason = deal.asked_reason.as_deref().and_then(Reason::named);
        let stuck = deal.parked.is_some() && deal.carry_version.is_some();
        // Words that stand nowhere yet go before what a person asked, and that before the cadence.
        let (rank, why) = if deal.conflict_version.is_some() {
            (
                0,
                "The CRM and you changed it at once. Pick one.".to_owned(),
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
            (3, reason?.told().to_owned())
        };
        Some(Wanted {
            href: panel_path(me.connection.as_str(), &deal.id),
            name: deal.name.clone(),
            why,
            question: question.filter(|_| rank == 2).map(|it| it.text.clone()),
            rank,
        })
    });
    Ok(wanted.collect())
}
