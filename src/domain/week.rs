//! A seller's week: at most three things that matter, and a look back at what became of them.
//!
//! No streaks, no counts. What one is proud of stays private unless shared.

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// The most outcomes a week has.
pub const MOST_OUTCOMES: usize = 3;

/// Asked once a week.
pub const QUESTION: &str = "Which things, at most three, are most critical to my goals this week?";

/// A seller's plan for a week, and the look back at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Week {
    /// What matters most; at most [`MOST_OUTCOMES`].
    pub outcomes: Vec<Outcome>,
    /// What do I need from my manager? For the seller's eyes alone; what is to be answered is sent
    /// up as an obstacle.
    pub need: String,
    /// What am I proud of?
    pub proud: String,
    /// Whether that is shared with the manager.
    pub proud_shared: bool,
}

/// One thing that matters this week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Which thing.
    pub what: String,
    /// How will I get it done?
    pub how: String,
    /// What could get in the way, and what is my plan B?
    pub plan_b: String,
    /// What became of it; none before the look back.
    pub became: Option<Became>,
    /// What made the difference?
    pub difference: String,
    /// What will I do differently?
    pub differently: String,
}

/// What became of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// Done.
    Done,
    /// In part.
    Partly,
    /// Not.
    Not,
    /// Left, and on purpose.
    Dropped,
}

impl Became {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Done, Self::Partly, Self::Not, Self::Dropped];

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Partly => "Partly",
            Self::Not => "Not",
            Self::Dropped => "Dropped on purpose",
        }
    }

    /// The word on forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Not => "not",
            Self::Dropped => "dropped",
        }
    }

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

/// Why a week cannot be kept like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

impl Week {
    /// The plan as it is kept: outcomes in which nothing is said are left out.
    ///
    /// # Errors
    /// When there are more than [`MOST_OUTCOMES`].
    pub fn tidy(mut self) -> Result<Self, Unfit> {
        self.outcomes.retain(|it| !it.is_blank());
        if self.outcomes.len() > MOST_OUTCOMES {
            return Err(Unfit("At most three: which of these could wait a week?"));
        }
        Ok(self)
    }

    /// Whether every outcome has been looked back at.
    pub fn looked_back(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(|it| it.became.is_some())
    }

    /// All that the seller's manager may see of it, and only where the seller shares it.
    pub fn shared(&self) -> Option<&str> {
        let proud = self.proud.trim();
        (self.proud_shared && !proud.is_empty()).then_some(proud)
    }
}

impl Outcome {
    /// Whether nothing is said in it.
    pub fn is_blank(&self) -> bool {
        let texts = [
            &self.what,
            &self.how,
            &self.plan_b,
            &self.difference,
            &self.differently,
        ];
        texts.iter().all(|it| it.trim().is_empty())
    }
}

/// The Monday of a day's week; weeks go by it.
pub fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome(what: &str) -> Outcome {
        Outcome {
            what: what.to_owned(),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_week_has_at_most_three_outcomes() {
        let rows: [(&[&str], Option<usize>); 5] = [
            (&[], Some(0)),
            (&["a", "b", "c"], Some(3)),
            (&["a", " ", "b", "", "c"], Some(3)),
            (&["a", "b", "c", "d"], None),
            (&["", "", "", "d"], Some(1)),
        ];
        for (what, kept) in rows {
            let week = Week {
                outcomes: what.iter().map(|it| outcome(it)).collect(),
                ..Week::default()
            };

            assert_eq!(
                week.tidy().ok().map(|it| it.outcomes.len()),
                kept,
                "{what:?}"
            );
        }
    }

    #[test]
    fn words_are_kept_whatever_they_stand_under() {
        let how = Outcome {
            how: "By phone".to_owned(),
            ..Outcome::default()
        };
        let week = Week {
            outcomes: vec![outcome(" "), how.clone()],
            ..Week::default()
        };

        assert_eq!(week.tidy().map(|it| it.outcomes), Ok(vec![how]));
    }

    #[test]
    fn pride_is_private_unless_shared() {
        let mut week = Week {
            need: "An hour of yours".to_owned(),
            proud: "I asked".to_owned(),
            ..Week::default()
        };

        assert_eq!(week.shared(), None);
        week.proud_shared = true;
        assert_eq!(week.shared(), Some("I asked"));
        week.proud = " ".to_owned();
        assert_eq!(week.shared(), None);
    }

    proptest! {
        #[test]
        fn every_day_belongs_to_the_monday_before_it(n in 0_u64..20_000) {
            let day = NaiveDate::default() + Days::new(n);

            let first = monday(day);

            prop_assert_eq!(first.weekday(), chrono::Weekday::Mon);
            prop_assert!(first <= day && day < first + Days::new(7));
        }
    }
}
