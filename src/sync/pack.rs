//! What is to be written next, made ready to be sent: each deal's fields as they should stand, and its
//! seller's published words where the CRM still holds what the seller started from.

use std::collections::HashMap;

use super::Stop;
use super::ask::{Said, fields};
use super::beside::Beside;
use super::fitting::{as_held, fit_in};
use super::marks::mark_of_answers;
use super::scene::Scene;
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

/// What should stand in the fields of a deal.
struct Wish {
    deal: ToWrite,
    fields: Vec<(Field, Value)>,
    mark: String,
}

/// What is due next.
pub(super) struct Picked {
    /// Each with what should stand in its fields.
    wishes: Vec<Wish>,
    /// What was due but is no longer as it was considered: it is left for `ask`.
    stale: Vec<String>,
    /// Whether nothing else is due.
    all: bool,
}

/// What is sent together.
pub(super) struct Load {
    /// What will be noted of each.
    pub(super) parcels: Vec<Parcel>,
    /// What is sent of each.
    pub(super) updates: Vec<Update>,
    /// Whether nothing else is due.
    pub(super) all: bool,
    /// What was due but is no longer as it was considered.
    pub(super) stale: Vec<String>,
    /// Whether the CRM holds an edit of words where others were to be carried to.
    pub(super) edited: bool,
}

/// Picks what is due next but for what is `under_way`; nothing where nothing is due. It only reads
/// the database, and may run beside whatever is done about what is under way.
pub(super) async fn pick(scene: &Scene<'_>, under_way: &[&str]) -> Result<Option<Picked>, Stop> {
    let profile = scene.crm.profile();
    let most = (profile.write_batch * profile.writes_at_once * 2).min(MOST);
    let (id, now) = (&scene.connection, scene.env.now());
    let mut tx = scene.store.read().await?;
    let mut due = tx.to_write(id, now, (most, under_way)).await?;
    let all = due.len() < most;
    if due.is_empty() {
        return Ok(None);
    }
    if let Some(spent) = scene.session.api.budget().routine_is_spent(now) {
        // The reserve is for people's words.
        due.retain(|deal| deal.carry_version.is_some());
        if due.is_empty() {
            return Err(Stop::Fault(spent));
        }
    }
    let ids: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
    let beside = Beside::read(&mut tx, id, &ids, now).await?;
    drop(tx);
    let (mut wishes, mut stale) = (Vec::with_capacity(due.len()), Vec::new());
    for deal in due {
        let fields = fields(scene, said(&deal), &beside);
        let mark = mark(&fields);
        match deal.desired_mark.as_deref() == Some(&mark) {
            true => wishes.push(Wish { deal, fields, mark }),
            false => stale.push(deal.id),
        }
    }
    Ok(Some(Picked { wishes, stale, all }))
}

/// Packs what was picked: each update with its parcel.
pub(super) async fn pack(scene: &Scene<'_>, picked: Picked) -> Result<Load, Stop> {
    let Picked { wishes, stale, all } = picked;
    let mut there = as_they_are(scene, &wishes).await?;
    let mut load = Load {
        parcels: Vec::with_capacity(wishes.len()),
        updates: Vec::with_capacity(wishes.len()),
        all,
        stale,
        edited: false,
    };
    for wish in wishes {
        let there = there.get_mut(&wish.deal.id).and_then(Option::take);
        let (parcel, update) = wrap(scene, wish, there, &mut load.edited);
        load.parcels.push(parcel);
        load.updates.push(update);
    }
    Ok(load)
}

/// Makes the update of a deal, and its parcel.
fn wrap(
    scene: &Scene<'_>,
    Wish { deal, fields, mark }: Wish,
    there: Option<Deal>,
    edited: &mut bool,
) -> (Parcel, Update) {
    let facts = mark_of_facts(&fields);
    let mut update = Update {
        deal: deal.id.as_str().into(),
        fields,
        revision: None,
    };
    let answers = carry(scene, &deal, there, &mut update, edited);
    let written = Written {
        id: deal.id,
        mark,
        facts,
        version: deal.version,
        answers,
    };
    update
        .fields
        .retain(|(field, _)| scene.session.fields.name(*field).is_some());
    for (field, value) in &mut update.fields {
        fit_in(scene.crm, &scene.session, *field, value);
    }
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
    scene: &Scene<'_>,
    due: &[Wish],
) -> Result<HashMap<String, Option<Deal>>, Stop> {
    let ids: Vec<DealId> = due
        .iter()
        .map(|it| &it.deal)
        .filter(|deal| deal.answers.is_some() && deal.carry_version == Some(deal.version))
        .map(|deal| deal.id.as_str().into())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let there = scene.crm.deals_now(&scene.session, &ids).await?;
    let ids = ids.into_iter().map(|id| id.as_str().to_owned());
    Ok(ids.zip(there).collect())
}

/// Adds the seller's published words where the CRM still holds what they started from; returns
/// their mark. Where it holds something else, `edited` is set: a pull has to look.
fn carry(
    scene: &Scene<'_>,
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
    let answers = as_held(scene.crm, &scene.session, answers);
    for part in Part::ALL {
        let (new, old) = (answers.part(part), there.answers.part(part));
        // Nothing where something stood: the seller took it back, for a blank alone never wipes.
        let nothing = new.trim().is_empty() && old.trim().is_empty();
        if new != old && !nothing {
            update.fields.push((part.field(), Value::text(new)));
        }
    }
    if answers.check_on != there.answers.check_on {
        update.fields.push((
            Field::CheckOn,
            answers.check_on.map_or(Value::Empty, Value::Date),
        ));
    }
    update.revision = there.revision;
    Some(mark_of_answers(&answers))
}
