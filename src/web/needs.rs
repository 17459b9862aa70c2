//! What stands in the way of a deal, and who owes an answer to it, beside the deal.

use super::App;
use super::card_view::Item;
use super::error::Problem;
use super::obstacle::{items, side};
use super::session::Me;
use crate::domain::obstacle::kinds::State;
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
