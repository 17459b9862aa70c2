//! Writes to the CRM where its fields differ from what should stand there.
//!
//! Every write carries the whole of Latitude's fields for a deal, so a write that was repeated, or
//! whose answer was lost, leaves the same content. The seller's own words are written only to
//! carry what the seller published in Latitude, and only where the CRM still holds what the seller
//! started from.

use chrono::{SubsecRound, TimeDelta};
use futures_util::{FutureExt, StreamExt, stream};

use super::pack::{Load, Parcel, pack, pick};
use super::quoted::unquoted;
use super::scene::Scene;
use super::turn::Turn;
use super::work::Work;
use super::{ASK, PULL, Stop, WRITE_BACK};
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::Time;
use crate::env::fate::Point;
use crate::http::fault::{Cause, Fault};
use crate::store::ledger::Entry;
use crate::store::tx::Tx;

/// A busy record is tried again after this long at the earliest, the least that a CRM's documents
/// ask for; doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
/// … but at least this often.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// The part of a whole that steps of its size leave most evenly filled, however many they are.
const GOLDEN: f64 = 0.618_033_988_749_895;
/// Words that were not carried since the CRM held others are tried again after this long, unless a pull
/// has found until then who wrote those.
const AFTER_EDIT: TimeDelta = TimeDelta::minutes(1);
/// A write that waits for longer was put off by a clock that was ahead.
pub const LATEST: TimeDelta = TimeDelta::minutes(65);
/// A record that a set-up fault concerns is tried again after this long.
const AFTER_SETUP: TimeDelta = TimeDelta::minutes(5);

/// What became of each batch of a load, by its place.
type Batches = Vec<(usize, Result<Vec<Outcome>, Fault>)>;

/// Writes what is due; returns whether that was all for now. While one load is under way, what became
/// of the one before is noted and the next is packed.
///
/// # Errors
/// The CRM's fault (what did get through is noted first), a lost lease, the database's.
pub async fn write_back(work: &mut Work<'_>) -> Result<bool, Stop> {
    if work.session.settings.dry_run {
        return Ok(true);
    }
    let mut turn = Turn::begin(work);
    let scene = work.scene().await?;
    // Many may have been published at once, and each is read before it is written.
    work.keep_hold().await?;
    let Some(picked) = pick(&scene, &[]).await? else {
        return Ok(true);
    };
    let mut load = pack(&scene, picked).await?;
    if !load.all {
        work.has_much(WRITE_BACK).await?;
    }
    let mut before: Option<(Vec<Parcel>, (Batches, Time))> = None;
    loop {
        heed(work, &load).await?;
        // What is no longer as it was considered comes first again until `ask` has seen it.
        let last = load.all || !load.stale.is_empty() || turn.ends(work).await?;
        work.hold().await?;
        work.env.at(Point::Packed).await;
        let began = whole_second(work.session.api.their_time());
        let (parcels, answered) = before.take().unzip();
        let parcels = parcels.unwrap_or_default();
        let under_way = parcels.iter().chain(&load.parcels);
        let under_way: Vec<&str> = under_way.map(|it| it.deal.as_str()).collect();
        let picking = async {
            match last {
                true => Ok(None),
                false => pick(&scene, &under_way).await,
            }
        };
        let noting = async {
            match answered {
                Some(answered) => settle(work, &parcels, answered).await,
                None => Ok(()),
            }
        };
        // The CRM is asked for nothing before what it answered last is noted.
        let following = async {
            let (noted, picked) = tokio::join!(noting, picking);
            noted?;
            match picked? {
                Some(picked) => pack(&scene, picked).await.map(Some),
                None => Ok(None),
            }
        }
        .boxed();
        let (batches, next) = tokio::join!(send_all(&scene, &load), following);
        work.env.at(Point::Answered).await;
        let answered = batches.iter().all(|(_, outcomes)| outcomes.is_ok());
        match next {
            Ok(Some(next)) if answered => {
                let sent = std::mem::replace(&mut load, next);
                before = Some((sent.parcels, (batches, began)));
            }
            next => {
                settle(work, &load.parcels, (batches, began)).await?;
                next?;
                return Ok(load.all);
            }
        }
    }
}

/// Sends a load, as many batches at once as the CRM takes.
async fn send_all(scene: &Scene<'_>, load: &Load) -> Batches {
    let profile = scene.crm.profile();
    let batches = load.parcels.chunks(profile.write_batch);
    let calls: Vec<_> = batches
        .zip(load.updates.chunks(profile.write_batch))
        .enumerate()
        .map(|(n, it)| send(scene, it).map(move |outcomes| (n, outcomes)).boxed())
        .collect();
    let under_way = stream::iter(calls).buffer_unordered(profile.writes_at_once);
    under_way.collect().await
}

/// Sends one batch; what the CRM says about it is told without the texts that were sent.
async fn send(
    scene: &Scene<'_>,
    (batch, updates): (&[Parcel], &[Update]),
) -> Result<Vec<Outcome>, Fault> {
    let awaited = batch.iter().any(|it| it.written.answers.is_some());
    let session = match awaited {
        true => scene.session.clone(),
        false => scene.session.routine(),
    };
    let told = match scene.crm.write(&session, updates).await {
        Ok(outcomes) if outcomes.len() != batch.len() => {
            let told = format!("{} outcomes for {} updates", outcomes.len(), batch.len());
            Err(Fault::Unknown(Cause::told("outcomes", told)))
        }
        other => other,
    };
    unquoted(told, updates)
}

