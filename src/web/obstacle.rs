//! Obstacles from both ends: the seller's own, those that wait for one's answer, the library.
//!
//! A card that was not sent up is the seller's alone; once it was, it is also that of everyone
//! whose turn it ever was. Time is read off the clock when a page is shown; nobody is chased.

use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::board::chosen;
use super::card_view::{self, Item, View};
use super::chrome::{Chrome, Show};
use super::done::Done;
use super::error::Problem;
use super::responders::{Owed, owed_of};
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, day, needs, words};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::domain::obstacle::kinds::{Level, State as Standing};
use crate::domain::obstacle::{Obstacle, STARTERS, opens_as_blame};
use crate::domain::role::Role;
use crate::domain::week::monday;
use crate::store::obstacles::{Card, Which};
use crate::store::tx::Tx;

/// Entries of the library shown at once; a word finds the others.
const SHELF: usize = 50;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/obstacles", mine)
        .post(For::People, "/obstacles", begin)
        .get(For::People, "/obstacles/{connection}/{id}", one)
        .get(For::People, "/answers", answers)
        .get(For::People, "/library", library)
}

#[derive(askama::Template)]
#[template(path = "obstacles.html")]
struct ListPage {
    chrome: Chrome,
    done: Option<String>,
    deals: Vec<(String, String, bool)>,
    open: Vec<Item>,
    closed: Vec<Item>,
    text: String,
    starters: &'static [&'static str],
}

#[derive(askama::Template)]
#[template(path = "answers.html")]
struct AnswersPage {
    chrome: Chrome,
    waiting: Vec<Item>,
    queue: Option<Vec<Item>>,
    /// Whether anything waits in the queue.
    queued: bool,
    /// Where a question was asked, and the seller has to move.
    theirs: Vec<Item>,
    passed: Vec<Item>,
}

#[derive(askama::Template)]
#[template(path = "library.html")]
struct LibraryPage {
    chrome: Chrome,
    asked: String,
    found: Vec<WayAround>,
    /// How many are shown at most, where there are more.
    more: Option<usize>,
}

/// What was in the way and what helped; not whose it was, nor whose deal.
struct WayAround {
    text: String,
    /// Kind and words of each.
    options: Vec<(&'static str, String)>,
    lesson: String,
}

#[derive(askama::Template)]
#[template(path = "obstacle.html")]
struct CardPage {
    chrome: Chrome,
    done: Option<String>,
    it: View,
}

/// How someone stands to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is their own.
    Seller,
    /// It is their turn to answer.
    Responder,
    /// It was their turn once, or they work in the queue it is in.
    Onlooker,
}

/// How someone stands to a card; `None`: not even that it exists.
pub fn side(me: &Me, card: &Card) -> Option<Side> {
    if card.seller == me.face.id {
        return Some(Side::Seller);
    }
    let product = me.role == Role::Product;
    let mine = |turn: &crate::domain::obstacle::Turn| match &turn.responder {
        Some(person) => person.as_str() == me.face.id,
        None => turn.level == Level::Product && product,
    };
    if card.obstacle.turn().is_some_and(mine) {
        Some(Side::Responder)
    } else if card.obstacle.turns.iter().any(mine) {
        Some(Side::Onlooker)
    } else {
        None
    }
}

/// A card that the reader may see.
///
/// # Errors
/// [`Problem::NotFound`] when there is none for them.
pub async fn open<'a>(
    tx: &mut Tx,
    reader: &'a Reader,
    (connection, id): (&ConnectionId, &str),
) -> Result<(&'a Me, Card, Side), Problem> {
    let me = reader.in_connection(connection).ok_or(Problem::NotFound)?;
    let card = tx.card(connection, id).await?.ok_or(Problem::NotFound)?;
    let side = side(me, &card).ok_or(Problem::NotFound)?;
    Ok((me, card, side))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    connection: String,
    deal: String,
    week: String,
    need: String,
    q: String,
}

