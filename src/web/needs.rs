//! What stands in the way of a deal, and who owes an answer to it, beside the deal.

use super::card_view::Item;
use super::error::Problem;
use super::obstacle::{items, side};
use super::session::{Me, Reader};
use super::{App, words};
use crate::domain::ids::{ConnectionId, DealId};
use crate::domain::obstacle::kinds::State;
use crate::store::deals::Dossier;
use crate::store::obstacles::Which;
use crate::store::tx::Tx;

/// The open obstacles of a deal that someone may see: the seller all of them, others those that it
/// is or was their turn to answer. What is `shown` to others is only what was sent up.
///
/// # Errors
/// The database's.
pub async fn of_deal(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    (deal, shown): (&str, bool),
) -> Result<Vec<Item>, Problem> {
    let mut cards = tx.cards(&me.connection, Which::OfDeal(deal)).await?;
    cards.retain(|card| {
        let open = card.obstacle.state != State::Closed;
        open && !(shown && card.obstacle.is_private()) && side(me, card).is_some()
    });
    let mut items = items(app, tx, me, &cards).await?;
    // Whose they are, and of which deal, stands on the page already.
    for item in &mut items {
        item.about.clear();
    }
    items.sort_by_key(Item::order);
    Ok(items)
}

/// Where what a strategy says is needed becomes an obstacle, to be sent up.
pub fn send_up_path(connection: &str, deal: &str) -> String {
    let [connection, deal] = [connection, deal].map(words::encoded);
    format!("/obstacles?need=yes&deal={connection}%2F{deal}")
}

/// What a seller says they need on a deal of theirs: as they last kept or published it. Words have no
/// place in an address. `about` is the deal behind its connection.
///
/// # Errors
/// The database's.
pub async fn of_strategy(app: &App, reader: &Reader, about: &str) -> Result<String, Problem> {
    let (connection, deal) = about.split_once('/').unwrap_or_default();
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let Some(me) = reader.in_connection(&connection) else {
        return Ok(String::new());
    };
    let mut tx = app.store.read().await?;
    let dossier = tx.dossier(&connection, &deal).await?;
    let Some(own) = dossier.filter(|it| it.seller.as_deref() == Some(&me.face.id)) else {
        return Ok(String::new());
    };
    let person = me.face.id.as_str().into();
    let draft = tx.draft(&connection, &deal, &person).await?;
    let said = draft.map(|it| it.answers.0).or(own.answers.map(|it| it.0));
    Ok(said.map(|it| it.need).unwrap_or_default())
}

/// A person's own deals, for an obstacle to be given to: value, name, and whether it is the one asked
/// `about`.
///
/// # Errors
/// The database's.
pub async fn deals_to_pick(
    tx: &mut Tx,
    me: &Me,
    about: &str,
) -> Result<Vec<(String, String, bool)>, Problem> {
    let deals = tx
        .deals_of(&me.connection, &me.face.id.as_str().into())
        .await?;
    let choice = |deal: Dossier| {
        let value = format!("{}/{}", me.connection, deal.id);
        let on = about == value || about.starts_with(&format!("{value}/"));
        (value, deal.name, on)
    };
    Ok(deals.into_iter().map(choice).collect())
}

/// The deal of a person's own that they picked; none where they picked none.
///
/// # Errors
/// [`Problem::NotFound`] where it is none of theirs.
pub async fn picked(tx: &mut Tx, me: &Me, value: &str) -> Result<Option<String>, Problem> {
    if value.is_empty() {
        return Ok(None);
    }
    let (connection, deal) = value.split_once('/').ok_or(Problem::NotFound)?;
    if connection != me.connection.as_str() {
        return Err(Problem::NotFound);
    }
    let dossier = tx.dossier(&me.connection, &DealId::from(deal)).await?;
    let own = dossier.filter(|it| it.seller.as_deref() == Some(&me.face.id));
    Ok(Some(own.ok_or(Problem::NotFound)?.id))
}
