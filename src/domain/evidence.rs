//! What each rule said of a strategy: its points, and the words it quotes.

use super::field::Field;
use super::grade::{Dimension, Finding};
use super::strategy::Answers;

/// The most quotes kept per rule.
const MOST_QUOTES: usize = 4;
/// The most words of one quote.
const MOST_WORDS: usize = 9;
/// So many words read as a phrase, which may break off.
const FEWEST_OF_A_PHRASE: usize = 4;

/// What one rule said of one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// What it earned or lost there altogether, in hundredths of a point.
    pub points: i32,
    /// The words it quotes, at most four; the check date by its label.
    pub quotes: Vec<String>,
}

/// What was said of a dimension, the weightiest first.
pub fn of<'a>(
    dimension: Dimension,
    answers: &Answers,
    findings: &'a [Finding],
) -> Vec<Evidence<'a>> {
    let mut told: Vec<Evidence<'a>> = Vec::new();
    for finding in findings
        .iter()
        .filter(|it| it.dimension == Some(dimension) && it.points != 0)
    {
        let quote = quote(answers, finding);
        match told.iter_mut().find(|it| it.rule == finding.rule) {
            None => told.push(Evidence {
                rule: &finding.rule,
                points: finding.points,
                quotes: vec![quote],
            }),
            Some(before) => {
                before.points += finding.points;
                let known = before.quotes.contains(&quote);
                if !known && before.quotes.len() < MOST_QUOTES {
                    before.quotes.push(quote);
                }
            }
        }
    }
    told.sort_by_key(|it| -it.points.abs());
    told
}

/// What was said of the plan as a whole: the first rule that speaks of no dimension, with all that such
/// rules quote, at most four.
pub fn of_whole<'a>(answers: &Answers, findings: &'a [Finding]) -> Option<Evidence<'a>> {
    let whole = || findings.iter().filter(|it| it.dimension.is_none());
    let first = whole().next()?;
    let mut quotes: Vec<String> = Vec::new();
    for quote in whole().map(|it| quote(answers, it)) {
        if !quotes.contains(&quote) && quotes.len() < MOST_QUOTES {
            quotes.push(quote);
        }
    }
    Some(Evidence {
        rule: &first.rule,
        points: first.points,
        quotes,
    })
}

/// The words behind a finding, cut where they are many; the check date by its label, since a date
/// has no words.
pub fn quote(answers: &Answers, finding: &Finding) -> String {
    let text = answers.part(finding.part);
    match text.get(finding.start..finding.end) {
        None | Some("") => Field::CheckOn.label().to_owned(),
        Some(words) => shortened(words, text.get(finding.end..).unwrap_or_default()),
    }
}

/// Whole words from the start, as many as are read at a glance. Where they are left off, or the phrase
/// goes on in the `rest`, that is said; a name or two stand for themselves.
fn shortened(words: &str, rest: &str) -> String {
    let mut start: Vec<&str> = words.split_whitespace().take(MOST_WORDS + 1).collect();
    let goes_on = rest
        .trim_start_matches(' ')
        .starts_with(char::is_alphanumeric);
    if start.len() > MOST_WORDS || goes_on && start.len() >= FEWEST_OF_A_PHRASE {
        start.truncate(MOST_WORDS);
        start.push("…");
    }
    start.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::strategy::Part;

    #[test]
    fn a_rule_is_told_once_with_all_it_quotes_and_the_weightiest_stands_first() {
        let answers = Answers {
            approach: "Ana signs, Ben signs".to_owned(),
            ..Answers::default()
        };
        let said = |rule: &str, start, end, points| Finding {
            rule: rule.to_owned(),
            dimension: Some(Dimension::Goal),
            part: Part::Approach,
            start,
            end,
            points,
        };
        let found = [
            said("person", 0, 3, 10),
            said("decides", 0, 9, 40),
            said("person", 11, 14, 10),
            said("person", 0, 3, 0),
        ];

        let told = of(Dimension::Goal, &answers, &found);

        let lines: Vec<_> = told.iter().map(|it| (it.rule, it.points)).collect();
        assert_eq!(lines, vec![("decides", 40), ("person", 20)]);
        assert_eq!(told[1].quotes, vec!["Ana", "Ben"]);
    }

    #[test]
    fn a_quote_that_breaks_off_says_so_and_a_name_stands_for_itself() {
        let phrase = "if the proof shows less";

        assert_eq!(shortened(phrase, " than a week"), format!("{phrase} …"));
        assert_eq!(shortened(phrase, ", then we stop"), phrase);
        assert_eq!(shortened(phrase, "\nWe stop"), phrase);
        assert_eq!(shortened("Ana of sales", " signs"), "Ana of sales");
    }
}
