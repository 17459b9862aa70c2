//! Facts that Latitude wrote and someone changed in the CRM.

use chrono::TimeDelta;

use super::work::Work;
use super::{PULL, Stop};
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::outlook::mark_of_facts;
use crate::store::deals::Known;
use crate::store::schedule::CLOCKS_APART;
use crate::store::tx::Tx;

/// The same is written into a deal so often …
const MOST_ALIKE: i64 = 5;
/// … in this time, and then not for as long.
const WAR: TimeDelta = TimeDelta::hours(1);

/// Has deals written again whose facts someone changed in the CRM. Where the same was written over and
/// over, something there sets them back each time: that is left alone for an hour, and the ledger says so.
pub(super) async fn write_drifted_again(
    tx: &mut Tx,
    work: &Work<'_>,
    drifted: &[&str],
    now: Time,
) -> Result<(), Stop> {
    let mut held_back = Vec::new();
    for deal in drifted {
        let written = tx.written_alike_since(work.id(), deal, now - WAR).await?;
        let again = if written < MOST_ALIKE { now } else { now + WAR };
        tx.facts_drifted(work.id(), deal, again).await?;
        if again > now {
            let mut entry = work.entry(PULL, Some(deal), "held back");
            entry.code = Some("set_back".to_owned());
            entry.message = Some(format!(
                "what Latitude wrote was changed in the CRM {written} times within an hour: look for an \
                 automation or an integration there that sets these fields; written again in an hour"
            ));
            held_back.push(entry);
        }
    }
    Ok(tx.note(&held_back).await?)
}

/// Whether someone changed a fact that Latitude wrote, after Latitude wrote it by the CRM's clock; a
/// time of writing that is still to come is of a clock that was ahead, and says nothing.
pub(super) fn drifted(deal: &Deal, known: &Known, now: Time) -> bool {
    match (&known.written_facts, known.written_at) {
        (Some(facts), Some(at)) => {
            (deal.changed_at >= at || at > now + CLOCKS_APART)
                && mark_of_facts(&deal.shown) != *facts
        }
        _ => false,
    }
}
