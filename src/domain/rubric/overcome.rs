//! What stands in the way, and at once what is done about it, as people write it in notes: without
//! an "if" and often without a verb.

use super::lexicon::Class;
use super::ownership::own_deed;
use super::reading::{Reading, Span};
use super::tokens::Shape;

/// "Port won't let us in → his cousin's shed", "Owner joins anyway: I ask for the walk-in": what stands
/// in the way, and what is done then.
pub fn answered(reading: &Reading) -> Vec<Span> {
    let is_arrow = |index: usize| {
        reading
            .tokens
            .get(index)
            .is_some_and(|it| it.shape == Shape::Arrow)
    };
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
            let is_own = (before.first..=before.last)
                .any(|at| reading.is(at, Class::Own) || reading.is(at, Class::OwnHouse));
            let begun = deeds.partition_point(|deed| deed.first < after.first);
            let deed = deeds
                .get(begun)
                .filter(|deed| deed.last <= after.last && deed.first <= after.first + 6)?;
            (part(before) == part(after) && is_hindered && !is_own).then_some(*deed)
        })
        .collect()
}

/// Whether the word at this index is of what stands in the way.
fn hinders(reading: &Reading, index: usize) -> bool {
    [Class::Obstacle, Class::Not, Class::Trouble]
        .iter()
        .any(|class| reading.is(index, *class))
}
