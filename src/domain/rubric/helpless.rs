//! Sentences in which the seller can only wait, or do nothing: what stands in them is no plan, whichever
//! words it uses.

use super::blame::blame_alone;
use super::lexicon::Class;
use super::ownership::{own_deed, waiting};
use super::reading::{Reading, Span};

/// The most words between "nothing" and what cannot be done.
const WORDS_TO_DO: usize = 4;

/// The sentences in which the seller waits, can do nothing, or only puts the fault on others, and does
/// nothing meanwhile.
pub fn sentences(reading: &Reading) -> Vec<Span> {
    let (waits, deeds) = (waiting(reading), own_deed(reading));
    let blames = blame_alone(reading);
    let is_meant = |sentence: &Span| {
        let mut waits = within(&waits, sentence).peekable();
        let helpless = waits.peek().is_some()
            || within(&blames, sentence).next().is_some()
            || (sentence.first..=sentence.last).any(|at| can_do_nothing(reading, at));
        let waits: Vec<Span> = waits.collect();
        let is_wait = |deed: &Span| waits.iter().any(|it| it.overlaps(deed));
        helpless && !within(&deeds, sentence).any(|deed| !is_wait(&deed))
    };
    reading.sentences().filter(is_meant).collect()
}

/// Those of these spans, which stand in order, that begin in a sentence.
fn within(spans: &[Span], sentence: &Span) -> impl Iterator<Item = Span> {
    let begun = spans.partition_point(|span| span.first < sentence.first);
    let rest = spans.get(begun..).unwrap_or_default().iter().copied();
    rest.take_while(|span| span.first <= sentence.last)
}

/// "Nothing I can do until they deliver", "nowt I can do till she agrees", "cannot do much before May".
fn can_do_nothing(reading: &Reading, index: usize) -> bool {
    const UNTIL: [&str; 6] = ["until", "till", "til", "before", "unless", "without"];
    let next_is = |words: &[&str]| {
        let mut next = reading.after(index, 1);
        next.any(|at| reading.is_one_of(at, words))
    };
    let is_nothing = reading.is_one_of(index, &["nothing", "nowt", "nought", "naught", "little"])
        || reading.is_one_of(index, &["sod", "bugger", "fuck", "damn"]) && next_is(&["all"])
        || reading.is_one_of(index, &["not", "isn't", "ain't"]) && next_is(&["much"]);
    let is_nothing = is_nothing
        && reading
            .after(index, WORDS_TO_DO)
            .any(|at| reading.is_one_of(at, &["do", "done"]));
    let can_hardly = reading.is_one_of(index, &["cannot", "can't", "cant", "couldn't"])
        && next_is(&["do"])
        && reading
            .after(index, WORDS_TO_DO)
            .any(|at| reading.is_one_of(at, &["much", "anything", "nothing", "lot"]));
    (is_nothing || can_hardly)
        && reading
            .after(index, 2 * WORDS_TO_DO)
            .any(|at| reading.is_one_of(at, &UNTIL) || reading.is(at, Class::Waits))
}