async fn mine(
    State(app): State<Shared>,
    reader: Reader,
    Query(asked): Query<Asked>,
    Query(done): Query<Done>,
) -> Result<Show<ListPage>, Problem> {
    // What they wrote into their week or strategy is taken from there: words have no place in an address.
    let text = match day::said("week", &asked.week)? {
        Some(day) => {
            let me = chosen(&reader, &asked.connection)?;
            let mut tx = app.store.read().await?;
            let person = me.face.id.as_str().into();
            tx.week(&me.connection, &person, monday(day)).await?.need
        }
        None if !asked.need.is_empty() => needs::of_strategy(&app, &reader, &asked.deal).await?,
        None => String::new(),
    };
    let mut page = list(&app, &reader, (text, &asked.deal)).await?;
    page.0.done = done.sentence("");
    Ok(page)
}

/// The list, with words in its form and the deal they are about.
async fn list(
    app: &App,
    reader: &Reader,
    (text, about): (String, &str),
) -> Result<Show<ListPage>, Problem> {
    let mut tx = app.store.read().await?;
    let (mut open, mut closed, mut deals) = (Vec::new(), Vec::new(), Vec::new());
    for me in &reader.me {
        let cards = tx
            .cards(&me.connection, Which::OfSeller(&me.face.id))
            .await?;
        let items = items(app, &mut tx, me, &cards).await?;
        for (card, item) in cards.iter().zip(items) {
            if card.obstacle.state == Standing::Closed {
                closed.push(item);
            } else {
                open.push(item);
            }
        }
        deals.extend(needs::deals_to_pick(&mut tx, me, about).await?);
    }
    let starters: &[&str] = if opens_as_blame(&text) {
        &STARTERS
    } else {
        &[]
    };
    Ok(Show(ListPage {
        chrome: Chrome::of("Obstacles", reader, "/obstacles"),
        done: None,
        deals,
        open,
        closed,
        text,
        starters,
    }))
}

