//! Sentences that say nothing about a deal, whichever words they use to do so.
//!
//! Filler cannot be listed. It is told by what it lacks: a person, a number, a time, a word of the
//! trade, and more than a few words that are not everyday ones.

use super::lexicon::Class;
use super::tokens::{Shape, Token};
use super::whole::is_own;

/// A sentence of everyday words says nothing when it is at least so long …
const IDLE_WORDS: usize = 6;

/// … and holds one word of its own in so many …
const IDLE_SHARE: usize = 3;

/// … none of them a time, and none that speaks for or against a text by itself …
const NEVER_IDLE: [Class; 14] = [
    Class::Weekday,
    Class::Month,
    Class::Soon,
    Class::Season,
    Class::Generic,
    Class::Jargon,
    Class::Activity,
    Class::OffTopic,
    Class::Pitch,
    Class::Close,
    Class::Vague,
    Class::Blame,
    Class::OwnHouse,
    Class::Price,
];

/// … nor what binds it to a deal, other than by an everyday word.
const BINDS_TO_A_DEAL: [Class; 6] = [
    Class::Role,
    Class::Title,
    Class::Person,
    Class::Trouble,
    Class::Stake,
    Class::Deal,
];

/// Whether a sentence says nothing that could count for or against a strategy.
pub fn is_idle(sentence: &[Token]) -> bool {
    let own = sentence.iter().filter(|token| is_own(token)).count();
    let any =
        |token: &Token, classes: &[Class]| classes.iter().any(|class| token.classes.has(*class));
    let binds = |token: &Token| {
        token.who
            || token.shape != Shape::Word
            || any(token, &NEVER_IDLE)
            || (any(token, &BINDS_TO_A_DEAL) && !token.classes.has(Class::Common))
    };
    sentence.len() >= IDLE_WORDS
        && own * IDLE_SHARE <= sentence.len()
        && !sentence.iter().any(binds)
}

/// Whether a sentence speaks of a deal: of a person, a number, a time, the customer or the trade.
pub fn speaks_of_a_deal(sentence: &[Token]) -> bool {
    sentence.iter().any(|token| {
        let has = |classes: &[Class]| classes.iter().any(|class| token.classes.has(*class));
        token.who
            || token.shape == Shape::Number
            || has(&NEVER_IDLE)
            || (has(&BINDS_TO_A_DEAL) && !token.classes.has(Class::Common))
    })
}
