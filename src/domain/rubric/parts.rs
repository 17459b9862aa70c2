//! Parts that stay empty of thought: what a part lacks, whichever of the questions it answers.

use std::collections::HashSet;

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::tokens::Shape;
use super::{Signal, approach, goal, ownership, whole};

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "only_pitch",
        says: "a part that names our own activity, and nothing the customer does",
        find: only_pitch,
    },
    Signal {
        name: "only_vague",
        says: "a part that stays vague, without a deed or another way",
        find: only_vague,
    },
    Signal {
        name: "bare_part",
        says: "a part that says next to nothing of its own",
        find: bare_part,
    },
];

/// A part with fewer different words of its own than this, no person and no number says next to nothing.
const BARE_WORDS: usize = 4;

/// Only sentences that hold one word of their own in so many count, so that filler hides no bare part.
const DENSE: usize = 5;

fn only_pitch(reading: &Reading) -> Vec<Span> {
    let pitched = [Class::Pitch, Class::Close];
    let theirs = [
        goal::decides(reading),
        goal::brings(reading),
        goal::open_question(reading),
    ]
    .concat();
    parts_with(reading, &pitched)
        .into_iter()
        .filter(|part| !holds_any(*part, &theirs))
        .collect()
}

fn only_vague(reading: &Reading) -> Vec<Span> {
    let own = [
        ownership::own_deed(reading),
        ownership::fallback(reading),
        ownership::arranged(reading),
    ]
    .concat();
    parts_with(reading, &[Class::Vague])
        .into_iter()
        .filter(|part| !holds_any(*part, &own))
        .collect()
}

fn bare_part(reading: &Reading) -> Vec<Span> {
    let thought = [
        goal::decides(reading),
        goal::brings(reading),
        goal::open_question(reading),
        ownership::fallback(reading),
        approach::reason(reading),
        approach::compare(reading),
    ]
    .concat();
    let parts = reading.parts().into_iter();
    parts
        .filter(|part| !holds_any(*part, &thought))
        .filter(|part| {
            let mut own = HashSet::new();
            let mut tells = false;
            for sentence in reading
                .sentences()
                .filter(|sentence| holds_any(*part, &[*sentence]))
            {
                let tokens = reading.tokens_of(sentence);
                let said = tokens
                    .iter()
                    .filter(|token| whole::is_own(token))
                    .map(|token| token.hash);
                let said: Vec<u64> = said.collect();
                if said.len() * DENSE >= tokens.len() {
                    own.extend(said);
                }
                tells |= tokens
                    .iter()
                    .any(|token| token.who || token.shape == Shape::Number);
            }
            own.len() < BARE_WORDS && !tells
        })
        .collect()
}

fn parts_with(reading: &Reading, classes: &[Class]) -> Vec<Span> {
    let spans: Vec<Span> = classes
        .iter()
        .flat_map(|class| reading.of_class(*class))
        .collect();
    reading
        .parts()
        .into_iter()
        .filter(|part| holds_any(*part, &spans))
        .collect()
}

fn holds_any(part: Span, spans: &[Span]) -> bool {
    spans
        .iter()
        .any(|span| part.first <= span.first && span.last <= part.last)
}
