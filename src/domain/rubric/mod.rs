//! From a strategy to an assessment: readable rules, each quoting the words it judged.

use serde::Deserialize;

use super::grade::{Assessment, Dimensions, Finding, Grade};
use super::strategy::{Answers, Part};

/// Weights and word lists of the rules; part of the framework, so that ops can tune them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rubric {}

/// Assesses one strategy.
///
/// Pure and deterministic: the same text gets the same assessment, whoever wrote it.
pub fn assess(answers: &Answers, _rubric: &Rubric) -> Assessment {
    let words: usize = Part::ANSWERS
        .iter()
        .map(|part| answers.part(*part).split_whitespace().count())
        .sum();
    let (grade, score) = match words {
        0 => (Grade::NoStrategyYet, None),
        1..=14 => (Grade::NotEnoughYet, None),
        _ => (Grade::Thin, Some(25)),
    };
    let findings = Part::ANSWERS
        .into_iter()
        .filter(|part| !answers.part(*part).is_empty())
        .map(|part| Finding {
            rule: "written".to_owned(),
            dimension: None,
            part,
            start: 0,
            end: answers.part(part).len(),
            points: 0,
        })
        .collect();
    Assessment {
        grade,
        score,
        overall: u8::from(score.is_some()),
        dims: Dimensions::default(),
        findings,
        notes: Vec::new(),
        private_notes: Vec::new(),
    }
}
