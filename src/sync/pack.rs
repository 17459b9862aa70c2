//! What is to be written next, made ready to be sent: each deal's fields as they should stand, and its
//! seller's published words where the CRM still holds what the seller started from.

use std::collections::HashMap;

use super::ask::{Said, fields};
use super::beside::Beside;
use super::fitting::{as_held, fitted};
use super::marks::mark_of_answers;
use super::work::Work;
use super::{ASK, PULL, Stop};
use crate::crm::write::Update;
use crate::domain::cadence::{Reason, State};
use crate::domain::deal::Deal;
use crate::domain::field::{Field, Value};
use crate::domain::ids::DealId;
use crate::domain::outlook::{mark, mark_of_facts};
use crate::domain::strategy::Part;
use crate::store::writes::{ToWrite, Written};

/// The most deals taken up in one unit of work.
const MOST: usize = 2000;

/// What will be noted of an update once it is there.
pub(super) struct Parcel {
    /// The deal.
    pub(super) deal: DealId,
    /// How many fields are written.
    pub(super) fields: usize,
    /// What then stands there.
    pub(super) written: Written,
    /// The deal's version that it is about.
    pub(super) version: i64,
    /// How often it failed before.
    pub(super) failures: i64,
}

/// What is sent together.
pub(super) struct Load {
    /// What will be noted of each.
    pub(super) parcels: Vec<Parcel>,
    /// What is sent of each.
    pub(super) updates: Vec<Update>,
    /// Whether nothing else is due.
    pub(super) all: bool,
    /// Whether some of what was due is no longer as it was considered.
    pub(super) stale: bool,
}

/// Packs what is due next but for what is `under_way`, each update with its parcel; nothing where
/// nothing is due. A deal that is no longer as it was considered is left for `ask`.
pub(super) async fn pack(work: &mut Work<'_>, under_way: &[Parcel]) -> Result<Option<Load>, Stop> {
    let profile = work.crm.profile();
    let most = (profile.write_batch * profile.writes_at_once * 2).min(MOST);
    let (id, now) = (work.id().clone(), work.now());
    let mut tx = work.store.read().await?;
    let under_way: Vec<&str> = under_way.iter().map(|it| it.deal.as_str()).collect();
    let mut due = tx.to_write(&id, now, (most, &under_way)).await?;
    drop(tx);
    let all = due.len() < most;
    if due.is_empty() {
        return Ok(None);
    }
    if let Some(spent) = work.session.api.budget().routine_is_spent(now) {
        // The reserve is for people's words.
        due.retain(|deal| deal.carry_version.is_some());
        if due.is_empty() {
            return Err(Stop::Fault(spent));
        }
    }
    let around = work.around().await?;
    let ids: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
    let mut tx = work.store.read().await?;
    let beside = Beside::read(&mut tx, &id, &ids, now).await?;
    drop(tx);
    // Many may have been published at once, and each is read before it is written.
    work.keep_hold().await?;
    let mut there = as_they_are(work, &due).await?;
    let mut load = Load {
        parcels: Vec::with_capacity(due.len()),
        updates: Vec::with_capacity(due.len()),
        all,
        stale: false,
    };
    let (mut stale, mut edited) = (Vec::new(), false);
    for deal in &due {
        let fields = fields(work, &around, said(deal), &beside);
        let wish = mark(&fields);
        if deal.desired_mark.as_deref() != Some(&wish) {
            stale.push(deal.id.as_str());
            continue;
        }
        let there = there.get_mut(&deal.id).and_then(Option::take);
        let (parcel, update) = wrap(work, deal, (fields, wish), there, &mut edited);
        load.parcels.push(parcel);
        load.updates.push(update);
    }
    if !stale.is_empty() {
        let mut tx = work.begin().await?;
        tx.look_again(&id, &stale, now).await?;
        tx.hasten(&id, ASK, now).await?;
        tx.commit().await?;
        load.stale = true;
    }
    if edited {
        let mut tx = work.begin().await?;
        tx.hasten(&id, PULL, now).await?;
        tx.commit().await?;
    }
    Ok(Some(load))
}

/// Makes the update of a deal, and its parcel.
fn wrap(
    work: &Work<'_>,
    deal: &ToWrite,
    (fields, wish): (Vec<(Field, Value)>, String),
    there: Option<Deal>,
    edited: &mut bool,
) -> (Parcel, Update) {
    let facts = mark_of_facts(&fields);
    let mut update = Update {
        deal: deal.id.as_str().into(),
        fields,
        revision: None,
    };
    let answers = carry(work, deal, there, &mut update, edited);
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
    let parcel = Parcel {
        deal: update.deal.clone(),
        fields: update.fields.len(),
        written,
        version: deal.version,
        failures: deal.write_failures,
    };
    (parcel, update)
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
