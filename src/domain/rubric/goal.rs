//! Goal: what the next conversation should change: a decision, a commitment, a piece of
//! knowledge that the customer gives.

use super::Signal;
use super::doing::{is_done_by, is_surname};
use super::intent;
use super::lexicon::Class;
use super::naming::may_be_name;
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::tokens::Shape;

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "decides",
        says: "says what a person there would decide, say or do",
        find: decides,
    },
    Signal {
        name: "they_decide",
        says: "says what they would decide, say or do",
        find: they_decide,
    },
    Signal {
        name: "brings",
        says: "wants a person there to do something",
        find: brings,
    },
    Signal {
        name: "open_question",
        says: "names what is still to be learnt",
        find: open_question,
    },
    Signal {
        name: "choice",
        says: "puts a choice before them",
        find: choice,
    },
    Signal {
        name: "asks_them",
        says: "asks the customer a question",
        find: asks_them,
    },
    Signal {
        name: "pitch",
        says: "describes what you will present",
        find: pitch,
    },
    Signal {
        name: "close",
        says: "aims at the order itself",
        find: close,
    },
];

/// Where a person there decides, says or does something.
pub fn decides(reading: &Reading) -> Vec<Span> {
    let mut decided = acted_by(reading, |index| reading.is_who(index));
    decided.extend(he_or_she_acts(reading));
    decided.extend(asked_of(reading));
    decided.sort_by_key(|span| (span.first, span.last));
    decided
}

/// "She re-keys", "Lena re-tapes": what follows he, she or a name and ends in -s is something done,
/// whichever word it is.
fn he_or_she_acts(reading: &Reading) -> impl Iterator<Item = Span> {
    const NO_DEED: [Class; 6] = [
        Class::Acts,
        Class::Common,
        Class::Wants,
        Class::Feels,
        Class::Said,
        Class::Past,
    ];
    let named = (0..reading.tokens.len())
        .filter(|index| does_something(reading, *index))
        .map(|index| Span {
            first: index,
            last: index,
        });
    reading
        .of_class(Class::Subject)
        .chain(named)
        .filter_map(|span| {
            let verb = reading.after(span.last, 1).next()?;
            let is_deed = reading.ends(verb, Ending::S)
                && !is_surname(reading, verb)
                && !NO_DEED.iter().any(|class| reading.is(verb, *class));
            is_deed.then_some(Span {
                first: span.first,
                last: verb,
            })
        })
}

/// "Peeters: which store?", "agronomist Inma: bay 4 or 5": what is put to a person there.
fn asked_of(reading: &Reading) -> impl Iterator<Item = Span> {
    reading.sentences().filter_map(|sentence| {
        let who = (sentence.first..=sentence.last.min(sentence.first + 3))
            .take_while(|at| *at == sentence.first || !reading.is_apart(*at))
            .last()?;
        let asks = reading.after(who, 12).find(|at| {
            let is_mark = reading.is_shape(*at, Shape::Question);
            is_mark
                || reading.is(*at, Class::Or)
                || reading.is(*at, Class::Asks)
                || reading.is_one_of(*at, &["yes"])
        })?;
        (reading.is_who(who) && !reading.is_echo(who) && reading.is_after_colon(who + 1)).then_some(
            Span {
                first: who,
                last: asks,
            },
        )
    })
}

/// A name that does something: "Lena re-tapes", no "Ana's books" and no list of names.
fn does_something(reading: &Reading, index: usize) -> bool {
    let is_name = reading.tokens.get(index).is_some_and(may_be_name);
    let mut ahead = reading.after(index, 2);
    let (verb, object) = (ahead.next(), ahead.next());
    let does = |verb: usize| {
        !reading.is_apart(verb) && !reading.is_who(verb) && intent::is_noun(reading, verb)
    };
    is_name
        && reading.is_who(index)
        && !reading.is_echo(index)
        && !intent::is_owner(reading, index)
        && verb.is_some_and(does)
        && object.is_some()
}

/// Where they, as a whole, decide, say or do something.
pub fn they_decide(reading: &Reading) -> Vec<Span> {
    acted_by(reading, |index| reading.is(index, Class::They))
}

/// What a customer does, with the doer shortly before it and no "I" in between.
fn acted_by(reading: &Reading, is_doer: impl Fn(usize) -> bool) -> Vec<Span> {
    reading
        .of_class(Class::Acts)
        // "Ana, who runs the plant" tells who she is, not what she would do.
        .filter(|span| !is_thing(reading, span.first) && !reading.is_in_standing(span))
        .filter_map(|span| {
            let who = reading
                .before(span.first, 4)
                .take_while(|index| !parts_doer_from_deed(reading, *index))
                .find(|index| is_doer(*index) && !intent::is_owner(reading, *index))
                .filter(|who| is_done_by(reading, *who, &span))?;
            Some(Span {
                first: who,
                last: span.last,
            })
        })
        .collect()
}

