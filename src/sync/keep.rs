//! Takes up what a page of a pull holds, and the place after it, in one transaction.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::TimeDelta;

use super::drift::{drifted, write_drifted_again};
use super::heard::{keep_questions, newly_said};
use super::marks::marks;
use super::outage::refused;
use super::work::Work;
use super::{ASK, ASSESS, PULL, Stop};
use crate::crm::page::Seen;
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::domain::strategy::Answers;
use crate::env::fate::{Flaw, Point};
use crate::http::fault::Cause;
use crate::store::deals::{Known, Marks};
use crate::store::forget::mark_of_person;
use crate::store::strategies::NewVersion;
use crate::store::tx::Tx;

/// A change that is older than this when a reconcile begins should have come with a pull.
const SETTLED: TimeDelta = TimeDelta::minutes(15);

/// What is saved beside the deals of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
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

impl Keep {
    /// When what is kept is said to have been seen.
    fn seen(self, now: Time) -> Time {
        match self {
            Self::Cursor { reconcile, .. } => reconcile.unwrap_or(now),
            Self::Everything { began } => began,
        }
    }
}

/// Saves a page, and the place after it. Where the database refuses something in it, one by one, so
/// that the others need not wait for the one that is refused: that one is set aside.
pub(super) async fn taken(
    work: &mut Work<'_>,
    page: &[Seen],
    (what, place): (Keep, &str),
) -> Result<(), Stop> {
    match keep(work, page, (what, Some(place))).await {
        Err(Stop::Store(error)) if refused(&error).is_some() => {}
        done => return done,
    }
    for one in page {
        let kept = keep(work, std::slice::from_ref(one), (what, None)).await;
        let cause = match &kept {
            Err(Stop::Store(error)) => refused(error),
            _ => None,
        };
        match cause {
            Some(cause) => set_aside(work, one, (what, &cause)).await?,
            None => kept?,
        }
    }
    keep(work, &[], (what, Some(place))).await
}

/// Parks a deal that the database refuses to keep as it is in the CRM; noted in the ledger. It is
/// read again when it changes, and with the next reconcile.
async fn set_aside(
    work: &mut Work<'_>,
    one: &Seen,
    (what, cause): (Keep, &Cause),
) -> Result<(), Stop> {
    let (id, now) = (work.id().clone(), work.now());
    let deal = match one {
        Seen::Here(deal) => deal.id.as_str(),
        Seen::Gone(deal) => deal.as_str(),
        Seen::Merged { from, .. } => from.as_str(),
    };
    let mut entry = work.entry(PULL, Some(deal), "parked");
    entry.code.clone_from(&cause.code);
    entry.message = Some(cause.message.clone());
    let mut tx = work.begin().await?;
    if matches!(one, Seen::Here(_)) {
        tx.set_deal_aside(&id, deal, &cause.message, what.seen(now))
            .await?;
    }
    tx.note(&[entry]).await?;
    work.commit(tx).await
}

/// Saves some of a page, and the place after it where that is given.
async fn keep(
    work: &mut Work<'_>,
    page: &[Seen],
    (what, place): (Keep, Option<&str>),
) -> Result<(), Stop> {
    work.env.at(Point::PageRead).await;
    let now = work.now();
    let id = work.id().clone();
    let mut here: Vec<&Deal> = Vec::new();
    for seen in page {
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
    // Of what the CRM shows, so that it counts as changed once someone else has the deal.
    let marks: Vec<Marks> = here.iter().map(|deal| marks(deal)).collect();

    if let (Keep::Cursor { .. }, Some(place)) = (what, place)
        && work.env.makes(Flaw::CursorFirst)
    {
        let mut tx = work.begin().await?;
        tx.move_cursor(&id, place).await?;
        tx.commit().await?;
        work.env.at(Point::PageRead).await;
    }
    let mut tx = work.begin().await?;
    let erased = tx.erased(&id).await?;
    let here: Vec<Cow<Deal>> = here
        .into_iter()
        .map(|deal| without_erased(&id, deal, &erased))
        .collect();
    let here: Vec<&Deal> = here.iter().map(|deal| &**deal).collect();
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
    tx.save_deals(&id, &rows, (what.seen(now), now)).await?;
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
    for seen in page {
        gone += u64::from(match seen {
            Seen::Here(_) => false,
            Seen::Gone(deal) => tx.deal_gone(&id, deal, now).await?,
            Seen::Merged { from, into } => merged(&mut tx, work, from, into, now).await?,
        });
    }
    match (what, place) {
        (Keep::Cursor { .. }, Some(place)) => tx.move_cursor(&id, place).await?,
        (Keep::Everything { .. }, Some(place)) => tx.move_reconcile(&id, place).await?,
        (_, None) => {}
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

/// A deal without whom the CRM names as its seller, and without their words, where that person was
/// erased from here.
fn without_erased<'a>(id: &ConnectionId, deal: &'a Deal, erased: &[String]) -> Cow<'a, Deal> {
    let is_erased = |it: &PersonId| erased.contains(&mark_of_person(id, it.as_str()));
    if erased.is_empty() || !deal.seller.as_ref().is_some_and(is_erased) {
        return Cow::Borrowed(deal);
    }
    Cow::Owned(Deal {
        seller: None,
        answers: Answers::default(),
        ..deal.clone()
    })
}

/// Takes note that a deal goes on in another, and moves what people wrote about it there: also where
/// it was found gone before. While the other is not known here, everything stays where it is.
async fn merged(
    tx: &mut Tx,
    work: &Work<'_>,
    from: &DealId,
    into: &DealId,
    now: Time,
) -> Result<bool, Stop> {
    let id = work.id();
    let lost = tx.dossier_before_merge(id, from).await?;
    let left = tx.dossier(id, into).await?;
    let newly_gone = tx.deal_gone(id, from, now).await?;
    let Some((lost, left)) = lost.zip(left) else {
        return Ok(newly_gone);
    };
    tx.move_words(id, (from, into), now).await?;
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
        tx.add_versions(id, &[version]).await?;
        tx.hasten(id, ASSESS, now).await?;
    }
    tx.goes_on_in(id, (from, into)).await?;
    Ok(newly_gone)
}
