//! Sentences that say nothing about a deal, whichever words they use to do so.
//!
//! Filler cannot be listed. It is told by what it lacks: a person, a number, a time, a question, a
//! word of the trade.

use super::lexicon::Class;
use super::tokens::{Shape, Token};

/// What binds a sentence to a deal, or speaks for or against a text by itself …
const BINDS: [Class; 13] = [
    Class::Weekday,
    Class::Month,
    Class::Soon,
    Class::Season,
    Class::Jargon,
    Class::OffTopic,
    Class::Pitch,
    Class::Close,
    Class::Vague,
    Class::Blame,
    Class::OwnHouse,
    Class::House,
    Class::Price,
];

/// … and what does so other than by an everyday word.
const BINDS_UNLESS_COMMON: [Class; 8] = [
    Class::Generic,
    Class::Activity,
    Class::Role,
    Class::Title,
    Class::Person,
    Class::Trouble,
    Class::Stake,
    Class::Deal,
];

/// Whether a sentence speaks of a deal; one that does not counts neither for nor against it.
pub fn speaks_of_a_deal(sentence: &[Token]) -> bool {
    sentence.iter().any(|token| {
        let has = |classes: &[Class]| classes.iter().any(|class| token.classes.has(*class));
        token.who
            || token.shape != Shape::Word
            || has(&BINDS)
            || (has(&BINDS_UNLESS_COMMON) && !token.classes.has(Class::Common))
    })
}
