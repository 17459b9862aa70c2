//! Customer: their own goal or problem, in their terms, and the persons who own it.

use super::Signal;
use super::lexicon::Class;
use super::people;
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::tokens::Shape;

/// A number is a fact only in a sentence that says something about it.
const FACT_SENTENCE_WORDS: usize = 5;

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "role",
        says: "says who, by role",
        find: people::roles,
    },
    Signal {
        name: "person",
        says: "points at one person there",
        find: people::one_person,
    },
    Signal {
        name: "trouble",
        says: "names what goes wrong for them",
        find: trouble,
    },
    Signal {
        name: "felt_trouble",
        says: "says whom the problem hurts",
        find: felt_trouble,
    },
    Signal {
        name: "fact",
        says: "gives a number and what it means",
        find: fact,
    },
    Signal {
        name: "said",
        says: "says what the customer told",
        find: said,
    },
    Signal {
        name: "wants",
        says: "says what a person there wants or must do",
        find: wants,
    },
    Signal {
        name: "feels",
        says: "knows how a person there thinks",
        find: feels,
    },
    Signal {
        name: "stake",
        says: "says what is at stake",
        find: stake,
    },
    Signal {
        name: "happened",
        says: "tells what happened, and when",
        find: happened,
    },
];

fn trouble(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Trouble).collect()
}

fn felt_trouble(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Trouble)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

fn fact(reading: &Reading) -> Vec<Span> {
    let is_time = |index: usize| {
        let next = reading
            .times
            .partition_point(|time| time.span.first <= index);
        let time = next.checked_sub(1).and_then(|last| reading.times.get(last));
        time.is_some_and(|time| index <= time.span.last)
    };
    let mut facts = Vec::new();
    for sentence in reading.sentences() {
        let mut words = 0;
        let mut links = false;
        let mut numbers = Vec::new();
        for index in sentence.first..=sentence.last {
            let Some(token) = reading.tokens.get(index) else {
                continue;
            };
            match token.shape {
                Shape::Number if !token.echo => numbers.push(index),
                Shape::Word if is_amount(reading, index) => {
                    words += 1;
                    numbers.push(index);
                }
                Shape::Word => words += 1,
                _ => {}
            }
            links |= token.classes.has(Class::Common);
        }
        if words >= FACT_SENTENCE_WORDS && links && !tells_of_ours(reading, sentence) {
            let ours = words_of_ours(reading, sentence);
            facts.extend(
                numbers
                    .into_iter()
                    .filter(|at| *at >= sentence.first + ours),
            );
        }
    }
    facts.retain(|index| !is_time(*index));
    facts
        .into_iter()
        .map(|index| with_next_word(reading, index))
        .collect()
}

/// "Our pump uses 30% less energy": a feature, and nothing about the customer.
fn tells_of_ours(reading: &Reading, sentence: Span) -> bool {
    let of_them = |index| reading.is_who(index) || reading.is(index, Class::They);
    reading.is_one_of(sentence.first, &["our", "ours"])
        && !(sentence.first..=sentence.last).any(of_them)
}

/// "I'll send three cracking CVs so she sees the quality": how many words a sentence begins with that
/// tell what the seller will do, and no fact of the customer.
fn words_of_ours(reading: &Reading, sentence: Span) -> usize {
    const WORDS_OF_A_DEED: usize = 7;
    let first = sentence.first;
    let will = reading.is_one_of(first, &["i'll", "we'll", "i’ll", "we’ll", "i'd", "i’d"])
        || reading.is_one_of(first, &["i", "we"])
            && reading.after(first, 1).any(|next| {
                reading.is(next, Class::Modal)
                    || reading.is(next, Class::Deed) && reading.ends(next, Ending::Other)
            });
    if will { WORDS_OF_A_DEED } else { 0 }
}

/// "Loses two bookings": a number in words that tells how much, not when or how many ways.
fn is_amount(reading: &Reading, index: usize) -> bool {
    let counted =
        |next: usize| !reading.is(next, Class::Common) && !reading.is(next, Class::RubricWord);
    reading.is(index, Class::Amount)
        && !reading.is_echo(index)
        && !reading
            .before(index, 1)
            .any(|before| reading.is(before, Class::Before))
        && reading.after(index, 1).any(counted)
}

fn with_next_word(reading: &Reading, index: usize) -> Span {
    Span {
        first: index,
        last: reading.after(index, 1).next().unwrap_or(index),
    }
}

/// What a person there told.
pub fn said(reading: &Reading) -> Vec<Span> {
    by_someone(reading, Class::Said, 3)
}

/// What a person there wants or must do.
pub fn wants(reading: &Reading) -> Vec<Span> {
    by_someone(reading, Class::Wants, 4)
}

/// How a person there thinks.
pub fn feels(reading: &Reading) -> Vec<Span> {
    by_someone(reading, Class::Feels, 4)
}

/// Words of a class with a person shortly before them.
fn by_someone(reading: &Reading, class: Class, within: usize) -> Vec<Span> {
    reading
        .of_class(class)
        .filter_map(|span| {
            let who = reading
                .before(span.first, within)
                .find(|index| reading.is_who(*index))?;
            Some(Span {
                first: who,
                last: span.last,
            })
        })
        .collect()
}

fn stake(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Stake).collect()
}

fn happened(reading: &Reading) -> Vec<Span> {
    reading
        .times
        .iter()
        .filter(|time| time.past)
        .map(|time| time.span)
        .collect()
}
