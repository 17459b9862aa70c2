//! Approach: how to get there, why that way suits this customer, and what was put aside.

use super::Signal;
use super::intent;
use super::lexicon::Class;
use super::put_aside::rejected;
use super::reading::{Reading, Span, disjoint};
use super::taken_up::taken_up;
use super::tokens::Shape;

/// How far apart at most the two stand that are weighed against each other.
const WORDS_TO_AN_OPPOSITE: usize = 10;

/// How far at most the seller stands before a "not" of their own.
const WORDS_TO_A_DOER: usize = 3;

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
        says: "says what you will not do, or what is not so",
        find: not,
    },
    Signal {
        name: "taken_up",
        says: "says more of a thing that another answer names",
        find: taken_up,
    },
    Signal {
        name: "therefore",
        says: "draws a conclusion",
        find: therefore,
    },
];

/// Where a reason is given.
pub fn reason(reading: &Reading) -> Vec<Span> {
    let given = reading
        .of_class(Class::Reason)
        .filter(|span| !is_since_when(reading, span));
    let mut reasons: Vec<Span> = given.chain(so(reading)).collect();
    reasons.sort_by_key(|span| (span.first, span.last));
    reasons
}

/// "Open since Feb", "since the 9th", "since last spring": a time, and no reason.
fn is_since_when(reading: &Reading, span: &Span) -> bool {
    const TIMES: [Class; 5] = [
        Class::Month,
        Class::MaybeDay,
        Class::Weekday,
        Class::Season,
        Class::Soon,
    ];
    let is_time = |at: usize| {
        TIMES.iter().any(|class| reading.is(at, *class))
            || reading.is_shape(at, Shape::Number)
            || reading.is_one_of(at, &["last", "then"])
    };
    reading.is_one_of(span.last, &["since"])
        && reading
            .after(span.last, 2)
            .find(|at| !reading.is(*at, Class::Article))
            .is_none_or(is_time)
}

/// "He expects the worst there, so the result counts double".
fn so(reading: &Reading) -> impl Iterator<Item = Span> {
    const NO_CONCLUSION: [&str; 10] = [
        "far", "much", "many", "long", "on", "to", "what", "called", "good", "please",
    ];
    (0..reading.tokens.len()).filter_map(|index| {
        let joins = reading.is_apart(index)
            && reading.is_one_of(index, &["so"])
            && reading.before(index, 2).count() == 2
            && !reading.is_echo(index)
            && !reading.is(index, Class::Reason)
            && reading.mark_at(Class::Reason, index).is_none();
        let next = reading.after(index, 1).next().filter(|_| joins)?;
        (!reading.is_apart(next)
            && !reading.is_one_of(next, &NO_CONCLUSION)
            && reading.after(next, 1).next().is_some())
        .then_some(Span {
            first: index,
            last: next,
        })
    })
}