/// Cards in one line each; what is told besides is read for all of them at once.
///
/// # Errors
/// The database's.
pub async fn items(app: &App, tx: &mut Tx, me: &Me, cards: &[Card]) -> Result<Vec<Item>, Problem> {
    let owed = owed_of(app, tx, &me.connection, cards).await?;
    let names = tx.names(&me.connection, &card_view::people(cards)).await?;
    let deals: Vec<&str> = cards.iter().filter_map(|it| it.deal.as_deref()).collect();
    let ends = tx.deal_ends(&me.connection, &deals).await?;
    let deals = tx.deal_names(&me.connection, &deals).await?;
    let now = app.env.now();
    let line = |(card, owed): (&Card, &Owed)| {
        let others = card.seller != me.face.id;
        let seller = names.get(&card.seller).filter(|_| others);
        let of = card.deal.as_ref();
        let deal = of.and_then(|it| deals.get(it)).cloned();
        // What it was needed for may be over; whether it still matters, its seller says.
        let deal = match of.and_then(|it| ends.get(it)) {
            Some(end) => deal.map(|name| format!("{name} ({end})")),
            None => deal,
        };
        let about: Vec<&str> = seller
            .into_iter()
            .chain(&deal)
            .map(String::as_str)
            .collect();
        Item {
            about: about.join(" · "),
            ..card_view::item(card, me, &names, (now, owed))
        }
    };
    Ok(cards.iter().zip(&owed).map(line).collect())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct New {
    text: String,
    deal: String,
    anyway: String,
}

async fn begin(
    State(app): State<Shared>,
    reader: Reader,
    Form(new): Form<New>,
) -> Result<Response, Problem> {
    // Words that open as blame are offered another beginning, once; nobody has to take it.
    if opens_as_blame(&new.text) && new.anyway.is_empty() {
        let page = list(&app, &reader, (new.text, &new.deal)).await?;
        return Ok(page.into_response());
    }
    let obstacle = Obstacle::new(&new.text).map_err(|it| Problem::Unfit(it.to_string()))?;
    let (connection, _) = new.deal.split_once('/').unwrap_or_default();
    let me = chosen(&reader, connection)?.clone();
    let mut tx = app.store.write().await?;
    let deal = needs::picked(&mut tx, &me, &new.deal).await?;
    let card = new_card(&app, obstacle, (&me.face.id, deal), app.env.now());
    tx.add_card(&me.connection, &card).await?;
    tx.commit().await?;
    let path = card_path(me.connection.as_str(), &card.id);
    Ok(Redirect::to(&path).into_response())
}

/// A card that a seller begins.
pub fn new_card(
    app: &App,
    obstacle: Obstacle,
    (seller, deal): (&str, Option<String>),
    now: Time,
) -> Card {
    Card {
        id: app.env.hex::<16>(),
        deal,
        seller: seller.to_owned(),
        began_at: now,
        changed_at: now,
        revision: 0,
        obstacle,
        said: Vec::new(),
    }
}

/// The address of a card.
pub fn card_path(connection: &str, id: &str) -> String {
    format!(
        "/obstacles/{}/{}",
        words::encoded(connection),
        words::encoded(id)
    )
}

async fn one(
    State(app): State<Shared>,
    Path((connection, id)): Path<(String, String)>,
    Query(done): Query<Done>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let connection = ConnectionId::from(connection);
    let mut tx = app.store.read().await?;
    let (me, card, side) = open(&mut tx, &reader, (&connection, &id)).await?;
    let chrome = Chrome::of(
        "Obstacle",
        &reader,
        if side == Side::Seller {
            "/obstacles"
        } else {
            "/answers"
        },
    );
    let it = card_view::view(&app, &mut tx, me, (&card, side), &chrome.csrf).await?;
    let done = done.sentence(&it.seller);
    Ok(Show(CardPage { chrome, done, it }))
}

async fn answers(
    State(app): State<Shared>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let mut tx = app.store.read().await?;
    let (mut waiting, mut queue, mut passed) = (Vec::new(), Vec::new(), Vec::new());
    for me in &reader.me {
        let id = me.face.id.as_str();
        let cards = tx.cards(&me.connection, Which::WaitingOn(id)).await?;
        waiting.extend(items(&app, &mut tx, me, &cards).await?);
        let mut cards = tx.cards(&me.connection, Which::EverAskedOf(id)).await?;
        cards.retain(|card| side(me, card) == Some(Side::Onlooker));
        passed.extend(items(&app, &mut tx, me, &cards).await?);
        if me.role == Role::Product {
            let which = Which::QueueOf(Level::Product);
            let cards = tx.cards(&me.connection, which).await?;
            queue.extend(items(&app, &mut tx, me, &cards).await?);
        }
    }
    waiting.sort_by_key(Item::order);
    queue.sort_by_key(Item::order);
    let (mut theirs, waiting): (Vec<Item>, _) = waiting.into_iter().partition(Item::is_theirs);
    let (asked, queue): (Vec<Item>, Vec<Item>) = queue.into_iter().partition(Item::is_theirs);
    theirs.extend(asked);
    Ok(Show(AnswersPage {
        chrome: Chrome::of("Answers I owe", &reader, "/answers"),
        waiting,
        queued: !queue.is_empty(),
        theirs,
        queue: reader.is(Role::Product).then_some(queue),
        passed,
    }))
}

async fn library(
    State(app): State<Shared>,
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Show<impl askama::Template>, Problem> {
    let me = chosen(&reader, &asked.connection)?;
    let mut cards = app
        .store
        .read()
        .await?
        .cards(&me.connection, Which::Library(&asked.q))
        .await?;
    let more = (cards.len() > SHELF).then_some(SHELF);
    cards.truncate(SHELF);
    Ok(Show(LibraryPage {
        chrome: Chrome::of("Library", &reader, "/library"),
        asked: asked.q,
        found: cards
            .into_iter()
            .map(|card| {
                let it = card.obstacle;
                let options = it.options.into_iter();
                WayAround {
                    text: it.text,
                    options: options.map(|it| (it.kind.label(), it.text)).collect(),
                    lesson: it.closing.map(|it| it.lesson).unwrap_or_default(),
                }
            })
            .collect(),
        more,
    }))
}
