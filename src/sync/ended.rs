//! How a run ended: moves are put off after a fault, the lease is given back, and the run is told.

use chrono::TimeDelta;

use super::report::{Rejected, Report, RunState};
use super::work::Tally;
use super::worker::Engine;
use crate::domain::Time;
use crate::env::fate::Flaw;
use crate::http::fault::Fault;
use crate::store;
use crate::store::ledger::{Entry, Run};
use crate::store::schedule::Lease;
use crate::store::tx::Tx;
use crate::store::writes::PARKED_SHOWN;

/// First pause after a fault; doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// A dead sign-in is tried again this often, in case someone mended it in the CRM.
const AFTER_RECONNECT: TimeDelta = TimeDelta::minutes(15);
/// A missing set-up is looked at again this often.
const AFTER_SETUP: TimeDelta = TimeDelta::minutes(5);

/// Until when moves wait after a fault, and the ledger's word for it; `pause` where the fault names no
/// time, and at least so long where it names one: a time that is over by our clock would have the CRM
/// asked again at once, for ever.
fn until(fault: &Fault, now: Time, pause: TimeDelta) -> (Time, &'static str) {
    match fault {
        Fault::Later { at: Some(at), .. } => ((*at).max(now + pause), "later"),
        Fault::Spent { until, .. } => (until.unwrap_or(now + LONGEST_PAUSE), "budget"),
        Fault::Reconnect(_) | Fault::Expired(_) => (now + AFTER_RECONNECT, "reconnect"),
        Fault::Setup(_) => (now + AFTER_SETUP, "setup"),
        Fault::Later { .. } => (now + pause, "later"),
        Fault::Gone(_) | Fault::Lost(_) | Fault::Unknown(_) => (now + pause, "unknown"),
    }
}

impl Engine {
    /// Puts moves off for as long as the fault says, or for a growing pause; notes it in the ledger.
    pub(super) async fn put_off(
        &self,
        lease: &Lease,
        steps: &[&str],
        fault: &Fault,
    ) -> store::Result<()> {
        let (id, now) = (&lease.connection, self.env.now());
        let mut tx = self.store.write().await?;
        if !self.may_speak(&mut tx, lease).await? {
            // How long to wait is for the one who works the connection now.
            return Ok(());
        }
        let failures = tx.failures(id, steps).await?;
        let doubled = FIRST_PAUSE * (1 << failures.clamp(0, 10));
        let growing = doubled.min(LONGEST_PAUSE).num_milliseconds() as f64;
        let jittered =
            TimeDelta::milliseconds((growing * (0.5 + self.env.fraction() / 2.0)) as i64);
        let (until, outcome) = until(fault, now, jittered);
        if matches!(fault, Fault::Setup(_) | Fault::Reconnect(_)) {
            // What was set up or agreed to meanwhile counts: the next run opens a session anew.
            self.sessions.lock().await.remove(id);
        }
        if let Fault::Later { at: Some(at), .. } = fault {
            // Not even a hint may cause a call before the time the CRM named.
            let sessions = self.sessions.lock().await;
            if let Some(session) = sessions.get(id) {
                session.api.budget().close_until(*at);
            }
        }
        tx.put_off(id, steps, until).await?;
        tx.note(&[Entry {
            connection: id.as_str().to_owned(),
            at: now,
            step: steps.join(" "),
            deal: None,
            attempt: lease.attempt,
            outcome: outcome.to_owned(),
            code: fault.cause().code.clone(),
            message: Some(fault.cause().to_string()),
            version: None,
            mark: None,
        }])
        .await?;
        tx.commit().await
    }

    /// Whether the connection is still this process's to speak for: nobody has taken it over.
    async fn may_speak(&self, tx: &mut Tx, lease: &Lease) -> store::Result<bool> {
        Ok(tx.is_last_claim(lease).await? || self.env.makes(Flaw::NoFence))
    }

    /// Gives the lease back, and says how the run went.
    pub(super) async fn conclude(
        &self,
        lease: &Lease,
        started_at: Time,
        (faults, tally, calls): (&[Fault], Tally, u64),
    ) -> store::Result<Report> {
        let (id, now) = (&lease.connection, self.env.now());
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut tx = self.store.write().await?;
        let rejected = tx.parked(id, None).await?;
        // Mostly there are none, or few: only a full list says less than there are.
        let rejected_in_all = match count(rejected.len() as u64) {
            listed if listed < PARKED_SHOWN => listed,
            _ => tx.count_parked(id).await?,
        };
        let waiting = tx.waiting_writes(id).await?;
        let worst = faults.iter().max_by_key(|fault| RunState::of(fault));
        let dry_run = self
            .connections
            .get(id)
            .is_some_and(|(_, settings)| settings.dry_run);
        let state = match worst {
            Some(fault) => RunState::of(fault),
            None if rejected_in_all > 0 || (waiting > 0 && !dry_run) => RunState::Partly,
            None => RunState::Ok,
        };
        let cause = worst.map(|fault| fault.cause().clone());
        let told = cause
            .as_ref()
            .map(|it| (it.code.clone().unwrap_or_default(), it.to_string()));
        let told = told
            .as_ref()
            .map(|(code, message)| (code.as_str(), message.as_str()));
        let speaks = self.may_speak(&mut tx, lease).await?;
        // What went well meanwhile says nothing of what is still put off.
        let stands = worst.is_none() && tx.is_put_off(id, now).await?;
        if speaks && !stands {
            tx.save_state(id, state.word(), told, now).await?;
        }
        if speaks && (calls > 0 || tally != Tally::default() || worst.is_some()) {
            tx.save_run(&Run {
                connection: id.as_str().to_owned(),
                started_at,
                finished_at: now,
                state: state.word().to_owned(),
                pulled: count(tally.pulled),
                asked: count(tally.asked),
                assessed: count(tally.assessed),
                written: count(tally.written),
                rejected: rejected_in_all,
                calls: count(calls),
                repaired: count(tally.repaired),
            })
            .await?;
        }
        tx.let_go(lease).await?;
        tx.commit().await?;
        Ok(Report {
            connection: id.as_str().to_owned(),
            state,
            cause: cause.map(|it| it.to_string()),
            tally,
            calls,
            rejected: rejected
                .into_iter()
                .map(|(deal, reason)| Rejected { deal, reason })
                .collect(),
            rejected_in_all: u64::try_from(rejected_in_all).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fault::Cause;

    #[test]
    fn a_time_to_come_back_that_is_over_is_no_reason_to_ask_at_once() {
        let now: Time = "2026-11-17T09:00:00Z".parse().unwrap_or_default();
        let pause = TimeDelta::seconds(8);
        for (said, waits) in [(-30, 8), (0, 8), (3, 8), (60, 60)] {
            let fault = Fault::Later {
                at: Some(now + TimeDelta::seconds(said)),
                cause: Cause::told("busy", "later"),
            };
            let wanted = now + TimeDelta::seconds(waits);
            assert_eq!(until(&fault, now, pause), (wanted, "later"), "{said}");
        }
    }
}
