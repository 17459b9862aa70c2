//! Writes to the CRM where its fields differ from what should stand there.
//!
//! Every write carries the whole of Latitude's fields for a deal, so a write that was repeated, or
//! whose answer was lost, leaves the same content. The seller's own words are written only to
//! carry what the seller published in Latitude, and only where the CRM still holds what the seller
//! started from.

use std::collections::HashMap;

use chrono::TimeDelta;
use futures_util::{FutureExt, StreamExt, stream};

use super::ask::{Said, fields};
use super::beside::Beside;
use super::fitting::{as_held, fitted};
use super::marks::mark_of_answers;
use super::work::Work;
use super::{ASK, PULL, Stop, WRITE_BACK};
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::Time;
use crate::domain::cadence::{Reason, State};
use crate::domain::deal::Deal;
use crate::domain::field::{Field, Value};
use crate::domain::ids::DealId;
use crate::domain::outlook::{mark, mark_of_facts};
use crate::domain::strategy::Part;
use crate::env::fate::Point;
use crate::http::fault::{Cause, Fault};
use crate::store::ledger::Entry;
use crate::store::tx::Tx;
use crate::store::writes::{ToWrite, Written};

/// The most deals taken up in one unit of work.
const MOST: usize = 2000;
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

/// What will be noted of an update once it is there.
struct Parcel {
    deal: DealId,
    fields: usize,
    written: Written,
    version: i64,
    failures: i64,
}

/// A batch, and what became of each update in it.
type Sent<'a> = (&'a [Parcel], Result<Vec<Outcome>, Fault>);

/// Writes what is due; returns whether there was less than a full batch.
///
/// # Errors
/// The CRM's fault (what did get through is noted first), a lost lease, the database's.
pub async fn write_back(work: &mut Work<'_>) -> Result<bool, Stop> {
    if work.session.settings.dry_run {
        return Ok(true);
    }
    let profile = work.crm.profile();
    let most = (profile.write_batch * profile.writes_at_once * 2).min(MOST);
    let (id, now) = (work.id().clone(), work.now());
    let mut due = work
        .store
        .read()
        .await?
        .to_write(&id, now, most as i64)
        .await?;
    if due.is_empty() {
        return Ok(true);
    }
    if let Some(spent) = work.session.api.budget().routine_is_spent(now) {
        // The reserve is for people's words.
        due.retain(|deal| deal.carry_version.is_some());
        if due.is_empty() {
            return Err(Stop::Fault(spent));
        }
    }
    let (parcels, updates) = pack(work, &due).await?;
    let all = due.len() < most;
    drop(due);
    work.hold().await?;
    work.env.at(Point::Packed).await;
    let (crm, session, began) = (work.crm, work.session.clone(), work.now());
    let batches = parcels.chunks(profile.write_batch);
    let calls: Vec<_> = batches
        .zip(updates.chunks(profile.write_batch))
        .map(|it| send(crm, &session, it).boxed())
        .collect();
    let sent = stream::iter(calls)
        .buffer_unordered(profile.writes_at_once)
        .collect()
        .await;
    work.env.at(Point::Answered).await;
    settle(work, sent, began).await?;
    Ok(all)
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

/// Makes updates of what is due, each with its parcel. A deal that is no longer as it was considered
/// is left for `ask`.
async fn pack(work: &mut Work<'_>, due: &[ToWrite]) -> Result<(Vec<Parcel>, Vec<Update>), Stop> {
    let (id, now) = (work.id().clone(), work.now());
    let around = work.around().await?;
    let ids: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
    let mut tx = work.store.read().await?;
    let beside = Beside::read(&mut tx, &id, &ids, now).await?;
    drop(tx);
    // Many may have been published at once, and each is read before it is written.
    work.keep_hold().await?;
    let mut there = as_they_are(work, due).await?;
    let mut parcels = Vec::with_capacity(due.len());
    let mut updates = Vec::with_capacity(due.len());
    let (mut stale, mut edited) = (Vec::new(), false);
    for deal in due {
        let fields = fields(work, &around, said(deal), &beside);
        let wish = mark(&fields);
        if deal.desired_mark.as_deref() != Some(&wish) {
            stale.push(deal.id.as_str());
            continue;
        }
        let facts = mark_of_facts(&fields);
        let mut update = Update {
            deal: deal.id.as_str().into(),
            fields,
            revision: None,
        };
        let there = there.get_mut(&deal.id).and_then(Option::take);
        let answers = carry(work, deal, there, &mut update, &mut edited);
        let written = Written {
            id: deal.id.clone(),
            mark: wish,
            facts,
            version: deal.version,
            answers,
        };
        update.fields = update
            .fields
            .into_iter()
            .map(|it| fitted(work, it))
            .collect();
        update
            .fields
            .retain(|(field, _)| work.session.fields.name(*field).is_some());
        parcels.push(Parcel {
            deal: update.deal.clone(),
            fields: update.fields.len(),
            written,
            version: deal.version,
            failures: deal.write_failures,
        });
        updates.push(update);
    }
    if !stale.is_empty() {
        let mut tx = work.begin().await?;
        tx.look_again(&id, &stale, now).await?;
        tx.hasten(&id, ASK, now).await?;
        tx.commit().await?;
    }
    if edited {
        let mut tx = work.begin().await?;
        tx.hasten(&id, PULL, now).await?;
        tx.commit().await?;
    }
    Ok((parcels, updates))
}

/// What a deal's fields are made of, as it was last considered.
fn said(deal: &ToWrite) -> Said<'_> {
    let state = deal.state.as_deref().and_then(State::labelled);
    Said {
        deal: &deal.id,
        stage: &deal.stage,
        state: state.unwrap_or(State::NoStrategyYet),
        asked: deal.asked_reason.as_deref().and_then(Reason::named),
        answers: deal.answers.as_deref(),
        assessment: deal.assessment.as_deref().zip(deal.assessed_at),
    }
}

/// The deals that words are to be carried to, as they are in the CRM now.
async fn as_they_are(
    work: &Work<'_>,
    due: &[ToWrite],
) -> Result<HashMap<String, Option<Deal>>, Stop> {
    let ids: Vec<DealId> = due
        .iter()
        .filter(|deal| deal.answers.is_some() && deal.carry_version == Some(deal.version))
        .map(|deal| deal.id.as_str().into())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let there = work.crm.deals_now(&work.session, &ids).await?;
    let ids = ids.into_iter().map(|id| id.as_str().to_owned());
    Ok(ids.zip(there).collect())
}

/// Adds the seller's published words where the CRM still holds what they started from; returns
/// their mark. Where it holds something else, `edited` is set: a pull has to look.
fn carry(
    work: &Work<'_>,
    deal: &ToWrite,
    there: Option<Deal>,
    update: &mut Update,
    edited: &mut bool,
) -> Option<String> {
    let (answers, there) = (deal.answers.as_ref()?, there?);
    if mark_of_answers(&there.answers) != deal.answers_mark {
        *edited = true;
        return None;
    }
    let answers = as_held(work, answers);
    for part in Part::ALL {
        let (new, old) = (answers.part(part), there.answers.part(part));
        if !new.trim().is_empty() && new != old {
            update.fields.push((part.field(), Value::text(new)));
        }
    }
    if answers.check_on.is_some() && answers.check_on != there.answers.check_on {
        update.fields.push((
            Field::CheckOn,
            answers.check_on.map_or(Value::Empty, Value::Date),
        ));
    }
    update.revision = there.revision;
    Some(mark_of_answers(&answers))
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
