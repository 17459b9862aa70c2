//! One assessment as a page that a seller can follow: every point, and the words behind it.

use std::fmt::Write;

use crate::domain::evidence;
use crate::domain::grade::{Assessment, Dimension};
use crate::domain::rubric::says;
use crate::domain::strategy::Answers;

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
        for told in evidence::of(dimension, answers, &assessment.findings) {
            let quotes: Vec<String> = told.quotes.iter().map(|it| format!("“{it}”")).collect();
            push(
                &mut page,
                format_args!(
                    "  {:>+5.2}  {}: {}{}\n",
                    f64::from(told.points) / 100.0,
                    says(told.rule),
                    quotes.join(", "),
                    if told.more { " …" } else { "" },
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

/// Writing to a string cannot fail.
fn push(page: &mut String, text: std::fmt::Arguments) {
    page.write_fmt(text).unwrap_or_default();
}
