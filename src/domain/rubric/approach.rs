//! Approach: how to get there, why that way suits this customer, and what was put aside.

use super::Signal;
use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::Shape;

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "reason",
        says: "gives a reason",
        find: reason,
    },
    Signal {
        name: "reason_who",
        says: "gives a reason that lies in a person there",
        find: reason_who,
    },
    Signal {
        name: "rejected",
        says: "puts an alternative aside",
        find: rejected,
    },
    Signal {
        name: "contrast",
        says: "weighs one thing against another",
        find: contrast,
    },
    Signal {
        name: "compare",
        says: "says what is better, and than what",
        find: compare,
    },
    Signal {
        name: "would",
        says: "thinks through what would happen",
        find: would,
    },
    Signal {
        name: "would_who",
        says: "thinks through what a person there would do",
        find: would_who,
    },
    Signal {
        name: "if",
        says: "says what depends on what",
        find: condition,
    },
    Signal {
        name: "narrow",
        says: "chooses where to begin",
        find: narrow,
    },
    Signal {
        name: "not",
        says: "says what will not be done or is not so",
        find: not,
    },
    Signal {
        name: "therefore",
        says: "draws a conclusion",
        find: therefore,
    },
];

/// Where a reason is given.
pub fn reason(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Reason).collect()
}

fn reason_who(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Reason)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

/// Where an alternative is put aside.
pub fn rejected(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Reject).collect()
}

fn contrast(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Contrast).collect()
}

/// Where something is better than something else.
pub fn compare(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Compare).collect()
}

fn would(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Would).collect()
}

fn would_who(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Would)
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

fn condition(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::If).collect()
}

fn narrow(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Narrow).collect()
}

fn not(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Not).collect()
}

fn therefore(reading: &Reading) -> Vec<Span> {
    let marks = reading.tokens.iter().enumerate();
    marks
        .filter(|(index, token)| {
            token.shape == Shape::Arrow && reading.before(*index, 2).count() == 2
        })
        .map(|(index, _)| Span {
            first: index,
            last: index,
        })
        .collect()
}
