//! Who: roles, titles, names, he and she. How a name is known stands in [`super::naming`].

use std::collections::HashSet;

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::tokens::{Shape, Token};

/// How far before a role of many it is told whose they are.
const WORDS_TO_WHOSE: usize = 3;

/// How far after a name and its standing it is told what they do or want.
const WORDS_OF_A_SAYING: usize = 5;

/// Persons known by their standing: roles, titles, names of which it is told; "my manager" is
/// nobody at the customer.
pub fn roles(reading: &Reading) -> Vec<Span> {
    let is_ours = |span: &Span| {
        let mut before = reading.before(span.first, 1);
        before.any(|index| reading.is(index, Class::Own))
    };
    let listed = reading.of_class(Class::Role);
    let stands = reading
        .of_maybe_role()
        .chain(listed)
        .filter(|span| !is_ours(span))
        .chain(reading.of_class(Class::Title))
        .filter(|span| !reading.is_in_standing(span) && !is_of_any_firm(reading, span));
    let mut roles: Vec<Span> = stands.chain(reading.standings.iter().copied()).collect();
    roles.sort_by_key(|span| (span.first, span.last));
    roles.dedup_by_key(|span| span.first);
    roles
}

/// "Senior officers", "public sector buyers": many of whom nothing tells whose they are.
fn is_of_any_firm(reading: &Reading, span: &Span) -> bool {
    let is_many = reading.ends(span.last, Ending::S) && reading.is(span.last, Class::Role);
    let tells_whose = |at: usize| {
        const WHOSE: [Class; 4] = [Class::Article, Class::They, Class::Person, Class::Amount];
        let is_number = |it: &Token| it.shape == Shape::Number;
        WHOSE.iter().any(|class| reading.is(at, *class))
            || reading.tokens.get(at).is_some_and(is_number)
            || reading.is_apart(at)
    };
    is_many && !reading.before(span.first, WORDS_TO_WHOSE).any(tells_whose)
}

/// He, she, her: someone who was spoken of before; or a name with its standing, where anything is
/// said of them: a list of contacts speaks of nobody.
pub fn one_person(reading: &Reading) -> Vec<Span> {
    const SAYS_OF_THEM: [Class; 5] = [
        Class::Wants,
        Class::Feels,
        Class::Said,
        Class::Trouble,
        Class::Acts,
    ];
    let is_spoken_of = |span: &&Span| {
        let about = |index: usize| SAYS_OF_THEM.iter().any(|class| reading.is(index, *class));
        reading.after(span.last, WORDS_OF_A_SAYING).any(about)
    };
    let named = reading.standings.iter().filter(is_spoken_of).copied();
    let mut spoken_of: Vec<Span> = reading.of_class(Class::Person).chain(named).collect();
    spoken_of.sort_by_key(|span| span.first);
    spoken_of
}

/// The words that say who, wherever they stand; a capital in mid-sentence tells a name that does
/// nothing, so that a list of names is not taken for things found at the customer.
pub fn names(reading: &Reading) -> HashSet<u64> {
    let (mut who, mut capital, mut plain) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut sentence = None;
    for (index, token) in reading.tokens.iter().enumerate() {
        let opens = sentence != Some(token.sentence);
        sentence = Some(token.sentence);
        let word = reading.quote(Span {
            first: index,
            last: index,
        });
        let is_capital = word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase);
        if token.who {
            who.insert(token.hash);
        } else if !is_capital {
            plain.insert(token.hash);
        } else if !opens && token.is_unheard() {
            capital.insert(token.hash);
        }
    }
    who.extend(capital.difference(&plain));
    who
}
