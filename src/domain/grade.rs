//! What an assessment is made of: dimensions, grades, findings, and how findings become a grade.

use serde::{Deserialize, Serialize};

use super::coaching::{Note, PrivateNote};
use super::strategy::Part;

/// The label a manager filters by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// A manager would gladly put money on the seller having thought it through.
    Strong,
    /// Specific to this deal, one weak dimension.
    Solid,
    /// Real thought in one or two places, big holes.
    Developing,
    /// Generic, could be any deal.
    Thin,
    /// A placeholder, a pasted prompt, counts of activity, off topic: no score.
    #[serde(rename = "Not enough yet")]
    NotEnoughYet,
    /// Nothing has been written.
    #[serde(rename = "No strategy yet")]
    NoStrategyYet,
    /// Written in a language the rubric does not know.
    #[serde(rename = "Not assessed (language)")]
    NotAssessedLanguage,
}

impl Grade {
    /// Every grade, best first.
    pub const ALL: [Self; 7] = [
        Self::Strong,
        Self::Solid,
        Self::Developing,
        Self::Thin,
        Self::NotEnoughYet,
        Self::NoStrategyYet,
        Self::NotAssessedLanguage,
    ];

    /// The exact label people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::Strong => "Strong",
            Self::Solid => "Solid",
            Self::Developing => "Developing",
            Self::Thin => "Thin",
            Self::NotEnoughYet => "Not enough yet",
            Self::NoStrategyYet => "No strategy yet",
            Self::NotAssessedLanguage => "Not assessed (language)",
        }
    }

    /// The grade of a rating of the whole, 0 to 4.
    pub fn of_level(level: u8) -> Self {
        match level {
            0 => Self::NotEnoughYet,
            1 => Self::Thin,
            2 => Self::Developing,
            3 => Self::Solid,
            _ => Self::Strong,
        }
    }

    /// The grade of that label.
    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.label() == label)
    }
}

/// One of the five sides of a strategy that are assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The customer's own goal, in their terms, and who owns it.
    Customer,
    /// What the next conversation should change.
    Goal,
    /// How to get there, and why this way suits this customer.
    Approach,
    /// An obstacle named honestly, and options the seller can act on.
    Ownership,
    /// Something that will happen, with whom and when.
    NextStep,
}

impl Dimension {
    /// All five, in reading order.
    pub const ALL: [Self; 5] = [
        Self::Customer,
        Self::Goal,
        Self::Approach,
        Self::Ownership,
        Self::NextStep,
    ];

    /// Its key in the framework file and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Goal => "goal",
            Self::Approach => "approach",
            Self::Ownership => "ownership",
            Self::NextStep => "next_step",
        }
    }

    /// The label in the CRM's "weakest part" field.
    pub fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Goal => "Goal",
            Self::Approach => "Approach",
            Self::Ownership => "Ownership",
            Self::NextStep => "Next step",
        }
    }
}

/// With more points than these a dimension is clear and specific to its deal: not weak, and left in
/// peace.
pub const GOOD_ENOUGH: u8 = 2;

/// Points per dimension, 0 to 4 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// See [`Dimension::Customer`].
    pub customer: u8,
    /// See [`Dimension::Goal`].
    pub goal: u8,
    /// See [`Dimension::Approach`].
    pub approach: u8,
    /// See [`Dimension::Ownership`].
    pub ownership: u8,
    /// See [`Dimension::NextStep`].
    pub next_step: u8,
}

impl Dimensions {
    /// The points of one dimension.
    pub fn of(&self, dimension: Dimension) -> u8 {
        match dimension {
            Dimension::Customer => self.customer,
            Dimension::Goal => self.goal,
            Dimension::Approach => self.approach,
            Dimension::Ownership => self.ownership,
            Dimension::NextStep => self.next_step,
        }
    }

    /// The points of one dimension, to be set.
    pub fn of_mut(&mut self, dimension: Dimension) -> &mut u8 {
        match dimension {
            Dimension::Customer => &mut self.customer,
            Dimension::Goal => &mut self.goal,
            Dimension::Approach => &mut self.approach,
            Dimension::Ownership => &mut self.ownership,
            Dimension::NextStep => &mut self.next_step,
        }
    }

    /// The dimension with the fewest points; the first in reading order where several have them.
    /// None where none is weak.
    pub fn weakest(&self) -> Option<Dimension> {
        Dimension::ALL
            .into_iter()
            .min_by_key(|dimension| self.of(*dimension))
            .filter(|dimension| self.of(*dimension) <= GOOD_ENOUGH)
    }
}

/// One thing a rule found: what earned or lost points, and the words it quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name, as in the framework file.
    pub rule: String,
    /// The dimension it speaks about; none where it is about the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<Dimension>,
    /// Where the words stand.
    pub part: Part,
    /// First byte of the quoted words in that part.
    pub start: usize,
    /// One past their last byte.
    pub end: usize,
    /// Hundredths of a dimension point, positive for earned, negative for lost.
    pub points: i32,
}

impl Finding {
    /// Whether it quotes some of the same words.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.part == other.part && self.start < other.end && other.start < self.end
    }
}

/// What the rubric says about one strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The label.
    pub grade: Grade,
    /// 0 to 100; none while there is nothing to score.
    pub score: Option<u8>,
    /// The rating of the whole, 0 to 4.
    pub overall: u8,
    /// Points per dimension.
    pub dims: Dimensions,
    /// Every finding behind the points, in reading order.
    pub findings: Vec<Finding>,
    /// Every question back to the seller that may be shown in the CRM, weakest dimension first;
    /// [`applying`](super::coaching::applying) says which are.
    pub notes: Vec<Note>,
    /// Questions for the seller's eyes alone.
    pub private_notes: Vec<PrivateNote>,
}

/// The part of an [`Assessment`] that the CRM's fields show. Most of an assessment is findings:
/// this alone is read from a stored one in a fraction of the time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// The label.
    pub grade: Grade,
    /// 0 to 100; none while there is nothing to score.
    pub score: Option<u8>,
    /// Points per dimension.
    pub dims: Dimensions,
    /// Every question back to the seller that may be shown in the CRM, weakest dimension first;
    /// [`applying`](super::coaching::applying) says which are.
    pub notes: Vec<Note>,
}

impl Verdict {
    /// The part that would gain most from more thought; none while nothing is scored, or where no
    /// part is weak.
    pub fn weakest_part(&self) -> Option<Dimension> {
        self.score.and_then(|_| self.dims.weakest())
    }
}

impl Assessment {
    /// A grade where there is nothing to score.
    pub fn unscored(grade: Grade) -> Self {
        Self {
            grade,
            score: None,
            overall: 0,
            dims: Dimensions::default(),
            findings: Vec::new(),
            notes: Vec::new(),
            private_notes: Vec::new(),
        }
    }

    /// The part that would gain most from more thought; none while nothing is scored, or where no
    /// part is weak.
    pub fn weakest_part(&self) -> Option<Dimension> {
        self.score.and_then(|_| self.dims.weakest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_weakest_only_where_it_is_weak() {
        let dims = |customer, ownership, next_step| Dimensions {
            customer,
            goal: 4,
            approach: 4,
            ownership,
            next_step,
        };
        let rows = [
            (dims(4, 3, 4), None),
            (dims(3, 3, 3), None),
            (dims(4, 2, 4), Some(Dimension::Ownership)),
            (dims(2, 3, 2), Some(Dimension::Customer)),
            (dims(1, 2, 0), Some(Dimension::NextStep)),
        ];
        for (dims, weakest) in rows {
            assert_eq!(dims.weakest(), weakest, "{dims:?}");
        }
    }
}
