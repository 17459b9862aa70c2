//! The places between two side effects where a process may die, freeze or be overtaken, by name.
//!
//! In production nothing happens at them. A fault harness gives [`Env`](super::Env) a [`Fate`],
//! which may crash the process there (by never answering and dropping it), let time pass, let
//! another process work, or let people do things.

use futures_util::future::BoxFuture;

/// A place between two side effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// The lease is taken; nothing has been done under it.
    Claimed,
    /// A page has been read from the CRM; nothing of it is kept.
    PageRead,
    /// A page and the place after it are written but not committed.
    PageInHand,
    /// A page is kept; the next step is not.
    PageKept,
    /// Strategies are assessed; nothing of it is kept.
    Assessed,
    /// Assessments are written but not committed.
    AssessedInHand,
    /// What should stand in the fields is written but not committed.
    ConsideredInHand,
    /// Updates are made up and the lease is held; nothing has been sent.
    Packed,
    /// The CRM has answered a batch; nothing of it is noted.
    Answered,
    /// The outcomes of a write are written but not committed.
    OutcomesInHand,
    /// The outcomes of a write are noted; when to come back is not.
    Noted,
    /// The right to renew the sign-in is taken; the CRM has not been asked.
    TokenClaimed,
    /// The CRM gave a token; it is not saved.
    TokenBought,
    /// The token is saved; it has not been used.
    TokenSaved,
    /// The moves are made; the lease is not given back.
    Concluding,
}

impl Point {
    /// Every point.
    pub const ALL: [Self; 15] = [
        Self::Claimed,
        Self::PageRead,
        Self::PageInHand,
        Self::PageKept,
        Self::Assessed,
        Self::AssessedInHand,
        Self::ConsideredInHand,
        Self::Packed,
        Self::Answered,
        Self::OutcomesInHand,
        Self::Noted,
        Self::TokenClaimed,
        Self::TokenBought,
        Self::TokenSaved,
        Self::Concluding,
    ];

    /// Whether a unit of work is open here, so that another writer may have to wait for its end.
    pub fn is_in_hand(self) -> bool {
        matches!(
            self,
            Self::PageInHand | Self::AssessedInHand | Self::ConsideredInHand | Self::OutcomesInHand
        )
    }
}

/// A mistake that a harness has to find. Made nowhere but in debug builds under a [`Fate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A worker that lost its lease goes on as if it held it, calls included.
    NoFence,
    /// The place in the CRM's changes is saved before the rows that lead there.
    CursorFirst,
    /// A new token is used before it is saved.
    TokenUnsaved,
}

/// Who steps in.
pub trait Fate: Send + Sync {
    /// Called at every point; the process goes on when the answer is there.
    fn at(&self, point: Point) -> BoxFuture<'_, ()>;

    /// Whether a mistake is to be made.
    fn makes(&self, _flaw: Flaw) -> bool {
        false
    }
}