/// "I", or a clause in which another may act: "confirms which line starts".
fn parts_doer_from_deed(reading: &Reading, index: usize) -> bool {
    reading.is(index, Class::Own)
        || reading.is(index, Class::Asks) && !reading.is(index, Class::Subject)
        || reading.is_one_of(index, &["that"])
}

/// What stands before a thing.
const OWNS_OR_LACKS: [&str; 9] = [
    "their", "its", "our", "my", "own", "of", "for", "no", "without",
];

/// "The books", "a visit", "their call": a thing, though the word may be a deed elsewhere.
fn is_thing(reading: &Reading, index: usize) -> bool {
    reading.before(index, 1).any(|before| {
        reading.is(before, Class::Article) || reading.is_one_of(before, &OWNS_OR_LACKS)
    })
}

/// Where the seller wants a person there to do something.
pub fn brings(reading: &Reading) -> Vec<Span> {
    reading
        .of_class(Class::Brings)
        .filter_map(|span| {
            let who = reading
                .after(span.last, 3)
                .find(|index| reading.is_who(*index))
                .filter(|index| !intent::is_owner(reading, *index))?;
            let act = reading
                .after(who, 5)
                .find(|index| reading.is(*index, Class::Acts));
            let to = reading
                .after(who, 3)
                .find(|index| reading.is(*index, Class::To));
            act.or(to).map(|last| Span {
                first: span.first,
                last,
            })
        })
        .collect()
}

/// Where something is still to be learnt.
pub fn open_question(reading: &Reading) -> Vec<Span> {
    // "How: best rate" is a heading.
    let heads = |span: &Span| {
        let mut next = reading.after(span.last, 1);
        next.any(|next| reading.is_apart(next))
    };
    reading
        .of_class(Class::Asks)
        .filter(|span| !heads(span))
        .filter_map(|span| {
            let opener = reading
                .before(span.first, 5)
                .find(|index| reading.is(*index, Class::Acts) || reading.is(*index, Class::Said))?;
            Some(Span {
                first: opener,
                last: span.last,
            })
        })
        .collect()
}

fn choice(reading: &Reading) -> Vec<Span> {
    let put_before_them = |span: &Span, within: usize| {
        reading
            .before(span.first, within)
            .any(|index| reading.is(index, Class::Asks) || reading.is(index, Class::Acts))
    };
    let options = reading.of_class(Class::Option);
    let one_or_other = reading
        .of_class(Class::Or)
        .filter(|span| put_before_them(span, 6));
    let mut choices: Vec<Span> = options
        .filter(|span| put_before_them(span, 12))
        .chain(one_or_other)
        .collect();
    choices.sort_by_key(|span| span.first);
    choices
}

fn asks_them(reading: &Reading) -> Vec<Span> {
    let marks = reading.tokens.iter().enumerate();
    marks
        .filter(|(index, token)| {
            token.shape == Shape::Question && !token.echo && reading.before(*index, 3).count() == 3
        })
        .map(|(index, _)| Span {
            first: reading.before(index, 4).last().unwrap_or(index),
            last: index,
        })
        .collect()
}

/// What the seller will present.
pub fn pitch(reading: &Reading) -> Vec<Span> {
    // The present supplier, with us present, past and present.
    let is_deed = |span: &Span| {
        let mut before = reading.before(span.first, 1);
        reading.is_apart(span.first)
            || before.next().is_none_or(|before| {
                reading.is(before, Class::To)
                    || reading.is(before, Class::Modal)
                    || reading.is_one_of(before, &["i", "we", "then", "kindly", "please", "pls"])
                    || reading.is_one_of(before, &["and"])
                        && reading.after(span.last, 1).next().is_some()
            })
    };
    // "She commits to a follow-up session": what is got, not what is presented.
    let is_promised = |span: &Span| {
        let promised = |at| reading.is_one_of(at, &["commit", "commits", "agree", "agrees"]);
        reading.before(span.first, 3).any(promised)
            && reading
                .after(span.last, 1)
                .any(|next| reading.is(next, Class::Meet))
    };
    intent::of_seller(reading, Class::Pitch)
        .filter(|span| !is_promised(span))
        .filter(|span| !reading.is_one_of(span.first, &["present"]) || is_deed(span))
        .collect()
}

/// Where the order itself is the aim.
pub fn close(reading: &Reading) -> Vec<Span> {
    intent::of_seller(reading, Class::Close).collect()
}
