//! One assessment as a page that a seller can follow: what counted, the words behind it, and what
//! would earn more.

use std::fmt::Write;

use crate::domain::coaching::applying;
use crate::domain::evidence;
use crate::domain::grade::{Assessment, Dimension, Finding, Grade};
use crate::domain::rubric::scale::TOP;
use crate::domain::rubric::{Rubric, own_signals, says};
use crate::domain::strategy::Answers;

/// The most quotes shown per rule.
const MOST_QUOTES: usize = 3;
/// Rules that weigh less than this, in hundredths of a point, are told in one line.
const WEIGHTY: i32 = 10;
/// So many rules that heard nothing are named: those that would earn most.
const MOST_OPEN: usize = 2;

/// The page.
pub fn explain(title: &str, answers: &Answers, assessment: &Assessment, rubric: &Rubric) -> String {
    let mut page = String::new();
    let score = assessment
        .score
        .map(|score| format!(", {score} of 100"))
        .unwrap_or_default();
    let name = if title.is_empty() {
        String::new()
    } else {
        format!("{title}: ")
    };
    push(
        &mut page,
        format_args!("{name}{}{score}\n", assessment.grade.label()),
    );
    push_why(&mut page, answers, assessment);
    for dimension in Dimension::ALL
        .into_iter()
        .filter(|_| assessment.score.is_some())
    {
        push_dimension(&mut page, dimension, answers, assessment, rubric);
    }
    push_questions(&mut page, assessment);
    page
}

/// Why there is no grade, or why it is no higher.
fn push_why(page: &mut String, answers: &Answers, assessment: &Assessment) {
    match assessment.grade {
        Grade::NoStrategyYet => push(page, format_args!("  Nothing is written yet.\n")),
        Grade::NotAssessedLanguage => push(
            page,
            format_args!("  Latitude reads English so far. This says nothing about the plan.\n"),
        ),
        _ => {}
    }
    let caps: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| finding.dimension.is_none())
        .collect();
    let Some(first) = caps.first() else {
        return;
    };
    let quotes: Vec<String> = caps
        .iter()
        .map(|finding| evidence::quote(answers, finding))
        .collect();
    push(
        page,
        format_args!("  {}: {}\n", says(&first.rule), shown(quotes)),
    );
}

fn push_dimension(
    page: &mut String,
    dimension: Dimension,
    answers: &Answers,
    assessment: &Assessment,
    rubric: &Rubric,
) {
    let level = assessment.dims.of(dimension);
    push(
        page,
        format_args!(
            "\n{}: {level} of {TOP}, {}\n",
            dimension.label(),
            means(level)
        ),
    );
    let (weighty, light): (Vec<_>, Vec<_>) = evidence::of(dimension, answers, &assessment.findings)
        .into_iter()
        .partition(|it| it.points.abs() >= WEIGHTY);
    for it in weighty {
        let (points, quotes) = (in_points(it.points), shown(it.quotes));
        push(
            page,
            format_args!("  {points:>+5.2}  {}: {quotes}\n", says(it.rule)),
        );
    }
    if !light.is_empty() {
        let points = light.iter().map(|it| it.points).sum();
        let rules: Vec<&str> = light.iter().map(|it| says(it.rule)).collect();
        push(
            page,
            format_args!(
                "  {:>+5.2}  and a little each: {}\n",
                in_points(points),
                rules.join("; ")
            ),
        );
    }
    let open = not_heard(dimension, assessment, rubric);
    if level < TOP && !open.is_empty() {
        push(
            page,
            format_args!("         not there yet: {}\n", open.join("; ")),
        );
    }
}

fn push_questions(page: &mut String, assessment: &Assessment) {
    let notes = applying(None, &assessment.notes, &[]);
    let notes = notes.iter().map(|note| &note.text);
    let private = assessment.private_notes.iter().map(|note| &note.text);
    for (at, text) in notes.chain(private).enumerate() {
        let before = if at == 0 { "\nTo think about\n" } else { "" };
        push(page, format_args!("{before}  ? {text}\n"));
    }
}

/// A level in the words of the rating guide.
fn means(level: u8) -> &'static str {
    match level {
        0 => "nothing to go by yet",
        1 => "only hinted at, or true of any deal",
        2 => "something real, but a key part is missing",
        3 => "clear and about this deal, one thing still open",
        _ => "clear, about this deal, and reasoned",
    }
}

/// The dimension's own rules that heard nothing, the weightiest first.
fn not_heard(dimension: Dimension, assessment: &Assessment, rubric: &Rubric) -> Vec<&'static str> {
    let weights = rubric.file().weights.get(&dimension);
    let is_heard = |name: &str| {
        let mut of = assessment.findings.iter();
        of.any(|finding| finding.dimension == Some(dimension) && finding.rule == name)
    };
    let mut open: Vec<(i32, &str)> = own_signals(dimension)
        .iter()
        .filter(|signal| !is_heard(signal.name))
        .filter_map(|signal| Some((*weights?.get(signal.name)?, signal.says)))
        .filter(|(weight, _)| *weight > 0)
        .collect();
    open.sort_by_key(|(weight, _)| -weight);
    open.into_iter()
        .take(MOST_OPEN)
        .map(|(_, says)| says)
        .collect()
}

fn shown(quotes: Vec<String>) -> String {
    let more = if quotes.len() > MOST_QUOTES {
        " …"
    } else {
        ""
    };
    let quoted = quotes.into_iter().take(MOST_QUOTES);
    let shown: Vec<String> = quoted.map(|it| format!("“{it}”")).collect();
    shown.join(", ") + more
}

fn in_points(hundredths: i32) -> f64 {
    f64::from(hundredths) / 100.0
}

/// Writing to a string cannot fail.
fn push(page: &mut String, text: std::fmt::Arguments) {
    page.write_fmt(text).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rubric::assess;

    fn page(goal: &str) -> String {
        let rubric = Rubric::default();
        let answers = Answers {
            customer_outcome: "Registers die in every storm, and Jo, who does the books, writes \
                the tickets by hand. She lost 41 of them in July."
                .to_owned(),
            conversation_goal: goal.to_owned(),
            ..Answers::default()
        };
        explain("d-1", &answers, &assess(&answers, &rubric), &rubric)
    }

    #[test]
    fn the_page_quotes_what_counted_and_says_what_would_earn_more() {
        let page = page("Jo picks the register that stays on");

        assert!(page.starts_with("d-1: "), "{page}");
        assert!(page.contains("names what goes wrong for them: “"), "{page}");
        assert!(page.contains("not there yet: "), "{page}");
        assert!(page.contains("To think about\n  ? "), "{page}");
    }

    #[test]
    fn what_is_said_is_never_called_missing() {
        let page = page("Jo picks the register that stays on by Friday 9am");
        let next_step = page.split("Next step").nth(1).unwrap_or_default();
        let open = next_step.split("not there yet").nth(1).unwrap_or_default();

        assert!(next_step.contains("names a day"), "{page}");
        assert!(!open.contains("names a day"), "{page}");
    }
}
