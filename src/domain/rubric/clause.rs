//! The words around a hit that a person would recognise: “twice” means little, “called me twice
//! about it” says which words were meant.

/// Hits of so many words or more speak for themselves.
const ENOUGH_WORDS: usize = 4;
/// The most words shown before a hit …
const WORDS_BEFORE: usize = 3;
/// … and after it, unless the clause ends before.
const WORDS_AFTER: usize = 8;
/// What no quote ends on that is cut short: "gives me the sheets of".
const CUT_BADLY: [&str; 34] = [
    "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "with", "from", "and", "or",
    "but", "if", "that", "which", "who", "as", "so", "than", "is", "are", "was", "his", "her",
    "their", "my", "our", "its", "not", "because", "before",
];
/// No word is longer than this many bytes; what is, is no word one would read.
const MOST_BYTES: usize = 40;

/// The range of a hit, widened within its clause.
///
/// A range that is empty, or that does not stand in the text, is given back as it is.
pub fn around(text: &str, start: usize, end: usize) -> (usize, usize) {
    let (Some(before), Some(hit), Some(after)) =
        (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return (start, end);
    };
    if hit.is_empty() || hit.split_whitespace().count() >= ENOUGH_WORDS {
        return (start, end);
    }
    let back = reach(before.chars().rev(), WORDS_BEFORE);
    // The point after Dr or Mrs ends no clause.
    let point = usize::from(is_short_title(hit) && after.starts_with('.'));
    let after = after.get(point..).unwrap_or_default();
    let ahead = point + reach(after.chars(), WORDS_AFTER);
    let shown = text.get(end..end + ahead).unwrap_or_default();
    let is_cut = text
        .get(end + ahead..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(char::is_whitespace);
    let ahead = if is_cut {
        whole_phrase(shown).len()
    } else {
        ahead
    };
    (start - back, end + ahead)
}

/// Words that were cut short, without the last ones that only lead on to what is cut off.
pub fn whole_phrase(words: &str) -> &str {
    let mut phrase = words;
    while let Some(last) = phrase.split_whitespace().next_back() {
        let is_bad = CUT_BADLY.iter().any(|it| it.eq_ignore_ascii_case(last));
        match phrase.rfind(last).and_then(|at| phrase.get(..at)) {
            Some(before) if is_bad => phrase = before.trim_end(),
            _ => break,
        }
    }
    phrase
}

fn is_short_title(hit: &str) -> bool {
    let last = hit.rsplit(' ').next().unwrap_or_default();
    last.len() <= 4 && last.starts_with(char::is_uppercase)
}

/// How many bytes of a clause follow, up to so many whole words.
fn reach(letters: impl Iterator<Item = char>, most_words: usize) -> usize {
    let (mut seen, mut whole, mut words) = (0, 0, 0);
    let mut letters = letters.peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        // 9,000 and 31/3 are one number each.
        let in_number = before.is_numeric() && letters.peek().is_some_and(|it| it.is_numeric());
        if ends_clause(letter) && !in_number {
            return seen;
        }
        before = letter;
        if letter.is_whitespace() && seen > whole {
            words += usize::from(seen > 0);
            whole = seen;
        }
        if words == most_words || seen - whole > MOST_BYTES {
            return whole;
        }
        seen += letter.len_utf8();
    }
    seen
}

fn ends_clause(letter: char) -> bool {
    matches!(
        letter,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '('
            | ')'
            | '['
            | ']'
            | '\n'
            | '"'
            | '“'
            | '”'
            | '–'
            | '—'
            | '→'
            | '='
            | '•'
            | '/'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widened(text: &str, hit: &str) -> String {
        let start = text.find(hit).expect("the hit");
        let (from, to) = around(text, start, start + hit.len());
        text.get(from..to).expect("whole letters").to_owned()
    }

    #[test]
    fn a_hit_is_shown_with_the_words_around_it() {
        for (text, hit, shown) in [
            (
                "Jo called me twice about the gate.",
                "twice",
                "Jo called me twice about the gate",
            ),
            (
                "Budget is gone, she said it twice, then left",
                "twice",
                "she said it twice",
            ),
            ("twice", "twice", "twice"),
            ("ask Dr. Osei first", "Dr", "ask Dr. Osei first"),
            (
                "Tür für später, größer oder kleiner",
                "später",
                "Tür für später",
            ),
            (
                "one two three four five six seven eight nine",
                "five",
                "two three four five six seven eight nine",
            ),
            (
                "she would rather not see it",
                "she would rather not",
                "she would rather not",
            ),
        ] {
            assert_eq!(widened(text, hit), shown);
        }
    }

    #[test]
    fn any_range_stays_within_the_text() {
        let long = "x".repeat(10_000);
        assert_eq!(around(&long, 100, 102), (100, 102));
        assert_eq!(around("é", 1, 2), (1, 2));
        assert_eq!(around("", 0, 0), (0, 0));
    }
}
