//! What a text cannot be, whatever else is there: a strategy that only looks like one.
//!
//! The guide's caps live here. Each looks at shares of the text, not at its length.

use serde::{Deserialize, Serialize};

use super::blame;
use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::scale::TOP;
use super::whole;
use crate::domain::grade::Dimension;

/// Where a measure begins to tell for a cap, and where it tells in full; falling where the first
/// is the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp(pub usize, pub usize);

impl Ramp {
    /// How much so much tells, in percent.
    pub fn tells(self, measure: usize) -> i32 {
        let Self(from, to) = self;
        let (way, gone) = if from <= to {
            (to - from, measure.saturating_sub(from))
        } else {
            (from - to, from.saturating_sub(measure))
        };
        let percent = match way {
            0 => usize::from(measure >= to) * FULL,
            _ => gone.min(way) * FULL / way,
        };
        i32::try_from(percent).unwrap_or_default()
    }
}

/// The most words quoted for a cap.
const MOST_EVIDENCE: usize = 3;

/// An answer of no more telling words is shown as one that says next to nothing.
const BARE_WORDS: usize = 4;

/// An answer with no more things found at this customer is shown as one that has hardly any.
const FEW_THINGS: usize = 1;

/// A cap that holds in full, in percent.
const FULL: usize = 100;

/// From where to where each cap begins to hold; shares in percent of the words that say something
/// of their own, so that filler hides nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Different words of a placeholder.
    pub different_words: Ramp,
    /// Words of a placeholder that say something.
    pub telling_words: Ramp,
    /// Different words of any kind from which a text that says next to nothing is long and empty, which
    /// is thin, and no placeholder.
    pub placeholder_words: Ramp,
    /// How often fault is put on others …
    pub blames: Ramp,
    /// … with so few ways of the seller's own.
    pub blame_ways: Ramp,
    /// Share of words copied from a prompt.
    pub prompt: Ramp,
    /// A copied prompt with more words of its own than this is more than a copy.
    pub prompt_own_words: Ramp,
    /// Words of the rubric's own vocabulary in a text that is made of them …
    pub rubric_count: Ramp,
    /// … and so many of them in a hundred with persons, numbers and things found there.
    pub rubric_words: Ramp,
    /// … and so many in a hundred with the phrases that fit any deal: where those outweigh them, the
    /// text is generic, not stuffed.
    pub rubric_fluent: Ramp,
    /// Activity words of a text that counts activity …
    pub activity: Ramp,
    /// … and those and numbers, in a hundred with what a plan is made of.
    pub counts: Ramp,
    /// Numbers of a text that is made of them …
    pub numbers: Ramp,
    /// … where so many in a hundred with what a plan is made of leave no room for a thought …
    pub only_numbers: Ramp,
    /// … and so many leave it thin.
    pub many_numbers: Ramp,
    /// Words from outside the deal, in a hundred with those about it.
    pub off_topic: Ramp,
    /// So many halves of different things from elsewhere, or from the seller's own job …
    pub elsewhere: Ramp,
    /// … in a hundred with things of work and trade, are no deal.
    pub elsewhere_share: Ramp,
    /// Sales vocabulary, in a hundred with persons, numbers and things found there.
    pub jargon: Ramp,
    /// Turns to the one who grades: such a text is not about a deal.
    pub to_the_grader: Ramp,
    /// Share of articles after which nothing follows that can: words only strewn.
    pub strewn: Ramp,
    /// Share of all words: names and persons …
    pub names: Ramp,
    /// … with so few words about what is found at the customer …
    pub names_concrete_words: Ramp,
    /// … and so little that moves anyone there.
    pub moves_among_names: Ramp,
    /// So little of what goes wrong for anyone there, of what they want, fear, told or would do.
    pub moves: Ramp,
    /// So many different words of a meeting and its papers …
    pub minutes: Ramp,
    /// … with so few reasons are its minutes.
    pub minutes_reasons: Ramp,
    /// Different words in a hundred own words of a text that turns in circles …
    pub different: Ramp,
    /// … when it has so many own words.
    pub different_own_words: Ramp,
    /// So few different words about what is found at the customer make no solid plan …
    pub concrete_words: Ramp,
    /// … nor do so few in a hundred of the text's own words …
    pub concrete_share: Ramp,
    /// … nor so few different things of work and trade.
    pub trade_words: Ramp,
    /// So few different things found there, whatever they are, leave a text thin …
    pub things: Ramp,
    /// … where there are so few of work and trade.
    pub things_of_trade: Ramp,
    /// Words of an answer that says next to nothing: neither names, numbers nor a word that tells …
    pub bare_words: Ramp,
    /// … and the share of such answers among those that are given.
    pub bare_answers: Ramp,
    /// So few facts in a hundred words would fit any deal.
    pub facts: Ramp,
}

