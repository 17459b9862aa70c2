//! A deal as Latitude sees it: the few facts a strategy is about, and what people wrote into it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Time;
use super::field::{Field, Value};
use super::ids::{DealId, PersonId, PipelineId, StageId};
use super::strategy::Answers;

/// One deal, as the CRM shows it at the moment of reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    /// The CRM's id, in its canonical form.
    pub id: DealId,
    /// What the seller calls it.
    pub name: String,
    /// The customer's name, where there is one.
    pub account: Option<String>,
    /// The pipeline it is in, where the CRM has more than one.
    pub pipeline: Option<PipelineId>,
    /// The stage it is in.
    pub stage: StageId,
    /// Its value in `currency`, where stated.
    pub amount: Option<f64>,
    /// ISO 4217 code, where the CRM has it.
    pub currency: Option<String>,
    /// The day it is expected to close.
    pub close_on: Option<NaiveDate>,
    /// Who owns it.
    pub seller: Option<PersonId>,
    /// Open, won or lost.
    pub standing: Standing,
    /// When the CRM says it last changed, our own writes included.
    pub changed_at: Time,
    /// The CRM's mark of this state of the record (an ETag, a version number), where it has one
    /// that a write can be made to depend on.
    pub revision: Option<String>,
    /// What the seller wrote into the strategy fields; empty text where the field is empty.
    pub answers: Answers,
    /// A question the manager typed in the CRM.
    pub manager_question: String,
    /// What Latitude's own short fields show in the CRM right now.
    ///
    /// Only fields with [`Field::is_fact`] are here, and only those the CRM returned.
    pub shown: Vec<(Field, Value)>,
}

/// Whether a deal is still to be won.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Still to be decided.
    Open,
    /// Closed, and the customer bought.
    Won,
    /// Closed, and the customer did not.
    Lost,
}

impl Standing {
    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The standing of that word; unknown words count as open, so that no deal is dropped.
    pub fn named(word: &str) -> Self {
        match word {
            "won" => Self::Won,
            "lost" => Self::Lost,
            _ => Self::Open,
        }
    }
}

/// A pipeline and its stages, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The CRM's id; `default` where it has only one.
    pub id: PipelineId,
    /// Display name.
    pub name: String,
    /// From first to last.
    pub stages: Vec<Stage>,
}

/// A step of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The CRM's id.
    pub id: StageId,
    /// What people call it.
    pub name: String,
    /// What a deal in it counts as.
    pub standing: Standing,
}
