//! A seller's words with what earned or lost points marked in them, and what changed between two
//! versions of them.

use std::collections::BTreeMap;

use similar::{ChangeTag, TextDiff};

use crate::domain::grade::Finding;
use crate::domain::rubric::says;
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

/// Texts that share less than this are told as one text in place of another. Blanks count as words,
/// and two texts of the same length share about half of them by that alone.
const LEAST_SHARED: f32 = 0.6;
/// Bytes of two texts that are still compared word by word. Texts that share nothing take the square
/// of their words to compare; at this length that is some milliseconds.
const MOST_COMPARED: usize = 40_000;
/// The least that everything said about a stretch must come to, in hundredths of a point, for it to
/// be marked: a quarter of a point. What is worth less is told under "Where the points come from".
const LEAST_MARKED: i32 = 25;
/// Marked stretches with so few letters in between read as one.
const NEAR_BYTES: usize = 4;

/// The text of one part, cut where clauses that earned or lost enough begin and end. Where stretches lie
/// over each other, the shorter one is shown. Ranges that fit no text, as after a change of the
/// text, mark nothing.
pub fn pieces(text: &str, part: Part, findings: &[Finding]) -> Vec<Piece> {
    let mut marks = marks(text, part, findings);
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.to - mark.from));
    let mut cuts: Vec<usize> = marks
        .iter()
        .flat_map(|mark| [mark.from, mark.to])
        .chain([0, text.len()])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces: Vec<Piece> = Vec::new();
    for cut in cuts.windows(2) {
        let &[from, to] = cut else { continue };
        let over = marks.iter().rfind(|it| it.from <= from && to <= it.to);
        let words = text.get(from..to).unwrap_or_default();
        let plain = |text: &str| Piece {
            text: text.to_owned(),
            how: How::Plain,
            rules: String::new(),
        };
        let Some(over) = over else {
            join(&mut pieces, plain(words));
            continue;
        };
        // A mark begins and ends with a word: where another stretch is cut out of it, the blanks
        // beside the cut are nobody's.
        let (lead, rest) = words.split_at(words.len() - words.trim_start().len());
        let (core, trail) = rest.split_at(rest.trim_end().len());
        let marked = Piece {
            text: core.to_owned(),
            how: over.how,
            rules: over.rules.clone(),
        };
        for piece in [plain(lead), marked, plain(trail)] {
            join(&mut pieces, piece);
        }
    }
    pieces
}

/// A stretch worth marking.
struct Mark {
    from: usize,
    to: usize,
    how: How,
    rules: String,
}

/// What is said about each stretch, over all rules and dimensions, where it comes to enough. A
/// stretch has lost points only where what stands inside it did not earn them back.
fn marks(text: &str, part: Part, findings: &[Finding]) -> Vec<Mark> {
    let mut said: BTreeMap<(usize, usize), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let fits = text
            .get(finding.start..finding.end)
            .is_some_and(|it| !it.is_empty());
        if finding.part == part && finding.points != 0 && fits {
            let range = clause(text, finding.start, finding.end);
            said.entry(range).or_default().push(finding);
        }
    }
    let sum = |of: &[&Finding]| of.iter().map(|it| it.points).sum::<i32>();
    said.iter()
        .filter_map(|((from, to), here)| {
            let inside = said
                .iter()
                .filter(|((a, b), _)| from <= a && b <= to)
                .map(|(_, there)| sum(there))
                .sum::<i32>();
            let points = if sum(here) < 0 { inside } else { sum(here) };
            let mut rules: Vec<&str> = here.iter().map(|it| says(&it.rule)).collect();
            rules.dedup();
            (points.abs() >= LEAST_MARKED).then(|| Mark {
                from: *from,
                to: *to,
                how: if points < 0 { How::Lost } else { How::Earned },
                rules: rules.join(", "),
            })
        })
        .collect()
}

/// The clause that a range stands in: what a reader takes in as one thought. A range that goes
/// beyond one is widened at both ends.
fn clause(text: &str, start: usize, end: usize) -> (usize, usize) {
    let ends = |at: usize, sign: char| {
        let after = text
            .get(at + sign.len_utf8()..)
            .and_then(|it| it.chars().next());
        let free = after.is_none_or(char::is_whitespace);
        sign == '\n'
            || matches!(sign, '(' | ')')
            || (free && matches!(sign, ',' | ';' | ':' | '.' | '!' | '?'))
    };
    let before = text.get(..start).unwrap_or_default();
    let from = before.char_indices().rfind(|(at, sign)| ends(*at, *sign));
    let from = from.map_or(0, |(at, sign)| at + sign.len_utf8());
    let rest = text.get(end..).unwrap_or_default();
    let to = rest.char_indices().find(|(at, sign)| ends(end + at, *sign));
    let to = to.map_or(text.len(), |(at, _)| end + at);
    let shown = text.get(from..to).unwrap_or_default();
    let from = to - shown.trim_start().len();
    (from, from + shown.trim().len())
}

