//! Whether the seller means to do what a word says: not what others do, nor what is put aside.

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::Shape;

/// How far what puts something aside stands before it: "not by sending them a deck".
const WORDS_PUT_ASIDE: usize = 5;
/// How far it stands after it: "presenting our product first was considered".
const WORDS_UNTIL_PUT_ASIDE: usize = 5;
/// Who has something done to them, or has something: "send her the offer", "his brochure".
const NO_DOERS: [&str; 6] = ["them", "their", "him", "his", "her", "hers"];
/// The most helping words between a subject and its verb: "tons will probably wait".
const MOST_HELPING: usize = 3;

/// Words of a class that say what the seller means to do.
pub fn of_seller<'r>(reading: &'r Reading, class: Class) -> impl Iterator<Item = Span> + 'r {
    let spans = reading.of_class(class);
    spans.filter(|span| !is_put_aside(reading, *span) && !is_of_others(reading, *span))
}

/// "No deck", "results over slides", "was considered".
fn is_put_aside(reading: &Reading, span: Span) -> bool {
    let puts_aside = |index: usize| {
        reading.is(index, Class::Not)
            || reading.is(index, Class::SetsAside)
            || reading.mark_at(Class::Reject, index).is_some()
            || reading.is_one_of(index, &["beat", "beats"])
    };
    let outweighs =
        |index: usize| reading.is_one_of(index, &["over", "than", "before", "beyond", "against"]);
    let beside = reading
        .before(span.first, 1)
        .find(|index| !reading.is(*index, Class::Article));
    let beside = beside.or_else(|| reading.before(span.first, 2).last());
    reading.before(span.first, WORDS_PUT_ASIDE).any(puts_aside)
        || beside.is_some_and(outweighs)
        || reading
            .after(span.last, WORDS_UNTIL_PUT_ASIDE)
            .any(|index| reading.is(index, Class::SetsAside))
}

/// "Patients wait", "she presents it", "pushing her to close a depot", "bones go through".
fn is_of_others(reading: &Reading, span: Span) -> bool {
    if reading.is_apart(span.first) {
        return false;
    }
    let mut before = reading.before(span.first, WORDS_PUT_ASIDE);
    let Some(beside) = before.next() else {
        return false;
    };
    let is_ours_near = || {
        reading
            .before(span.first, WORDS_PUT_ASIDE)
            .any(|index| reading.is(index, Class::Own))
    };
    if reading.is(beside, Class::To) {
        let made_to = reading.before(beside, 1).any(|index| {
            reading.is_who(index)
                || reading.is(index, Class::They)
                || reading.is_one_of(index, &["had", "has", "have", "needs"]) && !is_ours_near()
        });
        return made_to;
    }
    let helps =
        |index: &usize| reading.is(*index, Class::Modal) || reading.is(*index, Class::Hedge);
    let subject = reading
        .before(span.first, MOST_HELPING)
        .find(|index| !helps(index));
    let is_helped = helps(&beside);
    let of_a_thing =
        |index: usize| is_noun(reading, index) || is_helped && reading.is(index, Class::Deal);
    if subject.is_some_and(of_a_thing) && !is_ours_near() {
        return true;
    }
    let doer = reading.before(span.first, WORDS_PUT_ASIDE).find(|index| {
        reading.is(*index, Class::Own)
            || (reading.is_who(*index) || reading.is(*index, Class::They))
                && !reading.is_one_of(*index, &NO_DOERS)
    });
    doer.is_some_and(|index| !reading.is(index, Class::Own) && !is_owner(reading, index))
}

/// "The regulator's letter": the regulator does nothing here.
pub fn is_owner(reading: &Reading, index: usize) -> bool {
    let word = reading.quote_at(index);
    !reading.is(index, Class::Person) && (word.ends_with("'s") || word.ends_with("’s"))
}

/// A thing of the trade: no list knows it, or only to tell it from another word.
pub fn is_noun(reading: &Reading, index: usize) -> bool {
    reading.tokens.get(index).is_some_and(|token| {
        token.shape == Shape::Word
            && (token.word == 0 || token.classes.is_empty() || token.classes.has(Class::Plain))
    })
}
