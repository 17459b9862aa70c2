//! Writing back: what should stand in the CRM, and what became of it.

use crate::domain::field::{Field, Value};
use crate::domain::ids::DealId;
use crate::http::fault::{Cause, Fault};

/// What should stand in some fields of one deal.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The deal.
    pub deal: DealId,
    /// Fields and what they should hold; texts already cut to the field's length.
    pub fields: Vec<(Field, Value)>,
    /// The revision the deal must still have, where a person's words are at stake and the CRM can
    /// check it; see [`Seen`](super::page::Seen).
    pub revision: Option<String>,
}

/// What became of one update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The fields hold what they should.
    Written,
    /// The deal is not there any more.
    Gone,
    /// The deal is no longer at the revision the update was meant for.
    Changed,
    /// The record is busy; the same update may succeed in a while.
    Busy(Refusal),
    /// The CRM will not take it until the deal or the set-up changes.
    Refused(Refusal),
}

/// Why the CRM would not take an update, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The CRM's error code.
    pub code: String,
    /// The CRM's message.
    pub message: String,
    /// Our fields it names, where it names any.
    pub fields: Vec<Field>,
    /// Whether an admin has to change the set-up: a field is missing, read-only or of another kind.
    pub setup: bool,
}

/// What became of every update of a batch.
///
/// # Errors
/// [`Fault::Unknown`] where nothing was told of one: it is not taken for written, nor for gone.
pub fn of_every(outcomes: Vec<Option<Outcome>>) -> Result<Vec<Outcome>, Fault> {
    let told: Option<Vec<Outcome>> = outcomes.into_iter().collect();
    told.ok_or_else(|| Fault::Unknown(Cause::told("outcomes", "a record has none")))
}
