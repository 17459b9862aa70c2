//! A text cut into words, numbers and telling marks.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::lexicon::{Class, Classes, Lexicon, WordId};
use super::mixed::{Marked, Mixed, hash_of};
use super::spelling::{Ending, normal};
use crate::domain::strategy::Part;

/// What kind of characters a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Letters.
    Word,
    /// Holds a digit: 9%, 14.03., 2pm.
    Number,
    /// A question mark.
    Question,
    /// An arrow or an equals sign, which terse writers use for "therefore".
    Arrow,
}

/// One word, number or telling mark.
#[derive(Clone, Debug)]
pub struct Token {
    /// The part it stands in.
    pub part: Part,
    /// First byte in that part.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its word in the lexicon, 0 for any other.
    pub word: WordId,
    /// Whether a slip of the keyboard was forgiven to find that word.
    pub mended: bool,
    /// Hash of the normal form, the same for the same word.
    pub hash: u64,
    /// How the word ends that was meant.
    pub ending: Ending,
    /// What the word means to the rules.
    pub classes: Classes,
    /// Its kind of characters.
    pub shape: Shape,
    /// The number of its sentence.
    pub sentence: u32,
    /// Whether only a semicolon parts its sentence from the one before.
    pub joined: bool,
    /// Whether a comma, a bracket, a colon or a dash stands before it.
    pub apart: bool,
    /// Whether it says who: a role, a name, he or she.
    pub who: bool,
    /// Whether it says nothing new: it repeats what stood before, or is a turn of phrase.
    pub echo: bool,
    /// Whether its sentence praises and would fit any deal; such a word is an echo too.
    pub general: bool,
    /// Whether its sentence opens a part and speaks of no deal; such a word is an echo too.
    pub idle: bool,
}

impl Token {
    /// Whether no rule listens for the word: a name, a place, a term of the trade.
    pub fn is_unheard(&self) -> bool {
        self.word == 0 || !self.classes.is_empty() && self.classes.is_matter()
    }
}

/// The tokens of a text that is no answer, such as a prompt.
pub fn tokens_of(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut words = Words::of(lexicon);
    tokenize(text, Part::CustomerOutcome, 0, &mut words, &mut tokens);
    tokens
}

/// What is known of a word by its letters.
#[derive(Clone, Copy)]
struct Known {
    id: WordId,
    /// Hash of the normal form.
    hash: u64,
    ending: Ending,
    /// Whether a slip of the keyboard was forgiven.
    is_guess: bool,
}

/// The words of one strategy, each looked up once however often it occurs.
pub struct Words<'l, 't> {
    lexicon: &'l Lexicon,
    seen: HashMap<&'t str, Known, BuildHasherDefault<Mixed>>,
    names: Marked,
}

impl<'l, 't> Words<'l, 't> {
    /// Of no text yet.
    pub fn of(lexicon: &'l Lexicon) -> Self {
        Self {
            lexicon,
            seen: HashMap::default(),
            names: Marked::default(),
        }
    }

    /// One that no list knows may be misspelt; capitals play no part.
    fn known(&mut self, word: &'t str) -> Known {
        *self.seen.entry(word).or_insert_with(|| {
            let normal = normal(word);
            let listed = self.lexicon.id(&normal);
            let id = match listed {
                0 => self.lexicon.id_if_misspelt(&normal),
                id => id,
            };
            Known {
                id,
                hash: hash_of(&normal),
                ending: match id {
                    0 => Ending::of(word),
                    id => self.lexicon.ending(id),
                },
                is_guess: id != listed,
            }
        })
    }

    /// A capital within a sentence makes a name of what may be a slip, unless the word that was meant
    /// is often written with one too: "Renee" is no "renew".
    fn note_name(&mut self, known: Known, word: &str, opens: bool) {
        const CAPITALS: [Class; 9] = [
            Class::Weekday,
            Class::Month,
            Class::MaybeDay,
            Class::Season,
            Class::Role,
            Class::MaybeRole,
            Class::Title,
            Class::House,
            Class::OffTopic,
        ];
        let is_capital =
            || word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase);
        let has_one = || {
            let classes = self.lexicon.classes(known.id);
            classes.iter().any(|class| CAPITALS.contains(class))
        };
        if known.is_guess && !opens && is_capital() && !has_one() {
            self.names.insert(known.hash);
        }
    }

    /// Once all is read: what is a name in one place is one wherever it stands.
    pub fn set_names_apart(&self, tokens: &mut [Token]) {
        let named = tokens
            .iter_mut()
            .filter(|token| self.names.contains(&token.hash));
        named.for_each(|token| (token.word, token.mended) = (0, false));
    }
}

/// R$, US$: letters before a sign belong to it.
const LETTERS_OF_A_CURRENCY: usize = 3;

