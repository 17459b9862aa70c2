//! Which of the times told are steps of this plan: not what happened, nor until when another way would
//! have taken, nor by when a customer must be done with something of their own.

use std::collections::HashSet;

use super::dates::{Exact, When};
use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::{goal, ownership};

/// The most words between a day and the hour that belongs to it: "Mon 9th at about 7am".
const WORDS_TO_ITS_DAY: usize = 3;

/// The most words of a clause that are looked at.
const WORDS_OF_A_CLAUSE: usize = 12;

/// What happened, where the word has no ending to tell it by.
const HAPPENED: [&str; 24] = [
    "ran", "went", "took", "gave", "made", "sold", "bought", "paid", "fell", "rose", "won", "saw",
    "found", "held", "kept", "left", "sent", "spent", "stood", "began", "did", "met", "had", "hit",
];

/// What an other way would do with the time.
const WOULD_TAKE: [&str; 8] = [
    "take", "mean", "cost", "last", "drag", "slip", "delay", "need",
];

/// The same times, each told apart: whether it is over, and whether it can be a step of this plan.
pub fn told_apart(reading: &Reading) -> Vec<When> {
    let meant = sentences_with_a_doer(reading);
    let of_people: HashSet<u32> = reading
        .tokens
        .iter()
        .filter(|it| it.who)
        .map(|it| it.sentence)
        .collect();
    let days: HashSet<usize> = of_days(reading).map(|span| span.last).collect();
    let told_apart = |time: &When| {
        let Span { first, last } = time.span;
        let is_day = time.exact == Exact::Day;
        let past = time.past || !is_day && is_over(reading, first);
        let is_of_a_day = || {
            let near = reading.before(first, WORDS_TO_ITS_DAY);
            let near = near.chain(reading.after(last, WORDS_TO_ITS_DAY));
            time.exact == Exact::Clock && near.into_iter().any(|at| days.contains(&at))
        };
        let sentence = reading.tokens.get(first).map(|it| it.sentence);
        let is_meant = is_day
            || sentence.is_some_and(|it| meant.contains(&it) || !of_people.contains(&it))
                && !is_of_a_thing(reading, time)
            || is_of_a_day();
        When {
            past,
            step: !past && is_meant && !would_take(reading, first),
            ..*time
        }
    };
    reading.times.iter().map(told_apart).collect()
}

/// The sentences in which the seller does something, or someone there does something for the plan.
fn sentences_with_a_doer(reading: &Reading) -> HashSet<u32> {
    let subject = |span: &Span| !reading.is_one_of(span.first, &["me", "us"]);
    let own = reading.of_class(Class::Own).filter(subject);
    let acted = [
        goal::decides(reading),
        goal::they_decide(reading),
        ownership::own_deed(reading),
    ];
    let spans = own.chain(acted.into_iter().flatten());
    let sentence = |span: Span| reading.tokens.get(span.last).map(|it| it.sentence);
    spans.filter_map(sentence).collect()
}

fn of_days<'r>(reading: &'r Reading) -> impl Iterator<Item = Span> + 'r {
    let days = reading.times.iter().filter(|it| it.exact == Exact::Day);
    days.map(|it| it.span)
}

/// The words of a clause before this one, nearest first.
fn clause_before(reading: &Reading, index: usize) -> impl Iterator<Item = usize> {
    const OPENS: [&str; 7] = ["because", "but", "so", "which", "and", "if", "that"];
    let mut parted = reading.is_apart(index);
    reading
        .before(index, WORDS_OF_A_CLAUSE)
        .take_while(move |before| {
            let is_in = !parted && !reading.is_one_of(*before, &OPENS);
            parted |= reading.is_apart(*before);
            is_in
        })
}

/// "Ran dry for a weekend in January", "cited them after a fall in June": told of what is over.
fn is_over(reading: &Reading, index: usize) -> bool {
    clause_before(reading, index).any(|at| {
        let helped = || {
            reading.before(at, 2).any(|before| {
                reading.is(before, Class::Modal)
                    || reading.is_one_of(
                        before,
                        &["have", "be", "get", "gets", "are", "i've", "we've"],
                    )
            })
        };
        // "By the agreed date in June": of a thing.
        let of_a_thing = || {
            reading
                .before(at, 1)
                .any(|it| reading.is(it, Class::Article))
        };
        reading.is_one_of(at, &HAPPENED)
            || reading.ends(at, Ending::Ed) && !helped() && !of_a_thing()
    })
}

/// "The 6am phone calls", "her 6am round": a time of day that only tells which.
fn is_of_a_thing(reading: &Reading, time: &When) -> bool {
    let owns = |before: usize| {
        reading.is(before, Class::Article) || reading.is_one_of(before, &["his", "her", "their"])
    };
    let goes_on = |next: usize| !reading.is_apart(next) && !reading.is(next, Class::Joint);
    time.exact == Exact::Clock
        && reading.before(time.span.first, 1).any(owns)
        && reading.after(time.span.last, 1).any(goes_on)
}

/// "It would take until May": how long another way would have been.
fn would_take(reading: &Reading, index: usize) -> bool {
    clause_before(reading, index).any(|at| {
        reading.is(at, Class::Would)
            && reading
                .after(at, 2)
                .any(|deed| reading.is_one_of(deed, &WOULD_TAKE))
    })
}
