//! Who a text is about where its words belong to other lives than work: a ferry is the trade of one customer
//! and the holiday of one seller.

use std::collections::HashSet;

use super::idle::OUTSIDE;
use super::lexicon::Class;
use super::reading::{Reading, Span};

/// Which words from outside the deal may be the customer's trade.
pub struct Trades {
    /// The sentences that speak of someone at the customer by role …
    of_roles: HashSet<u32>,
    /// … the words from outside the deal that stand there …
    words: HashSet<u64>,
    /// … and the sentences that speak of the seller; without any it is somebody's story.
    of_oneself: HashSet<u32>,
}

impl Trades {
    /// Of a text.
    pub fn of(reading: &Reading) -> Self {
        let roles = reading.of_maybe_role().chain(reading.of_class(Class::Role));
        let at_the_customer = roles.filter(|span| is_outside_ones_house(reading, span));
        let sentence = |span: &Span| reading.tokens.get(span.first).map(|it| it.sentence);
        let of_roles: HashSet<u32> = at_the_customer.filter_map(|it| sentence(&it)).collect();
        let outside = OUTSIDE.iter().flat_map(|class| reading.of_class(*class));
        let words = outside
            .filter(|span| sentence(span).is_some_and(|it| of_roles.contains(&it)))
            .map(|span| reading.words(span))
            .collect();
        let own = reading.of_class(Class::Own);
        let of_oneself = own
            .filter(|span| reading.is_one_of(span.first, &ONESELF))
            .filter_map(|span| sentence(&span))
            .collect();
        Self {
            of_roles,
            words,
            of_oneself,
        }
    }

    /// Whether words from outside the deal may be the customer's trade: they are not called the seller's
    /// own, and someone there stands in their sentence, or in another that holds them, or at least
    /// in others, and the seller does not stand beside them.
    pub fn may_be(&self, reading: &Reading, span: &Span) -> bool {
        let is_own = reading.is(span.first, Class::Own)
            || reading
                .before(span.first, 2)
                .any(|at| reading.is_one_of(at, &["my", "our"]));
        let sentence = reading.tokens.get(span.first).map(|it| it.sentence);
        let in_any = |those: &HashSet<u32>| sentence.is_some_and(|it| those.contains(&it));
        let is_apart = || self.of_roles.len() >= ENOUGH_ROLES && !in_any(&self.of_oneself);
        !is_own
            && !self.of_oneself.is_empty()
            && (in_any(&self.of_roles) || self.words.contains(&reading.words(*span)) || is_apart())
    }
}

/// A text with so many sentences about someone at the customer is about a customer; one may be a remark.
const ENOUGH_ROLES: usize = 2;

/// The seller, as one and not as a firm.
const ONESELF: [&str; 7] = ["i", "my", "mine", "i've", "i'm", "i'd", "me"];

/// A role, and neither the seller's kin nor somebody of the seller's own house.
fn is_outside_ones_house(reading: &Reading, span: &Span) -> bool {
    let is_ours = reading
        .before(span.first, 2)
        .any(|at| reading.is(at, Class::Own));
    let is_outside = OUTSIDE.iter().any(|class| reading.is(span.first, *class));
    reading.is_who(span.first) && !is_ours && !is_outside
}
