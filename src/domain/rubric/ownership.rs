//! Ownership: an obstacle named honestly, and options the seller can act on.

use super::Signal;
use super::lexicon::Class;
use super::reading::{Reading, Span};

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "obstacle",
        says: "names an obstacle",
        find: obstacle,
    },
    Signal {
        name: "obstacle_who",
        says: "says who stands behind the obstacle",
        find: obstacle_who,
    },
    Signal {
        name: "own_deed",
        says: "has something the seller can do",
        find: own_deed,
    },
    Signal {
        name: "own_deed_who",
        says: "has something the seller can do, with or for a person there",
        find: own_deed_who,
    },
    Signal {
        name: "option",
        says: "has another way open",
        find: option,
    },
    Signal {
        name: "fallback",
        says: "says what happens if it goes otherwise",
        find: fallback,
    },
    Signal {
        name: "arranged",
        says: "has something arranged already",
        find: arranged,
    },
    Signal {
        name: "arranged_who",
        says: "has it arranged with someone",
        find: arranged_who,
    },
    Signal {
        name: "vague",
        says: "says only that one will try or stay close",
        find: vague,
    },
    Signal {
        name: "price_cut",
        says: "gives price away",
        find: price_cut,
    },
    Signal {
        name: "waiting",
        says: "waits for the customer",
        find: waiting,
    },
    Signal {
        name: "blame_opening",
        says: "opens with a question of blame",
        find: blame_opening,
    },
    Signal {
        name: "blame",
        says: "puts the fault on others",
        find: blame,
    },
];

fn obstacle(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Obstacle).collect()
}

fn obstacle_who(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Obstacle)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

/// Where the seller can do something.
pub fn own_deed(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Own)
        .filter_map(|span| {
            let deed = reading
                .after(span.last, 4)
                .take_while(|index| !reading.is(*index, Class::Vague))
                .find(|index| reading.is(*index, Class::Deed))?;
            Some(Span {
                first: span.first,
                last: deed,
            })
        })
        .collect()
}

fn own_deed_who(reading: &Reading) -> Vec<Span> {
    own_deed(reading)
        .into_iter()
        .filter(|span| reading.who_nearby(span.last))
        .collect()
}

fn option(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Option).collect()
}

/// Where something else happens if it goes otherwise.
pub fn fallback(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::If)
        .filter_map(|span| {
            let deed = reading
                .after(span.last, 14)
                .find(|index| reading.is(*index, Class::Own) || reading.is(*index, Class::Deed))?;
            Some(Span {
                first: span.first,
                last: deed,
            })
        })
        .collect()
}

/// Where something is arranged already.
pub fn arranged(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Arranged).collect()
}

fn arranged_who(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Arranged)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

fn vague(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Vague).collect()
}

/// How many ways of the seller's own there are; "if they did their job" is none.
pub fn ways(reading: &Reading, blames: &[Span]) -> usize {
    [
        option(reading),
        fallback(reading),
        own_deed_who(reading),
        arranged_who(reading),
    ]
    .concat()
    .iter()
    .filter(|way| !blames.iter().any(|blame| way.overlaps(blame)))
    .count()
}

/// Fault in so many words, or a department of one's own company that must, should or never does.
pub fn blame(reading: &Reading) -> Vec<Span> {
    let demands = reading.of_class(Class::OwnHouse).filter_map(|span| {
        let last = reading
            .after(span.last, 3)
            .find(|index| reading.is(*index, Class::Demands))?;
        Some(Span {
            first: span.first,
            last,
        })
    });
    let mut blames: Vec<Span> = reading.of_class(Class::Blame).chain(demands).collect();
    blames.sort_by_key(|span| (span.first, span.last));
    blames.dedup_by(|next, kept| next.first <= kept.last);
    blames
}

fn price_cut(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Price).collect()
}

fn waiting(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Waits).collect()
}

fn blame_opening(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::WhyThey).collect()
}
