//! Parts that stay empty of thought: what a part lacks, whichever of the questions it answers.

use super::reading::{Reading, Span};
use super::{Signal, approach, customer, goal, ownership, put_aside};

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "only_pitch",
        says: "says only what you will do, not why, nor what anyone there does",
        find: only_pitch,
    },
    Signal {
        name: "only_vague",
        says: "stays vague: nothing that you do, no other way",
        find: only_vague,
    },
];

fn only_pitch(reading: &Reading) -> Vec<Span> {
    let ours = [goal::pitch(reading), goal::close(reading)].concat();
    let theirs = [
        goal::decides(reading),
        goal::they_decide(reading),
        goal::brings(reading),
        goal::open_question(reading),
        customer::said(reading),
        customer::wants(reading),
        customer::feels(reading),
        approach::reason(reading),
        put_aside::rejected(reading),
        ownership::fallback(reading),
    ]
    .concat();
    parts_with(reading, &ours)
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
    let vague = ownership::vague(reading);
    parts_with(reading, &vague)
        .into_iter()
        .filter(|part| !holds_any(*part, &own))
        .collect()
}

fn parts_with(reading: &Reading, spans: &[Span]) -> Vec<Span> {
    let parts = reading.parts().into_iter();
    parts.filter(|part| holds_any(*part, spans)).collect()
}

fn holds_any(part: Span, spans: &[Span]) -> bool {
    spans
        .iter()
        .any(|span| part.first <= span.first && span.last <= part.last)
}
