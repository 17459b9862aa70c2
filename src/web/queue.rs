//! The product queue: gaps that were passed to product, each with the seller's options and the
//! backing it came with. A queue, not a person: whoever works it sees all of it.

use std::collections::HashMap;

use axum::extract::State;

use super::card_parts::{self, GONE, Needed, OwnOption};
use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::obstacle::items;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared};
use crate::domain::obstacle::kinds::Level;
use crate::domain::role::Role;
use crate::store::obstacles::{Card, Which};
use crate::store::tx::Tx;

/// Gaps on the page.
const MOST: usize = 50;
/// The word of an answer that passes a need up.
const PASSED_UP: &str = "passed_up";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/queue", page)
}

#[derive(askama::Template)]
#[template(path = "queue.html")]
struct Page {
    chrome: Chrome,
    /// The ones whose answer is due soonest, soonest first.
    gaps: Vec<Gap>,
    /// Those in which a question was asked, and the seller has to move.
    theirs: Vec<Gap>,
    /// How many there are, where that is more.
    all: Option<usize>,
}

/// A gap in the product.
struct Gap {
    /// The line of the card it came with: whose it is, of which deal, and where its clock stands.
    item: Item,
    /// What is needed.
    need: Option<Needed>,
    /// The seller's options.
    options: Vec<OwnOption>,
    /// Why it could be sent up; empty where the options say it.
    ground: &'static str,
    /// Who stands behind it, and why.
    backing: Vec<Backing>,
}

/// The words of someone who stands behind a need.
struct Backing {
    who: String,
    why: String,
}

/// The gaps in the queue of a connection. What is told besides is read for all of them at once.
async fn gaps(app: &App, tx: &mut Tx, me: &Me) -> Result<Vec<Gap>, Problem> {
    let which = Which::QueueOf(Level::Product);
    let cards = tx.cards(&me.connection, which).await?;
    let items = items(app, tx, me, &cards).await?;
    let said = cards.iter().flat_map(|it| &it.said);
    let backers: Vec<&str> = said
        .filter(|it| it.kind == PASSED_UP)
        .map(|it| it.person.as_str())
        .collect();
    let names = tx.names(&me.connection, &backers).await?;
    let gap = |(card, item): (&Card, Item)| Gap {
        item,
        need: card_parts::need(&card.obstacle),
        options: card_parts::options(&card.obstacle),
        ground: card_parts::ground(&card.obstacle),
        backing: backing(card, &names),
    };
    Ok(cards.iter().zip(items).map(gap).collect())
}

fn backing(card: &Card, names: &HashMap<String, String>) -> Vec<Backing> {
    let backed = card.said.iter().filter(|it| it.kind == PASSED_UP);
    backed
        .map(|it| Backing {
            who: names
                .get(&it.person)
                .map_or(GONE, String::as_str)
                .to_owned(),
            why: it.text.clone(),
        })
        .collect()
}

async fn page(
    State(app): State<Shared>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    if !reader.is(Role::Product) {
        return Err(Problem::NotFound);
    }
    let mut tx = app.store.read().await?;
    let mut all = Vec::new();
    for me in reader.me.iter().filter(|me| me.role == Role::Product) {
        all.extend(gaps(&app, &mut tx, me).await?);
    }
    all.sort_by_key(|it| it.item.order());
    let many = all.len();
    all.truncate(MOST);
    let (theirs, gaps) = all.into_iter().partition(|it| it.item.is_theirs());
    Ok(Show(Page {
        chrome: Chrome::of("Product queue", &reader, "/queue"),
        gaps,
        theirs,
        all: (many > MOST).then_some(many),
    }))
}
