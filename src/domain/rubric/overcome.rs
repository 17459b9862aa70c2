//! What stands in the way, and at once what is done about it, as people write it in notes: without
//! an "if" and often without a verb.

use super::lexicon::Class;
use super::ownership::own_deed;
use super::reading::{Reading, Span};
use super::tokens::Shape;
use crate::domain::strategy::Part;

/// "Port won't let us in → his cousin's shed", "Owner joins anyway: I ask for the walk-in": what stands
/// in the way, and what is done then.
pub fn answered(reading: &Reading) -> Vec<Span> {
    let is_arrow = |index: usize| reading.is_shape(index, Shape::Arrow);
    let in_the_way = |index: usize| {
        reading
            .before(index, 8)
            .any(|before| hinders(reading, before))
    };
    let is_own_deed = |index: usize| {
        reading.is_one_of(index, &["i", "we", "i'll", "we'll"])
            && reading
                .after(index, 3)
                .any(|deed| reading.is(deed, Class::Deed) || reading.is(deed, Class::Acts))
    };
    (0..reading.tokens.len())
        .filter(|index| !reading.is_echo(*index))
        .filter_map(|index| {
            let by_arrow =
                is_arrow(index) && in_the_way(index) && reading.after(index, 1).next().is_some();
            let by_colon = reading.is_after_colon(index)
                && is_own_deed(index)
                && reading.before(index, 2).count() == 2
                && !reading
                    .before(index, 8)
                    .any(|before| reading.is(before, Class::Own));
            (by_arrow || by_colon).then(|| Span {
                first: reading.before(index, 3).last().unwrap_or(index),
                last: reading.after(index, 1).next().unwrap_or(index),
            })
        })
        .collect()
}

/// "Caretaker has no keys. I fit battery ones with him", "No access. I film from the gate": what stands
/// in the way, and at once, in the next sentence, what the seller does about it.
pub fn overcome(reading: &Reading) -> Vec<Span> {
    let sentences: Vec<Span> = reading.sentences().collect();
    let part = |span: &Span| reading.tokens.get(span.first).map(|it| it.part);
    let deeds = own_deed(reading);
    sentences
        .windows(2)
        .filter_map(|pair| {
            let [before, after] = pair else { return None };
            let is_hindered =
                (before.first..=before.last).any(|at| !reading.is_echo(at) && hinders(reading, at));
            // What opens the answer to the question of what stands in the way stands in the way.
            let is_asked = part(before) == Some(Part::Obstacles)
                && opens_part(reading, before.first)
                && before.last > before.first
                && !(before.first..=before.last).any(|at| reading.is_one_of(at, &AT_EASE));
            let is_own = (before.first..=before.last)
                .any(|at| reading.is(at, Class::Own) || reading.is(at, Class::OwnHouse));
            let begun = deeds.partition_point(|deed| deed.first < after.first);
            let deed = deeds
                .get(begun)
                .filter(|deed| deed.last <= after.last && deed.first <= after.first + 6)?;
            (part(before) == part(after) && (is_hindered || is_asked) && !is_own).then_some(*deed)
        })
        .collect()
}

/// Where these are told nothing stands in the way.
const AT_EASE: [&str; 16] = [
    "like", "likes", "love", "loves", "agrees", "agreed", "supports", "welcomes", "keen", "happy",
    "glad", "pleased", "fine", "easy", "none", "nothing",
];

/// Whether an answer begins with this word.
fn opens_part(reading: &Reading, index: usize) -> bool {
    let part = |at: usize| reading.tokens.get(at).map(|it| it.part);
    index
        .checked_sub(1)
        .is_none_or(|before| part(before) != part(index))
}

/// The seller as the one who does something.
const SELLER: [&str; 8] = ["i", "we", "i'd", "we'd", "i'll", "we'll", "i’d", "i’ll"];

/// "I'd try her controller": someone else to go to.
pub fn other_people(reading: &Reading) -> Vec<Span> {
    let is_tried = |index: usize| {
        let mut before = reading.before(index, 2);
        reading.is_one_of(index, &["try"]) && before.any(|own| reading.is_one_of(own, &SELLER))
    };
    (0..reading.tokens.len())
        .filter(|index| is_tried(*index) && !reading.is_echo(*index))
        .filter_map(|first| {
            let last = reading
                .after(first, 3)
                .find(|at| reading.is_who(*at) && !reading.is(*at, Class::Person))?;
            Some(Span { first, last })
        })
        .collect()
}

/// The most words that what is done by one way takes.
const WORDS_OF_A_WAY: usize = 14;

/// "I can use a mobile link, or we read the machines by hand", "Then I'd ask for a bridge, or an intro to
/// Dublin": two ways of the seller's own, where something stands in the way.
pub fn two_ways(reading: &Reading) -> Vec<Span> {
    let is_own_before = |or: usize| {
        reading.before(or, WORDS_OF_A_WAY).any(|index| {
            let opens = reading.before(index, 1).next().is_none();
            reading.is_one_of(index, &SELLER) || opens && reading.is(index, Class::Deed)
        })
    };
    // "If he has none I write, or go back": one way, and it is heard as what happens otherwise.
    let hangs_on = |or: usize| {
        let mut before = reading.before(or, 2 * WORDS_OF_A_WAY);
        before.any(|index| reading.is(index, Class::If))
    };
    let goes_on = |or: usize| {
        let mut after = reading.after(or, 3);
        !hangs_on(or) && (reading.is_apart(or) || after.any(|index| reading.is(index, Class::Own)))
    };
    let is_hindered = |or: usize| {
        let part = reading.tokens.get(or).map(|it| it.part);
        part == Some(Part::Obstacles)
            || (0..or).rev().take(3 * WORDS_OF_A_WAY).any(|index| {
                reading.tokens.get(index).map(|it| it.part) == part && hinders(reading, index)
            })
    };
    reading
        .of_class(Class::Or)
        .filter(|or| reading.is_one_of(or.first, &["or"]))
        .filter(|or| goes_on(or.first) && is_own_before(or.first) && is_hindered(or.first))
        .filter_map(|or| {
            let last = reading.after(or.last, 1).next()?;
            Some(Span {
                first: or.first,
                last,
            })
        })
        .collect()
}

/// Whether the word at this index is of what stands in the way.
fn hinders(reading: &Reading, index: usize) -> bool {
    [Class::Obstacle, Class::Not, Class::Trouble]
        .iter()
        .any(|class| reading.is(index, *class))
}
