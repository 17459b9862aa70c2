//! Coaching notes: questions back to the seller, never a line to recite.
//!
//! A note for the CRM and a note for the seller alone are different types, so that a private one
//! cannot reach the CRM by mistake.

use serde::{Deserialize, Serialize};

/// A question that may be shown in the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its name, such as `why_way`; "does not apply here" is remembered by it.
    pub name: String,
    /// The question, with the seller's own words filled in.
    pub text: String,
}

/// A question for the seller's eyes alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateNote {
    /// Its name, such as `blame`.
    pub name: String,
    /// The question, with the seller's own words filled in.
    pub text: String,
}

/// The question after a deal moved to another stage; named by that stage.
pub fn stage_moved(stage: &str) -> Option<Note> {
    (!stage.is_empty()).then(|| Note {
        name: "stage_moved".to_owned(),
        text: format!("The deal moved to {stage}. Which part of your plan still holds?"),
    })
}
