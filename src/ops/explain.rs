//! One assessment as a page that a seller can follow: every point, and the words behind it.

use std::fmt::Write;

use crate::domain::field::Field;
use crate::domain::grade::{Assessment, Dimension, Finding};
use crate::domain::rubric::says;
use crate::domain::strategy::Answers;

/// The most quotes shown per rule.
const MOST_QUOTES: usize = 4;

/// The page.
pub fn explain(title: &str, answers: &Answers, assessment: &Assessment) -> String {
    let mut page = String::new();
    let score = assessment
        .score
        .map(|score| format!(", {score} of 100"))
        .unwrap_or_default();
    push(
        &mut page,
        format_args!("{title}: {}{score}\n", assessment.grade.label()),
    );
    for finding in assessment
        .findings
        .iter()
        .filter(|finding| finding.dimension.is_none())
        .take(1)
    {
        push(&mut page, format_args!("  {}\n", says(&finding.rule)));
    }
    for dimension in Dimension::ALL
        .into_iter()
        .filter(|_| assessment.score.is_some())
    {
        push(
            &mut page,
            format_args!(
                "\n{} {} of 4\n",
                dimension.label(),
                assessment.dims.of(dimension)
            ),
        );
        for (rule, points, quotes) in by_rule(answers, &assessment.findings, dimension) {
            push(
                &mut page,
                format_args!(
                    "  {:>+5.2}  {}: {quotes}\n",
                    f64::from(points) / 100.0,
                    says(rule)
                ),
            );
        }
    }
    let notes = assessment.notes.iter().map(|note| &note.text);
    let private = assessment.private_notes.iter().map(|note| &note.text);
    for text in notes.chain(private) {
        push(&mut page, format_args!("\n? {text}\n"));
    }
    page
}

/// Per rule, what it earned or lost and the words it quotes, the weightiest first.
fn by_rule<'a>(
    answers: &Answers,
    findings: &'a [Finding],
    dimension: Dimension,
) -> Vec<(&'a str, i32, String)> {
    let mut rules: Vec<(&str, i32, Vec<String>)> = Vec::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.dimension == Some(dimension))
    {
        let words = answers
            .part(finding.part)
            .get(finding.start..finding.end)
            .unwrap_or_default();
        let quote = match words {
            "" => Field::CheckOn.label().to_owned(),
            words => format!("“{}”", shortened(words)),
        };
        match rules.last_mut() {
            Some((rule, points, quotes)) if *rule == finding.rule => {
                *points += finding.points;
                quotes.push(quote);
            }
            _ => rules.push((&finding.rule, finding.points, vec![quote])),
        }
    }
    rules.sort_by_key(|(_, points, _)| -points.abs());
    rules
        .into_iter()
        .map(|(rule, points, quotes)| {
            let more = if quotes.len() > MOST_QUOTES {
                " …"
            } else {
                ""
            };
            let shown: Vec<String> = quotes.into_iter().take(MOST_QUOTES).collect();
            (rule, points, shown.join(", ") + more)
        })
        .collect()
}

/// Whole words up to some sixty letters.
fn shortened(words: &str) -> String {
    const MOST_WORDS: usize = 9;
    let mut start: Vec<&str> = words.split_whitespace().take(MOST_WORDS + 1).collect();
    if start.len() > MOST_WORDS {
        start.truncate(MOST_WORDS);
        start.push("…");
    }
    start.join(" ")
}

/// Writing to a string cannot fail.
fn push(page: &mut String, text: std::fmt::Arguments) {
    page.write_fmt(text).unwrap_or_default();
}
