//! Next step: something that will happen, with who and when.

use std::collections::HashSet;

use super::dates::{Exact, When};
use super::goal;
use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::{CHECK_DATE, DATE_WHO, Signal};

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "day",
        says: "names a day",
        find: day,
    },
    Signal {
        name: "clock",
        says: "names a time of day",
        find: clock,
    },
    Signal {
        name: "month",
        says: "names a month or a season ahead",
        find: coarse,
    },
    Signal {
        name: "deadline",
        says: "says by when",
        find: deadline,
    },
    Signal {
        name: "day_who",
        says: "says who will do something on that day",
        find: day_who,
    },
    Signal {
        name: "day_own",
        says: "says what you do on that day",
        find: day_own,
    },
    Signal {
        name: "day_theirs",
        says: "says what someone there does on that day, or where you meet",
        find: day_theirs,
    },
    Signal {
        name: "day_deed",
        says: "says what happens on that day",
        find: day_deed,
    },
    Signal {
        name: CHECK_DATE,
        says: "sets a date to know by",
        find: |_| Vec::new(),
    },
    Signal {
        name: DATE_WHO,
        says: "says who does what until the date that is set",
        find: date_who,
    },
    Signal {
        name: "meet",
        says: "has a meeting in sight",
        find: meet,
    },
];

/// The most words of a note that tells a day and hardly more: "Fri 2pm, her crib room".
const WORDS_OF_A_NOTE: usize = 7;

fn ahead<'r>(reading: &'r Reading) -> impl Iterator<Item = &'r When> {
    reading.times.iter().filter(|time| time.step)
}

fn days(reading: &Reading) -> impl Iterator<Item = Span> {
    ahead(reading)
        .filter(|time| time.exact != Exact::Coarse)
        .map(|time| time.span)
}

fn day(reading: &Reading) -> Vec<Span> {
    ahead(reading)
        .filter(|time| time.exact == Exact::Day)
        .map(|time| time.span)
        .collect()
}

fn clock(reading: &Reading) -> Vec<Span> {
    ahead(reading)
        .filter(|time| time.exact == Exact::Clock)
        .map(|time| time.span)
        .collect()
}

fn coarse(reading: &Reading) -> Vec<Span> {
    ahead(reading)
        .filter(|time| time.exact == Exact::Coarse)
        .map(|time| time.span)
        .collect()
}

fn deadline(reading: &Reading) -> Vec<Span> {
    ahead(reading)
        .filter_map(|time| {
            let by = reading
                .before(time.span.first, 2)
                .find(|index| reading.is(*index, Class::Before))?;
            Some(Span {
                first: by,
                last: time.span.last,
            })
        })
        .collect()
}

fn day_who(reading: &Reading) -> Vec<Span> {
    days(reading)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

fn day_own(reading: &Reading) -> Vec<Span> {
    days(reading)
        .filter(|span| reading.nearby(span.first, Class::Own))
        .collect()
}

/// "Weds 7am on site: Gary picks which digger", "Fri 2pm, her crib room": what is done on that day with no
/// word of the seller.
fn day_theirs(reading: &Reading) -> Vec<Span> {
    let sentence = |index: usize| reading.tokens.get(index).map(|it| it.sentence);
    let decided: HashSet<Option<u32>> = goal::decides(reading)
        .iter()
        .map(|span| sentence(span.last))
        .collect();
    ahead(reading)
        .filter(|time| time.exact == Exact::Day)
        .map(|time| time.span)
        .filter(|span| !reading.nearby(span.first, Class::Own))
        .filter(|span| decided.contains(&sentence(span.first)) || is_note(reading, span))
        .collect()
}

/// A few words, none of which is a verb of theirs, that open or end on the day.
fn is_note(reading: &Reading, day: &Span) -> bool {
    const OF_OTHERS: [Class; 8] = [
        Class::Modal,
        Class::Past,
        Class::Said,
        Class::Wants,
        Class::They,
        Class::Pitch,
        Class::Trouble,
        Class::Not,
    ];
    let before = reading.before(day.first, WORDS_OF_A_NOTE + 1);
    let after = reading.after(day.last, WORDS_OF_A_NOTE + 1);
    let around: Vec<usize> = before.chain(after).collect();
    let at_an_end =
        reading.before(day.first, 2).count() < 2 || reading.after(day.last, 1).next().is_none();
    // "More tomorrow" closes a remark.
    at_an_end
        && !reading.is(day.first, Class::Soon)
        && (1..=WORDS_OF_A_NOTE).contains(&around.len())
        && !around
            .iter()
            .any(|at| OF_OTHERS.iter().any(|class| reading.is(*at, *class)))
}

fn day_deed(reading: &Reading) -> Vec<Span> {
    const DEEDS: [Class; 4] = [Class::Deed, Class::Arranged, Class::Acts, Class::Meet];
    days(reading)
        .filter(|span| DEEDS.iter().any(|class| reading.nearby(span.first, *class)))
        .collect()
}

/// Whoever decides, says or does something first, where the date field is filled in.
fn date_who(reading: &Reading) -> Vec<Span> {
    let is_dated = reading.answers.check_on.is_some();
    let decided = is_dated.then(|| goal::decides(reading));
    decided.into_iter().flatten().take(1).collect()
}

fn meet(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Meet).collect()
}
