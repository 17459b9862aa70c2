//! The front door: the three things a person needs next.

use axum::extract::{Query, State};

use super::Shared;
use super::answered::{self, News};
use super::card_view::{self, Item};
use super::chrome::{Chrome, Show};
use super::conversations::{self, Came, Ended, FromManager, Next, Wanted};
use super::done::Done;
use super::error::Problem;
use super::obstacle::items;
use super::promise::{CountOn, counted_on};
use super::session::Reader;
use super::table::{For, Table};
use super::week::{this_monday, week_path};
use crate::domain::obstacle::kinds::{Level, State as Standing};
use crate::domain::role::Role;
use crate::store::obstacles::Which;

/// Conversations shown, and deals in which something is asked.
const MOST: usize = 8;

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
    done: Option<String>,
    wanted: Vec<Wanted>,
    said: Vec<FromManager>,
    next: Vec<Next>,
    ended: Vec<Ended>,
    week: Vec<String>,
    week_href: String,
    /// Answers that came, to be read and closed.
    came: Vec<Came>,
    owed: Vec<Item>,
    count_on: Vec<CountOn>,
    waiting: Vec<Item>,
    /// Where a question was asked, and the seller has to move.
    theirs: Vec<Item>,
    news: Vec<News>,
    /// Whether there is nobody above them, to send anything up to.
    alone: bool,
}

async fn home(
    State(app): State<Shared>,
    Query(done): Query<Done>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let (mut week, mut owed, mut waiting) = (vec![], vec![], vec![]);
    let (mut wanted, mut next, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    let mut said = Vec::new();
    let (mut news, mut count_on, mut came) = (Vec::new(), Vec::new(), Vec::new());
    let mut week_href = "/week".to_owned();
    let mut tx = app.store.read().await?;
    for me in &reader.me {
        let mine = conversations::of(&app, &mut tx, me).await?;
        wanted.extend(mine.asked);
        said.extend(mine.said);
        next.extend(mine.next);
        ended.extend(mine.ended);
        let first = this_monday(&app, me);
        let plan = tx
            .week(&me.connection, &me.face.id.as_str().into(), first)
            .await?;
        if !plan.outcomes.is_empty() {
            week_href = week_path(first, me.connection.as_str());
        }
        let things = plan.outcomes.into_iter().map(|it| it.what);
        week.extend(things.filter(|it| !it.trim().is_empty()));
        let mut own = tx
            .cards(&me.connection, Which::OfSeller(&me.face.id))
            .await?;
        own.retain(|it| it.obstacle.round > 0 && it.obstacle.state != Standing::Closed);
        let names = tx.names(&me.connection, &card_view::everyone(&own)).await?;
        for (card, item) in own.iter().zip(items(&app, &mut tx, me, &own).await?) {
            let is_owed = matches!(card.obstacle.state, Standing::Asked | Standing::Promised);
            if let Some(it) = conversations::reply_wanted(card, &item) {
                wanted.push(it);
            } else if let Some((who, words)) = conversations::came(card, &names) {
                came.push(Came { item, who, words });
            } else if is_owed {
                owed.push(item);
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
        waiting.extend(items(&app, &mut tx, me, &mine).await?);
        count_on.extend(counted_on(&app, &mut tx, me).await?);
        news.extend(answered::lately(&app, &mut tx, me).await?);
    }
    drop(tx);
    waiting.sort_by_key(Item::order);
    let (theirs, waiting) = waiting.into_iter().partition(Item::is_theirs);
    owed.sort_by_key(Item::order);
    wanted.sort_by_key(|it| it.rank);
    wanted.truncate(MOST);
    next.sort_by_key(|it| (it.check_on.is_none(), it.check_on));
    let sells =
        !(next.is_empty() && ended.is_empty() && wanted.is_empty() && reader.owes_answers());
    said.truncate(MOST);
    next.truncate(MOST);
    let alone = count_on.is_empty() && reader.is(Role::Executive);
    Ok(Show(Page {
        chrome: Chrome::of("Home", &reader, "/"),
        sells,
        leads: reader.owes_answers(),
        done: done.sentence(""),
        wanted,
        said,
        next,
        ended,
        week,
        week_href,
        came,
        owed,
        count_on,
        waiting,
        theirs,
        news,
        alone,
    }))
}
