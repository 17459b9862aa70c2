//! The product queue: gaps that were passed to product, each with the seller's options and the
//! backing it came with. A queue, not a person: whoever works it sees all of it.

use axum::extract::State;

use super::Shared;
use super::card_view::{self, View};
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::obstacle::side;
use super::session::{Me, Reader};
use super::table::{For, Table};
use crate::domain::obstacle::kinds::Level;
use crate::domain::role::Role;
use crate::store::obstacles::Which;
use crate::store::tx::Tx;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/queue", page)
}

#[derive(askama::Template)]
#[template(path = "queue.html")]
struct Page {
    chrome: Chrome,
    gaps: Vec<Gap>,
}

/// A gap in the product.
pub struct Gap {
    /// The card it came with.
    pub view: View,
    /// Who stands behind it, and why.
    pub backing: Vec<(String, String)>,
}

/// The gaps in the queue of a connection, the answer due soonest first.
///
/// # Errors
/// [`Problem::NotFound`] for whoever does not work the queue; the database's.
pub async fn gaps(app: &super::App, tx: &mut Tx, me: &Me) -> Result<Vec<Gap>, Problem> {
    if me.role != Role::Product {
        return Err(Problem::NotFound);
    }
    let mut gaps = Vec::new();
    let cards = tx
        .cards(&me.connection, Which::QueueOf(Level::Product))
        .await?;
    for card in &cards {
        let Some(side) = side(me, card) else {
            continue;
        };
        let view = card_view::view(app, tx, me, (card, side), "").await?;
        let backed = card.said.iter().zip(&view.said);
        let backing = backed
            .filter(|(said, _)| said.kind == "passed_up")
            .map(|(_, shown)| (shown.who.clone(), shown.text.clone()))
            .collect();
        gaps.push(Gap { view, backing });
    }
    gaps.sort_by_key(|gap| (gap.view.item.due.is_none(), gap.view.item.due));
    Ok(gaps)
}

async fn page(
    State(app): State<Shared>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    if reader.role() != Role::Product {
        return Err(Problem::NotFound);
    }
    let mut tx = app.store.read().await?;
    let mut all = Vec::new();
    for me in reader.me.iter().filter(|me| me.role == Role::Product) {
        all.extend(gaps(&app, &mut tx, me).await?);
    }
    Ok(Show(Page {
        chrome: Chrome::of("Product queue", &reader, "/queue"),
        gaps: all,
    }))
}
