//! Reads what changed in the CRM, page by page: each page and the place after it in one
//! transaction, while the next page is already on its way.

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::drift::{drifted, write_drifted_again};
use super::fitting::as_held;
use super::marks::{mark_of_answers, marks};
use super::turn::Turn;
use super::walk::Walk;
use super::work::Work;
use super::{ASK, ASSESS, Stop};
use crate::crm::page::{Cursor, Next, Page, Seen};
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::ids::{DealId, PersonId};
use crate::domain::strategy::Answers;
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
    Cursor { reconcile: Option<Time> },
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
    let mut latest = std::collections::HashMap::new();
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
    let known = tx.known(&id, &ids).await?;
    let changed: Vec<(&Deal, &Marks, Option<&Known>)> = here
        .iter()
        .zip(&marks)
        .map(|(deal, marks)| (*deal, marks, known.get(deal.id.as_str())))
        .filter(|(_, marks, known)| {
            known.is_none_or(|known| known.seen_mark != marks.seen || known.gone_at.is_some())
        })
        .collect();
    let rows: Vec<(&Deal, &Marks)> = changed
        .iter()
        .map(|(deal, marks, _)| (*deal, *marks))
        .collect();
    let seen = match what {
        Keep::Cursor { reconcile } => reconcile.unwrap_or(now),
        Keep::Everything { began } => began,
    };
    tx.save_deals(&id, &rows, (seen, now)).await?;
    let read = keep_answers(&mut tx, work, &changed, now).await?;
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
    if read > 0 {
        tx.hasten(&id, ASSESS, now).await?;
    }
    if !changed.is_empty() || !drifted.is_empty() {
        tx.hasten(&id, ASK, now).await?;
    }
    work.env.at(Point::PageInHand).await;
    work.commit(tx).await?;
    work.env.at(Point::PageKept).await;
    work.tally.pulled += changed.len() as u64 + gone;
    work.tally.read += read;
    if let Keep::Everything { began } = what {
        // What has only just changed would have come with the next pull.
        let missed = |(deal, _, _): &&(&Deal, &Marks, _)| deal.changed_at + SETTLED < began;
        work.tally.repaired += changed.iter().filter(missed).count() as u64 + gone;
    }
    Ok(())
}

/// Adds a version for each deal whose seller's words changed in the CRM; returns how many.
///
/// What counts is whether they changed *there*: words that only Latitude has changed since are
/// on their way, not a person's edit.
async fn keep_answers(
    tx: &mut Tx,
    work: &Work<'_>,
    changed: &[(&Deal, &Marks, Option<&Known>)],
    now: Time,
) -> Result<u64, Stop> {
    let edited: Vec<_> = changed
        .iter()
        .filter(|(deal, marks, known)| {
            !deal.answers.is_blank()
                && known.is_none_or(|known| known.answers_mark != marks.answers)
        })
        .collect();
    let with_answers: Vec<(&str, i64)> = edited
        .iter()
        .filter_map(|(deal, _, known)| known.map(|known| (deal.id.as_str(), known.version)))
        .filter(|(_, version)| *version > 0)
        .collect();
    let latest = tx.latest_answers(work.id(), &with_answers).await?;
    let nothing = Answers::default();
    let mut versions = Vec::new();
    for (deal, marks, known) in edited {
        if arrived_unheard(tx, work, (deal, marks), *known).await? {
            continue;
        }
        let before = latest.get(deal.id.as_str()).unwrap_or(&nothing);
        let answers = deal.answers.after(before);
        if answers.says_the_same(before) {
            continue;
        }
        versions.push(NewVersion {
            deal: deal.id.as_str(),
            version: known.map_or(0, |known| known.version) + 1,
            answers,
            source: "crm",
            author: deal.seller.as_ref().map(PersonId::as_str),
            at: deal.changed_at.min(now),
            stage: deal.stage.as_str(),
            amount: deal.amount,
            close_on: deal.close_on,
        });
        if let Some(carried) = known.and_then(|known| known.carry_version) {
            // Both stay; the seller picks.
            tx.note_conflict(work.id(), deal.id.as_str(), carried)
                .await?;
        }
    }
    tx.add_versions(work.id(), &versions).await?;
    Ok(versions.len() as u64)
}

/// Whether the words in the CRM are an earlier publish that got there without our hearing of it,
/// while a newer one is on its way: nobody edited them there, and the newer one goes on.
async fn arrived_unheard(
    tx: &mut Tx,
    work: &Work<'_>,
    (deal, marks): (&Deal, &Marks),
    known: Option<&Known>,
) -> Result<bool, Stop> {
    let Some(known) = known.filter(|known| known.carry_version.is_some()) else {
        return Ok(false);
    };
    let versions = tx.versions(work.id(), &deal.id).await?;
    // Those published since what the CRM was last known to hold.
    let published = versions.iter().take_while(|it| it.source == "panel");
    let mut since = published
        .map(|it| mark_of_answers(&as_held(work, &it.answers)))
        .take_while(|mark| *mark != known.answers_mark);
    Ok(since.any(|mark| mark == marks.answers))
}

async fn keep_questions(
    tx: &mut Tx,
    work: &Work<'_>,
    changed: &[(&Deal, &Marks, Option<&Known>)],
    now: Time,
) -> Result<(), Stop> {
    for (deal, marks, known) in changed {
        let text = deal.manager_question.trim();
        if !text.is_empty() && known.is_none_or(|known| known.question_mark != marks.question) {
            tx.add_question(work.id(), deal.id.as_str(), ("crm", None, text), now)
                .await?;
        }
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
