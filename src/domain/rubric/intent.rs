//! Whether the seller means to do what a word says: not what others do, nor what is put aside or
//! only thought of, nor what is merely a thing.

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::tokens::Shape;

/// How far what puts something aside stands before it: "not by sending them a deck".
const WORDS_PUT_ASIDE: usize = 5;
/// How far it stands after it: "presenting our product first was considered".
const WORDS_UNTIL_PUT_ASIDE: usize = 5;
/// Who has something done to them, or has something: "send her the offer", "his brochure".
const NO_DOERS: [&str; 6] = ["them", "their", "him", "his", "her", "hers"];
/// The most helping words between a subject and its verb: "tons will probably wait".
const MOST_HELPING: usize = 3;
/// How far a doer stands from the deed at most, with no comma between that is further than
/// [`WORDS_PUT_ASIDE`]: "he'll take the cheapest in town and still be waiting".
const WORDS_TO_A_DOER: usize = 10;
/// The most words between who owns a thing and the thing: "in her own deck".
const WORDS_OF_AN_OWNER: usize = 2;

/// Words of a class that say what the seller means to do.
pub fn of_seller<'r>(reading: &'r Reading, class: Class) -> impl Iterator<Item = Span> + 'r {
    reading.of_class(class).filter(|span| {
        !is_put_aside(reading, *span)
            && !is_only_thought_of(reading, *span)
            && !is_thing(reading, *span)
            && !is_of_others(reading, *span)
    })
}

/// "No deck", "results over slides", "was considered", "waiting looks prudent", "the natural pitch".
fn is_put_aside(reading: &Reading, span: Span) -> bool {
    let puts_aside = |index: usize| {
        reading.is(index, Class::Not)
            || reading.is(index, Class::SetsAside)
            || reading.mark_at(Class::Reject, index).is_some()
            || reading.is_one_of(index, &["beat", "beats", "natural", "obvious", "tempting"])
    };
    let outweighs =
        |index: usize| reading.is_one_of(index, &["over", "than", "before", "beyond", "against"]);
    let only_looks = |index: usize| {
        reading.is(index, Class::SetsAside)
            || reading.is_one_of(index, &["looks", "seems", "sounds"])
    };
    let beside = reading
        .before(span.first, 1)
        .find(|index| !reading.is(*index, Class::Article));
    let beside = beside.or_else(|| reading.before(span.first, 2).last());
    let mut before = reading.before(span.first, 3).skip(1);
    // "Before the spring catalogue": a time, told by a thing.
    let is_a_time = before
        .next()
        .is_some_and(|it| reading.is(it, Class::Article))
        && before
            .next()
            .is_some_and(|it| reading.is_one_of(it, &["before", "until", "after"]));
    reading.before(span.first, WORDS_PUT_ASIDE).any(puts_aside)
        || beside.is_some_and(outweighs)
        || is_a_time
        || reading
            .after(span.last, WORDS_UNTIL_PUT_ASIDE)
            .any(only_looks)
}

/// "I could show slide 14", "because a presentation shows screens", "either leave it out or wait",
/// "I hope she will tell": a way one sees, a reason, a wish, not what will be done.
fn is_only_thought_of(reading: &Reading, span: Span) -> bool {
    let near = |count| reading.before(span.first, count);
    let could = within_clause(reading, span.first, WORDS_TO_A_DOER)
        .any(|index| reading.is_one_of(index, &["could", "might"]));
    let is_own = |index| reading.is(index, Class::Own);
    let in_a_reason = near(MOST_HELPING).any(|index| reading.is_one_of(index, &["because"]))
        && !near(MOST_HELPING).any(is_own);
    let one_of_two = near(1).any(|index| reading.is(index, Class::Or))
        && near(WORDS_TO_A_DOER * 2).any(|index| reading.is_one_of(index, &["either"]));
    let for_their_sake = reading.after(span.last, WORDS_TO_A_DOER).any(|index| {
        reading.is_one_of(index, &["so"])
            && reading
                .after(index, 1)
                .any(|who| reading.is(who, Class::Person))
    });
    could || for_their_sake || in_a_reason || one_of_two || is_wish(reading, span)
}

/// "I hope she will tell which": someone there does something.
fn is_wish(reading: &Reading, span: Span) -> bool {
    let does = |index| reading.is(index, Class::Said) || reading.is(index, Class::Acts);
    reading.is_one_of(span.first, &["hope", "hoping"])
        && reading
            .after(span.last, 2)
            .any(|who| reading.is_who(who) && reading.after(who, WORDS_UNTIL_PUT_ASIDE).any(does))
}