/// Why the whole cannot be rated higher, whatever else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// Too few words to say anything.
    Placeholder,
    /// Many words, and next to nothing said.
    LongEmpty,
    /// The prompt, given back.
    CopiedPrompt,
    /// The words of the rubric without a deal behind them.
    KeywordStuffing,
    /// Counts of activity.
    ActivityCounts,
    /// Numbers without a thought.
    OnlyNumbers,
    /// Not about this deal.
    OffTopic,
    /// Spoken to the one who grades.
    ToTheGrader,
    /// Words without an order.
    Strewn,
    /// Many numbers, little said about them.
    ManyNumbers,
    /// A wall of sales vocabulary.
    JargonWall,
    /// Names, and nothing of what moves the people who bear them.
    OnlyNames,
    /// Nothing of what moves anyone there.
    MovesNobody,
    /// What was done in a meeting, and who sends what to whom after it.
    Minutes,
    /// The same few words again and again.
    Circles,
    /// Said of any deal: hardly a name, a number or a thing in many words.
    FitsAnyDeal,
    /// Next to nothing that is found anywhere.
    NothingFound,
    /// Nothing that could be found at this customer only.
    NothingConcrete,
    /// Half of the questions are answered with next to nothing.
    HalfAnswered,
    /// What stands in the way is for others to change.
    OnlyBlame,
}

impl Cap {
    /// Every cap, the hardest first.
    pub const ALL: [Self; 20] = [
        Self::Placeholder,
        Self::LongEmpty,
        Self::CopiedPrompt,
        Self::KeywordStuffing,
        Self::ActivityCounts,
        Self::OnlyNumbers,
        Self::OffTopic,
        Self::ToTheGrader,
        Self::Strewn,
        Self::ManyNumbers,
        Self::JargonWall,
        Self::OnlyNames,
        Self::Minutes,
        Self::Circles,
        Self::FitsAnyDeal,
        Self::NothingFound,
        Self::MovesNobody,
        Self::NothingConcrete,
        Self::HalfAnswered,
        Self::OnlyBlame,
    ];