/// Cuts a text into tokens; returns the number of its last sentence.
pub fn tokenize<'t>(
    text: &'t str,
    part: Part,
    from: u32,
    words: &mut Words<'_, 't>,
    tokens: &mut Vec<Token>,
) -> u32 {
    let mut sentence = from;
    let mut apart = false;
    let mut joined = false;
    let mut rest = text.char_indices().peekable();
    while let Some((start, letter)) = rest.next() {
        let shape = match letter {
            '?' => Shape::Question,
            '→' | '⇒' | '=' => Shape::Arrow,
            '-' if matches!(rest.peek(), Some((_, '>'))) => Shape::Arrow,
            '\u{2000}'..='\u{200f}' | ' ' => continue,
            _ if letter.is_alphanumeric() => Shape::Word,
            _ => {
                let last = tokens
                    .last()
                    .filter(|last| last.part == part && last.end == start);
                let last = last.and_then(|last| text.get(last.start..last.end));
                if ends_sentence(letter, rest.peek().map(|(_, next)| *next), last) {
                    sentence += 1;
                    joined = letter == ';';
                }
                apart |= sets_apart(letter) || letter == '-' && is_dash(text, start);
                continue;
            }
        };
        let mut end = start + letter.len_utf8();
        if shape == Shape::Word {
            end = end_of_word(text, start);
            while rest.next_if(|(at, _)| *at < end).is_some() {}
            if end - start <= LETTERS_OF_A_CURRENCY
                && matches!(rest.peek(), Some((_, '$' | '€' | '£' | '¥' | '₹')))
            {
                continue;
            }
        }
        let word = text.get(start..end).unwrap_or_default();
        let known = words.known(word);
        let opens = tokens
            .last()
            .is_none_or(|last| last.part != part || last.sentence != sentence);
        let is_number = shape == Shape::Word && word.contains(|letter: char| letter.is_numeric());
        words.note_name(known, word, opens);
        tokens.push(Token {
            part,
            start,
            end,
            word: known.id,
            mended: known.is_guess,
            ending: known.ending,
            hash: known.hash,
            classes: Classes::default(),
            shape: if is_number { Shape::Number } else { shape },
            sentence,
            joined: std::mem::take(&mut joined),
            apart: std::mem::take(&mut apart),
            who: false,
            echo: false,
            idle: false,
            general: false,
        });
        if shape == Shape::Question {
            sentence += 1;
        }
    }
    sentence
}

/// Where the word that begins here ends: letters and digits, and what stands between them in
/// words (') and numbers (. , : /).
fn end_of_word(text: &str, start: usize) -> usize {
    let mut letters = text
        .get(start..)
        .unwrap_or_default()
        .char_indices()
        .peekable();
    let mut end = start;
    let mut before = ' ';
    while let Some((at, letter)) = letters.next() {
        let joins = letters.peek().is_some_and(|(_, next)| match letter {
            '\'' | '’' | '‘' | 'ʼ' | '`' => before.is_alphabetic() && next.is_alphabetic(),
            '.' | ',' | ':' | '/' | '-' => before.is_numeric() && next.is_numeric(),
            '&' => before.is_alphabetic() && next.is_alphabetic(),
            _ => false,
        });
        if !(letter.is_alphanumeric()
            || is_mark(letter)
            || joins
            || (letter == '%' && before.is_numeric()))
        {
            break;
        }
        end = start + at + letter.len_utf8();
        before = letter;
    }
    end
}

/// Marks between what is said and what is added to it. A hyphen within a word is none: what
/// stands on both sides of it is found by the words.
fn sets_apart(mark: char) -> bool {
    matches!(mark, ',' | '(' | ')' | '[' | ']' | ':' | '–' | '—' | '/')
}

/// A hyphen between spaces, as it is typed for a dash; one that opens a line is a bullet.
fn is_dash(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + 1..).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    before.ends_with(' ') && after.starts_with(' ') && !line.trim().is_empty()
}

/// Combining marks belong to the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{93c}'..='\u{94d}')
}

/// Titles that are written with a dot.
const DOTTED: [&str; 20] = [
    "mr", "mrs", "ms", "mx", "dr", "prof", "sr", "sra", "ing", "eng", "engr", "lic", "dott",
    "capt", "col", "maj", "sgt", "rev", "hon", "st",
];

/// Whether a mark ends a sentence; a dot behind a letter or a title does not.
fn ends_sentence(mark: char, next: Option<char>, last: Option<&str>) -> bool {
    match mark {
        '\n' | '!' | ';' | '…' | '•' | '。' => true,
        '.' => {
            let abbreviates = last.is_some_and(|last| {
                last.len() <= 1 || DOTTED.iter().any(|title| last.eq_ignore_ascii_case(title))
            });
            !abbreviates && next.is_none_or(char::is_whitespace)
        }
        _ => false,
    }
}