/// "The demo budget", "in her own deck", "tidier in a brochure", "sized on hope", "meeting with both
/// is on Friday": something spoken of, not something done.
fn is_thing(reading: &Reading, span: Span) -> bool {
    let goes_with = |index| reading.is_one_of(index, &["budget", "unit", "units", "kit"]);
    let owned = reading
        .before(span.first, WORDS_OF_AN_OWNER)
        .take_while(|index| !reading.is(*index, Class::Own))
        .any(|index| reading.is_one_of(index, &["his", "her", "their"]));
    let mut before = reading.before(span.first, 2);
    let (beside, further) = (before.next(), before.next());
    let is_in = |index: Option<usize>| {
        index.is_some_and(|index| reading.is_one_of(index, &["in", "on", "of"]))
    };
    let stands_there = beside.is_some_and(|index| reading.is(index, Class::Article))
        && is_in(further)
        && !reading
            .before(span.first, WORDS_TO_A_DOER)
            .any(|index| reading.is(index, Class::Own));
    let is_hope = reading.is_one_of(span.first, &["hope"]) && is_in(beside);
    let is_told_of = beside.is_none()
        && reading.ends(span.first, Ending::Ing)
        && reading
            .after(span.last, WORDS_UNTIL_PUT_ASIDE)
            .any(|index| reading.is_one_of(index, &["is"]));
    owned || stands_there || is_hope || is_told_of || reading.after(span.last, 1).any(goes_with)
}

/// "Patients wait", "she presents it", "pushing her to close a depot", "bones go through".
fn is_of_others(reading: &Reading, span: Span) -> bool {
    if reading.is_apart(span.first) {
        return false;
    }
    let Some(beside) = reading.before(span.first, 1).next() else {
        return false;
    };
    let is_ours_near = || {
        reading
            .before(span.first, WORDS_PUT_ASIDE)
            .any(|index| reading.is(index, Class::Own))
    };
    let to = [span.first, beside]
        .into_iter()
        .find(|index| reading.is(*index, Class::To));
    if let Some(to) = to {
        let made_to = reading.before(to, 1).any(|index| {
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
    let is_told_of = |index| reading.is_one_of(index, &["who"]) || is_a_day(reading, index);
    if subject.is_some_and(is_told_of) && reading.ends(span.first, Ending::S) {
        return true;
    }
    doer(reading, span.first).is_some_and(|index| {
        let is_seller = reading.is(index, Class::Own) && !is_quoted(reading, index);
        !is_seller && !is_owner(reading, index)
    })
}

/// The words before this one with no comma between.
fn within_clause(reading: &Reading, index: usize, count: usize) -> impl Iterator<Item = usize> {
    let mut parted = reading.is_apart(index);
    reading.before(index, count).take_while(move |before| {
        let is_in = !parted;
        parted |= reading.is_apart(*before);
        is_in
    })
}

/// Whoever stands nearest before a deed and may do it.
fn doer(reading: &Reading, deed: usize) -> Option<usize> {
    let near = reading.before(deed, WORDS_PUT_ASIDE);
    let far = within_clause(reading, deed, WORDS_TO_A_DOER).skip(WORDS_PUT_ASIDE);
    near.chain(far).find(|index| {
        reading.is(*index, Class::Own)
            || (reading.is_who(*index)
                || reading.is(*index, Class::They)
                || is_anybody(reading, *index)
                || is_who_does(reading, *index))
                && !reading.is_one_of(*index, &NO_DOERS)
                && !is_given_to(reading, *index)
    })
}

/// "I offer Ines a discount": she does nothing here.
fn is_given_to(reading: &Reading, who: usize) -> bool {
    reading.before(who, 1).any(|deed| {
        reading.is(deed, Class::Deed)
            && reading
                .before(deed, MOST_HELPING)
                .any(|index| reading.is(index, Class::Own))
    })
}

/// "Everyone's been pitching".
fn is_anybody(reading: &Reading, index: usize) -> bool {
    let word = reading.word(index).replace('’', "'");
    let bare = word.strip_suffix("'s").unwrap_or(&word);
    ["everyone", "everybody", "nobody", "somebody", "others"].contains(&bare)
}

/// "The one who gets the questions".
fn is_who_does(reading: &Reading, index: usize) -> bool {
    reading.is_one_of(index, &["who"])
        && reading.before(index, 1).any(|before| {
            reading.is_who(before) || reading.is_one_of(before, &["one", "those", "someone"])
        })
}

/// "The PI would say we manage": not the seller's "we".
fn is_quoted(reading: &Reading, own: usize) -> bool {
    let mut before = reading.before(own, MOST_HELPING + 1);
    before
        .next()
        .is_some_and(|index| reading.is(index, Class::Said) || reading.is_one_of(index, &["say"]))
        && !before.any(|index| reading.is(index, Class::Own))
}

fn is_a_day(reading: &Reading, index: usize) -> bool {
    reading.is(index, Class::Month) || reading.is(index, Class::Weekday)
}

/// "The regulator's letter": the regulator does nothing here.
pub fn is_owner(reading: &Reading, index: usize) -> bool {
    let word = reading.quote_at(index);
    !reading.is(index, Class::Person)
        && !is_anybody(reading, index)
        && (word.ends_with("'s") || word.ends_with("’s"))
}

/// A thing of the trade: no list knows it, or only to tell it from another word.
pub fn is_noun(reading: &Reading, index: usize) -> bool {
    reading.tokens.get(index).is_some_and(|token| {
        token.shape == Shape::Word
            && (token.word == 0 || token.classes.is_matter() || token.classes.has(Class::Plain))
    })
}
