//! How much of a text says something of its own: what its length, and the caps, are measured in.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::{Shape, Token};
use crate::domain::strategy::Part;

/// How short texts are made good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brevity {
    /// Texts with so many words of their own, or more, are of usual length.
    pub usual_words: usize,
    /// Percent added to what the shortest text earns.
    pub most_added: i32,
}

/// Classes of words that say nothing of their own.
const NOTHING_OWN: [Class; 9] = [
    Class::Common,
    Class::Placeholder,
    Class::Own,
    Class::They,
    Class::Generic,
    Class::Empty,
    Class::Vague,
    Class::Jargon,
    Class::Hedge,
];

/// How much denser than usual a short text is, in percent added to what it earns.
///
/// A short answer has fewer places in which to show the same thought. Only words that say
/// something count as length, so that filler makes no text longer.
pub fn density(reading: &Reading, brevity: &Brevity) -> i32 {
    let missing = brevity
        .usual_words
        .saturating_sub(own_words(reading))
        .min(brevity.usual_words);
    let share = missing * 100 / brevity.usual_words.max(1);
    i32::try_from(share).unwrap_or_default() * brevity.most_added / 100
}

/// Of words that would fit any deal so many count as one.
const GENERAL_FOR_ONE: usize = 3;

/// How many different words it has.
pub fn different_words(reading: &Reading) -> usize {
    let count = |of: fn(&Token) -> bool| {
        let those = reading.tokens.iter().filter(|token| of(token));
        those
            .map(|token| token.hash)
            .collect::<HashSet<u64>>()
            .len()
    };
    count(|token| !token.echo || token.idle && may_be_found_there(token))
        + count(|token| token.general) / GENERAL_FOR_ONE
}

/// Whether a part is blank, or holds no more than that there is nothing: "none", "no obstacles so
/// far", "nothing as of now".
pub fn says_nothing(reading: &Reading, part: Part) -> bool {
    const NOTHING: [Class; 8] = [
        Class::Common,
        Class::Placeholder,
        Class::Own,
        Class::Hedge,
        Class::Not,
        Class::RubricWord,
        Class::Jargon,
        Class::Empty,
    ];
    let mut words = reading.tokens.iter().filter(|token| token.part == part);
    words.all(|token| NOTHING.iter().any(|class| token.classes.has(*class)))
}

/// How many words say something of their own.
pub fn own_words(reading: &Reading) -> usize {
    reading.tokens.iter().filter(|token| is_own(token)).count()
}

/// How many words say something, if only what would fit any deal; where the first sentence of a part
/// speaks of no deal, what could be found at this customer.
pub fn telling_words(reading: &Reading) -> usize {
    const TELLS_NOTHING: [Class; 5] = [
        Class::Common,
        Class::Placeholder,
        Class::Own,
        Class::They,
        Class::Hedge,
    ];
    let count = |says: fn(&Token) -> bool| {
        let tells = |token: &&Token| {
            says(token) && !TELLS_NOTHING.iter().any(|class| token.classes.has(*class))
        };
        reading.tokens.iter().filter(tells).count()
    };
    count(|token| !token.echo || token.idle && may_be_found_there(token))
        + count(|token| token.general) / GENERAL_FOR_ONE
}

/// "See approach", "as above": words that only point elsewhere are few.
const MOST_WORDS_POINTING: usize = 4;
/// What points elsewhere.
const POINTERS: [&str; 6] = ["see", "above", "below", "same", "ditto", "idem"];

/// How many words of an answer tell something, names and numbers twice; none for what only points
/// elsewhere, such as "see below", and for what is no answer.
pub fn telling_words_of(reading: &Reading, part: &Span) -> Option<usize> {
    const TELLS_NOTHING: [Class; 6] = [
        Class::Common,
        Class::Placeholder,
        Class::Own,
        Class::They,
        Class::Hedge,
        Class::Empty,
    ];
    let tokens = reading.tokens_of(*part);
    let has = |it: &Token, classes: &[Class]| classes.iter().any(|class| it.classes.has(*class));
    let is_answer = tokens
        .first()
        .is_some_and(|it| Part::ANSWERS.contains(&it.part));
    let opening = tokens.first().map(|it| it.sentence);
    let count = tokens
        .iter()
        .take_while(|it| Some(it.sentence) == opening)
        .count();
    let points = count <= MOST_WORDS_POINTING
        && (part.first..part.first + count).any(|index| reading.is_one_of(index, &POINTERS));
    if !is_answer || points {
        return None;
    }
    let heard = || tokens.iter().filter(|it| !it.echo);
    let tells = heard().filter(|it| !has(it, &TELLS_NOTHING)).count();
    let more = heard().filter(|it| it.who || it.shape == Shape::Number);
    Some(tells + more.count())
}

/// Whether a word may stand for a thing, a place, or what goes wrong.
pub fn may_be_found_there(token: &Token) -> bool {
    let found = token.word == 0
        || token.classes.is_matter()
        || token.classes.has(Class::Plain)
        || token.classes.has(Class::Deal)
        || token.classes.has(Class::Trouble);
    token.shape == Shape::Word && found
}

/// Whether a word is neither an everyday word nor a placeholder nor repeated.
pub fn is_own(token: &Token) -> bool {
    !token.echo
        && !NOTHING_OWN
            .into_iter()
            .any(|class| token.classes.has(class))
}

/// Whether a word tells something that is found at this customer, or is a name; not what is said of any
/// firm.
pub fn is_found_here(token: &Token) -> bool {
    is_own(token) && may_be_found_there(token) && !token.classes.has(Class::AnyFirm)
}

/// How many words and numbers of a part tell something found at this customer.
pub fn things_in(reading: &Reading, part: &Span) -> usize {
    let tells = |it: &&Token| is_found_here(it) || !it.echo && it.shape == Shape::Number;
    reading.tokens_of(*part).iter().filter(tells).count()
}

/// How many different words tell something that is found at this customer: things, places, what
/// goes wrong; no names, numbers or words of thinking, nor what is said of any firm.
pub fn concrete_words(reading: &Reading, names: &HashSet<u64>) -> usize {
    let tells = |token: &&Token| is_found_here(token) && !names.contains(&token.hash);
    let told = reading.tokens.iter().filter(tells);
    told.map(|token| token.hash).collect::<HashSet<u64>>().len()
}
