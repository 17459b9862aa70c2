//! Blame: fault put on others, and whether a way of the seller's own follows.

use std::collections::HashMap;

use super::lexicon::Class;
use super::ownership::own_ways;
use super::reading::{Reading, Span, disjoint};

/// The most words between what cannot be done and what still can.
const WORDS_TO_A_WAY_LEFT: usize = 4;

/// Fault in so many words, or a department of one's own company that must, should or never does.
///
/// Both sides have a finance department: it is ours where it is called so, or where fault is put on
/// ours anyway. "Our product" is a thing, "product" those who make it.
pub fn blame(reading: &Reading) -> Vec<Span> {
    let before_is = |span: &Span, class: Class| {
        let mut before = reading.before(span.first, 1);
        before.any(|index| reading.is(index, class))
    };
    // "Can't do anything about that except wait" names the one way there is.
    let leaves_a_way = |span: &Span| {
        let mut after = reading.after(span.last, WORDS_TO_A_WAY_LEFT);
        after.any(|index| reading.is_one_of(index, &["except"]))
    };
    // "If legal won't release names" only says what may come; "when legal won't" what is so.
    let may_come = |span: &Span| {
        let mut before = reading.before(span.first, 1);
        before.any(|at| reading.is(at, Class::If) && !reading.is_one_of(at, &["when", "whenever"]))
    };
    let plain: Vec<Span> = reading
        .of_class(Class::Blame)
        .filter(|span| !may_come(span) && !leaves_a_way(span))
        .collect();
    let is_thing = |span: &Span| {
        span.first == span.last && (before_is(span, Class::Article) || before_is(span, Class::Own))
    };
    let only_ours = reading
        .of_class(Class::OwnHouse)
        .filter(|span| !is_thing(span));
    let called_ours = reading
        .of_class(Class::House)
        .filter(|span| !plain.is_empty() || before_is(span, Class::Own));
    let demands = only_ours.chain(called_ours).filter_map(|span| {
        if may_come(&span) {
            return None;
        }
        let last = reading
            .after(span.last, 3)
            .take_while(|index| !reading.is_apart(*index) && !reading.is_who(*index))
            .find(|index| reading.is(*index, Class::Demands))?;
        Some(Span {
            first: span.first,
            last,
        })
    });
    disjoint(demands.chain(plain.iter().copied()).collect())
}

/// Fault put on others where no other way of the seller's own follows at once: whoever names one
/// only says what stands in the way.
pub fn blame_alone(reading: &Reading) -> Vec<Span> {
    let blames = blame(reading);
    let ways = own_ways(reading, &blames);
    without_a_way(reading, &blames, &ways)
}

/// Those of these blames that none of these ways follows at once.
pub fn without_a_way(reading: &Reading, blames: &[Span], ways: &[Span]) -> Vec<Span> {
    // Full stop and line break make one sentence more than is said.
    let mut opened: Vec<usize> = reading.sentences().map(|it| it.first).collect();
    opened.sort_unstable();
    let sentence = |index: usize| opened.partition_point(|first| *first <= index);
    let mut last_way: HashMap<usize, usize> = HashMap::new();
    for way in ways {
        let last = last_way.entry(sentence(way.first)).or_default();
        *last = way.first.max(*last);
    }
    blames
        .iter()
        .copied()
        .filter(|blame| {
            let at = sentence(blame.first);
            let follows = last_way.get(&at).is_some_and(|way| *way > blame.first);
            !follows && !last_way.contains_key(&(at + 1))
        })
        .collect()
}
