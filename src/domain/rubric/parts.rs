//! Parts that stay empty of thought: what a part lacks, whichever of the questions it answers.

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::{Signal, goal, ownership};

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
];

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
