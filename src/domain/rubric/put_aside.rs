//! What was put aside: a way the seller will not take, did not take, or only thought of.

use super::intent;
use super::lexicon::Class;
use super::reading::{Reading, Span, disjoint};
use super::spelling::Ending;
use super::tokens::Shape;

/// Where an alternative is put aside.
pub fn rejected(reading: &Reading) -> Vec<Span> {
    let rejected = reading
        .of_class(Class::Reject)
        .chain(set_aside(reading))
        .chain(not_done(reading))
        .chain(not_at_first(reading))
        .chain(had_we(reading));
    disjoint(rejected.collect())
}

/// "Had we shown it first, she would have asked the price": a way that was not taken.
fn had_we(reading: &Reading) -> impl Iterator<Item = Span> {
    (0..reading.tokens.len()).filter_map(|index| {
        let opens = reading.is_one_of(index, &["had"])
            && !reading.is_echo(index)
            && (reading.before(index, 1).next().is_none() || reading.is_apart(index));
        let own = reading.after(index, 1).next().filter(|_| opens)?;
        reading.is_one_of(own, &["we", "i"]).then_some(Span {
            first: index,
            last: own,
        })
    })
}

/// "I skip the demo", "Considered a trial": what the seller sets aside, not what others did.
fn set_aside(reading: &Reading) -> impl Iterator<Item = Span> {
    reading.of_class(Class::SetsAside).filter(|span| {
        let mut before = reading.before(span.first, 4).peekable();
        if before.peek().is_none() || reading.is_apart(span.first) {
            return true;
        }
        let doer = before.find(|index| {
            reading.is(*index, Class::Own)
                || reading.is(*index, Class::They)
                || reading.is_who(*index)
        });
        doer.is_some_and(|index| reading.is(index, Class::Own))
    })
}

/// "I'm not sending", "we are not going": what the seller will not do.
fn not_done(reading: &Reading) -> impl Iterator<Item = Span> {
    reading.of_class(Class::Not).filter_map(|span| {
        let own = reading
            .before(span.first, 2)
            .find(|index| reading.is(*index, Class::Own))?;
        let deed = reading.after(span.last, 1).next()?;
        let is_deed = reading.ends(deed, Ending::Ing) && !reading.is(deed, Class::Not);
        is_deed.then_some(Span {
            first: own,
            last: deed,
        })
    })
}

/// "No demo first", "Not the whole plant", "No deck, no colleague": said of what could be done, not
/// of what is missing.
fn not_at_first(reading: &Reading) -> impl Iterator<Item = Span> {
    const MISSING: [Class; 5] = [
        Class::Obstacle,
        Class::Placeholder,
        Class::Common,
        Class::Trouble,
        Class::RubricWord,
    ];
    reading.of_class(Class::Not).filter_map(|span| {
        let opens = reading.before(span.first, 1).next().is_none() || reading.is_apart(span.first);
        let next = reading.after(span.last, 1).next()?;
        let of_a_way = match reading.word(span.first).as_str() {
            "no" => {
                reading.mark_at(Class::Obstacle, span.first).is_none()
                    && (reading.is(next, Class::Pitch)
                        || reading.is(next, Class::Deal)
                            && reading
                                .after(next, 1)
                                .any(|after| reading.is(after, Class::Narrow))
                        || !MISSING.iter().any(|class| reading.is(next, *class))
                            && reading
                                .after(next, 2)
                                .any(|after| reading.is(after, Class::Narrow)))
            }
            "not" => {
                reading.is(next, Class::Article)
                    || reading.ends(next, Ending::Ing)
                    || reading.is_apart(span.first) && is_one_or_thing(reading, next)
            }
            _ => false,
        };
        (opens && of_a_way).then_some(Span {
            first: span.first,
            last: next,
        })
    })
}

/// "Not me", "not HQ", "not 17": who or what is not meant.
fn is_one_or_thing(reading: &Reading, index: usize) -> bool {
    let is_number = reading.is_shape(index, Shape::Number);
    (is_number
        || reading.is_who(index)
        || reading.is_one_of(index, &["me", "us", "them"])
        || intent::is_noun(reading, index) && !reading.ends(index, Ending::Ed))
        && reading.before(index, 3).count() > 1
}
