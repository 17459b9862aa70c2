//! Whether it is really the one who stands before a deed that does it: "Bev and see where they are" has
//! the seller see, "so she sees the quality" is what the seller does it for, and "gets the 6am calls" is
//! no call.

use super::lexicon::Class;
use super::naming::may_be_name;
use super::reading::{Reading, Span};
use super::spelling::Ending;

/// What one takes in, and changes nothing by it.
const TAKES_IN: [&str; 20] = [
    "see", "sees", "hear", "hears", "wait", "waits", "watch", "watches", "read", "reads", "listen",
    "listens", "sit", "sits", "stand", "stands", "use", "uses", "wear", "wears",
];

/// What opens a clause that tells what something is done for, or until when.
const FOR_OR_WHEN: [&str; 5] = ["so", "before", "until", "till", "sure"];

/// The most words between "with" and the last of those one is with: "with Bev and the new GM".
const WORDS_OF_COMPANY: usize = 6;

/// The most words between an article and its thing.
const WORDS_OF_A_THING: usize = 3;

/// The most words between what opens a clause and its doer.
const WORDS_TO_A_DOER: usize = 2;

/// Whether a deed is done by the doer that stands shortly before it.
pub fn is_done_by(reading: &Reading, who: usize, deed: &Span) -> bool {
    !is_object(reading, who)
        && !is_thing_in_between(reading, who, deed.first)
        && !follows_a_participle(reading, deed.first)
        && !goes_on_with_another(reading, who, deed.first)
        && !only_takes_in(reading, who, deed.first)
}

/// "She gets the 6am phone calls": between an article and a word that ends its thing.
fn is_thing_in_between(reading: &Reading, who: usize, deed: usize) -> bool {
    let mut between = reading
        .before(deed, deed.saturating_sub(who + 1))
        .take_while(|at| {
            !reading.is_apart(*at)
                && !reading.is(*at, Class::To)
                && !reading.is(*at, Class::Modal)
                && !reading.is_one_of(*at, &["and", "who"])
        });
    // "The owner of the mill picks" has a doer that goes on.
    let is_of_the_doer = |at: usize| {
        let mut before = reading.before(at, 1);
        before.any(|it| it == who || reading.is(it, Class::Joint))
    };
    let thing = between.find(|at| reading.is(*at, Class::Article));
    !reading.is_apart(deed) && thing.is_some_and(|at| !is_of_the_doer(at))
}

/// "She gets the 6am phone calls": what somebody has does nothing.
fn is_object(reading: &Reading, who: usize) -> bool {
    let is_name = reading.tokens.get(who).is_some_and(may_be_name);
    let article = reading
        .before(who, WORDS_OF_A_THING)
        .take_while(|at| !reading.is_apart(at + 1))
        .find(|at| reading.is(*at, Class::Article));
    let has = |at: usize| {
        !reading.is_apart(at)
            && reading
                .before(at, 1)
                .any(|verb| reading.is_one_of(verb, &["gets", "has", "takes", "makes", "does"]))
    };
    is_name && article.is_some_and(has)
}

/// "Has issued show cause notice": after a participle a plain form is a word of a thing.
fn follows_a_participle(reading: &Reading, deed: usize) -> bool {
    let mut before = reading.before(deed, 2);
    let is_plain = reading.ends(deed, Ending::Other) && !reading.is_apart(deed);
    is_plain
        && before
            .next()
            .is_some_and(|it| reading.ends(it, Ending::Ed) && !reading.is(it, Class::Brings))
        && before
            .next()
            .is_some_and(|it| reading.is(it, Class::Modal) || reading.is_one_of(it, &["have"]))
}

/// "Have a yarn with Bev and the GM and see": whoever opens the sentence goes on.
fn goes_on_with_another(reading: &Reading, who: usize, deed: usize) -> bool {
    let joined = reading
        .before(deed, 1)
        .any(|at| reading.is_one_of(at, &["and", "then"]));
    let is_plain = reading.ends(deed, Ending::Other);
    let is_company = |at: &usize| {
        reading.is_who(*at)
            || reading.tokens.get(*at).is_some_and(may_be_name)
            || reading.is(*at, Class::Article)
            || reading.is_one_of(*at, &["and", "his", "her", "their"])
    };
    joined
        && is_plain
        && reading
            .before(who, WORDS_OF_COMPANY)
            .find(|at| !is_company(at))
            .is_some_and(|at| reading.is_one_of(at, &["with", "to", "for", "at", "from", "by"]))
}

/// "So she sees the quality", "before he reads it": what the seller does it for, or until when.
fn only_takes_in(reading: &Reading, who: usize, deed: usize) -> bool {
    reading.is_one_of(deed, &TAKES_IN)
        && reading
            .before(who, WORDS_TO_A_DOER)
            .take_while(|at| !reading.is_apart(at + 1))
            .any(|at| reading.is_one_of(at, &FOR_OR_WHEN))
}

/// "Renata Moss has until May": what ends in -s before a verb is part of a name.
pub fn is_surname(reading: &Reading, index: usize) -> bool {
    let mut after = reading.after(index, 1);
    after.any(|next| {
        !reading.is_apart(next)
            && (reading.is(next, Class::Modal)
                || (reading.is(next, Class::Acts) || reading.is(next, Class::Wants))
                    && reading.ends(next, Ending::S))
    })
}
