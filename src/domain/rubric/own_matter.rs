//! A matter of the seller's own: one's laptop, kitchen, travel claim or child, told as if it were a plan.
//!
//! Which things they are says little, since a customer may make any of them. Whose they are says much:
//! "my desk stands by the lift" has the seller's own at the head of what is told, "SIMs in my van" has not.

use std::collections::HashSet;

use super::lexicon::Class;
use super::reading::{Reading, Span};

/// The most words between "my" and the thing: "my own work laptop".
const WORDS_TO_THE_THING: usize = 3;

/// What is told of the seller's own weighs as much as so many words from elsewhere …
const TOLD_OF: usize = 7;
/// … and what is only spoken of as much as one.
const SPOKEN_OF: usize = 1;

/// How many words from elsewhere the different things weigh that are called the seller's own.
pub fn weight(reading: &Reading) -> usize {
    let mut told = HashSet::new();
    let mut spoken = HashSet::new();
    for (owner, thing) in things(reading) {
        let word = reading.words(thing);
        spoken.insert(word);
        if heads_a_clause(reading, owner) {
            told.insert(word);
        }
    }
    TOLD_OF * told.len() + SPOKEN_OF * (spoken.len() - told.len())
}

/// "My laptop", "our own kitchen": who owns it, and the thing.
fn things<'r>(reading: &'r Reading) -> impl Iterator<Item = (usize, Span)> + 'r {
    reading.of_class(Class::OnesOwn).filter_map(|thing| {
        let owner = reading
            .before(thing.first, WORDS_TO_THE_THING)
            .take_while(|at| !reading.is_apart(at + 1))
            .find(|at| reading.is(*at, Class::Joint) || reading.is(*at, Class::Own))?;
        reading
            .is_one_of(owner, &["my", "our"])
            .then_some((owner, thing))
    })
}

/// Whether the clause is about it: "my flat", "and my desk now", no "I and my wife", no "on my trailer".
fn heads_a_clause(reading: &Reading, owner: usize) -> bool {
    let mut before = reading.before(owner, 2);
    let Some(nearest) = before.next() else {
        return true;
    };
    let opens = ["and", "but", "so", "because", "while", "since"];
    let joins = reading.is_one_of(nearest, &opens);
    let mut with_me = || before.next().is_some_and(|at| reading.is(at, Class::Own));
    reading.is_apart(owner) || joins && !with_me()
}
