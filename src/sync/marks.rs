//! Marks of what was seen: equal marks mean equal content.

use sha2::{Digest, Sha256};

use crate::domain::deal::Deal;
use crate::domain::outlook::shortened;
use crate::domain::strategy::{Answers, Part};
use crate::store::deals::Marks;

/// The marks of a deal as it was just seen.
pub(super) fn marks(deal: &Deal) -> Marks {
    let answers = mark_of_answers(&deal.answers);
    let question = mark([deal.manager_question.trim()]);
    let amount = deal
        .amount
        .map(|amount| amount.to_string())
        .unwrap_or_default();
    let close_on = deal
        .close_on
        .map(|date| date.to_string())
        .unwrap_or_default();
    let seen = mark([
        deal.name.as_str(),
        deal.account.as_deref().unwrap_or_default(),
        deal.pipeline.as_ref().map_or("", |it| it.as_str()),
        deal.stage.as_str(),
        &amount,
        deal.currency.as_deref().unwrap_or_default(),
        &close_on,
        deal.seller.as_ref().map_or("", |it| it.as_str()),
        deal.standing.as_str(),
        &answers,
        &question,
    ]);
    Marks {
        seen,
        answers,
        question,
    }
}

/// The mark of a seller's words, blind to the CRM's habits with line ends and outer blanks.
pub fn mark_of_answers(answers: &Answers) -> String {
    let mut hash = Sha256::new();
    for part in Part::ALL {
        for (n, line) in answers.part(part).trim().split("\r\n").enumerate() {
            if n > 0 {
                hash.update("\n");
            }
            hash.update(line);
        }
        hash.update([0]);
    }
    if let Some(date) = answers.check_on {
        hash.update(date.to_string());
    }
    hash.update([0]);
    shortened(hash)
}

fn mark<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    shortened(hash)
}
