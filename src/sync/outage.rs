//! A database that was gone or full is in the ledger afterwards: while it lasted nothing could be
//! written there. One that answers, and refuses a statement, is in the ledger at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::worker::Engine;
use super::{MOVES, Stop};
use crate::domain::ids::ConnectionId;
use crate::http::fault::{Cause, Fault};
use crate::store;
use crate::store::ledger::Entry;
use crate::store::trouble::refusal;

/// The code of a statement that the database refused although it answers.
pub const REFUSED: &str = "statement";

/// The cause, where the database answers and refuses one statement: trying again is of no use until
/// what the statement holds has changed.
pub(super) fn refused(error: &store::Error) -> Option<Cause> {
    let told = refusal(error)?;
    let told = format!("the database refused a statement: {told}");
    Some(Cause::told(REFUSED, told))
}

/// Moves that ended with a refusal and have not gone well since, in this process: a run in which they
/// wait for their next try is not one that went well.
#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<(ConnectionId, String), Cause>>);

impl Refusals {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(ConnectionId, String), Cause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A move was refused.
    pub(super) fn note(&self, id: &ConnectionId, step: &str, cause: &Cause) {
        let key = (id.clone(), step.to_owned());
        self.all().insert(key, cause.clone());
    }

    /// A move went well.
    pub(super) fn over(&self, id: &ConnectionId, step: &str) {
        self.all().remove(&(id.clone(), step.to_owned()));
    }

    /// Why a move of a connection was refused, where one was.
    pub(super) fn of(&self, id: &ConnectionId) -> Option<Cause> {
        let all = self.all();
        let mut causes = all.iter().filter(|((it, _), _)| it == id);
        causes.next().map(|(_, cause)| cause.clone())
    }
}

/// Whether a fault is one of those, which says nothing about the CRM.
pub(super) fn is_ours(fault: &Fault) -> bool {
    fault.cause().code.as_deref() == Some(REFUSED)
}

/// The same for a move that ended with it: it is put off, told and noted as after a fault.
pub(super) fn told(ended: Stop) -> Stop {
    match ended {
        Stop::Store(error) => match refused(&error) {
            Some(cause) => Stop::Fault(Fault::Unknown(cause)),
            None => Stop::Store(error),
        },
        ended => ended,
    }
}

impl Engine {
    /// Takes note of how a unit of work ended as far as the database goes, and writes down a
    /// trouble that is over.
    pub(super) async fn mind_the_database<T>(&self, done: &store::Result<T>) -> store::Result<()> {
        let now = self.env.now();
        if let Err(error) = done {
            self.store.noticed(error, now);
            return Ok(());
        }
        if self.store.trouble().await.is_some() {
            return Ok(());
        }
        let Some(over) = self.store.trouble_over() else {
            return Ok(());
        };
        let lasted = (now - over.since).num_seconds();
        let message = format!(
            "the database {} for {lasted} s from {} on: {}",
            over.kind.word(),
            over.since.format("%Y-%m-%d %H:%M:%S"),
            over.told
        );
        tracing::info!(lasted, "the database takes writes again");
        let entries: Vec<Entry> = self
            .connections()
            .map(|(id, _)| Entry {
                connection: id.as_str().to_owned(),
                at: now,
                step: MOVES.join(" "),
                deal: None,
                attempt: 0,
                outcome: "later".to_owned(),
                code: Some("database".to_owned()),
                message: Some(message.clone()),
                version: None,
                mark: None,
            })
            .collect();
        let mut tx = self.store.write().await?;
        tx.note(&entries).await?;
        tx.commit().await
    }
}
