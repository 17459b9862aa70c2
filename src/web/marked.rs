//! A seller's words with what earned or lost points marked in them, and what changed between two
//! versions of them.

use similar::{ChangeTag, TextDiff};

use crate::domain::grade::Finding;
use crate::domain::strategy::Part;

/// A stretch of text that is shown in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The words.
    pub text: String,
    /// How they are shown.
    pub how: How,
    /// What the rules say about them.
    pub rules: String,
}

/// How a stretch of text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As it is.
    Plain,
    /// It earned points.
    Earned,
    /// It lost points.
    Lost,
    /// It is new in this version.
    Added,
    /// It stood in the version before.
    Removed,
}

/// A rule's name in words.
pub fn rule_words(rule: &str) -> String {
    rule.replace('_', " ")
}

/// The text of one part, cut where findings begin and end. What lost points shows over what
/// earned them. Ranges that fit no text, as after a change of the text, mark nothing.
pub fn pieces(text: &str, part: Part, findings: &[Finding]) -> Vec<Piece> {
    let fits = |finding: &&Finding| {
        finding.part == part
            && finding.points != 0
            && finding.start < finding.end
            && text.get(finding.start..finding.end).is_some()
    };
    let findings: Vec<&Finding> = findings.iter().filter(fits).collect();
    let mut cuts: Vec<usize> = findings
        .iter()
        .flat_map(|finding| [finding.start, finding.end])
        .chain([0, text.len()])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2)
        .filter_map(|cut| {
            let &[from, to] = cut else { return None };
            let over: Vec<&&Finding> = findings
                .iter()
                .filter(|finding| finding.start <= from && to <= finding.end)
                .collect();
            let how = match over.iter().map(|finding| finding.points).min() {
                None => How::Plain,
                Some(points) if points < 0 => How::Lost,
                Some(_) => How::Earned,
            };
            let mut rules: Vec<String> = over.iter().map(|it| rule_words(&it.rule)).collect();
            rules.dedup();
            Some(Piece {
                text: text.get(from..to)?.to_owned(),
                how,
                rules: rules.join(", "),
            })
        })
        .collect()
}

/// What changed from one text to another, word by word.
pub fn changes(before: &str, after: &str) -> Vec<Piece> {
    let diff = TextDiff::from_words(before, after);
    let mut pieces: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let how = match change.tag() {
            ChangeTag::Equal => How::Plain,
            ChangeTag::Insert => How::Added,
            ChangeTag::Delete => How::Removed,
        };
        match pieces.last_mut().filter(|last| last.how == how) {
            Some(last) => last.text.push_str(change.value()),
            None => pieces.push(Piece {
                text: change.value().to_owned(),
                how,
                rules: String::new(),
            }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(start: usize, end: usize, points: i32) -> Finding {
        Finding {
            rule: "why_way".to_owned(),
            dimension: None,
            part: Part::Approach,
            start,
            end,
            points,
        }
    }

    fn shown(pieces: &[Piece]) -> Vec<(&str, How)> {
        pieces.iter().map(|it| (it.text.as_str(), it.how)).collect()
    }

    #[test]
    fn findings_mark_the_words_they_quote() {
        let text = "Grün, because Anna says so";
        let found = [
            finding(7, 14, 50),
            finding(7, 19, -25),
            finding(1, 2, 9),
            // Splits a character: left out rather than shown wrong.
            finding(1, 3, 9),
            finding(3, 4, 9),
        ];

        let pieces = pieces(text, Part::Approach, &found);

        let whole: String = pieces.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(whole, text);
        assert_eq!(
            shown(&pieces),
            vec![
                ("G", How::Plain),
                ("r", How::Earned),
                ("ün, ", How::Plain),
                ("because", How::Lost),
                (" Anna", How::Lost),
                (" says so", How::Plain)
            ]
        );
    }

    #[test]
    fn a_version_shows_what_changed_in_words() {
        let pieces = changes("Ask Ana today", "Ask Ben today");

        assert_eq!(
            shown(&pieces),
            vec![
                ("Ask ", How::Plain),
                ("Ana", How::Removed),
                ("Ben", How::Added),
                (" today", How::Plain)
            ]
        );
    }
}
