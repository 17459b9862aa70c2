//! What another answer names, taken up again to say more of it, as notes do: the aim is "a yes to three
//! loggers, cellar B only", and the way begins "Cellar B: dampest, and the council has keys".

use super::intent;
use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::Shape;

/// The most words of the clause that takes something up.
const WORDS_TAKEN_UP: usize = 4;

/// So many words after it say more of it.
const FEWEST_SAID: usize = 2;

/// Where an answer opens with a thing that stands in another, alone in its clause, and goes on.
pub fn taken_up(reading: &Reading) -> Vec<Span> {
    let parts = reading.parts();
    let taken = parts.iter().filter_map(|part| {
        let ends = (part.first + 1..=part.last)
            .take(WORDS_TAKEN_UP)
            .find(|at| reading.is_apart(*at) || goes_on(reading, *at))?;
        let is_said_of = part.last + 1 >= ends + FEWEST_SAID;
        let elsewhere = |word: &str| {
            let others = parts.iter().filter(|other| other.first != part.first);
            others
                .flat_map(|other| other.first..=other.last)
                .any(|at| stem(reading, at) == word)
        };
        let last = (part.first..ends)
            .rev()
            .find(|at| is_thing(reading, *at) && elsewhere(&stem(reading, *at)))?;
        is_said_of.then_some(Span {
            first: part.first,
            last,
        })
    });
    taken.take(1).collect()
}

/// Whether a new sentence, an arrow or a reason begins here.
fn goes_on(reading: &Reading, index: usize) -> bool {
    let is_arrow = reading.is_shape(index, Shape::Arrow);
    is_arrow
        || reading.is(index, Class::Reason)
        || index > 0 && !reading.same_sentence(index - 1, index)
}

/// A thing that no list knows or that is of work; nobody, no day, and nothing that is shown or sold.
fn is_thing(reading: &Reading, index: usize) -> bool {
    const NONE: [Class; 5] = [
        Class::Deal,
        Class::Pitch,
        Class::Generic,
        Class::Jargon,
        Class::AnyFirm,
    ];
    intent::is_noun(reading, index)
        && !reading.is_who(index)
        && !reading.is_echo(index)
        && !NONE.iter().any(|class| reading.is(index, *class))
}

/// The word without the ending of many.
fn stem(reading: &Reading, index: usize) -> String {
    let word = reading.word(index).to_lowercase();
    match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one.to_owned(),
        _ => word,
    }
}
