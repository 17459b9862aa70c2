//! A matter of the seller's own: one's laptop, kitchen, travel claim or child, told as if it were a plan.
//!
//! Which things they are says little, since a customer may make any of them. Whose they are says much:
//! "my desk stands by the lift" has the seller's own at the head of what is told, "SIMs in my van" has not.

use std::collections::{HashMap, HashSet};

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::Shape;

/// The most words between "my" and the thing: "my own work laptop".
const WORDS_TO_THE_THING: usize = 3;

/// The most words between a helper and what is done: "my brother will gladly bring".
const WORDS_TO_A_DEED: usize = 3;

/// What an answer begins with, of the seller's own, weighs as much as so many words from elsewhere …
const BEGINS_WITH: usize = 7;
/// … what a later clause is about too, where no answer begins with somebody else's trouble …
const TOLD_OF: usize = 7;
/// … and what is only spoken of as much as one.
const SPOKEN_OF: usize = 1;

/// How many words from elsewhere the different things weigh that are called the seller's own.
pub fn weight(reading: &Reading) -> usize {
    let parts = reading.parts();
    let begins = |at: usize| {
        let mut parts = parts.iter();
        parts.any(|part| reading.same_sentence(part.first, at))
    };
    let of_others = parts.iter().any(|part| begins_with_others(reading, part));
    let mut weights: HashMap<u64, usize> = HashMap::new();
    let mut owners = HashSet::new();
    for (owner, thing) in things(reading) {
        // "My brother's kitchen" is one thing.
        if !owners.insert(owner) {
            continue;
        }
        let is_about = heads_a_clause(reading, owner) && !lends_a_hand(reading, &thing);
        let weight = match () {
            () if is_about && begins(owner) => BEGINS_WITH,
            () if is_about && !of_others => TOLD_OF,
            () => SPOKEN_OF,
        };
        let most = weights.entry(reading.words(thing)).or_default();
        *most = weight.max(*most);
    }
    weights.values().sum()
}

/// "40 test drives a week are lost", "phones ring out 30 times, receptionist Noor cries": a number and
/// someone, or what goes wrong, with no word of the seller.
fn begins_with_others(reading: &Reading, part: &Span) -> bool {
    let words = || (part.first..=part.last).take_while(|at| reading.same_sentence(part.first, *at));
    let is_number = |at: usize| reading.is_shape(at, Shape::Number);
    let is_told = |at: usize| reading.is_who(at) || reading.is(at, Class::Trouble);
    words().any(is_number) && words().any(is_told) && !words().any(|at| reading.is(at, Class::Own))
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

/// "My wife drives the third one up": who does something for the plan is no matter of its own.
fn lends_a_hand(reading: &Reading, thing: &Span) -> bool {
    let mut after = reading.after(thing.last, WORDS_TO_A_DEED);
    reading.is(thing.first, Class::Role) && after.any(|at| reading.is(at, Class::Deed))
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
