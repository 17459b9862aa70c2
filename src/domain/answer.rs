//! What stops the clock of a need: five answers, and nothing else. Having seen it is not one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The fewest characters a "no" gives as its reason.
pub const FEWEST_REASON: usize = 20;

/// A real answer to a need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Go ahead, I stand behind it, and your time for it is covered until then.
    Backed {
        /// Until when the seller's time is covered, and by when it is to have happened.
        until: NaiveDate,
        /// What the responder adds, if anything.
        #[serde(default)]
        note: String,
    },
    /// One thing to know first. Stops the clock, once.
    OneQuestion {
        /// What to know.
        question: String,
    },
    /// Another way, and why it is better.
    Another {
        /// The other way.
        option: String,
        /// Why.
        because: String,
    },
    /// Not this, why not, and what would change that.
    No {
        /// Why not; at least [`FEWEST_REASON`] characters.
        because: String,
        /// What would change this?
        change: String,
    },
    /// It is not mine to give; I ask for it on your behalf.
    PassedUp {
        /// What the responder says in its favour.
        backing: String,
    },
}

impl Answer {
    /// The word in the database and on forms.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Backed { .. } => "backed",
            Self::OneQuestion { .. } => "one_question",
            Self::Another { .. } => "another",
            Self::No { .. } => "no",
            Self::PassedUp { .. } => "passed_up",
        }
    }

    /// As people read it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Backed { .. } => "Backed",
            Self::OneQuestion { .. } => "One question",
            Self::Another { .. } => "Another option, because",
            Self::No { .. } => "No, because",
            Self::PassedUp { .. } => "Passed up with my backing",
        }
    }

    /// What is missing from it, as a sentence for whoever gives it.
    pub fn lacks(&self, today: NaiveDate) -> Option<&'static str> {
        let blank = |text: &str| text.trim().is_empty();
        match self {
            Self::Backed { until, .. } if *until < today => {
                Some("The day until which you cover their time lies in the past.")
            }
            Self::OneQuestion { question } if blank(question) => Some("Write your question."),
            Self::Another { option, .. } if blank(option) => {
                Some("Say which other option you see.")
            }
            Self::Another { because, .. } if blank(because) => {
                Some("Say why the other option is better.")
            }
            Self::No { because, .. } if because.trim().chars().count() < FEWEST_REASON => {
                Some("A no needs a reason of at least 20 characters.")
            }
            Self::No { change, .. } if blank(change) => Some("Say what would change this."),
            Self::PassedUp { backing } if blank(backing) => {
                Some("Say why you stand behind it; the next level reads that first.")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_says_nothing_is_no_answer() {
        let today = "2026-11-17".parse().expect("a date");
        let day = |text: &str| text.parse().expect("a date");
        let text = str::to_owned;
        let no = |because: &str, change: &str| Answer::No {
            because: text(because),
            change: text(change),
        };
        let rows = [
            (
                Answer::Backed {
                    until: day("2026-11-17"),
                    note: text(""),
                },
                true,
            ),
            (
                Answer::Backed {
                    until: day("2026-11-16"),
                    note: text(""),
                },
                false,
            ),
            (
                Answer::OneQuestion {
                    question: text("Who signs?"),
                },
                true,
            ),
            (
                Answer::OneQuestion {
                    question: text("  "),
                },
                false,
            ),
            (
                Answer::Another {
                    option: text("Partner"),
                    because: text("They have it"),
                },
                true,
            ),
            (
                Answer::Another {
                    option: text("Partner"),
                    because: text(""),
                },
                false,
            ),
            (no("Nineteen characters", "Budget"), false),
            (no("Twenty characters ok", "Budget"), true),
            (no("      Nineteen characters      ", "Budget"), false),
            (no("Twenty characters ok", " "), false),
            (
                Answer::PassedUp {
                    backing: text("It pays for itself"),
                },
                true,
            ),
            (Answer::PassedUp { backing: text("") }, false),
        ];
        for (answer, complete) in rows {
            assert_eq!(answer.lacks(today).is_none(), complete, "{answer:?}");
        }
    }
}
