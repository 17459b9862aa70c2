//! Grades new strategies: a pure function of the words, run where words and grade differ.

use super::work::Work;
use super::{ASK, Stop};
use crate::domain::grade::Assessment;
use crate::domain::rubric;
use crate::env::fate::Point;
use crate::store::strategies::Unassessed;

/// Strategies assessed in one unit of work.
const BATCH: i64 = 500;

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
    let assessed: Vec<(&Unassessed, Assessment)> = waiting
        .iter()
        .map(|one| (one, rubric::assess(&one.answers, &work.framework.rubric)))
        .collect();
    let label = work.framework.label();
    let mut tx = work.begin().await?;
    tx.save_assessments(&id, &label, &assessed, now).await?;
    tx.hasten(&id, ASK, now).await?;
    work.env.at(Point::AssessedInHand).await;
    tx.commit().await?;
    work.tally.assessed += assessed.len() as u64;
    for (_, assessment) in &assessed {
        *work
            .tally
            .grades
            .entry(assessment.grade.label())
            .or_default() += 1;
    }
    Ok(waiting.len() < BATCH as usize)
}
