//! Writes to the CRM where its fields differ from what should stand there.
//!
//! Every write carries the whole of Latitude's fields for a deal, so a write that was repeated, or
//! whose answer was lost, leaves the same content. The seller's own words are written only to
//! carry what the seller published in Latitude, and only where the CRM still holds what the seller
//! started from.

use chrono::TimeDelta;
use futures_util::{FutureExt, StreamExt, stream};

use super::pack::{Load, Parcel, pack};
use super::turn::Turn;
use super::work::Work;
use super::{PULL, Stop, WRITE_BACK};
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::Time;
use crate::env::fate::Point;
use crate::http::fault::{Cause, Fault};
use crate::store::ledger::Entry;
use crate::store::tx::Tx;

/// A busy record is tried again after this long, doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
/// … but at least this often.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Words that were not carried since the CRM held others are tried again after this long, unless a pull
/// has found until then who wrote those.
const AFTER_EDIT: TimeDelta = TimeDelta::minutes(1);
/// A write that waits for longer was put off by a clock that was ahead.
pub const LATEST: TimeDelta = TimeDelta::minutes(65);
/// A record that a set-up fault concerns is tried again after this long.
const AFTER_SETUP: TimeDelta = TimeDelta::minutes(5);

/// A batch, and what became of each update in it.
type Sent<'a> = (&'a [Parcel], Result<Vec<Outcome>, Fault>);

/// Writes what is due, the next packed while one is under way; returns whether that was all for now.
///
/// # Errors
/// The CRM's fault (what did get through is noted first), a lost lease, the database's.
pub async fn write_back(work: &mut Work<'_>) -> Result<bool, Stop> {
    if work.session.settings.dry_run {
        return Ok(true);
    }
    let mut turn = Turn::begin(work);
    let Some(mut load) = pack(work, &[]).await? else {
        return Ok(true);
    };
    if !load.all {
        work.has_much(WRITE_BACK).await?;
    }
    loop {
        work.hold().await?;
        work.env.at(Point::Packed).await;
        let began = work.now();
        let under_way = send_all(work.crm, work.session.clone(), &load);
        let following = async {
            // What is no longer as it was considered comes first again until `ask` has seen it.
            if load.all || load.stale || turn.ends(work).await? {
                return Ok::<_, Stop>(None);
            }
            pack(work, &load.parcels).await
        };
        let (sent, next) = tokio::join!(under_way, following);
        work.env.at(Point::Answered).await;
        settle(work, sent, began).await?;
        match next? {
            Some(next) => load = next,
            None => return Ok(load.all),
        }
    }
}

/// Sends a load, as many batches at once as the CRM takes.
async fn send_all<'a>(crm: &'static dyn Crm, session: Session, load: &'a Load) -> Vec<Sent<'a>> {
    let profile = crm.profile();
    let batches = load.parcels.chunks(profile.write_batch);
    let calls: Vec<_> = batches
        .zip(load.updates.chunks(profile.write_batch))
        .map(|it| send(crm, &session, it).boxed())
        .collect();
    let under_way = stream::iter(calls).buffer_unordered(profile.writes_at_once);
    under_way.collect().await
}

/// Sends one batch.
async fn send<'a>(
    crm: &dyn Crm,
    session: &Session,
    (batch, updates): (&'a [Parcel], &[Update]),
) -> Sent<'a> {
    let awaited = batch.iter().any(|it| it.written.answers.is_some());
    let session = match awaited {
        true => session.clone(),
        false => session.routine(),
    };
    let outcomes = match crm.write(&session, updates).await {
        Ok(outcomes) if outcomes.len() != batch.len() => {
            let told = format!("{} outcomes for {} updates", outcomes.len(), batch.len());
            Err(Fault::Unknown(Cause::told("outcomes", told)))
        }
        other => other,
    };
    (batch, outcomes)
}

/// Notes what became of each update, as written when the calls `began`: what someone changes while
/// they are under way is not taken for ours. Answers with the first fault, if there was one.
async fn settle(work: &mut Work<'_>, sent: Vec<Sent<'_>>, began: Time) -> Result<(), Stop> {
    let now = work.now();
    let mut tx = work.begin().await?;
    let (mut written, mut entries, mut fault) = (Vec::new(), Vec::new(), None);
    let (mut fields, mut lacking, mut lack_anew) = (0, None, 0);
    for (batch, outcomes) in sent {
        match outcomes {
            Ok(outcomes) => {
                for (parcel, outcome) in batch.iter().zip(outcomes) {
                    let entry = note(work, &mut tx, parcel, &outcome, now).await?;
                    entries.push(entry);
                    match outcome {
                        Outcome::Written => {
                            written.push(parcel.written.clone());
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
                for parcel in batch {
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
    outcome: &Outcome,
    now: Time,
) -> Result<Entry, Stop> {
    let (id, deal) = (work.id(), parcel.written.id.as_str());
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
            tx.deal_gone(id, &parcel.deal, None, now).await?;
            told("gone", None)
        }
        Outcome::Changed => {
            tx.hasten(id, PULL, now).await?;
            tx.write_later(id, deal, now + FIRST_PAUSE).await?;
            told("changed", None)
        }
        Outcome::Busy(refusal) => {
            let doubled = FIRST_PAUSE * (1 << parcel.failures.clamp(0, 12));
            let jitter = 0.5 + work.env.fraction() / 2.0;
            let pause = doubled.min(LONGEST_PAUSE).num_milliseconds() as f64 * jitter;
            tx.write_later(id, deal, now + TimeDelta::milliseconds(pause as i64))
                .await?;
            told("busy", Some(refusal))
        }
        Outcome::Refused(refusal) if refusal.setup => {
            tx.write_later(id, deal, now + AFTER_SETUP).await?;
            told("refused", Some(refusal))
        }
        Outcome::Refused(refusal) => {
            tx.park(id, deal, &format!("{}: {}", refusal.code, refusal.message))
                .await?;
            told("refused", Some(refusal))
        }
    })
}
