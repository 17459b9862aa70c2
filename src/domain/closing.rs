//! Looking back on a deal once it is won or lost: the framework's questions, answered or not as the
//! seller likes. It is for the seller; a manager reads it only where the seller shares it.

use serde::{Deserialize, Serialize};

use super::deal::Standing;
use super::framework::Closing;

/// Longest answer, in characters.
pub const LONGEST: usize = 4000;

/// One question as it was asked, and what the seller said to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The question.
    pub question: String,
    /// The seller's words.
    pub text: String,
}

impl Closing {
    /// What is asked of a deal that ended like this; nothing of one that did not end.
    pub fn questions(&self, standing: Standing) -> &[String] {
        match standing {
            Standing::Won => &self.won,
            Standing::Lost => &self.lost,
            Standing::Open => &[],
        }
    }
}

/// The answers that say something, each with its question; nothing at all is an answer too.
pub fn said(questions: &[String], texts: &[String]) -> Vec<Said> {
    let pairs = questions.iter().zip(texts);
    let some = pairs.filter(|(_, text)| !text.trim().is_empty());
    some.map(|(question, text)| Said {
        question: question.clone(),
        text: text.replace("\r\n", "\n").trim().to_owned(),
    })
    .collect()
}
