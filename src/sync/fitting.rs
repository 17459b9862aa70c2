//! What is left of a text in a field of the CRM that holds less.

use super::work::Work;
use crate::domain::field::{Field, Value};
use crate::domain::strategy::{Answers, Part};
use crate::domain::text::{fit, fit_paragraphs};

/// The value, cut to what the CRM's field holds.
pub(super) fn fitted(work: &Work<'_>, (field, value): (Field, Value)) -> (Field, Value) {
    let value = match value {
        Value::Text(text) => Value::Text(text_as_held(work, field, &text)),
        other => other,
    };
    (field, value)
}

/// A seller's words as the CRM's fields hold them: what is read back of them is no edit.
pub(super) fn as_held(work: &Work<'_>, answers: &Answers) -> Answers {
    let mut held = answers.clone();
    for part in Part::ALL {
        *held.part_mut(part) = text_as_held(work, part.field(), answers.part(part));
    }
    held
}

fn text_as_held(work: &Work<'_>, field: Field, text: &str) -> String {
    let profile = work.crm.profile();
    let place = work.session.fields.0.get(&field);
    let longest = place.and_then(|it| it.longest);
    let limit = longest.unwrap_or(profile.longest_text);
    if field == Field::Coaching {
        let paragraphs: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
        return fit_paragraphs(&paragraphs, limit, profile.unit);
    }
    fit(text, limit, profile.unit)
}