/// Passes on what was found while a load was packed: what is no longer as it was considered is looked
/// at again, and where there are edits a pull has to look.
async fn heed(work: &mut Work<'_>, load: &Load) -> Result<(), Stop> {
    if load.stale.is_empty() && !load.edited {
        return Ok(());
    }
    let (id, now) = (work.id().clone(), work.now());
    let stale: Vec<&str> = load.stale.iter().map(String::as_str).collect();
    let mut tx = work.begin().await?;
    if !stale.is_empty() {
        tx.look_again(&id, &stale, now).await?;
        tx.hasten(&id, ASK, now).await?;
    }
    if load.edited {
        tx.hasten(&id, PULL, now).await?;
    }
    work.commit(tx).await
}

/// Stamps are told to the second by some CRMs: what is stamped in the second in which calls began
/// may have come after them.
fn whole_second(time: Time) -> Time {
    time.trunc_subsecs(0)
}

/// Notes what became of each update, as written when the calls `began` by the CRM's clock: what
/// someone changes while they are under way is not taken for ours. Answers with the first fault, if
/// there was one.
async fn settle(
    work: &mut Work<'_>,
    parcels: &[Parcel],
    (answered, began): (Batches, Time),
) -> Result<(), Stop> {
    let now = work.now();
    let spread = work.env.fraction();
    let mut tx = work.begin().await?;
    let (mut written, mut entries, mut fault) = (Vec::new(), Vec::new(), None);
    let (mut fields, mut lacking, mut lack_anew) = (0, None, 0);
    let batches: Vec<&[Parcel]> = parcels.chunks(work.crm.profile().write_batch).collect();
    for (n, outcomes) in answered {
        match outcomes {
            Ok(outcomes) => {
                for (parcel, outcome) in batches[n].iter().zip(outcomes) {
                    // Far from one another, however many there are.
                    let jitter = (spread + entries.len() as f64 * GOLDEN).fract();
                    let entry = note(work, &mut tx, parcel, (&outcome, jitter), now).await?;
                    entries.push(entry);
                    match outcome {
                        Outcome::Written => {
                            written.push(&parcel.written);
                            fields += parcel.fields as u64;
                        }
                        Outcome::Refused(refusal) if refusal.setup => {
                            lack_anew += usize::from(parcel.failures == 0);
                            lacking = Some(Cause::told(refusal.code, refusal.message));
                        }
                        _ => {}
                    }
                }
            }
            Err(broken) => {
                for parcel in batches[n] {
                    let mut entry = work.entry(WRITE_BACK, Some(&parcel.written.id), "no answer");
                    entry.code.clone_from(&broken.cause().code);
                    entry.message = Some(broken.cause().to_string());
                    entries.push(entry);
                }
                fault.get_or_insert(broken);
            }
        }
    }
    let id = work.id().clone();
    tx.save_written(&id, &written, (began, now + AFTER_EDIT))
        .await?;
    tx.note(&entries).await?;
    let set_up = matches!(fault, Some(Fault::Setup(_)));
    if set_up || lacking.is_some() {
        tx.forget_setup(&id).await?;
    }
    // What one record lacks may be that record's own; what all of several lack is not, but where
    // they lacked it before, no other record waits behind them.
    if lack_anew > 1 && written.is_empty() {
        fault = fault.or(lacking.map(Fault::Setup));
    }
    work.env.at(Point::OutcomesInHand).await;
    tx.commit().await?;
    work.env.at(Point::Noted).await;
    work.tally.written += written.len() as u64;
    work.tally.fields += fields;
    fault.map_or(Ok(()), |fault| Err(Stop::Fault(fault)))
}

async fn note(
    work: &Work<'_>,
    tx: &mut Tx,
    parcel: &Parcel,
    (outcome, jitter): (&Outcome, f64),
    now: Time,
) -> Result<Entry, Stop> {
    let (id, deal) = (work.id(), parcel.written.id.as_str());
    let sent = (deal, parcel.version);
    let told = |word: &str, refusal: Option<&Refusal>| Entry {
        code: refusal.map(|it| it.code.clone()),
        message: refusal.map(|it| it.message.clone()),
        version: Some(parcel.version),
        mark: Some(parcel.written.mark.clone()),
        ..work.entry(WRITE_BACK, Some(deal), word)
    };
    Ok(match outcome {
        Outcome::Written => told("written", None),
        Outcome::Gone => {
            tx.deal_gone(id, &parcel.deal, now).await?;
            told("gone", None)
        }
        Outcome::Changed => {
            tx.hasten(id, PULL, now).await?;
            tx.write_later(id, sent, now + FIRST_PAUSE).await?;
            told("changed", None)
        }
        Outcome::Busy(refusal) => {
            let doubled = FIRST_PAUSE * (1 << parcel.failures.clamp(0, 12));
            let longest = doubled.min(LONGEST_PAUSE).num_milliseconds() as f64;
            let pause = TimeDelta::milliseconds((longest * (0.5 + jitter / 2.0)) as i64);
            tx.write_later(id, sent, now + pause.max(FIRST_PAUSE))
                .await?;
            told("busy", Some(refusal))
        }
        Outcome::Refused(refusal) if refusal.setup => {
            tx.write_later(id, sent, now + AFTER_SETUP).await?;
            told("refused", Some(refusal))
        }
        Outcome::Refused(refusal) => {
            tx.park(id, sent, &format!("{}: {}", refusal.code, refusal.message))
                .await?;
            told("refused", Some(refusal))
        }
    })
}
