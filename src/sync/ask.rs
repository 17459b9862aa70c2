//! Decides, for each deal that changed or whose time has come, whether to ask its seller, and what
//! should stand in its fields.

use std::collections::VecDeque;

use chrono::{DurationRound, TimeDelta};

use super::beside::Beside;
use super::quota::Quota;
use super::scene::Scene;
use super::work::Work;
use super::{ASK, Stop, WRITE_BACK};
use crate::domain::Time;
use crate::domain::cadence::{self, Facts, Published, Reason, State};
use crate::domain::deal::Standing;
use crate::domain::field::{Field, Value};
use crate::domain::grade::Verdict;
use crate::domain::ids::ConnectionId;
use crate::domain::outlook::{Outlook, mark};
use crate::domain::strategy::Answers;
use crate::env::fate::Point;
use crate::store::consider::Considered;
use crate::store::deals::Dossier;
use crate::store::tx::Tx;

/// Deals considered in one unit of work.
const BATCH: usize = 1000;
/// Deals put in order of their value at once: finding the most valuable means looking at all that
/// are due, and a first pull makes as many due as the CRM has.
const AHEAD: i64 = 50_000;

/// Where a call writes at least so many deals, nobody sees which of them came first.
const MANY_A_CALL: usize = 50;

/// When what is considered now is to be written, at once in any case. Deals that are due since the same
/// moment are written in the order of the table, which costs the database a fraction of any other: a row
/// of each page is a page of each row. Where a call writes few, the most valuable keep their place.
fn due_since(scene: &Scene<'_>, now: Time) -> Time {
    match scene.crm.profile().write_batch >= MANY_A_CALL {
        true => now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now),
        false => now,
    }
}

/// Considers what is due; returns whether there was less than a full batch.
///
/// # Errors
/// A lost lease, the database's.
pub async fn ask(work: &mut Work<'_>) -> Result<bool, Stop> {
    let now = work.now();
    let scene = work.scene().await?;
    let id = &scene.connection;
    let mut tx = work.begin().await?;
    let due = most_valuable(&mut work.backlog, &mut tx, id, now).await?;
    if due.is_empty() {
        return Ok(true);
    }
    let ids: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
    let beside = Beside::read(&mut tx, id, &ids, now).await?;
    let sellers: Vec<_> = due.iter().map(|it| it.seller.as_deref()).collect();
    let mut quota = Quota::read(&mut tx, &scene, &sellers, now).await?;
    let mut asks = Vec::new();
    let considered: Vec<Considered> = due
        .iter()
        .map(|deal| {
            let mut decided = decide(&scene, &mut quota, deal, now);
            // An answer that falls due changes what the CRM shows, with nobody doing anything.
            let falls_due = beside.need(&deal.id).look_at;
            decided.look_at = [decided.look_at, falls_due].into_iter().flatten().min();
            if let (true, Some(reason)) = (decided.newly, decided.asked) {
                asks.push((deal.id.as_str(), reason.word(), deal.seller.as_deref()));
            }
            let said = Said {
                deal: &deal.id,
                stage: &deal.stage,
                state: decided.state,
                asked: decided.asked,
                answers: deal.answers.as_deref(),
                assessment: deal.assessment.as_deref().zip(deal.assessed_at),
            };
            let fields = fields(&scene, said, &beside);
            let desired_mark = mark(&fields);
            // A closed deal that Latitude never wrote to is left alone.
            let untouched = decided.state == State::Closed
                && (deal.written_mark.is_none() || !scene.crm.profile().closed_deals_take_writes);
            let there = deal.written_mark.as_deref() == Some(&desired_mark) || untouched;
            let waits = (there && deal.carry_version.is_none()) || deal.parked.is_some();
            Considered {
                id: deal.id.clone(),
                state: decided.state.label(),
                asked_at: decided.asked_at,
                asked_reason: decided.asked.map(Reason::word),
                look_at: decided.look_at,
                desired_mark,
                write_at: (!waits).then_some(due_since(&scene, now)),
            }
        })
        .collect();
    tx.save_asks(id, &asks, now).await?;
    tx.save_considered(id, &considered).await?;
    if considered.iter().any(|it| it.write_at.is_some()) {
        tx.hasten(id, WRITE_BACK, now).await?;
    }
    let asked = asks.len() as u64;
    work.env.at(Point::ConsideredInHand).await;
    tx.commit().await?;
    work.tally.asked += asked;
    if due.len() < BATCH {
        return Ok(true);
    }
    work.has_much(ASK).await?;
    Ok(false)
}

