//! Searching the library of obstacles that were worked around: the same words find the same cards on
//! every database.
//!
//! The `lower()` of SQLite, and of PostgreSQL in some locales, knows the letters of ASCII only. So the
//! database is asked for what may fit, and what it cannot tell is looked at here.

use super::obstacles::MOST;

/// Words that are searched for at most.
const WORDS: usize = 8;

/// The words that are searched for, in small letters.
pub(super) fn searched(words: &str) -> impl Iterator<Item = String> {
    words.split_whitespace().take(WORDS).map(str::to_lowercase)
}

/// The inside of a pattern, with `!` for escape, that every text with that word fits: letters beyond
/// ASCII stand for any.
pub(super) fn roughly(word: &str) -> String {
    let rough = |sign: char| match sign {
        '!' | '%' | '_' => format!("!{sign}"),
        sign if sign.is_ascii() => sign.to_string(),
        _ => "%".to_owned(),
    };
    word.chars().map(rough).collect()
}

/// Rows to ask the database for: many that may fit, the newest, where it cannot tell which do.
pub(super) fn most(words: &str) -> i64 {
    /// A library of more than this is read in part, so that no search holds all of it in memory.
    const LOOKED_AT: i64 = 5000;
    match words.is_ascii() {
        true => MOST as i64,
        false => LOOKED_AT,
    }
}

/// Whether each word stands in one of the texts.
pub(super) fn fits(words: &str, texts: &[&str]) -> bool {
    let texts: Vec<String> = texts.iter().map(|it| it.to_lowercase()).collect();
    searched(words).all(|word| texts.iter().any(|text| text.contains(&word)))
}
