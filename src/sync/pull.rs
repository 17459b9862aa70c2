//! Reads what changed in the CRM, page by page: each page and the place after it in one
//! transaction, while the next page is already on its way.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::keep::{Keep, taken};
use super::turn::Turn;
use super::walk::Walk;
use super::work::Work;
use super::{ASK, PULL, RECONCILE, Stop};
use crate::crm::page::{Cursor, Next};
use crate::http::fault::Fault;

/// Reads on from where the last pull ended; returns whether that was all for now. Where that place is
/// lost, it starts over, and a reconcile is due at once.
///
/// # Errors
/// The CRM's fault, a lost lease, the database's.
pub async fn pull(work: &mut Work<'_>) -> Result<bool, Stop> {
    let id = work.id().clone();
    let known = work.store.read().await?.connection(&id).await?;
    // A first pull may take many turns.
    let first_ever = known.as_ref().is_none_or(|it| it.full_pull_at.is_none());
    let keep = Keep::Cursor {
        reconcile: known.as_ref().and_then(|it| it.reconcile_began),
        first_ever,
    };
    let place = known.map(|it| it.cursor_deals).unwrap_or_default();
    match pages(work, &place, keep).await {
        Err(Stop::Fault(Fault::Lost(cause))) => {
            tracing::warn!(connection.id = %id, %cause, "the place in the changes is lost; starting over");
            // Nobody tells any more what was deleted since: it is missing where everything is read.
            let now = work.now();
            let mut tx = work.begin().await?;
            tx.hasten(&id, RECONCILE, now).await?;
            tx.commit().await?;
            pages(work, "", keep).await
        }
        Ok(true) if first_ever => {
            let now = work.now();
            let mut tx = work.begin().await?;
            tx.full_pull_ended(&id, now).await?;
            tx.commit().await?;
            Ok(true)
        }
        other => other,
    }
}

/// Reads everything once more, in as many turns as it takes, and counts what the pulls in between
/// missed; returns whether that was the end.
///
/// The place is kept with each page: one that was broken off goes on where it was, in whichever
/// process.
///
/// # Errors
/// As [`pull`].
pub async fn reconcile(work: &mut Work<'_>) -> Result<bool, Stop> {
    let id = work.id().clone();
    let known = work.store.read().await?.connection(&id).await?;
    let under_way = known.and_then(|it| Some((it.reconcile_began?, it.reconcile_place)));
    let (began, place) = match under_way {
        Some(before) => before,
        None => {
            let now = work.now();
            let mut tx = work.begin().await?;
            tx.reconcile_begins(&id, now).await?;
            tx.commit().await?;
            (now, String::new())
        }
    };
    let first = place.is_empty();
    match pages(work, &place, Keep::Everything { began }).await {
        Ok(true) => {}
        Err(Stop::Fault(Fault::Lost(cause))) if !first => {
            tracing::warn!(connection.id = %id, %cause, "the place of the reconcile is lost; starting over");
            let now = work.now();
            let mut tx = work.begin().await?;
            tx.reconcile_begins(&id, now).await?;
            tx.commit().await?;
            return Ok(false);
        }
        other => return other,
    }
    let now = work.now();
    let mut tx = work.begin().await?;
    let lost = tx.unseen_since(&id, began, now).await?;
    if tx.write_overtaken_again(&id, now).await? > 0 {
        tx.hasten(&id, ASK, now).await?;
    }
    tx.reconcile_ended(&id, now).await?;
    tx.commit().await?;
    work.tally.repaired += lost;
    Ok(true)
}

/// Reads from a place to the end, or until the turn ends; the pages that follow are on their way
/// while one is saved.
async fn pages(work: &mut Work<'_>, from: &str, what: Keep) -> Result<bool, Stop> {
    let mut turn = Turn::begin(work);
    let mut ended = false;
    let fills = matches!(what, Keep::Cursor { first_ever, .. } if first_ever);
    work.hold().await?;
    let (crm, session) = (work.crm, work.session.routine());
    let read = |(n, place): (usize, Cursor)| {
        let session = session.clone();
        async move { (n, crm.deals(&session, &place).await) }
    };
    let mut walk = Walk::saved_as(from);
    let mut ahead: FuturesUnordered<_> = walk.places().into_iter().map(read).collect();
    let mut arrived = ahead.next().await;
    while let Some((n, page)) = arrived {
        let page = page?;
        let parts = match &page.next {
            Next::More(rest) if walk.may_be_split(&page.next) => crm.split(&session, rest).await?,
            _ => None,
        };
        let due = match parts {
            Some(parts) => walk.split(parts),
            None => walk.step(n, page.next.clone()).into_iter().collect(),
        };
        if !due.is_empty() {
            ended = ended || turn.ends(work).await?;
        }
        if !ended {
            ahead.extend(due.into_iter().map(read));
        }
        let place = walk.saved();
        let (kept, next) = tokio::join!(taken(work, &page.items, (what, &place)), ahead.next());
        kept?;
        if fills {
            work.has_much(PULL).await?;
        }
        arrived = next;
    }
    Ok(walk.is_over())
}