/// The next that are due: those whose seller's words are on their way to the CRM, then the most
/// valuable. `backlog` keeps the order that was found, from one unit of work to the next.
async fn most_valuable(
    backlog: &mut VecDeque<String>,
    tx: &mut Tx,
    id: &ConnectionId,
    now: Time,
) -> Result<Vec<Dossier<Verdict>>, Stop> {
    let mut due = tx.carried_to_consider(id, now, BATCH as i64).await?;
    if backlog.is_empty() {
        backlog.extend(tx.due_to_consider(id, now, AHEAD).await?);
    }
    let room = backlog.len().min(BATCH - due.len());
    let next: Vec<String> = backlog.drain(..room).collect();
    due.extend(tx.to_consider(id, &next, now).await?);
    Ok(due)
}

/// What cadence says about one deal.
struct Decided {
    state: State,
    asked: Option<Reason>,
    asked_at: Option<Time>,
    newly: bool,
    look_at: Option<Time>,
}

fn decide(scene: &Scene<'_>, quota: &mut Quota<'_>, deal: &Dossier<Verdict>, now: Time) -> Decided {
    let cadence = &scene.framework.cadence;
    let facts = facts(deal);
    let published = published(deal);
    let stage_name = scene.around.stage_name(&deal.stage);
    let pipeline = scene
        .around
        .pipeline_names(deal.pipeline.as_deref(), &deal.stage);
    let zone = quota.zone(deal.seller.as_deref());
    let reason = cadence::reason(cadence, &facts, published.as_ref(), (now, zone));
    let wanted =
        reason.filter(|_| cadence::in_scope(&scene.framework.scope, &facts, stage_name, &pipeline));
    let before = deal.asked_reason.as_deref().and_then(Reason::named);
    let since = published.as_ref().map(|it| it.at);
    let still = before.filter(|_| deal.asked_at > since || since.is_none());
    let mut look_at = cadence::next_look(cadence, published.as_ref(), (now, zone));
    let (asked, asked_at, newly) = match (wanted, still) {
        (None, _) => (None, None, false),
        (Some(reason), Some(before)) if reason == before => (Some(reason), deal.asked_at, false),
        (Some(reason), _) => match quota.take(deal.seller.as_deref(), now) {
            Ok(()) => (Some(reason), Some(now), true),
            Err(later) => {
                look_at = Some(look_at.map_or(later, |at| at.min(later)));
                (still, deal.asked_at.filter(|_| still.is_some()), false)
            }
        },
    };
    let state = cadence::state(&facts, reason, published.is_some(), asked.is_some());
    Decided {
        state,
        asked,
        asked_at,
        newly,
        look_at,
    }
}

fn facts(deal: &Dossier<Verdict>) -> Facts {
    Facts {
        standing: Standing::named(&deal.standing),
        stage: deal.stage.clone(),
        amount: deal.amount,
        close_on: deal.close_on,
    }
}

fn published(deal: &Dossier<Verdict>) -> Option<Published> {
    Some(Published {
        at: deal.published_at?,
        check_on: deal.answers.as_ref().and_then(|answers| answers.check_on),
        then: Facts {
            standing: Standing::Open,
            stage: deal.then_stage.clone().unwrap_or_default(),
            amount: deal.then_amount,
            close_on: deal.then_close_on,
        },
    })
}

/// What a deal's fields are made of, but for what people said beside it.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// The CRM's id.
    pub deal: &'a str,
    /// The CRM's id of its stage.
    pub stage: &'a str,
    /// Where its strategy stands.
    pub state: State,
    /// Why it is asked for, if it is.
    pub asked: Option<Reason>,
    /// The latest answers.
    pub answers: Option<&'a Answers>,
    /// The latest assessment, and when it was made.
    pub assessment: Option<(&'a Verdict, Time)>,
}

/// What each of Latitude's fields should hold.
pub(super) fn fields(scene: &Scene<'_>, said: Said<'_>, beside: &Beside) -> Vec<(Field, Value)> {
    let stage_name = scene.around.stage_name(said.stage);
    // Read by whoever looks into the CRM, so by the company's clock.
    let zone = cadence::zone_of(&scene.framework.cadence, None);
    let asked: Vec<String> = beside
        .questions(said.deal)
        .iter()
        .map(|question| {
            format!(
                "{} — your manager asks: {}",
                question.at.with_timezone(&zone).date_naive(),
                question.text
            )
        })
        .collect();
    let need = beside.need(said.deal);
    let outlook = Outlook {
        framework: &scene.framework,
        stage: scene.framework.stage(stage_name),
        stage_name,
        state: said.state,
        asked: said.asked,
        answers: said.answers,
        assessment: said.assessment,
        questions: &asked,
        dismissed: beside.dismissed(said.deal),
        need: (need.state.unwrap_or("None"), need.due),
        panel: panel(scene, said.deal),
    };
    outlook.fields()
}

fn panel(scene: &Scene<'_>, deal: &str) -> String {
    let deal: String = url::form_urlencoded::byte_serialize(deal.as_bytes()).collect();
    format!("{}/deals/{}/{deal}", scene.public_url, scene.connection)
}