/// Adds a piece, if there is anything to it; two of one kind with hardly anything between them
/// become one.
fn join(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.text.is_empty() {
        return;
    }
    let near = |it: &Piece| it.text.len() <= NEAR_BYTES && !it.text.contains(['.', '!', '?', '\n']);
    let bridged = match pieces.as_slice() {
        [.., before, between] if between.how == How::Plain && near(between) => {
            before.how == piece.how && piece.how != How::Plain
        }
        _ => false,
    };
    if bridged && let Some(between) = pieces.pop() {
        let before = pieces.last_mut();
        if let Some(before) = before {
            before.text.push_str(&between.text);
        }
    }
    match pieces.last_mut().filter(|it| it.how == piece.how) {
        Some(before) => {
            before.text.push_str(&piece.text);
            if !piece.rules.is_empty() && !before.rules.contains(&piece.rules) {
                before.rules = format!("{}, {}", before.rules, piece.rules);
            }
        }
        None => pieces.push(piece),
    }
}

/// What changed from one text to another, word by word; as a whole where hardly a word stayed, or
/// where there are too many to compare them while someone waits.
pub fn changes(before: &str, after: &str) -> Vec<Piece> {
    let piece = |how, text: &str| Piece {
        text: text.to_owned(),
        how,
        rules: String::new(),
    };
    let whole = || vec![piece(How::Removed, before), piece(How::Added, after)];
    if before == after {
        return vec![piece(How::Plain, after)];
    }
    if before.len() + after.len() > MOST_COMPARED {
        return whole();
    }
    let diff = TextDiff::from_words(before, after);
    let another = !before.trim().is_empty() && !after.trim().is_empty();
    if another && diff.ratio() < LEAST_SHARED {
        return whole();
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut stretch = Stretch::default();
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Delete => stretch.take(text, ""),
            ChangeTag::Insert => stretch.take("", text),
            ChangeTag::Equal if stretch.goes_on_over(text) => stretch.blank.push_str(text),
            ChangeTag::Equal => {
                stretch.end(&mut pieces);
                stretch.blank.push_str(text);
                stretch.end(&mut pieces);
            }
        }
    }
    stretch.end(&mut pieces);
    pieces
}

/// Words that changed one after the other, told as some words in place of others: pairs of single
/// words cannot be read.
#[derive(Default)]
struct Stretch {
    removed: String,
    added: String,
    /// What stayed since: part of the stretch where it goes on, else what follows it.
    blank: String,
}

impl Stretch {
    fn goes_on_over(&self, text: &str) -> bool {
        let begun = !(self.removed.is_empty() && self.added.is_empty());
        begun && text.trim().is_empty() && !text.contains('\n')
    }

    fn take(&mut self, removed: &str, added: &str) {
        let blank = std::mem::take(&mut self.blank);
        for (text, more) in [(&mut self.removed, removed), (&mut self.added, added)] {
            text.push_str(&blank);
            text.push_str(more);
        }
    }

    fn end(&mut self, pieces: &mut Vec<Piece>) {
        let Self {
            removed,
            added,
            blank,
        } = std::mem::take(self);
        let is_seen = |text: &str| !text.trim().is_empty();
        let added_how = match is_seen(&added) {
            true => How::Added,
            false => How::Plain,
        };
        // Blanks that went are not worth a mark.
        let removed = Some(removed).filter(|it| is_seen(it)).unwrap_or_default();
        for (how, text) in [
            (How::Removed, removed),
            (added_how, added),
            (How::Plain, blank),
        ] {
            match pieces.last_mut().filter(|last| last.how == how) {
                Some(last) => last.text.push_str(&text),
                None if text.is_empty() => {}
                None => pieces.push(Piece {
                    text,
                    how,
                    rules: String::new(),
                }),
            }
        }
    }
}

#[cfg(test)]
#[path = "marked_tests.rs"]
mod tests;
