//! Sentences in which the seller can only wait, or do nothing: what stands in them is no plan, whichever
//! words it uses.

use super::lexicon::Class;
use super::ownership::{own_deed, waiting};
use super::reading::{Reading, Span};

/// The most words between "nothing" and what cannot be done.
const WORDS_TO_DO: usize = 4;

/// The sentences in which the seller waits or can do nothing, and does nothing meanwhile.
pub fn sentences(reading: &Reading) -> Vec<Span> {
    let waits = waiting(reading);
    let deeds = own_deed(reading);
    reading
        .sentences()
        .filter(|sentence| {
            let stands_in =
                |span: &Span| sentence.first <= span.first && span.last <= sentence.last;
            let is_own_deed =
                |deed: &Span| stands_in(deed) && !waits.iter().any(|it| it.overlaps(deed));
            let does_nothing =
                (sentence.first..=sentence.last).any(|at| can_do_nothing(reading, at));
            (waits.iter().any(stands_in) || does_nothing) && !deeds.iter().any(is_own_deed)
        })
        .collect()
}

/// "Nothing I can do until they deliver", "nothing to do before legal signs".
fn can_do_nothing(reading: &Reading, index: usize) -> bool {
    const UNTIL: [&str; 6] = ["until", "till", "til", "before", "unless", "without"];
    let is_nothing = reading.is_one_of(index, &["nothing", "not much", "little"])
        && reading
            .after(index, WORDS_TO_DO)
            .any(|at| reading.is_one_of(at, &["do", "done"]));
    is_nothing
        && reading
            .after(index, 2 * WORDS_TO_DO)
            .any(|at| reading.is_one_of(at, &UNTIL) || reading.is(at, Class::Waits))
}
