//! What is left of a text in a field of the CRM that holds less.

use crate::crm::Crm;
use crate::crm::session::Session;
use crate::domain::field::{Field, Value};
use crate::domain::strategy::{Answers, Part};
use crate::domain::text::{fit, fit_paragraphs};

/// Cuts a value to what the CRM's field holds.
pub(super) fn fit_in(crm: &dyn Crm, session: &Session, field: Field, value: &mut Value) {
    if let Value::Text(text) = value
        // No unit counts more than the bytes.
        && text.len() > longest(crm, session, field)
    {
        *text = text_as_held(crm, session, field, text);
    }
}

/// A seller's words as the CRM's fields hold them: what is read back of them is no edit.
pub(super) fn as_held(crm: &dyn Crm, session: &Session, answers: &Answers) -> Answers {
    let mut held = answers.clone();
    for part in Part::ALL {
        *held.part_mut(part) = text_as_held(crm, session, part.field(), answers.part(part));
    }
    held
}

fn text_as_held(crm: &dyn Crm, session: &Session, field: Field, text: &str) -> String {
    let (limit, unit) = (longest(crm, session, field), crm.profile().unit);
    if field == Field::Coaching {
        let paragraphs: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
        return fit_paragraphs(&paragraphs, limit, unit);
    }
    fit(text, limit, unit)
}

/// How much a field holds, in the CRM's unit.
fn longest(crm: &dyn Crm, session: &Session, field: Field) -> usize {
    let place = session.fields.0.get(&field);
    let longest = place.and_then(|it| it.longest);
    longest.unwrap_or(crm.profile().longest_text)
}
