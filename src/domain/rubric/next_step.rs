//! Next step: something that will happen, with who and when.

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

fn ahead<'r>(reading: &'r Reading) -> impl Iterator<Item = &'r When> {
    reading.times.iter().filter(|time| !time.past)
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
