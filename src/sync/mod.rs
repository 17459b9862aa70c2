//! Keeping the CRM and Latitude in step: four moves, each of which compares what is with what
//! should be, and acts.
//!
//! [`pull`] reads what changed, [`assess`] grades new strategies, [`ask`] decides whom to ask and
//! what should stand in the fields, [`write_back`] writes where that differs from what was
//! written. None takes a payload; a webhook or a publish only makes a move due sooner. So each is
//! safe to repeat, coalesces by itself, and survives a crash anywhere:
//!
//! - a page and the place after it are saved together, or neither is;
//! - a write that was not acknowledged is written again, with the same content;
//! - every unit of work proves in its own transaction that it still holds the lease.

pub mod account;
pub mod around;
pub mod ask;
pub mod assess;
pub mod beside;
mod clock;
pub mod connect;
mod drift;
pub mod drive;
mod ended;
mod fitting;
mod heard;
mod keep;
pub mod marks;
pub mod outage;
mod pack;
pub mod prepare;
pub mod publish;
pub mod pull;
mod quota;
mod quoted;
pub mod report;
pub mod rights;
mod scene;
mod spending;
pub mod stages;
mod turn;
pub mod vault;
pub mod visitor;
mod walk;
pub mod work;
pub mod worker;
pub mod write_back;

use chrono::TimeDelta;

use crate::http::fault::Fault;
use crate::store;

/// The moves, in the order they are worked when several are due; none waits for ever ([`turn`]).
pub const MOVES: [&str; 5] = [ASSESS, ASK, WRITE_BACK, PULL, RECONCILE];
/// Reads deals that changed.
pub const PULL: &str = "pull";
/// Pulls that pushes ask for are at least this far apart: however many pushes come, they use up no day's
/// calls, and a change is still graded within ten seconds.
pub const BETWEEN_PULLS: TimeDelta = TimeDelta::seconds(5);
/// Grades new strategies.
pub const ASSESS: &str = "assess";
/// Decides whom to ask, and what should stand in the fields.
pub const ASK: &str = "ask";
/// Writes where fields differ from what should stand there.
pub const WRITE_BACK: &str = "write_back";
/// Once a night: pulls everything, and counts what the pulls in between missed.
pub const RECONCILE: &str = "reconcile";

/// Why a move ended early.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The CRM did not do as asked.
    #[error("the CRM did not do as asked")]
    Fault(#[source] Fault),
    /// Another process works this connection now.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database did not do as asked.
    #[error("the database did not do as asked")]
    Store(#[source] store::Error),
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
