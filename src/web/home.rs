//! The front door: the three things a person needs next.

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};

use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::obstacle::item;
use super::panel::panel_path;
use super::session::Reader;
use super::table::{For, Table};
use super::week::{this_monday, week_path};
use super::{Shared, words};
use crate::domain::obstacle::kinds::{Level, State as Standing};
use crate::domain::role::Role;
use crate::store::obstacles::Which;

/// Conversations shown.
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
    let mut ended = Vec::new();
    let mut week_href = "/week".to_owned();
    let mut tx = app.store.read().await?;
    for me in &reader.me {
        let today = app
            .settings
            .hours
            .of(&app, me.face.time_zone.as_deref())
            .date(now);
        for deal in tx
            .deals_of(&me.connection, &me.face.id.as_str().into())
            .await?
        {
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
    next.sort_by_key(|it| (it.check_on.is_none(), it.check_on));
    let sells = !next.is_empty() || !ended.is_empty() || reader.role() == Role::Seller;
    next.truncate(MOST);
    Ok(Show(Page {
        chrome: Chrome::of("Home", &reader, "/"),
        sells,
        leads: reader.role() != Role::Seller,
        next,
        ended,
        week,
        week_href,
        owed,
        waiting,
    }))
}
