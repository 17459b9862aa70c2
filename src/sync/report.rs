//! How a run went: the state that cannot lie, the counts, what the CRM would not take.

use serde::Serialize;

use super::work::Tally;
use crate::http::fault::Fault;

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum RunState {
    /// Everything stands where it should.
    #[serde(rename = "ok")]
    Ok,
    /// Some deals were refused by the CRM or are still waiting.
    #[serde(rename = "partly")]
    Partly,
    /// The call budget is spent.
    #[serde(rename = "skipped: budget")]
    Budget,
    /// The CRM or the database did not answer as it should.
    #[serde(rename = "failed")]
    Failed,
    /// The CRM, or our settings for it, need an admin.
    #[serde(rename = "blocked: config")]
    Config,
    /// Someone must sign in again.
    #[serde(rename = "blocked: login")]
    Login,
}

impl RunState {
    /// Every state, the best first.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Partly,
        Self::Budget,
        Self::Failed,
        Self::Config,
        Self::Login,
    ];

    /// The word in the database and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partly => "partly",
            Self::Budget => "skipped: budget",
            Self::Failed => "failed",
            Self::Config => "blocked: config",
            Self::Login => "blocked: login",
        }
    }

    /// What a fault makes of a run.
    pub fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Spent { .. } => Self::Budget,
            Fault::Reconnect(_) | Fault::Expired(_) => Self::Login,
            Fault::Setup(_) => Self::Config,
            Fault::Later { .. } | Fault::Gone(_) | Fault::Lost(_) | Fault::Unknown(_) => {
                Self::Failed
            }
        }
    }
}

/// What a run of one connection did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The connection.
    pub connection: String,
    /// How it went.
    pub state: RunState,
    /// What stopped it, in the CRM's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What was done.
    #[serde(flatten)]
    pub tally: Tally,
    /// Calls made to the CRM.
    pub calls: u64,
    /// Deals the CRM would not take, with its reason: the first [`PARKED_SHOWN`].
    ///
    /// [`PARKED_SHOWN`]: crate::store::writes::PARKED_SHOWN
    pub rejected: Vec<Rejected>,
    /// How many there are in all.
    pub rejected_in_all: u64,
}

/// A deal the CRM would not take.
#[derive(Clone, Debug, Serialize)]
pub struct Rejected {
    /// The CRM's id.
    pub deal: String,
    /// The CRM's reason.
    pub reason: String,
}

impl Report {
    /// Takes up a later run of the same connection: counts add up, the later state stands.
    pub(super) fn add(&mut self, later: Self) {
        let tally = &mut self.tally;
        tally.pulled += later.tally.pulled;
        tally.asked += later.tally.asked;
        tally.read += later.tally.read;
        tally.assessed += later.tally.assessed;
        tally.written += later.tally.written;
        tally.fields += later.tally.fields;
        tally.repaired += later.tally.repaired;
        for (grade, count) in later.tally.grades {
            *tally.grades.entry(grade).or_default() += count;
        }
        self.calls += later.calls;
        (self.state, self.cause) = (later.state, later.cause);
        (self.rejected, self.rejected_in_all) = (later.rejected, later.rejected_in_all);
    }
}

/// Logs a run that did something. No plan text, no names.
pub(super) fn log(report: &Report) {
    let Report {
        connection,
        state,
        tally,
        calls,
        ..
    } = report;
    let needs_someone = matches!(state, RunState::Failed | RunState::Config | RunState::Login);
    let state = state.word();
    if needs_someone && *calls == 0 {
        // What cannot even begin is seen in the log too.
        tracing::warn!(
            connection.id = connection,
            run.state = state,
            run.cause = report.cause,
            "a connection could not be worked"
        );
    } else if *calls > 0 || *tally != Tally::default() {
        tracing::info!(
            connection.id = connection,
            run.state = state,
            run.pulled = tally.pulled,
            run.asked = tally.asked,
            run.assessed = tally.assessed,
            run.written = tally.written,
            run.calls = calls,
            run.rejected = report.rejected_in_all,
            run.cause = report.cause,
            "worked a connection"
        );
    }
}
