//! Reads what changed in the CRM, page by page: each page and the place after it in one
//! transaction, while the next page is already on its way.

use std::collections::HashMap;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::drift::{drifted, write_drifted_again};
use super::heard::{keep_questions, newly_said};
use super::marks::marks;
use super::turn::Turn;
use super::walk::Walk;
use super::work::Work;
use super::{ASK, ASSESS, PULL, Stop};
use crate::crm::page::{Cursor, Next, Page, Seen};
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::ids::DealId;
use crate::env::fate::{Flaw, Point};
use crate::http::fault::Fault;
use crate::store::deals::{Known, Marks};
use crate::store::strategies::NewVersion;
use crate::store::tx::Tx;

/// A change that is older than this when a reconcile begins should have come with a pull.
const SETTLED: TimeDelta = TimeDelta::minutes(15);

/// Reads on from where the last pull ended; returns whether that was all for now.
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

/// What is saved beside the deals of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// The place after it. What changed is seen for a reconcile that is under way, too: its walk may
    /// have passed there.
    Cursor {
        reconcile: Option<Time>,
        first_ever: bool,
    },
    /// The place of the reconcile that began then, and that each deal was seen, changed or not, by
    /// that reconcile. Its own name, not a time to compare: a clock that is set back meanwhile must
    /// not make deals look unseen.
    Everything { began: Time },
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
        let (kept, next) = tokio::join!(keep(work, page, (what, &place)), ahead.next());
        kept?;
        if fills {
            work.has_much(PULL).await?;
        }
        arrived = next;
    }
    Ok(walk.is_over())
}

/// Saves a page, and the place after it.
async fn keep(
    work: &mut Work<'_>,
    page: Page<Seen>,
    (what, place): (Keep, &str),
) -> Result<(), Stop> {
    work.env.at(Point::PageRead).await;
    let now = work.now();
    let id = work.id().clone();
    let mut here: Vec<&Deal> = Vec::new();
    for seen in &page.items {
        if let Seen::Here(deal) = seen {
            // The same deal may come twice; the later in the page is the newer.
            here.push(deal);
        }
    }
    let mut latest = HashMap::new();
    for (n, deal) in here.iter().enumerate() {
        latest.insert(deal.id.as_str(), n);
    }
    let here: Vec<&Deal> = here
        .iter()
        .enumerate()
        .filter(|(n, it)| latest[it.id.as_str()] == *n)
        .map(|(_, it)| *it)
        .collect();
    let marks: Vec<Marks> = here.iter().map(|deal| marks(deal)).collect();

    if matches!(what, Keep::Cursor { .. }) && work.env.makes(Flaw::CursorFirst) {
        let mut tx = work.begin().await?;
        tx.move_cursor(&id, place).await?;
        tx.commit().await?;
        work.env.at(Point::PageRead).await;
    }
    let mut tx = work.begin().await?;
    let ids: Vec<&str> = here.iter().map(|deal| deal.id.as_str()).collect();
    let mut known = tx.known(&id, &ids).await?;
    let is_changed =
        |marks: &Marks, known: &Known| known.seen_mark != marks.seen || known.gone_at.is_some();
    // Only what is touched is held: holding a row costs PostgreSQL as much as writing it. What
    // tells that a deal is untouched changes under this lease alone.
    let touched: Vec<&str> = here
        .iter()
        .zip(&marks)
        .filter(|(deal, marks)| {
            let known = known.get(deal.id.as_str());
            known.is_some_and(|known| is_changed(marks, known) || drifted(deal, known, now))
        })
        .map(|(deal, _)| deal.id.as_str())
        .collect();
    tx.hold_known(&id, &mut known, &touched).await?;
    let changed: Vec<(&Deal, &Marks, Option<&Known>)> = here
        .iter()
        .zip(&marks)
        .map(|(deal, marks)| (*deal, marks, known.get(deal.id.as_str())))
        .filter(|(_, marks, known)| known.is_none_or(|known| is_changed(marks, known)))
        .collect();
    let versions = newly_said(&mut tx, work, &changed, now).await?;
    let newest: HashMap<&str, i64> = versions.iter().map(|it| (it.deal, it.version)).collect();
    let rows: Vec<(&Deal, &Marks, i64)> = changed
        .iter()
        .map(|(deal, marks, known)| {
            let before = known.map_or(0, |known| known.version);
            let version = newest.get(deal.id.as_str()).copied();
            (*deal, *marks, version.unwrap_or(before))
        })
        .collect();
    let seen = match what {
        Keep::Cursor { reconcile, .. } => reconcile.unwrap_or(now),
        Keep::Everything { began } => began,
    };
    tx.save_deals(&id, &rows, (seen, now)).await?;
    tx.insert_versions(&id, &versions).await?;
    keep_questions(&mut tx, work, &changed, now).await?;
    let drifted: Vec<&str> = here
        .iter()
        .filter(|deal| {
            known
                .get(deal.id.as_str())
                .is_some_and(|known| drifted(deal, known, now))
        })
        .map(|deal| deal.id.as_str())
        .collect();
    write_drifted_again(&mut tx, work, &drifted, now).await?;
    if let Keep::Everything { began } = what {
        tx.seen_again(&id, &ids, began).await?;
    }
    let mut gone = 0;
    for seen in &page.items {
        gone += u64::from(match seen {
            Seen::Here(_) => false,
            Seen::Gone(deal) => tx.deal_gone(&id, deal, None, now).await?,
            Seen::Merged { from, into } => merged(&mut tx, work, from, into, now).await?,
        });
    }
    match what {
        Keep::Cursor { .. } => tx.move_cursor(&id, place).await?,
        Keep::Everything { .. } => tx.move_reconcile(&id, place).await?,
    }
    if !versions.is_empty() {
        tx.hasten(&id, ASSESS, now).await?;
    }
    if !changed.is_empty() || !drifted.is_empty() {
        tx.hasten(&id, ASK, now).await?;
    }
    work.env.at(Point::PageInHand).await;
    work.commit(tx).await?;
    work.env.at(Point::PageKept).await;
    work.tally.pulled += changed.len() as u64 + gone;
    work.tally.read += versions.len() as u64;
    if let Keep::Everything { began } = what {
        // What has only just changed would have come with the next pull.
        let missed = |(deal, _, _): &&(&Deal, &Marks, _)| deal.changed_at + SETTLED < began;
        work.tally.repaired += changed.iter().filter(missed).count() as u64 + gone;
    }
    Ok(())
}

async fn merged(
    tx: &mut Tx,
    work: &Work<'_>,
    from: &DealId,
    into: &DealId,
    now: Time,
) -> Result<bool, Stop> {
    let lost = tx.dossier(work.id(), from).await?;
    let left = tx.dossier(work.id(), into).await?;
    let Some((lost, left)) = lost.zip(left) else {
        return Ok(tx.deal_gone(work.id(), from, Some(into), now).await?);
    };
    tx.move_words(work.id(), (from, into), now).await?;
    if let Some(answers) = lost.answers.filter(|_| left.version == 0) {
        let version = NewVersion {
            deal: into.as_str(),
            version: 1,
            answers: answers.0,
            source: "merge",
            author: lost.seller.as_deref(),
            at: lost.published_at.unwrap_or(now),
            stage: &left.stage,
            amount: left.amount,
            close_on: left.close_on,
        };
        tx.add_versions(work.id(), &[version]).await?;
        tx.hasten(work.id(), ASSESS, now).await?;
    }
    Ok(tx.deal_gone(work.id(), from, Some(into), now).await?)
}
