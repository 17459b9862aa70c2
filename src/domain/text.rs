//! Fitting a person's words into a field of limited length, without breaking a character.

use unicode_segmentation::UnicodeSegmentation;

/// How a CRM counts the length of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units: an emoji counts two or more.
    Utf16,
    /// Unicode scalar values.
    Chars,
    /// Bytes of UTF-8.
    Bytes,
}

impl Unit {
    /// The length of a text in this unit.
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Utf16 => text.encode_utf16().count(),
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// JSON, or any other answer of a machine, without U+0000: neither as a byte nor, in JSON, written
/// out as `\u0000`. Nobody means one, and PostgreSQL keeps none.
pub fn without_nul(body: Vec<u8>) -> Vec<u8> {
    const WRITTEN: &[u8] = b"\\u0000";
    // In a page or in XML those six letters are what they look like.
    let escapes = body.iter().find(|it| !it.is_ascii_whitespace()) != Some(&b'<');
    let written = escapes && body.windows(WRITTEN.len()).any(|it| it == WRITTEN);
    if !written && !body.contains(&0) {
        return body;
    }
    let mut kept = Vec::with_capacity(body.len());
    let mut left = body.as_slice();
    while let Some((first, rest)) = left.split_first() {
        left = match (first, rest) {
            (0, rest) => rest,
            (b'\\', _) if escapes && left.starts_with(WRITTEN) => {
                left.get(WRITTEN.len()..).unwrap_or_default()
            }
            // What follows a backslash belongs to it, a second one above all.
            (b'\\', [second, rest @ ..]) if escapes && *second != 0 => {
                kept.extend([b'\\', *second]);
                rest
            }
            (byte, rest) => {
                kept.push(*byte);
                rest
            }
        };
    }
    kept
}

/// Ends a text that was cut.
pub const CUT_MARK: &str = "…";

/// The text itself where it fits, else its beginning up to a whole grapheme, ended by [`CUT_MARK`].
pub fn fit(text: &str, limit: usize, unit: Unit) -> String {
    // No unit counts more than the bytes.
    if text.len() <= limit || unit.length(text) <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(unit.length(CUT_MARK));
    let mut used = 0;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        used += unit.length(grapheme);
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    kept.push_str(CUT_MARK);
    kept
}

/// As many whole paragraphs as fit, in order; the rest is left out.
///
/// A first paragraph that is too long by itself is cut by [`fit`].
pub fn fit_paragraphs(paragraphs: &[String], limit: usize, unit: Unit) -> String {
    let mut kept = String::new();
    for paragraph in paragraphs {
        let gap = if kept.is_empty() { 0 } else { 2 };
        if unit.length(&kept) + gap + unit.length(paragraph) > limit {
            break;
        }
        if gap > 0 {
            kept.push_str("\n\n");
        }
        kept.push_str(paragraph);
    }
    match (kept.is_empty(), paragraphs.first()) {
        (true, Some(first)) => fit(first, limit, unit),
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_graphemes_and_marked() {
        let family = "👩‍👩‍👧‍👦";

        assert_eq!(fit("short", 5, Unit::Chars), "short");
        assert_eq!(fit("longer", 5, Unit::Chars), "long…");
        assert_eq!(fit(&format!("ab{family}cd"), 8, Unit::Utf16), "ab…");
        assert_eq!(fit("äöü", 4, Unit::Bytes), "…".get(..).unwrap_or_default());
    }

    #[test]
    fn nul_is_taken_out_and_what_only_looks_like_it_stays() {
        for (told, kept) in [
            (r#"{"a":"x\u0000y"}"#, r#"{"a":"xy"}"#),
            (r#"{"a":"\u0000\u0000"}"#, r#"{"a":""}"#),
            (r#"{"a":"x\\u0000y"}"#, r#"{"a":"x\\u0000y"}"#),
            (r#"{"a":"x\\\u0000y\n"}"#, r#"{"a":"x\\y\n"}"#),
            ("{\"a\":\"x\0y\"}", r#"{"a":"xy"}"#),
            (r"<p>\u0000</p>", r"<p>\u0000</p>"),
            ("<p>x\0y</p>", "<p>xy</p>"),
            (r#"{"a":"é\u0001"}"#, r#"{"a":"é\u0001"}"#),
            ("", ""),
        ] {
            let without = without_nul(told.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&without), kept, "{told}");
        }
    }

    #[test]
    fn only_whole_paragraphs_are_kept() {
        let notes = ["one two".to_owned(), "three four five".to_owned()];

        assert_eq!(
            fit_paragraphs(&notes, 100, Unit::Chars),
            "one two\n\nthree four five"
        );
        assert_eq!(fit_paragraphs(&notes, 12, Unit::Chars), "one two");
        assert_eq!(fit_paragraphs(&notes, 4, Unit::Chars), "one…");
    }
}
