//! What changed about a deal since a manager and its seller last spoke.

use chrono::NaiveDate;

use super::board::stage_name;
use super::marked::{How, Piece, changes};
use super::words;
use crate::domain::field::Field;
use crate::domain::strategy::{Answers, Part};
use crate::store::coaching::Talk;
use crate::store::deals::Dossier;
use crate::store::people::StageRow;
use crate::store::strategies::Version;

/// What changed.
pub struct Since {
    /// The day of the talk …
    pub on: NaiveDate,
    /// … and in words.
    pub day: String,
    /// Facts that changed: what, before, now.
    pub facts: Vec<(&'static str, String, String)>,
    /// Words that changed.
    pub words: Vec<(&'static str, Vec<Piece>)>,
}

/// Compares a deal with how it stood then.
///
/// `zone` is the reader's.
pub fn since(
    talk: &Talk,
    deal: &Dossier,
    (stages, versions): (&[StageRow], &[Version]),
    zone: Option<&str>,
) -> Since {
    let mut facts = Vec::new();
    if talk.stage != deal.stage {
        let name = |id: &str| stage_name(stages, id).to_owned();
        facts.push(("Stage", name(&talk.stage), name(&deal.stage)));
    }
    if talk.amount != deal.amount {
        let said = |amount: Option<f64>| {
            amount.map_or("none".to_owned(), |it| {
                words::money(it, deal.currency.as_deref())
            })
        };
        facts.push(("Amount", said(talk.amount), said(deal.amount)));
    }
    if talk.close_on != deal.close_on {
        let said = |date: Option<NaiveDate>| date.map_or("none".to_owned(), words::day);
        facts.push(("Closes", said(talk.close_on), said(deal.close_on)));
    }
    if talk.grade != deal.grade {
        let said = |grade: &Option<String>| {
            grade
                .clone()
                .unwrap_or_else(|| "No strategy yet".to_owned())
        };
        facts.push(("Grade", said(&talk.grade), said(&deal.grade)));
    }
    let nothing = Answers::default();
    let of = |number: i64| {
        let version = versions.iter().find(|it| it.version == number);
        version.map_or(&nothing, |it| &it.answers.0)
    };
    let (before, now) = (of(talk.version), of(deal.version));
    if before.check_on != now.check_on {
        let said = |date: Option<NaiveDate>| date.map_or("none".to_owned(), words::day);
        facts.push((
            Field::CheckOn.label(),
            said(before.check_on),
            said(now.check_on),
        ));
    }
    let words = Part::ALL
        .into_iter()
        .map(|part| {
            let pieces = changes(before.part(part), now.part(part));
            (part.field().label(), pieces)
        })
        .filter(|(_, pieces)| pieces.iter().any(|piece| piece.how != How::Plain))
        .collect();
    let on = words::local_day(talk.at, zone);
    Since {
        on,
        day: words::day(on),
        facts,
        words,
    }
}