fn reason_who(reading: &Reading) -> Vec<Span> {
    reason(reading)
        .into_iter()
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

fn contrast(reading: &Reading) -> Vec<Span> {
    // "Is not in support" stands against nothing, unless a reason or another follows.
    let goes_on = |span: &Span| {
        let mut after = reading.after(span.last, WORDS_TO_AN_OPPOSITE);
        after.any(|at| reading.is(at, Class::Reason) || reading.is_one_of(at, &["but"]))
    };
    let against = reading
        .of_class(Class::Contrast)
        .filter(|span| !is_only_so(reading, span) || goes_on(span))
        .chain(opposites(reading))
        .chain(left_open(reading));
    let mut against: Vec<Span> = against.collect();
    against.sort_by_key(|span| (span.first, span.last));
    against
}

/// "Keen ones don't", "a probe she can": a clause that breaks off after its helping verb says the
/// opposite of the one before.
fn left_open(reading: &Reading) -> impl Iterator<Item = Span> {
    const HELPING: [&str; 5] = ["do", "don't", "dont", "are", "aren't"];
    let part = |index: usize| reading.tokens.get(index).map(|it| it.part);
    let denies = |index: usize| reading.is(index, Class::Not) && !reading.is_echo(index);
    let ends = move |index: &usize| {
        let next = reading.after(*index, 1).next();
        next.is_none_or(|next| reading.is_apart(next))
    };
    (0..reading.tokens.len())
        .filter(ends)
        .filter_map(move |index| {
            let who = reading
                .before(index, 2)
                .last()
                .filter(|first| first + 2 == index)?
                + 1;
            let helps = reading.is(index, Class::Modal)
                || HELPING.contains(&&*reading.word(index).replace('’', "'"));
            let is_other = denies(index)
                || (who.saturating_sub(WORDS_TO_AN_OPPOSITE)..who)
                    .any(|at| denies(at) && part(at) == part(index));
            (helps && is_other && !reading.is(who, Class::Asks) && !reading.is_echo(index))
                .then_some(Span {
                    first: who,
                    last: index,
                })
        })
}

/// What is more of something, and what is less.
const OPPOSITES: [(&str, &str); 8] = [
    ("bigger", "smaller"),
    ("larger", "smaller"),
    ("cheaper", "dearer"),
    ("faster", "slower"),
    ("longer", "shorter"),
    ("higher", "lower"),
    ("earlier", "later"),
    ("more", "fewer"),
];

/// "A bigger battery scares the bank, a smaller one fails her".
fn opposites(reading: &Reading) -> impl Iterator<Item = Span> {
    (0..reading.tokens.len()).filter_map(|index| {
        let other = OPPOSITES.iter().find_map(|(more, less)| {
            let says = |word: &str| reading.is_one_of(index, &[word]);
            match () {
                () if says(more) => Some(less),
                () if says(less) => Some(more),
                () => None,
            }
        })?;
        let last = reading
            .after(index, WORDS_TO_AN_OPPOSITE)
            .find(|at| reading.is_one_of(*at, &[other]))?;
        (!reading.is_echo(index)).then_some(Span { first: index, last })
    })
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
    let narrowed = reading.of_class(Class::Narrow).chain(one_thing(reading));
    disjoint(narrowed.collect())
}

/// "One rack", "1 sensor": one of the things found there, whichever they are.
fn one_thing(reading: &Reading) -> impl Iterator<Item = Span> {
    (0..reading.tokens.len()).filter_map(|index| {
        let is_one = !reading.is_echo(index) && reading.is_one_of(index, &["one", "1"]);
        let next = reading.after(index, 1).next().filter(|_| is_one)?;
        let next_to = reading.before(index, 1).next();
        let is_other = next_to.is_some_and(|before| {
            reading.is(before, Class::Article)
                || reading.is(before, Class::Not)
                || reading.is(before, Class::They)
        });
        (!is_other && intent::is_noun(reading, next)).then_some(Span {
            first: index,
            last: next,
        })
    })
}

/// What the seller will not do, or what is set against something: "I won't", "No deck", "results, not
/// slides", "is not the pump but the valve", "she can't carry both"; "is not in support" says only what is so.
fn not(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Not)
        .filter(|span| {
            let mut before = reading.before(span.first, WORDS_TO_A_DOER);
            let opens = before.next().is_none() || reading.is_apart(span.first);
            let own = || {
                let mut before = reading.before(span.first, WORDS_TO_A_DOER);
                before.any(|at| reading.is(at, Class::Own))
            };
            let but = || {
                let mut after = reading.after(span.last, WORDS_TO_AN_OPPOSITE);
                after.any(|at| reading.is_one_of(at, &["but"]))
            };
            opens || own() || but() || !is_only_so(reading, span)
        })
        .collect()
}

/// "The head is not in support": what somebody is like, and nothing one does or leaves undone.
fn is_only_so(reading: &Reading, span: &Span) -> bool {
    const IS: [&str; 16] = [
        "is", "are", "was", "were", "am", "be", "isn't", "aren't", "wasn't", "weren't", "it's",
        "he's", "she's", "they're", "that's", "there's",
    ];
    let is_after = |at| reading.is_one_of(at, &IS);
    is_after(span.first) || reading.before(span.first, 1).any(is_after)
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