    /// Its name as a rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::LongEmpty => "long_empty",
            Self::CopiedPrompt => "copied_prompt",
            Self::KeywordStuffing => "keyword_stuffing",
            Self::ActivityCounts => "activity_counts",
            Self::OnlyNumbers => "only_numbers",
            Self::OffTopic => "off_topic",
            Self::ManyNumbers => "many_numbers",
            Self::JargonWall => "jargon_wall",
            Self::ToTheGrader => "to_the_grader",
            Self::Strewn => "strewn",
            Self::OnlyNames => "only_names",
            Self::MovesNobody => "moves_nobody",
            Self::Minutes => "minutes",
            Self::Circles => "circles",
            Self::FitsAnyDeal => "fits_any_deal",
            Self::NothingFound => "nothing_found",
            Self::NothingConcrete => "nothing_concrete",
            Self::HalfAnswered => "half_answered",
            Self::OnlyBlame => "only_blame",
        }
    }

    /// What it says about the text, as a seller reads it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Placeholder => "there is too little here yet to tell a plan from",
            Self::LongEmpty => "many words, and next to nothing that is told of this deal",
            Self::CopiedPrompt => "this is mostly the question itself",
            Self::KeywordStuffing => "these are words about strategy, without a deal behind them",
            Self::ActivityCounts => "this counts activity, and does not say yet what should change",
            Self::OnlyNumbers => "these are numbers, without what they mean for this customer",
            Self::OffTopic => "this does not seem to be about the deal",
            Self::ManyNumbers => {
                "much of this is numbers, without what they mean for this customer"
            }
            Self::JargonWall => "much of this is sales vocabulary, with few facts behind it",
            Self::ToTheGrader => "this speaks to whoever grades it, not about the customer",
            Self::Strewn => "these words do not make sentences",
            Self::OnlyNames | Self::MovesNobody => {
                "this names people, and does not say yet what moves them"
            }
            Self::Minutes => "these are notes of a meeting, without what should change and why",
            Self::Circles => "this says the same few words over and over",
            Self::FitsAnyDeal => "most of this would fit any deal",
            Self::NothingFound => "hardly anything is told here that is found at a customer",
            Self::NothingConcrete => "little of this could be found only at this customer",
            Self::HalfAnswered => "some questions have next to no answer yet",
            Self::OnlyBlame => "what stands in the way is left to others",
        }
    }

    /// The highest level of the whole.
    pub fn overall(self) -> u8 {
        match self {
            // People call a list of names thin. But it is told by its capitals, and no grade may hang on
            // those.
            Self::OnlyNames
            | Self::MovesNobody
            | Self::NothingConcrete
            | Self::HalfAnswered
            | Self::OnlyBlame => 2,
            Self::ManyNumbers
            | Self::JargonWall
            | Self::Minutes
            | Self::Circles
            | Self::FitsAnyDeal
            | Self::NothingFound => 1,
            _ => 0,
        }
    }

    /// The level of a text of which little but this is left: long and empty is thin, and no placeholder.
    pub fn leaves(self) -> u8 {
        match self {
            Self::LongEmpty => 1,
            _ => self.overall(),
        }
    }

    /// The highest level of a dimension: a list of names may well say who meets whom on which day,
    /// and one who blames others may know the customer well.
    pub fn most(self, dimension: Dimension) -> u8 {
        match (self, dimension) {
            (Self::OnlyNames | Self::MovesNobody | Self::Minutes, Dimension::NextStep) => TOP,
            (Self::OnlyBlame, Dimension::Ownership) => 1,
            (Self::OnlyBlame | Self::HalfAnswered, _) => TOP,
            _ => self.leaves(),
        }
    }

    /// The words that show it.
    fn classes(self) -> &'static [Class] {
        match self {
            Self::ToTheGrader => &[Class::Grader],
            Self::KeywordStuffing => &[Class::RubricWord],
            Self::ActivityCounts => &[Class::Activity],
            Self::OffTopic => &[Class::OffTopic, Class::Elsewhere, Class::OnesJob],
            Self::JargonWall => &[Class::Jargon],
            Self::Minutes => &[Class::Minutes],
            _ => &[],
        }
    }

    /// Words to quote: up to three that show it, or each part from end to end.
    pub fn evidence(self, reading: &Reading) -> Vec<Span> {
        match (self, self.classes()) {
            (Self::OnlyBlame, _) => blame::blame(reading),
            (Self::HalfAnswered, _) => {
                let is_bare = |part: &Span| {
                    whole::telling_words_of(reading, part).is_some_and(|words| words <= BARE_WORDS)
                };
                reading.parts().into_iter().filter(is_bare).collect()
            }
            (Self::NothingConcrete | Self::NothingFound, _) => {
                let parts = reading.parts();
                let is_bare = |part: &&Span| whole::things_in(reading, part) <= FEW_THINGS;
                let bare: Vec<Span> = parts.iter().filter(is_bare).copied().collect();
                if bare.is_empty() { parts } else { bare }
            }
            (_, []) => reading.parts(),
            (_, classes) => {
                let shown = classes.iter().flat_map(|class| reading.of_class(*class));
                shown.take(MOST_EVIDENCE).collect()
            }
        }
    }
}
