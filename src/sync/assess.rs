//! Grades new strategies: what the rubric says of the words, and whether the seller wrote them for
//! another deal before.

use std::collections::HashMap;

use super::work::Work;
use super::{ASK, ASSESS, Stop};
use crate::domain::Time;
use crate::domain::coaching;
use crate::domain::framework::Framework;
use crate::domain::grade::Assessment;
use crate::domain::ids::ConnectionId;
use crate::domain::rubric;
use crate::domain::similarity::{Plan, Print};
use crate::domain::strategy::Answers;
use crate::env::fate::Point;
use crate::store;
use crate::store::deals::Dossier;
use crate::store::strategies::{Assessed, Written};
use crate::store::tx::Tx;

/// Strategies assessed in one unit of work.
const BATCH: i64 = 500;
/// A strategy is compared with those of so many deals of its seller, the ones that close last: a
/// seller has tens of deals, an owner of thousands is no person.
const MOST_COMPARED: i64 = 200;
/// Sellers whose strategies are read with one statement.
const SELLERS_AT_ONCE: usize = 20;

/// Assesses what has not been; returns whether there was less than a full batch.
///
/// # Errors
/// A lost lease, the database's.
pub async fn assess(work: &mut Work<'_>) -> Result<bool, Stop> {
    let now = work.now();
    let id = work.id().clone();
    let waiting = work.store.read().await?.unassessed(&id, BATCH).await?;
    if waiting.is_empty() {
        return Ok(true);
    }
    let assessed = all_assessed(work, &waiting).await?;
    work.env.at(Point::Assessed).await;
    let label = work.framework.label();
    let mut tx = work.begin().await?;
    tx.save_assessments(&id, &label, &assessed, now).await?;
    tx.hasten(&id, ASK, now).await?;
    work.env.at(Point::AssessedInHand).await;
    tx.commit().await?;
    work.tally.assessed += assessed.len() as u64;
    for one in &assessed {
        let label = one.assessment.grade.label();
        *work.tally.grades.entry(label).or_default() += 1;
    }
    if waiting.len() < BATCH as usize {
        return Ok(true);
    }
    work.has_much(ASSESS).await?;
    Ok(false)
}

/// They come seller by seller, so that the other strategies of each are read once.
async fn all_assessed<'a>(
    work: &Work<'_>,
    waiting: &'a [Written],
) -> store::Result<Vec<Assessed<'a>>> {
    let mut assessed = Vec::with_capacity(waiting.len());
    let by_seller: Vec<&[Written]> = waiting
        .chunk_by(|one, next| one.seller == next.seller)
        .collect();
    for some in by_seller.chunks(SELLERS_AT_ONCE) {
        let sellers: Vec<&str> = some
            .iter()
            .filter_map(|of_one| of_one[0].seller.as_deref())
            .collect();
        let mut tx = work.store.read().await?;
        let others = plans_of(&mut tx, work.id(), &sellers).await?;
        drop(tx);
        assessed.extend(some.iter().copied().flatten().map(|one| {
            let assessment = rubric::assess(&one.answers, &work.framework.rubric);
            let others = one.seller.as_ref().and_then(|seller| others.get(seller));
            let assessment = match others.filter(|_| assessment.score.is_some()) {
                Some(others) => unless_copied(assessment, &plan(one), others, &work.framework),
                None => assessment,
            };
            Assessed {
                deal: &one.deal,
                version: one.version,
                assessment,
            }
        }));
    }
    Ok(assessed)
}

/// What is said of words as they are written for a deal.
///
/// # Errors
/// The database's.
pub async fn assess_now(
    tx: &mut Tx,
    connection: &ConnectionId,
    (deal, answers, now): (&Dossier, &Answers, Time),
    framework: &Framework,
) -> store::Result<Assessment> {
    let assessment = rubric::assess(answers, &framework.rubric);
    let (Some(seller), Some(_)) = (deal.seller.as_deref(), assessment.score) else {
        return Ok(assessment);
    };
    let others = plans_of(tx, connection, &[seller]).await?;
    let Some(others) = others.get(seller) else {
        return Ok(assessment);
    };
    let plan = Plan {
        deal: deal.id.clone(),
        name: deal.name.clone(),
        account: deal.account.clone(),
        at: now,
        print: Print::of(answers),
    };
    Ok(unless_copied(assessment, &plan, others, framework))
}

/// What each of some sellers wrote, by seller.
type Plans = HashMap<String, Vec<Plan>>;

async fn plans_of(
    tx: &mut Tx,
    connection: &ConnectionId,
    sellers: &[&str],
) -> store::Result<Plans> {
    let standing = tx
        .standing_strategies(connection, sellers, MOST_COMPARED)
        .await?;
    Ok(standing
        .into_iter()
        .map(|(seller, written)| (seller, written.iter().map(plan).collect()))
        .collect())
}

fn plan(one: &Written) -> Plan {
    Plan {
        deal: one.deal.clone(),
        name: one.name.clone(),
        account: one.account.clone(),
        at: one.at,
        print: Print::of(&one.answers),
    }
}

/// What the rubric said of a plan, unless its seller wrote much the same for another customer.
fn unless_copied(
    assessment: Assessment,
    plan: &Plan,
    others: &[Plan],
    framework: &Framework,
) -> Assessment {
    match plan.original(others) {
        Some(original) => coaching::copied(&original.name, &framework.rubric),
        None => assessment,
    }
}
